//! A stand-in for the Hessians that is easy to invert.

use super::objective::Objective;

/// The diagonals of the Hessians; among the heaviest variables, which curve most and most depend on
/// each other, the whole of them.
///
/// A few columns stand in nearly every row of a text. With these and the intercept solved for
/// exactly, conjugate gradients take a third of the iterations less.
pub(super) struct Preconditioner<const K: usize> {
    /// Reciprocals of the diagonals; 0 for heavy variables.
    reciprocals: Vec<[f32; K]>,
    /// Lower triangles `L` of `L Lᵀ`, the block of the heavy variables.
    factors: Vec<[f64; K]>,
    heavy: usize,
}

impl<const K: usize> Preconditioner<K> {
    pub(super) fn new(n: usize) -> Self {
        Preconditioner { reciprocals: vec![[0.0; K]; n], factors: Vec::new(), heavy: 0 }
    }

    /// Looks at the Hessians of an objective where they are now.
    pub(super) fn look(&mut self, objective: &impl Objective<K>) {
        objective.hessian_diagonals(&mut self.reciprocals);
        for reciprocal in &mut self.reciprocals {
            *reciprocal = reciprocal.map(|diagonal| 1.0 / diagonal);
        }
        self.factors = objective.hessian_block();
        self.heavy = self.factors.len().isqrt();
        for index in 0..self.heavy {
            let variable = self.variable(index);
            self.reciprocals[variable] = [0.0; K];
        }
        for k in 0..K {
            self.factorise(k);
        }
    }

    /// The variable at a place of the block: the first ones, and the last.
    fn variable(&self, index: usize) -> usize {
        if index + 1 == self.heavy { self.reciprocals.len() - 1 } else { index }
    }

    /// Cholesky's factors of a function's block.
    fn factorise(&mut self, k: usize) {
        let n = self.heavy;
        for row in 0..n {
            for column in 0..=row {
                let mut rest = self.factors[row * n + column][k];
                for before in 0..column {
                    rest -=
                        self.factors[row * n + before][k] * self.factors[column * n + before][k];
                }
                self.factors[row * n + column][k] = if row > column {
                    rest / self.factors[column * n + column][k]
                } else {
                    // Above 0 but for rounding.
                    rest.max(1e-9 * self.factors[row * n + row][k]).sqrt()
                };
            }
        }
    }

    /// Reciprocals of the diagonals; 0 for the heavy variables, which [`Self::heavy`] knows of.
    pub(super) fn reciprocals(&self) -> &[[f32; K]] {
        &self.reciprocals
    }

    /// What the inverse block makes of the heavy part of `residual`, each with its variable.
    pub(super) fn heavy(&self, residual: &[[f32; K]]) -> Vec<(usize, [f64; K])> {
        let n = self.heavy;
        let mut solved: Vec<(usize, [f64; K])> = (0..n)
            .map(|index| self.variable(index))
            .map(|variable| (variable, residual[variable].map(f64::from)))
            .collect();
        for row in 0..n {
            for column in 0..row {
                let (factor, of) = (self.factors[row * n + column], solved[column].1);
                (0..K).for_each(|k| solved[row].1[k] -= factor[k] * of[k]);
            }
            (0..K).for_each(|k| solved[row].1[k] /= self.factors[row * n + row][k]);
        }
        for row in (0..n).rev() {
            for below in row + 1..n {
                let (factor, of) = (self.factors[below * n + row], solved[below].1);
                (0..K).for_each(|k| solved[row].1[k] -= factor[k] * of[k]);
            }
            (0..K).for_each(|k| solved[row].1[k] /= self.factors[row * n + row][k]);
        }
        solved
    }
}

#[cfg(test)]
mod tests {
    use super::super::objective::{Along, Binary};
    use super::*;
    use crate::features::SparseMatrix;

    /// With few columns all variables are heavy, and the Hessian is solved for exactly.
    #[test]
    fn the_block_is_inverted() {
        let mut rows = SparseMatrix::new(3);
        rows.push_row([(2, 0.8), (0, 0.6)]);
        rows.push_row([(1, 1.0)]);
        rows.push_row([(0, 0.5), (1, -0.5), (2, 0.7)]);
        let positive: [&[bool]; 2] = [&[true, false, true], &[false, false, true]];
        let mut objective = Binary::new(&rows, positive, [[1.0, 3.0], [2.0, 0.5]]);
        let x = [[0.3, -0.2]; 4];
        objective.values(&x);
        objective.gradients(&x, [true; 2], &mut [[0.0; 2]; 4]);
        let mut preconditioner = Preconditioner::new(4);
        preconditioner.look(&objective);
        assert_eq!(preconditioner.reciprocals(), [[0.0; 2]; 4]);
        let residual = [[1.0, 2.0], [-3.0, 0.5], [0.0, 1.0], [2.0, -1.0]];
        let mut along = [Along::new([0.0; 2]); 4];
        for (variable, solved) in preconditioner.heavy(&residual) {
            along[variable].direction = solved.map(|solved| solved as f32);
        }
        objective.hessian_products(&mut along);
        for (along, residual) in along.iter().zip(residual) {
            assert!((0..2).all(|k| (along.product[k] - residual[k]).abs() < 1e-4));
        }
    }
}
