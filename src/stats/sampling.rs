//! Probability sampling: how many units of each stratum, which, and with what probability.
//!
//! A drawn unit counts `1/π` in whatever is computed from the sample, where `π` is its inclusion
//! probability: the Horvitz–Thompson total `Σ y/π` is unbiased for any `y`, however unequal the
//! probabilities are. So `π` must be exact, and above 0 for every unit.
//!
//! # References
//!
//! Horvitz & Thompson 1952, Journal of the American Statistical Association 47:663–685; Tillé 2006,
//! Sampling Algorithms, Springer.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A drawn unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drawn {
    /// Which unit of the population.
    pub unit: usize,
    /// Its first-order inclusion probability: in this share of all samples it is found.
    pub probability: f64,
}

/// How a sample is shared out among strata.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Allocation {
    /// By their sizes: every unit has about the same probability.
    #[default]
    Proportional,
    /// To each the same number: small strata are known as well as large ones.
    Equal,
}

/// How many units to draw from each stratum, given how many it has: at least one, at most all.
/// Where there are fewer units to draw than strata, or more than units, as many as can be are given
/// out.
///
/// Everyone gets one; each further one goes to the stratum with the largest `w/(n + ½)`, where `n`
/// is what it has and `w` its size, or 1 where all are to have the same. A stratum that is drawn
/// whole gets no more. No draw of chance is involved, so that the numbers are fixed by design.
///
/// # References
///
/// The divisor method of Webster and Sainte-Laguë: Balinski & Young 2001, Fair Representation, 2nd
/// ed., Brookings.
///
/// # Examples
///
/// ```
/// use framescope::stats::{Allocation, allocate};
///
/// assert_eq!(allocate(10, &[60, 39, 1], Allocation::Proportional), [5, 4, 1]);
/// assert_eq!(allocate(10, &[60, 39, 1], Allocation::Equal), [5, 4, 1]);
/// assert_eq!(allocate(9, &[60, 39, 8], Allocation::Equal), [3, 3, 3]);
/// ```
pub fn allocate(n: usize, sizes: &[usize], allocation: Allocation) -> Vec<usize> {
    let mut drawn: Vec<usize> = sizes.iter().map(|&size| size.min(1)).collect();
    let priority = |stratum: usize, drawn: usize| {
        let weight = match allocation {
            Allocation::Proportional => sizes[stratum] as f64,
            Allocation::Equal => 1.0,
        };
        // The bits of positive numbers are in the order of the numbers; ties go to the first.
        ((weight / (drawn as f64 + 0.5)).to_bits(), Reverse(stratum))
    };
    let open = |&stratum: &usize| sizes[stratum] > 1;
    let mut queue: BinaryHeap<_> =
        (0..sizes.len()).filter(open).map(|stratum| priority(stratum, 1)).collect();
    for _ in drawn.iter().sum::<usize>()..n {
        let Some((_, Reverse(stratum))) = queue.pop() else { break };
        drawn[stratum] += 1;
        if drawn[stratum] < sizes[stratum] {
            queue.push(priority(stratum, drawn[stratum]));
        }
    }
    drawn
}

/// The largest size that [`mixture_sizes`] gives: fine enough that rounding does not matter, small
/// enough that sums over 2³² units fit.
const LARGEST_SIZE: f64 = (1_u32 << 31) as f64;

/// Sizes for a draw that is enriched by score, for [`draw`].
///
/// `x = r/N + (1 − r)·s/Σs`: a share `r` of the sample is drawn at random, the rest proportional to
/// the score `s`, in one draw without replacement. Every unit keeps at least about `r` times the
/// probability it has in a simple random sample, so that no weight is more than `1/r` times what it
/// would be there: this bounds what an unlucky score can do to a variance.
///
/// # References
///
/// Defensive mixture: Hesterberg 1995, Technometrics 37:185–194.
///
/// # Examples
///
/// ```
/// use framescope::stats::mixture_sizes;
///
/// let sizes = mixture_sizes(&[0.0, 0.5, 1.0, 0.5], 0.5);
/// // 1/8 against 1/8 + 1/4
/// assert!((f64::from(sizes[2]) / f64::from(sizes[0]) - 3.0).abs() < 1e-6);
/// ```
pub fn mixture_sizes(scores: &[f64], random_share: f64) -> Vec<u32> {
    let sum: f64 = scores.iter().sum();
    let level = random_share / scores.len() as f64;
    let slope = if sum > 0.0 { (1.0 - random_share) / sum } else { 0.0 };
    let shares: Vec<f64> = scores.iter().map(|score| level + slope * score).collect();
    let largest = shares.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    // No unit may be out of reach.
    shares.iter().map(|share| (share / largest * LARGEST_SIZE).round().max(1.0) as u32).collect()
}

