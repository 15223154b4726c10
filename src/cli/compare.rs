//! `framescope compare`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use framescope::data::{LabelSchema, OnError, file_digest};
use framescope::error::{Error, ErrorKind};
use framescope::features::COPY_THRESHOLD;
use framescope::model::Classifier;
use framescope::report::{self, Example, ReportContext};
use framescope::stats::Target;
use framescope::tasks::compare::{
    Comparison, Correction, Evidence, Options, Over, PlanOptions, Results, compare, examples, plan,
};
use framescope::tasks::evaluate::Gold;

use super::skipping::{SkippedList, SkippingArgs};
use super::{BootstrapArgs, CodebookArgs, Failure, ModelArgs, OutputArgs, Printer, check_output};

/// Compares outlets, periods or any groups, corrected for the classifier's errors
///
/// RESULTS are tables of `classify` (`-` is standard input). With gold labels of a sample drawn by
/// `sample`, every share is corrected by them (design-based supervised learning), with standard
/// errors by document; differences are tested between all pairs of groups. Without gold labels the
/// shares are those of the predicted labels, whose errors may differ by group: they are shown, but
/// not tested.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  framescope compare tagged.csv --by source --gold gold.csv\n  \
    framescope compare tagged.csv --by source --over month --gold gold.csv -o report.html\n  \
    framescope compare tagged.csv --by source --gold gold.csv --plan 0.05\n  \
    framescope classify articles.csv | framescope compare - --by source --naive"
)]
pub(super) struct Compare {
    /// Tables of classified sentences
    #[arg(required = true)]
    results: Vec<PathBuf>,
    /// The column whose values are the groups
    #[arg(long, value_name = "COLUMN")]
    by: String,
    /// Also by period, from the column `date`
    #[arg(long, value_enum)]
    over: Option<Period>,
    /// Label files with gold labels of some of the sentences, matched by id
    #[arg(long, value_name = "FILE", num_args = 1..)]
    gold: Vec<PathBuf>,
    /// The coder whose labels are the gold standard [default: gold, where there are several]
    #[arg(long, value_name = "NAME")]
    gold_coder: Option<String>,
    #[command(flatten)]
    codebook: CodebookArgs,
    /// The model whose evidence the report shows for some sentences; shares do not depend on it
    #[command(flatten)]
    model: ModelArgs,
    /// What the intervals speak of: these articles, or the process that writes such articles
    #[arg(long, value_enum, default_value_t = Aim::Process)]
    target: Aim,
    /// How p-values are corrected for the number of tests
    #[arg(long, value_enum, default_value_t = Multiplicity::Holm)]
    correction: Multiplicity,
    /// Test differences of predicted labels where there are no gold labels, errors and all
    #[arg(long)]
    naive: bool,
    /// Documents as similar as this are copies of each other, and bound together; 0: not looked for
    #[arg(long, value_name = "SIMILARITY", default_value_t = COPY_THRESHOLD, value_parser = share)]
    copies: f64,
    /// Strength of the prior behind distinguishing words, in words; 0: none are looked for
    #[arg(long, value_name = "WORDS", default_value_t = 500.0, value_parser = not_negative)]
    prior: f64,
    /// Say instead how many more sentences to code, and in which strata, to find a difference of
    /// shares of this size (0.05: five points) between any two groups
    #[arg(long, value_name = "DIFFERENCE", value_parser = inside_unit,
          conflicts_with_all = ["methods", "over", "naive"])]
    plan: Option<f64>,
    /// With --plan: the probability of finding it
    #[arg(long, value_name = "SHARE", default_value_t = 0.8, value_parser = inside_unit)]
    power: f64,
    /// With --plan: for this frame alone, more of where the model is unsure of it
    #[arg(long, value_name = "NAME", requires = "plan")]
    frame: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
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

#[derive(Clone, Copy, ValueEnum)]
enum Period {
    Month,
    Quarter,
    Year,
}

