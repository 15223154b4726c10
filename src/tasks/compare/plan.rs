//! How many more sentences to code, and which, to see a difference between groups.

use serde::Serialize;

use super::gold::Coded;
use super::shares::{Estimates, Quantity};
use super::{Options, Results, words};
use crate::error::{Error, ErrorKind, Result};
use crate::stats::{
    Outcome, PlanStratum, ShareVariance, Target, naive_share, plan_coding, share,
    visible_difference,
};
use crate::tasks::evaluate::Gold;

/// Where the bands of probability of a plan for one frame end and begin. Sampled by itself and in
/// Neyman's allocation, the part of the variance that coding takes away is .63 to .86 of what it is
/// without bands (four frames, 2,074 headlines); five bands and more take it to no less than .56.
const PLAN_CUTS: [f64; 2] = [0.05, 0.5];

/// What the model's probabilities say of a stratum counts as much as so many coded sentences of it.
const PRIOR_SENTENCES: f64 = 5.0;

/// No sentence is taken to be surer than this, whatever the model says.
const LEAST_DOUBT: f64 = 0.005;

/// Correlation of residuals within documents, before pairs of them are seen, and how many pairs that
/// counts as much as.
const PRIOR_LIKENESS: (f64, f64) = (0.1, 20.0);

/// What is to be seen.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanOptions {
    /// The difference of shares, 0 to 1, exclusive.
    pub difference: f64,
    /// With what probability a test at .05 is to find it.
    pub power: f64,
    /// The frame whose shares are compared, with bands of its probability as strata; `None`: all
    /// frames, with the groups as strata.
    pub frame: Option<String>,
}

/// What to code further.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// The column whose values are the groups.
    pub by: String,
    /// What the tests speak of.
    pub target: Target,
    /// The difference to be seen.
    pub difference: f64,
    /// The probability with which it is to be found.
    pub power: f64,
    /// The column whose bands are strata, and where they end; without it, groups are.
    pub bands: Option<(String, Vec<f64>)>,
    /// Whether gold labels were there; without, variances are those that the model's probabilities
    /// promise.
    pub has_gold: bool,
    /// Where to draw from.
    pub strata: Vec<StratumPlan>,
    /// By frame, what can be seen.
    pub frames: Vec<FramePlan>,
}

/// What to code in a stratum.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StratumPlan {
    /// Its name, as `sample` names it: `Harbour Wire`, or `Harbour Wire; band 2`.
    pub stratum: String,
    /// Its group.
    pub group: String,
    /// Sentences in it.
    pub sentences: usize,
    /// Those that are coded.
    pub coded: usize,
    /// How many more to code.
    pub more: usize,
}

/// What can be seen of a frame.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FramePlan {
    /// The frame.
    pub frame: String,
    /// Correlation, within documents, of what the predictions leave unexplained.
    pub likeness: f64,
    /// Groups whose articles are too few for the difference, whatever is coded.
    pub unreachable: Vec<String>,
    /// Every pair of groups.
    pub pairs: Vec<PairPlan>,
}

/// The smallest difference of two groups that is found with the power asked for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PairPlan {
    /// The groups.
    pub groups: [String; 2],
    /// With what is coded now; `None` where that is nothing.
    pub now: Option<f64>,
    /// With what is to be coded; `None` where that leaves nothing of one of them coded.
    pub planned: Option<f64>,
    /// With every sentence coded.
    pub all: f64,
}

