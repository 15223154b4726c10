//! `framescope agree`.

use std::path::PathBuf;

use clap::Args;
use framescope::report;
use framescope::tasks::agree::agree;

use super::{BootstrapArgs, CodebookArgs, Failure, OutputArgs, Printer, interval_note};

/// Measures how far coders agree on every frame
///
/// Coders are the values of the column `coder`, or one file each. A result table of `classify` can
/// stand in as one more coder. `?` is not coded and left out, not taken for absent.
#[derive(Args)]
#[command(after_help = "Examples:\n  framescope agree codings.csv\n  \
    framescope agree anna.csv ben.csv --json")]
pub(super) struct Agree {
    /// Label files with the codings
    #[arg(required = true)]
    codings: Vec<PathBuf>,
    #[command(flatten)]
    codebook: CodebookArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    bootstrap: BootstrapArgs,
}

impl Agree {
    pub(super) fn run(self, printer: &Printer) -> Result<(), Failure> {
        let codebook = self.codebook.read()?;
        let agreement = agree(&self.codings, codebook.as_ref(), &self.bootstrap.bootstrap())?;
        if let Some(note) = interval_note(agreement.has_documents, agreement.documents) {
            printer.note(&note);
        }
        if self.json {
            return self.output.write_json(&agreement, printer);
        }
        let mut text = report::agreement(&agreement);
        if agreement.coders.len() > 2 {
            text.push('\n');
            text += &report::pairs(&agreement);
        }
        self.output.write(&text, printer)
    }
}
