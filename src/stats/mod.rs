//! Agreement, scores, intervals and samples. Knows labels and numbers, never the model.

mod agreement;
mod alpha;
mod bootstrap;
mod codes;
mod comparison;
mod counts;
mod dawid_skene;
mod estimate;
mod keyness;
mod label_errors;
mod measure;
mod metrics;
mod power;
mod ppi;
mod prevalence;
mod quantification;
mod sampling;
mod sets;
mod standard_error;
mod weights;

pub use agreement::{Coefficient, pair_kappa, pair_pi};
pub use alpha::{alpha, disagreement_shares, krippendorff_alpha, ordinal_alpha};
pub use bootstrap::{Bootstrap, Clusters, Distribution};
pub use codes::CodeTable;
pub use comparison::{
    McNemar, Randomisation, benjamini_hochberg, holm, homogeneity_statistic, mcnemar,
};
pub use counts::{Detail, Totals, UnitCounts};
pub use dawid_skene::{Consensus, dawid_skene};
pub use estimate::Estimate;
pub use keyness::{KeyTerm, PRIOR_FACTORS, Sensitivity, TermCounts, log_odds, sensitivity};
pub use label_errors::{FEWEST_EXAMPLES, SuspectLabel, suspects};
pub(crate) use measure::serialize_value;
#[cfg(feature = "report")]
pub(crate) use measure::short;
pub use measure::{Measure, Undefined, Value};
pub use metrics::{
    Confusion, RELIABILITY_BINS, ReliabilityBin, Scored, average_precision, brier,
    calibration_error, f1, reliability, roc_auc,
};
pub use power::{CodingPlan, PlanStratum, ShareVariance, plan_coding, visible_difference};
pub use ppi::ppi;
pub use prevalence::{Design, Outcome, Target, gold_only, naive_ratio, naive_share, ratio, share};
pub use quantification::{
    ErrorAudit, GroupRates, adjusted_count, adjusted_counts, equal_error_audit,
    expectation_maximisation,
};
pub use sampling::{Allocation, Drawn, allocate, draw, mixture_sizes, stream};
pub use sets::SetDistance;
pub use standard_error::standard_error;
pub use weights::{Weighting, Weights};
