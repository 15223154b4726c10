//! What logistic regression minimises, on sparse rows.

use crate::features::SparseMatrix;

/// A twice differentiable function of many variables.
///
/// A solver calls [`Objective::value`] at a point, then [`Objective::gradient`] at the same point
/// if it goes there; products with the Hessian are at the point of the last gradient.
pub(super) trait Objective {
    /// Number of variables.
    fn dimension(&self) -> usize;
    /// The value at `x`.
    fn value(&mut self, x: &[f64]) -> f64;
    /// The gradient at the `x` that [`Objective::value`] was last called with.
    fn gradient(&mut self, x: &[f64], gradient: &mut [f64]);
    /// The Hessian times `v`.
    fn hessian_product(&self, v: &[f64], product: &mut [f64]);
    /// The diagonal of the Hessian, kept above 0 where all probabilities are 0 or 1.
    fn hessian_diagonal(&self, diagonal: &mut [f64]);
}

/// An intercept has no penalty; where all probabilities are 0 or 1 it has no curvature either, and
/// a diagonal of next to nothing would send steps to infinity. 1 is what the penalty gives a weight.
const LEAST_CURVATURE: f64 = 1.0;

/// `1 / (1 + e^-z)`.
pub(super) fn logistic(z: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-z))
}

/// `ln(1 + e^z)` without overflow.
fn softplus(z: f64) -> f64 {
    z.max(0.0) + libm::log1p(libm::exp(-z.abs()))
}

/// `½‖w‖² + Σ cᵢ ln(1 + e^(−yᵢ(w·xᵢ + b)))`, variables `w` and last the unpenalised `b`.
pub(super) struct Binary<'a> {
    rows: &'a SparseMatrix,
    positive: &'a [bool],
    /// `C` times the weight of the row's class.
    costs: Vec<f64>,
    margins: Vec<f64>,
    /// `cᵢ p (1 − p)` at the point of the last gradient.
    curvature: Vec<f64>,
}

impl<'a> Binary<'a> {
    pub(super) fn new(rows: &'a SparseMatrix, positive: &'a [bool], costs: Vec<f64>) -> Self {
        let n = rows.rows();
        Binary { rows, positive, costs, margins: vec![0.0; n], curvature: vec![0.0; n] }
    }
}

impl Objective for Binary<'_> {
    fn dimension(&self) -> usize {
        self.rows.columns() + 1
    }

    fn value(&mut self, x: &[f64]) -> f64 {
        let (intercept, weights) = split_intercept(x);
        let mut loss = 0.0;
        for (row, margin) in self.rows.iter().zip(&mut self.margins) {
            *margin = row.dot(weights) + intercept;
        }
        for ((&margin, &positive), cost) in self.margins.iter().zip(self.positive).zip(&self.costs)
        {
            loss += cost * softplus(if positive { -margin } else { margin });
        }
        loss + 0.5 * dot(weights, weights)
    }

    fn gradient(&mut self, x: &[f64], gradient: &mut [f64]) {
        let columns = self.rows.columns();
        gradient.copy_from_slice(x);
        gradient[columns] = 0.0;
        for (index, row) in self.rows.iter().enumerate() {
            let probability = logistic(self.margins[index]);
            let cost = self.costs[index];
            self.curvature[index] = cost * probability * (1.0 - probability);
            let residual = cost * (probability - f64::from(self.positive[index]));
            row.add_to(residual, &mut gradient[..columns]);
            gradient[columns] += residual;
        }
    }

    fn hessian_product(&self, v: &[f64], product: &mut [f64]) {
        let (intercept, weights) = split_intercept(v);
        let columns = self.rows.columns();
        product.copy_from_slice(v);
        product[columns] = 0.0;
        for (row, &curvature) in self.rows.iter().zip(&self.curvature) {
            let scaled = curvature * (row.dot(weights) + intercept);
            row.add_to(scaled, &mut product[..columns]);
            product[columns] += scaled;
        }
    }

    fn hessian_diagonal(&self, diagonal: &mut [f64]) {
        let columns = self.rows.columns();
        diagonal.fill(1.0);
        diagonal[columns] = self.curvature.iter().sum::<f64>().max(LEAST_CURVATURE);
        for (row, &curvature) in self.rows.iter().zip(&self.curvature) {
            for (&column, &value) in row.indices.iter().zip(row.values) {
                diagonal[column as usize] += curvature * f64::from(value) * f64::from(value);
            }
        }
    }
}

