//! Tells how the press frames industrial policy, sentence by sentence, and compares outlets on it.

pub mod data;
pub mod error;
pub mod features;
pub mod model;
#[cfg(feature = "report")]
pub mod report;
pub mod stats;
mod storage;
pub mod tasks;
pub mod text;

pub use linfa;
pub use ndarray;
