//! How common something is, by a model that errs and a sample that was coded.
//!
//! The share of sentences that a model *calls* security frames is not the share that *are*: it is
//! off by the model's errors, and where these differ between outlets, so is every comparison. The
//! coded sample says by how much. What is estimated here is right whatever the model is worth; a
//! better model gives shorter intervals, a worse one none that are too short.

use std::ops::Range;

use serde::Serialize;

use super::estimate::{Estimate, Part};
use super::measure::Undefined;

/// What an estimate is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    /// These sentences: only the draw of those that were coded is uncertain.
    Corpus,
    /// What brought them forth: other documents might have been written.
    #[default]
    Process,
}

/// A quantity of every sentence.
#[derive(Debug, Clone, Copy)]
pub struct Outcome<'a> {
    /// What the model says: a label as 0 or 1, a probability, −1 to 1 for net stance. It must not
    /// have been trained on what was coded here.
    pub predicted: &'a [f64],
    /// What was coded; `None` where nothing was.
    pub coded: &'a [Option<f64>],
}

/// How the coded sentences were drawn, and what the estimate is about.
#[derive(Debug, Clone, Copy)]
pub struct Design<'a> {
    /// The probability of each sentence of being drawn, above 0; only those of coded ones are read.
    pub inclusion: &'a [f64],
    /// The cluster of each sentence: its document, or all copies of an article.
    pub clusters: &'a [usize],
    /// What the estimate is about.
    pub target: Target,
}

/// The mean of what is predicted, with a standard error by clusters, as if predictions were true.
///
/// # Degenerate cases
///
/// Undefined without a sentence and with all sentences in one cluster.
pub fn naive_share(
    predicted: &[f64],
    clusters: &[usize],
    members: &[usize],
) -> Result<Estimate, Undefined> {
    Cell::new(clusters, members)?.naive(predicted)
}

/// The ratio of two sums of what is predicted, linearised, as if predictions were true.
///
/// # Degenerate cases
///
/// Those of [`naive_share`]; undefined too where nothing is predicted for the denominator.
pub fn naive_ratio(
    numerator: &[f64],
    denominator: &[f64],
    clusters: &[usize],
    members: &[usize],
) -> Result<Estimate, Undefined> {
    let cell = Cell::new(clusters, members)?.pulled_by(denominator, &[]);
    if cell.mean(denominator) <= 0.0 {
        return Err(Undefined::NothingPredicted);
    }
    Ok(cell.naive(numerator)?.quotient(&cell.naive(denominator)?))
}

