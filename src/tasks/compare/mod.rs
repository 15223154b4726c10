//! Groups of articles compared: how often each frame stands in them, and with what stance.
//!
//! A classifier errs, and not everywhere alike; a share counted from its labels is biased by that. So
//! shares are corrected by gold labels of a sample (see [`crate::stats::share`]), and without gold
//! labels nothing is tested.

mod diagnostics;
mod differences;
mod examples;
mod gold;
mod plan;
mod result;
mod results;
mod shares;
mod words;

use serde::Serialize;

use crate::error::Result;
use crate::stats::{Bootstrap, Target};
use crate::tasks::evaluate::Gold;

pub use examples::{Evidence, examples};
pub use plan::{FramePlan, PairPlan, Plan, PlanOptions, StratumPlan, plan};
pub use result::{
    Audit, Cell, Comparison, Copies, Diagnostics, Difference, Family, FrameComparison, GoldSummary,
    Group, GroupErrors, GroupWords, Shares, StanceShare, WithoutCopies, Word,
};
pub use results::Results;

use gold::Coded;
use shares::Estimates;

/// Periods that shares are given by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Over {
    /// Calendar months, `2022-08`.
    Month,
    /// Calendar quarters, `2022-Q3`.
    Quarter,
    /// Calendar years, `2022`.
    Year,
}

/// How p-values are corrected for their number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Correction {
    /// The chance of any false finding in the family stays below the level: for questions asked
    /// beforehand.
    Holm,
    /// The expected share of false findings among all findings stays below the level: for
    /// exploring.
    BenjaminiHochberg,
}

/// How to compare.
#[derive(Debug, Clone)]
pub struct Options {
    /// What the intervals speak of.
    pub target: Target,
    /// How p-values are corrected.
    pub correction: Correction,
    /// Test differences of predicted labels where there are no gold labels.
    pub naive: bool,
    /// Documents are copies of each other from this similarity on; `None`: they are not looked for.
    pub copies: Option<f64>,
    /// The intervals of the coders' agreement.
    pub bootstrap: Bootstrap,
    /// Strength of the prior behind distinguishing words, in words; `None`: none are looked for.
    pub prior: Option<f64>,
}

/// Compares the groups of classified sentences.
///
/// With `gold`, shares are corrected; without, they are those of the predicted labels, and
/// differences are tested only where [`Options::naive`] asks for it.
///
/// # Errors
///
/// [`crate::error::ErrorKind::Unsound`] where the gold labels have no inclusion probabilities and
/// are visibly no random sample of the sentences.
pub fn compare(results: &Results, gold: Option<&Gold>, options: &Options) -> Result<Comparison> {
    let coded = gold.map(|gold| Coded::new(results, gold)).transpose()?;
    let copies = options.copies.and_then(|threshold| words::copies(results, threshold));
    let clusters = copies.as_ref().map_or(&results.documents, |copies| &copies.clusters);
    let estimates = Estimates { results, coded: coded.as_ref(), clusters, options };
    let mut frames: Vec<FrameComparison> = results
        .codebook()
        .frames
        .iter()
        .enumerate()
        .map(|(frame, entry)| {
            let alpha = gold.and_then(|gold| gold.coder_alpha(frame, &options.bootstrap));
            estimates.frame(frame, &entry.name, alpha)
        })
        .collect();
    let tests = differences::test(&estimates, &mut frames);
    let copies = copies.as_ref().map(|copies| copies.summary(&estimates));
    Ok(Comparison {
        by: results.by.clone(),
        over: results.over,
        target: options.target,
        sentences: results.rows(),
        documents: results.documents.iter().max().map_or(0, |&last| last + 1),
        has_documents: results.has_documents,
        without_group: results.without_group,
        without_date: results.without_date,
        gold: coded.as_ref().map(|coded| coded.summary.clone()),
        groups: results.group_sizes(coded.as_ref()),
        periods: results.periods.clone(),
        frames,
        tests,
        copies,
        words: options.prior.map_or_else(Vec::new, |prior| words::distinguishing(results, prior)),
        prior: options.prior,
    })
}