/// Draws `n` units without replacement, each with a probability proportional to its size; all, where
/// there are no more. They come in no particular order.
///
/// `π_i = n·x_i/Σx`. A unit for which that is 1 or more is drawn with certainty, and the rest of the
/// sample is drawn from the rest of the units by the same rule, until no probability exceeds 1. The
/// draw is systematic over units in random order: their sizes are laid end to end in a circle, and
/// `n` marks at equal distances, turned by one random angle, hit the units drawn. With equal sizes
/// this is simple random sampling. Sizes are whole numbers and so is the angle, so that
/// probabilities are exact, not merely up to rounding.
///
/// # References
///
/// Madow 1949, Annals of Mathematical Statistics 20:333–354 (systematic sampling with unequal
/// probabilities); Hartley & Rao 1962, Annals of Mathematical Statistics 33:350–374 (in random
/// order, so that nearly every pair can be drawn together and variances can be estimated); Tillé
/// 2006, section 2.10 (certainty units) and 7.1–7.2.
pub fn draw(sizes: &[u32], n: usize, random: &mut impl Rng) -> Vec<Drawn> {
    let circle = Circle::new(sizes, n);
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.shuffle(random);
    // Multiply and shift: the bias is below total / 2^64.
    let mut mark = (u128::from(random.next_u64()) * circle.total) >> 64;
    let mut end = 0;
    let mut drawn = Vec::with_capacity(n.min(sizes.len()));
    for unit in order {
        let probability = circle.probability(sizes[unit]);
        let mut hit = true;
        if probability < 1.0 {
            end += circle.n * u128::from(sizes[unit]);
            hit = end > mark;
            mark += if hit { circle.total } else { 0 };
        }
        if hit {
            drawn.push(Drawn { unit, probability });
        }
    }
    drawn
}

/// What is left when the units that are drawn with certainty are taken out.
struct Circle {
    /// How many are still drawn.
    n: u128,
    /// The sum of the sizes.
    total: u128,
}

impl Circle {
    fn new(sizes: &[u32], n: usize) -> Self {
        let total: u64 = sizes.iter().map(|&size| u64::from(size)).sum();
        let mut circle = Circle { n: n as u128, total: u128::from(total) };
        let mut falling = sizes.to_vec();
        falling.sort_unstable_by_key(|&size| Reverse(size));
        // Where the largest unit is not certain none is; taking one out makes no other less certain.
        for size in falling {
            if circle.n == 0 || !circle.is_certain(size) {
                break;
            }
            circle.n -= 1;
            circle.total -= u128::from(size);
        }
        circle
    }

    fn is_certain(&self, size: u32) -> bool {
        self.n * u128::from(size) >= self.total
    }

    fn probability(&self, size: u32) -> f64 {
        match self.is_certain(size) {
            true => 1.0,
            // Below 1: `total` is below 2^63 and the ratio is rounded, but never past its bound.
            false => (self.n as f64 * f64::from(size) / self.total as f64).min(1.0 - f64::EPSILON),
        }
    }
}

