//! Krippendorff's alpha.

use super::codes::CodeTable;
use super::counts::Totals;
use super::measure::{Undefined, Value};

/// Krippendorff's alpha, `1 − Dₒ/Dₑ`, with the squared metric `δ² = 1 − w` of the agreement weights
/// in the counts: identity for nominal, quadratic for interval, ratio for ratio, those of a
/// [`SetDistance`](super::SetDistance) for sets (the scale of `δ²` cancels out).
///
/// Over units with `m ≥ 2` codes, `n` codes in all and `n_c` of value `c`:
/// `Dₒ = (1/n) Σᵤ Σ_{i≠j} δ²(vᵢ, vⱼ) / (m − 1)` and `Dₑ = Σ_c Σ_k n_c n_k δ²(c, k) / (n (n − 1))`.
/// Any number of coders; missing codes are left out, not the units they stand in.
///
/// # Degenerate cases
///
/// Undefined without a unit that two coders coded, and where all codes are the same (`Dₑ = 0`).
///
/// # References
///
/// Krippendorff 2011, Computing Krippendorff's Alpha-Reliability; Hayes & Krippendorff 2007,
/// Communication Methods and Measures 1:77–89.
pub fn alpha(totals: &Totals<'_>) -> Value {
    let counts = totals.value_counts();
    let n: f64 = counts.iter().sum();
    let expected = n * n - totals.weights().product(counts, counts);
    ratio(n, totals.disagreement(), expected)
}

/// Krippendorff's alpha for ordinal codes: values are as far apart as the codes that lie between
/// them, `δ(c, k) = Σ_{g=c}^{k} n_g − (n_c + n_k)/2`.
///
/// The metric comes from the same codes as the disagreement, anew in every replicate. Needs
/// [`Detail::coincidences`](super::Detail).
///
/// # Degenerate cases
///
/// As [`alpha`].
///
/// # References
///
/// Krippendorff 2011; Krippendorff 2018, Content Analysis, 4th ed., ch. 12.
pub fn ordinal_alpha(totals: &Totals<'_>) -> Value {
    let counts = totals.value_counts();
    let n: f64 = counts.iter().sum();
    // The middle rank of each value: δ is their difference.
    let mut below = 0.0;
    let ranks: Vec<f64> = counts
        .iter()
        .map(|count| {
            below += count;
            below - count / 2.0 - n / 2.0
        })
        .collect();
    let mut observed = 0.0;
    for l in 0..counts.len() {
        for k in 0..l {
            observed += totals.coincidence(k, l) * (ranks[l] - ranks[k]).powi(2);
        }
    }
    let moment = |power| counts.iter().zip(&ranks).map(|(n, r)| n * r.powi(power)).sum::<f64>();
    // The ranks are centred: their first moment is 0 but for rounding.
    let expected = 2.0 * (n * moment(2) - moment(1).powi(2));
    let varied = counts.iter().filter(|count| **count > 0.0).count() > 1;
    ratio(n, observed, if varied { expected } else { 0.0 })
}

/// `1 − Dₒ/Dₑ` from `n Dₒ` and `n (n − 1) Dₑ`.
fn ratio(n: f64, observed: f64, expected: f64) -> Value {
    if n == 0.0 {
        return Err(Undefined::NoOverlap);
    }
    match expected > 1e-12 * n * n {
        true => Ok(1.0 - observed * (n - 1.0) / expected),
        false => Err(Undefined::NoVariation),
    }
}

/// [`alpha`] of nominal codes, straight from a table; `weights` is how often each unit counts.
///
/// # Examples
///
/// ```
/// use framescope::stats::{CodeTable, krippendorff_alpha};
///
/// // Krippendorff 2011, example A: two coders, ten units.
/// let anna = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0];
/// let ben = [1, 1, 1, 0, 0, 1, 0, 0, 0, 0];
/// let units = anna.iter().zip(&ben).map(|(&a, &b)| vec![Some(a), Some(b)]).collect();
/// let table = CodeTable { coders: 2, values: 2, units };
/// let alpha = krippendorff_alpha(&table, &table.unweighted()).unwrap();
/// assert!((alpha - 0.095238).abs() < 1e-6);
/// ```
pub fn krippendorff_alpha(table: &CodeTable, weights: &[u32]) -> Value {
    let mut totals = vec![0.0; table.values];
    let mut disagreement = 0.0;
    for (unit, &weight) in weights.iter().enumerate().filter(|(_, weight)| **weight > 0) {
        let counts = table.counts(unit);
        let m: f64 = counts.iter().sum();
        if m < 2.0 {
            continue;
        }
        let weight = f64::from(weight);
        let squares: f64 = counts.iter().map(|n| n * n).sum();
        disagreement += weight * (m * m - squares) / (m - 1.0);
        for (total, count) in totals.iter_mut().zip(&counts) {
            *total += weight * count;
        }
    }
    let n: f64 = totals.iter().sum();
    ratio(n, disagreement, n * n - totals.iter().map(|c| c * c).sum::<f64>())
}

/// For every unit its share in the observed disagreement of [`alpha`]: the larger, the more would
/// be gained by settling it. All zero where nobody disagrees.
pub fn disagreement_shares(table: &CodeTable, weights: &super::Weights) -> Vec<f64> {
    let of_unit = |unit: &Vec<Option<usize>>| {
        let codes: Vec<usize> = unit.iter().flatten().copied().collect();
        if codes.len() < 2 {
            return 0.0;
        }
        let mut sum = 0.0;
        for (at, &a) in codes.iter().enumerate() {
            sum += codes[at + 1..].iter().map(|&b| 2.0 * (1.0 - weights.at(a, b))).sum::<f64>();
        }
        sum / (codes.len() - 1) as f64
    };
    let shares: Vec<f64> = table.units.iter().map(of_unit).collect();
    let all: f64 = shares.iter().sum();
    shares.into_iter().map(|share| if all > 0.0 { share / all } else { 0.0 }).collect()
}
