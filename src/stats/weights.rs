//! How far two values agree: weights between 1 (the same) and 0 (as far apart as can be).

/// The schemes of weights, as in R's `irrCAC`.
///
/// With `x` the numbers behind the values, `r = max x − min x`, and each distance divided by the
/// largest one, weights are 1 minus:
///
/// | scheme | distance of `k` and `l` |
/// | --- | --- |
/// | identity | 1 where they differ |
/// | linear | `abs(xₖ − xₗ) / r` |
/// | quadratic | `((xₖ − xₗ) / r)²` |
/// | ordinal | `t(t − 1) / 2` with `t = abs(k − l) + 1` ranks spanned |
/// | radical | `√(abs(xₖ − xₗ) / r)` |
/// | ratio | `((xₖ − xₗ) / (xₖ + xₗ))²` |
/// | circular | `sin²(π (xₖ − xₗ) / (r + 1))` |
/// | bipolar | `(xₖ − xₗ)² / ((xₖ + xₗ − 2 min x)(2 max x − xₖ − xₗ))` |
///
/// # References
///
/// Cohen 1968, Psychological Bulletin 70:213–220 (weighted kappa); Gwet 2014, Handbook of
/// Inter-Rater Reliability, 4th ed., ch. 3 and app. B (all schemes); Krippendorff 2011 (ratio).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weighting {
    /// Agreement is all or nothing.
    Identity,
    /// By distance.
    Linear,
    /// By squared distance.
    Quadratic,
    /// By the ranks spanned.
    Ordinal,
    /// By the root of the distance.
    Radical,
    /// By distance relative to size; zero and zero are the same.
    Ratio,
    /// By distance on a circle: the last value is next to the first.
    Circular,
    /// By distance, which counts more towards the ends of the scale.
    Bipolar,
}

/// A symmetric matrix of agreement weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    values: usize,
    /// Row by row; `None` for identity weights, however many values there are.
    matrix: Option<Vec<f64>>,
}

impl Weights {
    /// Agreement is all or nothing.
    pub fn identity(values: usize) -> Self {
        Weights { values, matrix: None }
    }

    /// Weights of a scheme for values that stand for these numbers, in ascending order.
    ///
    /// # Degenerate cases
    ///
    /// Where no two numbers differ, every weight is 1.
    pub fn new(scheme: Weighting, numbers: &[f64]) -> Self {
        let lowest = numbers.iter().copied().fold(f64::INFINITY, f64::min);
        let highest = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let range = highest - lowest;
        let distance = |k: usize, l: usize| {
            let (x, y) = (numbers[k], numbers[l]);
            let apart = (x - y).abs();
            match scheme {
                _ if k == l => 0.0,
                Weighting::Identity => 1.0,
                Weighting::Linear => apart / range,
                Weighting::Quadratic => (apart / range).powi(2),
                Weighting::Ordinal => {
                    let spanned = (k.abs_diff(l) + 1) as f64;
                    spanned * (spanned - 1.0) / 2.0
                }
                Weighting::Radical => (apart / range).sqrt(),
                Weighting::Ratio if x + y == 0.0 => 0.0,
                Weighting::Ratio => (apart / (x + y)).powi(2),
                Weighting::Circular => {
                    libm::sin(std::f64::consts::PI * apart / (range + 1.0)).powi(2)
                }
                Weighting::Bipolar => {
                    apart.powi(2) / ((x + y - 2.0 * lowest) * (2.0 * highest - x - y))
                }
            }
        };
        if scheme == Weighting::Identity {
            return Weights::identity(numbers.len());
        }
        Self::from_distances(numbers.len(), distance)
    }

    /// Weights from any symmetric distance, divided by the largest that occurs.
    pub fn from_distances(values: usize, distance: impl Fn(usize, usize) -> f64) -> Self {
        let mut matrix: Vec<f64> =
            (0..values * values).map(|cell| distance(cell / values, cell % values)).collect();
        let largest = matrix.iter().copied().fold(0.0, f64::max);
        for cell in &mut matrix {
            *cell = if largest > 0.0 { 1.0 - *cell / largest } else { 1.0 };
        }
        Weights { values, matrix: Some(matrix) }
    }

    /// How many values there are.
    pub fn values(&self) -> usize {
        self.values
    }

    /// The weight of two values.
    pub fn at(&self, k: usize, l: usize) -> f64 {
        match &self.matrix {
            Some(matrix) => matrix[k * self.values + l],
            None => f64::from(u8::from(k == l)),
        }
    }

    /// The sum of all weights.
    pub fn total(&self) -> f64 {
        self.matrix.as_ref().map_or(self.values as f64, |matrix| matrix.iter().sum())
    }

    /// `Σₖ Σₗ wₖₗ xₖ yₗ`.
    pub fn product(&self, x: &[f64], y: &[f64]) -> f64 {
        match &self.matrix {
            None => x.iter().zip(y).map(|(x, y)| x * y).sum(),
            Some(matrix) => {
                let row = |row: &[f64]| row.iter().zip(y).map(|(w, y)| w * y).sum::<f64>();
                let rows = matrix.chunks_exact(self.values.max(1));
                x.iter().zip(rows).filter(|(x, _)| **x != 0.0).map(|(x, w)| x * row(w)).sum()
            }
        }
    }

    /// `Σₗ wₖₗ yₗ` for every `k`.
    pub fn apply(&self, y: &[f64]) -> Vec<f64> {
        (0..self.values)
            .map(|k| match &self.matrix {
                None => y[k],
                Some(_) => y.iter().enumerate().map(|(l, y)| self.at(k, l) * y).sum(),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_those_of_irrcac() {
        let row = |scheme| {
            let weights = Weights::new(scheme, &[1.0, 2.0, 3.0, 4.0]);
            (0..4).map(|l| weights.at(0, l)).collect::<Vec<_>>()
        };
        let close = |scheme, expected: [f64; 4]| {
            for (ours, theirs) in row(scheme).iter().zip(expected) {
                assert!((ours - theirs).abs() < 1e-6, "{scheme:?} {:?}", row(scheme));
            }
        };
        close(Weighting::Identity, [1.0, 0.0, 0.0, 0.0]);
        close(Weighting::Linear, [1.0, 2.0 / 3.0, 1.0 / 3.0, 0.0]);
        close(Weighting::Quadratic, [1.0, 8.0 / 9.0, 5.0 / 9.0, 0.0]);
        close(Weighting::Ordinal, [1.0, 5.0 / 6.0, 0.5, 0.0]);
        close(Weighting::Circular, [1.0, 0.5, 0.0, 0.5]);
        close(Weighting::Ratio, [1.0, 0.691_358, 0.305_556, 0.0]);
        close(Weighting::Bipolar, [1.0, 0.8, 0.5, 0.0]);
        close(Weighting::Radical, [1.0, 0.422_650, 0.183_503, 0.0]);
    }

    #[test]
    fn a_single_number_agrees_with_itself() {
        assert_eq!(Weights::new(Weighting::Quadratic, &[3.0]).at(0, 0), 1.0);
    }
}
