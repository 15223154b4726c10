//! Shares from a classifier's outputs and its error rates: diagnostics beside [`super::share`], right
//! only where the error rates are those of the very sentences they are applied to.

use serde::{Serialize, Serializer};
use statrs::distribution::{ChiSquared, ContinuousCDF};

use super::comparison::holm;
use super::measure::{Measure, Undefined, Value, serialize_value};
use super::prevalence::{Design, Outcome, Target, gold_only};

/// Below this difference of rates a share cannot be told from the outputs.
const LEAST_DIFFERENCE: f64 = 0.1;

/// The adjusted count: `p = (cc − fpr) / (tpr − fpr)`, cut to 0 to 1.
///
/// `cc` is the share that is predicted positive, `tpr` and `fpr` are the shares among positives and
/// among negatives. With means of probabilities in place of shares it is the probabilistic adjusted
/// count.
///
/// # Degenerate cases
///
/// Undefined where `|tpr − fpr| < .1`: the prediction then says so little that errors of the rates
/// are multiplied by ten and more.
///
/// # References
///
/// Forman 2008, Data Mining and Knowledge Discovery 17:164–206; Bella, Ferri, Hernández-Orallo &
/// Ramírez-Quintana 2010, ICDM 737–742 (probabilities).
///
/// # Examples
///
/// ```
/// use framescope::stats::adjusted_count;
///
/// assert!((adjusted_count(0.35, 0.8, 0.15).unwrap() - 4.0 / 13.0).abs() < 1e-12);
/// ```
pub fn adjusted_count(cc: f64, tpr: f64, fpr: f64) -> Value {
    match (tpr - fpr).abs() >= LEAST_DIFFERENCE {
        true => Ok(((cc - fpr) / (tpr - fpr)).clamp(0.0, 1.0)),
        false => Err(Undefined::Uninformative),
    }
}

/// The adjusted count for several classes: shares `p ≥ 0` with `Σ p = 1` that make `‖M p − c‖`
/// smallest. `rates[j][i]` is how often class `j` is predicted as `i`, `counts[i]` the share that is
/// predicted as `i`.
///
/// By accelerated projected gradients: the problem is convex and has a few variables.
///
/// # Degenerate cases
///
/// Undefined without a class, and where two classes are predicted so much alike that less than `.1`
/// of one would have to be moved to turn it into the other.
///
/// # References
///
/// Hopkins & King 2010, American Journal of Political Science 54:229–247; Firat 2016, arXiv:1606.00868
/// (constrained least squares); Duchi, Shalev-Shwartz, Singer & Chandra 2008, ICML 272–279
/// (projection); Beck & Teboulle 2009, SIAM Journal on Imaging Sciences 2:183–202 (acceleration).
pub fn adjusted_counts(rates: &[Vec<f64>], counts: &[f64]) -> Result<Vec<f64>, Undefined> {
    let moved =
        |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f64>() / 2.0;
    let apart = |(at, a): (usize, &Vec<f64>)| {
        rates[at + 1..].iter().all(|b| moved(a, b) >= LEAST_DIFFERENCE)
    };
    if rates.is_empty() || !rates.iter().enumerate().all(apart) {
        return Err(Undefined::Uninformative);
    }
    let classes = rates.len();
    // No less than the largest eigenvalue of MᵀM.
    let steepest: f64 = rates.iter().flatten().map(|rate| rate * rate).sum();
    let mut shares = vec![1.0 / classes as f64; classes];
    let (mut ahead, mut momentum) = (shares.clone(), 1.0_f64);
    for _ in 0..20_000 {
        let slope = gradient(rates, counts, &ahead);
        let stepped: Vec<f64> = ahead.iter().zip(slope).map(|(p, g)| p - g / steepest).collect();
        let next = on_simplex(&stepped);
        let faster = (1.0 + (1.0 + 4.0 * momentum * momentum).sqrt()) / 2.0;
        let push = (momentum - 1.0) / faster;
        ahead = next.iter().zip(&shares).map(|(new, old)| new + push * (new - old)).collect();
        (shares, momentum) = (next, faster);
    }
    Ok(shares)
}

/// `Mᵀ (M p − c)`.
fn gradient(rates: &[Vec<f64>], counts: &[f64], shares: &[f64]) -> Vec<f64> {
    let mut errors: Vec<f64> = counts.iter().map(|count| -count).collect();
    for (share, rates) in shares.iter().zip(rates) {
        errors.iter_mut().zip(rates).for_each(|(error, rate)| *error += share * rate);
    }
    rates
        .iter()
        .map(|rates| rates.iter().zip(&errors).map(|(rate, error)| rate * error).sum())
        .collect()
}

/// The nearest point with no value below 0 and the sum 1.
fn on_simplex(point: &[f64]) -> Vec<f64> {
    let mut falling = point.to_vec();
    falling.sort_by(|a, b| b.total_cmp(a));
    let (mut sum, mut level) = (0.0, 0.0);
    for (rank, value) in falling.iter().enumerate() {
        sum += value;
        let candidate = (sum - 1.0) / (rank + 1) as f64;
        if *value > candidate {
            level = candidate;
        }
    }
    point.iter().map(|value| (value - level).max(0.0)).collect()
}