#[derive(Clone, Copy, ValueEnum)]
enum Aim {
    /// These articles: only the choice of gold sentences is uncertain
    Corpus,
    /// Articles of this kind: their choice is uncertain, too
    Process,
}

#[derive(Clone, Copy, ValueEnum)]
enum Multiplicity {
    /// Hardly any false finding: for questions asked beforehand
    Holm,
    /// Few false findings among all: for exploring (Benjamini and Hochberg)
    Bh,
}

/// What a comparison is written as.
#[derive(Clone, Copy)]
enum Form {
    Text,
    Table,
    Json,
    Html,
}

fn share(text: &str) -> Result<f64, String> {
    let number: Option<f64> = text.parse().ok();
    number.filter(|of| (0.0..=1.0).contains(of)).ok_or_else(|| "give a number from 0 to 1".into())
}

fn inside_unit(text: &str) -> Result<f64, String> {
    let number: Option<f64> = text.parse().ok();
    let allowed = |of: &f64| *of > 0.0 && *of < 1.0;
    number.filter(allowed).ok_or_else(|| "give a number between 0 and 1".into())
}

fn not_negative(text: &str) -> Result<f64, String> {
    let number: Option<f64> = text.parse().ok();
    let allowed = |of: &f64| of.is_finite() && *of >= 0.0;
    number.filter(allowed).ok_or_else(|| "give a number from 0 on".into())
}

impl Compare {
    pub(super) fn run(self, printer: &Printer) -> Result<(), Failure> {
        let form = self.form()?;
        self.check()?;
        let inputs = || self.results.iter().chain(&self.gold).map(PathBuf::as_path);
        if let Some(output) = &self.output.output {
            check_output(output, inputs())?;
        }
        let mut skipped = self.skipping.begin(inputs(), self.output.output.as_deref(), printer)?;
        self.compare(form, &mut skipped, printer)?;
        skipped.finish()
    }

    fn compare(
        &self,
        form: Form,
        skipped: &mut SkippedList<'_>,
        printer: &Printer,
    ) -> Result<(), Failure> {
        let on_error = self.skipping.on_error(OnError::Stop);
        let codebook = self.codebook.read()?;
        let results = Results::read(
            &self.results,
            codebook.as_ref(),
            self.by.trim(),
            self.over.map(Period::over),
            on_error,
        )?;
        skipped.add(results.skipped())?;
        let gold = match self.gold.is_empty() {
            true => None,
            false => Some(Gold::read(
                &self.gold,
                Some(results.codebook()),
                LabelSchema::CodesOnly,
                self.gold_coder.as_deref(),
                on_error,
            )?),
        };
        skipped.add(gold.as_ref().map_or(&[], Gold::skipped))?;
        let read = results.notices().iter().chain(gold.iter().flat_map(Gold::notices));
        read.for_each(|notice| printer.note(notice));
        if let Some(difference) = self.plan {
            return self.run_plan(form, difference, &results, gold.as_ref(), printer);
        }
        let comparison = compare(&results, gold.as_ref(), &self.options())?;
        let mut notes = self.notes(&comparison);
        notes.iter().for_each(|note| printer.note(note));
        // Printed last of all, and part of the report.
        notes.extend(skipped.summary());
        self.write(form, &results, &comparison, notes, printer)?;
        match comparison.tests.is_none() && gold.is_none() && results.groups() > 1 {
            true => Err(Failure::Library(no_gold())),
            false => Ok(()),
        }
    }

    fn check(&self) -> Result<(), Failure> {
        let usage = |message: &str| Err(Failure::Usage(message.to_owned()));
        if self.naive && self.gold.is_empty() && matches!(self.target, Aim::Corpus) {
            return usage(
                "--naive: with --target corpus nothing can be tested, since a count of all these \
                 articles is off by the classifier's errors alone",
            );
        }
        let inputs = self.results.iter().chain(&self.gold);
        if inputs.clone().filter(|path| *path == Path::new("-")).count() > 1 {
            return usage("standard input (`-`) is named twice");
        }
        if let Some(both) = self.gold.iter().find(|gold| self.results.contains(gold)) {
            let name = both.display();
            return Err(Failure::Usage(format!(
                "{name}: the labels to compare cannot be their own gold standard"
            )));
        }
        Ok(())
    }

