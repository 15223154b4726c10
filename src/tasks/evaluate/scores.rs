//! Scores of predictions against gold labels, all with intervals.

use serde::Serialize;

use super::predictions::Predictions;
use crate::data::{Codebook, LabelSet};
use crate::stats::{
    Bootstrap, Clusters, Confusion, Measure, ReliabilityBin, Scored, Undefined, Value,
    average_precision, brier, calibration_error, f1, reliability, roc_auc,
};

/// What predictions are scored against.
#[derive(Debug, Clone, Copy)]
pub struct Truth<'a> {
    /// The frames and stances.
    pub codebook: &'a Codebook,
    /// The labels of every sentence.
    pub labels: &'a [&'a LabelSet],
    /// The document of every sentence; intervals resample documents.
    pub clusters: &'a Clusters,
    /// How much every sentence counts, 1 on average.
    pub weights: &'a [f64],
}

impl Truth<'_> {
    /// What every sentence counts in a replicate that draws it so many times.
    pub(super) fn drawn(&self, draws: &[u32]) -> Vec<f64> {
        self.weights.iter().zip(draws).map(|(weight, &draws)| weight * f64::from(draws)).collect()
    }
}

/// Scores of a frame.
#[derive(Debug, Clone, Serialize)]
pub struct FrameScores {
    /// The frame.
    pub label: String,
    /// Share of the predicted that are present.
    pub precision: Measure,
    /// Share of the present that are predicted.
    pub recall: Measure,
    /// Harmonic mean of the two.
    pub f1: Measure,
    /// Mean precision along the ranking.
    pub average_precision: Measure,
    /// Chance that a sentence with the frame is ranked above one without.
    pub roc_auc: Measure,
    /// Mean squared error of the probabilities.
    pub brier: Measure,
    /// Expected calibration error over ten bins of equal size.
    pub ece: Measure,
    /// Share of the absent that are predicted.
    pub false_positive_rate: Measure,
    /// Share of the present that are not predicted.
    pub miss_rate: Measure,
    /// Agreement of predictions and gold, as if the model were a coder.
    pub krippendorff_alpha: Measure,
    /// Agreement of the human coders of the same sentences, where there are several; every sentence
    /// counts 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coder_alpha: Option<Measure>,
    /// Sentences with the frame in the gold standard.
    pub support: usize,
    /// Sentences predicted to carry it.
    pub predicted: usize,
    /// Probabilities beside shares; empty without probabilities.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reliability: Vec<ReliabilityBin>,
}

/// A score over all frames.
#[derive(Debug, Clone, Serialize)]
pub struct Average {
    /// The F1.
    pub f1: Measure,
}

/// Scores of stance, given the frame.
#[derive(Debug, Clone, Serialize)]
pub struct StanceScores {
    /// Share of right stances.
    pub accuracy: Measure,
    /// Mean F1 over the stances that occur.
    pub macro_f1: Measure,
    /// The stances, in the order of the confusion matrix.
    pub labels: Vec<String>,
    /// Rows: true stance; columns: predicted. Counts, not weighted.
    pub confusion: Vec<Vec<usize>>,
    /// Coded stances scored.
    pub support: usize,
}

/// All scores of an evaluation.
#[derive(Debug, Clone, Serialize)]
pub struct Evaluation {
    /// Sentences scored.
    pub sentences: usize,
    /// Documents they stand in; intervals resample these.
    pub documents: usize,
    /// Replicates behind the intervals.
    pub replicates: usize,
    /// Whether sentences count by the inverse of their inclusion probability.
    pub weighted: bool,
    /// By frame.
    pub frames: Vec<FrameScores>,
    /// Mean over frames; a frame without F1 counts 0.
    #[serde(rename = "macro")]
    pub macro_average: Average,
    /// Over all decisions together.
    #[serde(rename = "micro")]
    pub micro_average: Average,
    /// Share of sentences of which every frame is right.
    pub subset_accuracy: Measure,
    /// Share of all decisions, one a sentence and frame, that are wrong.
    pub hamming_loss: Measure,
    /// Stance given frame, where it was coded.
    pub stance: Option<StanceScores>,
}

