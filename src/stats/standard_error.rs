//! Standard errors from formulas, for units drawn independently.

use super::agreement::Coefficient;
use super::codes::CodeTable;
use super::counts::Totals;
use super::weights::Weights;

/// The standard error of a coefficient, by linearisation over units.
///
/// It takes units as drawn independently: where several stand in one document it is too small, and
/// the bootstrap over documents is to be preferred. Alpha over its pairable units, Cohen's kappa
/// and Scott's pi for two coders by the delta method, all others over all units with a code.
///
/// # Degenerate cases
///
/// `None` where the coefficient is undefined, with fewer than two units, and for Cohen's kappa and
/// Scott's pi with more than two coders.
///
/// # References
///
/// Gwet 2014, Handbook of Inter-Rater Reliability, 4th ed., ch. 5 and 6; Gwet 2021, Educational and
/// Psychological Measurement 81:781–790; for Cohen's kappa Fleiss, Cohen & Everitt 1969,
/// Psychological Bulletin 72:323–327. Formulas as in R's `irrCAC`.
pub fn standard_error(
    table: &CodeTable,
    totals: &Totals<'_>,
    coefficient: Coefficient,
) -> Option<f64> {
    let value = coefficient.of(totals).ok()?;
    match coefficient {
        Coefficient::CohenKappa | Coefficient::ScottPi if table.coders != 2 => None,
        Coefficient::CohenKappa => of_two(totals, value, |own, other| (own, other)),
        Coefficient::ScottPi => of_two(totals, value, |own, other| {
            let mean: Vec<f64> = own.iter().zip(&other).map(|(a, b)| (a + b) / 2.0).collect();
            (mean.clone(), mean)
        }),
        Coefficient::KrippendorffAlpha => of_alpha(table, totals),
        _ => of_units(table, totals, coefficient, value),
    }
}

/// The standard error of the mean of `parts` around `centre`.
fn spread(parts: &[f64], centre: f64) -> Option<f64> {
    let n = parts.len() as f64;
    let squares: f64 = parts.iter().map(|part| (part - centre).powi(2)).sum();
    (n >= 2.0).then(|| (squares / (n * (n - 1.0))).sqrt())
}

/// `Σₖ nₖ (Σₗ wₖₗ nₗ − 1)`.
fn agreeing(weights: &Weights, counts: &[f64]) -> f64 {
    weights.product(counts, counts) - counts.iter().sum::<f64>()
}

fn of_units(
    table: &CodeTable,
    totals: &Totals<'_>,
    coefficient: Coefficient,
    value: f64,
) -> Option<f64> {
    let weights = totals.weights();
    let q = weights.values() as f64;
    let shares: Vec<f64> = totals.value_shares().iter().map(|s| s / totals.coded()).collect();
    let observed = totals.agreement() / totals.pairable();
    let by_chance = match coefficient {
        Coefficient::PercentAgreement => 0.0,
        // (pₒ − pₑ)/(1 − pₑ) solved for pₑ.
        _ if value < 1.0 => (observed - value) / (1.0 - value),
        // Where all pairs agree, chance drops out below.
        _ => 0.0,
    };
    let units: Vec<usize> = (0..table.units.len()).filter(|&u| table.codes(u) > 0).collect();
    let conger = match coefficient {
        Coefficient::CongerKappa => conger_parts(table, totals, units.len() as f64),
        _ => Vec::new(),
    };
    let weighted = weights.apply(&shares);
    let parts: Vec<f64> = units
        .iter()
        .map(|&unit| {
            let counts = table.counts(unit);
            let m: f64 = counts.iter().sum();
            let own = match m >= 2.0 {
                true => {
                    let agreed = agreeing(weights, &counts) / (m * (m - 1.0));
                    totals.coded() / totals.pairable() * (agreed - by_chance) / (1.0 - by_chance)
                }
                false => 0.0,
            };
            let mean_of = |of: &dyn Fn(usize) -> f64| {
                counts.iter().enumerate().map(|(k, n)| n * of(k)).sum::<f64>() / m
            };
            let chance_of_unit = match coefficient {
                Coefficient::FleissKappa | Coefficient::GeneralizedFleiss => {
                    mean_of(&|k| weighted[k])
                }
                Coefficient::GwetAc => {
                    weights.total() / (q * (q - 1.0)) * mean_of(&|k| 1.0 - shares[k])
                }
                Coefficient::CongerKappa => conger[unit],
                _ => by_chance,
            };
            own - 2.0 * (1.0 - value) * (chance_of_unit - by_chance) / (1.0 - by_chance)
        })
        .collect();
    spread(&parts, value)
}

