//! What becomes of input at fault: it ends the run, or it is left out and said to be.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Place, Result};

/// What an article, row or file at fault does to the run.
///
/// Faults of the run itself (an option, a model, a column that no table has) always end it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnError {
    /// The first fault ends the run.
    #[default]
    Stop,
    /// It is left out, and the rest is read.
    Skip,
}

/// How much is left out with a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Extent {
    /// A whole file (or a folder that cannot be read).
    File,
    /// What follows in a file, from this line on; what stands before was read.
    Rest {
        /// The first line that is missing, from 1.
        line: u64,
    },
    /// A row of a table.
    Row,
}

/// Something of the input that was left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// Where the fault is.
    pub place: Place,
    /// The name of the article or row, where it is known.
    pub id: Option<String>,
    /// How much is missing.
    pub extent: Extent,
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub remedy: String,
}

impl Skipped {
    /// What is left out with an error; `None` where the error is the run's.
    fn of(error: &Error, extent: Extent, id: Option<String>) -> Option<Self> {
        let (place, mut problem, remedy) = match error.kind() {
            ErrorKind::Data { place, problem, remedy } => {
                (place.clone(), problem.clone(), remedy.clone())
            }
            ErrorKind::Io { path, action, source } => {
                let problem = format!("cannot {action}: {source}");
                // What is said of a compressed stream ends in what to do.
                let (problem, remedy) = match problem.split_once("; ") {
                    Some((problem, remedy)) => (problem.to_owned(), remedy.to_owned()),
                    None => (problem, error.remedy().to_owned()),
                };
                (Place::input(path), problem, remedy)
            }
            _ => return None,
        };
        if let Extent::Rest { line } = extent {
            problem += &format!(" (all from {} {line} on is left out)", place.line_word());
        }
        Some(Skipped { place, id, extent, problem, remedy })
    }
}

impl From<Skipped> for Error {
    /// The error it was.
    fn from(skipped: Skipped) -> Self {
        Error::data(skipped.place, skipped.problem, skipped.remedy)
    }
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.problem)?;
        match self.remedy.is_empty() {
            true => Ok(()),
            false => write!(f, "; {}", self.remedy),
        }
    }
}

/// What became of some input, beside the rows that were written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// How many rows were written.
    pub rows: usize,
    /// How many of them lie outside what the model knows, where flags are asked for.
    pub outside: usize,
    /// How many articles (or rows of a table) hold no sentence.
    pub empty: usize,
    /// What was left out, in order.
    pub skipped: Vec<Skipped>,
}

impl Tally {
    /// Adds what became of the input that follows.
    pub fn add(&mut self, next: Tally) {
        self.rows += next.rows;
        self.outside += next.outside;
        self.empty += next.empty;
        self.skipped.extend(next.skipped);
    }
}

impl OnError {
    /// What is left out with an error.
    ///
    /// # Errors
    ///
    /// The error itself, where it ends the run.
    pub(crate) fn skip(self, error: Error, extent: Extent, id: Option<String>) -> Result<Skipped> {
        match self {
            OnError::Stop => Err(error),
            OnError::Skip => Skipped::of(&error, extent, id).ok_or(error),
        }
    }
}

/// Gathers what is left out of some input, in order.
#[derive(Debug)]
pub(crate) struct Faults {
    pub(super) on_error: OnError,
    pub(super) skipped: Vec<Skipped>,
}

impl Faults {
    pub(crate) fn new(on_error: OnError) -> Self {
        Faults { on_error, skipped: Vec::new() }
    }

    /// Leaves out what an error is about, or hands the error back.
    pub(crate) fn add(&mut self, error: Error, extent: Extent, id: Option<String>) -> Result<()> {
        self.skipped.push(self.on_error.skip(error, extent, id)?);
        Ok(())
    }

    pub(crate) fn into_skipped(self) -> Vec<Skipped> {
        self.skipped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_of_the_input_are_left_out_and_those_of_the_run_are_not() {
        let data = || Error::data(Place::file("t.csv").line(3), "bad", "mend it");
        let mut faults = Faults::new(OnError::Skip);
        faults.add(data(), Extent::Row, Some("a".to_owned())).unwrap();
        faults.add(data(), Extent::Rest { line: 2 }, None).unwrap();
        let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
        faults.add(Error::io("a.txt", "read", missing), Extent::File, None).unwrap();
        assert!(faults.add(Error::parameter("set", "no"), Extent::File, None).is_err());
        let said: Vec<String> = faults.into_skipped().iter().map(Skipped::to_string).collect();
        let expected = [
            "t.csv, line 3: bad; mend it",
            "t.csv, line 3: bad (all from line 2 on is left out); mend it",
            "a.txt: cannot read: entity not found; check the path",
        ];
        assert_eq!(said, expected);
        assert!(OnError::Stop.skip(data(), Extent::Row, None).is_err());
    }
}
