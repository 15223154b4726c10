//! What logistic regression minimises, on sparse rows.

use std::ops::{AddAssign, Mul};

use crate::features::{SparseMatrix, SparseRow};

/// `K` twice differentiable functions of equally many variables each, which stand side by side.
///
/// A solver calls [`Objective::values`] at a point, then [`Objective::gradients`] there for the
/// functions that go there; products with the Hessians are at the points of the last gradients.
pub(super) trait Objective<const K: usize> {
    /// Number of variables.
    fn dimension(&self) -> usize;
    /// What [`Objective::values`] does at zero, where it need not look at the rows.
    fn at_zero(&mut self);
    /// The values at `x`.
    fn values(&mut self, x: &[[f64; K]]) -> [f64; K];
    /// The gradients at `x`. It is the point of the last values for the functions that `moved`, of
    /// earlier ones for the others.
    fn gradients(&mut self, x: &[[f64; K]], moved: [bool; K], gradient: &mut [[f64; K]]);
    /// Sets the Hessians' products with the directions, and returns the directions' products with
    /// these. Single precision is enough to find a way by
    /// and takes half the memory; how far a step leads is measured by values and gradients, in double
    /// precision.
    fn hessian_products(&self, along: &mut [Along<K>]) -> [f64; K];
    /// The diagonals of the Hessians, kept above 0 where all probabilities are 0 or 1.
    fn hessian_diagonals(&self, diagonal: &mut [[f32; K]]);
    /// The Hessians among some heavy variables, the first ones and the last, row by row (the lower
    /// triangle); empty where none is known to be heavy.
    fn hessian_block(&self) -> Vec<[f64; K]> {
        Vec::new()
    }
}

/// A direction and what the Hessian makes of it, for one variable: side by side in memory, since
/// who reads the one soon writes the other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Along<const K: usize> {
    pub(super) direction: [f32; K],
    pub(super) product: [f32; K],
}

impl<const K: usize> Along<K> {
    pub(super) fn new(direction: [f32; K]) -> Self {
        Along { direction, product: [0.0; K] }
    }
}

/// `f32` or `f64`.
pub(super) trait Real:
    Copy + Default + From<f32> + Into<f64> + Mul<Output = Self> + AddAssign
{
}

impl Real for f32 {}
impl Real for f64 {}

/// An intercept has no penalty; where all probabilities are 0 or 1 it has no curvature either, and
/// a diagonal of next to nothing would send steps to infinity. 1 is what the penalty gives a weight.
pub(super) const LEAST_CURVATURE: f32 = 1.0;

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
    pub(super) rows: &'a SparseMatrix,
    pub(super) positive: Vec<[bool; K]>,
    /// `C` times the weight of the class, of those that are not and those that are.
    costs: [[f64; 2]; K],
    /// Probabilities at the points of the last values.
    tried: Vec<[f64; K]>,
    /// The same at the points of the last gradients.
    probabilities: Vec<[f64; K]>,
    /// `cᵢ p (1 − p)` there.
    curvature: Vec<[f32; K]>,
    /// The first columns, and last one of the intercept.
    heavy: SparseMatrix,
}

/// As many factors from 1 to 2 do not overflow when they are multiplied.
const ROWS_A_LOGARITHM: usize = 512;

/// How many of the first columns are taken for heavy: the more, the fewer products with the
/// Hessians are needed, and the longer it takes to get their block.
const HEAVY_COLUMNS: usize = 32;

impl<'a, const K: usize> Binary<'a, K> {
    /// `positive` answers each question for all rows.
    pub(super) fn new(
        rows: &'a SparseMatrix,
        positive: [&[bool]; K],
        costs: [[f64; 2]; K],
    ) -> Self {
        let n = rows.rows();
        let positive = (0..n).map(|row| positive.map(|of| of[row])).collect();
        let (tried, curvature) = (vec![[0.0; K]; n], vec![[0.0; K]; n]);
        let first = rows.columns().min(HEAVY_COLUMNS) as u32;
        let mut heavy = SparseMatrix::new(first as usize + 1);
        for row in rows.iter() {
            heavy.push_row(row.iter().filter(|&(column, _)| column < first).chain([(first, 1.0)]));
        }
        Binary { rows, positive, costs, probabilities: tried.clone(), tried, curvature, heavy }
    }

    /// Adds the weighed logarithms of `factors` to the losses and sets them back to 1.
    fn take_logarithms(&self, factors: &mut [[f64; 2]; K], loss: &mut [f64; K]) {
        for (k, factors) in factors.iter_mut().enumerate() {
            for (factor, cost) in factors.iter_mut().zip(self.costs[k]) {
                loss[k] += cost * libm::log(std::mem::replace(factor, 1.0));
            }
        }
    }

