//! Agreement corrected for chance.
//!
//! All coefficients but alpha have the form `(pₒ − pₑ) / (1 − pₑ)`; what tells them apart is whose
//! agreement by chance `pₑ` stands for, and that the two-coder coefficients look at one pair only.

use super::alpha::alpha;
use super::counts::Totals;
use super::measure::{Undefined, Value};

/// A coefficient of agreement. With weights other than identity in the counts, its weighted form.
///
/// `wₖₗ` are the agreement weights, `q` is the number of values, `π` the mean over units of the
/// shares of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Coefficient {
    /// Mean over units of the weighted share of agreeing pairs of coders, not corrected for chance.
    /// Undefined without a unit that two coders coded, like every other coefficient.
    PercentAgreement,
    /// See [`alpha`](super::alpha()).
    KrippendorffAlpha,
    /// `pₑ = Σ wₖₗ πₖ πₗ`. Undefined where a unit lacks a code: use alpha.
    ///
    /// Fleiss 1971, Psychological Bulletin 76:378–382.
    FleissKappa,
    /// Fleiss' kappa carried over to missing codes: `pₒ` from units with two codes or more, `π` from
    /// all. Gwet 2014, Handbook of Inter-Rater Reliability, 4th ed., ch. 5.
    GeneralizedFleiss,
    /// `pₑ` is the mean over pairs of coders of Cohen's: `Σ wₖₗ (p̄ₖ p̄ₗ − s²ₖₗ/r)`, where `p̄` and `s²`
    /// are mean and covariance of the `r` coders' shares. Undefined with one active coder.
    ///
    /// Conger 1980, Psychological Bulletin 88:322–328.
    CongerKappa,
    /// `pₑ = (Σ wₖₗ / (q (q − 1))) Σ πₖ (1 − πₖ)`: AC1, with weights AC2. Undefined with one value.
    ///
    /// Gwet 2008, British Journal of Mathematical and Statistical Psychology 61:29–48.
    GwetAc,
    /// `pₑ = Σ wₖₗ / q²`. Undefined with one value.
    ///
    /// Brennan & Prediger 1981, Educational and Psychological Measurement 41:687–699.
    BrennanPrediger,
    /// `pₑ = Σ wₖₗ p₁ₖ p₂ₗ` of two coders over the units that both coded; the mean over the pairs for
    /// whom it is defined. Undefined where it is for all: for want of variation if any pair coded a
    /// unit together, else for want of overlap.
    ///
    /// Cohen 1960, Educational and Psychological Measurement 20:37–46; 1968, Psychological Bulletin
    /// 70:213–220 (weighted).
    CohenKappa,
    /// `pₑ = Σ wₖₗ πₖ πₗ` with `π` the mean of both coders' shares; else as Cohen's kappa.
    ///
    /// Scott 1955, Public Opinion Quarterly 19:321–325.
    ScottPi,
}

impl Coefficient {
    /// The value, from sums over units. Cohen's kappa and Scott's pi need
    /// [`Detail::pairs`](super::Detail).
    pub fn of(self, totals: &Totals<'_>) -> Value {
        let weights = totals.weights();
        let values = weights.values();
        match self {
            Coefficient::CohenKappa => return mean_of_pairs(totals, pair_kappa),
            Coefficient::ScottPi => return mean_of_pairs(totals, pair_pi),
            Coefficient::KrippendorffAlpha => return alpha(totals),
            Coefficient::FleissKappa if totals.has_missing() => {
                return Err(Undefined::MissingCodes);
            }
            _ if totals.pairable() == 0.0 => return Err(Undefined::NoOverlap),
            _ => {}
        }
        let observed = totals.agreement() / totals.pairable();
        let shares = || totals.value_shares().iter().map(|sum| sum / totals.coded());
        let q = values as f64;
        let by_chance = match self {
            Coefficient::PercentAgreement => 0.0,
            Coefficient::FleissKappa | Coefficient::GeneralizedFleiss => {
                let shares: Vec<f64> = shares().collect();
                weights.product(&shares, &shares)
            }
            Coefficient::CongerKappa => conger_chance(totals)?,
            Coefficient::GwetAc if values >= 2 => {
                let spread: f64 = shares().map(|share| share * (1.0 - share)).sum();
                weights.total() * spread / (q * (q - 1.0))
            }
            Coefficient::BrennanPrediger if values >= 2 => weights.total() / (q * q),
            _ => return Err(Undefined::NoVariation),
        };
        corrected(observed, by_chance)
    }
}

