//! Scores of predictions against gold labels. Every function takes how often each sentence
//! counts, so that the bootstrap needs no copies.

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
}

impl Confusion {
    /// Counts over all sentences.
    pub fn count(gold: &[bool], predicted: &[bool], weights: &[u32]) -> Self {
        let mut counts = Confusion::default();
        for ((&gold, &predicted), &weight) in gold.iter().zip(predicted).zip(weights) {
            let weight = f64::from(weight);
            match (gold, predicted) {
                (true, true) => counts.true_positive += weight,
                (false, true) => counts.false_positive += weight,
                (true, false) => counts.false_negative += weight,
                (false, false) => {}
            }
        }
        counts
    }

    /// `TP / (TP + FP)`; undefined where nothing was predicted.
    pub fn precision(&self) -> Value {
        let predicted = self.true_positive + self.false_positive;
        match predicted > 0.0 {
            true => Ok(self.true_positive / predicted),
            false => Err(Undefined::NothingPredicted),
        }
    }

    /// `TP / (TP + FN)`; undefined where nothing is present.
    pub fn recall(&self) -> Value {
        let present = self.true_positive + self.false_negative;
        match present > 0.0 {
            true => Ok(self.true_positive / present),
            false => Err(Undefined::NoPositives),
        }
    }

    /// `2TP / (2TP + FP + FN)`; undefined where nothing is present and nothing was predicted.
    pub fn f1(&self) -> Value {
        f1(self.true_positive, self.false_positive, self.false_negative)
    }
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
    fn steps<'a>(&'a self, weights: &'a [u32]) -> impl Iterator<Item = (f64, f64)> + 'a {
        self.ranked.chunk_by(|a, b| a.1 == b.1).map(|run| {
            run.iter().fold((0.0, 0.0), |(positive, negative), &(unit, _, gold)| {
                let weight = f64::from(weights[unit]);
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
pub fn average_precision(scored: &Scored, weights: &[u32]) -> Value {
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
pub fn roc_auc(scored: &Scored, weights: &[u32]) -> Value {
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
pub fn brier(scored: &Scored, weights: &[u32]) -> Value {
    let (mut sum, mut n) = (0.0, 0.0);
    for &(unit, probability, gold) in &scored.ranked {
        let weight = f64::from(weights[unit]);
        sum += weight * (probability - f64::from(gold)).powi(2);
        n += weight;
    }
    if n > 0.0 { Ok(sum / n) } else { Err(Undefined::NoOverlap) }
}

/// The expected calibration error: sentences in ten bins of equal size by probability, the mean
/// of `|mean probability − share present|` over the bins.
///
/// # References
///
/// Naeini, Cooper & Hauskrecht 2015, AAAI; bins of equal size as in Nguyen & O'Connor 2015, EMNLP.
pub fn calibration_error(scored: &Scored, weights: &[u32]) -> Value {
    const BINS: f64 = 10.0;
    let weight = |unit: usize| f64::from(weights[unit]);
    let n: f64 = scored.ranked.iter().map(|&(unit, ..)| weight(unit)).sum();
    if n == 0.0 {
        return Err(Undefined::NoOverlap);
    }
    let mut gaps = [0.0; BINS as usize];
    let mut before = 0.0;
    for &(unit, probability, gold) in &scored.ranked {
        // A sentence lies in the bin of its middle.
        let bin = ((before + 0.5 * weight(unit)) * BINS / n) as usize;
        gaps[bin.min(gaps.len() - 1)] += weight(unit) * (probability - f64::from(gold));
        before += weight(unit);
    }
    Ok(gaps.iter().map(|gap| gap.abs()).sum::<f64>() / n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_those_of_scikit_learn() {
        // average_precision_score, roc_auc_score and brier_score_loss of scikit-learn 1.7.2.
        let gold = [false, false, true, true, false, true];
        let scored = Scored::new(&[0.1, 0.4, 0.35, 0.8, 0.4, 0.9], &gold);
        let weights = [1; 6];
        assert!(
            (average_precision(&scored, &weights).unwrap() - 0.866_666_666_666_666_6).abs() < 1e-12
        );
        assert!((roc_auc(&scored, &weights).unwrap() - 0.777_777_777_777_777_8).abs() < 1e-12);
        assert!((brier(&scored, &weights).unwrap() - 0.133_75).abs() < 1e-12);
    }

    #[test]
    fn zero_divisions_are_undefined() {
        let weights = [1; 2];
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
        assert!(calibration_error(&scored, &[1; 100]).unwrap() < 1e-12);
        let worse = Scored::new(&[0.5; 100], &[true; 100]);
        assert!((calibration_error(&worse, &[1; 100]).unwrap() - 0.5).abs() < 1e-12);
    }
}