/// Plans what to code further.
///
/// The variance of a group's corrected share is taken apart: `λ² V(Ŷ) + ρ q s² + Σ_h W_h² s_h² / n_h`.
/// `V(Ŷ)` is that of the mean prediction, by documents; `s²` the mean square of what predictions with
/// weight `λ` leave unexplained, `s_h²` the same in a stratum with a share `W_h` of the group; `ρ` its
/// correlation within documents and `q` the probability that two sentences of the group share one.
/// With [`Target::Corpus`] the first two are not there, and the last goes to 0 as all is coded.
///
/// `s_h²` comes from the coded residuals of the stratum and, like five more of them, from what
/// corrected predictions `p` promise: `p(1 − p)`. `ρ` comes from pairs in one document and, like twenty
/// more of them, from .1.
///
/// # Errors
///
/// Those of [`compare`](super::compare()); when there is no such frame, fewer than two groups, or
/// neither gold labels nor probabilities.
///
/// # References
///
/// Neyman 1934, Journal of the Royal Statistical Society 97:558–625; Angelopoulos, Duchi & Zrnic 2023,
/// arXiv:2311.01453 (the variance of tuned corrections); Kish 1965, Survey Sampling, ch. 5 (documents).
pub fn plan(
    results: &Results,
    gold: Option<&Gold>,
    options: &Options,
    wanted: &PlanOptions,
) -> Result<Plan> {
    let coded = gold.map(|gold| Coded::new(results, gold)).transpose()?;
    if results.groups() < 2 {
        let problem =
            format!("there is one group only, `{}`: nothing to compare", results.groups[0]);
        return Err(Error::parameter("by", problem));
    }
    if coded.is_none() && results.probabilities.is_none() {
        return Err(ErrorKind::Unsound {
            problem: "neither gold labels nor probabilities say how much the model errs".to_owned(),
            remedy: "give some gold labels, or results with the columns `p.<frame>`".to_owned(),
        }
        .into());
    }
    let copies = options.copies.and_then(|threshold| words::copies(results, threshold));
    let clusters = copies.as_ref().map_or(&results.documents, |copies| &copies.clusters);
    let estimates = Estimates { results, coded: coded.as_ref(), clusters, options };
    Planner::new(&estimates, wanted)?.plan(wanted)
}

/// What the variance of a frame's share in a group is made of.
struct GroupVariance {
    parts: ShareVariance,
    /// The mean square of residuals: coded at random, `n` sentences leave it over `n`.
    mean_square: f64,
    coded: usize,
}

struct Planner<'a> {
    estimates: &'a Estimates<'a>,
    frames: Vec<usize>,
    cuts: Vec<f64>,
    /// By group and stratum, its sentences.
    strata: Vec<Vec<Vec<usize>>>,
}

impl<'a> Planner<'a> {
    fn new(estimates: &'a Estimates<'a>, wanted: &PlanOptions) -> Result<Self> {
        let results = estimates.results;
        let codebook = results.codebook();
        let frames = match &wanted.frame {
            None => (0..codebook.frames.len()).collect(),
            Some(name) => vec![codebook.frame(name).ok_or_else(|| {
                let known = codebook.frame_names().join("`, `");
                Error::parameter("frame", format!("`{name}` is none of `{known}`"))
            })?],
        };
        let banded = results.probabilities.as_ref().filter(|_| wanted.frame.is_some());
        let cuts = if banded.is_some() { PLAN_CUTS.to_vec() } else { Vec::new() };
        let strata = (0..results.groups()).map(|group| {
            let mut bands = vec![Vec::new(); cuts.len() + 1];
            for row in results.members(group, None) {
                let score = banded.map_or(0.0, |probabilities| probabilities[frames[0]][row]);
                bands[cuts.partition_point(|&cut| cut <= score)].push(row);
            }
            bands
        });
        Ok(Planner { estimates, strata: strata.collect(), frames, cuts })
    }

    fn plan(&self, wanted: &PlanOptions) -> Result<Plan> {
        let results = self.estimates.results;
        let count = |rows: &[usize]| self.estimates.coded.map_or(0, |coded| coded.count(rows));
        let strata: Vec<Vec<PlanStratum>> = self
            .strata
            .iter()
            .map(|bands| {
                let size =
                    |rows: &Vec<usize>| PlanStratum { sentences: rows.len(), coded: count(rows) };
                bands.iter().map(size).collect()
            })
            .collect();
        let frames: Vec<(f64, Vec<GroupVariance>)> =
            self.frames.iter().map(|&frame| self.variances(frame)).collect();
        let parts = |(_, groups): &(f64, Vec<GroupVariance>)| {
            groups.iter().map(|group| group.parts.clone()).collect()
        };
        let parts: Vec<Vec<ShareVariance>> = frames.iter().map(parts).collect();
        let found = plan_coding(&parts, &strata, wanted.difference, wanted.power);
        let column = format!("p.{}", results.codebook().frames[self.frames[0]].name);
        let frame = |(at, (likeness, groups)): (usize, &(f64, Vec<GroupVariance>))| FramePlan {
            frame: results.codebook().frames[self.frames[at]].name.clone(),
            likeness: *likeness,
            unreachable: found.unreachable[at].iter().map(|&g| results.groups[g].clone()).collect(),
            pairs: self.pairs(groups, &found.coded, wanted.power),
        };
        Ok(Plan {
            by: results.by.clone(),
            target: self.estimates.options.target,
            difference: wanted.difference,
            power: wanted.power,
            bands: (!self.cuts.is_empty()).then(|| (column, self.cuts.clone())),
            has_gold: self.estimates.coded.is_some(),
            frames: frames.iter().enumerate().map(frame).collect(),
            strata: self.stratum_plans(&strata, &found.coded),
        })
    }