impl Evaluation {
    /// Scores predictions against gold labels, with intervals by bootstrap over clusters.
    pub fn score(truth: &Truth<'_>, predictions: &Predictions, bootstrap: &Bootstrap) -> Self {
        let columns: Vec<FrameColumn> = (0..truth.codebook.frames.len())
            .map(|frame| FrameColumn::new(frame, truth, predictions))
            .collect();
        let frames = truth
            .codebook
            .frames
            .iter()
            .zip(&columns)
            .map(|(frame, column)| column.scores(&frame.name, truth, bootstrap))
            .collect();
        let is_right = |row: usize| columns.iter().all(|column| column.is_right(row));
        let right: Vec<f64> = (0..truth.labels.len()).map(|row| f64::from(is_right(row))).collect();
        let overall = bootstrap.measures(truth.clusters, |draws| {
            let weights = truth.drawn(draws);
            let counts: Vec<Confusion> = columns.iter().map(|c| c.confusion(&weights)).collect();
            let right = weights.iter().zip(&right).map(|(weight, right)| weight * right).sum();
            overall(&counts, right).to_vec()
        });
        Evaluation {
            sentences: truth.labels.len(),
            documents: truth.clusters.count(),
            replicates: bootstrap.replicates,
            weighted: truth.weights.iter().any(|&weight| weight != 1.0),
            frames,
            macro_average: Average { f1: overall[0] },
            micro_average: Average { f1: overall[1] },
            subset_accuracy: overall[2],
            hamming_loss: overall[3],
            stance: StanceScores::score(truth, predictions, bootstrap),
        }
    }

    /// The main figures, for the model file: values rounded to four decimals, so that they do not
    /// depend on the last bits of anyone's arithmetic.
    pub(crate) fn summary(&self) -> serde_json::Value {
        let round = |measure: &Measure| {
            let value = measure.value.ok().map(|value| (value * 1e4).round() / 1e4);
            serde_json::json!(value)
        };
        let frames: serde_json::Map<String, serde_json::Value> = self
            .frames
            .iter()
            .map(|frame| {
                let scores = serde_json::json!({
                    "f1": round(&frame.f1),
                    "average_precision": round(&frame.average_precision),
                    "support": frame.support,
                });
                (frame.label.clone(), scores)
            })
            .collect();
        serde_json::json!({
            "frames": frames,
            "macro_f1": round(&self.macro_average.f1),
            "micro_f1": round(&self.micro_average.f1),
            "stance_macro_f1": self.stance.as_ref().map(|stance| round(&stance.macro_f1)),
        })
    }
}

/// Macro F1 (a frame without F1 counts 0), micro F1, subset accuracy and Hamming loss, from the counts
/// of every frame and the weight of the sentences of which every frame is right.
pub(super) fn overall(counts: &[Confusion], right: f64) -> [Value; 4] {
    let mut all = Confusion::default();
    counts.iter().for_each(|counts| all.add(counts, 1.0));
    let f1s: f64 = counts.iter().map(|counts| counts.f1().unwrap_or(0.0)).sum();
    let sentences = counts.first().map_or(0.0, Confusion::total);
    [
        Ok(f1s / counts.len() as f64),
        f1(all.true_positive, all.false_positive, all.false_negative),
        if sentences > 0.0 { Ok(right / sentences) } else { Err(Undefined::NoOverlap) },
        all.error_rate(),
    ]
}

/// One frame's column of the label matrix, gold and predicted.
pub(super) struct FrameColumn {
    pub(super) gold: Vec<bool>,
    pub(super) predicted: Vec<bool>,
    pub(super) scored: Option<Scored>,
}

impl FrameColumn {
    pub(super) fn new(frame: usize, truth: &Truth<'_>, predictions: &Predictions) -> Self {
        let gold: Vec<bool> = truth.labels.iter().map(|labels| labels.contains(frame)).collect();
        let predicted: Vec<bool> =
            predictions.labels.iter().map(|labels| labels.contains(frame)).collect();
        let scored = predictions.probabilities.as_ref().map(|probabilities| {
            let of_frame: Vec<f64> = probabilities.iter().map(|row| row[frame]).collect();
            Scored::new(&of_frame, &gold)
        });
        FrameColumn { gold, predicted, scored }
    }

    fn confusion(&self, weights: &[f64]) -> Confusion {
        Confusion::count(&self.gold, &self.predicted, weights)
    }

