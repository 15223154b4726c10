//! Text to numbers: n-grams, vocabulary, sparse matrix, TF-IDF.

mod count;
mod near_duplicate;
mod ngram;
mod ngram_table;
mod params;
mod prefetch;
mod scan;
mod signal;
mod sparse;
mod tfidf;
mod vocabulary;

pub use near_duplicate::{COPY_THRESHOLD, NearDuplicates, near_duplicates};
pub use ngram::NgramRange;
pub use params::{DfBound, TfidfParams, TfidfValidParams};
pub(crate) use scan::Scanner;
pub use scan::Scratch;
pub use signal::{SignalList, Signals};
pub use sparse::{SparseMatrix, SparseRow};
pub use tfidf::{Evidence, Ngrams, Sentences, Tfidf};
pub(crate) use tfidf::{SIGNAL_VALUE, TfidfTensors};
pub use vocabulary::Vocabulary;
