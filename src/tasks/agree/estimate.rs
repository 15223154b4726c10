//! Coefficients of one table of codes, with intervals.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::stats::{
    Bootstrap, Clusters, CodeTable, Coefficient, Detail, Distribution, Measure, Totals, UnitCounts,
    Value, Weights, ordinal_alpha, pair_kappa, standard_error,
};

/// A coefficient with all that is known of its error.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Estimate {
    /// Value and interval.
    #[serde(flatten)]
    pub measure: Measure,
    /// Standard deviation of the bootstrap replicates over documents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub std_error: Option<f64>,
    /// Standard error by formula, which takes units as independent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub std_error_analytic: Option<f64>,
    /// Share of replicates below .667, under which Krippendorff draws no conclusions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share_below_667: Option<f64>,
    /// Share of replicates below .800, from which on he calls data reliable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share_below_800: Option<f64>,
}

impl Estimate {
    fn new(distribution: &Distribution, std_error_analytic: Option<f64>) -> Self {
        let mut measure = distribution.measure();
        let defined = measure.value.is_ok();
        if !defined {
            measure.interval = None;
        }
        Estimate {
            measure,
            std_error: distribution.std_error().filter(|_| defined),
            std_error_analytic,
            share_below_667: distribution.share_below(0.667).filter(|_| defined),
            share_below_800: distribution.share_below(0.8).filter(|_| defined),
        }
    }
}

/// Coefficients by their name in `--json`, in order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Coefficients(pub Vec<(&'static str, Estimate)>);

impl Coefficients {
    /// A coefficient by its name.
    pub fn get(&self, name: &str) -> Option<&Estimate> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, estimate)| estimate)
    }

    /// A coefficient in the field's style; empty where it was not asked for.
    pub fn show(&self, name: &str) -> String {
        self.get(name).map_or_else(String::new, |estimate| estimate.measure.to_string())
    }
}

impl Serialize for Coefficients {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        self.0.iter().try_for_each(|(name, estimate)| map.serialize_entry(name, estimate))?;
        map.end()
    }
}

/// What to compute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quantity {
    Of(Coefficient),
    OrdinalAlpha,
}

impl Quantity {
    fn of_pairs(self) -> Option<Coefficient> {
        match self {
            Quantity::Of(c @ (Coefficient::CohenKappa | Coefficient::ScottPi)) => Some(c),
            _ => None,
        }
    }

    fn value(self, totals: &Totals<'_>) -> Value {
        match self {
            Quantity::Of(coefficient) => coefficient.of(totals),
            Quantity::OrdinalAlpha => ordinal_alpha(totals),
        }
    }
}

/// Agreement weights, and the quantities to compute with them.
pub(super) struct Scale {
    pub(super) weights: Weights,
    pub(super) quantities: Vec<(&'static str, Quantity)>,
}

impl Scale {
    /// All coefficients of nominal codes.
    pub(super) fn nominal(values: usize) -> Self {
        use Coefficient::*;
        let quantities = [
            ("percent_agreement", PercentAgreement),
            ("krippendorff_alpha", KrippendorffAlpha),
            ("fleiss_kappa", FleissKappa),
            ("cohen_kappa", CohenKappa),
            ("scott_pi", ScottPi),
            ("gwet_ac1", GwetAc),
            ("brennan_prediger", BrennanPrediger),
            ("conger_kappa", CongerKappa),
        ];
        let quantities = quantities.map(|(name, c)| (name, Quantity::Of(c))).to_vec();
        Scale { weights: Weights::identity(values), quantities }
    }