/// `½‖W‖² + Σ cᵢ (ln Σₖ e^zᵢₖ − zᵢ,yᵢ)` with `zᵢ = W xᵢ + b`. Variables are the `classes` weights
/// of the first column, of the second, …, and last the unpenalised intercepts.
pub(super) struct Softmax<'a> {
    rows: &'a SparseMatrix,
    classes: usize,
    class: &'a [usize],
    costs: Vec<f64>,
    /// Of each row and class: log-odds after `value`, probabilities after `gradient`.
    scores: Vec<f64>,
}

impl<'a> Softmax<'a> {
    pub(super) fn new(
        rows: &'a SparseMatrix,
        classes: usize,
        class: &'a [usize],
        costs: Vec<f64>,
    ) -> Self {
        let scores = vec![0.0; rows.rows() * classes];
        Softmax { rows, classes, class, costs, scores }
    }

    /// `z = W x + b` for one row.
    fn logits(&self, row: usize, x: &[f64], z: &mut [f64]) {
        let k = self.classes;
        z.copy_from_slice(&x[self.rows.columns() * k..]);
        let row = self.rows.row(row);
        for (&column, &value) in row.indices.iter().zip(row.values) {
            let weights = &x[column as usize * k..][..k];
            for (z, weight) in z.iter_mut().zip(weights) {
                *z += f64::from(value) * weight;
            }
        }
    }

    /// Adds the outer product of a row and `residual` to the variables.
    fn add_outer(&self, row: usize, residual: &[f64], sum: &mut [f64]) {
        let k = self.classes;
        let (weights, intercepts) = sum.split_at_mut(self.rows.columns() * k);
        let row = self.rows.row(row);
        for (&column, &value) in row.indices.iter().zip(row.values) {
            let weights = &mut weights[column as usize * k..][..k];
            for (weight, residual) in weights.iter_mut().zip(residual) {
                *weight += f64::from(value) * residual;
            }
        }
        for (intercept, residual) in intercepts.iter_mut().zip(residual) {
            *intercept += residual;
        }
    }
}

/// Turns log-odds into probabilities and returns `ln Σ e^z`.
pub(super) fn softmax(z: &mut [f64]) -> f64 {
    let max = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sum = 0.0;
    for z in z.iter_mut() {
        *z = libm::exp(*z - max);
        sum += *z;
    }
    for z in z.iter_mut() {
        *z /= sum;
    }
    max + libm::log(sum)
}

impl Objective for Softmax<'_> {
    fn dimension(&self) -> usize {
        (self.rows.columns() + 1) * self.classes
    }

    fn value(&mut self, x: &[f64]) -> f64 {
        let k = self.classes;
        let mut loss = 0.0;
        let mut scores = std::mem::take(&mut self.scores);
        let mut z = vec![0.0; k];
        for (row, scores) in scores.chunks_exact_mut(k).enumerate() {
            self.logits(row, x, scores);
            z.copy_from_slice(scores);
            loss += self.costs[row] * (softmax(&mut z) - scores[self.class[row]]);
        }
        self.scores = scores;
        let weights = &x[..self.rows.columns() * k];
        loss + 0.5 * dot(weights, weights)
    }

    fn gradient(&mut self, x: &[f64], gradient: &mut [f64]) {
        let k = self.classes;
        let penalised = self.rows.columns() * k;
        gradient.copy_from_slice(x);
        gradient[penalised..].fill(0.0);
        let mut scores = std::mem::take(&mut self.scores);
        let mut residual = vec![0.0; k];
        for (row, scores) in scores.chunks_exact_mut(k).enumerate() {
            softmax(scores);
            for (residual, score) in residual.iter_mut().zip(scores.iter()) {
                *residual = self.costs[row] * score;
            }
            residual[self.class[row]] -= self.costs[row];
            self.add_outer(row, &residual, gradient);
        }
        self.scores = scores;
    }

    fn hessian_product(&self, v: &[f64], product: &mut [f64]) {
        let k = self.classes;
        product.copy_from_slice(v);
        product[self.rows.columns() * k..].fill(0.0);
        let mut z = vec![0.0; k];
        for (row, probabilities) in self.scores.chunks_exact(k).enumerate() {
            self.logits(row, v, &mut z);
            // (diag(p) − p pᵀ) z
            let mean = dot(probabilities, &z);
            for (z, probability) in z.iter_mut().zip(probabilities) {
                *z = self.costs[row] * probability * (*z - mean);
            }
            self.add_outer(row, &z, product);
        }
    }

    fn hessian_diagonal(&self, diagonal: &mut [f64]) {
        let k = self.classes;
        let (weights, intercepts) = diagonal.split_at_mut(self.rows.columns() * k);
        weights.fill(1.0);
        intercepts.fill(0.0);
        for (index, probabilities) in self.scores.chunks_exact(k).enumerate() {
            for (class, probability) in probabilities.iter().enumerate() {
                let curvature = self.costs[index] * probability * (1.0 - probability);
                intercepts[class] += curvature;
                let row = self.rows.row(index);
                for (&column, &value) in row.indices.iter().zip(row.values) {
                    weights[column as usize * k + class] +=
                        curvature * f64::from(value) * f64::from(value);
                }
            }
        }
        for intercept in intercepts {
            *intercept = intercept.max(LEAST_CURVATURE);
        }
    }
}