/// The share of positives where only that share has changed since training, by the maximum of the
/// likelihood.
///
/// From `q = π`, the share in training, until a step is below 1e-4, but for at least 12 steps:
/// `q ← mean_i [ q/π p_i / (q/π p_i + (1−q)/(1−π) (1−p_i)) ]`. It needs calibrated probabilities; with
/// few of them it travels far. Every step goes the same way and no further than the end, so that it
/// ends after 10,000 steps at the latest.
///
/// # Degenerate cases
///
/// Undefined without a probability, and where training had no positives or no negatives.
///
/// # References
///
/// Saerens, Latinne & Decaestecker 2002, Neural Computation 14:21–41; for what calibration does to it
/// Alexandari, Kundaje & Shrikumar 2020, ICML 222–232. The rule of stopping is that of QuaPy 0.2.3.
pub fn expectation_maximisation(posteriors: &[f64], train_prior: f64) -> Value {
    if posteriors.is_empty() {
        return Err(Undefined::NoProbabilities);
    }
    if train_prior <= 0.0 || train_prior >= 1.0 {
        return Err(if train_prior <= 0.0 {
            Undefined::NoPositives
        } else {
            Undefined::NoNegatives
        });
    }
    let (mut share, mut steps) = (train_prior, 0);
    loop {
        let (up, down) = (share / train_prior, (1.0 - share) / (1.0 - train_prior));
        let posterior = |p: &f64| up * p / (up * p + down * (1.0 - p));
        let next = posteriors.iter().map(posterior).sum::<f64>() / posteriors.len() as f64;
        let step = (next - share).abs();
        share = next;
        steps += 1;
        // Not so too where it has become no number.
        if steps >= 12 && (step < 1e-4 || steps > 10_000) {
            return Ok(share);
        }
    }
}

/// How often a model is right about positives and wrong about negatives in one group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GroupRates {
    /// Among sentences with the frame, the share that is predicted to have it.
    pub true_positive: Measure,
    /// Among sentences without, the share that is predicted to have it.
    pub false_positive: Measure,
    /// Coded sentences with the frame.
    pub positives: usize,
    /// Coded sentences without.
    pub negatives: usize,
}

/// Whether a model errs alike in several groups.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ErrorAudit {
    /// In the order in which they were given.
    pub groups: Vec<GroupRates>,
    /// p of the test that groups have the same rate of true positives.
    #[serde(serialize_with = "value")]
    pub true_positive_p: Value,
    /// p of the test that groups have the same rate of false positives.
    #[serde(serialize_with = "value")]
    pub false_positive_p: Value,
    /// Both tests could be made, and neither speaks against equal errors: after Holm's adjustment
    /// no p is below .05. A small sample passes more easily than a large one; look at the intervals.
    pub equal: bool,
}

fn value<S: Serializer>(value: &Value, to: S) -> Result<S::Ok, S::Error> {
    serialize_value(value, to)
}

/// Compares a model's error rates in groups of sentences (outlets), by what was coded there.
///
/// Rates are means of what is predicted over coded positives and over coded negatives, each sentence
/// with `1/π`, with intervals as in [`gold_only`]. They are compared by a score test that is robust
/// against likeness within clusters: with the rate `r` of all groups together and
/// `z_cg = Σ_{i ∈ c ∩ g} w_i (Ŷ_i − r) / W_g` for cluster `c` and group `g`, `d_g = Σ_c z_cg` and
/// `V = Σ_c z_c z_cᵀ`, the statistic is `(C d)ᵀ (C V Cᵀ)⁻¹ C d`, where `C` takes the difference of each
/// group and the last one; χ² with one degree less than groups.
///
/// Shuffling documents between groups would suppose that groups are alike in all respects but the
/// errors: in size of documents, in prevalence, in how they were sampled. This test supposes
/// nothing of the kind, and lets a cluster (copies of one article) have sentences in several groups.
/// Its variance is that under equal rates, so that a group where everything was found, of which a
/// Wald test is certain, counts no more than its size allows.
///
/// # Degenerate cases
///
/// A rate is undefined without a coded positive (or negative), and has no interval where it is 0 or
/// 1 or all comes from one document. A test is undefined with a rate in fewer than two groups, or
/// where predictions do not vary; groups without a rate are left out of it.
///
/// # References
///
/// Rao 1948, Mathematical Proceedings of the Cambridge Philosophical Society 44:50–57 (score tests);
/// Boos 1992, American Statistician 46:327–333 (robust ones); Rotnitzky & Jewell 1990, Biometrika
/// 77:485–497 (clusters).
pub fn equal_error_audit(
    outcome: &Outcome<'_>,
    design: &Design<'_>,
    groups: &[&[usize]],
) -> ErrorAudit {
    let where_coded = |present: bool| -> Vec<Vec<usize>> {
        let is = |row: &&usize| outcome.coded[**row].is_some_and(|coded| (coded > 0.5) == present);
        groups.iter().map(|rows| rows.iter().filter(is).copied().collect()).collect()
    };
    let (positive, negative) = (where_coded(true), where_coded(false));
    let groups = positive.iter().zip(&negative).map(|(positive, negative)| GroupRates {
        true_positive: rate(outcome, design, positive, Undefined::NoPositives),
        false_positive: rate(outcome, design, negative, Undefined::NoNegatives),
        positives: positive.len(),
        negatives: negative.len(),
    });
    let groups = groups.collect();
    let true_positive_p = homogeneity(outcome, design, &positive);
    let false_positive_p = homogeneity(outcome, design, &negative);
    let equal =
        holm(&[true_positive_p, false_positive_p]).iter().all(|p| p.is_ok_and(|p| p >= 0.05));
    ErrorAudit { groups, true_positive_p, false_positive_p, equal }
}

