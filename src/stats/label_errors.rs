//! Labels that are likely to be wrong.

use super::measure::Undefined;

/// Fewer sentences with, or without, a frame than this say too little about its probabilities.
pub const FEWEST_EXAMPLES: usize = 10;

/// A label that the model, trained on other documents, contradicts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SuspectLabel {
    /// The sentence.
    pub unit: usize,
    /// Whether the frame was coded as present.
    pub coded: bool,
    /// Out-of-fold probability that it is.
    pub probability: f64,
    /// The mean probability of what was not coded, over the sentences coded so: the probability of
    /// the other answer is as large.
    pub threshold: f64,
    /// Probability of what was coded minus that of the other, from −1 (surely wrong) to 1.
    pub margin: f64,
}

/// Confident learning on a yes-or-no label: with `p_j` the out-of-fold probability of answer `j` and
/// `t_j` its mean over the sentences coded `j`, a label `i` is suspect where the other answer `j`
/// has `p_j ≥ t_j`, unless `p_i ≥ t_i` as well and `p_i ≥ p_j`. So a rare frame, whose probabilities
/// are low throughout, is judged by its own measure. Ranked by the margin `p_i − p_j`, lowest first.
///
/// `probabilities` must come from models that were not trained on the sentence, nor on others of its
/// document.
///
/// # Degenerate cases
///
/// Undefined with fewer than [`FEWEST_EXAMPLES`] sentences coded either way: then the thresholds are
/// those of a handful of sentences.
///
/// # References
///
/// Northcutt, Jiang & Chuang 2021, Journal of Artificial Intelligence Research 70:1373–1411.
pub fn suspects(probabilities: &[f64], coded: &[bool]) -> Result<Vec<SuspectLabel>, Undefined> {
    let answer = |present: bool, probability: f64| match present {
        true => probability,
        false => 1.0 - probability,
    };
    let threshold = |present: bool| {
        let of = probabilities.iter().zip(coded).filter(|&(_, &coded)| coded == present);
        let (sum, n) = of.fold((0.0, 0), |(sum, n), (&p, _)| (sum + answer(present, p), n + 1));
        if n < FEWEST_EXAMPLES { Err(Undefined::TooFewExamples) } else { Ok(sum / n as f64) }
    };
    let (present, absent) = (threshold(true)?, threshold(false)?);
    let mut found = Vec::new();
    for (unit, (&probability, &coded)) in probabilities.iter().zip(coded).enumerate() {
        let (own_threshold, threshold) = if coded { (present, absent) } else { (absent, present) };
        let (own, other) = (answer(coded, probability), answer(!coded, probability));
        let margin = own - other;
        if other >= threshold && (own < own_threshold || other > own) {
            found.push(SuspectLabel { unit, coded, probability, threshold, margin });
        }
    }
    found.sort_by(|a, b| a.margin.total_cmp(&b.margin).then(a.unit.cmp(&b.unit)));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planted_errors_are_found_first() {
        let mut probabilities = vec![0.8; 20];
        probabilities.extend([0.1; 80]);
        let mut coded: Vec<bool> = (0..100).map(|unit| unit < 20).collect();
        coded[50] = true;
        coded[3] = false;
        let found = suspects(&probabilities, &coded).unwrap();
        // Thresholds: (19 × .8 + .1) / 20 = .765 and (79 × .9 + .2) / 80 = .89125.
        let units: Vec<usize> = found.iter().map(|suspect| suspect.unit).collect();
        assert_eq!(units, [50, 3]);
        assert!((found[0].threshold - 0.891_25).abs() < 1e-12);
        assert!((found[1].threshold - 0.765).abs() < 1e-12);
        assert!((found[0].margin + 0.8).abs() < 1e-12);
    }

    #[test]
    fn the_same_labels_are_suspect_in_numpy() {
        let text = include_str!("../../tests/reference/evaluate.json");
        let reference: serde_json::Value = serde_json::from_str(text).unwrap();
        let rows = reference["rows"].as_array().unwrap();
        for (frame, expected) in reference["frames"].as_array().unwrap().iter().enumerate() {
            let label = expected["label"].as_str().unwrap();
            let coded: Vec<bool> =
                rows.iter().map(|row| row[4].as_str().unwrap().contains(label)).collect();
            let probabilities: Vec<f64> =
                rows.iter().map(|row| row[7][frame].as_f64().unwrap()).collect();
            let found = suspects(&probabilities, &coded).unwrap();
            let mut units: Vec<usize> = found.iter().map(|suspect| suspect.unit).collect();
            units.sort_unstable();
            assert_eq!(serde_json::json!(units), expected["suspects"]);
            assert!(found.is_sorted_by(|a, b| a.margin <= b.margin));
        }
    }

    #[test]
    fn few_examples_are_not_judged() {
        let coded: Vec<bool> = (0..30).map(|unit| unit < 9).collect();
        assert_eq!(suspects(&[0.5; 30], &coded), Err(Undefined::TooFewExamples));
    }
}
