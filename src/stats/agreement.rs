//! Inter-coder agreement on nominal codes.

use super::measure::{Undefined, Value};

/// Codes by unit and coder, missing ones kept as `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeTable {
    /// How many coders there are.
    pub coders: usize,
    /// How many values a code can take, from the codebook.
    pub values: usize,
    /// For each unit, a code (below `values`) from each coder.
    pub units: Vec<Vec<Option<usize>>>,
}

impl CodeTable {
    /// How many coders gave each value to a unit.
    fn counts(&self, unit: usize) -> Vec<f64> {
        let mut counts = vec![0.0; self.values];
        for code in self.units[unit].iter().flatten() {
            counts[*code] += 1.0;
        }
        counts
    }

    /// Weight and counts of all units that two coders or more have coded.
    fn pairable<'a>(&'a self, weights: &'a [u32]) -> impl Iterator<Item = (f64, Vec<f64>)> + 'a {
        (0..self.units.len())
            .filter(|&unit| weights[unit] > 0)
            .map(|unit| (f64::from(weights[unit]), self.counts(unit)))
            .filter(|(_, counts)| counts.iter().sum::<f64>() >= 2.0)
    }

    /// Every unit once: the weights of the data as they are.
    pub fn unweighted(&self) -> Vec<u32> {
        vec![1; self.units.len()]
    }
}

/// Mean over units of the share of agreeing pairs of coders,
/// `Σₖ nₖ(nₖ − 1) / (m(m − 1))` for a unit with `m` codes, `nₖ` of them value `k`.
///
/// `weights` is how often each unit counts.
///
/// # Degenerate cases
///
/// Undefined without a unit that two coders coded.
pub fn percent_agreement(table: &CodeTable, weights: &[u32]) -> Value {
    let (mut agreeing, mut units) = (0.0, 0.0);
    for (weight, counts) in table.pairable(weights) {
        let m: f64 = counts.iter().sum();
        agreeing += weight * counts.iter().map(|n| n * (n - 1.0)).sum::<f64>() / (m * (m - 1.0));
        units += weight;
    }
    match units > 0.0 {
        true => Ok(agreeing / units),
        false => Err(Undefined::NoOverlap),
    }
}

/// Krippendorff's alpha for nominal codes, `1 − Dₒ/Dₑ`.
///
/// Over units with `m ≥ 2` codes, with `n` codes in all and `n_c` of value `c`:
/// `Dₒ = (1/n) Σᵤ (m² − Σₖ nₖ²) / (m − 1)` and `Dₑ = (n² − Σ_c n_c²) / (n (n − 1))`.
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
    for (weight, counts) in table.pairable(weights) {
        let m: f64 = counts.iter().sum();
        let squares: f64 = counts.iter().map(|n| n * n).sum();
        disagreement += weight * (m * m - squares) / (m - 1.0);
        for (total, count) in totals.iter_mut().zip(&counts) {
            *total += weight * count;
        }
    }
    let n: f64 = totals.iter().sum();
    if n == 0.0 {
        return Err(Undefined::NoOverlap);
    }
    let expected = (n * n - totals.iter().map(|c| c * c).sum::<f64>()) / (n - 1.0);
    match expected > 0.0 {
        true => Ok(1.0 - disagreement / expected),
        false => Err(Undefined::NoVariation),
    }
}

/// Fleiss' kappa, `(P̄ − P̄ₑ) / (1 − P̄ₑ)`.
///
/// `P̄` is [`percent_agreement`], `P̄ₑ = Σₖ pₖ²` with `pₖ` the share of value `k` among all codes.
///
/// # Degenerate cases
///
/// Undefined where a unit lacks a code (use alpha), without units, and where all codes are the
/// same.
///
/// # References
///
/// Fleiss 1971, Psychological Bulletin 76:378–382.
pub fn fleiss_kappa(table: &CodeTable, weights: &[u32]) -> Value {
    let mut totals = vec![0.0; table.values];
    for (unit, codes) in table.units.iter().enumerate() {
        if codes.len() < table.coders || codes.iter().any(Option::is_none) {
            return Err(Undefined::MissingCodes);
        }
        for (total, count) in totals.iter_mut().zip(table.counts(unit)) {
            *total += f64::from(weights[unit]) * count;
        }
    }
    let observed = percent_agreement(table, weights)?;
    let n: f64 = totals.iter().sum();
    let by_chance: f64 = totals.iter().map(|total| (total / n).powi(2)).sum();
    kappa(observed, by_chance)
}

