//! Estimates that can be subtracted from and divided by each other without losing what they share.

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

use super::measure::{Measure, Undefined, Value};

/// What one cluster adds to the deviation of an estimate from its target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Part {
    /// The cluster; with the corpus as target, the draw.
    pub(super) key: usize,
    /// By what is predicted for its sentences.
    pub(super) predicted: f64,
    /// By what was coded in them.
    pub(super) gold: f64,
    /// Its share of all sentences.
    pub(super) size: f64,
    /// Its share of the weight of coded ones.
    pub(super) weight: f64,
}

impl Part {
    fn total(&self) -> f64 {
        self.predicted + self.gold
    }

    fn scaled(self, by: f64) -> Self {
        Part { predicted: self.predicted * by, gold: self.gold * by, ..self }
    }
}

/// A value and what each cluster adds to its deviation, so that estimates can be combined.
///
/// To the first order an estimate is its target plus `Σ_g u_g`, with one independent term of mean 0
/// for each cluster: `V = Σ_g u_g²`. What two estimates have in common (documents of both, copies of
/// one article in two outlets) stands in the same `g`, so that their difference and their quotient
/// have terms of the same kind: `u_g − v_g`, and `u_g/θ − v_g/φ` for `log(θ/φ)`.
///
/// Degrees of freedom are those of the effective number of clusters, `f = 1/Σ s_g² − 1`: a cluster's
/// share `s_g` is that of the sentences and that of the weight of coded ones, mixed as their parts of
/// the variance. With clusters of one size it is `G − 1`, and a few coded documents do not become
/// certain because thousands are predicted. For a difference they are Welch's. They are never more
/// than those that the terms themselves show, `2V² / (Σ u_g⁴ − V²/G)` (twice the squared mean of a
/// variance over its own variance): where a rare error, coded five times, decides the variance, that
/// variance is known from five cases.
///
/// # References
///
/// Binder 1983, International Statistical Review 51:279–292 (linearisation); Carter, Schnepel &
/// Steigerwald 2017, Review of Economics and Statistics 99:698–709 (effective number of clusters);
/// Satterthwaite 1946, Biometrics Bulletin 2:110–114; Welch 1947, Biometrika 34:28–35.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// The value.
    pub value: f64,
    /// In ascending order of keys, every key once.
    parts: Vec<Part>,
    freedom: f64,
    tuning: Option<f64>,
}

impl Estimate {
    /// From parts in any order.
    pub(super) fn new(value: f64, parts: Vec<Part>) -> Self {
        let parts = by_key(parts);
        let freedom = freedom_by_size(&parts).min(freedom_by_moments(&parts)).max(1.0);
        Estimate { value, parts, freedom, tuning: None }
    }

    /// The same with the tuning behind it.
    pub(super) fn tuned(self, tuning: Option<f64>) -> Self {
        Estimate { tuning, ..self }
    }

    /// `self / other`, of two estimates from the same sentences.
    pub(super) fn quotient(&self, other: &Estimate) -> Estimate {
        let value = self.value / other.value;
        let parts = self.combined(1.0 / other.value, other, -value / other.value);
        Estimate::new(value, parts)
    }

    /// The value with its 95 percent interval, `θ ± t_f √V`, as it comes: not cut to what a share
    /// can be.
    pub fn measure(&self) -> Measure {
        let error = self.std_error();
        let reach = quantile(self.freedom) * error;
        Measure {
            std_error: Some(error),
            interval: Some([self.value - reach, self.value + reach]),
            ..Measure::bare(Ok(self.value))
        }
    }

    /// `self − other`; clusters of both count once, so that what is common to both cancels.
    pub fn difference(&self, other: &Estimate) -> Estimate {
        self.compared(self.value - other.value, 1.0, other, 1.0)
    }

    /// `log(self / other)`, for ratios of shares: the interval of the ratio is that of the logarithm
    /// with the exponential taken of its ends.
    ///
    /// # Degenerate cases
    ///
    /// Undefined where one of the two is not above 0.
    pub fn log_ratio(&self, other: &Estimate) -> Result<Estimate, Undefined> {
        if self.value <= 0.0 || other.value <= 0.0 {
            return Err(Undefined::NotAboveZero);
        }
        let (own, others) = (1.0 / self.value, 1.0 / other.value);
        Ok(self.compared((self.value / other.value).ln(), own, other, others))
    }

