//! `framescope agree`.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use framescope::data::{AtomicFile, ColumnKind, OnError, RowFormat, TableFormat};
use framescope::error::{Error, ErrorKind, Result};
use framescope::report;
use framescope::tasks::agree::{
    self, Adjudication, Agreement, Codings, Estimate, Level, WideTable,
};

use super::skipping::{SkippedList, SkippingArgs};
use super::{
    BootstrapArgs, CodebookArgs, Failure, OutputArgs, Printer, check_output, interval_note,
};

/// Measures how far coders agree on every frame
///
/// Coders are the values of the column `coder`, or one file each. A result table of `classify` can
/// stand in as one more coder. `?` is not coded and left out, not taken for absent.
///
/// With -o FILE.csv (.tsv, .jsonl) the result is a tidy table: a row for each coefficient, with
/// `estimate,std_error,conf_low,conf_high`.
#[derive(Args)]
#[command(after_help = "Examples:\n  framescope agree codings.csv\n  \
    framescope agree anna.csv ben.csv --json\n  \
    framescope agree codings.csv --disagreements settle.csv --methods\n  \
    framescope agree codings.csv --adjudicate majority -o gold.csv\n  \
    framescope agree --wide scale.csv --level ordinal")]
pub(super) struct Agree {
    /// Label files with the codings
    #[arg(required_unless_present = "wide")]
    codings: Vec<PathBuf>,
    /// Table with a row a unit (first column its name) and a column a coder; `document` may be one
    #[arg(long, value_name = "FILE",
          conflicts_with_all = ["codings", "codebook", "adjudicate", "disagreements"])]
    wide: Option<PathBuf>,
    /// What the values of --wide are: decides the metric of alpha and the weights
    #[arg(long, value_enum, default_value_t = LevelArg::Nominal, requires = "wide")]
    level: LevelArg,
    #[command(flatten)]
    codebook: CodebookArgs,
    /// Print one JSON object
    #[arg(long, conflicts_with = "methods")]
    json: bool,
    /// Print a paragraph for a paper
    #[arg(long)]
    methods: bool,
    /// Also write sentences that coders disagree on, by their weight in alpha (.csv, .tsv, .jsonl)
    #[arg(long, value_name = "FILE")]
    disagreements: Option<PathBuf>,
    /// Write one coding of every sentence to -o FILE (.csv, .tsv, .jsonl) instead of a report
    #[arg(long, value_enum, value_name = "HOW", requires = "output",
          conflicts_with_all = ["json", "methods"])]
    adjudicate: Option<AdjudicateArg>,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    bootstrap: BootstrapArgs,
    #[command(flatten)]
    skipping: SkippingArgs,
}

#[derive(Clone, Copy, ValueEnum)]
enum LevelArg {
    /// Names
    Nominal,
    /// Ranks, as numbers
    Ordinal,
    /// Numbers whose differences count
    Interval,
    /// Numbers from 0 whose ratios count
    Ratio,
}

#[derive(Clone, Copy, ValueEnum)]
enum AdjudicateArg {
    /// What more than half of the coders say; ties are left open (`?`)
    Majority,
    /// What is likeliest, where coders differ in how often they are right; three coders or more
    DawidSkene,
}

impl Agree {
    pub(super) fn run(self, printer: &Printer) -> Result<(), Failure> {
        let inputs = || self.codings.iter().chain(&self.wide).map(PathBuf::as_path);
        let outputs = || self.output.output.iter().chain(&self.disagreements).map(PathBuf::as_path);
        for output in outputs() {
            check_output(output, inputs())?;
        }
        let on_error = self.skipping.on_error(OnError::Stop);
        if self.wide.is_some() && on_error == OnError::Skip {
            let message = "--on-error skip: a table of --wide is read as a whole or not at all";
            return Err(Failure::Usage(message.to_owned()));
        }
        let mut skipped = self.skipping.begin(inputs(), outputs(), printer)?;
        self.measure(on_error, &mut skipped, printer)?;
        skipped.finish()
    }

