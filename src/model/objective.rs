//! What logistic regression minimises, on sparse rows.

use crate::features::{SparseMatrix, SparseRow};

/// `K` twice differentiable functions of equally many variables each, which stand side by side.
///
/// A solver calls [`Objective::values`] at a point, then [`Objective::gradients`] there for the
/// functions that go there; products with the Hessians are at the points of the last gradients.
pub(super) trait Objective<const K: usize> {
    /// Number of variables.
    fn dimension(&self) -> usize;
    /// The values at `x`.
    fn values(&mut self, x: &[[f64; K]]) -> [f64; K];
    /// The gradients at `x`. It is the point of the last values for the functions that `moved`, of
    /// earlier ones for the others.
    fn gradients(&mut self, x: &[[f64; K]], moved: [bool; K], gradient: &mut [[f64; K]]);
    /// The Hessians times `v`.
    fn hessian_products(&self, v: &[[f64; K]], product: &mut [[f64; K]]);
    /// The diagonals of the Hessians, kept above 0 where all probabilities are 0 or 1.
    fn hessian_diagonals(&self, diagonal: &mut [[f64; K]]);
}

/// An intercept has no penalty; where all probabilities are 0 or 1 it has no curvature either, and
/// a diagonal of next to nothing would send steps to infinity. 1 is what the penalty gives a weight.
const LEAST_CURVATURE: f64 = 1.0;

/// `1 / (1 + e^-z)`.
pub(super) fn logistic(z: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-z))
}

/// `ln(1 + e^z)` without overflow.
pub(super) fn softplus(z: f64) -> f64 {
    z.max(0.0) + libm::log1p(libm::exp(-z.abs()))
}

/// `½‖w‖² + Σ cᵢ ln(1 + e^(−yᵢ(w·xᵢ + b)))` for `K` questions about the same rows, variables `w` and
/// last the unpenalised `b`.
pub(super) struct Binary<'a, const K: usize> {
    rows: &'a SparseMatrix,
    positive: Vec<[bool; K]>,
    /// `C` times the weight of the class, of those that are not and those that are.
    costs: [[f64; 2]; K],
    /// `w·x + b` at the points of the last values.
    tried: Vec<[f64; K]>,
    /// The same at the points of the last gradients.
    margins: Vec<[f64; K]>,
    /// `cᵢ p (1 − p)` there.
    curvature: Vec<[f64; K]>,
}

impl<'a, const K: usize> Binary<'a, K> {
    /// `positive` answers each question for all rows.
    pub(super) fn new(
        rows: &'a SparseMatrix,
        positive: [&[bool]; K],
        costs: [[f64; 2]; K],
    ) -> Self {
        let n = rows.rows();
        let positive = (0..n).map(|row| positive.map(|of| of[row])).collect();
        let zeros = vec![[0.0; K]; n];
        let (tried, margins) = (zeros.clone(), zeros.clone());
        Binary { rows, positive, costs, tried, margins, curvature: zeros }
    }

    fn cost(&self, row: usize, k: usize) -> f64 {
        self.costs[k][usize::from(self.positive[row][k])]
    }
}

/// `w·x + b` of all functions for one row.
fn margins<const K: usize>(row: SparseRow<'_>, x: &[[f64; K]], intercept: [f64; K]) -> [f64; K] {
    let mut sum = intercept;
    for (&column, &value) in row.indices.iter().zip(row.values) {
        let (value, weights) = (f64::from(value), &x[column as usize]);
        for k in 0..K {
            sum[k] += value * weights[k];
        }
    }
    sum
}

/// Adds `factors` times a row to the variables, the last among them the intercept.
fn add_row<const K: usize>(row: SparseRow<'_>, factors: [f64; K], sum: &mut [[f64; K]]) {
    let columns = sum.len() - 1;
    let (weights, intercept) = sum.split_at_mut(columns);
    for (&column, &value) in row.indices.iter().zip(row.values) {
        let (value, weights) = (f64::from(value), &mut weights[column as usize]);
        for k in 0..K {
            weights[k] += value * factors[k];
        }
    }
    for k in 0..K {
        intercept[0][k] += factors[k];
    }
}

