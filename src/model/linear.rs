//! Several linear outputs over the same columns.

use crate::storage::Tensor;

/// One linear output: a weight a column, and an intercept.
#[derive(Debug, Clone)]
pub(super) struct Output {
    pub(super) weights: Vec<f64>,
    pub(super) intercept: f64,
}

/// Weights and intercepts of several outputs. The weights of one column stand side by side.
#[derive(Debug, Clone)]
pub(crate) struct Linear {
    /// `columns × outputs`.
    pub(super) weights: Tensor<f32>,
    pub(super) intercepts: Tensor<f64>,
}

impl Linear {
    /// Puts outputs side by side.
    pub(super) fn from_outputs(columns: usize, outputs: &[Output]) -> Self {
        let mut weights = vec![0.0; columns * outputs.len()];
        for (index, output) in outputs.iter().enumerate() {
            for (column, &value) in output.weights.iter().enumerate() {
                weights[column * outputs.len() + index] = value as f32;
            }
        }
        let intercepts: Vec<f64> = outputs.iter().map(|output| output.intercept).collect();
        Linear { weights: weights.into(), intercepts: intercepts.into() }
    }

    /// Whether the arrays fit `columns` and each other.
    pub(super) fn fits(&self, columns: usize, outputs: usize) -> bool {
        self.intercepts.len() == outputs && Some(self.weights.len()) == columns.checked_mul(outputs)
    }

    /// Whether they hold numbers only.
    pub(super) fn is_finite(&self) -> bool {
        // Without an early end, eight at once.
        let finite = |all, weight: &f32| all & weight.is_finite();
        self.weights.iter().fold(true, finite) && self.intercepts.iter().all(|b| b.is_finite())
    }

    pub(super) fn outputs(&self) -> usize {
        self.intercepts.len()
    }

    /// The weight of a column for an output.
    pub(super) fn weight(&self, column: usize, output: usize) -> f64 {
        f64::from(self.weights[column * self.outputs() + output])
    }

    /// `W x + b` for one row.
    pub(super) fn scores(&self, row: impl IntoIterator<Item = (u32, f32)>) -> Vec<f64> {
        let outputs = self.outputs();
        let mut scores = self.intercepts.to_vec();
        for (column, value) in row {
            let weights = &self.weights[column as usize * outputs..][..outputs];
            for (score, &weight) in scores.iter_mut().zip(weights) {
                *score += f64::from(value) * f64::from(weight);
            }
        }
        scores
    }
}