    pub(super) fn cost(&self, row: usize, k: usize) -> f64 {
        self.costs[k][usize::from(self.positive[row][k])]
    }
}

/// `w·x` of all functions for one row. Even and odd entries are summed apart, so that an addition
/// need not wait for the one before.
pub(super) fn products<'a, const K: usize, T: Real + 'a>(
    row: SparseRow<'_>,
    weights: impl Fn(usize) -> &'a [T; K],
) -> [T; K] {
    let mut sums = [[T::default(); K]; 2];
    let mut add = |parity: usize, column: u32, value: f32| {
        let (value, weights) = (T::from(value), weights(column as usize));
        for k in 0..K {
            sums[parity][k] += value * weights[k];
        }
    };
    let (columns, last_column) = row.indices.as_chunks::<2>();
    let (values, last_value) = row.values.as_chunks::<2>();
    for (columns, values) in columns.iter().zip(values) {
        add(0, columns[0], values[0]);
        add(1, columns[1], values[1]);
    }
    for (&column, &value) in last_column.iter().zip(last_value) {
        add(0, column, value);
    }
    let [mut sum, odd] = sums;
    for k in 0..K {
        sum[k] += odd[k];
    }
    sum
}

/// Adds `factors` times a row to the variables.
pub(super) fn add_row<const K: usize, T: Real, V>(
    row: SparseRow<'_>,
    factors: [T; K],
    variables: &mut [V],
    sums: impl Fn(&mut V) -> &mut [T; K],
) {
    for (&column, &value) in row.indices.iter().zip(row.values) {
        let (value, weights) = (T::from(value), sums(&mut variables[column as usize]));
        for k in 0..K {
            weights[k] += value * factors[k];
        }
    }
}