    fn run_plan(
        &self,
        form: Form,
        difference: f64,
        results: &Results,
        gold: Option<&Gold>,
        printer: &Printer,
    ) -> Result<(), Failure> {
        let wanted = PlanOptions { difference, power: self.power, frame: self.frame.clone() };
        let plan = plan(results, gold, &self.options(), &wanted)?;
        if !plan.has_gold {
            let note = "without gold labels the plan rests on the model's probabilities: where it \
                        errs more than these say, more must be coded; plan again with the first labels";
            printer.note(note);
        }
        if self.frame.is_some() && plan.bands.is_none() {
            printer
                .note("without the columns `p.<frame>` there are no bands: groups are the strata");
        }
        if plan.frames.iter().all(|frame| frame.unreachable.len() == results.groups()) {
            printer.result(&report::plan(&plan))?;
            return Err(Failure::Library(out_of_reach(difference)));
        }
        for frame in plan.frames.iter().filter(|frame| !frame.unreachable.is_empty()) {
            printer.note(&format!(
                "{}: left out of the plan, since their articles are too few or too unlike each other \
                 even with every sentence coded: {}",
                frame.frame,
                frame.unreachable.join(", ")
            ));
        }
        let text = match form {
            Form::Json => return self.output.write_json(&plan, printer),
            Form::Table => String::from_utf8_lossy(&report::plan_table(&plan)).into_owned(),
            Form::Text | Form::Html => report::plan(&plan),
        };
        self.output.write(&text, printer)
    }

    fn options(&self) -> Options {
        Options {
            target: match self.target {
                Aim::Corpus => Target::Corpus,
                Aim::Process => Target::Process,
            },
            correction: match self.correction {
                Multiplicity::Holm => Correction::Holm,
                Multiplicity::Bh => Correction::BenjaminiHochberg,
            },
            naive: self.naive,
            copies: (self.copies > 0.0).then_some(self.copies),
            bootstrap: self.bootstrap.bootstrap(),
            prior: (self.prior > 0.0).then_some(self.prior),
        }
    }

    /// What is written, by the options or the ending of the output.
    fn form(&self) -> Result<Form, Failure> {
        let Some(path) = self.output.output.as_ref().filter(|_| !self.json) else {
            return Ok(if self.json { Form::Json } else { Form::Text });
        };
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
        match ending.as_deref() {
            Some("html") if self.plan.is_none() => Ok(Form::Html),
            Some("csv") => Ok(Form::Table),
            Some("json") => Ok(Form::Json),
            Some("txt") | None => Ok(Form::Text),
            Some(_) => {
                let (what, endings) = match self.plan {
                    None => ("comparison", ".html for a report, .csv for a table, .json, or .txt"),
                    Some(_) => ("plan", ".csv for a table, .json, or .txt"),
                };
                let path = path.display();
                Err(Failure::Usage(format!("{path}: no {what} has this form; use {endings}")))
            }
        }
    }

    fn write(
        &self,
        form: Form,
        results: &Results,
        comparison: &Comparison,
        notes: Vec<String>,
        printer: &Printer,
    ) -> Result<(), Failure> {
        let text = match form {
            Form::Json => return self.output.write_json(comparison, printer),
            Form::Html => {
                let context = self.context(results, comparison, notes)?;
                report::comparison_html(comparison, &context)
            }
            Form::Table => {
                String::from_utf8_lossy(&report::comparison_table(comparison)).into_owned()
            }
            Form::Text => {
                let mut text = report::comparison(comparison);
                if self.methods {
                    text += &format!("\n{}", report::comparison_methods(comparison));
                }
                text
            }
        };
        self.output.write(&text, printer)
    }

