//! Scores of predictions against gold labels. Every function takes how much each sentence counts,
//! so that the bootstrap needs no copies and unequal chances of being coded can be made up for.

use serde::Serialize;

use super::measure::{Undefined, Value};

/// Counts of a yes-or-no prediction.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Confusion {
    /// Predicted and present.
    pub true_positive: f64,
    /// Predicted and absent.
    pub false_positive: f64,
    /// Not predicted and present.
    pub false_negative: f64,
    /// Not predicted and absent.
    pub true_negative: f64,
}

impl Confusion {
    /// Sums of weights over all sentences.
    pub fn count(gold: &[bool], predicted: &[bool], weights: &[f64]) -> Self {
        let mut counts = Confusion::default();
        for ((&gold, &predicted), &weight) in gold.iter().zip(predicted).zip(weights) {
            match (gold, predicted) {
                (true, true) => counts.true_positive += weight,
                (false, true) => counts.false_positive += weight,
                (true, false) => counts.false_negative += weight,
                (false, false) => counts.true_negative += weight,
            }
        }
        counts
    }

    /// `TP / (TP + FP)`; undefined where nothing was predicted.
    pub fn precision(&self) -> Value {
        let predicted = self.true_positive + self.false_positive;
        ratio(self.true_positive, predicted, Undefined::NothingPredicted)
    }

    /// `TP / (TP + FN)`; undefined where nothing is present.
    pub fn recall(&self) -> Value {
        let present = self.true_positive + self.false_negative;
        ratio(self.true_positive, present, Undefined::NoPositives)
    }

    /// `2TP / (2TP + FP + FN)`; undefined where nothing is present and nothing was predicted.
    pub fn f1(&self) -> Value {
        f1(self.true_positive, self.false_positive, self.false_negative)
    }

    /// `(FP + FN) / n`; undefined without a sentence.
    pub fn error_rate(&self) -> Value {
        ratio(self.false_positive + self.false_negative, self.total(), Undefined::NoOverlap)
    }

    /// `FP / (FP + TN)`; undefined where everything is present.
    pub fn false_positive_rate(&self) -> Value {
        let absent = self.false_positive + self.true_negative;
        ratio(self.false_positive, absent, Undefined::NoNegatives)
    }

    /// `FN / (FN + TP)`; undefined where nothing is present.
    pub fn miss_rate(&self) -> Value {
        let present = self.false_negative + self.true_positive;
        ratio(self.false_negative, present, Undefined::NoPositives)
    }

    /// Krippendorff's nominal alpha of the predictions, as one coder, and the gold labels, as
    /// another. With `n = 2 × sentences` codes, `n₁` of them *present*:
    /// `α = 1 − (n − 1)(FP + FN) / (n₁ (n − n₁))`, which is [`super::krippendorff_alpha`] of two
    /// coders without missing codes, for weights that are no whole numbers.
    ///
    /// # Degenerate cases
    ///
    /// Undefined where all codes are the same.
    ///
    /// # References
    ///
    /// Krippendorff 2011, Computing Krippendorff's Alpha-Reliability.
    pub fn alpha(&self) -> Value {
        let codes = 2.0 * self.total();
        let disagreeing = self.false_positive + self.false_negative;
        let present = 2.0 * self.true_positive + disagreeing;
        let absent = 2.0 * self.true_negative + disagreeing;
        match (codes > 0.0, present > 0.0 && absent > 0.0) {
            (false, _) => Err(Undefined::NoOverlap),
            (_, false) => Err(Undefined::NoVariation),
            _ => Ok(1.0 - (codes - 1.0) * disagreeing / (present * absent)),
        }
    }

    /// Adds the counts of other sentences, so many times.
    pub fn add(&mut self, other: &Confusion, times: f64) {
        self.true_positive += times * other.true_positive;
        self.false_positive += times * other.false_positive;
        self.false_negative += times * other.false_negative;
        self.true_negative += times * other.true_negative;
    }

    /// The weight of all sentences.
    pub fn total(&self) -> f64 {
        self.true_positive + self.false_positive + self.false_negative + self.true_negative
    }
}

fn ratio(part: f64, whole: f64, otherwise: Undefined) -> Value {
    if whole > 0.0 { Ok(part / whole) } else { Err(otherwise) }
}

/// `2TP / (2TP + FP + FN)`; undefined where all three are 0.
pub fn f1(true_positive: f64, false_positive: f64, false_negative: f64) -> Value {
    let all = 2.0 * true_positive + false_positive + false_negative;
    match all > 0.0 {
        true => Ok(2.0 * true_positive / all),
        false => Err(Undefined::NoPositives),
    }
}

/// Sentences in order of their probability, highest first, with their gold labels.
#[derive(Debug, Clone)]
pub struct Scored {
    /// Unit, probability, gold.
    ranked: Vec<(usize, f64, bool)>,
}

