//! Intervals by resampling whole documents.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::measure::{Measure, Value};

/// Which cluster (document) every unit (sentence) belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clusters {
    of_unit: Vec<usize>,
    count: usize,
}

impl Clusters {
    /// From the cluster of each unit, numbered from 0.
    pub fn new(of_unit: Vec<usize>) -> Self {
        let count = of_unit.iter().max().map_or(0, |&last| last + 1);
        Clusters { of_unit, count }
    }

    /// How many clusters there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The cluster of each unit.
    pub fn of_unit(&self) -> &[usize] {
        &self.of_unit
    }

    /// How many units there are.
    pub fn units(&self) -> usize {
        self.of_unit.len()
    }
}

/// The percentile bootstrap over clusters.
///
/// Every replicate draws as many clusters as there are, with replacement, each with all its units:
/// sentences of one article are alike, and resampling them one by one gives intervals that are far
/// too narrow. Every replicate has a random stream of its own, so that the result does not depend
/// on the number of threads.
///
/// # References
///
/// Efron & Tibshirani 1993, An Introduction to the Bootstrap, ch. 13; Cameron, Gelbach & Miller
/// 2008, Review of Economics and Statistics 90:414–427.
///
/// # Examples
///
/// ```
/// use framescope::stats::{Bootstrap, Clusters};
///
/// let heights = [1.0, 1.2, 3.0, 3.1, 2.0, 2.2];
/// let clusters = Clusters::new(vec![0, 0, 1, 1, 2, 2]);
/// let mean = |weights: &[u32]| {
///     let total: f64 = weights.iter().map(|&w| f64::from(w)).sum();
///     vec![Ok(weights.iter().zip(&heights).map(|(&w, h)| f64::from(w) * h).sum::<f64>() / total)]
/// };
/// let measures = Bootstrap { replicates: 500, seed: 42 }.measures(&clusters, mean);
/// let [low, high] = measures[0].interval.unwrap();
/// assert!(low < 2.08 && 2.08 < high);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bootstrap {
    /// How many replicates; with 0 there are no intervals.
    pub replicates: usize,
    /// Decides the draws.
    pub seed: u64,
}

impl Default for Bootstrap {
    fn default() -> Self {
        Bootstrap { replicates: 2000, seed: 42 }
    }
}

impl Bootstrap {
    /// Values of `statistics` on the units as they are, with intervals from the replicates.
    /// `statistics` gets the number of times each unit counts and returns as many values each
    /// time. Undefined replicates are left out and counted.
    pub fn measures(
        &self,
        clusters: &Clusters,
        statistics: impl Fn(&[u32]) -> Vec<Value> + Sync,
    ) -> Vec<Measure> {
        let values = statistics(&vec![1; clusters.units()]);
        let replicates = self.replicates(
            clusters,
            || vec![0_u32; clusters.units()],
            |weights, drawn| {
                for (weight, &cluster) in weights.iter_mut().zip(&clusters.of_unit) {
                    *weight = drawn[cluster];
                }
                statistics(weights)
            },
        );
        let distributions = values.into_iter().enumerate().map(|(index, value)| {
            let drawn = replicates.iter().filter_map(|values| values[index].ok()).collect();
            Distribution::new(value, drawn, self.replicates)
        });
        distributions.map(|distribution| distribution.measure()).collect()
    }

    /// What `statistics` returns in every replicate, given how often each cluster was drawn and
    /// a place to work in, one for each thread.
    pub fn replicates<S, T: Send>(
        &self,
        clusters: &Clusters,
        place: impl Fn() -> S + Sync + Send,
        statistics: impl Fn(&mut S, &[u32]) -> T + Sync,
    ) -> Vec<T> {
        (0..self.replicates as u64)
            .into_par_iter()
            .map_init(
                || (vec![0_u32; clusters.count], place()),
                |(drawn, place), replicate| {
                    self.draw(replicate, drawn);
                    statistics(place, drawn)
                },
            )
            .collect()
    }