    fn measure(
        &self,
        on_error: OnError,
        skipped: &mut SkippedList<'_>,
        printer: &Printer,
    ) -> Result<(), Failure> {
        let bootstrap = self.bootstrap.bootstrap();
        if let Some(path) = &self.wide {
            let level = match self.level {
                LevelArg::Nominal => Level::Nominal,
                LevelArg::Ordinal => Level::Ordinal,
                LevelArg::Interval => Level::Interval,
                LevelArg::Ratio => Level::Ratio,
            };
            let table = WideTable::read(path, level)?;
            table.notice.iter().for_each(|notice| printer.note(notice));
            let agreement = table.agree(&bootstrap);
            return self.report(&agreement, printer);
        }
        let codebook = self.codebook.read()?;
        let codings = Codings::read(&self.codings, codebook.as_ref(), on_error)?;
        skipped.add(&codings.skipped)?;
        codings.notices.iter().for_each(|notice| printer.note(notice));
        if let Some(path) = &self.disagreements {
            write_disagreements(&codings, path)?;
        }
        if let (Some(how), Some(path)) = (self.adjudicate, &self.output.output) {
            return write_gold(&codings, how, path, printer);
        }
        self.report(&agree::agree(&codings, &bootstrap), printer)
    }

    fn report(&self, agreement: &Agreement, printer: &Printer) -> Result<(), Failure> {
        if let Some(note) = interval_note(agreement.has_documents, agreement.documents) {
            printer.note(&note);
        }
        if self.json {
            return self.output.write_json(agreement, printer);
        }
        if self.methods {
            let text = report::agreement_methods(agreement, self.bootstrap.seed);
            return self.output.write(&text, printer);
        }
        if let Some(path) = &self.output.output
            && let Some(format) = TableFormat::of_path(path)
        {
            return Ok(write(path, tidy(agreement, format))?);
        }
        let mut text = report::agreement(agreement);
        if agreement.coders.len() > 2 {
            text.push('\n');
            text += &report::pairs(agreement);
        }
        self.output.write(&text, printer)
    }
}

fn write(path: &Path, bytes: Vec<u8>) -> Result<()> {
    let mut file = AtomicFile::create(path)?;
    file.write_all(&bytes).map_err(|source| {
        Error::from(ErrorKind::Io { path: path.to_owned(), action: "write", source })
    })?;
    file.commit()
}

