//! `framescope classify`.

use std::fmt::Write as _;
use std::io::{self, IsTerminal};
use std::num::NonZero;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use framescope::data::{
    ArticleColumns, ArticleTables, Codebook, Document, DocumentKind, OnError, Piece, Pieces,
    RowFormat, Run, TableFormat, Tally, documents, file_digest, state_digest,
};
use framescope::model::StanceDetail;
use framescope::report;
use framescope::tasks::classify::{
    ProbabilityColumns, Tagged, Tagger, Unit, classify, column_kinds, header, write_piece,
};
use owo_colors::{AnsiColors, OwoColorize};
use serde_json::json;

use super::printer::printable;
use super::sink::Sink;
use super::skipping::{SkippedList, SkippingArgs};
use super::{Failure, ModelArgs, Printer, ReadingArgs, check_output};

/// Often enough that little is lost, seldom enough that it costs nothing: some 32 MB of text.
const CHECKPOINT_PIECES: NonZero<usize> = NonZero::new(64).expect("64 is not 0");

/// Tags every sentence of articles with frames and stances
///
/// Reads .txt, .md and .html files, folders of them, standard input (`-`), and tables with an
/// article a row (.csv, .tsv, .jsonl, .parquet). On a terminal it shows the articles with their tags and a
/// summary; into a pipe or a file it writes a table with a row a sentence. Input and output may be
/// of any size: both are streams.
#[derive(Args)]
#[command(after_help = "Examples:\n  framescope classify article.txt\n  \
    framescope classify articles/ -o tagged.csv\n  cat article.txt | framescope classify - | head\n  \
    framescope classify headlines.csv --text-column headline --unit row -o tagged.csv")]