    /// What the report says beside the comparison.
    fn context(
        &self,
        results: &Results,
        comparison: &Comparison,
        notes: Vec<String>,
    ) -> Result<ReportContext, Failure> {
        let model = self.model.open()?;
        let files = self.results.iter().chain(&self.gold).filter(|path| *path != Path::new("-"));
        let mut digests = Vec::new();
        for path in files {
            digests.push((path.display().to_string(), file_digest(path)?));
        }
        if let Some(digest) = results.input_digest() {
            digests.push(("standard input".to_owned(), digest.to_owned()));
        }
        digests.push(match &self.model.model {
            Some(path) => (format!("{} (evidence)", path.display()), file_digest(path)?),
            None => ("built-in model (evidence)".to_owned(), Classifier::built_in_digest()),
        });
        let example = |example: Evidence| Example {
            group: example.group,
            document: example.document,
            date: example.date,
            evidence: example.evidence,
        };
        Ok(ReportContext {
            title: format!("Frames by {}", self.by),
            command: command_line(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            digests,
            examples: examples(results, &model).into_iter().map(example).collect(),
            methods: report::comparison_methods(comparison),
            notes,
            naive_only: comparison.gold.is_none(),
        })
    }

    /// What to know about the comparison.
    fn notes(&self, of: &Comparison) -> Vec<String> {
        let column = &self.by;
        let mut notes = Vec::new();
        if of.without_group > 0 {
            let left_out = of.without_group;
            notes.push(format!("sentences without `{column}`, left out: {left_out}"));
        }
        if of.without_date > 0 {
            let note = "sentences without a date that can be read (2025-01-31, 2025/01/31, 20250131), in no period";
            notes.push(format!("{note}: {}", of.without_date));
        }
        if !of.has_documents {
            let note = "there is no column `document`: intervals take sentences as independent, \
                        which makes them too narrow where sentences share articles";
            notes.push(note.to_owned());
        }
        let Some(gold) = &of.gold else {
            let note = "without gold labels these are shares of predicted labels: the classifier \
                        errs, and not alike in every group, so they cannot be used to say that \
                        groups differ";
            notes.push(note.to_owned());
            return notes;
        };
        if gold.unmatched > 0 {
            let note = "gold sentences that stand in no result, left out";
            notes.push(format!("{note}: {}", gold.unmatched));
        }
        if !gold.recorded {
            let note = "the gold labels have no column `inclusion_probability`: they are taken for \
                        a simple random sample of the sentences of each group";
            notes.push(note.to_owned());
        }
        notes
    }
}

/// The command as it was given, arguments with blanks in quotation marks.
fn command_line() -> String {
    let quoted = |argument: std::ffi::OsString| {
        let argument = argument.to_string_lossy().into_owned();
        let plain =
            !argument.is_empty() && !argument.contains(|c: char| c.is_whitespace() || c == '"');
        if plain { argument } else { format!("{argument:?}") }
    };
    let arguments: Vec<String> = std::env::args_os().skip(1).map(quoted).collect();
    format!("framescope {}", arguments.join(" "))
}

impl Period {
    fn over(self) -> Over {
        match self {
            Period::Month => Over::Month,
            Period::Quarter => Over::Quarter,
            Period::Year => Over::Year,
        }
    }
}

fn out_of_reach(difference: f64) -> Error {
    ErrorKind::Unsound {
        problem: format!(
            "no two groups can be told apart by {} points, even with every sentence coded",
            100.0 * difference
        ),
        remedy: "add articles, or ask for a larger difference".to_owned(),
    }
    .into()
}

fn no_gold() -> Error {
    ErrorKind::Unsound {
        problem: "differences between groups are not tested without gold labels".to_owned(),
        remedy: "give some with `--gold` (`framescope sample` draws sentences to code), or \
                 `--naive` to test predicted labels, errors and all"
            .to_owned(),
    }
    .into()
}
