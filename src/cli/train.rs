//! `framescope train`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use framescope::data::{AtomicFile, OnError};
use framescope::features::{DfBound, NgramRange, TfidfParams};
use framescope::model::{ClassWeight, ClassifierParams, Regularisation, Solver, ThresholdRule};
use framescope::report;
use framescope::tasks::train::{GroupBy, Train as TrainTask};

use super::skipping::SkippingArgs;
use super::{BootstrapArgs, CodebookArgs, Failure, OutputArgs, Printer, check_output};

/// Fits vectoriser, frame and stance models, thresholds and calibration from labelled sentences
///
/// Label files have the columns id, text and labels (`frame:stance|frame:stance`, empty for no
/// frame, `?` for not coded); with a column `document`, the sentences of an article stay in one
/// fold. Prints scores on documents that were held out.
#[derive(Args)]
#[command(after_help = "Examples:\n  framescope train labels.csv -o my.framescope\n  \
    framescope train labels.csv --codebook codebook.toml --class-weight balanced -o my.framescope")]
pub(super) struct Train {
    /// Label files (.csv, .tsv, .jsonl, .parquet), read as one
    #[arg(required = true)]
    labels: Vec<PathBuf>,
    /// Write the model to FILE (*.framescope)
    #[arg(short, long, value_name = "FILE", required = true)]
    output: PathBuf,
    #[command(flatten)]
    codebook: CodebookArgs,
    /// Print all scores as one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    features: Features,
    #[command(flatten)]
    fit: Fit,
    #[command(flatten)]
    bootstrap: BootstrapArgs,
    #[command(flatten)]
    skipping: SkippingArgs,
}

#[derive(Args)]
#[command(next_help_heading = "Features")]
struct Features {
    /// Lengths of word n-grams, or none
    #[arg(long, value_name = "MIN-MAX", default_value = "1-2", value_parser = optional_range)]
    ngrams: OptionalRange,
    /// Lengths of character n-grams inside words, or none
    #[arg(long, value_name = "MIN-MAX", default_value = "3-5", value_parser = optional_range)]
    char_ngrams: OptionalRange,
    /// Leave out n-grams in fewer sentences: a count, or a share with a point
    #[arg(long, value_name = "BOUND", default_value = "2")]
    min_df: DfBound,
    /// Leave out n-grams in more sentences: a count, or a share with a point
    #[arg(long, value_name = "BOUND", default_value = "1.0")]
    max_df: DfBound,
    /// Count a term's frequency as 1 + ln tf
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_value_t = true, default_missing_value = "true", action = clap::ArgAction::Set)]
    sublinear_tf: bool,
    /// Word lists of the codebook, where it has them
    #[arg(long, value_enum, default_value_t = Signals::Features)]
    signals: Signals,
}

#[derive(Args)]
#[command(next_help_heading = "Fit")]
struct Fit {
    /// Weight of the loss against the penalty: auto (by cross-validation) or a number above 0
    #[arg(long = "C", value_name = "C", default_value = "auto")]
    c: Regularisation,
    /// How much the sentences of a class count [default: sqrt; none with `--solver linfa`]
    #[arg(long, value_enum)]
    class_weight: Option<Weights>,
    /// Optimiser; both reach the same optimum
    #[arg(long, value_enum, default_value_t = SolverName::Sparse)]
    solver: SolverName,
    /// Leave probabilities as the model gives them
    #[arg(long)]
    no_calibration: bool,
    /// Probability from which a frame is given: auto (largest F1 on held-out documents) or a number
    #[arg(long, value_name = "P", default_value = "auto")]
    threshold: ThresholdRule,
    /// What keeps sentences in one fold: a column, or none
    #[arg(long, value_name = "COLUMN", default_value = "document")]
    group_by: String,
    /// Folds of the cross-validation
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(2..))]
    folds: u16,
}

