//! `framescope evaluate`.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use framescope::data::{AtomicFile, Codebook, LabelSchema, OnError};
use framescope::error::{Error, ErrorKind};
use framescope::features::{SignalList, TfidfParams};
use framescope::model::{Classifier, ClassifierParams};
use framescope::report;
use framescope::stats::Bootstrap;
use framescope::tasks::evaluate::{FullEvaluation, Gold, Predictions};
use serde::Serialize;

use super::skipping::SkippingArgs;
use super::{
    BootstrapArgs, CodebookArgs, Failure, ModelArgs, OutputArgs, Printer, check_output,
    interval_note,
};

/// Scores a model, or a file of predictions, against gold labels
///
/// Stance is scored given the frame: for every stance in the gold labels, the one the model takes
/// towards that frame. With a column `inclusion_probability` in the gold labels, sentences count by
/// its inverse. Where several people coded a sentence, the coder `gold` (a column, or a file of that
/// name) is the gold standard, and the agreement of the others stands beside that of the model.
#[derive(Args)]
#[command(after_help = "Examples:\n  framescope evaluate gold.csv -m my.framescope\n  \
    framescope evaluate gold.csv --predictions tagged.csv --json\n  \
    framescope evaluate gold.csv -m new.framescope --against old.framescope --by source\n  \
    framescope evaluate gold.csv -m my.framescope --suspects review.csv")]
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
    /// The coder whose labels are the gold standard [default: gold, where there are several]
    #[arg(long, value_name = "NAME")]
    gold_coder: Option<String>,
    #[command(flatten)]
    questions: Questions,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Write all estimates to FILE, a row each (CSV: estimate, std_error, conf_low, conf_high, …)
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Add a paragraph for the methods section of a paper
    #[arg(long)]
    methods: bool,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    bootstrap: BootstrapArgs,
    #[command(flatten)]
    skipping: SkippingArgs,
}

#[derive(Args)]
#[command(next_help_heading = "Further questions")]
struct Questions {
    /// Scores by the values of a column of the gold labels, and whether error rates differ
    #[arg(long, value_name = "COLUMN")]
    by: Option<String>,
    /// Compare with another model (*.framescope) or file of predictions
    #[arg(long, value_name = "OTHER")]
    against: Option<PathBuf>,
    /// Refit on growing shares of the gold documents and score the held-out ones
    #[arg(long)]
    learning_curve: bool,
    /// Write gold labels that are likely to be wrong to FILE (CSV), by models fitted on the other
    /// gold documents
    #[arg(long, value_name = "FILE")]
    suspects: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Baseline {
    /// A frame is given where one of its words stands in the sentence
    Signals,
}

/// What is printed as JSON.
#[derive(Serialize)]
struct Json<'a> {
    #[serde(flatten)]
    full: &'a FullEvaluation,
    #[serde(skip_serializing_if = "Option::is_none")]
    methods: Option<&'a str>,
}

fn is_model(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "framescope")
}

impl Evaluate {
    pub(super) fn run(self, printer: &Printer) -> Result<(), Failure> {
        let inputs = self.inputs().chain(&self.gold).map(PathBuf::as_path);
        let outputs = [&self.output.output, &self.csv, &self.questions.suspects];
        let outputs = outputs.into_iter().flatten().map(PathBuf::as_path);
        let mut skipped = self.skipping.begin(inputs, outputs, printer)?;
        // A place that cannot be written should show before the work.
        let mut table = self.side_output(self.csv.as_deref())?;
        let mut review = self.side_output(self.questions.suspects.as_deref())?;
        let bootstrap = self.bootstrap.bootstrap();
        let (gold, predictions) = self.read()?;
        skipped.add(gold.skipped())?;
        let full = self.evaluate(&gold, &predictions, &bootstrap, printer)?;
        let read = gold.notices().iter().chain(&predictions.notices);
        read.for_each(|notice| printer.note(notice));
        self.notes(&gold, &full, printer);
        if let (Some(file), Some(suspects)) = (&mut review, &full.suspects) {
            file.write(&report::suspects_table(suspects))?;
        }
        if let Some(file) = &mut table {
            file.write(&report::evaluation_table(&full))?;
        }
        let methods =
            self.methods.then(|| report::evaluation_methods(&full, &self.system(), bootstrap.seed));
        if self.json {
            let methods = methods.as_deref().map(str::trim_end);
            self.output.write_json(&Json { full: &full, methods }, printer)?;
        } else {
            let mut text = report::full_evaluation(&full);
            if let Some(methods) = &methods {
                text += &format!("\n{methods}");
            }
            self.output.write(&text, printer)?;
        }
        for file in [table, review].into_iter().flatten() {
            file.commit()?;
        }
        skipped.finish()
    }

