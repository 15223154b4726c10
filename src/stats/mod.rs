//! Agreement, scores, intervals and samples. Knows labels and numbers, never the model.

mod agreement;
mod bootstrap;
mod comparison;
mod label_errors;
mod measure;
mod metrics;
mod sampling;

pub use agreement::{
    CodeTable, cohen_kappa, fleiss_kappa, krippendorff_alpha, mean_cohen_kappa, percent_agreement,
};
pub use bootstrap::{Bootstrap, Clusters};
pub use comparison::{McNemar, Randomisation, holm, homogeneity_statistic, mcnemar};
pub use label_errors::{FEWEST_EXAMPLES, SuspectLabel, suspects};
pub use measure::{Measure, Undefined, Value};
pub(crate) use measure::{serialize_value, short};
pub use metrics::{
    Confusion, RELIABILITY_BINS, ReliabilityBin, Scored, average_precision, brier,
    calibration_error, f1, reliability, roc_auc,
};
pub use sampling::{Allocation, Drawn, allocate, draw, mixture_sizes, stream};