impl<const K: usize> Objective<K> for Binary<'_, K> {
    fn dimension(&self) -> usize {
        self.rows.columns() + 1
    }

    fn at_zero(&mut self) {
        self.tried.fill([0.5; K]);
    }

    fn values(&mut self, x: &[[f64; K]]) -> [f64; K] {
        let columns = self.rows.columns();
        let mut tried = std::mem::take(&mut self.tried);
        let mut loss = [0.0; K];
        // Of the rows of either class, the product of `1 + e^-|z|`: one logarithm for many rows.
        let mut factors = [[1.0_f64; 2]; K];
        for (index, (row, tried)) in self.rows.iter().zip(&mut tried).enumerate() {
            if index % ROWS_A_LOGARITHM == 0 {
                self.take_logarithms(&mut factors, &mut loss);
            }
            let products = products(row, |column| &x[column]);
            for k in 0..K {
                let z = products[k] + x[columns][k];
                // One exponential for probability and loss, `ln(1 + e^z)` without overflow.
                let small = libm::exp(-z.abs());
                let larger = 1.0 / (1.0 + small);
                tried[k] = if z < 0.0 { small * larger } else { larger };
                let positive = self.positive[index][k];
                let against = if positive { -z } else { z };
                loss[k] += self.cost(index, k) * against.max(0.0);
                factors[k][usize::from(positive)] *= 1.0 + small;
            }
        }
        self.take_logarithms(&mut factors, &mut loss);
        self.tried = tried;
        let squares = dots(&x[..columns], &x[..columns]);
        std::array::from_fn(|k| loss[k] + 0.5 * squares[k])
    }

    fn gradients(&mut self, x: &[[f64; K]], moved: [bool; K], gradient: &mut [[f64; K]]) {
        let columns = self.rows.columns();
        gradient.copy_from_slice(x);
        let mut intercept = [0.0; K];
        for (index, row) in self.rows.iter().enumerate() {
            let mut residual = [0.0; K];
            for k in 0..K {
                if moved[k] {
                    self.probabilities[index][k] = self.tried[index][k];
                }
                let (cost, probability) = (self.cost(index, k), self.probabilities[index][k]);
                self.curvature[index][k] = (cost * probability * (1.0 - probability)) as f32;
                residual[k] = cost * (probability - f64::from(self.positive[index][k]));
                intercept[k] += residual[k];
            }
            add_row(row, residual, gradient, |sum| sum);
        }
        gradient[columns] = intercept;
    }

    fn hessian_products(&self, along: &mut [Along<K>]) -> [f64; K] {
        let columns = self.rows.columns();
        let of_intercept = std::mem::replace(&mut along[columns].direction, [0.0; K]);
        let mut curvature = [0.0; K];
        for along in along.iter_mut() {
            along.product = along.direction;
            for (sum, direction) in curvature.iter_mut().zip(along.direction) {
                *sum += f64::from(direction * direction);
            }
        }
        let mut intercept = [0.0; K];
        for (row, of_row) in self.rows.iter().zip(&self.curvature) {
            let mut scaled = products(row, |column| &along[column].direction);
            for k in 0..K {
                let product = scaled[k] + of_intercept[k];
                scaled[k] = of_row[k] * product;
                curvature[k] += f64::from(scaled[k] * product);
                intercept[k] += f64::from(scaled[k]);
            }
            add_row(row, scaled, along, |along| &mut along.product);
        }
        let product = intercept.map(|sum| sum as f32);
        along[columns] = Along { direction: of_intercept, product };
        curvature
    }

    fn hessian_diagonals(&self, diagonal: &mut [[f32; K]]) {
        let columns = self.rows.columns();
        diagonal.fill([1.0; K]);
        let mut intercept = [0.0; K];
        for (row, curvature) in self.rows.iter().zip(&self.curvature) {
            for k in 0..K {
                intercept[k] += f64::from(curvature[k]);
            }
            for (&column, &value) in row.indices.iter().zip(row.values) {
                let (square, diagonal) = (value * value, &mut diagonal[column as usize]);
                for k in 0..K {
                    diagonal[k] += curvature[k] * square;
                }
            }
        }
        diagonal[columns] = intercept.map(|curvature| (curvature as f32).max(LEAST_CURVATURE));
    }

    fn hessian_block(&self) -> Vec<[f64; K]> {
        let n = self.heavy.columns();
        let mut block = vec![[0.0; K]; n * n];
        for (row, curvature) in self.heavy.iter().zip(&self.curvature) {
            let curvature = curvature.map(f64::from);
            for (index, (column, value)) in row.iter().enumerate() {
                let scaled = curvature.map(|curvature| curvature * f64::from(value));
                for (other, value) in row.iter().take(index + 1) {
                    // Within a row, columns do not rise.
                    let at = column.max(other) as usize * n + column.min(other) as usize;
                    for k in 0..K {
                        block[at][k] += scaled[k] * f64::from(value);
                    }
                }
            }
        }
        for column in 0..n - 1 {
            block[column * n + column] = block[column * n + column].map(|sum| 1.0 + sum);
        }
        let last = &mut block[n * n - 1];
        *last = last.map(|sum| sum.max(LEAST_CURVATURE.into()));
        block
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

/// By function, the inner product.
pub(super) fn dots<const K: usize, T: Real>(a: &[[T; K]], b: &[[T; K]]) -> [f64; K] {
    let mut sums = [0.0; K];
    for (a, b) in a.iter().zip(b) {
        for k in 0..K {
            sums[k] += a[k].into() * b[k].into();
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::super::softmax::{Penalty, Softmax};
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
        let single = |v: &[[f64; K]]| -> Vec<[f32; K]> {
            v.iter().map(|of| of.map(|of| of as f32)).collect()
        };
        let mut gradient = zeros.clone();
        let mut diagonal = single(&zeros);
        let mut along: Vec<Along<K>> = single(&v).into_iter().map(Along::new).collect();
        objective.values(&x);
        objective.gradients(&x, [true; K], &mut gradient);
        objective.hessian_products(&mut along);
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
                assert!(
                    ((up[i][k] - down[i][k]) / (2.0 * step) - f64::from(along[i].product[k])).abs()
                        < 1e-5
                );
            }
        }
        objective.values(&x);
        objective.gradients(&x, [true; K], &mut gradient);
        for i in 0..n {
            let mut unit = vec![Along::new([0.0; K]); n];
            unit[i].direction = [1.0; K];
            objective.hessian_products(&mut unit);
            for (&d, &p) in diagonal[i].iter().zip(&unit[i].product) {
                assert!((d == LEAST_CURVATURE && p < d) || (p - d).abs() < 1e-5);
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
            let mut gradient = zeros;
            let mut before = vec![Along::new([1.0; K]); n];
            let mut after = before.clone();
            let at = |value: f64| vec![[value; K]; n];
            objective.values(&at(0.1));
            objective.gradients(&at(0.1), [true; K], &mut gradient);
            objective.hessian_products(&mut before);
            objective.values(&at(5.0));
            objective.hessian_products(&mut after);
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
