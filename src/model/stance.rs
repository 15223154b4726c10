//! Stance towards a frame, given that the frame is present.

use linfa::ParamGuard;
use serde::{Deserialize, Serialize};

use super::linear::{Linear, Output};
use super::logistic::{FitReport, LogisticParams, LogisticValidParams};
use super::objective::softmax;
use crate::error::Result;
use crate::features::SparseMatrix;

/// How stance knows its frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StanceKind {
    /// A model for each frame, from that frame's sentences.
    PerFrame,
    /// One model over all frames, with every feature once shared and once for the frame alone.
    ///
    /// Daumé III 2007, Frustratingly easy domain adaptation, ACL.
    Crossed,
}

/// How stance is fitted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StanceSetting {
    /// How it knows its frame.
    pub kind: StanceKind,
    /// The weight of the loss against the penalty.
    pub c: f64,
}

impl StanceKind {
    /// Both.
    pub(super) const ALL: [StanceKind; 2] = [StanceKind::PerFrame, StanceKind::Crossed];

    /// In words.
    pub fn describe(self) -> &'static str {
        match self {
            StanceKind::PerFrame => "a model for each frame",
            StanceKind::Crossed => "one model, features crossed with the frame",
        }
    }
}

/// The log-odds of a stance that no training sentence takes: a probability of about 1e-13.
const NEVER: f64 = -30.0;

/// A sentence with a frame: its row, the frame, and the stance towards it.
#[derive(Debug, Clone, Copy)]
pub(super) struct StanceExample {
    pub(super) row: usize,
    pub(super) frame: usize,
    pub(super) stance: usize,
}

/// Linear outputs frame by frame: for frame `f` and stance `s`, output `f · stances + s`.
#[derive(Debug, Clone)]
pub(crate) struct StanceModel {
    pub(super) linear: Linear,
    pub(super) stances: usize,
}

impl StanceModel {
    /// Fits on sentences whose frame and stance are known. `frames` and `stances` are how many
    /// there are. A stance that no example takes is never given.
    pub(super) fn fit(
        setting: StanceSetting,
        rows: &SparseMatrix,
        examples: &[StanceExample],
        frames: usize,
        stances: usize,
        tolerance: f64,
    ) -> Result<(Self, Vec<FitReport>)> {
        let params = LogisticParams::default().c(setting.c).tolerance(tolerance).check()?;
        let never = Output { weights: vec![0.0; rows.columns()], intercept: NEVER };
        let mut outputs = vec![never; frames * stances];
        let mut reports = Vec::new();
        match setting.kind {
            StanceKind::PerFrame => {
                for frame in 0..frames {
                    let own: Vec<StanceExample> =
                        examples.iter().copied().filter(|example| example.frame == frame).collect();
                    let selected: Vec<usize> = own.iter().map(|example| example.row).collect();
                    let own_rows = rows.select(&selected);
                    let fitted = fit_seen(&params, &own_rows, &own, stances, &mut reports)?;
                    for (stance, output) in fitted {
                        outputs[frame * stances + stance] = output;
                    }
                }
            }
            StanceKind::Crossed => {
                let crossed = cross(rows, examples, frames);
                let fitted = fit_seen(&params, &crossed, examples, stances, &mut reports)?;
                let columns = rows.columns();
                for (stance, Output { weights, intercept }) in fitted {
                    for frame in 0..frames {
                        // Shared and own weights act together, so that they can be added up.
                        let own = &weights[columns * (1 + frame)..][..columns];
                        let own_intercept = weights[columns * (1 + frames) + frame];
                        outputs[frame * stances + stance] = Output {
                            weights: weights.iter().zip(own).map(|(a, b)| a + b).collect(),
                            intercept: intercept + own_intercept,
                        };
                    }
                }
            }
        }
        let linear = Linear::from_outputs(rows.columns(), &outputs);
        Ok((StanceModel { linear, stances }, reports))
    }

    /// The probabilities of all stances towards each frame, frames × stances.
    pub(super) fn probabilities(&self, row: &[(u32, f32)]) -> Vec<f64> {
        let mut scores = self.linear.scores(row);
        for frame in scores.chunks_exact_mut(self.stances) {
            softmax(frame);
        }
        scores
    }
}

