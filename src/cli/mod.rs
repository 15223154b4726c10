//! The command line: argument structs, printing, progress, exit codes; one file a command.

mod agree;
mod classify;
mod compare;
mod convert;
mod evaluate;
mod explain;
mod generate;
mod printer;
mod sample;
mod signals;
mod sink;
mod skipping;
mod train;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use framescope::data::{
    AtomicFile, Codebook, DocumentKind, Metadata, OnError, Reading, TableFormat,
};
use framescope::error::{Error, ErrorKind};
use framescope::model::Classifier;
use framescope::stats::Bootstrap;

use printer::Printer;
use serde::Serialize;

/// Tells how the press frames industrial policy, sentence by sentence
///
/// Trains classifiers of framing and stance from labelled sentences, tags articles with them, and
/// measures how well people and models agree. Without a model of your own, the built-in one tells
/// four frames of industrial policy: self-reliance, opening-up, green transition, security.
#[derive(Parser)]
#[command(name = "framescope", version, max_term_width = 100, subcommand_required = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Threads to use [default: one a core]; results do not depend on it
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

#[derive(Subcommand)]
enum Command {
    Classify(classify::Classify),
    Train(train::Train),
    Evaluate(evaluate::Evaluate),
    Agree(agree::Agree),
    Sample(sample::Sample),
    Compare(compare::Compare),
    Convert(convert::Convert),
    Explain(explain::Explain),
    Completions(generate::Completions),
    Man(generate::Man),
}

/// The model of a command.
#[derive(Args)]
struct ModelArgs {
    /// Model file [default: the built-in model for industrial policy]
    #[arg(short, long, value_name = "FILE")]
    model: Option<PathBuf>,
}

impl ModelArgs {
    fn open(&self) -> framescope::error::Result<Classifier> {
        match &self.model {
            Some(path) => Classifier::open(path),
            None => Classifier::built_in(),
        }
    }
}

/// How articles are read.
#[derive(Args)]
struct ReadingArgs {
    /// Encoding of the articles: gb18030, big5, windows-1252, ... [default: found out for each]
    #[arg(long, value_name = "NAME")]
    encoding: Option<String>,
    /// What standard input holds, and files whose endings do not say it [default: txt]
    #[arg(long, value_enum, value_name = "FORMAT")]
    input_format: Option<InputFormat>,
    /// Table whose columns are joined to articles by its column `document`, and carried to the result
    #[arg(long, value_name = "FILE")]
    metadata: Option<PathBuf>,
    /// Carry a column to the result that has this value throughout; may be given several times
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum InputFormat {
    /// Comma-separated, an article a row
    Csv,
    /// Tab-separated, an article a row
    Tsv,
    /// A JSON object a line, an article each
    Jsonl,
    /// Plain text
    Txt,
    /// A web page
    #[cfg(feature = "html")]
    Html,
}

impl From<InputFormat> for DocumentKind {
    fn from(format: InputFormat) -> Self {
        match format {
            InputFormat::Csv => DocumentKind::Table(TableFormat::Csv),
            InputFormat::Tsv => DocumentKind::Table(TableFormat::Tsv),
            InputFormat::Jsonl => DocumentKind::Table(TableFormat::Jsonl),
            InputFormat::Txt => DocumentKind::Text,
            #[cfg(feature = "html")]
            InputFormat::Html => DocumentKind::Html,
        }
    }
}

impl ReadingArgs {
    fn reading(&self, on_error: OnError) -> Result<Reading, Failure> {
        let mut metadata = match &self.metadata {
            Some(path) => Metadata::read(path)?,
            None => Metadata::default(),
        };
        for assignment in &self.set {
            let (name, value) = assignment
                .split_once('=')
                .filter(|(name, _)| !name.trim().is_empty())
                .ok_or_else(|| Failure::Usage(format!("--set {assignment}: write NAME=VALUE")))?;
            metadata.set(name.trim(), value)?;
        }
        let mut reading = Reading::default().with_metadata(metadata).on_error(on_error);
        if let Some(name) = &self.encoding {
            reading = reading.with_encoding(name)?;
        }
        Ok(match self.input_format {
            Some(format) => reading.with_kind(format.into()),
            None => reading,
        })
    }
}

/// Where a command's result goes.
#[derive(Args)]
struct OutputArgs {
    /// Write the result to FILE instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl OutputArgs {
    fn write(&self, text: &str, printer: &Printer) -> Result<(), Failure> {
        let Some(path) = &self.output else { return printer.result(text) };
        let mut file = AtomicFile::create(path)?;
        file.write_all(anstream::adapter::strip_str(text).to_string().as_bytes()).map_err(
            |source| Error::from(ErrorKind::Io { path: path.clone(), action: "write", source }),
        )?;
        Ok(file.commit()?)
    }

