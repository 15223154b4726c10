//! `framescope classify`.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use framescope::data::{AtomicFile, Codebook, Document, RowFormat, TableFormat, documents};
use framescope::error::{Error, ErrorKind};
use framescope::model::StanceDetail;
use framescope::report;
use framescope::tasks::classify::{
    ProbabilityColumns, TaggedDocument, Tagger, classify, header, write_rows,
};
use owo_colors::{AnsiColors, OwoColorize};

use super::{Failure, ModelArgs, Printer, check_output};

/// Tags every sentence of articles with frames and stances
///
/// Reads .txt and .md files in UTF-8, folders of them, and standard input (`-`). On a terminal it
/// shows the articles with their tags and a summary; into a pipe or a file it writes a table with
/// a row a sentence.
#[derive(Args)]
#[command(after_help = "Examples:\n  framescope classify article.txt\n  \
    framescope classify articles/ -o tagged.csv\n  cat article.txt | framescope classify - | head")]
pub(super) struct Classify {
    /// Articles, folders of articles, `-` for standard input
    input: Vec<PathBuf>,
    #[command(flatten)]
    model: ModelArgs,
    /// Write the table to FILE (.csv, .tsv or .jsonl)
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Format of the output [default: by the file's ending; a view on a terminal, else csv]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Columns of probabilities: p.FRAME, or also p.FRAME.STANCE
    #[arg(long, value_enum, default_value_t = Probabilities::Frames)]
    probabilities: Probabilities,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// The articles with their tags, and a summary
    View,
    /// Comma-separated
    Csv,
    /// Tab-separated
    Tsv,
    /// A JSON object a line
    Jsonl,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Probabilities {
    /// Of each frame
    Frames,
    /// Of each frame, and of each frame with each stance
    All,
}

impl Format {
    fn table(self) -> Option<TableFormat> {
        match self {
            Format::View => None,
            Format::Csv => Some(TableFormat::Csv),
            Format::Tsv => Some(TableFormat::Tsv),
            Format::Jsonl => Some(TableFormat::Jsonl),
        }
    }
}

impl Classify {
    pub(super) fn run(mut self, printer: &Printer) -> Result<(), Failure> {
        if self.input.is_empty() {
            if io::stdin().is_terminal() {
                return Err(Failure::Usage(
                    "there is nothing to classify; name articles or folders, or pipe text in"
                        .to_owned(),
                ));
            }
            self.input.push(PathBuf::from("-"));
        }
        match (self.table_format(printer)?, &self.output) {
            (None, _) => self.view(printer),
            (Some(format), None) => {
                let stdout = io::BufWriter::with_capacity(1 << 16, io::stdout().lock());
                let path = Path::new("standard output");
                let documents = documents(&self.input)?;
                let mut writer = self.write_table(stdout, path, format, &documents, printer)?;
                Ok(writer.flush()?)
            }
            (Some(format), Some(path)) => {
                let documents = documents(&self.input)?;
                let model = self.model.model.as_deref();
                check_output(path, documents.iter().map(|d| d.path.as_path()).chain(model))?;
                let file = AtomicFile::create(path)?;
                self.write_table(file, path, format, &documents, printer)?.commit()?;
                let articles = documents.len();
                let plural = if articles == 1 { "" } else { "s" };
                printer.say(&format!("{}: {articles} article{plural} tagged", path.display()));
                Ok(())
            }
        }
    }

    /// The table format, or `None` for the view.
    fn table_format(&self, printer: &Printer) -> Result<Option<TableFormat>, Failure> {
        match (self.format, &self.output) {
            (Some(Format::View), Some(_)) => {
                Err(Failure::Usage("--format view goes to the terminal, not to a file".to_owned()))
            }
            (Some(format), _) => Ok(format.table()),
            (None, None) => Ok((!printer.is_terminal()).then_some(TableFormat::Csv)),
            // A pipe or a device has no ending to go by.
            (None, Some(path)) if path.exists() && !path.is_file() => Ok(Some(TableFormat::Csv)),
            (None, Some(path)) => TableFormat::of_path(path).map(Some).ok_or_else(|| {
                Failure::Usage(format!(
                    "{}: no format goes by this ending; use .csv, .tsv or .jsonl, or say --format",
                    path.display()
                ))
            }),
        }
    }

    fn write_table<W: Write>(
        &self,
        mut writer: W,
        path: &Path,
        format: TableFormat,
        documents: &[Document],
        printer: &Printer,
    ) -> Result<W, Failure> {
        let fail = |source| {
            Failure::from(Error::from(ErrorKind::Io {
                path: path.to_owned(),
                action: "write",
                source,
            }))
        };
        let classifier = self.model.open()?;
        let columns = match self.probabilities {
            Probabilities::Frames => ProbabilityColumns::Frames,
            Probabilities::All => ProbabilityColumns::All,
        };
        let codebook = classifier.codebook();
        let format = RowFormat::new(format, header(codebook, columns));
        let tagger = Tagger::new(&classifier, columns.into());
        // With the first rows: where the first article cannot be read, nothing is written.
        let mut header = format.header();
        let bar = printer.progress("classifying", documents.len() as u64);
        let rows = |document| write_rows(codebook, &document, columns, &format);
        classify(&tagger, documents, rows, |rows| {
            writer.write_all(&std::mem::take(&mut header)).map_err(fail)?;
            writer.write_all(&rows).map_err(fail)?;
            bar.inc(1);
            Ok::<(), Failure>(())
        })?;
        bar.finish_and_clear();
        writer.write_all(&header).map_err(fail)?;
        Ok(writer)
    }

    fn view(&self, printer: &Printer) -> Result<(), Failure> {
        let classifier = self.model.open()?;
        let documents = documents(&self.input)?;
        let codebook = classifier.codebook();
        let width = terminal_size::terminal_size().map_or(80, |(width, _)| usize::from(width.0));
        let mut seen = Vec::new();
        let tagger = Tagger::new(&classifier, StanceDetail::Given);
        classify(&tagger, &documents, std::convert::identity, |document| {
            printer.result(&view_document(codebook, &document, width.clamp(40, 100)))?;
            seen.push(document);
            Ok::<(), Failure>(())
        })?;
        printer.result(&report::classified(codebook, &seen))?;
        printer.result("\nThese are counts of the model's labels, not corrected for its errors.\n")
    }
}

const COLOURS: [AnsiColors; 6] = [
    AnsiColors::Yellow,
    AnsiColors::Cyan,
    AnsiColors::Green,
    AnsiColors::Magenta,
    AnsiColors::Blue,
    AnsiColors::Red,
];

fn view_document(codebook: &Codebook, document: &TaggedDocument, width: usize) -> String {
    let mut view = format!("{}\n\n", document.id.bold());
    for sentence in &document.sentences {
        let text = document.text[sentence.bytes.clone()].split_whitespace();
        let text = text.collect::<Vec<_>>().join(" ");
        let labels = &sentence.prediction.labels;
        let (first, rest) = if labels.is_empty() { ("    ", "    ") } else { ("  ▌ ", "  ▌ ") };
        let options = textwrap::Options::new(width).initial_indent(first).subsequent_indent(rest);
        for line in textwrap::wrap(&text, options) {
            let _ = match labels.is_empty() {
                true => writeln!(view, "{}", line.dimmed()),
                false => writeln!(view, "{line}"),
            };
        }
        for label in labels.iter() {
            let mut tag = codebook.frames[label.frame].name.clone();
            if let Some(stance) = label.stance {
                let _ = write!(tag, ": {}", codebook.stances[stance].name);
            }
            let probability = sentence.prediction.frames[label.frame];
            let tag = format!("{tag} ({probability:.2})");
            let _ = writeln!(view, "  └ {}", tag.color(COLOURS[label.frame % COLOURS.len()]));
        }
    }
    view.push('\n');
    view
}