    /// Counts, by weight, of every cluster.
    pub(super) fn by_cluster(&self, truth: &Truth<'_>) -> Vec<Confusion> {
        let mut counts = vec![Confusion::default(); truth.clusters.count()];
        for (row, &cluster) in truth.clusters.of_unit().iter().enumerate() {
            let row = row..=row;
            let (gold, predicted) = (&self.gold[row.clone()], &self.predicted[row.clone()]);
            let of_row = Confusion::count(gold, predicted, &truth.weights[row]);
            counts[cluster].add(&of_row, 1.0);
        }
        counts
    }

    pub(super) fn is_right(&self, row: usize) -> bool {
        self.gold[row] == self.predicted[row]
    }

    fn scores(&self, label: &str, truth: &Truth<'_>, bootstrap: &Bootstrap) -> FrameScores {
        let measures = bootstrap.measures(truth.clusters, |draws| {
            let weights = truth.drawn(draws);
            let counts = self.confusion(&weights);
            let ranked = |score: fn(&Scored, &[f64]) -> Value| match &self.scored {
                Some(scored) => score(scored, &weights),
                None => Err(Undefined::NoProbabilities),
            };
            vec![
                counts.precision(),
                counts.recall(),
                counts.f1(),
                ranked(average_precision),
                ranked(roc_auc),
                ranked(brier),
                ranked(calibration_error),
                counts.false_positive_rate(),
                counts.miss_rate(),
                counts.alpha(),
            ]
        });
        let count = |flags: &[bool]| flags.iter().filter(|&&flag| flag).count();
        FrameScores {
            label: label.to_owned(),
            precision: measures[0],
            recall: measures[1],
            f1: measures[2],
            average_precision: measures[3],
            roc_auc: measures[4],
            brier: measures[5],
            ece: measures[6],
            false_positive_rate: measures[7],
            miss_rate: measures[8],
            krippendorff_alpha: measures[9],
            coder_alpha: None,
            support: count(&self.gold),
            predicted: count(&self.predicted),
            reliability: self
                .scored
                .as_ref()
                .map_or_else(Vec::new, |scored| reliability(scored, truth.weights)),
        }
    }
}

impl StanceScores {
    fn score(truth: &Truth<'_>, predictions: &Predictions, bootstrap: &Bootstrap) -> Option<Self> {
        let pairs = &predictions.stances;
        let coded =
            truth.labels.iter().any(|labels| labels.iter().any(|label| label.stance.is_some()));
        if !coded || pairs.is_empty() {
            return None;
        }
        let stances = truth.codebook.stances.len();
        let matrix = |weights: &[f64]| {
            let mut matrix = vec![vec![0.0; stances]; stances];
            for &(row, _, truth, said) in pairs {
                matrix[truth][said] += weights[row];
            }
            matrix
        };
        let measures = bootstrap
            .measures(truth.clusters, |draws| stance_values(&matrix(&truth.drawn(draws))).to_vec());
        let whole = |row: Vec<f64>| row.into_iter().map(|count| count as usize).collect();
        Some(StanceScores {
            accuracy: measures[0],
            macro_f1: measures[1],
            labels: truth.codebook.stance_names().into_iter().map(str::to_owned).collect(),
            confusion: matrix(&vec![1.0; truth.labels.len()]).into_iter().map(whole).collect(),
            support: pairs.len(),
        })
    }
}

/// Accuracy, and the mean F1 over the stances that occur, of a confusion matrix.
fn stance_values(matrix: &[Vec<f64>]) -> [Value; 2] {
    let stances = 0..matrix.len();
    let row_sum = |s: usize| matrix[s].iter().sum::<f64>();
    let column_sum = |s: usize| matrix.iter().map(|row| row[s]).sum::<f64>();
    let total: f64 = stances.clone().map(row_sum).sum();
    if total <= 0.0 {
        return [Err(Undefined::NoStance); 2];
    }
    let f1s: Vec<f64> = stances
        .clone()
        .filter(|&s| row_sum(s) > 0.0)
        .map(|s| 2.0 * matrix[s][s] / (row_sum(s) + column_sum(s)))
        .collect();
    [
        Ok(stances.map(|s| matrix[s][s]).sum::<f64>() / total),
        Ok(f1s.iter().sum::<f64>() / f1s.len() as f64),
    ]
}
