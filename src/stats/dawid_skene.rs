//! The consensus of coders who err in ways of their own.

use super::codes::CodeTable;

/// What the coders' answers say about the true values and about the coders.
#[derive(Debug, Clone, PartialEq)]
pub struct Consensus {
    /// For each unit, the probability of each value; that of the prior where nobody coded it.
    pub posterior: Vec<Vec<f64>>,
    /// How common each value is.
    pub prior: Vec<f64>,
    /// For each coder, the probability of answering `l` (column) where `q` (row) is true.
    pub answers: Vec<Vec<Vec<f64>>>,
    /// Log-likelihood at the end.
    pub log_likelihood: f64,
    /// Rounds it took.
    pub iterations: usize,
    /// Whether the log-likelihood came to rest.
    pub converged: bool,
}

const SMOOTHING: f64 = 0.01;
const TOLERANCE: f64 = 1e-8;
const MOST_ITERATIONS: usize = 500;

/// Dawid and Skene's model by expectation maximisation.
///
/// A unit has the true value `q` with probability `p_q`; coder `k` then answers `l` with probability
/// `π^k_{ql}`, independently of the others. From vote shares, in turns: `p_q = mean_i T_iq` and
/// `π^k_{ql} ∝ Σ_i T_iq n^k_il + 0.01`; then `T_iq ∝ p_q Π_k Π_l (π^k_{ql})^{n^k_il}`. Ends where the
/// log-likelihood changes by less than 1e-8, or after 500 rounds.
///
/// # Degenerate cases
///
/// With two coders who disagree nothing tells which is right: callers should ask for three.
///
/// # References
///
/// Dawid & Skene 1979, Applied Statistics 28:20–28; Passonneau & Carpenter 2014, TACL 2:311–326.
pub fn dawid_skene(table: &CodeTable) -> Consensus {
    let values = table.values;
    let votes = |unit: usize| {
        let counts = table.counts(unit);
        let m: f64 = counts.iter().sum();
        match m > 0.0 {
            true => counts.iter().map(|count| count / m).collect(),
            false => vec![1.0 / values as f64; values],
        }
    };
    let mut posterior: Vec<Vec<f64>> = (0..table.units.len()).map(votes).collect();
    let mut consensus = Consensus {
        posterior: Vec::new(),
        prior: vec![0.0; values],
        answers: Vec::new(),
        log_likelihood: f64::NEG_INFINITY,
        iterations: 0,
        converged: false,
    };
    while consensus.iterations < MOST_ITERATIONS && !consensus.converged {
        consensus.maximise(table, &posterior);
        let likelihood = consensus.expect(table, &mut posterior);
        consensus.converged = (likelihood - consensus.log_likelihood).abs() < TOLERANCE;
        consensus.log_likelihood = likelihood;
        consensus.iterations += 1;
    }
    consensus.posterior = posterior;
    consensus
}

impl Consensus {
    fn maximise(&mut self, table: &CodeTable, posterior: &[Vec<f64>]) {
        let values = table.values;
        let coded = || (0..table.units.len()).filter(|&unit| table.codes(unit) > 0);
        let units = coded().count().max(1) as f64;
        self.prior = vec![0.0; values];
        self.answers = vec![vec![vec![SMOOTHING; values]; values]; table.coders];
        for unit in coded() {
            for (q, &share) in posterior[unit].iter().enumerate() {
                self.prior[q] += share / units;
                for (coder, code) in table.units[unit].iter().enumerate() {
                    if let Some(code) = code {
                        self.answers[coder][q][*code] += share;
                    }
                }
            }
        }
        for row in self.answers.iter_mut().flatten() {
            let sum: f64 = row.iter().sum();
            row.iter_mut().for_each(|cell| *cell /= sum);
        }
    }

    /// Fills in the posterior and returns the log-likelihood.
    fn expect(&self, table: &CodeTable, posterior: &mut [Vec<f64>]) -> f64 {
        let mut likelihood = 0.0;
        for (codes, shares) in table.units.iter().zip(posterior) {
            for (q, share) in shares.iter_mut().enumerate() {
                let answered = codes.iter().zip(&self.answers);
                *share = libm::log(self.prior[q])
                    + answered
                        .filter_map(|(code, answers)| code.map(|code| libm::log(answers[q][code])))
                        .sum::<f64>();
            }
            let largest = shares.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = shares.iter().map(|share| libm::exp(share - largest)).sum();
            likelihood += largest + libm::log(sum);
            shares.iter_mut().for_each(|share| *share = libm::exp(*share - largest) / sum);
        }
        likelihood
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three honest coders who err on different units, and two who always say 1.
    fn honest_and_lazy() -> (CodeTable, Vec<usize>) {
        let truth: Vec<usize> = (0..40).map(|unit| usize::from(unit % 2 == 0)).collect();
        let honest = |coder: usize, unit: usize| match unit % 20 == coder * 5 + 3 {
            true => 1 - truth[unit],
            false => truth[unit],
        };
        let units = (0..40)
            .map(|unit| {
                let mut codes: Vec<_> = (0..3).map(|coder| Some(honest(coder, unit))).collect();
                codes.extend([Some(1), Some(1)]);
                codes
            })
            .collect();
        (CodeTable { coders: 5, values: 2, units }, truth)
    }

    #[test]
    fn lazy_coders_are_seen_through() {
        let (table, truth) = honest_and_lazy();
        let consensus = dawid_skene(&table);
        assert!(consensus.converged);
        for (posterior, &truth) in consensus.posterior.iter().zip(&truth) {
            assert!(posterior[truth] > 0.5);
        }
        let majority = |unit: usize| usize::from(table.counts(unit)[1] > 2.5);
        assert!((0..40).any(|unit| majority(unit) != truth[unit]), "the majority errs");
        assert!(consensus.answers[4][0][1] > 0.99);
    }

    #[test]
    fn swapping_the_values_swaps_the_answer() {
        let (table, _) = honest_and_lazy();
        let mut swapped = table.clone();
        swapped.units.iter_mut().flatten().flatten().for_each(|code| *code = 1 - *code);
        let (a, b) = (dawid_skene(&table), dawid_skene(&swapped));
        for (a, b) in a.posterior.iter().zip(&b.posterior) {
            assert!((a[0] - b[1]).abs() < 1e-9);
        }
    }
}
