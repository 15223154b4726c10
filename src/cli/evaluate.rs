//! `framescope evaluate`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use framescope::data::LabelSchema;
use framescope::report;
use framescope::tasks::evaluate::Gold;

use super::{BootstrapArgs, CodebookArgs, Failure, ModelArgs, OutputArgs, Printer, interval_note};

/// Scores a model, or a file of predictions, against gold labels
///
/// Stance is scored given the frame: for every stance in the gold labels, the one the model takes
/// towards that frame.
#[derive(Args)]
#[command(after_help = "Examples:\n  framescope evaluate gold.csv -m my.framescope\n  \
    framescope evaluate gold.csv --predictions tagged.csv --json")]
pub(super) struct Evaluate {
    /// Label files with the gold labels
    #[arg(required = true)]
    gold: Vec<PathBuf>,
    #[command(flatten)]
    model: ModelArgs,
    /// Score this label file instead of a model; rows are matched by id
    #[arg(long, value_name = "FILE", conflicts_with = "model")]
    predictions: Option<PathBuf>,
    /// Score the bare signals of the codebook instead of a model
    #[arg(long, value_enum, conflicts_with = "predictions")]
    baseline: Option<Baseline>,
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

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Baseline {
    /// A frame is given where one of its words stands in the sentence
    Signals,
}

impl Evaluate {
    pub(super) fn run(self, printer: &Printer) -> Result<(), Failure> {
        let bootstrap = self.bootstrap.bootstrap();
        let codebook = self.codebook.read()?;
        let (gold, scores) = match &self.predictions {
            Some(path) => {
                let gold = Gold::read(&self.gold, codebook.as_ref(), LabelSchema::CodesOnly)?;
                let scores = gold.evaluate_file(path, &bootstrap)?;
                (gold, scores)
            }
            None if self.baseline == Some(Baseline::Signals) => {
                let codebook = match codebook {
                    Some(codebook) => codebook,
                    None => self.model.open()?.codebook().clone(),
                };
                let gold = Gold::read(&self.gold, Some(&codebook), LabelSchema::WithText)?;
                let scores = gold.evaluate_signals(&codebook, &bootstrap)?;
                (gold, scores)
            }
            None => {
                let model = self.model.open()?;
                let gold = Gold::read(&self.gold, Some(model.codebook()), LabelSchema::WithText)?;
                let scores = gold.evaluate_model(&model, &bootstrap);
                (gold, scores)
            }
        };
        if let Some(note) = interval_note(gold.has_documents(), scores.documents) {
            printer.note(&note);
        }
        match self.json {
            true => self.output.write_json(&scores, printer),
            false => self.output.write(&report::evaluation(&scores), printer),
        }
    }
}
