//! Agreement, scores, intervals and samples. Knows labels and numbers, never the model.

mod agreement;
mod bootstrap;
mod measure;
mod metrics;
mod sampling;

pub use agreement::{
    CodeTable, cohen_kappa, fleiss_kappa, krippendorff_alpha, mean_cohen_kappa, percent_agreement,
};
pub use bootstrap::{Bootstrap, Clusters};
pub use measure::{Measure, Undefined, Value};
pub use metrics::{Confusion, Scored, average_precision, brier, calibration_error, f1, roc_auc};
pub use sampling::{Allocation, Drawn, allocate, draw, mixture_sizes, stream};
