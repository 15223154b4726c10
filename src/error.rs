//! What can go wrong, with the place it went wrong at.
//!
//! Every error is one short message: where, what is wrong, what to do.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The result of everything in this crate that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A place in something a person gave us: a file, and a line and column where there is one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    file: String,
    line: Option<u64>,
    /// Whether lines are rows of a file that has no lines.
    in_rows: bool,
    column: Option<Column>,
}

/// A column, by the name a table gives it or by its position in the line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Column {
    Name(String),
    Position(u64),
}

impl Place {
    /// A whole file (or `standard input`).
    pub fn file(path: impl AsRef<Path>) -> Self {
        let file = escaped(&path_text(path.as_ref()));
        Place { file, ..Place::default() }
    }

    /// A whole file that has rows and no lines; its places are counted in these.
    #[cfg(feature = "parquet")]
    pub(crate) fn file_of_rows(path: &Path) -> Self {
        Place { in_rows: true, ..Place::file(path) }
    }

    /// Where the names of a table's columns stand.
    pub(crate) fn header(&self) -> Self {
        match self.in_rows {
            true => self.clone(),
            false => self.line(1),
        }
    }

    /// What its lines are: `line`, or `row` of a file that has none.
    pub(crate) fn line_word(&self) -> &'static str {
        match self.in_rows {
            true => "row",
            false => "line",
        }
    }

    /// An input: a file, or standard input by the name `-`.
    pub fn input(path: &Path) -> Self {
        match path == Path::new("-") {
            true => Place::file("standard input"),
            false => Place::file(path),
        }
    }

    /// The same file, at a line that counts from 1.
    #[must_use]
    pub fn line(&self, line: u64) -> Self {
        Place { line: Some(line), ..self.clone() }
    }

    /// The same line, in the column of a table that bears this name.
    #[must_use]
    pub fn column(&self, name: &str) -> Self {
        Place { column: Some(Column::Name(shortened(name.to_owned(), QUOTED))), ..self.clone() }
    }

    /// The same line, at the character that counts from 1.
    #[must_use]
    pub fn position(&self, character: u64) -> Self {
        Place { column: Some(Column::Position(character)), ..self.clone() }
    }

    /// Which of some inputs it is in, and the line: places in the order of the input.
    pub(crate) fn order_in(&self, inputs: &[PathBuf]) -> (Option<usize>, Option<u64>) {
        let input = inputs.iter().position(|input| Place::input(input).file == self.file);
        (input, self.line)
    }

    /// File, line and column as cells of a table; a cell is empty where there is none.
    pub fn cells(&self) -> [String; 3] {
        let line = self.line.map(|line| line.to_string());
        let column = self.column.as_ref().map(|column| match column {
            Column::Name(name) => name.clone(),
            Column::Position(position) => position.to_string(),
        });
        [self.file.clone(), line.unwrap_or_default(), column.unwrap_or_default()]
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ", {} {line}", self.line_word())?;
        }
        match &self.column {
            Some(Column::Name(name)) => write!(f, ", column `{name}`"),
            Some(Column::Position(position)) => write!(f, ", column {position}"),
            None => Ok(()),
        }
    }
}

/// What went wrong, boxed so that a `Result` stays one word wide.
#[derive(Debug)]
pub struct Error(Box<ErrorKind>);

/// The kinds of failure.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A file or folder could not be read or written.
    #[error("{}: cannot {action}: {source}{}", escaped(&path_text(path)), and_io_remedy(source))]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was tried, as a verb phrase: `read`, `write`.
        action: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// What a person brought is at fault: a row, a label, an encoding, a codebook.
    #[error("{place}: {problem}; {remedy}")]
    Data {
        /// Where.
        place: Place,
        /// What is wrong.
        problem: String,
        /// What to do.
        remedy: String,
    },
    /// An option lies outside its range.
    #[error("{name}: {problem}")]
    Parameter {
        /// The option's name.
        name: &'static str,
        /// What is wrong with it, and which values it takes.
        problem: String,
    },
    /// The data cannot train what was asked for.
    #[error("{problem}; {remedy}")]
    Training {
        /// What is missing.
        problem: String,
        /// What to do.
        remedy: String,
    },
    /// A model file is damaged, truncated, foreign or newer than this program.
    #[error("{}: {problem}; {remedy}", path.display())]
    Model {
        /// The model file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
        /// What to do.
        remedy: &'static str,
    },
    /// A numeric routine failed.
    #[error("{0}")]
    Numeric(String),
    /// The result would be unsound, so it is refused.
    #[error("{problem}; {remedy}")]
    Unsound {
        /// Why it would be unsound.
        problem: String,
        /// What would make it sound.
        remedy: String,
    },
}

