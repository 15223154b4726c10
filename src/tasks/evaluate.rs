//! Scores of predictions against gold labels, and what can be asked beside them.

mod comparison;
mod gold;
mod learning_curve;
mod predictions;
mod scores;
mod slices;
mod suspects;

use serde::Serialize;

pub use comparison::{Comparison, Difference, FrameComparison};
pub use gold::Gold;
pub use learning_curve::{CurveFrame, CurvePoint, LearningCurve};
pub use predictions::Predictions;
pub use scores::{Average, Evaluation, FrameScores, StanceScores, Truth};
pub use slices::{Slice, SliceTest, Slices};
pub use suspects::{Suspect, Suspects};

/// An evaluation and all that was asked for beside it.
#[derive(Debug, Clone, Serialize)]
pub struct FullEvaluation {
    /// The scores.
    #[serde(flatten)]
    pub scores: Evaluation,
    /// Scores by group of sentences.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<Slices>,
    /// Another model's scores beside these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub against: Option<Comparison>,
    /// Scores by size of the training data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learning_curve: Option<LearningCurve>,
    /// How many labels are suspect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspects: Option<Suspects>,
}
