//! What a comparison comes to.

use serde::Serialize;

use super::{Correction, Over};
use crate::stats::{Measure, Target, Undefined, Value, serialize_value};

/// Groups compared, on every frame.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    /// The column whose values are the groups.
    pub by: String,
    /// The periods shares are also given by.
    pub over: Option<Over>,
    /// What the intervals speak of.
    pub target: Target,
    /// Sentences compared.
    pub sentences: usize,
    /// Documents they stand in.
    pub documents: usize,
    /// Whether the results say which document a sentence stands in.
    #[serde(skip)]
    pub has_documents: bool,
    /// Sentences left out because they have no group.
    pub without_group: usize,
    /// Sentences in no period because they have no date that could be read.
    pub without_date: usize,
    /// What was coded, where gold labels are given.
    pub gold: Option<GoldSummary>,
    /// The groups, the largest first.
    pub groups: Vec<Group>,
    /// The periods, rising: `2022`, `2022-Q3`, `2022-08`.
    pub periods: Vec<String>,
    /// By frame.
    pub frames: Vec<FrameComparison>,
    /// The tests of differences, as one family.
    pub tests: Option<Family>,
    /// Documents that are copies of others, where texts are there.
    pub copies: Option<Copies>,
    /// By group, the words that distinguish it; where texts are there.
    pub words: Vec<GroupWords>,
    /// Strength of the prior behind them, in words.
    pub prior: Option<f64>,
}

/// A group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Group {
    /// Its name.
    pub group: String,
    /// Documents in it.
    pub documents: usize,
    /// Sentences in it.
    pub sentences: usize,
    /// Sentences of it that were coded.
    pub gold: usize,
}

/// The gold labels that correct the shares.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GoldSummary {
    /// Coded sentences among those compared.
    pub sentences: usize,
    /// Coded sentences that stand in no result; they are left out.
    pub unmatched: usize,
    /// Whether inclusion probabilities are recorded; else a simple random sample within each group
    /// is assumed.
    pub recorded: bool,
    /// The coders, where there are several.
    pub coders: Vec<String>,
}

/// The tests that are corrected together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Family {
    /// How many there are.
    pub tests: usize,
    /// How p-values are corrected.
    pub correction: Correction,
    /// Which tests they are, in words.
    pub description: String,
    /// Whether they rest on predicted labels alone.
    pub naive: bool,
}

/// A frame in every group.
#[derive(Debug, Clone, Serialize)]
pub struct FrameComparison {
    /// The frame.
    pub frame: String,
    /// Krippendorff's alpha of the human coders; where the gold labels have several.
    pub human_alpha: Option<Measure>,
    /// By group: all periods together.
    pub groups: Vec<Cell>,
    /// By group and period; cells without a sentence are left out.
    pub periods: Vec<Cell>,
    /// Between pairs of groups.
    pub differences: Vec<Difference>,
    /// Whether the classifier errs alike in all groups; where gold labels are given.
    pub audit: Option<Audit>,
}

/// A frame in a group, or in a group and period.
#[derive(Debug, Clone, Serialize)]
pub struct Cell {
    /// The group.
    pub group: String,
    /// The period; `None` for all together.
    pub period: Option<String>,
    /// Documents in the cell.
    pub documents: usize,
    /// Sentences in the cell.
    pub sentences: usize,
    /// Coded sentences in the cell.
    pub gold: usize,
    /// Share of the sentences with the frame.
    pub share: Shares,
    /// By stance: share of it among the sentences with the frame.
    pub stances: Vec<StanceShare>,
    /// (support − oppose) ÷ sentences with the frame, from −1 to 1; where those stances are coded.
    pub net_stance: Option<Shares>,
    /// Other ways to correct a count, to compare with; where gold labels are given.
    pub diagnostics: Option<Diagnostics>,
}

/// A stance towards a frame, given the frame.
#[derive(Debug, Clone, Serialize)]
pub struct StanceShare {
    /// The stance.
    pub stance: String,
    /// Its share.
    #[serde(flatten)]
    pub share: Shares,
}

/// A share, counted and corrected.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Shares {
    /// From predicted labels alone: what the classifier's errors make of it is unknown.
    pub naive: Measure,
    /// From predictions and gold labels: right whatever the classifier's errors.
    pub corrected: Option<Measure>,
    /// From gold labels alone.
    pub gold_only: Option<Measure>,
    /// How far the predictions are trusted in `corrected`: 0 not at all, 1 fully.
    pub tuning: Option<f64>,
}

