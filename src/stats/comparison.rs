//! Tests of whether two systems, or several groups, differ.

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::Serialize;
use statrs::distribution::{Binomial, ChiSquared, ContinuousCDF, DiscreteCDF};

use super::measure::Undefined;

/// McNemar's test of two systems on the same sentences.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct McNemar {
    /// Sentences that the first has right and the second wrong.
    pub first_only: u64,
    /// Sentences that the second has right and the first wrong.
    pub second_only: u64,
    /// Two-sided p of the exact, binomial test.
    pub exact_p: f64,
    /// `(|b − c| − 1)² / (b + c)`, with the correction for continuity.
    pub corrected_chi_squared: f64,
    /// Its p, by χ² with one degree of freedom.
    pub corrected_p: f64,
}

/// McNemar's test on the counts of sentences that one of two systems alone has right.
///
/// Exact: `p = min(1, 2 P(X ≤ min(b, c)))` with `X ~ Binomial(b + c, ½)`. Corrected:
/// `(|b − c| − 1)² / (b + c)` against χ² with one degree of freedom. It takes sentences for
/// independent, which those of one article are not: beside [`Randomisation`], not instead of it.
///
/// # Degenerate cases
///
/// Undefined where the two are never apart. With `b = c` the corrected statistic is 0, not `1/(b+c)`
/// (Edwards 1948 means the correction to shrink a difference).
///
/// # References
///
/// McNemar 1947, Psychometrika 12:153–157; Edwards 1948, Psychometrika 13:185–187.
pub fn mcnemar(first_only: u64, second_only: u64) -> Result<McNemar, Undefined> {
    let apart = first_only + second_only;
    // Both distributions exist for these parameters.
    let (Ok(binomial), Ok(chi_squared)) = (Binomial::new(0.5, apart), ChiSquared::new(1.0)) else {
        return Err(Undefined::NoDifference);
    };
    if apart == 0 {
        return Err(Undefined::NoDifference);
    }
    let gap = (first_only.abs_diff(second_only) as f64 - 1.0).max(0.0);
    let corrected = gap * gap / apart as f64;
    Ok(McNemar {
        first_only,
        second_only,
        exact_p: (2.0 * binomial.cdf(first_only.min(second_only))).min(1.0),
        corrected_chi_squared: corrected,
        corrected_p: chi_squared.sf(corrected),
    })
}

/// Tests by drawing what could as well have been: `p = (1 + #{as far apart}) / (R + 1)`.
///
/// Every draw has a random stream of its own, so that the result does not depend on the number of
/// threads. Differences below 1e-12 count as equal, so that the last bits decide nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Randomisation {
    /// How many draws, `R`.
    pub draws: usize,
    /// Decides the draws.
    pub seed: u64,
}

impl Randomisation {
    /// Draws behind every test of the program.
    pub const DRAWS: usize = 9999;

    /// Approximate randomisation: every cluster (document) swaps the outputs of the two systems with
    /// probability ½. `difference` is told, by cluster, whether to swap, and gives the differences of
    /// some scores; `p` is the share of draws whose difference is as large, in absolute value, as
    /// that without swaps. A draw where a score is undefined counts as one that is as large.
    ///
    /// # References
    ///
    /// Noreen 1989, Computer-intensive Methods for Testing Hypotheses; Yeh 2000, COLING.
    pub fn paired(
        &self,
        clusters: usize,
        difference: impl Fn(&[bool]) -> Vec<Result<f64, Undefined>> + Sync,
    ) -> Vec<Result<f64, Undefined>> {
        let observed = difference(&vec![false; clusters]);
        let counts = (0..self.draws)
            .into_par_iter()
            .map(|draw| {
                let mut random = self.stream(draw);
                let swap: Vec<bool> = (0..clusters).map(|_| random.next_u32() & 1 == 1).collect();
                as_far(&observed, &difference(&swap), f64::abs)
            })
            .reduce(|| vec![0; observed.len()], sums);
        self.p_values(&observed, &counts)
    }

    /// A permutation test: the groups of the clusters are shuffled. `statistic` is told the group of
    /// each cluster and gives some statistics, of which large values speak against the groups being
    /// alike.
    ///
    /// # References
    ///
    /// Good 2005, Permutation, Parametric and Bootstrap Tests of Hypotheses, ch. 3.
    pub fn permuted(
        &self,
        groups: &[usize],
        statistic: impl Fn(&[usize]) -> Vec<Result<f64, Undefined>> + Sync,
    ) -> Vec<Result<f64, Undefined>> {
        let observed = statistic(groups);
        let counts = (0..self.draws)
            .into_par_iter()
            .map(|draw| {
                let mut shuffled = groups.to_vec();
                shuffled.shuffle(&mut self.stream(draw));
                as_far(&observed, &statistic(&shuffled), |value| value)
            })
            .reduce(|| vec![0; observed.len()], sums);
        self.p_values(&observed, &counts)
    }

