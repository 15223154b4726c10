//! From scores to probabilities that mean what they say.

use super::logistic::{LogisticParams, Solver};
use super::objective::{logistic, softmax};
use crate::error::Result;
use crate::features::SparseMatrix;
use linfa::ParamGuard;

/// Fewer positive sentences than this calibrate nothing.
pub const FEWEST_POSITIVES: usize = 20;

/// Penalty on the slope of standardised scores; `linfa-logistic` needs one above 0.
const PENALTY: f64 = 1e-4;

/// A straight line through the log-odds: the calibrated log-odds are `slope · score + intercept`.
///
/// With frames that exclude each other the intercept is 0 and the slope is the inverse of a
/// temperature.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Calibration {
    /// Above 0.
    pub slope: f64,
    /// Log-odds at score 0.
    pub intercept: f64,
}

impl Calibration {
    /// Leaves scores as they are.
    pub const NONE: Calibration = Calibration { slope: 1.0, intercept: 0.0 };

    /// The calibrated log-odds of a score.
    pub fn log_odds(self, score: f64) -> f64 {
        self.slope * score + self.intercept
    }

    /// The calibrated probability of a score.
    pub fn probability(self, score: f64) -> f64 {
        logistic(self.log_odds(score))
    }

    /// Platt scaling by `linfa-logistic`: logistic regression of the label on the score, from
    /// scores that the model gave to sentences it was not trained on.
    ///
    /// Platt smooths the targets to `(N₊ + 1)/(N₊ + 2)` and `1/(N₋ + 2)`, which keeps the slope
    /// finite where scores separate the classes. That is as much as one more negative among the
    /// positives and one more positive among the negatives; since `linfa-logistic` takes no
    /// weights, these two stand here as sentences of their own, at the mean score of each class
    /// (a unit test bounds the difference).
    ///
    /// # Degenerate cases
    ///
    /// [`Calibration::NONE`] when scores do not vary, fall with the label, or are of one class, so
    /// that no line through them makes sense.
    ///
    /// # Errors
    ///
    /// Those of the fit.
    ///
    /// # References
    ///
    /// Platt 1999, Probabilistic outputs for support vector machines; Lin, Lin & Weng 2007,
    /// Machine Learning 68:267–276.
    pub fn platt(scores: &[f64], positive: &[bool]) -> Result<Self> {
        let n = scores.len() as f64;
        let mean = scores.iter().sum::<f64>() / n;
        let deviation = (scores.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / n).sqrt();
        if deviation.is_nan() || deviation < 1e-12 {
            return Ok(Calibration::NONE);
        }
        let mean_of = |class: bool| {
            let of_class = scores.iter().zip(positive).filter(|&(_, &p)| p == class);
            let (sum, count) = of_class.fold((0.0, 0.0), |(sum, n), (s, _)| (sum + s, n + 1.0));
            sum / count
        };
        let smoothing = [(mean_of(true), false), (mean_of(false), true)];
        if smoothing.iter().any(|(mean, _)| mean.is_nan()) {
            return Ok(Calibration::NONE);
        }
        let mut rows = SparseMatrix::new(1);
        for score in scores.iter().chain(smoothing.iter().map(|(score, _)| score)) {
            rows.push_row([(0, ((score - mean) / deviation) as f32)]);
        }
        let positive: Vec<bool> =
            positive.iter().copied().chain(smoothing.iter().map(|&(_, class)| class)).collect();
        let params = LogisticParams::default().c(1.0 / PENALTY).solver(Solver::Linfa).check()?;
        let mut line = params.fit_binary(&rows, &positive, None)?;
        if !line.report().converged {
            // linfa-logistic does not say when it stopped early; go on from there.
            let params = LogisticParams::default().c(1.0 / PENALTY).check()?;
            line = params.fit_binary(&rows, &positive, Some(&line.variables()))?;
        }
        let slope = line.weights()[0] / deviation;
        if slope <= 0.0 {
            return Ok(Calibration::NONE);
        }
        Ok(Calibration { slope, intercept: line.intercept() - slope * mean }.rounded())
    }

