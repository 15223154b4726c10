//! What logistic regression with several classes minimises, on sparse rows.

use super::objective::{Along, LEAST_CURVATURE, Objective, Real, dots, softmax};
use crate::features::SparseMatrix;

/// What keeps weights small: `½ Σ wᵀ P w` over columns and classes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Penalty {
    /// `½‖w‖²`.
    Plain,
    /// Columns stand in so many blocks, alike in each. The weights of a column, one a block, are a
    /// shared part and an own part with a plain penalty on either; of all ways to split them the
    /// least costs `½ (Σ_b w_b² − (Σ_b w_b)² / (blocks + 1))`.
    Tied { blocks: usize },
}

impl Penalty {
    /// `P w`.
    fn product<T: Real>(self, weights: &[T], product: &mut [T]) {
        product.copy_from_slice(weights);
        if let Penalty::Tied { blocks } = self {
            let length = weights.len() / blocks;
            for at in 0..length {
                let of_column = || (0..blocks).map(|block| at + block * length);
                let mut sum = T::default();
                of_column().for_each(|at| sum += weights[at]);
                let shared = sum * T::from(-1.0 / (blocks + 1) as f32);
                of_column().for_each(|at| product[at] += shared);
            }
        }
    }

    /// Every entry of the diagonal of `P`.
    fn diagonal(self) -> f32 {
        match self {
            Penalty::Plain => 1.0,
            Penalty::Tied { blocks } => 1.0 - 1.0 / (blocks + 1) as f32,
        }
    }

    /// `½ wᵀ P w`.
    fn value(self, weights: &[f64]) -> f64 {
        match self {
            Penalty::Plain => 0.5 * dot(weights, weights),
            Penalty::Tied { .. } => {
                let mut product = vec![0.0; weights.len()];
                self.product(weights, &mut product);
                0.5 * dot(weights, &product)
            }
        }
    }
}

/// How many classes are computed at once: as many doubles as two SSE or one AVX register hold.
const LANES: usize = 4;

/// Penalty `+ Σ cᵢ (ln Σₖ e^zᵢₖ − zᵢ,yᵢ)` with `zᵢ = W xᵢ + b`. Variables are the weights of the
/// first column for all classes, of the second, …, and last the unpenalised intercepts; classes
/// are filled up to a multiple of [`LANES`] with ones whose weights stay 0 and that take no part.
pub(super) struct Softmax<'a> {
    rows: &'a SparseMatrix,
    classes: usize,
    /// `classes`, filled up.
    stride: usize,
    class: &'a [usize],
    costs: Vec<f64>,
    penalty: Penalty,
    /// Of each row and class, the log-odds at the point of the last value.
    scores: Vec<f64>,
    /// And the probabilities at the point of the last gradient.
    probabilities: Vec<f64>,
}

impl<'a> Softmax<'a> {
    pub(super) fn new(
        rows: &'a SparseMatrix,
        classes: usize,
        class: &'a [usize],
        costs: Vec<f64>,
        penalty: Penalty,
    ) -> Self {
        let stride = classes.next_multiple_of(LANES);
        let scores = vec![0.0; rows.rows() * stride];
        let probabilities = scores.clone();
        Softmax { rows, classes, stride, class, costs, penalty, scores, probabilities }
    }

    /// Variables as the solver sees them, from those without the filling.
    pub(super) fn fill_up(&self, variables: &[f64]) -> Vec<f64> {
        let mut filled = vec![0.0; self.dimension()];
        for (to, from) in
            filled.chunks_exact_mut(self.stride).zip(variables.chunks_exact(self.classes))
        {
            to[..self.classes].copy_from_slice(from);
        }
        filled
    }

    /// The variables without the filling.
    pub(super) fn strip(&self, filled: &[f64]) -> Vec<f64> {
        filled.chunks_exact(self.stride).flat_map(|of| &of[..self.classes]).copied().collect()
    }

    /// `z = W x + b` for one row.
    fn logits<T: Real>(&self, row: usize, x: &[T], z: &mut [T]) {
        let stride = self.stride;
        z.copy_from_slice(&x[self.rows.columns() * stride..]);
        let row = self.rows.row(row);
        for (first, z) in z.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
            // A local copy, so that the sum stays in registers.
            let mut sum = *z;
            for (&column, &value) in row.indices.iter().zip(row.values) {
                let at = column as usize * stride + first * LANES;
                let value = T::from(value);
                for (sum, weight) in sum.iter_mut().zip(&x[at..at + LANES]) {
                    *sum += value * *weight;
                }
            }
            *z = sum;
        }
    }

    /// Adds the outer product of a row and `residual` to the variables.
    fn add_outer<T: Real>(&self, row: usize, residual: &[T], sum: &mut [T]) {
        let stride = self.stride;
        let (weights, intercepts) = sum.split_at_mut(self.rows.columns() * stride);
        let row = self.rows.row(row);
        for (first, residual) in residual.as_chunks::<LANES>().0.iter().enumerate() {
            for (&column, &value) in row.indices.iter().zip(row.values) {
                let at = column as usize * stride + first * LANES;
                let value = T::from(value);
                for (weight, residual) in weights[at..at + LANES].iter_mut().zip(residual) {
                    *weight += value * *residual;
                }
            }
        }
        for (intercept, residual) in intercepts.iter_mut().zip(residual) {
            *intercept += *residual;
        }
    }
}