    fn stratum_plans(
        &self,
        strata: &[Vec<PlanStratum>],
        planned: &[Vec<usize>],
    ) -> Vec<StratumPlan> {
        let mut plans = Vec::new();
        for (group, name) in self.estimates.results.groups.iter().enumerate() {
            for (band, stratum) in strata[group].iter().enumerate() {
                plans.push(StratumPlan {
                    stratum: match self.cuts.is_empty() {
                        true => name.clone(),
                        false => format!("{name}; band {}", band + 1),
                    },
                    group: name.clone(),
                    sentences: stratum.sentences,
                    coded: stratum.coded,
                    more: planned[group][band].saturating_sub(stratum.coded),
                });
            }
        }
        plans
    }

    fn pairs(&self, groups: &[GroupVariance], planned: &[Vec<usize>], power: f64) -> Vec<PairPlan> {
        let all: Vec<Vec<usize>> =
            self.strata.iter().map(|bands| bands.iter().map(Vec::len).collect()).collect();
        let coded = groups.iter().map(|group| group.coded).sum::<usize>();
        let has_more = planned.iter().flatten().sum::<usize>() > coded;
        let mut pairs = Vec::new();
        for (a, first) in groups.iter().enumerate() {
            for (b, second) in groups.iter().enumerate().skip(a + 1) {
                let seen = |coded: &[Vec<usize>]| {
                    let variance = first.parts.at(&coded[a]) + second.parts.at(&coded[b]);
                    visible_difference(variance, power)
                };
                let now = first.now().zip(second.now());
                let now = now.map(|(first, second)| visible_difference(first + second, power));
                let names = &self.estimates.results.groups;
                pairs.push(PairPlan {
                    groups: [names[a].clone(), names[b].clone()],
                    now,
                    planned: match has_more {
                        true => Some(seen(planned)).filter(|seen| seen.is_finite()),
                        false => now,
                    },
                    all: seen(&all),
                });
            }
        }
        pairs
    }

    /// The likeness of a frame's residuals, and its variance in every group.
    fn variances(&self, frame: usize) -> (f64, Vec<GroupVariance>) {
        let quantity = Quantity::presence(self.estimates, frame);
        let fits: Vec<Fit> = self
            .strata
            .iter()
            .map(|bands| Fit::new(self.estimates, &quantity, &bands.concat()))
            .collect();
        let likeness = self.likeness(&quantity, &fits);
        let groups = fits.iter().zip(&self.strata);
        (
            likeness,
            groups.map(|(fit, bands)| self.variance(&quantity, fit, bands, likeness)).collect(),
        )
    }

    fn variance(
        &self,
        quantity: &Quantity,
        fit: &Fit,
        bands: &[Vec<usize>],
        likeness: f64,
    ) -> GroupVariance {
        let members = bands.concat();
        let share = |rows: &[usize]| rows.len() as f64 / members.len() as f64;
        let squares: Vec<f64> = bands.iter().map(|rows| fit.mean_square(quantity, rows)).collect();
        let weighted = bands.iter().zip(&squares).map(|(rows, square)| share(rows) * square);
        let mean_square: f64 = weighted.sum();
        let spread = bands.iter().zip(&squares).map(|(rows, square)| share(rows).powi(2) * square);
        let fixed = match self.estimates.options.target {
            Target::Corpus => -mean_square / members.len() as f64,
            Target::Process => {
                let clusters = self.estimates.clusters;
                let predicted = naive_share(&quantity.predicted, clusters, &members);
                let error = predicted.ok().and_then(|of| of.measure().std_error).unwrap_or(0.0);
                (fit.slope * error).powi(2) + likeness * together(clusters, &members) * mean_square
            }
        };
        GroupVariance {
            parts: ShareVariance { fixed, spread: spread.collect() },
            mean_square,
            coded: self.estimates.coded.map_or(0, |coded| coded.count(&members)),
        }
    }