impl Shares {
    /// The corrected share where there is one, or else the naive one.
    pub fn best(&self) -> &Measure {
        self.corrected.as_ref().unwrap_or(&self.naive)
    }
}

/// Counts corrected by error rates; only to compare with.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Diagnostics {
    /// Mean probability of the frame (PCC).
    #[serde(serialize_with = "serialize_value")]
    pub mean_probability: Value,
    /// Adjusted count (ACC), with the error rates of the group, or of all groups where they may be
    /// pooled.
    #[serde(serialize_with = "serialize_value")]
    pub adjusted_count: Value,
    /// The same with mean probabilities (PACC).
    #[serde(serialize_with = "serialize_value")]
    pub adjusted_probability: Value,
    /// Expectation maximisation (EMQ).
    #[serde(serialize_with = "serialize_value")]
    pub expectation_maximisation: Value,
}

/// A group beside another one.
#[derive(Debug, Clone, Serialize)]
pub struct Difference {
    /// `share` or `net stance`.
    pub quantity: String,
    /// First minus second.
    pub groups: [String; 2],
    /// Difference of the shares, corrected where gold labels are given.
    pub difference: Measure,
    /// First divided by second; for shares.
    pub ratio: Option<Measure>,
    /// Two-sided p-value of no difference.
    #[serde(serialize_with = "serialize_value")]
    pub p: Value,
    /// The same, corrected for the family of tests.
    #[serde(serialize_with = "serialize_value")]
    pub p_adjusted: Value,
}

/// Error rates of the classifier by group.
#[derive(Debug, Clone, Serialize)]
pub struct Audit {
    /// By group, in the order of the groups.
    pub groups: Vec<GroupErrors>,
    /// p-value of equal true positive rates and equal false positive rates.
    #[serde(serialize_with = "serialize_value")]
    pub p: Value,
    /// Whether the error rates of all groups may be taken together for ACC, PACC and EMQ.
    pub may_pool: bool,
}

/// Error rates in a group.
#[derive(Debug, Clone, Serialize)]
pub struct GroupErrors {
    /// The group.
    pub group: String,
    /// Share found of the sentences with the frame.
    pub true_positive_rate: Measure,
    /// Share of the sentences without the frame that were given it.
    pub false_positive_rate: Measure,
}

/// Documents that are copies of each other, a wire report in several outlets say.
#[derive(Debug, Clone, Serialize)]
pub struct Copies {
    /// Groups of copies.
    pub clusters: usize,
    /// Documents in them.
    pub documents: usize,
    /// Clusters that run through several groups.
    pub across_groups: usize,
    /// Documents that are later copies of an earlier one: left out in `without`.
    pub later: usize,
    /// By frame and group: the share without later copies.
    pub without: Vec<WithoutCopies>,
}

/// A frame's shares when only the earliest of several copies counts.
#[derive(Debug, Clone, Serialize)]
pub struct WithoutCopies {
    /// The frame.
    pub frame: String,
    /// The group.
    pub group: String,
    /// Sentences left.
    pub sentences: usize,
    /// Their share with the frame.
    pub share: Shares,
}

/// Words that distinguish a group from all others.
#[derive(Debug, Clone, Serialize)]
pub struct GroupWords {
    /// The group.
    pub group: String,
    /// The frame whose sentences are compared; `None` for all sentences.
    pub frame: Option<String>,
    /// Strongest first.
    pub words: Vec<Word>,
    /// Shares of them that stay among the strongest with a prior ten times weaker, and ten times
    /// stronger.
    pub stay: [Option<f64>; 2],
}

/// A word and how far it distinguishes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Word {
    /// The word.
    pub word: String,
    /// Its log-odds ratio with an informative Dirichlet prior.
    pub log_odds: f64,
    /// The same divided by its standard error.
    pub z: f64,
    /// p-value by Benjamini and Hochberg over all words and groups.
    pub p_adjusted: f64,
    /// How often it stands in the group, and in all others.
    pub counts: [f64; 2],
    /// Documents it stands in.
    pub documents: u32,
}

/// Nothing to say for a reason.
pub(super) fn undefined(reason: Undefined) -> Measure {
    Measure::bare(Err(reason))
}
