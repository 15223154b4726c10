//! Where Newton steps had best begin.

use super::objective::{Binary, add_row, logistic, products};

/// Passes over the rows: fewer leave more Newton steps to take, more gain less than a step.
const PASSES: usize = 3;

/// How much faster than a weight the intercept moves, which hears of every row.
const INTERCEPT: f32 = 0.3;

impl<const K: usize> Binary<'_, K> {
    /// Moves the functions that are `wanted` from weights of 0 towards their lowest points, by dual
    /// coordinate ascent: weights are `Σ αᵢ xᵢ` with `αᵢ = cᵢ (yᵢ − pᵢ)` at the optimum, and row by
    /// row `αᵢ` is brought closer to that. A pass costs little more than a product with the
    /// Hessians; a few of them take the place of the first Newton steps, where the quadratic model
    /// still says little. Single precision will do for a beginning.
    ///
    /// # References
    ///
    /// Yu, Huang & Lin 2011, Dual coordinate descent methods for logistic regression and maximum
    /// entropy models, Machine Learning 85:41–75.
    pub(super) fn approach(&self, x: &mut [[f64; K]], wanted: [bool; K]) {
        let columns = self.rows.columns();
        let mut weights = vec![[0.0_f32; K]; columns];
        let mut intercept = x[columns].map(|intercept| intercept as f32);
        let mut alphas = vec![[0.0_f32; K]; self.rows.rows()];
        for _ in 0..PASSES {
            for ((index, row), alpha) in self.rows.iter().enumerate().zip(&mut alphas) {
                let scores = products(row, |column| &weights[column]);
                let squares = row.values.iter().map(|value| value * value).sum::<f32>();
                let mut step = [0.0; K];
                for k in 0..K {
                    let probability = logistic(f64::from(scores[k] + intercept[k])) as f32;
                    let cost = self.cost(index, k) as f32;
                    let residual = f32::from(u8::from(self.positive[index][k])) - probability;
                    // A probability changes by at most a quarter of what its log-odds change by:
                    // no step leads too far, however large the cost.
                    let slope = 1.0 + 0.25 * cost * (squares + INTERCEPT);
                    step[k] = (cost * residual - alpha[k]) / slope;
                    alpha[k] += step[k];
                    intercept[k] += INTERCEPT * step[k];
                }
                add_row(row, step, &mut weights, |sum| sum);
            }
        }
        for (x, weights) in x.iter_mut().zip(weights.iter().chain([&intercept])) {
            for k in (0..K).filter(|&k| wanted[k]) {
                x[k] = f64::from(weights[k]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::objective::Objective;
    use super::*;
    use crate::features::SparseMatrix;

    #[test]
    fn a_beginning_lies_lower_whatever_the_cost() {
        let mut rows = SparseMatrix::new(3);
        for row in 0..60 {
            rows.push_row([(row % 3, 0.8), ((row + 1) % 3, 0.6)]);
        }
        let first: Vec<bool> = (0..60).map(|row| row % 3 == 0 || row % 7 == 0).collect();
        let second: Vec<bool> = first.iter().map(|first| !first).collect();
        for cost in [0.01, 1.0, 1e4] {
            let mut objective = Binary::new(&rows, [&first, &second], [[cost; 2]; 2]);
            let mut x = vec![[0.0; 2]; 4];
            let before = objective.values(&x);
            objective.approach(&mut x, [true, false]);
            let after = objective.values(&x);
            assert!(after[0] < before[0] && after[1] == before[1], "{before:?} {after:?}");
        }
    }
}
