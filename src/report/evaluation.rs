//! Evaluations as text tables.

use super::tables::{cells, intervals, render, table};
use crate::stats::{Measure, RELIABILITY_BINS, Value, short};
use crate::tasks::evaluate::{
    Comparison, Difference, Evaluation, FullEvaluation, LearningCurve, Slices, StanceScores,
};

/// All that was asked for: scores, reliability, slices, the other model, the learning curve.
pub fn full_evaluation(full: &FullEvaluation) -> String {
    let mut text = evaluation(&full.scores);
    let parts = [
        reliability(&full.scores),
        full.by.as_ref().map(slices),
        full.against.as_ref().map(comparison),
        full.learning_curve.as_ref().map(learning_curve),
    ];
    for part in parts.into_iter().flatten() {
        text.push('\n');
        text += &part;
    }
    text
}

/// Per-frame scores, averages, stance.
pub fn evaluation(evaluation: &Evaluation) -> String {
    let coders = evaluation.frames.iter().any(|frame| frame.coder_alpha.is_some());
    let mut header = vec!["frame", "precision", "recall", "F1", "avg. precision", "α with gold"];
    header.extend(coders.then_some("α of coders"));
    let mut scores = table(header.into_iter().chain(["n"]));
    for frame in &evaluation.frames {
        let mut row = vec![frame.label.clone()];
        row.extend(
            [
                &frame.precision,
                &frame.recall,
                &frame.f1,
                &frame.average_precision,
                &frame.krippendorff_alpha,
            ]
            .map(Measure::to_string),
        );
        row.extend(frame.coder_alpha.as_ref().map(Measure::to_string));
        row.push(frame.support.to_string());
        scores.add_row(cells(row));
    }
    let mut text = render(scores);
    text.push('\n');
    if evaluation.frames.iter().any(|frame| frame.brier.value.is_ok()) {
        let mut quality = table(["frame", "ROC AUC", "Brier", "ECE"]);
        for frame in &evaluation.frames {
            let row = [&frame.roc_auc, &frame.brier, &frame.ece].map(Measure::to_string);
            quality.add_row(cells(std::iter::once(frame.label.clone()).chain(row)));
        }
        text += &render(quality);
        text.push('\n');
    }
    let mut overall = table(["over all frames", ""]);
    overall.add_row(cells(["macro F1", &evaluation.macro_average.f1.to_string()]));
    overall.add_row(cells(["micro F1", &evaluation.micro_average.f1.to_string()]));
    overall.add_row(cells(["all frames right", &evaluation.subset_accuracy.to_string()]));
    overall.add_row(cells(["decisions wrong", &evaluation.hamming_loss.to_string()]));
    text += &render(overall);
    if let Some(scores) = &evaluation.stance {
        text.push('\n');
        text += &stance(scores);
    }
    text += &format!(
        "\n{} sentences in {} documents{}\n",
        evaluation.sentences,
        evaluation.documents,
        intervals(evaluation.replicates)
    );
    if evaluation.weighted {
        text += "Sentences count by the inverse of their inclusion probability; n does not.\n";
    }
    if evaluation.frames.iter().any(|frame| frame.f1.value.is_err()) {
        text += "A frame without F1 counts 0 in macro F1.\n";
    }
    text
}

fn stance(scores: &StanceScores) -> String {
    let mut overall =
        table([format!("stance, given the frame (n = {})", scores.support), String::new()]);
    overall.add_row(cells(["accuracy", &scores.accuracy.to_string()]));
    overall.add_row(cells(["macro F1", &scores.macro_f1.to_string()]));
    let header =
        std::iter::once("coded \\ predicted").chain(scores.labels.iter().map(String::as_str));
    let mut confusion = table(header);
    for (label, row) in scores.labels.iter().zip(&scores.confusion) {
        confusion
            .add_row(cells(std::iter::once(label.clone()).chain(row.iter().map(usize::to_string))));
    }
    format!("{}\n{}", render(overall), render(confusion))
}

/// Mean probability, share present and sentences of every bin.
fn reliability(evaluation: &Evaluation) -> Option<String> {
    let frames: Vec<_> =
        evaluation.frames.iter().filter(|frame| !frame.reliability.is_empty()).collect();
    if frames.is_empty() {
        return None;
    }
    let header = std::iter::once("mean p → share present (n)");
    let mut bins = table(header.chain(frames.iter().map(|frame| frame.label.as_str())));
    for index in 0..RELIABILITY_BINS {
        let cell = |bins: &[crate::stats::ReliabilityBin]| {
            bins.get(index).map_or_else(String::new, |bin| {
                let (p, share) = (short(bin.mean_probability), short(bin.share_present));
                format!("{p} → {share} ({})", bin.sentences)
            })
        };
        let row = frames.iter().map(|frame| cell(&frame.reliability));
        bins.add_row(cells(std::iter::once(format!("bin {}", index + 1)).chain(row)));
    }
    Some(render(bins))
}