/// A range of n-grams, or none. (clap takes a bare `Option` for an optional argument.)
#[derive(Clone, Copy)]
struct OptionalRange(Option<NgramRange>);

fn optional_range(text: &str) -> Result<OptionalRange, String> {
    match text {
        "none" => Ok(OptionalRange(None)),
        range => range.parse().map(|range| OptionalRange(Some(range))),
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum Weights {
    /// Every sentence counts 1
    None,
    /// The square root of balanced weights
    Sqrt,
    /// All classes weigh the same
    Balanced,
}

#[derive(Clone, Copy, ValueEnum)]
enum SolverName {
    /// Trust-region Newton on sparse rows
    Sparse,
    /// linfa-logistic on a dense copy: slow, for small data
    Linfa,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Signals {
    /// Left out
    None,
    /// A feature a frame: whether one of its words is there
    Features,
}

impl Train {
    fn task(&self) -> Result<TrainTask, Failure> {
        Ok(TrainTask {
            labels: self.labels.clone(),
            codebook: self.codebook.read()?,
            params: ClassifierParams {
                features: TfidfParams::default()
                    .word_ngrams(self.features.ngrams.0)
                    .char_ngrams(self.features.char_ngrams.0)
                    .min_df(self.features.min_df)
                    .max_df(self.features.max_df)
                    .sublinear_tf(self.features.sublinear_tf),
                c: self.fit.c,
                class_weight: match (self.fit.class_weight, self.fit.solver) {
                    (Some(Weights::None), _) | (None, SolverName::Linfa) => ClassWeight::None,
                    (Some(Weights::Sqrt), _) | (None, SolverName::Sparse) => ClassWeight::Sqrt,
                    (Some(Weights::Balanced), _) => ClassWeight::Balanced,
                },
                solver: match self.fit.solver {
                    SolverName::Sparse => Solver::Sparse,
                    SolverName::Linfa => Solver::Linfa,
                },
                calibrate: !self.fit.no_calibration,
                threshold: self.fit.threshold,
                folds: usize::from(self.fit.folds),
                seed: self.bootstrap.seed,
            },
            signals: self.features.signals == Signals::Features,
            group_by: match self.fit.group_by.as_str() {
                "none" => GroupBy::Nothing,
                "document" => GroupBy::Document,
                column => GroupBy::Column(column.to_owned()),
            },
            bootstrap: self.bootstrap.bootstrap(),
            on_error: self.skipping.on_error(OnError::Stop),
        })
    }

    pub(super) fn run(self, printer: &Printer) -> Result<(), Failure> {
        // A place that cannot be written should show before the work.
        let codebook = self.codebook.codebook.as_deref();
        let inputs = || self.labels.iter().map(PathBuf::as_path).chain(codebook);
        check_output(&self.output, inputs())?;
        let mut skipped = self.skipping.begin(inputs(), [self.output.as_path()], printer)?;
        let mut output = AtomicFile::create_plain(&self.output)?;
        let bar = printer.progress("training", 1000);
        let result = self.task()?.run(&|done| bar.set_position((1000.0 * done) as u64))?;
        bar.finish_and_clear();
        let trained = &result.trained;
        trained.classifier.write(&mut output, &self.output)?;
        output.commit()?;
        let stdout = OutputArgs { output: None };
        match (&result.scores, self.json) {
            (Some(scores), true) => stdout.write_json(scores, printer)?,
            (None, true) => stdout.write_json(&serde_json::json!({ "frames": null }), printer)?,
            (scores, false) => {
                let mut text = report::training(&trained.classifier, &trained.frame_fits);
                if let Some(scores) = scores {
                    text += "\nOn held-out documents:\n\n";
                    text += &report::evaluation(scores);
                }
                printer.result(&text)?;
            }
        }
        for note in &trained.notes {
            printer.note(note);
        }
        printer.say(&format!("{}: model written", self.output.display()));
        skipped.add(&result.skipped)?;
        skipped.finish()
    }
}