/// `(pₒ − pₑ) / (1 − pₑ)`.
fn corrected(observed: f64, by_chance: f64) -> Value {
    match 1.0 - by_chance > 1e-12 {
        true => Ok((observed - by_chance) / (1.0 - by_chance)),
        false => Err(Undefined::NoVariation),
    }
}

/// The mean of `Σ wₖₗ pᵢₖ pⱼₗ` over pairs `i ≠ j` of coders who coded anything: the square of the sum
/// of all shares less the squares of each.
fn conger_chance(totals: &Totals<'_>) -> Value {
    let weights = totals.weights();
    let mut sum = vec![0.0; weights.values()];
    let (mut own, mut coders) = (0.0, 0.0_f64);
    for coder in 0..totals.coders() {
        let counts = totals.coder_counts(coder);
        let n: f64 = counts.iter().sum();
        if n == 0.0 {
            continue;
        }
        own += weights.product(counts, counts) / (n * n);
        sum.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count / n);
        coders += 1.0;
    }
    match coders >= 2.0 {
        true => Ok((weights.product(&sum, &sum) - own) / (coders * (coders - 1.0))),
        false => Err(Undefined::NoOverlap),
    }
}

/// Cohen's kappa of two coders, `first` before `second`.
pub fn pair_kappa(totals: &Totals<'_>, first: usize, second: usize) -> Value {
    of_pair(totals, first, second, |rows, columns, totals| totals.weights().product(rows, columns))
}

/// Scott's pi of two coders, `first` before `second`.
pub fn pair_pi(totals: &Totals<'_>, first: usize, second: usize) -> Value {
    of_pair(totals, first, second, |rows, columns, totals| {
        let mean: Vec<f64> = rows.iter().zip(columns).map(|(a, b)| (a + b) / 2.0).collect();
        totals.weights().product(&mean, &mean)
    })
}

fn of_pair(
    totals: &Totals<'_>,
    first: usize,
    second: usize,
    chance: impl Fn(&[f64], &[f64], &Totals<'_>) -> f64,
) -> Value {
    let cells = totals.contingency(first, second);
    let n: f64 = cells.iter().sum();
    if n == 0.0 {
        return Err(Undefined::NoOverlap);
    }
    let values = totals.weights().values();
    let (mut rows, mut columns, mut observed) = (vec![0.0; values], vec![0.0; values], 0.0);
    for (a, row) in cells.chunks_exact(values).enumerate() {
        for (b, &count) in row.iter().enumerate().filter(|(_, count)| **count > 0.0) {
            let share = count / n;
            rows[a] += share;
            columns[b] += share;
            observed += share * totals.weights().at(a, b);
        }
    }
    corrected(observed, chance(&rows, &columns, totals))
}

fn mean_of_pairs(
    totals: &Totals<'_>,
    coefficient: impl Fn(&Totals<'_>, usize, usize) -> Value,
) -> Value {
    let (mut sum, mut defined, mut varied) = (0.0, 0_u32, true);
    for first in 0..totals.coders() {
        for second in first + 1..totals.coders() {
            match coefficient(totals, first, second) {
                Ok(value) => {
                    sum += value;
                    defined += 1;
                }
                Err(reason) => varied &= reason != Undefined::NoVariation,
            }
        }
    }
    match (defined, varied) {
        (0, false) => Err(Undefined::NoVariation),
        (0, true) => Err(Undefined::NoOverlap),
        (defined, _) => Ok(sum / f64::from(defined)),
    }
}

#[cfg(test)]
#[path = "agreement_tests.rs"]
mod tests;