/// Fits the stances that occur; weights by column for each.
fn fit_seen(
    params: &LogisticValidParams,
    rows: &SparseMatrix,
    examples: &[StanceExample],
    stances: usize,
    reports: &mut Vec<FitReport>,
) -> Result<Vec<(usize, Output)>> {
    let seen: Vec<usize> =
        (0..stances).filter(|&s| examples.iter().any(|example| example.stance == s)).collect();
    if seen.len() < 2 {
        let certain = Output { weights: vec![0.0; rows.columns()], intercept: 0.0 };
        return Ok(seen.into_iter().map(|stance| (stance, certain.clone())).collect());
    }
    let class: Vec<usize> = examples
        .iter()
        .filter_map(|example| seen.iter().position(|&stance| stance == example.stance))
        .collect();
    // Most columns stand in no example; their weights are 0 without being fitted.
    let (compact, columns) = rows.compact();
    let model = params.fit_softmax(&compact, seen.len(), &class, None)?;
    reports.push(model.report().clone());
    let output = |(index, &stance): (usize, &usize)| {
        let mut weights = vec![0.0; rows.columns()];
        for (&column, &weight) in columns.iter().zip(model.weights().column(index)) {
            weights[column as usize] = weight;
        }
        (stance, Output { weights, intercept: model.intercepts()[index] })
    };
    Ok(seen.iter().enumerate().map(output).collect())
}

/// One row an example: its features, the same again in the columns of its frame, and a column
/// that says which frame it is.
fn cross(rows: &SparseMatrix, examples: &[StanceExample], frames: usize) -> SparseMatrix {
    let columns = rows.columns();
    let mut crossed = SparseMatrix::new(columns * (1 + frames) + frames);
    for example in examples {
        let row = rows.row(example.row);
        let shared = row.indices.iter().zip(row.values).map(|(&column, &value)| (column, value));
        let shift = (columns * (1 + example.frame)) as u32;
        let own = shared.clone().map(|(column, value)| (column + shift, value));
        let frame = ((columns * (1 + frames) + example.frame) as u32, 1.0);
        crossed.push_row(shared.chain(own).chain([frame]));
    }
    crossed
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Column 0 means stance 0 towards frame 0 but stance 1 towards frame 1.
    fn problem() -> (SparseMatrix, Vec<StanceExample>) {
        let mut rows = SparseMatrix::new(3);
        let mut examples = Vec::new();
        for row in 0..40 {
            let (frame, column) = (row % 2, (row / 2) % 2);
            rows.push_row([(column as u32, 1.0), (2, 0.1)]);
            examples.push(StanceExample { row, frame, stance: (frame + column) % 2 });
        }
        (rows, examples)
    }

    #[test]
    fn both_kinds_tell_the_frames_apart() {
        let (rows, examples) = problem();
        for kind in [StanceKind::PerFrame, StanceKind::Crossed] {
            let setting = StanceSetting { kind, c: 10.0 };
            let (model, reports) = StanceModel::fit(setting, &rows, &examples, 2, 3, 1e-6).unwrap();
            assert!(reports.iter().all(|report| report.converged));
            let p = model.probabilities(&[(0, 1.0), (2, 0.1)]);
            assert!(p[0] > 0.8 && p[3 + 1] > 0.8, "{kind:?}: {p:?}");
            assert!(p[2] < 1e-9, "a stance without examples is never given");
            assert!((p[..3].iter().sum::<f64>() - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn a_frame_with_one_stance_always_takes_it() {
        let (rows, mut examples) = problem();
        examples.retain(|example| example.frame == 0 || example.stance == 0);
        let setting = StanceSetting { kind: StanceKind::PerFrame, c: 1.0 };
        let (model, _) = StanceModel::fit(setting, &rows, &examples, 2, 2, 1e-6).unwrap();
        assert!(model.probabilities(&[(1, 1.0)])[2] > 1.0 - 1e-9);
    }
}