    /// The correlation of residuals of two sentences of one document.
    fn likeness(&self, quantity: &Quantity, fits: &[Fit]) -> f64 {
        let (prior, weight) = PRIOR_LIKENESS;
        let (mut products, mut pairs) = (0.0, 0.0);
        let (mut squares, mut count) = (0.0, 0.0);
        for (fit, bands) in fits.iter().zip(&self.strata) {
            let mut rows = bands.concat();
            rows.sort_unstable_by_key(|&row| (self.estimates.clusters[row], row));
            for document in
                rows.chunk_by(|&a, &b| self.estimates.clusters[a] == self.estimates.clusters[b])
            {
                let residuals: Vec<f64> =
                    document.iter().filter_map(|&row| fit.residual(quantity, row)).collect();
                let sum: f64 = residuals.iter().sum();
                let square: f64 = residuals.iter().map(|residual| residual.powi(2)).sum();
                products += (sum * sum - square) / 2.0;
                pairs += (residuals.len() * residuals.len().saturating_sub(1)) as f64 / 2.0;
                squares += square;
                count += residuals.len() as f64;
            }
        }
        let variance = if count > 0.0 { squares / count } else { 0.0 };
        match variance > 0.0 {
            true => ((products / variance + weight * prior) / (pairs + weight)).clamp(0.0, 1.0),
            false => prior,
        }
    }
}

impl GroupVariance {
    /// The variance with what is coded now, as if drawn at random.
    fn now(&self) -> Option<f64> {
        let coding = self.mean_square / self.coded as f64;
        (self.coded > 0).then(|| (self.parts.fixed + coding).max(0.0))
    }
}

/// The probability that two sentences stand in one document.
fn together(clusters: &[usize], members: &[usize]) -> f64 {
    let mut of: Vec<usize> = members.iter().map(|&row| clusters[row]).collect();
    of.sort_unstable();
    let pairs = |n: usize| (n * n.saturating_sub(1)) as f64;
    let inside: f64 = of.chunk_by(|a, b| a == b).map(|document| pairs(document.len())).sum();
    if of.len() > 1 { inside / pairs(of.len()) } else { 0.0 }
}

/// The line `a + λŶ` from which residuals are measured, in a group.
struct Fit {
    level: f64,
    slope: f64,
}

impl Fit {
    fn new(estimates: &Estimates<'_>, quantity: &Quantity, members: &[usize]) -> Self {
        // As the model says, until what was coded says otherwise.
        let plain = Fit { level: 0.0, slope: 1.0 };
        let (Some(design), Some(coded)) = (estimates.design(), &quantity.coded) else {
            return plain;
        };
        let outcome = Outcome { predicted: &quantity.predicted, coded };
        let Ok(corrected) = share(&outcome, &design, members) else { return plain };
        let slope = corrected.tuning().unwrap_or(1.0);
        let (mut weight, mut sum) = (0.0, 0.0);
        for &row in members {
            if let Some(coded) = coded[row] {
                weight += 1.0 / design.inclusion[row];
                sum += (coded - slope * quantity.predicted[row]) / design.inclusion[row];
            }
        }
        Fit { level: sum / weight, slope }
    }

    fn expected(&self, predicted: f64) -> f64 {
        self.level + self.slope * predicted
    }

    fn residual(&self, quantity: &Quantity, row: usize) -> Option<f64> {
        let coded = quantity.coded.as_ref()?[row]?;
        Some(coded - self.expected(quantity.predicted[row]))
    }

    /// The mean square of the residuals in some sentences: of those coded, and of what is promised
    /// where the line is right.
    fn mean_square(&self, quantity: &Quantity, rows: &[usize]) -> f64 {
        let promised = |&row: &usize| {
            let p = self.expected(quantity.predicted[row]).clamp(LEAST_DOUBT, 1.0 - LEAST_DOUBT);
            p * (1.0 - p)
        };
        let promised = rows.iter().map(promised).sum::<f64>() / rows.len().max(1) as f64;
        let residuals = rows.iter().filter_map(|&row| self.residual(quantity, row));
        let (count, squares) = residuals.fold((0.0, 0.0), |(n, sum), r| (n + 1.0, sum + r * r));
        (squares + PRIOR_SENTENCES * promised) / (count + PRIOR_SENTENCES)
    }
}