    /// Two-sided p of Student's test of 0.
    ///
    /// # Degenerate cases
    ///
    /// Undefined where the standard error is 0: then nothing is uncertain.
    pub fn p_value(&self) -> Value {
        let error = self.std_error();
        match StudentsT::new(0.0, 1.0, self.freedom) {
            Ok(t) if error > 0.0 => Ok(2.0 * t.sf((self.value / error).abs())),
            _ => Err(Undefined::NoVariation),
        }
    }

    /// `λ`, the weight that the predictions were given, where it was tuned.
    pub fn tuning(&self) -> Option<f64> {
        self.tuning
    }

    /// Degrees of freedom of the interval and the test.
    pub fn freedom(&self) -> f64 {
        self.freedom
    }

    fn std_error(&self) -> f64 {
        self.variance().sqrt()
    }

    fn variance(&self) -> f64 {
        self.parts.iter().map(|part| part.total().powi(2)).sum()
    }

    fn combined(&self, by: f64, other: &Estimate, other_by: f64) -> Vec<Part> {
        let own = self.parts.iter().map(|part| part.scaled(by));
        by_key(own.chain(other.parts.iter().map(|part| part.scaled(other_by))).collect())
    }

    /// With the terms `by u_g − other_by v_g`.
    fn compared(&self, value: f64, by: f64, other: &Estimate, other_by: f64) -> Estimate {
        let parts = self.combined(by, other, -other_by);
        let freedom = welch([
            (self.variance() * by * by, self.freedom),
            (other.variance() * other_by * other_by, other.freedom),
        ]);
        // The same clusters in both are not twice as many.
        let most = (parts.len() as f64 - 1.0).min(freedom_by_moments(&parts));
        Estimate { value, parts, freedom: freedom.min(most).max(1.0), tuning: None }
    }
}

