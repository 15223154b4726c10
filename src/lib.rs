//! Tells how the press frames industrial policy, sentence by sentence.
//!
//! The program `framescope` is a thin shell around this library. Data flows down the list, and a
//! module uses only what stands above it:
//!
//! | module | idea |
//! | --- | --- |
//! | [`error`] | what can go wrong, with its place |
//! | [`text`] | bytes, sentences, words |
//! | [`data`] | codebooks, label files, articles, tables, folds |
//! | [`features`] | n-grams, vocabulary, sparse rows, TF-IDF |
//! | [`model`] | logistic regression, calibration, thresholds, stance, the classifier and its file |
//! | [`stats`] | agreement, scores, intervals |
//! | [`tasks`] | each thing people do, from start to end |
//! | `report` | finished results as tables and as HTML |
//!
//! Vectoriser and models speak `linfa`'s language: parameter sets are checked, then fitted; data
//! come as a `DatasetBase`.
//!
//! # Examples
//!
//! ```
//! use framescope::model::Classifier;
//!
//! let classifier = Classifier::built_in()?;
//! let sentence = "Exports of solar panels rose while customs duties stayed in place.";
//! let prediction = classifier.predict(sentence);
//! println!("{}", prediction.labels.display(classifier.codebook()));
//! # Ok::<(), framescope::error::Error>(())
//! ```

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