    /// How often each cluster is drawn in a replicate.
    fn draw(&self, replicate: u64, drawn: &mut [u32]) {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        random.set_stream(replicate);
        drawn.fill(0);
        let count = drawn.len() as u64;
        for _ in 0..count {
            // Multiply and shift: the bias is below count / 2^64.
            let index = (u128::from(random.next_u64()) * u128::from(count)) >> 64;
            drawn[index as usize] += 1;
        }
    }
}

/// A value and what became of it in the replicates.
#[derive(Debug, Clone, PartialEq)]
pub struct Distribution {
    value: Value,
    /// Those of the replicates in which it was defined, ascending.
    defined: Vec<f64>,
    replicates: usize,
}

impl Distribution {
    /// From the value, the defined ones among the replicates, and how many replicates there were.
    pub fn new(value: Value, mut defined: Vec<f64>, replicates: usize) -> Self {
        defined.sort_unstable_by(f64::total_cmp);
        Distribution { value, defined, replicates }
    }

    /// The value with its percentile interval.
    pub fn measure(&self) -> Measure {
        let undefined = self.replicates - self.defined.len();
        Measure {
            value: self.value,
            std_error: self.std_error(),
            interval: percentiles(&self.defined),
            undefined_replicates: undefined as f64 / self.replicates.max(1) as f64,
        }
    }

    /// The standard deviation of the replicates; `None` with fewer than two.
    pub fn std_error(&self) -> Option<f64> {
        let n = self.defined.len() as f64;
        let mean = self.defined.iter().sum::<f64>() / n;
        let squares: f64 = self.defined.iter().map(|value| (value - mean).powi(2)).sum();
        (n >= 2.0).then(|| (squares / (n - 1.0)).sqrt())
    }

    /// The share of defined replicates below a threshold.
    pub fn share_below(&self, threshold: f64) -> Option<f64> {
        let below = self.defined.partition_point(|&value| value < threshold);
        (!self.defined.is_empty()).then(|| below as f64 / self.defined.len() as f64)
    }
}

/// The 2.5th and 97.5th percentile, of ascending values, interpolated linearly as in R's `quantile` (type 7).
fn percentiles(values: &[f64]) -> Option<[f64; 2]> {
    if values.is_empty() {
        return None;
    }
    let at = |share: f64| {
        let position = share * (values.len() - 1) as f64;
        let below = values[position.floor() as usize];
        let above = values[position.ceil() as usize];
        below + (position - position.floor()) * (above - below)
    };
    Some([at(0.025), at(0.975)])
}

#[cfg(test)]
mod tests {
    use super::super::Undefined;
    use super::*;

    #[test]
    fn percentiles_are_those_of_r() {
        // quantile(c(1, 2, 4, 8), c(.025, .975))
        let [low, high] = percentiles(&[1.0, 2.0, 4.0, 8.0]).unwrap();
        assert!((low - 1.075).abs() < 1e-12 && (high - 7.7).abs() < 1e-12);
    }

    #[test]
    fn whole_clusters_are_drawn_and_undefined_replicates_counted() {
        let clusters = Clusters::new(vec![0, 0, 1]);
        let statistics = |weights: &[u32]| {
            assert_eq!(weights[0], weights[1]);
            assert_eq!(weights[0] + weights[2], 2);
            vec![if weights[2] > 0 { Ok(1.0) } else { Err(Undefined::NoPositives) }]
        };
        let measure = Bootstrap { replicates: 1000, seed: 1 }.measures(&clusters, statistics)[0];
        assert_eq!(measure.interval, Some([1.0, 1.0]));
        // Both draws miss the second cluster one time in four.
        assert!((measure.undefined_replicates - 0.25).abs() < 0.05);
    }

    #[test]
    fn threads_do_not_change_the_result() {
        let clusters = Clusters::new((0..60).map(|unit| unit / 3).collect());
        let statistics = |weights: &[u32]| {
            vec![Ok(weights.iter().enumerate().map(|(i, &w)| i as f64 * f64::from(w)).sum())]
        };
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| Bootstrap::default().measures(&clusters, statistics))
        };
        assert_eq!(run(1), run(7));
    }
}
