//! Where a probability becomes a label.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How the threshold of a frame is found.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum ThresholdRule {
    /// The one with the largest F1 on out-of-fold probabilities.
    #[default]
    Auto,
    /// This one, between 0 and 1.
    Fixed(f64),
}

impl fmt::Display for ThresholdRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ThresholdRule::Auto => f.write_str("auto"),
            ThresholdRule::Fixed(value) => write!(f, "{value}"),
        }
    }
}

impl FromStr for ThresholdRule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "auto" {
            return Ok(ThresholdRule::Auto);
        }
        text.parse()
            .ok()
            .filter(|value| (0.0..=1.0).contains(value))
            .map(ThresholdRule::Fixed)
            .ok_or_else(|| format!("`{text}` is neither `auto` nor a number from 0 to 1"))
    }
}

impl From<ThresholdRule> for String {
    fn from(rule: ThresholdRule) -> Self {
        rule.to_string()
    }
}

impl TryFrom<String> for ThresholdRule {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// The threshold with the largest `F1 = 2TP / (2TP + FP + FN)`, halfway between the probabilities
/// it parts; the highest such threshold among equals. 0.5 where nothing is positive.
///
/// # References
///
/// Lipton, Elkan & Naryanaswamy 2014, Optimal thresholding of classifiers to maximize F1, ECML
/// PKDD (at the optimum of calibrated probabilities, the threshold is half the F1).
pub fn f1_threshold(probabilities: &[f64], positive: &[bool]) -> f64 {
    let positives = positive.iter().filter(|&&p| p).count();
    if positives == 0 {
        return 0.5;
    }
    let mut order: Vec<usize> = (0..probabilities.len()).collect();
    order.sort_by(|&a, &b| probabilities[b].total_cmp(&probabilities[a]));
    let (mut best, mut threshold) = (0.0, 0.5);
    let mut found = 0;
    for (rank, &row) in order.iter().enumerate() {
        found += usize::from(positive[row]);
        let here = probabilities[row];
        let next = order.get(rank + 1).map_or(0.0, |&next| probabilities[next]);
        // 2TP + FP + FN is the number predicted plus the number of positives.
        let f1 = 2.0 * found as f64 / (rank + 1 + positives) as f64;
        if next < here && f1 > best {
            best = f1;
            threshold = 0.5 * (here + next);
        }
    }
    threshold
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threshold_lies_where_f1_peaks() {
        let probabilities = [0.9, 0.8, 0.6, 0.4, 0.2];
        // Predicting three gives TP 2, FP 1, FN 1: F1 2/3; four gives TP 3: 6/7.
        let threshold = f1_threshold(&probabilities, &[true, false, true, true, false]);
        assert!((threshold - 0.3).abs() < 1e-12);
        assert_eq!(f1_threshold(&[0.3, 0.3], &[true, false]), 0.15);
        assert_eq!(f1_threshold(&[0.3], &[false]), 0.5);
    }
}
