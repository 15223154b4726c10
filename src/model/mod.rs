//! Models: logistic regression on sparse rows, stance, calibration, thresholds, the classifier.

mod dense;
mod logistic;
mod objective;
mod trust_region;

pub use logistic::{
    ClassWeight, FitReport, Logistic, LogisticParams, LogisticValidParams, Softmaxed, Solver,
};