impl Scored {
    /// Sorts once, for any number of evaluations.
    pub fn new(probabilities: &[f64], gold: &[bool]) -> Self {
        let mut ranked: Vec<(usize, f64, bool)> = probabilities
            .iter()
            .zip(gold)
            .enumerate()
            .map(|(unit, (&probability, &gold))| (unit, probability, gold))
            .collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
        Scored { ranked }
    }

    /// Positive and negative weight of every run of equal probabilities, highest first.
    fn steps<'a>(&'a self, weights: &'a [f64]) -> impl Iterator<Item = (f64, f64)> + 'a {
        self.ranked.chunk_by(|a, b| a.1 == b.1).map(|run| {
            run.iter().fold((0.0, 0.0), |(positive, negative), &(unit, _, gold)| {
                let weight = weights[unit];
                if gold { (positive + weight, negative) } else { (positive, negative + weight) }
            })
        })
    }
}

/// Average precision, `Σ (Rᵢ − Rᵢ₋₁) Pᵢ` over the distinct probabilities (scikit-learn's
/// definition, without interpolation).
///
/// # Degenerate cases
///
/// Undefined without a positive.
pub fn average_precision(scored: &Scored, weights: &[f64]) -> Value {
    let (mut positives, mut predicted, mut sum) = (0.0, 0.0, 0.0);
    for (positive, negative) in scored.steps(weights) {
        positives += positive;
        predicted += positive + negative;
        if predicted > 0.0 {
            sum += positive * positives / predicted;
        }
    }
    match positives > 0.0 {
        true => Ok(sum / positives),
        false => Err(Undefined::NoPositives),
    }
}

/// The area under the ROC curve: the chance that a positive is ranked above a negative, ties
/// counting one half.
///
/// # Degenerate cases
///
/// Undefined without a positive or without a negative.
///
/// # References
///
/// Hanley & McNeil 1982, Radiology 143:29–36.
pub fn roc_auc(scored: &Scored, weights: &[f64]) -> Value {
    let (mut above, mut area, mut negatives) = (0.0, 0.0, 0.0);
    for (positive, negative) in scored.steps(weights) {
        area += negative * (above + 0.5 * positive);
        above += positive;
        negatives += negative;
    }
    match (above > 0.0, negatives > 0.0) {
        (false, _) => Err(Undefined::NoPositives),
        (_, false) => Err(Undefined::NoNegatives),
        _ => Ok(area / (above * negatives)),
    }
}

/// The mean squared difference of probability and outcome (Brier 1950).
pub fn brier(scored: &Scored, weights: &[f64]) -> Value {
    let (mut sum, mut n) = (0.0, 0.0);
    for &(unit, probability, gold) in &scored.ranked {
        let weight = weights[unit];
        sum += weight * (probability - f64::from(gold)).powi(2);
        n += weight;
    }
    if n > 0.0 { Ok(sum / n) } else { Err(Undefined::NoOverlap) }
}

/// How many bins a reliability table has.
pub const RELIABILITY_BINS: usize = 10;

/// A bin of a reliability table.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ReliabilityBin {
    /// Sentences in it, not weighted.
    pub sentences: usize,
    /// Their weight.
    #[serde(skip)]
    weight: f64,
    /// Their mean probability.
    pub mean_probability: f64,
    /// The share of them that carry the frame.
    pub share_present: f64,
}

/// The reliability table: sentences by rising probability in ten bins of about equal weight, each
/// with its mean probability and the share present.
///
/// Sentences of the same probability are in the same bin, the one of their middle, so that the
/// table does not depend on the order of the sentences; where there are many of them, bins are
/// unequal, and empty ones are left out.
///
/// # References
///
/// DeGroot & Fienberg 1983, The Statistician 32:12–22; bins of equal size as in Nguyen & O'Connor
/// 2015, EMNLP.
pub fn reliability(scored: &Scored, weights: &[f64]) -> Vec<ReliabilityBin> {
    let total: f64 = scored.ranked.iter().map(|&(unit, ..)| weights[unit]).sum();
    let empty =
        ReliabilityBin { sentences: 0, weight: 0.0, mean_probability: 0.0, share_present: 0.0 };
    let mut bins = [empty; RELIABILITY_BINS];
    let mut before = 0.0;
    for run in scored.ranked.chunk_by(|a, b| a.1 == b.1).rev() {
        let weight: f64 = run.iter().map(|&(unit, ..)| weights[unit]).sum();
        if weight <= 0.0 {
            continue;
        }
        let middle = (before + 0.5 * weight) / total;
        let bin =
            &mut bins[((middle * RELIABILITY_BINS as f64) as usize).min(RELIABILITY_BINS - 1)];
        bin.sentences += run.len();
        bin.weight += weight;
        bin.mean_probability += weight * run[0].1;
        bin.share_present +=
            run.iter().filter(|&&(.., gold)| gold).map(|&(unit, ..)| weights[unit]).sum::<f64>();
        before += weight;
    }
    let mut bins: Vec<_> = bins.into_iter().filter(|bin| bin.weight > 0.0).collect();
    for bin in &mut bins {
        bin.mean_probability /= bin.weight;
        bin.share_present /= bin.weight;
    }
    bins
}