    fn write_json(&self, value: &impl Serialize, printer: &Printer) -> Result<(), Failure> {
        let mut text = serde_json::to_string_pretty(value).map_err(io::Error::from)?;
        text.push('\n');
        self.write(&text, printer)
    }
}

/// Refuses an output that is one of the inputs: it would be lost.
fn check_output<'a>(
    output: &Path,
    inputs: impl IntoIterator<Item = &'a Path>,
) -> Result<(), Failure> {
    let Ok(target) = output.canonicalize() else { return Ok(()) };
    if !target.is_file() {
        return Ok(());
    }
    // A path ends in the name of its file, unless it is a link: of many inputs few need be followed.
    let alike = |name: &std::ffi::OsStr| {
        target.file_name().is_some_and(|target| name.eq_ignore_ascii_case(target))
    };
    for input in inputs {
        let possible = input.file_name().is_none_or(alike) || input.is_symlink();
        if possible && input.canonicalize().is_ok_and(|input| input == target) {
            let name = output.display();
            return Err(Failure::Usage(format!(
                "{name}: this is an input and would be overwritten; name another output"
            )));
        }
    }
    Ok(())
}

/// Refuses two outputs of one name, however it is written: the second would replace the first.
fn check_apart<'a>(outputs: impl IntoIterator<Item = &'a Path>) -> Result<(), Failure> {
    let mut known: Vec<(PathBuf, &Path)> = Vec::new();
    // Pipes and devices take what comes.
    for output in outputs.into_iter().filter(|path| !path.exists() || path.is_file()) {
        let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new(".")).canonicalize();
        let (Ok(folder), Some(name)) = (folder, output.file_name()) else { continue };
        let place = folder.join(name);
        if let Some((_, other)) = known.iter().find(|(known, _)| *known == place) {
            return Err(Failure::Usage(format!(
                "{} and {}: two outputs have one name; name another",
                other.display(),
                output.display()
            )));
        }
        known.push((place, output));
    }
    Ok(())
}

/// The codebook of a command.
#[derive(Args)]
struct CodebookArgs {
    /// Codebook that names the frames and stances [default: those found in the data]
    #[arg(long, value_name = "FILE.toml")]
    codebook: Option<PathBuf>,
}

impl CodebookArgs {
    fn read(&self) -> framescope::error::Result<Option<Codebook>> {
        self.codebook.as_deref().map(Codebook::read).transpose()
    }
}

/// The intervals of a command.
#[derive(Args)]
struct BootstrapArgs {
    /// Bootstrap replicates behind intervals; 0 for none. Those of `compare` are by formula, but for
    /// the coders' agreement
    #[arg(long, value_name = "N", default_value_t = 2000,
          value_parser = clap::value_parser!(u32).range(..=1_000_000))]
    replicates: u32,
    /// Seed of all that is random
    #[arg(long, value_name = "N", default_value_t = 42)]
    seed: u64,
}

impl BootstrapArgs {
    fn bootstrap(&self) -> Bootstrap {
        Bootstrap { replicates: self.replicates as usize, seed: self.seed }
    }
}

/// Fewer documents than this make intervals too rough to rely on.
const FEW_DOCUMENTS: usize = 20;

/// What to know about intervals from so few documents, or from none.
fn interval_note(has_documents: bool, documents: usize) -> Option<String> {
    if !has_documents {
        let note = "there is no column `document`: intervals resample sentences, which makes them \
                    too narrow where sentences share articles";
        return Some(note.to_owned());
    }
    (documents < FEW_DOCUMENTS).then(|| {
        format!(
            "intervals come from {documents} documents only; with fewer than {FEW_DOCUMENTS} they \
             are too narrow"
        )
    })
}

