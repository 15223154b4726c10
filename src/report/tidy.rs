//! Evaluations as tidy tables: a row an estimate, for spreadsheets and R.

use crate::stats::{Measure, Value};
use crate::tasks::evaluate::{Comparison, Evaluation, FullEvaluation, LearningCurve, Suspects};

/// Columns of the table of estimates.
const COLUMNS: [&str; 11] = [
    "part",
    "group",
    "label",
    "measure",
    "estimate",
    "std_error",
    "conf_low",
    "conf_high",
    "p_value",
    "n",
    "reason",
];

/// A table being written.
struct Tidy(csv::Writer<Vec<u8>>);

/// Where an estimate belongs.
#[derive(Clone, Copy)]
struct At<'a> {
    part: &'a str,
    group: &'a str,
    label: &'a str,
}

/// A number as a cell, empty where there is none.
pub(super) fn number(value: Option<impl ToString>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

/// A measure as cells: value, standard error, ends of the interval, the reason why there is none.
pub(super) fn measure_cells(of: &Measure) -> [String; 5] {
    let interval = |end: usize| number(of.interval.map(|interval| interval[end]));
    let reason = number(of.value.err().map(|reason| reason.code()));
    [number(of.value.ok()), number(of.std_error), interval(0), interval(1), reason]
}

impl Tidy {
    fn row(&mut self, at: At<'_>, measure: &str, of: &Measure, p: Option<Value>, n: Option<usize>) {
        let [estimate, std_error, low, high, reason] = measure_cells(of);
        // Writing to memory cannot fail.
        let _ = self.0.write_record([
            at.part,
            at.group,
            at.label,
            measure,
            &estimate,
            &std_error,
            &low,
            &high,
            &number(p.and_then(Result::ok)),
            &number(n),
            &reason,
        ]);
    }

    fn scores(&mut self, part: &str, group: &str, scores: &Evaluation) {
        for frame in &scores.frames {
            let at = At { part, group, label: &frame.label };
            let measures = [
                ("precision", &frame.precision),
                ("recall", &frame.recall),
                ("f1", &frame.f1),
                ("average_precision", &frame.average_precision),
                ("roc_auc", &frame.roc_auc),
                ("brier", &frame.brier),
                ("ece", &frame.ece),
                ("false_positive_rate", &frame.false_positive_rate),
                ("miss_rate", &frame.miss_rate),
                ("krippendorff_alpha", &frame.krippendorff_alpha),
            ];
            let coders = frame.coder_alpha.as_ref().map(|alpha| ("coder_alpha", alpha));
            for (name, measure) in measures.into_iter().chain(coders) {
                self.row(at, name, measure, None, Some(frame.support));
            }
        }
        let measures = [
            ("macro_f1", &scores.macro_average.f1),
            ("micro_f1", &scores.micro_average.f1),
            ("subset_accuracy", &scores.subset_accuracy),
            ("hamming_loss", &scores.hamming_loss),
        ];
        for (name, measure) in measures {
            self.row(At { part, group, label: "" }, name, measure, None, Some(scores.sentences));
        }
        if let Some(stance) = &scores.stance {
            let at = At { part, group, label: "stance" };
            self.row(at, "accuracy", &stance.accuracy, None, Some(stance.support));
            self.row(at, "macro_f1", &stance.macro_f1, None, Some(stance.support));
        }
    }

    fn reliability(&mut self, scores: &Evaluation) {
        for frame in &scores.frames {
            for (index, bin) in frame.reliability.iter().enumerate() {
                let group = (index + 1).to_string();
                let at = At { part: "reliability", group: &group, label: &frame.label };
                let values = [
                    ("mean_probability", bin.mean_probability),
                    ("share_present", bin.share_present),
                ];
                for (name, value) in values {
                    self.row(at, name, &Measure::bare(Ok(value)), None, Some(bin.sentences));
                }
            }
        }
    }

    fn comparison(&mut self, comparison: &Comparison) {
        let part = "difference";
        let group = comparison.other.as_str();
        for frame in &comparison.frames {
            let at = At { part, group, label: &frame.label };
            let scores = [
                ("precision", &frame.precision),
                ("recall", &frame.recall),
                ("f1", &frame.f1),
                ("average_precision", &frame.average_precision),
            ];
            for (name, score) in scores {
                self.row(at, name, &score.difference, score.test.map(|test| test.p_holm), None);
            }
        }
        let scores = [
            ("macro_f1", &comparison.macro_f1),
            ("micro_f1", &comparison.micro_f1),
            ("subset_accuracy", &comparison.subset_accuracy),
            ("hamming_loss", &comparison.hamming_loss),
        ];
        for (name, score) in scores {
            let p = score.test.map(|test| test.p_holm);
            self.row(At { part, group, label: "" }, name, &score.difference, p, None);
        }
    }

    fn learning_curve(&mut self, curve: &LearningCurve) {
        for point in &curve.points {
            let group = point.share.to_string();
            let sentences = Some(point.sentences.round() as usize);
            let at = |label| At { part: "learning_curve", group: &group, label };
            for frame in &point.frames {
                self.row(at(&frame.label), "f1", &frame.f1, None, sentences);
            }
            self.row(at(""), "macro_f1", &point.macro_f1, None, sentences);
        }
    }
}

/// A row an estimate:
/// `part,group,label,measure,estimate,std_error,conf_low,conf_high,p_value,n,reason`.
///
/// `part` is `scores`, `reliability` (`group`: the bin), `slice` (`group`: its value), `slice_test`
/// (`group`: the column), `difference` (`group`: the other model) or `learning_curve` (`group`: the
/// share of documents; `n`: sentences trained on). `label` is the frame, empty over all frames.
/// P-values are adjusted by Holm over the frames.
pub fn evaluation_table(full: &FullEvaluation) -> Vec<u8> {
    let mut tidy = Tidy(csv::Writer::from_writer(Vec::new()));
    let _ = tidy.0.write_record(COLUMNS);
    tidy.scores("scores", "", &full.scores);
    tidy.reliability(&full.scores);
    if let Some(slices) = &full.by {
        for slice in &slices.slices {
            tidy.scores("slice", &slice.value, &slice.scores);
        }
        for test in &slices.tests {
            let at = At { part: "slice_test", group: &slices.column, label: &test.label };
            tidy.row(at, "chi_squared", &Measure::bare(test.statistic), Some(test.p_holm), None);
        }
    }
    if let Some(comparison) = &full.against {
        tidy.comparison(comparison);
    }
    if let Some(curve) = &full.learning_curve {
        tidy.learning_curve(curve);
    }
    tidy.0.into_inner().unwrap_or_default()
}

/// Suspect labels, the likeliest errors first, as CSV.
pub fn suspects_table(suspects: &Suspects) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let _ = writer.write_record(Suspects::COLUMNS);
    for suspect in &suspects.labels {
        let coded = if suspect.coded { "present" } else { "absent" };
        let number = |value: f64| format!("{value:.6}");
        let _ = writer.write_record([
            suspect.id.as_str(),
            &suspect.text,
            &suspect.frame,
            coded,
            &number(suspect.probability),
            &number(suspect.threshold),
            &number(suspect.margin),
            suspect.document.as_deref().unwrap_or_default(),
            &suspect.labels,
        ]);
    }
    writer.into_inner().unwrap_or_default()
}
