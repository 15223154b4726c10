//! `framescope convert`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use framescope::data::exchange::{Empty, ExchangeFormat, ReadOptions};
use framescope::tasks::convert::convert;

use super::{CodebookArgs, Failure, Printer, check_output};

/// Converts codings between the formats of annotation tools
///
/// Frames with stances are doccano labels and Prodigy options `frame:stance`; in Label Studio a
/// control `frame` and a control `stance_<frame>` for each; in brat a span of the frame's name with
/// an attribute Stance. ReCal holds one frame in a file, 1 for present, 0 for absent and `#` for
/// missing. What a format cannot hold is said.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  framescope convert sample.csv --to doccano -o sample.jsonl\n  \
    framescope convert anna.jsonl ben.jsonl --from doccano -o codings.csv\n  \
    framescope convert codings.csv --to recal --frame security -o security.csv\n  \
    framescope convert brat-folder -o codings.csv"
)]
pub(super) struct Convert {
    /// Files to read, or folders for brat and ReCal; several are read as one
    #[arg(required = true)]
    input: Vec<PathBuf>,
    /// File to write; for brat a new folder, for doccano and ReCal a folder where it has no ending
    #[arg(short, long, value_name = "PATH", required = true)]
    output: PathBuf,
    /// Format of the input [default: told from the contents, where they leave no doubt]
    #[arg(long, value_enum, value_name = "FORMAT")]
    from: Option<Format>,
    /// Format of the output [default: labels, where another is read and the output ends like it]
    #[arg(long, value_enum, value_name = "FORMAT")]
    to: Option<Format>,
    /// What no label means in formats that do not say: no frame, or not coded yet
    #[arg(long, value_enum, default_value_t = EmptyArg::Absent)]
    empty: EmptyArg,
    /// Label Studio's control for frames
    #[arg(long, value_name = "NAME", default_value = "frame")]
    control: String,
    /// The frame of a ReCal file [default: the file's name]
    #[arg(long, value_name = "NAME")]
    frame: Option<String>,
    #[command(flatten)]
    codebook: CodebookArgs,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// framescope's label files: .csv, .tsv, .jsonl
    Labels,
    /// doccano: .jsonl, .json, .csv
    Doccano,
    /// Label Studio's full JSON
    LabelStudio,
    /// Label Studio's JSON-MIN, and its CSV and TSV
    LabelStudioMin,
    /// Prodigy: .jsonl of binary or choice answers
    Prodigy,
    /// brat stand-off: a folder a coder
    Brat,
    /// ReCal: whole numbers, a column a coder, a file a frame
    Recal,
}

#[derive(Clone, Copy, ValueEnum)]
enum EmptyArg {
    /// The coder saw no frame
    Absent,
    /// The coder has not come to it
    NotCoded,
}

impl From<Format> for ExchangeFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Labels => ExchangeFormat::Labels,
            Format::Doccano => ExchangeFormat::Doccano,
            Format::LabelStudio => ExchangeFormat::LabelStudio,
            Format::LabelStudioMin => ExchangeFormat::LabelStudioMin,
            Format::Prodigy => ExchangeFormat::Prodigy,
            Format::Brat => ExchangeFormat::Brat,
            Format::Recal => ExchangeFormat::Recal,
        }
    }
}

impl Convert {
    pub(super) fn run(self, printer: &Printer) -> Result<(), Failure> {
        let codebook = self.codebook.read()?;
        let inputs = self.input.iter().map(PathBuf::as_path);
        check_output(&self.output, inputs.chain(self.codebook.codebook.as_deref()))?;
        if let Some(folder) = self.input.iter().find(|input| holds(input, &self.output)) {
            return Err(Failure::Usage(format!(
                "{}: this is in the input {}; name an output elsewhere",
                self.output.display(),
                folder.display()
            )));
        }
        let options = ReadOptions {
            empty: match self.empty {
                EmptyArg::Absent => Empty::Absent,
                EmptyArg::NotCoded => Empty::NotCoded,
            },
            control: &self.control,
            frame: self.frame.as_deref(),
            codebook: codebook.as_ref(),
        };
        let (from, to) = (self.from.map(Into::into), self.to.map(Into::into));
        let converted = convert(&self.input, from, &self.output, to, &options)?;
        converted.notes.iter().for_each(|note| printer.note(note));
        printer.say(&format!(
            "{}: {} rows written as {}, {} of them not coded, by {} {}",
            self.output.display(),
            converted.rows,
            converted.to.name(),
            converted.not_coded,
            converted.coders,
            if converted.coders == 1 { "coder" } else { "coders" },
        ));
        Ok(())
    }
}

/// Whether an input is a folder that the output would come to stand in.
fn holds(input: &Path, output: &Path) -> bool {
    let parent = output.parent().filter(|parent| !parent.as_os_str().is_empty());
    match (input.canonicalize(), parent.unwrap_or(Path::new(".")).canonicalize()) {
        (Ok(input_folder), Ok(parent)) => input.is_dir() && parent == input_folder,
        _ => false,
    }
}