/// What each unit adds to the chance agreement of Conger's kappa, linearised.
fn conger_parts(table: &CodeTable, totals: &Totals<'_>, n: f64) -> Vec<f64> {
    let weights = totals.weights();
    let mut sum = vec![0.0; weights.values()];
    let mut coders = 0.0;
    let of_coder: Vec<Option<(f64, Vec<f64>)>> = (0..table.coders)
        .map(|coder| {
            let counts = totals.coder_counts(coder);
            let coded: f64 = counts.iter().sum();
            if coded == 0.0 {
                return None;
            }
            let shares: Vec<f64> = counts.iter().map(|count| count / coded).collect();
            sum.iter_mut().zip(&shares).for_each(|(sum, share)| *sum += share);
            coders += 1.0;
            Some((coded, shares))
        })
        .collect();
    // By coder: how often, each value's agreement with the other coders, its mean.
    let of_coder: Vec<Option<(f64, Vec<f64>, f64)>> = of_coder
        .into_iter()
        .map(|coder| {
            let (coded, shares) = coder?;
            let others: Vec<f64> = sum.iter().zip(&shares).map(|(sum, own)| sum - own).collect();
            let with_others = weights.apply(&others);
            let mean = shares.iter().zip(&with_others).map(|(p, w)| p * w).sum();
            Some((coded, with_others, mean))
        })
        .collect();
    let of_unit = |unit: &Vec<Option<usize>>| {
        let mut part = 0.0;
        for (code, coder) in unit.iter().zip(&of_coder) {
            let Some((coded, with_others, mean)) = coder else { continue };
            part += *mean;
            if let Some(code) = code {
                part += n / coded * (with_others[*code] - mean);
            }
        }
        part / (coders * (coders - 1.0))
    };
    table.units.iter().map(of_unit).collect()
}

fn of_alpha(table: &CodeTable, totals: &Totals<'_>) -> Option<f64> {
    let weights = totals.weights();
    let counts = totals.value_counts();
    let n: f64 = counts.iter().sum();
    let codes_per_unit = n / totals.pairable();
    let shares: Vec<f64> = counts.iter().map(|count| count / n).collect();
    let by_chance = weights.product(&shares, &shares);
    let observed = 1.0 - totals.disagreement() / n;
    let smoothed = (1.0 - 1.0 / n) * observed + 1.0 / n;
    let value = (observed - by_chance) / (1.0 - by_chance);
    let weighted = weights.apply(&shares);
    let pairable = (0..table.units.len()).filter(|&unit| table.codes(unit) >= 2);
    let parts: Vec<f64> = pairable
        .map(|unit| {
            let counts = table.counts(unit);
            let m: f64 = counts.iter().sum();
            let more = (m - codes_per_unit) / codes_per_unit;
            let own = agreeing(weights, &counts) / (codes_per_unit * (m - 1.0)) - smoothed * more;
            let chance = counts.iter().zip(&weighted).map(|(n, w)| n * w).sum::<f64>()
                / codes_per_unit
                - by_chance * more;
            (own - by_chance - 2.0 * (1.0 - value) * (chance - by_chance)) / (1.0 - by_chance)
        })
        .collect();
    spread(&parts, value)
}

fn of_two(
    totals: &Totals<'_>,
    value: f64,
    chance_shares: impl Fn(Vec<f64>, Vec<f64>) -> (Vec<f64>, Vec<f64>),
) -> Option<f64> {
    let weights = totals.weights();
    let values = weights.values();
    let cells = totals.contingency(0, 1);
    let n: f64 = cells.iter().sum();
    let (mut rows, mut columns, mut observed) = (vec![0.0; values], vec![0.0; values], 0.0);
    for (cell, count) in cells.iter().enumerate() {
        rows[cell / values] += count / n;
        columns[cell % values] += count / n;
        observed += count / n * weights.at(cell / values, cell % values);
    }
    let (rows, columns) = chance_shares(rows, columns);
    let by_chance = weights.product(&rows, &columns);
    let (of_row, of_column) = (weights.apply(&columns), weights.apply(&rows));
    let mut squares = 0.0;
    for (cell, count) in cells.iter().enumerate() {
        let (a, b) = (cell / values, cell % values);
        let part = weights.at(a, b) - (1.0 - value) * (of_row[a] + of_column[b]);
        squares += count / n * part.powi(2);
    }
    let centre = (observed - 2.0 * (1.0 - value) * by_chance).powi(2);
    Some(((squares - centre).max(0.0) / n).sqrt() / (1.0 - by_chance))
}
