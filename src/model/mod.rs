//! Models: logistic regression on sparse rows, stance, calibration, thresholds, the classifier.

mod calibration;
mod classifier;
mod cross_validation;
mod dense;
mod dual;
mod explanation;
mod familiarity;
mod file;
mod fitted;
mod linear;
mod logistic;
mod objective;
mod preconditioner;
mod scorer;
mod softmax;
mod stance;
mod threshold;
mod training;
mod trust_region;

pub use calibration::{Calibration, FEWEST_POSITIVES};
pub use classifier::{Classifier, ModelCard, Prediction, StanceDetail};
pub use cross_validation::OutOfFold;
pub use explanation::{Contribution, Explanation, StanceScore};
pub use familiarity::{Familiarity, Flags};
pub use file::FORMAT_VERSION;
pub use fitted::{FitReport, Logistic, Softmaxed};
pub use logistic::{ClassWeight, LogisticParams, LogisticValidParams, Solver};
pub use scorer::Scorer;
pub use threshold::{ThresholdRule, f1_threshold};
pub use training::{ClassifierParams, Regularisation, Trained, TrainingData};