/// The mean of a quantity over some sentences: predictions, corrected by what was coded.
///
/// With `m_i = a + λ Ŷ_i`, and `R_i = 1` for coded sentences, which were drawn with probability `π_i`,
///
/// `θ̂ = (1/N) Σ Ỹ_i`, `Ỹ_i = m_i + (R_i/π_i)(Y_i − m_i)`:
///
/// design-based supervised learning, with a tuned slope. The mean of `R_i/π_i` being 1, `θ̂` is right
/// on average for any `λ` that does not depend on the draw. That which makes the variance smallest,
/// whose part that depends on it is `Σ (1 − π_i)/π_i (Y_i − m_i)²`, is the slope of `Y` on `Ŷ` with
/// weights `(1 − π_i)/π_i²` in the coded sentences, cut to 0 to 1: for a useless model it goes to 0,
/// which leaves what was coded, and for a perfect one to 1. Each cluster gets the `λ` of all others,
/// so that no residual flatters itself. `a` makes `Σ (R_i/π_i)(Y_i − m_i)` 0: the weights of the
/// coded sentences are divided by their sum, which varies where the design does not fix how many of
/// these sentences are coded.
///
/// # Standard errors
///
/// [`Target::Process`]: `V = Σ_g (p_g/√(1 − N_g/N) + q_g/√(1 − W_g/W))²`, where `p_g` is the sum over
/// cluster `g` of `(m_i − θ̂)/N`, `q_g` that of `(R_i/π_i)(Y_i − m_i)/W`, `W` the sum of `1/π_i` over
/// coded sentences. The roots undo how much a cluster pulls the mean its own way; with clusters of
/// one size they give the usual factor `G/(G − 1)`. Degrees of freedom: see [`Estimate`].
///
/// [`Target::Corpus`]: `V = Σ (1 − π_i) ((R_i/π_i)(Y_i − m_i)/W)²/(1 − w_i/W)`, over coded sentences
/// with `w_i = 1/π_i`. Pairs are taken as drawn independently but for the number of draws, which
/// centred residuals account for: exact for simple random samples, a little wide for strata. Where
/// every document is coded whole or not at all, documents are the draws.
///
/// # Degenerate cases
///
/// Undefined without a sentence or a coded one, with fewer than two clusters (corpus: draws), and
/// where no residual differs from 0 (a rare frame that was never coded): then the sample does not
/// tell how far off the estimate is, and 0 would be the wrong answer. For the corpus an estimate with
/// every sentence coded is exact.
///
/// # References
///
/// Egami, Hinck, Stewart & Wei 2023, NeurIPS 36; Robins, Rotnitzky & Zhao 1994, Journal of the
/// American Statistical Association 89:846–866; Angelopoulos, Duchi & Zrnic 2023, arXiv:2311.01453
/// (tuning); Zrnic & Candès 2024, PNAS 121:e2322083121 (cross-fitting); Särndal, Swensson & Wretman
/// 1992, Model Assisted Survey Sampling, Springer, ch. 6 and 7; Hájek 1964, Annals of Mathematical
/// Statistics 35:1491–1523; Bell & McCaffrey 2002, Survey Methodology 28:169–181 (the roots).
pub fn share(
    outcome: &Outcome<'_>,
    design: &Design<'_>,
    members: &[usize],
) -> Result<Estimate, Undefined> {
    let cell = Cell::coded(design, members, |row| outcome.coded[row].is_some())?;
    cell.corrected(outcome, design, true)
}

/// The ratio of two sums, both corrected as in [`share`]: support among sentences with the frame.
///
/// `θ = Σ s̃_i / Σ f̃_i`, linearised: `e_i = (s̃_i − θ f̃_i) / f̄`. Of the coded sentences those count
/// in which both are coded. The shares `N_g/N`, `W_g/W` and `w_i/W` of the standard error are those of
/// the denominator here, `Σ_g f̂_i/Σ f̂` and `Σ_g w_i f_i/Σ w f`: of a document with many frames
/// the ratio depends much, on one with none not at all.
///
/// # Degenerate cases
///
/// Those of [`share`], for the numerator and for the denominator. Undefined too where the interval
/// of the denominator touches 0: a ratio to it may be anything.
///
/// # References
///
/// Woodruff 1971, Journal of the American Statistical Association 66:411–414.
pub fn ratio(
    numerator: &Outcome<'_>,
    denominator: &Outcome<'_>,
    design: &Design<'_>,
    members: &[usize],
) -> Result<Estimate, Undefined> {
    let both = |row: usize| numerator.coded[row].is_some() && denominator.coded[row].is_some();
    let cell = Cell::coded(design, members, both)?;
    let whole = cell.corrected(denominator, design, true)?;
    if whole.measure().interval.is_none_or(|[low, _]| low <= 0.0) {
        return Err(Undefined::MayBeZero);
    }
    let cell = cell.pulled_by(denominator.predicted, denominator.coded);
    let part = cell.corrected(numerator, design, true)?;
    Ok(part.quotient(&cell.corrected(denominator, design, true)?))
}

/// The mean of what was coded, each sentence with `1/π` (Hájek): [`share`] with `λ = 0`, which is
/// what the model is to be measured by.
///
/// # Degenerate cases
///
/// Those of [`share`].
pub fn gold_only(
    outcome: &Outcome<'_>,
    design: &Design<'_>,
    members: &[usize],
) -> Result<Estimate, Undefined> {
    let cell = Cell::coded(design, members, |row| outcome.coded[row].is_some())?;
    cell.corrected(outcome, design, false)
}

