//! Sums over units that every coefficient is computed from.
//!
//! A coefficient of agreement is a function of sums over units: how many there are, how far they
//! agree, how often each value was given, by whom, and together with which. These sums are taken
//! once for each document; a bootstrap replicate adds up those of the documents it drew and never
//! sees a code again.

use super::bootstrap::Clusters;
use super::codes::CodeTable;
use super::weights::Weights;

/// Which sums to take beyond those that all coefficients need.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Detail {
    /// Contingency tables of all pairs of coders: for Cohen's kappa and Scott's pi.
    pub pairs: bool,
    /// Pairs of values within units: for ordinal alpha.
    pub coincidences: bool,
}

/// Sums by document, sparse: `amount[i]` of the sum `index[i]`, document after document.
#[derive(Debug, Clone)]
pub struct UnitCounts {
    coders: usize,
    values: usize,
    weights: Weights,
    detail: Detail,
    starts: Vec<usize>,
    index: Vec<u32>,
    amount: Vec<f64>,
}

const PAIRABLE: usize = 0;
const AGREEMENT: usize = 1;
const DISAGREEMENT: usize = 2;
const CODED: usize = 3;
const INCOMPLETE: usize = 4;
const VALUES: usize = 5;

impl UnitCounts {
    /// Takes the sums of a table, with agreement weights for its values, by cluster.
    pub fn new(table: &CodeTable, weights: &Weights, clusters: &Clusters, detail: Detail) -> Self {
        let mut counts = UnitCounts {
            coders: table.coders,
            values: table.values,
            weights: weights.clone(),
            detail,
            starts: vec![0],
            index: Vec::new(),
            amount: Vec::new(),
        };
        let mut members = vec![Vec::new(); clusters.count()];
        for (unit, &cluster) in clusters.of_unit().iter().enumerate() {
            members[cluster].push(unit);
        }
        let mut entries: Vec<(u32, f64)> = Vec::new();
        for units in members {
            entries.clear();
            for unit in units {
                counts.add_unit(table, unit, &mut entries);
            }
            entries.sort_by_key(|entry| entry.0);
            for &(index, amount) in &entries {
                let fresh = counts.index.len() == counts.starts[counts.starts.len() - 1];
                match (fresh, counts.index.last(), counts.amount.last_mut()) {
                    (false, Some(&last), Some(sum)) if last == index => *sum += amount,
                    _ => {
                        counts.index.push(index);
                        counts.amount.push(amount);
                    }
                }
            }
            counts.starts.push(counts.index.len());
        }
        counts
    }

    fn add_unit(&self, table: &CodeTable, unit: usize, entries: &mut Vec<(u32, f64)>) {
        let mut add = |index: usize, amount: f64| entries.push((index as u32, amount));
        let codes: Vec<(usize, usize)> = table.units[unit]
            .iter()
            .enumerate()
            .filter_map(|(coder, code)| code.map(|code| (coder, code)))
            .collect();
        if codes.len() < table.coders {
            add(INCOMPLETE, 1.0);
        }
        if codes.is_empty() {
            return;
        }
        let mut given: Vec<(usize, f64)> = Vec::new();
        for &(coder, code) in &codes {
            match given.iter_mut().find(|(value, _)| *value == code) {
                Some((_, count)) => *count += 1.0,
                None => given.push((code, 1.0)),
            }
            add(VALUES + (2 + coder) * self.values + code, 1.0);
        }
        let m = codes.len() as f64;
        add(CODED, 1.0);
        for &(value, count) in &given {
            add(VALUES + self.values + value, count / m);
        }
        if codes.len() < 2 {
            return;
        }
        let mut agreeing = 0.0;
        for &(k, n_k) in &given {
            add(VALUES + k, n_k);
            let weighted: f64 = given.iter().map(|&(l, n_l)| self.weights.at(k, l) * n_l).sum();
            agreeing += n_k * (weighted - 1.0);
        }
        add(PAIRABLE, 1.0);
        add(AGREEMENT, agreeing / (m * (m - 1.0)));
        add(DISAGREEMENT, (m * (m - 1.0) - agreeing) / (m - 1.0));
        if self.detail.coincidences {
            for (at, &(k, n_k)) in given.iter().enumerate() {
                for &(l, n_l) in &given[at + 1..] {
                    add(self.coincidence(k.min(l), k.max(l)), 2.0 * n_k * n_l / (m - 1.0));
                }
            }
        }
        if self.detail.pairs {
            for (at, &(first, a)) in codes.iter().enumerate() {
                for &(second, b) in &codes[at + 1..] {
                    add(self.cells(first, second) + a * self.values + b, 1.0);
                }
            }
        }
    }

