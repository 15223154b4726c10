//! Paragraphs for the methods section of a paper.

use std::fmt::Write;

use crate::stats::{Measure, RELIABILITY_BINS, short};
use crate::tasks::evaluate::{Evaluation, FullEvaluation};

/// What was done, ready for a paper: gold standard, scores, intervals, tests, with the main figures.
///
/// `system` names what was scored, as in `the model news.framescope`; `seed` is that of all draws.
pub fn evaluation_methods(full: &FullEvaluation, system: &str, seed: u64) -> String {
    let scores = &full.scores;
    let mut text = format!(
        "We scored {system} against gold labels for {} sentences from {} documents (framescope {}). ",
        scores.sentences,
        scores.documents,
        env!("CARGO_PKG_VERSION")
    );
    if scores.weighted {
        text += "Sentences were weighted by the inverse of their inclusion probability (Horvitz & \
                 Thompson, 1952; normalised), so that scores refer to the material sampled from. ";
    }
    per_frame(&mut text, scores);
    if scores.replicates > 0 {
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "Brackets give 95% percentile intervals from {} bootstrap replicates that resampled whole \
             documents (Efron & Tibshirani, 1993; seed {seed}). ",
            scores.replicates
        );
    }
    calibration(&mut text, scores);
    agreement(&mut text, scores);
    tests(&mut text, full);
    if let Some(curve) = &full.learning_curve {
        let _ = write!(
            text,
            "Learning curves come from models refitted on growing shares of the documents outside each \
             of {} folds and scored on the fold. ",
            curve.folds
        );
    }
    if let Some(suspects) = &full.suspects {
        let _ = write!(
            text,
            "Confident learning on out-of-fold probabilities (Northcutt, Jiang & Chuang, 2021) flagged \
             {} of {} labels for review. ",
            suspects.count, suspects.judged
        );
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

fn per_frame(text: &mut String, scores: &Evaluation) {
    let ranked = scores.frames.iter().any(|frame| frame.average_precision.value.is_ok());
    let frames = scores.frames.iter().map(|frame| {
        let mut values: Vec<&Measure> = vec![&frame.precision, &frame.recall, &frame.f1];
        values.extend(ranked.then_some(&frame.average_precision));
        let values: Vec<String> = values.into_iter().map(Measure::to_string).collect();
        format!("{} for {} (n = {})", values.join(", "), frame.label, frame.support)
    });
    let frames: Vec<String> = frames.collect();
    let _ = write!(
        text,
        "{} were {}; macro F1 was {}, micro F1 {}; all frames were right in {} of the sentences. ",
        if ranked {
            "Precision, recall, F1 and average precision"
        } else {
            "Precision, recall and F1"
        },
        frames.join("; "),
        scores.macro_average.f1,
        scores.micro_average.f1,
        scores.subset_accuracy
    );
    if scores.frames.iter().any(|frame| frame.f1.value.is_err()) {
        *text += "Frames without a defined F1 counted 0 in macro F1. ";
    }
    if let Some(stance) = &scores.stance {
        let _ = write!(
            text,
            "Stance, given the frame, was right in {} of {} cases (macro F1 {}). ",
            stance.accuracy, stance.support, stance.macro_f1
        );
    }
}

fn calibration(text: &mut String, scores: &Evaluation) {
    let errors = scores.frames.iter().filter_map(|frame| frame.ece.value.ok());
    let Some(worst) = errors.reduce(f64::max) else { return };
    let _ = write!(
        text,
        "Calibration was judged by the Brier score and the expected calibration error over \
         {RELIABILITY_BINS} bins of equal size, at most {} across frames. ",
        short(worst)
    );
}

fn agreement(text: &mut String, scores: &Evaluation) {
    let least = |of: &dyn Fn(usize) -> Option<Measure>| {
        (0..scores.frames.len())
            .filter_map(|frame| of(frame).filter(|measure| measure.value.is_ok()))
            .min_by(|a, b| a.value.unwrap_or(0.0).total_cmp(&b.value.unwrap_or(0.0)))
    };
    let Some(model) = least(&|frame| Some(scores.frames[frame].krippendorff_alpha)) else { return };
    let _ = write!(
        text,
        "Krippendorff's alpha (nominal; Krippendorff, 2011) between predictions and gold labels was at \
         least {} across frames",
        model
    );
    if let Some(coders) = least(&|frame| scores.frames[frame].coder_alpha) {
        let _ =
            write!(text, ", that between human coders of the same sentences at least {}", coders);
    }
    *text += ". ";
}

fn tests(text: &mut String, full: &FullEvaluation) {
    if let Some(slices) = &full.by {
        let differ = slices.tests.iter().filter(|test| test.p_holm.is_ok_and(|p| p < 0.05));
        let differ: Vec<&str> = differ.map(|test| test.label.as_str()).collect();
        let (tested, untested): (Vec<_>, Vec<_>) =
            slices.tests.iter().partition(|test| test.p_holm.is_ok());
        let names: Vec<&str> = untested.iter().map(|test| test.label.as_str()).collect();
        if let Some(reason) = untested.iter().find_map(|test| test.p_holm.err()) {
            let _ = write!(
                text,
                "Whether error rates differ by {} could not be tested for {} ({reason}). ",
                slices.column,
                names.join(", ")
            );
        }
        if tested.is_empty() {
            return against(text, full);
        }
        let _ = write!(
            text,
            "Whether false-positive and miss rates differ by {} was tested for each frame by permuting \
             whole documents ({} permutations of the sum of two Pearson χ², Holm-adjusted over {} \
             frames): {}. ",
            slices.column,
            slices.permutations,
            tested.len(),
            match differ.as_slice() {
                [] => "no difference at the .05 level".to_owned(),
                differ => format!("rates differed for {}", differ.join(", ")),
            }
        );
    }
    against(text, full);
}

fn against(text: &mut String, full: &FullEvaluation) {
    if let Some(other) = &full.against {
        let _ = write!(
            text,
            "The difference in macro F1 to {} was {}; differences were tested by approximate \
             randomisation over documents (R = {}; Noreen, 1989; Yeh, 2000), Holm-adjusted over frames. ",
            other.other, other.macro_f1.difference, other.draws
        );
    }
}