    /// The gold labels and what is scored against them.
    fn read(&self) -> Result<(Gold, Predictions), Failure> {
        let codebook = self.codebook.read()?;
        if let Some(path) = &self.predictions {
            let gold = self.gold(codebook.as_ref(), LabelSchema::CodesOnly)?;
            let predictions = gold.read_predictions(path)?;
            return Ok((gold, predictions));
        }
        if self.baseline == Some(Baseline::Signals) {
            let codebook = match codebook {
                Some(codebook) => codebook,
                None => self.model.open()?.codebook().clone(),
            };
            let gold = self.gold(Some(&codebook), LabelSchema::WithText)?;
            let predictions = gold.predict_by_signals(&codebook)?;
            return Ok((gold, predictions));
        }
        let model = self.model.open()?;
        let gold = self.gold(Some(model.codebook()), LabelSchema::WithText)?;
        let predictions = gold.predict(&model)?;
        Ok((gold, predictions))
    }

    fn gold(&self, codebook: Option<&Codebook>, schema: LabelSchema) -> Result<Gold, Failure> {
        let questions = &self.questions;
        let needs_text = questions.learning_curve
            || questions.suspects.is_some()
            || questions.against.as_deref().is_some_and(is_model);
        let schema = if needs_text { LabelSchema::WithText } else { schema };
        let on_error = self.skipping.on_error(OnError::Stop);
        Ok(Gold::read(&self.gold, codebook, schema, self.gold_coder.as_deref(), on_error)?)
    }

    fn evaluate(
        &self,
        gold: &Gold,
        predictions: &Predictions,
        bootstrap: &Bootstrap,
        printer: &Printer,
    ) -> Result<FullEvaluation, Failure> {
        let questions = &self.questions;
        let by = questions.by.as_ref().map(|column| gold.slices(predictions, column, bootstrap));
        let against = questions.against.as_ref().map(|path| {
            let other = match is_model(path) {
                true => gold.predict(&Classifier::open(path)?)?,
                false => gold.read_predictions(path)?,
            };
            Ok::<_, Error>(gold.compare(predictions, &other, &name_of(path), bootstrap))
        });
        let params = ClassifierParams {
            features: TfidfParams::default().signals(SignalList::of_codebook(gold.codebook())),
            seed: bootstrap.seed,
            ..ClassifierParams::default()
        };
        let bar = printer.progress("fitting", 1000);
        let tell = |done: f64| bar.set_position((1000.0 * done) as u64);
        let curve =
            questions.learning_curve.then(|| gold.learning_curve(&params, bootstrap, &tell));
        let suspects = questions.suspects.as_ref().map(|_| gold.suspects(&params, &tell));
        let full = FullEvaluation {
            by: by.transpose()?,
            against: against.transpose()?,
            learning_curve: curve.transpose()?,
            suspects: suspects.transpose()?,
            scores: gold.score(predictions, bootstrap),
        };
        bar.finish_and_clear();
        Ok(full)
    }

    fn notes(&self, gold: &Gold, full: &FullEvaluation, printer: &Printer) {
        let notes = [
            interval_note(gold.has_documents(), full.scores.documents),
            gold.is_weighted().then(|| {
                "sentences count by the inverse of their inclusion_probability".to_owned()
            }),
            full.suspects.as_ref().and_then(|suspects| suspects.note()),
        ];
        notes.iter().flatten().for_each(|note| printer.note(note));
        if let (Some(suspects), Some(path)) = (&full.suspects, &self.questions.suspects) {
            let (count, judged) = (suspects.count, suspects.judged);
            printer.say(&format!("{}: {count} of {judged} labels to look at", path.display()));
        }
    }

    /// What is scored, for a sentence.
    fn system(&self) -> String {
        match (&self.predictions, self.baseline, &self.model.model) {
            (Some(path), ..) => format!("the predictions in {}", name_of(path)),
            (_, Some(Baseline::Signals), _) => "the word lists of the codebook".to_owned(),
            (.., Some(path)) => format!("the model {}", name_of(path)),
            _ => "the built-in model of framescope".to_owned(),
        }
    }

    /// What is read beside the gold labels.
    fn inputs(&self) -> impl Iterator<Item = &PathBuf> {
        let inputs = [&self.predictions, &self.model.model, &self.questions.against];
        inputs.into_iter().flatten()
    }

    fn side_output(&self, path: Option<&Path>) -> Result<Option<SideOutput>, Failure> {
        let Some(path) = path else { return Ok(None) };
        check_output(path, self.inputs().chain(&self.gold).map(PathBuf::as_path))?;
        let file = AtomicFile::create(path)?;
        Ok(Some(SideOutput { path: path.to_owned(), file }))
    }
}

/// The name of a file, without its folders.
fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// A file beside the result.
struct SideOutput {
    path: PathBuf,
    file: AtomicFile,
}

impl SideOutput {
    fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let fail = |source| {
            Error::from(ErrorKind::Io { path: self.path.clone(), action: "write", source })
        };
        Ok(self.file.write_all(bytes).map_err(fail)?)
    }

    fn commit(self) -> Result<(), Failure> {
        Ok(self.file.commit()?)
    }
}
