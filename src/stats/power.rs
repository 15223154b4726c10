//! How many more sentences to code so that a difference between groups is seen.
//!
//! The variance of a corrected share has a part that coding takes away, `Σ_h W_h² s_h² / n_h`, and one
//! that it does not: documents of this kind differ, and there are only so many of them.

use statrs::distribution::{ContinuousCDF, Normal};

/// Sentences from which some are drawn for coding by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanStratum {
    /// How many there are.
    pub sentences: usize,
    /// How many of them are coded already.
    pub coded: usize,
}

/// What the variance of a share in a group is made of: `fixed + Σ_h spread_h / n_h`, where `n_h` is how
/// many sentences of stratum `h` are coded.
#[derive(Debug, Clone, PartialEq)]
pub struct ShareVariance {
    /// The part that coding does not change. Where it does away with all of it once every sentence is
    /// coded, this is `−Σ_h spread_h / N_h`.
    pub fixed: f64,
    /// By stratum, `(N_h/N)² s_h²`, where `s_h` is the standard deviation of what the predictions leave
    /// unexplained.
    pub spread: Vec<f64>,
}

impl ShareVariance {
    /// The variance when so many sentences of each stratum are coded; infinite where one has none.
    pub fn at(&self, coded: &[usize]) -> f64 {
        let parts = self.spread.iter().zip(coded).filter(|(spread, _)| **spread > 0.0);
        let coding: f64 = parts.map(|(spread, &coded)| spread / coded as f64).sum();
        (self.fixed + coding).max(0.0)
    }

    /// What one more sentence of a stratum takes away.
    fn gain(&self, stratum: usize, coded: usize) -> f64 {
        self.spread[stratum] / (coded * (coded + 1)) as f64
    }
}

/// How many sentences of each stratum of each group to code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodingPlan {
    /// By group and stratum, with those that are coded already.
    pub coded: Vec<Vec<usize>>,
    /// By share that is compared, the groups whose difference from others cannot be seen even with
    /// every sentence coded. They were left out of account for that share.
    pub unreachable: Vec<Vec<usize>>,
}

/// The standard normal quantiles that a difference must exceed in standard errors: `z_.975 + z_power`.
fn reach(power: f64) -> f64 {
    let normal = Normal::standard();
    normal.inverse_cdf(0.975) + normal.inverse_cdf(power)
}

/// The smallest true difference that a two-sided test at .05 finds with this power (0 to 1,
/// exclusive): `(z_.975 + z_power) √V`, with `V` the variance of the estimated difference.
///
/// Normal quantiles stand for those of Student's distribution: with fewer than some twenty documents
/// a group it takes more.
///
/// # References
///
/// Cohen 1988, Statistical Power Analysis for the Behavioral Sciences, 2nd ed., ch. 2 and 6.
///
/// # Examples
///
/// ```
/// use framescope::stats::visible_difference;
///
/// // Two shares with standard errors of one point each.
/// assert!((visible_difference(2.0 * 0.01_f64.powi(2), 0.8) - 0.0396).abs() < 1e-4);
/// ```
pub fn visible_difference(variance: f64, power: f64) -> f64 {
    reach(power) * variance.sqrt()
}

/// Finds the fewest further sentences to code so that a difference of this size between any two groups
/// is seen, in each of several shares (frames, say), which are coded in the same sentences.
///
/// One sentence after the other goes to where it helps most: of the two groups that know their share
/// worst, to the stratum in which it takes most from the variance, `W_h² s_h² / (n_h (n_h + 1))`. With
/// one group that is Neyman's allocation, `n_h ∝ N_h s_h`, in whole numbers. A stratum without a coded
/// sentence gets one to begin with. From a thousand on, steps are a thousandth of what is coded.
///
/// `shares[share][group]` must have a spread for each stratum of `strata[group]`.
///
/// # References
///
/// Neyman 1934, Journal of the Royal Statistical Society 97:558–625; Wright 2012, The American
/// Statistician 66:217–224 (whole numbers); Cochran 1977, Sampling Techniques, 3rd ed., ch. 5.
pub fn plan_coding(
    shares: &[Vec<ShareVariance>],
    strata: &[Vec<PlanStratum>],
    difference: f64,
    power: f64,
) -> CodingPlan {
    let wanted = (difference / reach(power)).powi(2);
    let all: Vec<Vec<usize>> = by_stratum(strata, |stratum| stratum.sentences);
    let mut coded = by_stratum(strata, |stratum| stratum.coded);
    let unreachable: Vec<Vec<usize>> =
        shares.iter().map(|groups| unreachable(groups, &all, wanted)).collect();
    for (group, coded) in coded.iter_mut().enumerate() {
        if unreachable.iter().any(|left_out| !left_out.contains(&group)) {
            let start = coded.iter_mut().zip(&all[group]);
            start.for_each(|(coded, &all)| *coded = (*coded).max(1).min(all));
        }
    }
    loop {
        let worst = shares.iter().zip(&unreachable).filter_map(|(groups, left_out)| {
            let [a, b] = worst_pair(groups, &coded, left_out)?;
            let variance = groups[a].at(&coded[a]) + groups[b].at(&coded[b]);
            (variance > wanted).then_some((variance, groups, [a, b]))
        });
        let Some((_, groups, pair)) = worst.max_by(|a, b| a.0.total_cmp(&b.0)) else { break };
        let mut open: Vec<(usize, usize)> =
            pair.iter().flat_map(|&group| (0..all[group].len()).map(move |h| (group, h))).collect();
        open.retain(|&(group, stratum)| coded[group][stratum] < all[group][stratum]);
        let gain =
            |&(group, stratum): &(usize, usize)| groups[group].gain(stratum, coded[group][stratum]);
        let best = open.into_iter().max_by(|a, b| gain(a).total_cmp(&gain(b)));
        // Rounding aside, a pair that can be reached has something left to code.
        let Some((group, stratum)) = best.filter(|best| gain(best) > 0.0) else { break };
        let step = 1 + coded[group][stratum] / 1000;
        coded[group][stratum] = (coded[group][stratum] + step).min(all[group][stratum]);
    }
    CodingPlan { coded, unreachable }
}

fn by_stratum(strata: &[Vec<PlanStratum>], of: fn(&PlanStratum) -> usize) -> Vec<Vec<usize>> {
    strata.iter().map(|group| group.iter().map(of).collect()).collect()
}

/// The two groups whose shares are known worst.
fn worst_pair(
    groups: &[ShareVariance],
    coded: &[Vec<usize>],
    left_out: &[usize],
) -> Option<[usize; 2]> {
    let mut order: Vec<usize> = (0..groups.len()).filter(|of| !left_out.contains(of)).collect();
    let variance = |group: usize| groups[group].at(&coded[group]);
    order.sort_by(|&a, &b| variance(b).total_cmp(&variance(a)));
    (order.len() > 1).then(|| [order[0], order[1]])
}

/// The groups to leave out, those with the fewest articles first, until all others can be told apart.
fn unreachable(groups: &[ShareVariance], all: &[Vec<usize>], wanted: f64) -> Vec<usize> {
    let mut left_out = Vec::new();
    while let Some([a, b]) = worst_pair(groups, all, &left_out) {
        if groups[a].at(&all[a]) + groups[b].at(&all[b]) <= wanted {
            left_out.sort_unstable();
            return left_out;
        }
        left_out.push(a);
    }
    // One group alone differs from nothing.
    (0..groups.len()).collect()
}

#[cfg(test)]
#[path = "power_tests.rs"]
mod tests;