fn split_intercept(x: &[f64]) -> (f64, &[f64]) {
    (x[x.len() - 1], &x[..x.len() - 1])
}

/// The inner product.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix() -> SparseMatrix {
        let mut matrix = SparseMatrix::new(3);
        matrix.push_row([(0, 0.6), (2, 0.8)]);
        matrix.push_row([(1, 1.0)]);
        matrix.push_row([(0, 0.5), (1, -0.5), (2, 0.7)]);
        matrix.push_row([]);
        matrix
    }

    /// Compares gradient and Hessian with central differences.
    fn check(mut objective: impl Objective) {
        let n = objective.dimension();
        let x: Vec<f64> = (0..n).map(|i| 0.3 * (i as f64 * 1.7).sin()).collect();
        let v: Vec<f64> = (0..n).map(|i| (i as f64 * 0.9).cos()).collect();
        let (mut gradient, mut product, mut diagonal) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
        objective.value(&x);
        objective.gradient(&x, &mut gradient);
        objective.hessian_product(&v, &mut product);
        objective.hessian_diagonal(&mut diagonal);
        let step = 1e-5;
        let moved = |direction: &[f64], sign: f64| -> Vec<f64> {
            x.iter().zip(direction).map(|(x, d)| x + sign * step * d).collect()
        };
        let slope =
            (objective.value(&moved(&v, 1.0)) - objective.value(&moved(&v, -1.0))) / (2.0 * step);
        assert!((slope - dot(&gradient, &v)).abs() < 1e-8);
        let mut gradient_at = |sign| {
            let (at, mut gradient) = (moved(&v, sign), vec![0.0; n]);
            objective.value(&at);
            objective.gradient(&at, &mut gradient);
            gradient
        };
        let (up, down) = (gradient_at(1.0), gradient_at(-1.0));
        for i in 0..n {
            assert!(((up[i] - down[i]) / (2.0 * step) - product[i]).abs() < 1e-8);
        }
        objective.value(&x);
        objective.gradient(&x, &mut gradient);
        for i in 0..n {
            let mut unit = vec![0.0; n];
            unit[i] = 1.0;
            objective.hessian_product(&unit, &mut product);
            assert!((product[i].max(LEAST_CURVATURE) - diagonal[i]).abs() < 1e-12);
        }
    }

    #[test]
    fn derivatives_agree_with_differences() {
        let rows = matrix();
        check(Binary::new(&rows, &[true, false, true, false], vec![2.0, 1.0, 1.0, 3.0]));
        check(Softmax::new(&rows, 3, &[2, 0, 1, 1], vec![2.0, 1.0, 1.0, 3.0]));
    }

    #[test]
    fn large_margins_do_not_overflow() {
        assert_eq!(softplus(1000.0), 1000.0);
        assert_eq!(softplus(-1000.0), 0.0);
        assert_eq!((logistic(-800.0), logistic(800.0)), (0.0, 1.0));
    }
}