/// A random stream of its own for every purpose, so that what one of them draws does not depend on
/// how much another did.
pub fn stream(seed: u64, purpose: u32, index: u32) -> ChaCha8Rng {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(u64::from(purpose) << 32 | u64::from(index));
    random
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRAWS: usize = 20_000;

    /// Draws often; gives how often each unit and each pair was drawn, checking what every draw
    /// must keep.
    fn frequencies(sizes: &[u32], n: usize) -> (Vec<f64>, Vec<f64>, Vec<Vec<u32>>) {
        let count = sizes.len();
        let (mut probability, mut times) = (vec![0.0; count], vec![0_u32; count]);
        let mut pairs = vec![vec![0_u32; count]; count];
        for seed in 0..DRAWS as u64 {
            let drawn = draw(sizes, n, &mut stream(seed, 0, 0));
            let mut units: Vec<usize> = drawn.iter().map(|drawn| drawn.unit).collect();
            units.sort_unstable();
            units.dedup();
            assert_eq!(units.len(), n, "as many as asked for, none twice");
            for one in drawn {
                times[one.unit] += 1;
                probability[one.unit] = one.probability;
            }
            for (at, &a) in units.iter().enumerate() {
                units[at + 1..].iter().for_each(|&b| pairs[a][b] += 1);
            }
        }
        let share = times.iter().map(|&times| f64::from(times) / DRAWS as f64).collect();
        (probability, share, pairs)
    }

    fn assert_frequencies(sizes: &[u32], n: usize) {
        let (probability, share, pairs) = frequencies(sizes, n);
        assert!((probability.iter().sum::<f64>() - n as f64).abs() < 1e-9);
        for (&p, &share) in probability.iter().zip(&share) {
            // 4.5 standard errors: one false alarm in some hundred thousand units.
            let error = (p * (1.0 - p) / DRAWS as f64).sqrt();
            assert!((p - share).abs() <= 4.5 * error, "{p} but found in {share}");
        }
        for (a, row) in pairs.iter().enumerate() {
            assert!(row[a + 1..].iter().all(|&times| times > 0), "every pair can be drawn");
        }
    }

    #[test]
    fn units_are_drawn_as_often_as_their_probability_says() {
        assert_frequencies(&[1; 12], 5);
        assert_frequencies(&[3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8], 4);
        let scores = [0.0, 0.01, 0.02, 0.9, 0.85, 0.0, 0.3, 0.1, 0.05, 0.99, 0.4, 0.02];
        for share in [0.2, 0.5, 1.0] {
            assert_frequencies(&mixture_sizes(&scores, share), 5);
        }
    }

    #[test]
    fn equal_sizes_give_simple_random_sampling() {
        let (probability, _, pairs) = frequencies(&[7; 8], 3);
        assert_eq!(probability, [0.375; 8]);
        // n(n − 1) / N(N − 1)
        let p: f64 = 3.0 * 2.0 / (8.0 * 7.0);
        let error = (p * (1.0 - p) / DRAWS as f64).sqrt();
        for (a, row) in pairs.iter().enumerate() {
            for &times in &row[a + 1..] {
                assert!((f64::from(times) / DRAWS as f64 - p).abs() < 4.5 * error);
            }
        }
    }

    #[test]
    fn large_units_are_certain_one_after_another() {
        // 100 of 121 with n = 3, then 15 of 21 with n = 2, then one of six ones.
        let sizes = [1, 100, 1, 15, 1, 1, 1, 1];
        let (probability, _, _) = frequencies(&sizes, 3);
        let sixth = 1.0 / 6.0;
        assert_eq!(probability, [sixth, 1.0, sixth, 1.0, sixth, sixth, sixth, sixth]);
        let all = draw(&sizes, 8, &mut stream(1, 0, 0));
        assert!(all.len() == 8 && all.iter().all(|one| one.probability == 1.0));
        assert!(draw(&sizes, 0, &mut stream(1, 0, 0)).is_empty());
        assert!(draw(&[], 0, &mut stream(1, 0, 0)).is_empty());
    }

    #[test]
    fn totals_are_unbiased_whatever_the_scores_are_worth() {
        let scores = [0.9, 0.1, 0.8, 0.05, 0.0, 0.6, 0.02, 0.3, 0.95, 0.0, 0.01, 0.2];
        // What a coder finds: much like the scores, with errors both ways.
        let found = [1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 0.0];
        let sizes = mixture_sizes(&scores, 0.3);
        let totals: Vec<f64> = (0..DRAWS as u64)
            .map(|seed| {
                let drawn = draw(&sizes, 5, &mut stream(seed, 0, 0));
                drawn.iter().map(|one| found[one.unit] / one.probability).sum()
            })
            .collect();
        let mean = totals.iter().sum::<f64>() / DRAWS as f64;
        let variance = totals.iter().map(|t| (t - mean).powi(2)).sum::<f64>() / DRAWS as f64;
        let error = (variance / DRAWS as f64).sqrt();
        assert!((mean - 6.0).abs() < 4.0 * error, "{mean} ± {error}");
        // Without weights the same samples would mislead.
        let naive: f64 = (0..DRAWS as u64)
            .flat_map(|seed| draw(&sizes, 5, &mut stream(seed, 0, 0)))
            .map(|one| found[one.unit] * 12.0 / 5.0)
            .sum::<f64>()
            / DRAWS as f64;
        assert!(naive > 6.5, "{naive}");
    }

    #[test]
    fn a_score_that_towers_over_a_large_population_leaves_the_others_in_reach() {
        let mut scores = vec![0.0; 1_000_000];
        scores[17] = 1e12;
        let sizes = mixture_sizes(&scores, 0.5);
        let drawn = draw(&sizes, 1000, &mut stream(42, 0, 0));
        assert_eq!(drawn.len(), 1000);
        for one in drawn {
            let expected = if one.unit == 17 { 1.0 } else { 999.0 / 999_999.0 };
            assert!((one.probability - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn strata_get_their_share_and_never_more_than_they_have() {
        use Allocation::{Equal, Proportional};
        assert_eq!(allocate(100, &[500, 300, 200], Proportional), [50, 30, 20]);
        assert_eq!(allocate(30, &[500, 4, 200], Equal), [13, 4, 13]);
        assert_eq!(allocate(4, &[1000, 1, 1], Proportional), [2, 1, 1]);
        assert_eq!(allocate(6, &[3, 0, 3], Proportional), [3, 0, 3]);
        assert_eq!(allocate(99, &[3, 2], Equal), [3, 2]);
    }
}
