//! Fitted logistic regressions, and how their fits ended.

use std::fmt;

use linfa::traits::PredictInplace;
use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};

use super::logistic::Solver;
use super::objective::{logistic, softmax};
use crate::features::SparseMatrix;

/// How a fit ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FitReport {
    /// Which optimiser fitted.
    pub solver: Solver,
    /// Steps taken; not known of the linfa solver, which does not tell.
    pub iterations: Option<usize>,
    /// The objective at the end.
    pub objective: f64,
    /// The gradient's norm at the end, as a share of its norm at zero.
    pub gradient_norm: f64,
    /// Whether that is at most the tolerance asked for.
    pub converged: bool,
}

impl fmt::Display for FitReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(iterations) = self.iterations {
            write!(f, "{iterations} iterations, ")?;
        }
        write!(
            f,
            "objective {:.4}, gradient {:.1e} of its start",
            self.objective, self.gradient_norm
        )?;
        match self.converged {
            true => Ok(()),
            false => write!(f, ", NOT converged"),
        }
    }
}

/// A fitted logistic regression with two classes.
#[derive(Debug, Clone)]
pub struct Logistic {
    pub(super) weights: Array1<f64>,
    pub(super) intercept: f64,
    pub(super) report: FitReport,
}

impl Logistic {
    /// One weight a column.
    pub fn weights(&self) -> &Array1<f64> {
        &self.weights
    }

    /// The log-odds of an empty row.
    pub fn intercept(&self) -> f64 {
        self.intercept
    }

    /// How the fit ended.
    pub fn report(&self) -> &FitReport {
        &self.report
    }

    /// `w·x + b` for every row: the log-odds of the positive class.
    pub fn scores(&self, rows: &SparseMatrix) -> Array1<f64> {
        let weights = self.weights.as_slice().unwrap_or_default();
        rows.iter().map(|row| row.dot(weights) + self.intercept).collect()
    }

    /// The probability of the positive class for every row.
    pub fn probabilities(&self, rows: &SparseMatrix) -> Array1<f64> {
        self.scores(rows).mapv(logistic)
    }

    /// Weights and intercept, to start another fit from.
    pub(super) fn variables(&self) -> Vec<f64> {
        self.weights.iter().copied().chain([self.intercept]).collect()
    }
}

/// A fitted logistic regression with several classes.
#[derive(Debug, Clone)]
pub struct Softmaxed {
    pub(super) weights: Array2<f64>,
    pub(super) intercepts: Array1<f64>,
    pub(super) report: FitReport,
}

impl Softmaxed {
    /// Weights and intercepts, to start another fit from.
    pub(super) fn variables(&self) -> Vec<f64> {
        self.weights.iter().chain(&self.intercepts).copied().collect()
    }

    /// `columns × classes` weights.
    pub fn weights(&self) -> &Array2<f64> {
        &self.weights
    }

    /// One intercept a class.
    pub fn intercepts(&self) -> &Array1<f64> {
        &self.intercepts
    }

    /// How the fit ended.
    pub fn report(&self) -> &FitReport {
        &self.report
    }

    /// `W x + b`, rows × classes.
    pub fn scores(&self, rows: &SparseMatrix) -> Array2<f64> {
        let mut scores = Array2::zeros((rows.rows(), self.intercepts.len()));
        for (row, mut scores) in rows.iter().zip(scores.rows_mut()) {
            scores.assign(&self.intercepts);
            for (&column, &value) in row.indices.iter().zip(row.values) {
                scores.scaled_add(f64::from(value), &self.weights.row(column as usize));
            }
        }
        scores
    }

    /// Probabilities, rows × classes; every row sums to 1.
    pub fn probabilities(&self, rows: &SparseMatrix) -> Array2<f64> {
        let mut scores = self.scores(rows);
        for mut row in scores.rows_mut() {
            if let Some(row) = row.as_slice_mut() {
                softmax(row);
            }
        }
        scores
    }
}

impl PredictInplace<SparseMatrix, Array1<bool>> for Logistic {
    fn predict_inplace(&self, rows: &SparseMatrix, positive: &mut Array1<bool>) {
        positive.assign(&self.scores(rows).mapv(|score| score >= 0.0));
    }

    fn default_target(&self, rows: &SparseMatrix) -> Array1<bool> {
        Array1::default(rows.rows())
    }
}

impl PredictInplace<SparseMatrix, Array1<usize>> for Softmaxed {
    fn predict_inplace(&self, rows: &SparseMatrix, class: &mut Array1<usize>) {
        for (scores, class) in self.scores(rows).rows().into_iter().zip(class) {
            *class = largest(scores.iter().copied());
        }
    }

    fn default_target(&self, rows: &SparseMatrix) -> Array1<usize> {
        Array1::default(rows.rows())
    }
}

/// The index of the largest value, the first among equals.
pub(super) fn largest(values: impl IntoIterator<Item = f64>) -> usize {
    let mut best = (0, f64::NEG_INFINITY);
    for (index, value) in values.into_iter().enumerate() {
        if value > best.1 {
            best = (index, value);
        }
    }
    best.0
}
