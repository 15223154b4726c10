//! Finished results for people to read.

mod tables;

pub use tables::{agreement, classified, evaluation, pairs, strongest_terms, training};
