//! Text to numbers: n-grams, vocabulary, sparse matrix, TF-IDF.

mod ngram;
mod params;
mod signal;
mod sparse;
mod tfidf;
mod vocabulary;

pub use ngram::NgramRange;
pub use params::{DfBound, TfidfParams, TfidfValidParams};
pub use signal::{SignalList, Signals};
pub use sparse::{SparseMatrix, SparseRow};
pub(crate) use tfidf::TfidfTensors;
pub use tfidf::{Evidence, Ngrams, Sentences, Tfidf};
pub use vocabulary::Vocabulary;