/// A coded sentence.
struct Coded {
    row: usize,
    inclusion: f64,
    weight: f64,
    /// How much it pulls an estimate its own way: its weight, times the denominator of a ratio.
    pull: f64,
}

/// The sentences of one cluster, and those of them that were coded.
struct Run {
    cluster: usize,
    rows: Range<usize>,
    gold: Range<usize>,
    /// Its share of all sentences, or of a denominator.
    size: f64,
}

/// The sentences that an estimate is about, by cluster, so that their order does not matter.
struct Cell {
    rows: Vec<usize>,
    gold: Vec<Coded>,
    runs: Vec<Run>,
    /// Sum of the weights of coded sentences.
    weight: f64,
    /// What was drawn together, of the coded sentences: those of a cluster or single ones.
    draws: Vec<Range<usize>>,
}

impl Cell {
    /// Without coded sentences.
    fn new(clusters: &[usize], members: &[usize]) -> Result<Self, Undefined> {
        let mut rows = members.to_vec();
        rows.sort_unstable_by_key(|&row| (clusters[row], row));
        let mut runs = Vec::new();
        let mut start = 0;
        for run in rows.chunk_by(|&a, &b| clusters[a] == clusters[b]) {
            let end = start + run.len();
            let size = run.len() as f64 / rows.len() as f64;
            runs.push(Run { cluster: clusters[run[0]], rows: start..end, gold: 0..0, size });
            start = end;
        }
        match rows.is_empty() {
            true => Err(Undefined::NoSentences),
            false => Ok(Cell { rows, gold: Vec::new(), runs, weight: 0.0, draws: Vec::new() }),
        }
    }

    fn coded(
        design: &Design<'_>,
        members: &[usize],
        is_coded: impl Fn(usize) -> bool,
    ) -> Result<Self, Undefined> {
        let mut cell = Cell::new(design.clusters, members)?;
        for run in &mut cell.runs {
            let start = cell.gold.len();
            let coded = cell.rows[run.rows.clone()].iter().filter(|&&row| is_coded(row));
            cell.gold.extend(coded.map(|&row| {
                let inclusion = design.inclusion[row];
                let weight = 1.0 / inclusion;
                Coded { row, inclusion, weight, pull: weight }
            }));
            run.gold = start..cell.gold.len();
        }
        cell.weight = cell.gold.iter().map(|coded| coded.weight).sum();
        let by_cluster = design.target == Target::Process || cell.is_drawn_by_cluster();
        cell.draws = match by_cluster {
            true => cell.runs.iter().map(|run| run.gold.clone()).collect(),
            false => (0..cell.gold.len()).map(|draw| draw..draw + 1).collect(),
        };
        cell.draws.retain(|draw| !draw.is_empty());
        if cell.gold.is_empty() { Err(Undefined::NoGold) } else { Ok(cell) }
    }

    /// Whether every cluster was coded whole, with one probability, or not at all.
    fn is_drawn_by_cluster(&self) -> bool {
        let whole = |run: &Run| {
            let gold = self.gold_of(run);
            gold.len() == run.rows.len()
                && gold.iter().all(|one| one.inclusion == gold[0].inclusion)
        };
        self.runs.iter().all(|run| run.gold.is_empty() || whole(run))
    }

    fn size(&self) -> f64 {
        self.rows.len() as f64
    }

    /// For a ratio to this: a cluster without anything of the denominator has no say in it.
    fn pulled_by(mut self, predicted: &[f64], coded: &[Option<f64>]) -> Self {
        let of = |run: &Run| self.sum(run, |row| predicted[row].abs());
        let sizes: Vec<f64> = self.runs.iter().map(of).collect();
        let sum: f64 = sizes.iter().sum();
        if sum > 0.0 {
            self.runs.iter_mut().zip(sizes).for_each(|(run, size)| run.size = size / sum);
        }
        for one in &mut self.gold {
            one.pull = one.weight * coded[one.row].unwrap_or_default().abs();
        }
        self
    }

