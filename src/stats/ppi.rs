//! Prediction-powered inference as published.

use statrs::distribution::{ContinuousCDF, Normal};

use super::measure::{Measure, Undefined};

/// Prediction-powered inference for a mean, from an independent labelled and unlabelled sample.
///
/// `θ̂ = λ mean_U Ŷ + mean_L(Y − λŶ)`, `V = λ² Var_U(Ŷ)/N + Var_L(Y − λŶ)/n`, variances with divisor
/// `n`, interval from the normal distribution. Without a given `λ` it is
/// `Cov_L(Y, Ŷ) / ((1 + n/N) Var Ŷ)`, the variance (divisor `n + N − 1`) over both samples, cut to 0
/// to 1. It takes sentences as independent and drawn with equal probabilities, which those of the
/// press are not: [`super::share`] is for them, this is for comparison with what is published.
///
/// # Degenerate cases
///
/// Undefined without a labelled or an unlabelled value. Where predictions never vary `λ` is 0.
///
/// # References
///
/// Angelopoulos, Bates, Fannjiang, Jordan & Zrnic 2023, Science 382:669–674; Angelopoulos, Duchi &
/// Zrnic 2023, arXiv:2311.01453. As in ppi-python 0.2.3.
pub fn ppi(
    labelled_gold: &[f64],
    labelled_predicted: &[f64],
    unlabelled_predicted: &[f64],
    lambda: Option<f64>,
) -> Result<Measure, Undefined> {
    let (n, others) = (labelled_gold.len() as f64, unlabelled_predicted.len() as f64);
    if labelled_gold.is_empty() || unlabelled_predicted.is_empty() {
        return Err(if labelled_gold.is_empty() {
            Undefined::NoGold
        } else {
            Undefined::NoSentences
        });
    }
    let lambda = lambda.unwrap_or_else(|| {
        let all: Vec<f64> = [labelled_predicted, unlabelled_predicted].concat();
        let variance = covariance(&all, &all) * (n + others) / (n + others - 1.0);
        let common = covariance(labelled_gold, labelled_predicted);
        if variance > 0.0 {
            (common / ((1.0 + n / others) * variance)).clamp(0.0, 1.0)
        } else {
            0.0
        }
    });
    let pairs = labelled_gold.iter().zip(labelled_predicted);
    let residuals: Vec<f64> = pairs.map(|(gold, predicted)| gold - lambda * predicted).collect();
    let value = lambda * mean(unlabelled_predicted) + mean(&residuals);
    let error = (lambda * lambda * covariance(unlabelled_predicted, unlabelled_predicted) / others
        + covariance(&residuals, &residuals) / n)
        .sqrt();
    let reach = Normal::standard().inverse_cdf(0.975) * error;
    Ok(Measure {
        interval: Some([value - reach, value + reach]),
        std_error: Some(error),
        ..Measure::bare(Ok(value))
    })
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// With divisor `n`.
fn covariance(a: &[f64], b: &[f64]) -> f64 {
    let (of_a, of_b) = (mean(a), mean(b));
    a.iter().zip(b).map(|(a, b)| (a - of_a) * (b - of_b)).sum::<f64>() / a.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_the_samples_is_not_enough() {
        assert_eq!(ppi(&[], &[], &[1.0], None), Err(Undefined::NoGold));
        assert_eq!(ppi(&[1.0], &[1.0], &[], None), Err(Undefined::NoSentences));
    }
}