impl Objective<1> for Softmax<'_> {
    fn dimension(&self) -> usize {
        (self.rows.columns() + 1) * self.stride
    }

    fn at_zero(&mut self) {
        self.scores.fill(0.0);
    }

    fn values(&mut self, x: &[[f64; 1]]) -> [f64; 1] {
        let x = x.as_flattened();
        let mut loss = 0.0;
        let mut scores = std::mem::take(&mut self.scores);
        let mut z = vec![0.0; self.classes];
        for (row, scores) in scores.chunks_exact_mut(self.stride).enumerate() {
            self.logits(row, x, scores);
            z.copy_from_slice(&scores[..self.classes]);
            loss += self.costs[row] * (softmax(&mut z) - scores[self.class[row]]);
        }
        self.scores = scores;
        [loss + self.penalty.value(&x[..self.rows.columns() * self.stride])]
    }

    fn gradients(&mut self, x: &[[f64; 1]], _: [bool; 1], gradient: &mut [[f64; 1]]) {
        let (x, gradient) = (x.as_flattened(), gradient.as_flattened_mut());
        let penalised = self.rows.columns() * self.stride;
        self.penalty.product(&x[..penalised], &mut gradient[..penalised]);
        gradient[penalised..].fill(0.0);
        self.probabilities.copy_from_slice(&self.scores);
        let mut probabilities = std::mem::take(&mut self.probabilities);
        let mut residual = vec![0.0; self.stride];
        for (row, probabilities) in probabilities.chunks_exact_mut(self.stride).enumerate() {
            let (taking_part, filling) = probabilities.split_at_mut(self.classes);
            softmax(taking_part);
            filling.fill(0.0);
            for (residual, probability) in residual.iter_mut().zip(probabilities.iter()) {
                *residual = self.costs[row] * probability;
            }
            residual[self.class[row]] -= self.costs[row];
            self.add_outer(row, &residual, gradient);
        }
        self.probabilities = probabilities;
    }

    fn hessian_products(&self, along: &mut [Along<1>]) -> [f64; 1] {
        // The classes of a column stand side by side here, and want to be whole vectors.
        let v: Vec<f32> = along.iter().map(|along| along.direction[0]).collect();
        let mut product = vec![0.0; v.len()];
        let (v, product) = (v.as_slice(), product.as_mut_slice());
        let penalised = self.rows.columns() * self.stride;
        self.penalty.product(&v[..penalised], &mut product[..penalised]);
        product[penalised..].fill(0.0);
        let mut z = vec![0.0; self.stride];
        for (row, probabilities) in self.probabilities.chunks_exact(self.stride).enumerate() {
            self.logits(row, v, &mut z);
            // (diag(p) − p pᵀ) z
            let pairs = probabilities.iter().zip(&z);
            let mean: f64 = pairs.map(|(probability, &z)| probability * f64::from(z)).sum();
            for (z, probability) in z.iter_mut().zip(probabilities) {
                *z = (self.costs[row] * probability * (f64::from(*z) - mean)) as f32;
            }
            self.add_outer(row, &z, product);
        }
        let mut curvature = 0.0;
        for (along, &product) in along.iter_mut().zip(product.iter()) {
            curvature += f64::from(along.direction[0]) * f64::from(product);
            along.product = [product];
        }
        [curvature]
    }

    fn hessian_diagonals(&self, diagonal: &mut [[f32; 1]]) {
        let diagonal = diagonal.as_flattened_mut();
        let (weights, intercepts) = diagonal.split_at_mut(self.rows.columns() * self.stride);
        weights.fill(self.penalty.diagonal());
        intercepts.fill(0.0);
        let mut curvature = vec![0.0; self.stride];
        for (index, probabilities) in self.probabilities.chunks_exact(self.stride).enumerate() {
            for (curvature, probability) in curvature.iter_mut().zip(probabilities) {
                *curvature = (self.costs[index] * probability * (1.0 - probability)) as f32;
            }
            for (intercept, curvature) in intercepts.iter_mut().zip(&curvature) {
                *intercept += curvature;
            }
            let row = self.rows.row(index);
            for (&column, &value) in row.indices.iter().zip(row.values) {
                let square = value * value;
                let weights = &mut weights[column as usize * self.stride..][..self.stride];
                for (weight, curvature) in weights.iter_mut().zip(&curvature) {
                    *weight += curvature * square;
                }
            }
        }
        for intercept in intercepts {
            *intercept = intercept.max(LEAST_CURVATURE);
        }
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    let [sum] = dots(a.as_chunks::<1>().0, b.as_chunks::<1>().0);
    sum
}