    /// Alpha of nominal codes.
    pub(super) fn nominal_alpha(values: usize) -> Self {
        let alpha = Quantity::Of(Coefficient::KrippendorffAlpha);
        Scale {
            weights: Weights::identity(values),
            quantities: vec![("krippendorff_alpha", alpha)],
        }
    }
}

/// With more cells than this in the contingency tables of all pairs, two-coder coefficients have no
/// bootstrap interval: adding the tables up would take longer than all else.
const MOST_CELLS: usize = 1 << 18;

/// With more pairs than this, single pairs have no interval.
const MOST_PAIRS: usize = 200;

/// Computes quantities on every scale.
pub(super) fn coefficients(
    table: &CodeTable,
    scales: &[Scale],
    clusters: &Clusters,
    bootstrap: &Bootstrap,
) -> Coefficients {
    compute(table, scales, clusters, bootstrap, false).0
}

/// Computes quantities on every scale, and Cohen's kappa of every pair of coders.
pub(super) fn estimates(
    table: &CodeTable,
    scales: &[Scale],
    clusters: &Clusters,
    bootstrap: &Bootstrap,
) -> (Coefficients, Vec<Estimate>) {
    compute(table, scales, clusters, bootstrap, true)
}

fn compute(
    table: &CodeTable,
    scales: &[Scale],
    clusters: &Clusters,
    bootstrap: &Bootstrap,
    each_pair: bool,
) -> (Coefficients, Vec<Estimate>) {
    let pairs: Vec<(usize, usize)> =
        (0..table.coders).flat_map(|a| (a + 1..table.coders).map(move |b| (a, b))).collect();
    let cells = pairs.len().saturating_mul(table.values * table.values);
    let replicate_pairs = cells <= MOST_CELLS;
    let pair_intervals = each_pair && replicate_pairs && pairs.len() <= MOST_PAIRS;
    let asks =
        |scale: &Scale, ask: fn(&Quantity) -> bool| scale.quantities.iter().any(|q| ask(&q.1));
    let counts: Vec<UnitCounts> = scales
        .iter()
        .map(|scale| {
            let detail = Detail {
                pairs: replicate_pairs && asks(scale, |q| q.of_pairs().is_some()),
                coincidences: asks(scale, |q| *q == Quantity::OrdinalAlpha),
            };
            UnitCounts::new(table, &scale.weights, clusters, detail)
        })
        .collect();
    let of_totals = |all: &[Totals<'_>], single_pairs: bool| -> Vec<Option<Value>> {
        let mut values = Vec::new();
        for (scale, totals) in scales.iter().zip(all) {
            values.extend(scale.quantities.iter().map(|(_, quantity)| {
                (replicate_pairs || quantity.of_pairs().is_none()).then(|| quantity.value(totals))
            }));
        }
        if single_pairs {
            values.extend(pairs.iter().map(|&(a, b)| Some(pair_kappa(&all[0], a, b))));
        }
        values
    };
    let all: Vec<Totals<'_>> = counts.iter().map(UnitCounts::totals).collect();
    let values = of_totals(&all, each_pair && replicate_pairs);
    let replicates = bootstrap.replicates(
        clusters,
        || counts.iter().map(UnitCounts::empty).collect::<Vec<_>>(),
        |all, drawn| {
            all.iter_mut().for_each(|totals| totals.draw(drawn));
            of_totals(all, pair_intervals)
        },
    );
    let distribution = |value: Value, index: usize| {
        let drawn: Vec<f64> =
            replicates.iter().filter_map(|r| r.get(index).copied().flatten()?.ok()).collect();
        let asked = replicates.first().is_some_and(|r| r.get(index).copied().flatten().is_some());
        Distribution::new(value, drawn, if asked { bootstrap.replicates } else { 0 })
    };
    let mut coefficients = Coefficients::default();
    let quantities = scales.iter().zip(&all).flat_map(|(scale, totals)| {
        scale.quantities.iter().map(move |&(name, quantity)| (scale, totals, name, quantity))
    });
    for (index, (scale, totals, name, quantity)) in quantities.enumerate() {
        let value = values[index].unwrap_or_else(|| match quantity.of_pairs() {
            Some(coefficient) => mean_of_tables(table, &scale.weights, coefficient, &pairs),
            None => quantity.value(totals),
        });
        let analytic = match quantity {
            Quantity::Of(c) if quantity.of_pairs().is_none() || replicate_pairs => {
                standard_error(table, totals, c)
            }
            _ => None,
        };
        coefficients.0.push((name, Estimate::new(&distribution(value, index), analytic)));
    }
    let first = coefficients.0.len();
    let of_pair = |(index, &(a, b)): (usize, &(usize, usize))| {
        let value = values.get(first + index).copied().flatten();
        let value = value
            .unwrap_or_else(|| of_tables(table, &scales[0].weights, Coefficient::CohenKappa, a, b));
        Estimate::new(&distribution(value, first + index), None)
    };
    let single = if each_pair { &pairs[..] } else { &[] };
    let single = single.iter().enumerate().map(of_pair).collect();
    (coefficients, single)
}

/// A two-coder coefficient of one pair, from the codes themselves.
fn of_tables(table: &CodeTable, weights: &Weights, c: Coefficient, a: usize, b: usize) -> Value {
    let pair = table.pair(a, b);
    let whole = Clusters::new(vec![0; pair.units.len()]);
    let detail = Detail { pairs: true, coincidences: false };
    c.of(&UnitCounts::new(&pair, weights, &whole, detail).totals())
}

fn mean_of_tables(
    table: &CodeTable,
    weights: &Weights,
    coefficient: Coefficient,
    pairs: &[(usize, usize)],
) -> Value {
    use crate::stats::Undefined;
    let values: Vec<Value> =
        pairs.iter().map(|&(a, b)| of_tables(table, weights, coefficient, a, b)).collect();
    let defined: Vec<f64> = values.iter().filter_map(|value| value.ok()).collect();
    match defined.is_empty() {
        true if values.contains(&Err(Undefined::NoVariation)) => Err(Undefined::NoVariation),
        true => Err(Undefined::NoOverlap),
        false => Ok(defined.iter().sum::<f64>() / defined.len() as f64),
    }
}

/// Alpha without each coder in turn; `scale` holds nothing but alpha.
pub(super) fn without_each_coder(table: &CodeTable, scale: &Scale) -> Vec<Measure> {
    let whole = Clusters::new(vec![0; table.units.len()]);
    let alpha = |coder| {
        let rest = table.without_coder(coder);
        let detail = Detail { pairs: false, coincidences: true };
        let counts = UnitCounts::new(&rest, &scale.weights, &whole, detail);
        let quantity = scale.quantities[0].1;
        Measure::bare(quantity.value(&counts.totals()))
    };
    (0..table.coders).map(alpha).collect()
}