    fn coincidence(&self, k: usize, l: usize) -> usize {
        VALUES + (2 + self.coders) * self.values + k * self.values + l
    }

    /// Where the contingency table of two coders begins, `first` before `second`.
    fn cells(&self, first: usize, second: usize) -> usize {
        let squares = self.values * self.values;
        let before = first * (2 * self.coders - first - 1) / 2 + second - first - 1;
        let coincidences = if self.detail.coincidences { squares } else { 0 };
        VALUES + (2 + self.coders) * self.values + coincidences + before * squares
    }

    fn length(&self) -> usize {
        let coders = if self.detail.pairs { self.coders } else { 0 };
        let pairs = coders * coders.saturating_sub(1) / 2;
        let squares = self.values * self.values;
        let coincidences = if self.detail.coincidences { squares } else { 0 };
        VALUES + (2 + self.coders) * self.values + coincidences + pairs * squares
    }

    /// The agreement weights.
    pub fn weights(&self) -> &Weights {
        &self.weights
    }

    /// The sums over all documents.
    pub fn totals(&self) -> Totals<'_> {
        let mut totals = self.empty();
        totals.draw(&vec![1; self.starts.len() - 1]);
        totals
    }

    /// Sums to be filled by [`Totals::draw`].
    pub fn empty(&self) -> Totals<'_> {
        Totals { counts: self, sums: vec![0.0; self.length()] }
    }
}

/// Sums over the documents of a replicate, or over all.
#[derive(Debug, Clone)]
pub struct Totals<'a> {
    counts: &'a UnitCounts,
    sums: Vec<f64>,
}

impl Totals<'_> {
    /// Adds up the documents, each as often as it was drawn.
    pub fn draw(&mut self, drawn: &[u32]) {
        self.sums.fill(0.0);
        let counts = self.counts;
        for (range, &times) in counts.starts.windows(2).zip(drawn) {
            if times == 0 {
                continue;
            }
            let times = f64::from(times);
            let of_document = range[0]..range[1];
            let amounts = &counts.amount[of_document.clone()];
            for (&index, &amount) in counts.index[of_document].iter().zip(amounts) {
                self.sums[index as usize] += times * amount;
            }
        }
    }

    /// The agreement weights.
    pub fn weights(&self) -> &Weights {
        &self.counts.weights
    }

    /// How many coders there are.
    pub fn coders(&self) -> usize {
        self.counts.coders
    }

    /// Units with two codes or more.
    pub fn pairable(&self) -> f64 {
        self.sums[PAIRABLE]
    }

    /// Over pairable units, the weighted share of agreeing pairs of coders.
    pub fn agreement(&self) -> f64 {
        self.sums[AGREEMENT]
    }

    /// Over pairable units, `Σ_{i≠j} (1 − w) / (m − 1)`.
    pub fn disagreement(&self) -> f64 {
        self.sums[DISAGREEMENT]
    }

    /// Units with a code.
    pub fn coded(&self) -> f64 {
        self.sums[CODED]
    }

    /// Whether some coder left out some unit.
    pub fn has_missing(&self) -> bool {
        self.sums[INCOMPLETE] > 0.0
    }

    /// How often each value stands in pairable units.
    pub fn value_counts(&self) -> &[f64] {
        &self.sums[VALUES..VALUES + self.counts.values]
    }

    /// Over coded units, the share of codes that are each value.
    pub fn value_shares(&self) -> &[f64] {
        let start = VALUES + self.counts.values;
        &self.sums[start..start + self.counts.values]
    }

    /// How often a coder gave each value.
    pub fn coder_counts(&self, coder: usize) -> &[f64] {
        let start = VALUES + (2 + coder) * self.counts.values;
        &self.sums[start..start + self.counts.values]
    }

    /// Coincidences of two different values, `k < l`; needs [`Detail::coincidences`].
    pub fn coincidence(&self, k: usize, l: usize) -> f64 {
        self.sums[self.counts.coincidence(k, l)]
    }

    /// The contingency table of two coders, row by row; needs [`Detail::pairs`].
    pub fn contingency(&self, first: usize, second: usize) -> &[f64] {
        let start = self.counts.cells(first, second);
        &self.sums[start..start + self.counts.values * self.counts.values]
    }
}