/// The weighted mean of what is predicted for coded sentences.
fn rate(outcome: &Outcome<'_>, design: &Design<'_>, rows: &[usize], empty: Undefined) -> Measure {
    let predicted: Vec<Option<f64>> = outcome.predicted.iter().copied().map(Some).collect();
    let rates = Outcome { predicted: outcome.predicted, coded: &predicted };
    // How a model errs is no matter of these sentences alone.
    let design = &Design { target: Target::Process, ..*design };
    let Some(value) = weighted_mean(outcome, design, rows) else {
        return Measure::bare(Err(empty));
    };
    match gold_only(&rates, design, rows) {
        Ok(estimate) => estimate.measure(),
        Err(_) => Measure::bare(Ok(value)),
    }
}

fn weighted_mean(outcome: &Outcome<'_>, design: &Design<'_>, rows: &[usize]) -> Option<f64> {
    let weight: f64 = rows.iter().map(|&row| 1.0 / design.inclusion[row]).sum();
    let sum: f64 = rows.iter().map(|&row| outcome.predicted[row] / design.inclusion[row]).sum();
    (weight > 0.0).then(|| sum / weight)
}

/// p of the score test.
fn homogeneity(outcome: &Outcome<'_>, design: &Design<'_>, groups: &[Vec<usize>]) -> Value {
    let groups: Vec<&Vec<usize>> = groups.iter().filter(|rows| !rows.is_empty()).collect();
    if groups.len() < 2 {
        return Err(Undefined::TooFewExamples);
    }
    let all: Vec<usize> = groups.iter().flat_map(|rows| rows.iter().copied()).collect();
    let common = weighted_mean(outcome, design, &all).ok_or(Undefined::TooFewExamples)?;
    // By cluster and group, then by cluster alone: differences from the last group.
    let mut parts: Vec<(usize, usize, f64)> = Vec::with_capacity(all.len());
    for (group, rows) in groups.iter().enumerate() {
        let weight: f64 = rows.iter().map(|&row| 1.0 / design.inclusion[row]).sum();
        parts.extend(rows.iter().map(|&row| {
            let deviation = (outcome.predicted[row] - common) / (design.inclusion[row] * weight);
            (design.clusters[row], group, deviation)
        }));
    }
    parts.sort_by_key(|part| part.0);
    let last = groups.len() - 1;
    let (mut gaps, mut variance) = (vec![0.0; last], vec![vec![0.0; last]; last]);
    for cluster in parts.chunk_by(|a, b| a.0 == b.0) {
        let mut sums = vec![0.0; groups.len()];
        cluster.iter().for_each(|&(_, group, deviation)| sums[group] += deviation);
        let differences: Vec<f64> = sums[..last].iter().map(|sum| sum - sums[last]).collect();
        for (a, &of_a) in differences.iter().enumerate() {
            gaps[a] += of_a;
            differences.iter().zip(&mut variance[a]).for_each(|(of_b, cell)| *cell += of_a * of_b);
        }
    }
    let statistic = quadratic_form(variance, gaps).ok_or(Undefined::NoVariation)?;
    let chi_squared = ChiSquared::new(last as f64).map_err(|_| Undefined::TooFewExamples)?;
    Ok(chi_squared.sf(statistic.max(0.0)))
}

/// `dᵀ V⁻¹ d` by elimination with pivots on the diagonal; `None` where `V` has no inverse.
fn quadratic_form(mut matrix: Vec<Vec<f64>>, gaps: Vec<f64>) -> Option<f64> {
    let scale = (0..gaps.len()).map(|at| matrix[at][at]).fold(0.0, f64::max);
    let mut left = gaps;
    let mut form = 0.0;
    for at in 0..left.len() {
        let pivot = matrix[at][at];
        // What rounding may leave of 0.
        if pivot <= 1e-12 * scale {
            return None;
        }
        form += left[at] * left[at] / pivot;
        let (above, rest) = matrix.split_at_mut(at + 1);
        for (row, below) in rest.iter_mut().zip(at + 1..) {
            let factor = row[at] / pivot;
            left[below] -= factor * left[at];
            for (entry, of_pivot) in row[at..].iter_mut().zip(&above[at][at..]) {
                *entry -= factor * of_pivot;
            }
        }
    }
    Some(form)
}

#[cfg(test)]
#[path = "quantification_tests.rs"]
mod tests;
