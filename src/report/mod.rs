//! Finished results for people to read.

mod evaluation;
mod methods;
mod tables;
mod tidy;

pub use evaluation::{evaluation, full_evaluation};
pub use methods::evaluation_methods;
pub use tables::{agreement, classified, pairs, strongest_terms, training};
pub use tidy::{evaluation_table, suspects_table};