/// What went wrong in a command.
enum Failure {
    /// The library refused or failed.
    Library(Error),
    /// The arguments do not go together.
    Usage(String),
    /// All is written, but some input was skipped, as was said.
    Skipped,
    /// Nobody reads the output any more: no fault of anyone's.
    ClosedPipe,
    /// A signal, by its number, asked the program to end.
    Interrupted(u8),
    /// What was done before is kept, and another run can go on.
    Resumable(Box<Failure>),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error.kind() {
            ErrorKind::Io { source, .. } if source.kind() == io::ErrorKind::BrokenPipe => {
                Failure::ClosedPipe
            }
            _ => Failure::Library(error),
        }
    }
}

/// Writing to standard output failed.
impl From<io::Error> for Failure {
    fn from(source: io::Error) -> Self {
        let path = Path::new("standard output").to_owned();
        Error::from(ErrorKind::Io { path, action: "write", source }).into()
    }
}

impl Failure {
    /// Whether the same run may succeed another time: the system was at fault, not the data.
    fn may_pass(&self) -> bool {
        match self {
            Failure::Interrupted(_) => true,
            Failure::Library(error) => {
                matches!(error.kind(), ErrorKind::Io { source, .. } if source.raw_os_error().is_some())
            }
            _ => false,
        }
    }

    /// What to tell the person.
    fn message(&self) -> Option<String> {
        match self {
            Failure::Library(error) => Some(error.to_string()),
            Failure::Usage(message) => Some(message.clone()),
            Failure::ClosedPipe | Failure::Skipped => None,
            Failure::Interrupted(_) => Some("interrupted; nothing is kept".to_owned()),
            Failure::Resumable(failure) => {
                let stopped = match &**failure {
                    Failure::Interrupted(_) => Some("interrupted".to_owned()),
                    other => other.message(),
                };
                let stopped = stopped.unwrap_or_default();
                Some(format!("{stopped}; what is done is kept: go on with --resume"))
            }
        }
    }

    /// 0 done; 1 the data, a file or the model is at fault; 2 wrong usage; 3 refused as unsound.
    fn exit_code(&self) -> ExitCode {
        match self {
            Failure::ClosedPipe => ExitCode::SUCCESS,
            Failure::Usage(_) => ExitCode::from(2),
            // As shells give it.
            Failure::Interrupted(signal) => ExitCode::from(128 + signal),
            Failure::Resumable(failure) => failure.exit_code(),
            Failure::Skipped => ExitCode::FAILURE,
            Failure::Library(error) => match error.kind() {
                ErrorKind::Parameter { .. } => ExitCode::from(2),
                ErrorKind::Unsound { .. } => ExitCode::from(3),
                _ => ExitCode::FAILURE,
            },
        }
    }
}

/// Runs the program.
pub(crate) fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no failures; clap knows which stream and status is theirs.
            let code = u8::try_from(error.exit_code()).unwrap_or(2);
            return match error.print() {
                Ok(()) => ExitCode::from(code),
                Err(_) => ExitCode::FAILURE,
            };
        }
    };
    let printer = Printer::new();
    match run(cli, &printer) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Some(message) = failure.message() {
                printer.error(&message);
            }
            failure.exit_code()
        }
    }
}

fn run(cli: Cli, printer: &Printer) -> Result<(), Failure> {
    signals::survive_size_limits();
    if let Some(threads) = cli.threads {
        rayon::ThreadPoolBuilder::new()
            .num_threads(usize::from(threads))
            .build_global()
            .map_err(|error| Failure::Usage(format!("--threads {threads}: {error}")))?;
    }
    match cli.command {
        Command::Classify(command) => command.run(printer),
        Command::Train(command) => command.run(printer),
        Command::Evaluate(command) => command.run(printer),
        Command::Agree(command) => command.run(printer),
        Command::Sample(command) => command.run(printer),
        Command::Compare(command) => command.run(printer),
        Command::Convert(command) => command.run(printer),
        Command::Explain(command) => command.run(printer),
        Command::Completions(command) => command.run(printer),
        Command::Man(command) => command.run(printer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }
}