    fn stream(&self, draw: usize) -> ChaCha8Rng {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        random.set_stream(draw as u64);
        random
    }

    fn p_values(
        &self,
        observed: &[Result<f64, Undefined>],
        counts: &[usize],
    ) -> Vec<Result<f64, Undefined>> {
        let p = |count: usize| (1 + count) as f64 / (self.draws + 1) as f64;
        observed.iter().zip(counts).map(|(value, &count)| value.map(|_| p(count))).collect()
    }
}

/// Which drawn values lie as far out as the observed ones.
fn as_far(
    observed: &[Result<f64, Undefined>],
    drawn: &[Result<f64, Undefined>],
    size: impl Fn(f64) -> f64,
) -> Vec<usize> {
    let far = |(observed, drawn): (&Result<f64, Undefined>, &Result<f64, Undefined>)| match (
        observed, drawn,
    ) {
        (Ok(observed), Ok(drawn)) => usize::from(size(*drawn) >= size(*observed) - 1e-12),
        _ => 1,
    };
    observed.iter().zip(drawn).map(far).collect()
}

fn sums(mut left: Vec<usize>, right: Vec<usize>) -> Vec<usize> {
    left.iter_mut().zip(right).for_each(|(left, right)| *left += right);
    left
}

/// Pearson's χ² for equal shares of errors in all groups,
/// `Σ_g n_g (e_g − e)² / (e (1 − e))`, from errors and sentences by group.
///
/// # Degenerate cases
///
/// 0 where all or none of the sentences are errors: then no group differs. Groups without a sentence
/// say nothing.
///
/// # References
///
/// Pearson 1900, Philosophical Magazine 50:157–175.
pub fn homogeneity_statistic(errors_and_sentences: &[(f64, f64)]) -> f64 {
    let (errors, sentences) =
        errors_and_sentences.iter().fold((0.0, 0.0), |(e, n), group| (e + group.0, n + group.1));
    let share = errors / sentences;
    let variance = share * (1.0 - share);
    if sentences <= 0.0 || variance <= 0.0 {
        return 0.0;
    }
    let of_group = |&(errors, n): &(f64, f64)| n * (errors / n - share).powi(2) / variance;
    errors_and_sentences.iter().filter(|group| group.1 > 0.0).map(of_group).sum()
}

/// Holm's adjusted p-values: with `p₍₁₎ ≤ … ≤ p₍ₘ₎`, `max_{j ≤ i} min(1, (m − j + 1) p₍ⱼ₎)`. Tests
/// that are undefined are none of the family.
///
/// # References
///
/// Holm 1979, Scandinavian Journal of Statistics 6:65–70.
pub fn holm(p_values: &[Result<f64, Undefined>]) -> Vec<Result<f64, Undefined>> {
    let mut adjusted = p_values.to_vec();
    let order = ascending(p_values);
    let mut largest: f64 = 0.0;
    for (rank, &(index, p)) in order.iter().enumerate() {
        largest = largest.max((p * (order.len() - rank) as f64).min(1.0));
        adjusted[index] = Ok(largest);
    }
    adjusted
}

/// Benjamini and Hochberg's adjusted p-values: with `p₍₁₎ ≤ … ≤ p₍ₘ₎`, `min_{j ≥ i} min(1, m p₍ⱼ₎/j)`.
/// Of the tests whose adjusted p is at most `q`, a share of `q` is expected to be false alarms. For
/// looking around; [`holm`] is for what was to be shown. Tests that are undefined are none of the
/// family.
///
/// # References
///
/// Benjamini & Hochberg 1995, Journal of the Royal Statistical Society B 57:289–300.
pub fn benjamini_hochberg(p_values: &[Result<f64, Undefined>]) -> Vec<Result<f64, Undefined>> {
    let mut adjusted = p_values.to_vec();
    let order = ascending(p_values);
    let mut smallest: f64 = 1.0;
    for (rank, &(index, p)) in order.iter().enumerate().rev() {
        // The factor first: rounding never makes an adjusted p smaller than p.
        smallest = smallest.min(p * (order.len() as f64 / (rank + 1) as f64));
        adjusted[index] = Ok(smallest);
    }
    adjusted
}