/// What to do, where the system's message does not say it.
fn io_remedy(source: &std::io::Error) -> &'static str {
    use std::io::ErrorKind as Io;
    match source.kind() {
        Io::NotFound => "check the path",
        Io::PermissionDenied => "check who may read and write there",
        Io::StorageFull | Io::QuotaExceeded => "free some space and run it again",
        Io::IsADirectory => "name a file in it",
        Io::FileTooLarge => "raise the limit (ulimit -f) or write it elsewhere",
        _ => "",
    }
}

/// The same as part of a message.
fn and_io_remedy(source: &std::io::Error) -> String {
    match io_remedy(source) {
        "" => String::new(),
        remedy => format!("; {remedy}"),
    }
}

/// A path as text; bytes that are no characters as `\xff`, so that two paths stay two.
pub(crate) fn path_text(path: &Path) -> String {
    let mut text = String::new();
    for chunk in path.as_os_str().as_encoded_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        chunk.invalid().iter().for_each(|byte| text += &format!("\\x{byte:02x}"));
    }
    text
}

/// The same with signs that would break a line or rule a terminal written out.
fn escaped(text: &str) -> String {
    let write = |c: char| match c.is_control() {
        true => c.escape_default().to_string(),
        false => c.to_string(),
    };
    text.chars().map(write).collect()
}

/// So many names are listed in a message, and so many characters of each.
const LISTED: (usize, usize) = (20, 40);

/// Names as they stand in a message, between backticks; of very many the first.
pub(crate) fn listed<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> String {
    let mut names = names.into_iter();
    let first: Vec<String> = names
        .by_ref()
        .take(LISTED.0)
        .map(|name| format!("`{}`", shortened(name.as_ref().to_owned(), LISTED.1)))
        .collect();
    match names.count() {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// So many characters of a file are quoted in a message.
const QUOTED: usize = 1000;

fn shortened(text: String, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

impl Error {
    /// Which kind of failure this is.
    pub fn kind(&self) -> &ErrorKind {
        &self.0
    }

    /// What to do about input at fault; nothing, where the message of the system says it.
    pub(crate) fn remedy(&self) -> &str {
        match self.kind() {
            ErrorKind::Data { remedy, .. } => remedy,
            ErrorKind::Io { source, .. } => io_remedy(source),
            _ => "",
        }
    }

    pub(crate) fn io(
        path: impl Into<PathBuf>,
        action: &'static str,
        source: std::io::Error,
    ) -> Self {
        ErrorKind::Io { path: path.into(), action, source }.into()
    }

    pub(crate) fn data(
        place: Place,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        let [problem, remedy] = [problem.into(), remedy.into()].map(|text| shortened(text, QUOTED));
        ErrorKind::Data { place, problem, remedy }.into()
    }

    /// Says in which file the data stand that cannot train what was asked for.
    pub(crate) fn in_file(self, place: Place) -> Self {
        match *self.0 {
            ErrorKind::Training { problem, remedy } => Self::data(place, problem, remedy),
            other => other.into(),
        }
    }

    pub(crate) fn parameter(name: &'static str, problem: impl Into<String>) -> Self {
        ErrorKind::Parameter { name, problem: problem.into() }.into()
    }

    pub(crate) fn training(problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        ErrorKind::Training { problem: problem.into(), remedy: remedy.into() }.into()
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Error(Box::new(kind))
    }
}

/// `linfa`'s traits ask for this conversion.
impl From<linfa::Error> for Error {
    fn from(error: linfa::Error) -> Self {
        ErrorKind::Numeric(error.to_string()).into()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // The message already holds what the source says.
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_place_problem_and_remedy() {
        let place = Place::file("labels.csv").line(12).column("labels");
        let error = Error::data(place, "unknown frame `securty`", "the frames are `security`");
        assert_eq!(
            error.to_string(),
            "labels.csv, line 12, column `labels`: unknown frame `securty`; the frames are `security`"
        );
    }

    #[test]
    fn errors_are_one_word_wide_and_can_cross_threads() {
        fn assert_send_sync<T: Send + Sync>() {}
        assert_send_sync::<Error>();
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }
}