fn header(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

/// A row for each coefficient.
fn tidy(agreement: &Agreement, format: TableFormat) -> Vec<u8> {
    let format = RowFormat::new(
        format,
        header(&[
            "label",
            "of",
            "coders",
            "coefficient",
            "estimate",
            "std_error",
            "std_error_analytic",
            "conf_low",
            "conf_high",
            "share_below_667",
            "share_below_800",
            "undefined_replicates",
            "units",
            "reason",
        ]),
    );
    let (text, real) = (vec![ColumnKind::Text; 4], vec![ColumnKind::Real; 8]);
    let format = format.with_kinds(&[text, real, vec![ColumnKind::Whole]].concat());
    let mut rows = format.rows();
    let mut row = |label: &str, of: &str, coders: &str, name: &str, e: &Estimate, units: usize| {
        for text in [label, of, coders, name] {
            rows.text(text);
        }
        rows.decimal(e.measure.value.ok());
        rows.decimal(e.std_error);
        rows.decimal(e.std_error_analytic);
        rows.decimal(e.measure.interval.map(|interval| interval[0]));
        rows.decimal(e.measure.interval.map(|interval| interval[1]));
        rows.decimal(e.share_below_667);
        rows.decimal(e.share_below_800);
        rows.decimal(Some(e.measure.undefined_replicates));
        rows.number(units);
        rows.text(e.measure.value.err().map_or("", |reason| reason.code()));
        rows.end_row();
    };
    for label in &agreement.labels {
        for (name, estimate) in &label.coefficients.0 {
            row(&label.label, "label", "", name, estimate, label.units);
        }
        for (name, estimate) in label.stance.iter().flat_map(|s| &s.coefficients.0) {
            let units = label.stance.as_ref().map_or(0, |stance| stance.units);
            row(&label.label, "stance", "", name, estimate, units);
        }
    }
    if let Some(set) = &agreement.set {
        for (of, set) in [("set", Some(set)), ("set_with_frame", set.with_frame.as_deref())] {
            let Some(set) = set else { continue };
            for (name, estimate) in &set.coefficients.0 {
                row("", of, "", name, estimate, set.units);
            }
        }
    }
    for pair in &agreement.pairs {
        let coders = pair.coders.join("|");
        row(&pair.label, "pair", &coders, "cohen_kappa", &pair.cohen_kappa, pair.units);
    }
    [format.header(), rows.finish()].concat()
}

fn table_format(path: &Path) -> Result<TableFormat, Failure> {
    TableFormat::of_path(path).ok_or_else(|| {
        Failure::Usage(format!(
            "{}: name a file that ends in {}",
            path.display(),
            TableFormat::ENDINGS
        ))
    })
}

fn write_disagreements(codings: &Codings, path: &Path) -> Result<(), Failure> {
    let format = table_format(path)?;
    let mut names = header(&["label", "share", "id", "document"]);
    names.extend(codings.coders.iter().map(|coder| format!("coder.{coder}")));
    names.push("text".to_owned());
    let kinds = [ColumnKind::Text, ColumnKind::Real];
    let format = RowFormat::new(format, names).with_kinds(&kinds);
    let mut rows = format.rows();
    for case in codings.disagreements() {
        let unit = &codings.units[case.unit];
        rows.text(&case.label);
        rows.decimal(Some(case.share));
        rows.text(&unit.id);
        rows.text(unit.document.as_deref().unwrap_or_default());
        for coding in &unit.codings {
            match coding {
                Some(labels) => rows.text(&labels.display(&codings.codebook).to_string()),
                None => rows.text("?"),
            }
        }
        rows.text(&unit.text);
        rows.end_row();
    }
    Ok(write(path, [format.header(), rows.finish()].concat())?)
}

fn write_gold(
    codings: &Codings,
    how: AdjudicateArg,
    path: &Path,
    printer: &Printer,
) -> Result<(), Failure> {
    let format = table_format(path)?;
    let gold = codings.adjudicate(match how {
        AdjudicateArg::Majority => Adjudication::Majority,
        AdjudicateArg::DawidSkene => Adjudication::DawidSkene,
    })?;
    let frames = codings.codebook.frame_names();
    let mut names = header(&["id", "document", "text", "labels", "coders", "tied"]);
    names.extend(frames.iter().map(|frame| format!("p.{frame}")));
    let kept: Vec<usize> = (0..codings.carried.len())
        .filter(|&column| !names.contains(&codings.carried[column]))
        .collect();
    names.extend(kept.iter().map(|&column| codings.carried[column].clone()));
    let format = RowFormat::new(format, names);
    let mut rows = format.rows();
    for adjudicated in &gold.units {
        let unit = &codings.units[adjudicated.unit];
        rows.text(&unit.id);
        rows.text(unit.document.as_deref().unwrap_or_default());
        rows.text(&unit.text);
        match &adjudicated.labels {
            Some(labels) => rows.text(&labels.display(&codings.codebook).to_string()),
            None => rows.text("?"),
        }
        rows.number(adjudicated.coders);
        let of_frames = adjudicated.tied.iter().map(|&frame| frames[frame].to_owned());
        let of_stances = adjudicated.tied_stances.iter();
        let of_stances = of_stances.map(|&frame| format!("{} (stance)", frames[frame]));
        rows.text(&of_frames.chain(of_stances).collect::<Vec<_>>().join("|"));
        adjudicated.support.iter().for_each(|&share| rows.probability(Some(share)));
        kept.iter().for_each(|&column| rows.text(&unit.carried[column]));
        rows.end_row();
    }
    write(path, [format.header(), rows.finish()].concat())?;
    let open = gold.units.iter().filter(|unit| unit.labels.is_none()).count();
    printer.say(&format!("{} sentences adjudicated, {open} tied (`?`)", gold.units.len()));
    let alone = gold.units.iter().filter(|unit| unit.coders == 1).count();
    if alone > 0 {
        printer.note(&format!("{alone} of them were coded by one coder only (column `coders`)"));
    }
    for coder in &gold.coders {
        printer.say(&format!(
            "{}, {}: sensitivity {:.2}, specificity {:.2}",
            codings.coders[coder.coder], frames[coder.frame], coder.sensitivity, coder.specificity
        ));
    }
    Ok(())
}