/// The 97.5th percentile of Student's distribution, for 1 degree of freedom and more.
///
/// Above 200 by Fisher's expansion around the normal one, to six digits: there `statrs` 0.19 loses
/// its way (for ten million it says 1.83).
///
/// # References
///
/// Fisher & Cornish 1960, Technometrics 2:209–225.
fn quantile(freedom: f64) -> f64 {
    match StudentsT::new(0.0, 1.0, freedom) {
        Ok(student) if freedom <= 200.0 => student.inverse_cdf(0.975),
        _ => {
            let z = Normal::standard().inverse_cdf(0.975);
            let first = (z.powi(3) + z) / 4.0;
            let second = (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / 96.0;
            z + first / freedom + second / (freedom * freedom)
        }
    }
}

/// One part for each key, in their order.
fn by_key(mut parts: Vec<Part>) -> Vec<Part> {
    parts.sort_by_key(|part| part.key);
    parts.dedup_by(|next, kept| {
        let same = next.key == kept.key;
        if same {
            kept.predicted += next.predicted;
            kept.gold += next.gold;
        }
        same
    });
    parts
}

fn freedom_by_size(parts: &[Part]) -> f64 {
    let spread = |of: fn(&Part) -> f64| parts.iter().map(|part| of(part).powi(2)).sum::<f64>();
    let [predicted, gold] = [spread(|part| part.predicted), spread(|part| part.gold)];
    // Where nothing varies there is nothing to choose between.
    let by_gold = if gold > 0.0 { gold / (predicted + gold) } else { 0.0 };
    let share = |part: &Part| (1.0 - by_gold) * part.size + by_gold * part.weight;
    let squares: f64 = parts.iter().map(|part| share(part).powi(2)).sum();
    if squares > 0.0 { 1.0 / squares - 1.0 } else { 1.0 }
}

fn freedom_by_moments(parts: &[Part]) -> f64 {
    let sum = |power| parts.iter().map(|part| part.total().powi(power)).sum::<f64>();
    let (second, fourth) = (sum(2), sum(4));
    let count = parts.iter().filter(|part| part.total() != 0.0).count();
    let excess = fourth - second * second / count as f64;
    // Terms of one size leave none, but for rounding.
    if excess > 1e-9 * fourth { 2.0 * second * second / excess } else { f64::INFINITY }
}

/// Of the sum of two variances with their degrees of freedom.
fn welch(pieces: [(f64, f64); 2]) -> f64 {
    let sum: f64 = pieces.iter().map(|(variance, _)| variance).sum();
    let squares: f64 = pieces.iter().map(|(variance, freedom)| variance * variance / freedom).sum();
    if squares > 0.0 { sum * sum / squares } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With these terms, and so many degrees of freedom.
    fn estimate(value: f64, gold: &[(usize, f64)], freedom: f64) -> Estimate {
        let part = |&(key, gold)| Part { key, predicted: 0.0, gold, size: 0.0, weight: 0.0 };
        let parts = gold.iter().map(part).collect();
        Estimate { freedom, ..Estimate::new(value, parts) }
    }

    #[test]
    fn intervals_are_those_of_student() {
        let quantiles = [
            (1.0, 12.706_205),
            (1.5, 6.016_663),
            (4.0, 2.776_445),
            (9.5, 2.244_137),
            (30.0, 2.042_272),
            (199.5, 1.971_926),
            (201.0, 1.971_837),
            (1e3, 1.962_339),
            (1e5, 1.959_988),
            (1e7, 1.959_964),
        ];
        // scipy.stats.t.ppf(.975, freedom)
        for (freedom, quantile) in quantiles {
            let [low, high] = estimate(0.5, &[(0, 1.0)], freedom).measure().interval.unwrap();
            assert!((high - 0.5 - quantile).abs() < 1e-6, "{freedom}: {high}");
            assert!((low + high - 1.0).abs() < 1e-12);
        }
        // 2 * scipy.stats.t.sf(2.5, freedom)
        for (freedom, expected) in [(4.0, 0.066_767), (250.0, 0.013_061), (1e6, 0.012_419)] {
            let p = estimate(2.5, &[(0, 0.6), (1, 0.8)], freedom).p_value().unwrap();
            assert!((p - expected).abs() < 1e-6, "{freedom}: {p}");
        }
        assert_eq!(estimate(1.0, &[], 4.0).p_value(), Err(Undefined::NoVariation));
    }

    #[test]
    fn what_two_have_in_common_cancels() {
        let one = estimate(0.4, &[(3, 0.1), (1, 0.05)], 9.0);
        let other = estimate(0.3, &[(3, 0.1), (2, 0.02)], 9.0);
        let difference = one.difference(&other);
        assert!((difference.value - 0.1).abs() < 1e-15);
        let expected = (0.05_f64.powi(2) + 0.02_f64.powi(2)).sqrt();
        assert!((difference.measure().std_error.unwrap() - expected).abs() < 1e-15);
        assert_eq!(one.difference(&one).measure().std_error, Some(0.0));
    }

    #[test]
    fn degrees_of_freedom_follow_from_sizes_terms_and_what_is_shared() {
        let part = |key, gold| Part { key, predicted: 0.0, gold, size: 0.0, weight: 0.1 };
        let of = |keys: std::ops::Range<usize>| {
            let sign = |key: usize| if key.is_multiple_of(2) { 0.1 } else { -0.1 };
            Estimate::new(0.5, keys.map(|key| part(key, sign(key))).collect())
        };
        assert!((of(0..10).freedom() - 9.0).abs() < 1e-9);
        assert!((of(0..10).difference(&of(10..20)).freedom() - 18.0).abs() < 1e-9);
        let opposite = Estimate::new(0.5, (0..10).map(|key| part(key, 0.03)).collect());
        assert!((of(0..10).difference(&opposite).freedom() - 9.0).abs() < 1e-9);
        // Two terms decide: 2 · (2·1²)² / (2·1⁴ − (2·1²)²/10) with the others as good as 0.
        let tiny = |key| part(key, if key < 2 { 1.0 } else { 1e-9 });
        let decided = Estimate::new(0.5, (0..10).map(tiny).collect());
        assert!((decided.freedom() - 5.0).abs() < 1e-6, "{}", decided.freedom());
    }

    #[test]
    fn the_logarithm_has_relative_errors() {
        let one = estimate(0.4, &[(0, 0.04)], 5.0);
        let other = estimate(0.2, &[(1, 0.01)], 5.0);
        let log = one.log_ratio(&other).unwrap();
        assert!((log.value - 2.0_f64.ln()).abs() < 1e-15);
        let expected = (0.1_f64.powi(2) + 0.05_f64.powi(2)).sqrt();
        assert!((log.measure().std_error.unwrap() - expected).abs() < 1e-15);
        assert_eq!(estimate(0.0, &[], 5.0).log_ratio(&one), Err(Undefined::NotAboveZero));
    }
}