/// A p-value as journals print it.
fn p_value(p: Value) -> String {
    match p {
        Ok(p) if p < 0.001 => "< .001".to_owned(),
        Ok(p) => format!("{p:.3}").trim_start_matches('0').to_owned(),
        Err(reason) => format!("undefined ({reason})"),
    }
}

fn slices(slices: &Slices) -> String {
    let header = [slices.column.as_str(), "frame", "precision", "recall", "F1"];
    let mut scores = table(header.into_iter().chain(["false positives", "misses", "n"]));
    for slice in &slices.slices {
        for (index, frame) in slice.scores.frames.iter().enumerate() {
            let name = if index == 0 { slice.value.as_str() } else { "" };
            let measures = [
                &frame.precision,
                &frame.recall,
                &frame.f1,
                &frame.false_positive_rate,
                &frame.miss_rate,
            ]
            .map(Measure::to_string);
            let row = [name.to_owned(), frame.label.clone()].into_iter().chain(measures);
            scores.add_row(cells(row.chain([frame.support.to_string()])));
        }
        let macro_f1 = slice.scores.macro_average.f1.to_string();
        let sentences = slice.scores.sentences.to_string();
        scores.add_row(cells(["", "macro", "", "", &macro_f1, "", "", &sentences]));
    }
    let mut tests = table(["do error rates differ?", "χ² (FP + misses)", "p", "p (Holm)"]);
    for test in &slices.tests {
        let statistic = test.statistic.map_or_else(
            |reason| format!("undefined ({reason})"),
            |statistic| format!("{statistic:.2}"),
        );
        let row = [test.label.clone(), statistic, p_value(test.p), p_value(test.p_holm)];
        tests.add_row(cells(row));
    }
    format!(
        "{}\n{}p from {} permutations of whole documents between values of `{}`\n",
        render(scores),
        render(tests),
        slices.permutations,
        slices.column
    )
}

fn comparison(comparison: &Comparison) -> String {
    let other = format!("against {}", comparison.other);
    let mut scores = table([&other, "score", "this", "other", "difference", "p", "p (Holm)"]);
    let mut add = |name: &str, score: &str, of: &Difference| {
        let value = |value: Value| Measure::bare(value).to_string();
        let [p, p_holm] =
            of.test.map_or_else(Default::default, |test| [p_value(test.p), p_value(test.p_holm)]);
        scores.add_row(cells([
            name,
            score,
            &value(of.this),
            &value(of.other),
            &of.difference.to_string(),
            &p,
            &p_holm,
        ]));
    };
    for frame in &comparison.frames {
        add(&frame.label, "precision", &frame.precision);
        add("", "recall", &frame.recall);
        add("", "F1", &frame.f1);
        add("", "avg. precision", &frame.average_precision);
    }
    add("over all frames", "macro F1", &comparison.macro_f1);
    add("", "micro F1", &comparison.micro_f1);
    add("", "all frames right", &comparison.subset_accuracy);
    add("", "decisions wrong", &comparison.hamming_loss);
    let header = ["McNemar", "only this right", "only other right", "exact p", "χ²", "p"];
    let mut decisions = table(header);
    let rows = comparison.frames.iter().map(|frame| (frame.label.as_str(), frame.mcnemar));
    for (name, test) in rows.chain([("all frames right", comparison.mcnemar)]) {
        let Some(test) = test else {
            decisions.add_row(cells([name, "0", "0", "undefined (no difference)", "", ""]));
            continue;
        };
        decisions.add_row(cells([
            name.to_owned(),
            test.first_only.to_string(),
            test.second_only.to_string(),
            p_value(Ok(test.exact_p)),
            format!("{:.2}", test.corrected_chi_squared),
            p_value(Ok(test.corrected_p)),
        ]));
    }
    format!(
        "{}p by approximate randomisation, documents swapped {} times, Holm over frames\n\n{}\
         McNemar takes sentences for independent (χ² corrected for continuity)\n",
        render(scores),
        comparison.draws,
        render(decisions)
    )
}

fn learning_curve(curve: &LearningCurve) -> String {
    let names = curve.points.iter().flat_map(|point| &point.frames);
    let count = curve.points.first().map_or(0, |point| point.frames.len());
    let header = ["trained on", "documents"].into_iter();
    let frames = names.take(count).map(|frame| frame.label.as_str());
    let mut points = table(header.chain(frames).chain(["macro F1"]));
    for point in &curve.points {
        let trained = format!("{:.0} sentences", point.sentences);
        let row = [trained, format!("{:.0}", point.documents)].into_iter();
        let f1s = point.frames.iter().map(|frame| frame.f1.to_string());
        points.add_row(cells(row.chain(f1s).chain([point.macro_f1.to_string()])));
    }
    format!(
        "{}F1 on held-out documents, {} folds; models fitted anew with the defaults of `train`\n",
        render(points),
        curve.folds
    )
}