    /// The share of some coded sentences in all, by how much they pull.
    fn share_of_gold(&self, range: &Range<usize>) -> f64 {
        let pull = |gold: &[Coded]| gold.iter().map(|one| one.pull).sum::<f64>();
        let all = pull(&self.gold);
        if all > 0.0 { pull(&self.gold[range.clone()]) / all } else { 0.0 }
    }

    fn gold_of<'a>(&'a self, run: &Run) -> &'a [Coded] {
        &self.gold[run.gold.clone()]
    }

    fn mean(&self, values: &[f64]) -> f64 {
        self.rows.iter().map(|&row| values[row]).sum::<f64>() / self.size()
    }

    fn naive(&self, predicted: &[f64]) -> Result<Estimate, Undefined> {
        let value = self.mean(predicted);
        let deviation = |run: &Run| self.sum(run, |row| predicted[row] - value) / self.size();
        let part = |run: &Run| {
            let predicted = deviation(run) / remaining(run.size)?.sqrt();
            Ok(Part { key: run.cluster, predicted, gold: 0.0, size: run.size, weight: 0.0 })
        };
        let parts = self.runs.iter().map(part).collect::<Result<_, Undefined>>()?;
        Ok(Estimate::new(value, parts))
    }

    fn sum(&self, run: &Run, of: impl Fn(usize) -> f64) -> f64 {
        self.rows[run.rows.clone()].iter().map(|&row| of(row)).sum()
    }

    /// [`share`], or with `λ = 0` what was coded alone.
    fn corrected(
        &self,
        outcome: &Outcome<'_>,
        design: &Design<'_>,
        tuned: bool,
    ) -> Result<Estimate, Undefined> {
        let centre = self.mean(outcome.predicted);
        let moments: Vec<Moments> =
            self.runs.iter().map(|run| Moments::of(outcome, self.gold_of(run))).collect();
        let total = moments.iter().fold(Moments::default(), |sum, one| sum.plus(one, 1.0));
        let slope = |own: &Moments| if tuned { total.plus(own, -1.0).slope(total.xx) } else { 0.0 };
        let slopes: Vec<f64> = moments.iter().map(slope).collect();
        let centred = |row: usize| outcome.predicted[row] - centre;
        let mut residuals = Vec::with_capacity(self.gold.len());
        for (run, slope) in self.runs.iter().zip(&slopes) {
            let gold = self.gold_of(run).iter();
            residuals.extend(gold.map(|one| coded_value(outcome, one) - slope * centred(one.row)));
        }
        let weighted = self.gold.iter().zip(&residuals).map(|(one, r)| one.weight * r);
        let level = weighted.sum::<f64>() / self.weight;
        residuals.iter_mut().for_each(|residual| *residual -= level);
        let sums = self.runs.iter().zip(&slopes).map(|(run, slope)| slope * self.sum(run, centred));
        let sums: Vec<f64> = sums.collect();
        let shift = sums.iter().sum::<f64>() / self.size();
        let parts = match design.target {
            Target::Process => self.by_cluster(&sums, shift, &residuals),
            Target::Corpus => self.by_draw(&residuals),
        }?;
        let estimate = Estimate::new(level + shift, parts);
        Ok(estimate.tuned(tuned.then(|| total.slope(total.xx))))
    }

    /// From the sum of `λ (Ŷ_i − mean Ŷ)` of each run, the mean of all, and the residuals.
    fn by_cluster(
        &self,
        sums: &[f64],
        shift: f64,
        residuals: &[f64],
    ) -> Result<Vec<Part>, Undefined> {
        let part = |(run, sum): (&Run, &f64)| {
            let predicted = (sum - shift * run.rows.len() as f64) / self.size();
            let gold = self.weighted(residuals, &run.gold) / self.weight;
            let (size, weight) = (run.size, self.share_of_gold(&run.gold));
            let predicted = predicted / remaining(size)?.sqrt();
            let gold = gold / remaining(weight)?.sqrt();
            Ok(Part { key: run.cluster, predicted, gold, size, weight })
        };
        let parts: Vec<Part> =
            self.runs.iter().zip(sums).map(part).collect::<Result<_, Undefined>>()?;
        // Residuals of 0 may be off by rounding.
        match parts.iter().any(|part| part.gold.abs() > 1e-12) {
            true => Ok(parts),
            false => Err(Undefined::NoVariation),
        }
    }

    /// What the draw alone makes uncertain.
    fn by_draw(&self, residuals: &[f64]) -> Result<Vec<Part>, Undefined> {
        let certain = self.gold.iter().all(|coded| coded.inclusion >= 1.0);
        if certain && self.gold.len() == self.rows.len() {
            return Ok(Vec::new());
        }
        let part = |draw: &Range<usize>| {
            let first = &self.gold[draw.start];
            let weight = self.share_of_gold(draw);
            let chance = (1.0 - first.inclusion).max(0.0) / remaining(weight)?;
            let gold = self.weighted(residuals, draw) / self.weight * chance.sqrt();
            Ok(Part { key: first.row, predicted: 0.0, gold, size: 0.0, weight })
        };
        let parts: Vec<Part> = self.draws.iter().map(part).collect::<Result<_, Undefined>>()?;
        match parts.iter().any(|part| part.gold.abs() > 1e-12) {
            true => Ok(parts),
            false => Err(Undefined::NoVariation),
        }
    }

    fn weighted(&self, residuals: &[f64], draw: &Range<usize>) -> f64 {
        let gold = self.gold[draw.clone()].iter().zip(&residuals[draw.clone()]);
        gold.map(|(coded, residual)| coded.weight * residual).sum()
    }
}