/// Cohen's kappa of two coders, `(pₒ − pₑ) / (1 − pₑ)` with `pₑ = Σₖ p₁ₖ p₂ₖ`, over the units that
/// both coded.
///
/// # Degenerate cases
///
/// Undefined without such a unit, and where both gave one and the same value throughout.
///
/// # References
///
/// Cohen 1960, Educational and Psychological Measurement 20:37–46.
pub fn cohen_kappa(table: &CodeTable, weights: &[u32], first: usize, second: usize) -> Value {
    let mut shares = vec![[0.0; 2]; table.values];
    let (mut agreeing, mut n) = (0.0, 0.0);
    for (codes, &weight) in table.units.iter().zip(weights) {
        if let (Some(a), Some(b)) = (codes[first], codes[second]) {
            let weight = f64::from(weight);
            shares[a][0] += weight;
            shares[b][1] += weight;
            agreeing += weight * f64::from(a == b);
            n += weight;
        }
    }
    if n == 0.0 {
        return Err(Undefined::NoOverlap);
    }
    let by_chance: f64 = shares.iter().map(|[a, b]| a * b / (n * n)).sum();
    kappa(agreeing / n, by_chance)
}

/// The mean of [`cohen_kappa`] over all pairs of coders for whom it is defined.
///
/// # Degenerate cases
///
/// Undefined where it is for every pair: for want of variation if any pair coded a unit together,
/// else for want of overlap.
pub fn mean_cohen_kappa(table: &CodeTable, weights: &[u32]) -> Value {
    let pairs = (0..table.coders).flat_map(|a| (a + 1..table.coders).map(move |b| (a, b)));
    let kappas: Vec<Value> = pairs.map(|(a, b)| cohen_kappa(table, weights, a, b)).collect();
    let defined: Vec<f64> = kappas.iter().filter_map(|kappa| kappa.ok()).collect();
    match defined.is_empty() {
        true if kappas.contains(&Err(Undefined::NoVariation)) => Err(Undefined::NoVariation),
        true => Err(Undefined::NoOverlap),
        false => Ok(defined.iter().sum::<f64>() / defined.len() as f64),
    }
}