pub(super) struct Classify {
    /// Articles, folders of articles, tables of articles, `-` for standard input
    input: Vec<PathBuf>,
    /// What gets tags: each sentence, or each article or row as it is
    #[arg(long, value_enum, default_value_t = UnitArg::Sentence)]
    unit: UnitArg,
    /// The column of texts in tables [default: text]
    #[arg(long, value_name = "NAME")]
    text_column: Option<String>,
    /// The column of names in tables [default: id, else document, else rows are numbered]
    #[arg(long, value_name = "NAME")]
    id_column: Option<String>,
    #[command(flatten)]
    reading: ReadingArgs,
    #[command(flatten)]
    model: ModelArgs,
    /// Write the table to FILE (.csv, .tsv, .jsonl, each also .gz or .zst; .parquet)
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Format of the output [default: by the file's ending; a view on a terminal, else csv]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Go on where an earlier run with the same inputs and options was stopped
    #[arg(long, requires = "output")]
    resume: bool,
    /// Pieces of input (half a megabyte, 512 files) after which a stopped run can be gone on with
    #[arg(long, hide = true, value_name = "N", default_value_t = CHECKPOINT_PIECES)]
    checkpoint_pieces: NonZero<usize>,
    /// Columns of probabilities: p.FRAME, or also p.FRAME.STANCE
    #[arg(long, value_enum, default_value_t = Probabilities::Frames)]
    probabilities: Probabilities,
    /// Add a column that says where a sentence is unlike those the model knows: unknown-words,
    /// script, short
    #[arg(long)]
    flags: bool,
    #[command(flatten)]
    skipping: SkippingArgs,
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
    /// Typed columns; not onto a terminal
    #[cfg(feature = "parquet")]
    Parquet,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Probabilities {
    /// Of each frame
    Frames,
    /// Of each frame, and of each frame with each stance
    All,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum UnitArg {
    /// Each sentence
    Sentence,
    /// Each article, or row of a table, not split
    Row,
}

impl From<UnitArg> for Unit {
    fn from(unit: UnitArg) -> Self {
        match unit {
            UnitArg::Sentence => Unit::Sentence,
            UnitArg::Row => Unit::Row,
        }
    }
}

impl Format {
    fn table(self) -> Option<TableFormat> {
        match self {
            Format::View => None,
            Format::Csv => Some(TableFormat::Csv),
            Format::Tsv => Some(TableFormat::Tsv),
            Format::Jsonl => Some(TableFormat::Jsonl),
            #[cfg(feature = "parquet")]
            Format::Parquet => Some(TableFormat::Parquet),
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
        let on_error = self.skipping.on_error(OnError::Skip);
        let reading = self.reading.reading(on_error)?;
        let format = self.table_format(printer)?;
        let documents = documents(&self.input, &reading)?;
        let mut skipped = self.begin_skipping(&documents, printer)?;
        match format {
            None => self.view(documents, &mut skipped, printer)?,
            Some(format) => {
                let mut sink = self.sink(format, &documents, printer)?;
                let inputs = documents.len();
                let written = self.write_table(&mut sink, format, documents, &mut skipped, printer);
                sink.close(written)?;
                if let Some(path) = &self.output {
                    let tagged = inputs - skipped.files();
                    let plural = if tagged == 1 { "" } else { "s" };
                    printer.say(&format!("{}: {tagged} file{plural} tagged", path.display()));
                }
            }
        }
        reading.notices().iter().for_each(|notice| printer.note(notice));
        skipped.finish()
    }

    fn begin_skipping<'a, 'p>(
        &'a self,
        documents: &'a [Document],
        printer: &'p Printer,
    ) -> Result<SkippedList<'p>, Failure> {
        self.skipping.begin(self.inputs(documents), self.output.as_deref(), printer)
    }

    /// All files that are read.
    fn inputs<'a>(&'a self, documents: &'a [Document]) -> impl Iterator<Item = &'a Path> {
        let beside = [&self.model.model, &self.reading.metadata].into_iter().flatten();
        let beside = beside.map(PathBuf::as_path);
        documents.iter().map(|document| document.path.as_path()).chain(beside)
    }

    /// Where the table goes.
    fn sink(
        &self,
        format: TableFormat,
        documents: &[Document],
        printer: &Printer,
    ) -> Result<Sink, Failure> {
        let Some(path) = &self.output else { return Ok(Sink::stdout()) };
        check_output(path, self.inputs(documents))?;
        let run = match path.exists() && !path.is_file() {
            true => None,
            false => self.identity(format, documents)?,
        };
        match run {
            Some(run) => {
                let sink = Sink::spool(path, run, self.resume, self.checkpoint_pieces)?;
                if self.resume && sink.passed() == 0 {
                    let path = path.display();
                    printer.note(&format!("{path}: there is nothing to resume; it begins anew"));
                }
                Ok(sink)
            }
            None if self.resume => Err(Failure::Usage(
                "--resume is for files: standard input and pipes can be neither read nor written \
                 again from the middle; save them as files"
                    .to_owned(),
            )),
            None => Sink::file(path),
        }
    }

    /// All that decides what is written; `None` where the input cannot be read a second time.
    fn identity(
        &self,
        format: TableFormat,
        documents: &[Document],
    ) -> Result<Option<Run>, Failure> {
        let names = documents.iter().map(identity);
        let metadata = self.reading.metadata.as_deref().map(|path| ("", path));
        let Some(inputs) = state_digest(names.chain(metadata)) else { return Ok(None) };
        let model = match &self.model.model {
            Some(path) => file_digest(path)?,
            None => "built in".to_owned(),
        };
        let options = json!([
            format!("{format:?}"),
            format!("{:?}", Unit::from(self.unit)),
            format!("{:?}", self.columns()),
            self.text_column,
            self.id_column,
            self.reading.encoding,
            self.reading.input_format.map(|format| format!("{:?}", DocumentKind::from(format))),
            self.reading.set,
            format!("{:?}", self.skipping.on_error(OnError::Skip)),
            self.flags,
            self.checkpoint_pieces,
        ]);
        let version = env!("CARGO_PKG_VERSION").into();
        let parts = [
            ("version", version),
            ("model", model.into()),
            ("options", options),
            ("inputs", inputs.into()),
        ];
        Ok(Some(parts.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()))
    }

    fn columns(&self) -> ProbabilityColumns {
        match self.probabilities {
            Probabilities::Frames => ProbabilityColumns::Frames,
            Probabilities::All => ProbabilityColumns::All,
        }
    }

    /// The table format, or `None` for the view.
    fn table_format(&self, printer: &Printer) -> Result<Option<TableFormat>, Failure> {
        match (self.format, &self.output) {
            (Some(Format::View), Some(_)) => {
                Err(Failure::Usage("--format view goes to the terminal, not to a file".to_owned()))
            }
            #[cfg(feature = "parquet")]
            (Some(Format::Parquet), None) if printer.is_terminal() => Err(Failure::Usage(
                "--format parquet is not for a terminal; name a file with -o".to_owned(),
            )),
            (Some(format), _) => Ok(format.table()),
            (None, None) => Ok((!printer.is_terminal()).then_some(TableFormat::Csv)),
            // A pipe or a device has no ending to go by.
            (None, Some(path)) if path.exists() && !path.is_file() => Ok(Some(TableFormat::Csv)),
            (None, Some(path)) => TableFormat::of_path(path).map(Some).ok_or_else(|| {
                Failure::Usage(format!(
                    "{}: no format goes by this ending; use {}, or say --format",
                    path.display(),
                    TableFormat::ENDINGS
                ))
            }),
        }
    }

    /// The input in pieces, and the columns of its tables that are carried to the result.
    fn pieces(
        &self,
        documents: Vec<Document>,
        header: &[String],
        printer: &Printer,
    ) -> Result<(Pieces, Vec<String>), Failure> {
        let columns = ArticleColumns { text: self.text_column.clone(), id: self.id_column.clone() };
        let has_table = documents.iter().any(|d| matches!(d.kind, DocumentKind::Table(_)));
        if !has_table && (columns.text.is_some() || columns.id.is_some()) {
            return Err(Failure::Usage(format!(
                "--text-column and --id-column are for tables, and there is none: tables are files \
                 that end in {} (standard input is read as plain text, unless --input-format says \
                 what it is)",
                TableFormat::ENDINGS
            )));
        }
        let whole = self.unit == UnitArg::Row;
        let tables = ArticleTables::open(&documents, &columns, header, whole)?;
        if !tables.left_out.is_empty() {
            let names = tables.left_out.join("`, `");
            printer.note(&format!("left out, since the result has columns of the name: `{names}`"));
        }
        let carried = tables.carried.clone();
        Ok((Pieces::new(documents, tables, whole), carried))
    }

    fn write_table(
        &self,
        sink: &mut Sink,
        format: TableFormat,
        documents: Vec<Document>,
        skipped: &mut SkippedList<'_>,
        printer: &Printer,
    ) -> Result<(), Failure> {
        let classifier = self.model.open()?;
        let columns = self.columns();
        let mut header = header(classifier.codebook(), columns);
        let bar = printer.progress("classifying", 0);
        let watched = !bar.is_hidden();
        if watched {
            let sizes = documents.iter().filter_map(|d| std::fs::metadata(&d.path).ok());
            bar.set_length(sizes.map(|metadata| metadata.len()).sum());
        }
        // The last column, behind those that are carried.
        let flags = self.flags.then(|| "flags".to_owned());
        let reserved: Vec<String> = header.iter().chain(&flags).cloned().collect();
        let (pieces, carried) = self.pieces(documents, &reserved, printer)?;
        header.extend(carried.into_iter().chain(flags));
        let kinds = column_kinds(classifier.codebook(), columns);
        let format = RowFormat::new(format, header).with_kinds(&kinds);
        let tagger = Tagger::new(&classifier, columns.into(), self.unit.into());
        let tagger = if self.flags { tagger.with_flags() } else { tagger };
        sink.begin(&format)?;
        let pieces = pieces.passing(sink.passed());
        let Tally { mut rows, mut outside, mut empty, skipped: earlier } = sink.earlier();
        skipped.add(&earlier)?;
        let write = |piece: Piece| {
            let size = if watched { piece.bytes() } else { 0 };
            Ok((write_piece(&tagger, piece, columns, &format)?, size))
        };
        classify(pieces, write, |(written, size)| {
            sink.write(&written.rows)?;
            rows += written.tally.rows;
            outside += written.tally.outside;
            empty += written.tally.empty;
            bar.suspend(|| skipped.add(&written.tally.skipped))?;
            bar.inc(size);
            sink.end_piece(written.tally)
        })?;
        bar.finish_and_clear();
        let notes = [outside_note(outside, rows), empty_note(empty)];
        notes.iter().flatten().for_each(|note| printer.note(note));
        Ok(())
    }

    fn view(
        &self,
        documents: Vec<Document>,
        skipped: &mut SkippedList<'_>,
        printer: &Printer,
    ) -> Result<(), Failure> {
        let classifier = self.model.open()?;
        let codebook = classifier.codebook();
        let (pieces, _) = self.pieces(documents, &[], printer)?;
        let width = printer.width();
        let tagger = Tagger::new(&classifier, StanceDetail::Given, self.unit.into());
        let (mut articles, mut labels) = (0, Vec::new());
        let view = |piece| {
            let goes_on = matches!(piece, Piece::Part(_));
            let (mut view, mut articles, mut labels) = (String::new(), 0, Vec::new());
            let rest = tagger.tag(piece, |tagged| {
                if tagged.sentence == 0 {
                    if !view.is_empty() {
                        view.push('\n');
                    }
                    articles += 1;
                    let _ = write!(view, "{}\n\n", printable(tagged.id).bold());
                }
                view_sentence(codebook, tagged, width, &mut view);
                labels.push(tagged.prediction.labels.clone());
            })?;
            if !goes_on && !view.is_empty() {
                view.push('\n');
            }
            Ok((view, articles, labels, goes_on, rest))
        };
        let mut open = false;
        let mut empty = 0;
        classify(pieces, view, |(view, more_articles, more_labels, goes_on, rest)| {
            skipped.add(&rest.skipped)?;
            empty += rest.empty;
            if open && more_articles > 0 {
                printer.result("\n")?;
            }
            open = goes_on;
            articles += more_articles;
            labels.extend(more_labels);
            printer.result(&view)
        })?;
        if open {
            printer.result("\n")?;
        }
        empty_note(empty).iter().for_each(|note| printer.note(note));
        printer.result(&report::classified(codebook, articles, &labels))?;
        printer.result("\nThese are counts of the model's labels, not corrected for its errors.\n")
    }
}

/// A file's name in results, and where it is; of what is not read only the name matters.
fn identity(document: &Document) -> (&str, &Path) {
    match document.is_refused() {
        true => (&document.id, Path::new("")),
        false => (&document.id, &document.path),
    }
}

/// So many sentences in a hundred, and hardly more, are outside in articles of the kind it knows.
const MOST_OUTSIDE: f64 = 5.0;

/// What to know where many sentences lie outside what the model knows.
fn outside_note(outside: usize, all: usize) -> Option<String> {
    let share = 100.0 * outside as f64 / all.max(1) as f64;
    (share > MOST_OUTSIDE).then(|| {
        format!("{share:.0}% of the sentences lie outside what the model knows (column `flags`)")
    })
}

/// What to know where there was nothing to tag.
fn empty_note(empty: usize) -> Option<String> {
    match empty {
        0 => None,
        1 => Some("1 article holds no sentence".to_owned()),
        _ => Some(format!("{empty} articles hold no sentence")),
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

fn view_sentence(codebook: &Codebook, tagged: &Tagged<'_>, width: usize, view: &mut String) {
    let text = printable(&tagged.text.split_whitespace().collect::<Vec<_>>().join(" "));
    let labels = &tagged.prediction.labels;
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
        let probability = tagged.prediction.frames[label.frame];
        let tag = format!("{tag} ({probability:.2})");
        let _ = writeln!(view, "  └ {}", tag.color(COLOURS[label.frame % COLOURS.len()]));
    }
}
