//! What is known of articles beside their texts: a table with a row a document, and values that hold
//! for all.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::Table;
use crate::error::{Error, Place, Result};

/// Columns that are carried to the result as if they were columns of a table of articles.
#[derive(Debug, Clone, Default)]
pub struct Metadata {
    place: Place,
    columns: Vec<String>,
    /// By document, a cell a column.
    rows: HashMap<String, Vec<String>>,
    /// By column, the value of all documents.
    values: Vec<(String, String)>,
    /// What to know about how the table was read.
    pub(super) notice: Option<String>,
}

/// Columns that every result has.
const OWN: [&str; 4] = ["id", "document", "text", "labels"];

impl Metadata {
    /// Reads a table with the column `document`, which names articles as results do.
    ///
    /// # Errors
    ///
    /// Those of [`Table::read`], but for other encodings than UTF-8; also without that column, and when a document stands twice.
    pub fn read(path: &Path) -> Result<Self> {
        let table = Table::read_converted(path)?;
        let document = table.required_column("document")?;
        let mut columns = table.header;
        columns.remove(document);
        columns.iter().try_for_each(|name| check_name(name))?;
        let mut rows = HashMap::with_capacity(table.rows.len());
        for mut row in table.rows {
            let name = row.cells.remove(document);
            if rows.contains_key(&name) {
                let place = table.place.line(row.line).column("document");
                let problem = format!("`{name}` stands twice");
                return Err(Error::data(place, problem, "keep one row for each document"));
            }
            rows.insert(name, row.cells);
        }
        Ok(Metadata { place: table.place, columns, rows, values: Vec::new(), notice: table.notice })
    }

    /// Adds a column with one value for all documents.
    ///
    /// # Errors
    ///
    /// When there is such a column already.
    pub fn set(&mut self, name: &str, value: &str) -> Result<()> {
        check_name(name)?;
        if self.names().any(|known| known == name) {
            return Err(Error::parameter("set", format!("there is a column `{name}` already")));
        }
        self.values.push((name.to_owned(), value.to_owned()));
        Ok(())
    }

    /// The names of the columns.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().chain(self.values.iter().map(|(name, _)| name)).map(String::as_str)
    }

    /// The value of all documents in a column.
    pub(super) fn value(&self, column: &str) -> Option<&str> {
        self.values.iter().find(|(name, _)| name == column).map(|(_, value)| value.as_str())
    }

    /// The cell of a document in a column; empty where there is none.
    pub(super) fn cell(&self, document: &str, column: &str) -> &str {
        let at = || self.columns.iter().position(|name| name == column);
        let cell = || Some(self.rows.get(document)?[at()?].as_str());
        self.value(column).or_else(cell).unwrap_or_default()
    }

    /// What to say of documents without a row, and of rows without a document.
    pub(super) fn unmatched<'a>(&self, documents: impl Iterator<Item = &'a str>) -> Option<String> {
        let documents: HashSet<&str> = documents.collect();
        let without_row = documents.iter().filter(|&&name| !self.rows.contains_key(name)).count();
        let without_document =
            self.rows.keys().filter(|name| !documents.contains(name.as_str())).count();
        let is_read = !self.columns.is_empty() || !self.rows.is_empty();
        (is_read && without_row + without_document > 0).then(|| {
            format!(
                "{}: articles without a row: {without_row}, rows without an article: \
                 {without_document}",
                self.place
            )
        })
    }
}

fn check_name(name: &str) -> Result<()> {
    match OWN.contains(&name) {
        true => Err(own_column(name)),
        false => Ok(()),
    }
}

/// A column would stand twice in a result.
pub(super) fn own_column(name: &str) -> Error {
    let problem = format!("the result has a column `{name}` of its own; rename it");
    Error::parameter("metadata", problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_found_by_document_and_values_hold_for_all() {
        let file = tempfile::Builder::new().suffix(".csv").tempfile().unwrap();
        std::fs::write(file.path(), "source,document,date\nWire,a,May\nPost,c,June\n").unwrap();
        let mut metadata = Metadata::read(file.path()).unwrap();
        metadata.set("wave", "2").unwrap();
        assert!(metadata.names().eq(["source", "date", "wave"]));
        let cells = |document| metadata.names().map(|name| metadata.cell(document, name)).collect();
        let [a, b]: [Vec<&str>; 2] = ["a", "b"].map(cells);
        assert_eq!((a, b), (vec!["Wire", "May", "2"], vec!["", "", "2"]));
        let notice = metadata.unmatched(["a", "b"].into_iter()).unwrap();
        assert!(notice.ends_with("articles without a row: 1, rows without an article: 1"));
        assert!(metadata.unmatched(["a", "c"].into_iter()).is_none());
        assert!(metadata.set("source", "x").is_err() && metadata.set("labels", "x").is_err());
        std::fs::write(file.path(), "document\na\na\n").unwrap();
        let message = Metadata::read(file.path()).unwrap_err().to_string();
        assert!(message.contains("line 3, column `document`: `a` stands twice"), "{message}");
    }
}