fn kappa(observed: f64, by_chance: f64) -> Value {
    match by_chance < 1.0 {
        true => Ok((observed - by_chance) / (1.0 - by_chance)),
        false => Err(Undefined::NoVariation),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn table(values: usize, units: &[&[i64]]) -> CodeTable {
        let code = |&code: &i64| usize::try_from(code).ok();
        let units: Vec<Vec<_>> = units.iter().map(|unit| unit.iter().map(code).collect()).collect();
        CodeTable { coders: units[0].len(), values, units }
    }

    fn transposed(values: usize, coders: &[&[i64]]) -> CodeTable {
        let units: Vec<Vec<i64>> = (0..coders[0].len())
            .map(|unit| coders.iter().map(|codes| codes[unit]).collect())
            .collect();
        table(values, &units.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }

    fn assert_close(value: Value, expected: f64, tolerance: f64) {
        assert!((value.unwrap() - expected).abs() < tolerance, "{value:?} is not {expected}");
    }

    #[test]
    fn alpha_of_krippendorff_2011() {
        let b = transposed(
            6,
            &[&[1, 1, 2, 2, 4, 3, 3, 3, 5, 4, 4, 1], &[2, 1, 2, 2, 2, 3, 3, 3, 5, 4, 4, 4]],
        );
        assert_close(krippendorff_alpha(&b, &b.unweighted()), 0.691964, 1e-6);
        let c = transposed(
            6,
            &[
                &[1, 2, 3, 3, 2, 1, 4, 1, 2, -1, -1, -1],
                &[1, 2, 3, 3, 2, 2, 4, 1, 2, 5, -1, 3],
                &[-1, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, -1],
                &[1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, -1],
            ],
        );
        assert_close(krippendorff_alpha(&c, &c.unweighted()), 113.0 / 152.0, 1e-12);
        assert_eq!(fleiss_kappa(&c, &c.unweighted()), Err(Undefined::MissingCodes));
    }

    #[test]
    fn kappa_of_cohen_1960() {
        let mut units: Vec<Vec<i64>> = Vec::new();
        for (a, row) in [[88, 14, 18], [10, 40, 10], [2, 6, 12]].iter().enumerate() {
            for (b, &count) in row.iter().enumerate() {
                units.extend(std::iter::repeat_n(vec![a as i64, b as i64], count));
            }
        }
        let table = table(3, &units.iter().map(Vec::as_slice).collect::<Vec<_>>());
        assert_close(cohen_kappa(&table, &table.unweighted(), 0, 1), 0.491525, 1e-6);
        assert_close(mean_cohen_kappa(&table, &table.unweighted()), 0.491525, 1e-6);
    }

    #[test]
    fn kappa_of_fleiss_1971() {
        let counts: [[usize; 5]; 30] = [
            [0, 0, 0, 6, 0],
            [0, 3, 0, 0, 3],
            [0, 1, 4, 0, 1],
            [0, 0, 0, 0, 6],
            [0, 3, 0, 3, 0],
            [2, 0, 4, 0, 0],
            [0, 0, 4, 0, 2],
            [2, 0, 3, 1, 0],
            [2, 0, 0, 4, 0],
            [0, 0, 0, 0, 6],
            [1, 0, 0, 5, 0],
            [1, 1, 0, 4, 0],
            [0, 3, 3, 0, 0],
            [1, 0, 0, 5, 0],
            [0, 2, 0, 3, 1],
            [0, 0, 5, 0, 1],
            [3, 0, 0, 1, 2],
            [5, 1, 0, 0, 0],
            [0, 2, 0, 4, 0],
            [1, 0, 2, 0, 3],
            [0, 0, 0, 0, 6],
            [0, 1, 0, 5, 0],
            [0, 2, 0, 1, 3],
            [2, 0, 0, 4, 0],
            [1, 0, 0, 4, 1],
            [0, 5, 0, 1, 0],
            [4, 0, 0, 0, 2],
            [0, 2, 0, 4, 0],
            [1, 0, 5, 0, 0],
            [0, 0, 0, 0, 6],
        ];
        let units = counts
            .iter()
            .map(|counts| {
                let codes = counts.iter().enumerate();
                codes.flat_map(|(value, &n)| std::iter::repeat_n(Some(value), n)).collect()
            })
            .collect();
        let table = CodeTable { coders: 6, values: 5, units };
        assert_close(fleiss_kappa(&table, &table.unweighted()), 0.430245, 1e-6);
    }

    #[test]
    fn what_cannot_be_judged_is_undefined() {
        let same = table(2, &[&[1, 1], &[1, 1]]);
        let weights = same.unweighted();
        assert_eq!(percent_agreement(&same, &weights), Ok(1.0));
        assert_eq!(krippendorff_alpha(&same, &weights), Err(Undefined::NoVariation));
        assert_eq!(fleiss_kappa(&same, &weights), Err(Undefined::NoVariation));
        assert_eq!(cohen_kappa(&same, &weights, 0, 1), Err(Undefined::NoVariation));
        let apart = table(2, &[&[1, -1], &[-1, 0]]);
        let weights = apart.unweighted();
        assert_eq!(percent_agreement(&apart, &weights), Err(Undefined::NoOverlap));
        assert_eq!(krippendorff_alpha(&apart, &weights), Err(Undefined::NoOverlap));
        assert_eq!(mean_cohen_kappa(&apart, &weights), Err(Undefined::NoOverlap));
    }

    fn any_table() -> impl Strategy<Value = CodeTable> {
        let code = prop::option::weighted(0.8, 0..3_usize);
        prop::collection::vec(prop::collection::vec(code, 3), 2..20).prop_map(|units| CodeTable {
            coders: 3,
            values: 3,
            units,
        })
    }

    fn same(a: Value, b: Value) -> bool {
        match (a, b) {
            (Ok(a), Ok(b)) => (a - b).abs() < 1e-9,
            (a, b) => a == b,
        }
    }

    proptest! {
        #[test]
        fn order_missing_coders_and_repeated_units_change_nothing(table in any_table()) {
            let weights = table.unweighted();
            let mut turned = table.clone();
            turned.units.reverse();
            for unit in &mut turned.units {
                unit.rotate_left(1);
            }
            let mut joined = table.clone();
            joined.coders = 4;
            for unit in &mut joined.units {
                unit.push(None);
            }
            for coefficient in [percent_agreement, krippendorff_alpha, mean_cohen_kappa] {
                let value = coefficient(&table, &weights);
                prop_assert!(same(value, coefficient(&turned, &weights)));
                prop_assert!(same(value, coefficient(&joined, &weights)));
            }
            // A unit that counts twice is a unit that stands twice.
            let twice = CodeTable { units: [table.units.clone(), table.units.clone()].concat(), ..table.clone() };
            let doubled = vec![2; table.units.len()];
            for coefficient in [percent_agreement, krippendorff_alpha, fleiss_kappa] {
                let value = coefficient(&twice, &twice.unweighted());
                prop_assert!(same(value, coefficient(&table, &doubled)));
            }
        }
    }
}
