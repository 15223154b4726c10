//! Distances of sets of labels.

use super::weights::Weights;

/// How far apart two sets are.
///
/// With `J = |A ∩ B| / |A ∪ B|`: Jaccard is `1 − J`; MASI is `1 − J·M` with `M` = 1 where the sets
/// are equal, 2/3 where one contains the other, 1/3 where they overlap otherwise, 0 where they are
/// disjoint (exact thirds).
///
/// # Degenerate cases
///
/// Two empty sets are at distance 0; an empty set and one that is not, at distance 1.
///
/// # References
///
/// Passonneau 2006, Measuring Agreement on Set-Valued Items (MASI), LREC; Artstein & Poesio 2008,
/// Computational Linguistics 34:555–596.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetDistance {
    /// Measuring agreement on set-valued items.
    Masi,
    /// One minus the Jaccard index.
    Jaccard,
}

impl SetDistance {
    /// The distance of two sets, given by whether each element is in.
    ///
    /// # Examples
    ///
    /// ```
    /// use framescope::stats::SetDistance;
    ///
    /// let (a, b) = ([true, true, false], [true, false, false]);
    /// assert_eq!(SetDistance::Jaccard.between(&a, &b), 0.5);
    /// assert!((SetDistance::Masi.between(&a, &b) - 2.0 / 3.0).abs() < 1e-12);
    /// assert_eq!(SetDistance::Masi.between(&[false; 3], &b), 1.0);
    /// ```
    pub fn between(self, a: &[bool], b: &[bool]) -> f64 {
        let count = |both: fn(bool, bool) -> bool| {
            a.iter().zip(b).filter(|&(&a, &b)| both(a, b)).count() as f64
        };
        let (shared, either) = (count(|a, b| a && b), count(|a, b| a || b));
        let (only_a, only_b) = (count(|a, b| a && !b), count(|a, b| !a && b));
        if either == 0.0 {
            return 0.0;
        }
        let monotonicity = match self {
            SetDistance::Jaccard => 1.0,
            SetDistance::Masi if only_a == 0.0 && only_b == 0.0 => 1.0,
            SetDistance::Masi if only_a == 0.0 || only_b == 0.0 => 2.0 / 3.0,
            SetDistance::Masi => 1.0 / 3.0,
        };
        1.0 - shared / either * monotonicity
    }

    /// Agreement weights of these sets; alpha with them is the set-valued alpha.
    pub fn weights(self, sets: &[Vec<bool>]) -> Weights {
        Weights::from_distances(sets.len(), |a, b| self.between(&sets[a], &sets[b]))
    }
}