/// The expected calibration error: the mean, by weight, of `|mean probability − share present|`
/// over the bins of [`reliability`].
///
/// # Degenerate cases
///
/// Undefined without a sentence.
///
/// # References
///
/// Naeini, Cooper & Hauskrecht 2015, AAAI.
pub fn calibration_error(scored: &Scored, weights: &[f64]) -> Value {
    let bins = reliability(scored, weights);
    let gap = |bin: &ReliabilityBin| bin.weight * (bin.mean_probability - bin.share_present).abs();
    let total = bins.iter().map(|bin| bin.weight).sum();
    ratio(bins.iter().map(gap).sum(), total, Undefined::NoOverlap)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_those_of_scikit_learn() {
        // average_precision_score, roc_auc_score and brier_score_loss of scikit-learn 1.7.2.
        let gold = [false, false, true, true, false, true];
        let scored = Scored::new(&[0.1, 0.4, 0.35, 0.8, 0.4, 0.9], &gold);
        let weights = [1.0; 6];
        assert!(
            (average_precision(&scored, &weights).unwrap() - 0.866_666_666_666_666_6).abs() < 1e-12
        );
        assert!((roc_auc(&scored, &weights).unwrap() - 0.777_777_777_777_777_8).abs() < 1e-12);
        assert!((brier(&scored, &weights).unwrap() - 0.133_75).abs() < 1e-12);
    }

    #[test]
    fn zero_divisions_are_undefined() {
        let weights = [1.0; 2];
        let none = Confusion::count(&[false, false], &[false, false], &weights);
        assert_eq!(none.precision(), Err(Undefined::NothingPredicted));
        assert_eq!(none.recall(), Err(Undefined::NoPositives));
        assert_eq!(none.f1(), Err(Undefined::NoPositives));
        let missed = Confusion::count(&[true, false], &[false, false], &weights);
        assert_eq!(missed.f1(), Ok(0.0));
        let scored = Scored::new(&[0.5, 0.5], &[true, true]);
        assert_eq!(roc_auc(&scored, &weights), Err(Undefined::NoNegatives));
        assert_eq!(average_precision(&scored, &weights), Ok(1.0));
    }

    #[test]
    fn a_calibrated_forecast_has_no_calibration_error() {
        let probabilities: Vec<f64> = (0..100).map(|i| if i < 50 { 0.2 } else { 0.8 }).collect();
        let gold: Vec<bool> = (0..100).map(|i| (i % 5 == 0) == (i < 50)).collect();
        let scored = Scored::new(&probabilities, &gold);
        assert!(calibration_error(&scored, &[1.0; 100]).unwrap() < 1e-12);
        let worse = Scored::new(&[0.5; 100], &[true; 100]);
        assert!((calibration_error(&worse, &[1.0; 100]).unwrap() - 0.5).abs() < 1e-12);
    }
    #[test]
    fn alpha_of_two_coders_is_that_of_any_number() {
        use super::super::{CodeTable, krippendorff_alpha};
        let gold: Vec<bool> = (0..40).map(|i| i % 3 == 0).collect();
        let predicted: Vec<bool> = (0..40).map(|i| i % 4 == 0).collect();
        let pair = |(&a, &b): (&bool, &bool)| vec![Some(usize::from(a)), Some(usize::from(b))];
        let units = gold.iter().zip(&predicted).map(pair).collect();
        let table = CodeTable { coders: 2, values: 2, units };
        let expected = krippendorff_alpha(&table, &table.unweighted()).unwrap();
        let counts = Confusion::count(&gold, &predicted, &[1.0; 40]);
        assert!((counts.alpha().unwrap() - expected).abs() < 1e-12);
        let same = Confusion::count(&[true], &[true], &[1.0]);
        assert_eq!(same.alpha(), Err(Undefined::NoVariation));
    }

    #[test]
    fn reliability_does_not_depend_on_the_order_of_equals() {
        let probabilities: Vec<f64> = (0..60).map(|i| f64::from(i / 12) / 5.0).collect();
        let gold: Vec<bool> = (0..60).map(|i| i % 7 < 3).collect();
        let turned: (Vec<f64>, Vec<bool>) =
            (probabilities.iter().rev().copied().collect(), gold.iter().rev().copied().collect());
        let bins = reliability(&Scored::new(&probabilities, &gold), &[1.0; 60]);
        assert_eq!(bins, reliability(&Scored::new(&turned.0, &turned.1), &[1.0; 60]));
        assert_eq!(bins.len(), 5);
        assert_eq!(bins.iter().map(|bin| bin.sentences).sum::<usize>(), 60);
    }
}