impl<const K: usize> Objective<K> for Binary<'_, K> {
    fn dimension(&self) -> usize {
        self.rows.columns() + 1
    }

    fn values(&mut self, x: &[[f64; K]]) -> [f64; K] {
        let columns = self.rows.columns();
        let mut tried = std::mem::take(&mut self.tried);
        let mut loss = [0.0; K];
        for (index, (row, tried)) in self.rows.iter().zip(&mut tried).enumerate() {
            *tried = margins(row, x, x[columns]);
            for k in 0..K {
                let margin = if self.positive[index][k] { -tried[k] } else { tried[k] };
                loss[k] += self.cost(index, k) * softplus(margin);
            }
        }
        self.tried = tried;
        let squares = dots(&x[..columns], &x[..columns]);
        std::array::from_fn(|k| loss[k] + 0.5 * squares[k])
    }

    fn gradients(&mut self, x: &[[f64; K]], moved: [bool; K], gradient: &mut [[f64; K]]) {
        let columns = self.rows.columns();
        gradient.copy_from_slice(x);
        gradient[columns] = [0.0; K];
        for (index, row) in self.rows.iter().enumerate() {
            let mut residual = [0.0; K];
            for k in 0..K {
                if moved[k] {
                    self.margins[index][k] = self.tried[index][k];
                }
                let (cost, probability) = (self.cost(index, k), logistic(self.margins[index][k]));
                self.curvature[index][k] = cost * probability * (1.0 - probability);
                residual[k] = cost * (probability - f64::from(self.positive[index][k]));
            }
            add_row(row, residual, gradient);
        }
    }

    fn hessian_products(&self, v: &[[f64; K]], product: &mut [[f64; K]]) {
        let columns = self.rows.columns();
        product.copy_from_slice(v);
        product[columns] = [0.0; K];
        for (row, curvature) in self.rows.iter().zip(&self.curvature) {
            let mut scaled = margins(row, v, v[columns]);
            for k in 0..K {
                scaled[k] *= curvature[k];
            }
            add_row(row, scaled, product);
        }
    }

    fn hessian_diagonals(&self, diagonal: &mut [[f64; K]]) {
        let columns = self.rows.columns();
        diagonal.fill([1.0; K]);
        diagonal[columns] = [0.0; K];
        for (row, curvature) in self.rows.iter().zip(&self.curvature) {
            for k in 0..K {
                diagonal[columns][k] += curvature[k];
            }
            for (&column, &value) in row.indices.iter().zip(row.values) {
                let (square, diagonal) =
                    (f64::from(value) * f64::from(value), &mut diagonal[column as usize]);
                for k in 0..K {
                    diagonal[k] += curvature[k] * square;
                }
            }
        }
        diagonal[columns] = diagonal[columns].map(|curvature| curvature.max(LEAST_CURVATURE));
    }
}

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
    fn product(self, weights: &[f64], product: &mut [f64]) {
        product.copy_from_slice(weights);
        if let Penalty::Tied { blocks } = self {
            let length = weights.len() / blocks;
            for at in 0..length {
                let of_column = || (0..blocks).map(|block| at + block * length);
                let sum: f64 = of_column().map(|at| weights[at]).sum();
                let shared = sum / (blocks + 1) as f64;
                of_column().for_each(|at| product[at] -= shared);
            }
        }
    }

    /// Every entry of the diagonal of `P`.
    fn diagonal(self) -> f64 {
        match self {
            Penalty::Plain => 1.0,
            Penalty::Tied { blocks } => 1.0 - 1.0 / (blocks + 1) as f64,
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
    fn logits(&self, row: usize, x: &[f64], z: &mut [f64]) {
        let stride = self.stride;
        z.copy_from_slice(&x[self.rows.columns() * stride..]);
        let row = self.rows.row(row);
        for (first, z) in z.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
            // A local copy, so that the sum stays in registers.
            let mut sum = *z;
            for (&column, &value) in row.indices.iter().zip(row.values) {
                let at = column as usize * stride + first * LANES;
                let value = f64::from(value);
                for (sum, weight) in sum.iter_mut().zip(&x[at..at + LANES]) {
                    *sum += value * weight;
                }
            }
            *z = sum;
        }
    }

    /// Adds the outer product of a row and `residual` to the variables.
    fn add_outer(&self, row: usize, residual: &[f64], sum: &mut [f64]) {
        let stride = self.stride;
        let (weights, intercepts) = sum.split_at_mut(self.rows.columns() * stride);
        let row = self.rows.row(row);
        for (first, residual) in residual.as_chunks::<LANES>().0.iter().enumerate() {
            for (&column, &value) in row.indices.iter().zip(row.values) {
                let at = column as usize * stride + first * LANES;
                let value = f64::from(value);
                for (weight, residual) in weights[at..at + LANES].iter_mut().zip(residual) {
                    *weight += value * residual;
                }
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

impl Objective<1> for Softmax<'_> {
    fn dimension(&self) -> usize {
        (self.rows.columns() + 1) * self.stride
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

    fn hessian_products(&self, v: &[[f64; 1]], product: &mut [[f64; 1]]) {
        let (v, product) = (v.as_flattened(), product.as_flattened_mut());
        let penalised = self.rows.columns() * self.stride;
        self.penalty.product(&v[..penalised], &mut product[..penalised]);
        product[penalised..].fill(0.0);
        let mut z = vec![0.0; self.stride];
        for (row, probabilities) in self.probabilities.chunks_exact(self.stride).enumerate() {
            self.logits(row, v, &mut z);
            // (diag(p) − p pᵀ) z
            let mean = dot(probabilities, &z);
            for (z, probability) in z.iter_mut().zip(probabilities) {
                *z = self.costs[row] * probability * (*z - mean);
            }
            self.add_outer(row, &z, product);
        }
    }

    fn hessian_diagonals(&self, diagonal: &mut [[f64; 1]]) {
        let diagonal = diagonal.as_flattened_mut();
        let (weights, intercepts) = diagonal.split_at_mut(self.rows.columns() * self.stride);
        weights.fill(self.penalty.diagonal());
        intercepts.fill(0.0);
        let mut curvature = vec![0.0; self.stride];
        for (index, probabilities) in self.probabilities.chunks_exact(self.stride).enumerate() {
            for (curvature, probability) in curvature.iter_mut().zip(probabilities) {
                *curvature = self.costs[index] * probability * (1.0 - probability);
            }
            for (intercept, curvature) in intercepts.iter_mut().zip(&curvature) {
                *intercept += curvature;
            }
            let row = self.rows.row(index);
            for (&column, &value) in row.indices.iter().zip(row.values) {
                let square = f64::from(value) * f64::from(value);
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

/// By function, the inner product.
pub(super) fn dots<const K: usize>(a: &[[f64; K]], b: &[[f64; K]]) -> [f64; K] {
    let mut sums = [0.0; K];
    for (a, b) in a.iter().zip(b) {
        for k in 0..K {
            sums[k] += a[k] * b[k];
        }
    }
    sums
}

/// The inner product.
fn dot(a: &[f64], b: &[f64]) -> f64 {
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

    /// Compares gradients and Hessians with central differences.
    fn check<const K: usize>(mut objective: impl Objective<K>) {
        let n = objective.dimension();
        let spread = |scale: f64, wave: fn(f64) -> f64| -> Vec<[f64; K]> {
            let at = |i: usize, k: usize| scale * wave(i as f64 * 1.7 + k as f64);
            (0..n).map(|i| std::array::from_fn(|k| at(i, k))).collect()
        };
        let (x, v) = (spread(0.3, f64::sin), spread(1.0, f64::cos));
        let zeros = vec![[0.0; K]; n];
        let (mut gradient, mut product, mut diagonal) =
            (zeros.clone(), zeros.clone(), zeros.clone());
        objective.values(&x);
        objective.gradients(&x, [true; K], &mut gradient);
        objective.hessian_products(&v, &mut product);
        objective.hessian_diagonals(&mut diagonal);
        let step = 1e-5;
        let moved = |sign: f64| -> Vec<[f64; K]> {
            let moved =
                |(x, v): (&[f64; K], &[f64; K])| std::array::from_fn(|k| x[k] + sign * step * v[k]);
            x.iter().zip(&v).map(moved).collect()
        };
        let (up, down) = (objective.values(&moved(1.0)), objective.values(&moved(-1.0)));
        let slopes = dots(&gradient, &v);
        for k in 0..K {
            assert!(((up[k] - down[k]) / (2.0 * step) - slopes[k]).abs() < 1e-7);
        }
        let mut gradient_at = |sign| {
            let (at, mut gradient) = (moved(sign), zeros.clone());
            objective.values(&at);
            objective.gradients(&at, [true; K], &mut gradient);
            gradient
        };
        let (up, down) = (gradient_at(1.0), gradient_at(-1.0));
        for i in 0..n {
            for k in 0..K {
                assert!(((up[i][k] - down[i][k]) / (2.0 * step) - product[i][k]).abs() < 1e-7);
            }
        }
        objective.values(&x);
        objective.gradients(&x, [true; K], &mut gradient);
        for i in 0..n {
            let mut unit = zeros.clone();
            unit[i] = [1.0; K];
            objective.hessian_products(&unit, &mut product);
            for (&d, &p) in diagonal[i].iter().zip(&product[i]) {
                assert!((d == LEAST_CURVATURE && p < d) || (p - d).abs() < 1e-12);
            }
        }
    }

    const COSTS: [[f64; 2]; 2] = [[1.0, 3.0], [2.0, 0.5]];

    fn two_questions(rows: &SparseMatrix) -> Binary<'_, 2> {
        Binary::new(rows, [&[true, false, true, false], &[false, false, false, true]], COSTS)
    }

    fn three_classes(rows: &SparseMatrix, penalty: Penalty) -> Softmax<'_> {
        Softmax::new(rows, 3, &[2, 0, 1, 1], vec![2.0, 1.0, 1.0, 3.0], penalty)
    }

    #[test]
    fn derivatives_agree_with_differences() {
        let rows = matrix();
        check(two_questions(&rows));
        check(three_classes(&rows, Penalty::Plain));
        // As three blocks of one column.
        check(three_classes(&rows, Penalty::Tied { blocks: 3 }));
    }

    /// A solver looks at the value of a step, turns it down and needs the old Hessian again.
    #[test]
    fn the_hessian_stays_where_the_gradient_was() {
        fn check<const K: usize>(mut objective: impl Objective<K>) {
            let n = objective.dimension();
            let zeros = vec![[0.0; K]; n];
            let (mut gradient, mut before, mut after) = (zeros.clone(), zeros.clone(), zeros);
            let at = |value: f64| vec![[value; K]; n];
            objective.values(&at(0.1));
            objective.gradients(&at(0.1), [true; K], &mut gradient);
            objective.hessian_products(&gradient, &mut before);
            objective.values(&at(5.0));
            objective.hessian_products(&gradient, &mut after);
            assert_eq!(before, after);
            if K == 2 {
                // One of two goes there; the other keeps its gradient.
                let (mut one, mut moved) = (at(0.1), at(0.0));
                one.iter_mut().for_each(|x| x[0] = 5.0);
                let mut only_first = [false; K];
                only_first[0] = true;
                objective.gradients(&one, only_first, &mut moved);
                assert!(gradient.iter().zip(&moved).all(|(a, b)| a[1] == b[1] && a[0] != b[0]));
            }
        }
        let rows = matrix();
        check(two_questions(&rows));
        check(three_classes(&rows, Penalty::Plain));
    }

    #[test]
    fn large_margins_do_not_overflow() {
        assert_eq!(softplus(1000.0), 1000.0);
        assert_eq!(softplus(-1000.0), 0.0);
        assert_eq!((logistic(-800.0), logistic(800.0)), (0.0, 1.0));
    }
}