    /// Temperature scaling: the one factor on all scores of a row that makes the true classes
    /// likeliest.
    ///
    /// `scores` holds `classes` scores a row. The factor stays between 1/100 and 100.
    ///
    /// # References
    ///
    /// Guo, Pleiss, Sun & Weinberger 2017, On calibration of modern neural networks, ICML.
    pub fn temperature(scores: &[f64], classes: usize, class: &[usize]) -> Self {
        // The derivative of the loss rises with the factor: bisect for its zero.
        let derivative = |factor: f64| -> f64 {
            let mut sum = 0.0;
            for (row, &class) in scores.chunks_exact(classes).zip(class) {
                let mut p: Vec<f64> = row.iter().map(|score| factor * score).collect();
                softmax(&mut p);
                sum += p.iter().zip(row).map(|(p, score)| p * score).sum::<f64>() - row[class];
            }
            sum
        };
        let (mut low, mut high) = (libm::log(0.01), libm::log(100.0));
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            match derivative(libm::exp(middle)) > 0.0 {
                true => high = middle,
                false => low = middle,
            }
        }
        Calibration { slope: libm::exp(0.5 * (low + high)), intercept: 0.0 }.rounded()
    }

    /// To the precision of the model's weights, so that the last bits of a dependency's arithmetic
    /// do not show in a model file.
    fn rounded(self) -> Self {
        let round = |value: f64| f64::from(value as f32);
        Calibration { slope: round(self.slope), intercept: round(self.intercept) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Platt's smoothed targets by plain Newton steps, as in Lin, Lin & Weng 2007.
    fn reference(scores: &[f64], positive: &[bool]) -> Calibration {
        let positives = positive.iter().filter(|&&p| p).count() as f64;
        let negatives = positive.len() as f64 - positives;
        let target = |p: bool| {
            if p { (positives + 1.0) / (positives + 2.0) } else { 1.0 / (negatives + 2.0) }
        };
        let (mut a, mut b) = (0.0, 0.0);
        for _ in 0..100 {
            let (mut ga, mut gb, mut haa, mut hab, mut hbb) = (0.0, 0.0, 1e-12, 0.0, 1e-12);
            for (&s, &positive) in scores.iter().zip(positive) {
                let p = logistic(a * s + b);
                let (r, h) = (p - target(positive), p * (1.0 - p));
                ga += r * s;
                gb += r;
                haa += h * s * s;
                hab += h * s;
                hbb += h;
            }
            let determinant = haa * hbb - hab * hab;
            a -= (hbb * ga - hab * gb) / determinant;
            b -= (haa * gb - hab * ga) / determinant;
        }
        Calibration { slope: a, intercept: b }
    }

    fn overlapping(n: usize, share: usize) -> (Vec<f64>, Vec<bool>) {
        (0..n)
            .map(|i| {
                let positive = i % share == 0;
                let noise = ((i * 37) % 101) as f64 / 50.0 - 1.0;
                (if positive { 0.4 } else { -1.0 } + 1.3 * noise, positive)
            })
            .unzip()
    }

    #[test]
    fn platt_scaling_is_close_to_smoothed_targets() {
        for (n, share) in [(2000, 10), (2000, 2), (300, 10)] {
            let (scores, positive) = overlapping(n, share);
            let ours = Calibration::platt(&scores, &positive).unwrap();
            let theirs = reference(&scores, &positive);
            let difference = |&s: &f64| (ours.probability(s) - theirs.probability(s)).abs();
            let largest = scores.iter().map(difference).fold(0.0, f64::max);
            assert!(largest < 0.015, "n {n}, 1 in {share}: {largest}");
            // Calibration keeps the mean.
            let mean = scores.iter().map(|&s| ours.probability(s)).sum::<f64>() / n as f64;
            assert!((mean - 1.0 / share as f64).abs() < 2.0 / n as f64);
        }
    }

    #[test]
    fn scores_that_separate_or_do_not_vary_stay_finite() {
        let positive: Vec<bool> = (0..100).map(|i| i >= 50).collect();
        let separate: Vec<f64> = (0..100).map(|i| if i >= 50 { 1.0 } else { -1.0 }).collect();
        let line = Calibration::platt(&separate, &positive).unwrap();
        assert!(line.slope.is_finite() && line.probability(1.0) > 0.95);
        assert_eq!(Calibration::platt(&[0.3; 100], &positive).unwrap(), Calibration::NONE);
        let reversed: Vec<f64> = separate.iter().map(|s| -s).collect();
        assert_eq!(Calibration::platt(&reversed, &positive).unwrap(), Calibration::NONE);
    }

    #[test]
    fn a_temperature_undoes_overconfidence() {
        // Scores three times too large: classes 2:1 for the first at score gap ln 2 · 3.
        let gap = 3.0 * 2.0_f64.ln();
        let scores: Vec<f64> = [gap, 0.0].repeat(300);
        let class: Vec<usize> = (0..300).map(|i| usize::from(i % 3 == 0)).collect();
        let found = Calibration::temperature(&scores, 2, &class);
        assert!((found.slope - 1.0 / 3.0).abs() < 1e-6);
    }
}