/// The defined ones with their places, smallest first.
fn ascending(p_values: &[Result<f64, Undefined>]) -> Vec<(usize, f64)> {
    let mut order: Vec<(usize, f64)> =
        p_values.iter().enumerate().filter_map(|(index, p)| p.ok().map(|p| (index, p))).collect();
    order.sort_by(|a, b| a.1.total_cmp(&b.1));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mcnemar_is_that_of_statsmodels() {
        // mcnemar([[101, 121], [59, 33]], exact=True / exact=False, correction=True) of
        // statsmodels 0.15.0.
        let test = mcnemar(121, 59).unwrap();
        assert!((test.exact_p - 4.434_449e-6).abs() < 1e-12);
        assert!((test.corrected_chi_squared - 20.672_222).abs() < 1e-6);
        assert!((test.corrected_p - 5.450_095e-6).abs() < 1e-12);
        assert_eq!(mcnemar(0, 0), Err(Undefined::NoDifference));
        let even = mcnemar(4, 4).unwrap();
        assert_eq!((even.exact_p, even.corrected_chi_squared, even.corrected_p), (1.0, 0.0, 1.0));
    }

    #[test]
    fn holm_is_that_of_r() {
        // p.adjust(c(.01, .04, .03, .005), "holm")
        let adjusted =
            holm(&[Ok(0.01), Err(Undefined::NoPositives), Ok(0.04), Ok(0.03), Ok(0.005)]);
        let expected = [0.03, 0.06, 0.06, 0.02];
        assert_eq!(adjusted[1], Err(Undefined::NoPositives));
        for (found, expected) in adjusted.iter().flatten().zip(expected) {
            assert!((found - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn benjamini_and_hochberg_are_those_of_r() {
        // p.adjust(c(.01, .04, .03, .005), "BH"); the second family is that of the article, table 1.
        let adjusted = benjamini_hochberg(&[
            Ok(0.01),
            Err(Undefined::NoPositives),
            Ok(0.04),
            Ok(0.03),
            Ok(0.005),
        ]);
        assert_eq!(adjusted[1], Err(Undefined::NoPositives));
        for (found, expected) in adjusted.iter().flatten().zip([0.02, 0.04, 0.04, 0.02]) {
            assert!((found - expected).abs() < 1e-12);
        }
        let published = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262,
            0.5719, 0.6528, 0.7590, 1.0,
        ];
        let adjusted = benjamini_hochberg(&published.map(Ok));
        assert_eq!(adjusted.iter().flatten().filter(|&&p| p <= 0.05).count(), 4);
        assert_eq!(adjusted[14], Ok(1.0));
        let held = holm(&published.map(Ok));
        assert_eq!(held.iter().flatten().filter(|&&p| p <= 0.05).count(), 3);
    }

    #[test]
    fn swapping_all_of_few_documents_has_the_exact_p() {
        // With differences 1, 2 and 3, all of one sign, two of the eight swaps are as far apart.
        let of = [1.0, 2.0, 3.0];
        let difference = |swap: &[bool]| {
            vec![Ok(of.iter().zip(swap).map(|(d, &s)| if s { -d } else { *d }).sum())]
        };
        let p = Randomisation { draws: 20_000, seed: 1 }.paired(3, difference)[0].unwrap();
        assert!((p - 0.25).abs() < 0.01, "{p}");
    }

    #[test]
    fn permuting_independent_sentences_gives_the_p_of_pearson() {
        // 30 of 100 and 18 of 100 errors: chisq.test(…, correct = FALSE) gives 3.947368, p .04694.
        let errors: Vec<bool> = (0..200).map(|i| i < 30 || (100..118).contains(&i)).collect();
        let groups: Vec<usize> = (0..200).map(|i| i / 100).collect();
        let statistic = |groups: &[usize]| {
            let mut counts = [(0.0, 0.0); 2];
            for (&group, &error) in groups.iter().zip(&errors) {
                counts[group].0 += f64::from(error);
                counts[group].1 += 1.0;
            }
            vec![Ok(homogeneity_statistic(&counts))]
        };
        assert!((statistic(&groups)[0].unwrap() - 3.947_368).abs() < 1e-6);
        let p = Randomisation { draws: 9999, seed: 1 }.permuted(&groups, statistic)[0].unwrap();
        // Fisher's exact test, which this is, up to the draws: p .0671.
        assert!((p - 0.067).abs() < 0.01, "{p}");
        assert_eq!(homogeneity_statistic(&[(0.0, 5.0), (0.0, 5.0)]), 0.0);
    }

    #[test]
    fn threads_do_not_change_a_p() {
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let difference = |swap: &[bool]| {
                vec![Ok(swap
                    .iter()
                    .enumerate()
                    .map(|(i, &s)| if s { -1.0 } else { i as f64 })
                    .sum())]
            };
            pool.install(|| Randomisation { draws: 500, seed: 7 }.paired(20, difference))
        };
        assert_eq!(run(1), run(5));
    }
}