/// What others than a cluster with this share make up.
///
/// With one cluster alone nothing can be told of how clusters vary; the last bits are rounding.
fn remaining(share: f64) -> Result<f64, Undefined> {
    if share < 1.0 - 1e-12 { Ok(1.0 - share) } else { Err(Undefined::TooFewDocuments) }
}

/// What was coded; cells hold only rows where something was.
fn coded_value(outcome: &Outcome<'_>, coded: &Coded) -> f64 {
    outcome.coded[coded.row].unwrap_or_default()
}

/// Weighted sums for the slope of what was coded on what is predicted.
#[derive(Clone, Copy, Default)]
struct Moments {
    weight: f64,
    x: f64,
    y: f64,
    xx: f64,
    xy: f64,
}

impl Moments {
    fn of(outcome: &Outcome<'_>, gold: &[Coded]) -> Self {
        gold.iter().fold(Moments::default(), |sum, coded| {
            let (x, y) = (outcome.predicted[coded.row], coded_value(outcome, coded));
            let one = Moments { weight: 1.0, x, y, xx: x * x, xy: x * y };
            sum.plus(&one, (1.0 - coded.inclusion) * coded.weight.powi(2))
        })
    }

    fn plus(&self, other: &Moments, times: f64) -> Self {
        Moments {
            weight: self.weight + times * other.weight,
            x: self.x + times * other.x,
            y: self.y + times * other.y,
            xx: self.xx + times * other.xx,
            xy: self.xy + times * other.xy,
        }
    }

    /// Cut to 0 to 1; 0 where predictions do not vary, but for rounding of sums of that scale.
    fn slope(&self, scale: f64) -> f64 {
        let variation = self.xx - self.x * self.x / self.weight;
        let common = self.xy - self.x * self.y / self.weight;
        // Not so too where a weight of 0 makes it no number.
        if variation > 1e-9 * scale { (common / variation).clamp(0.0, 1.0) } else { 0.0 }
    }
}

#[cfg(test)]
#[path = "prevalence_tests.rs"]
mod tests;
