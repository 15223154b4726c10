//! Tables of articles, a document a row, read row by row.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use memchr::memchr_iter;

use super::delimiter::Separation;
use super::document::{Document, DocumentKind};
use super::input::{PIECE_BYTES, ReadAhead};
use super::metadata::{Metadata, own_column};
use super::output::TableFormat;
use super::record::{Cells, Records};
use super::table::{check_quotes, missing_column, parse_json_object, unequal_lengths};
use super::table_stream::{grow, last_record_end, read_header, record_ends};
use crate::error::{Error, Place, Result};
use crate::text::decode_part;

/// Which columns of a table hold what.
#[derive(Debug, Clone, Default)]
pub struct ArticleColumns {
    /// The column of texts; `text` where none is named.
    pub text: Option<String>,
    /// The column of names; where none is named `id` or `document`, and without these rows are
    /// numbered.
    pub id: Option<String>,
}

/// What is known of a table before its rows are read.
#[derive(Debug)]
pub struct ArticleTable {
    place: Place,
    /// What separates cells; JSON lines have nothing of the kind.
    delimiter: Option<u8>,
    columns: Vec<String>,
    /// The columns by name.
    places: HashMap<String, usize>,
    text: usize,
    id: Option<usize>,
    document: Option<usize>,
    /// Names of rows without an `id` begin with this.
    stem: String,
    /// By carried column of the result, where its cells come from.
    carried: Vec<Source>,
}

/// Where the cells of a carried column come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// A column of the table.
    Column(usize),
    /// The same in every row; nothing, where a table has no such column.
    Fixed(String),
}

/// A row of a table of articles, in a buffer that the next row takes.
#[derive(Debug, Clone, Copy)]
pub struct ArticleRow<'a> {
    /// Its name.
    pub id: &'a str,
    /// The document it belongs to, where the table has such a column beside the names.
    pub document: Option<&'a str>,
    /// Its text.
    pub text: &'a str,
    /// The cells that are carried to the result.
    pub carried: Carried<'a>,
}

/// The cells of a row that are carried to a result.
#[derive(Debug, Clone, Copy, Default)]
pub struct Carried<'a> {
    cells: Cells<'a>,
    sources: &'a [Source],
}

impl<'a> Carried<'a> {
    /// The cells, in the order of the columns of the result; empty where the table lacks a column.
    pub fn iter(self) -> impl Iterator<Item = &'a str> {
        self.sources.iter().map(move |source| match source {
            Source::Column(column) => self.cells.get(*column),
            Source::Fixed(cell) => cell,
        })
    }

    /// Cells that do not come from a row.
    pub(super) fn fixed(sources: &'a [Source]) -> Self {
        Carried { cells: Cells::default(), sources }
    }
}

/// The tables among the documents.
#[derive(Debug, Default)]
pub struct ArticleTables {
    tables: HashMap<PathBuf, Arc<ArticleTable>>,
    /// The columns that are carried to the result, in order of first appearance.
    pub carried: Vec<String>,
    /// Those that are not, since the result has columns of these names.
    pub left_out: Vec<String>,
    /// What was opened and cannot be opened again.
    opened: HashMap<PathBuf, ReadAhead>,
}

impl ArticleTables {
    /// Reads the headers of all tables. Columns named as in `reserved` are not carried. `whole`:
    /// rows are not split, so that each may say which document it belongs to.
    ///
    /// # Errors
    ///
    /// When a table cannot be read or lacks a column, and when metadata have a column of a reserved
    /// name.
    pub fn open(
        documents: &[Document],
        columns: &ArticleColumns,
        reserved: &[String],
        whole: bool,
    ) -> Result<Self> {
        let mut found = ArticleTables::default();
        let mut tables = Vec::new();
        let reserved: HashSet<&str> = reserved.iter().map(String::as_str).collect();
        let mut listed = HashSet::new();
        for document in documents {
            let DocumentKind::Table(format) = document.kind else { continue };
            let mut input = ReadAhead::open(&document.path, &document.reading)?;
            let header = read_header(&document.path, format, &mut input)?;
            let delimiter = header.separation.map(|separation| separation.delimiter);
            let table = ArticleTable::new(document, delimiter, header.columns, columns)?;
            let notice = |separation: Separation| separation.notice(format, &input.place);
            if let Some(notice) = header.separation.and_then(notice) {
                document.reading.note(notice);
            }
            for (index, name) in table.columns.iter().enumerate() {
                let used = index == table.text || Some(index) == table.id;
                let list = match reserved.contains(name.as_str()) {
                    true => &mut found.left_out,
                    false => &mut found.carried,
                };
                // The document of a whole row has its place in the result.
                let kept = whole && Some(index) == table.document;
                if !used && !kept && listed.insert(name.clone()) {
                    list.push(name.clone());
                }
            }
            if !document.path.is_file() {
                found.opened.insert(document.path.clone(), input);
            }
            tables.push((document, table));
        }
        if let Some(Document { reading, .. }) = documents.first() {
            found.add_metadata(documents, &reading.metadata, &reserved, &mut listed)?;
        }
        for (document, mut table) in tables {
            let metadata = &document.reading.metadata;
            let source = |name: &String| match (metadata.value(name), table.places.get(name)) {
                (Some(value), _) => Source::Fixed(value.to_owned()),
                (None, Some(&column)) => Source::Column(column),
                (None, None) => Source::Fixed(String::new()),
            };
            table.carried = found.carried.iter().map(source).collect();
            found.tables.insert(document.path.clone(), Arc::new(table));
        }
        Ok(found)
    }

    /// Adds the columns that are known of articles beside their texts.
    fn add_metadata(
        &mut self,
        documents: &[Document],
        metadata: &Metadata,
        reserved: &HashSet<&str>,
        listed: &mut HashSet<String>,
    ) -> Result<()> {
        for name in metadata.names() {
            if reserved.contains(name) {
                return Err(own_column(name));
            }
            if listed.insert(name.to_owned()) {
                self.carried.push(name.to_owned());
            } else if metadata.value(name).is_some() {
                let problem = format!("the table has a column `{name}` already");
                return Err(Error::parameter("set", problem));
            }
        }
        let articles = documents.iter().filter(|document| document.kind.is_article());
        let notice = metadata.unmatched(articles.map(|document| document.id.as_str()));
        for notice in notice.iter().chain(&metadata.notice) {
            documents[0].reading.note(notice.clone());
        }
        Ok(())
    }

    /// What is carried of an article that is no row of a table.
    pub(super) fn sources_of(&self, document: &Document) -> Vec<Source> {
        let cell = |name: &String| document.reading.metadata.cell(&document.id, name).to_owned();
        self.carried.iter().map(|name| Source::Fixed(cell(name))).collect()
    }

    pub(super) fn of(&self, path: &Path) -> Arc<ArticleTable> {
        self.tables[path].clone()
    }

    /// The table's rows, its header taken off.
    pub(super) fn rows(&mut self, document: &Document, format: TableFormat) -> Result<RowChunks> {
        let input = match self.opened.remove(&document.path) {
            Some(opened) => opened,
            None => {
                let mut input = ReadAhead::open(&document.path, &document.reading)?;
                read_header(&document.path, format, &mut input)?;
                input
            }
        };
        let (path, table) = (document.path.clone(), self.of(&document.path));
        Ok(RowChunks { path, input, table, rows: 0 })
    }
}

impl ArticleTable {
    fn new(
        document: &Document,
        delimiter: Option<u8>,
        columns: Vec<String>,
        named: &ArticleColumns,
    ) -> Result<Self> {
        let place = Place::input(&document.path);
        let places: HashMap<String, usize> = columns.iter().cloned().zip(0..).collect();
        let at = |name: &str| places.get(name).copied();
        let required = |name: &str, option: &str| {
            at(name).ok_or_else(|| {
                let remedy = format!("name the right one with {option}");
                missing_column(&place, &columns, name, &remedy)
            })
        };
        let text = required(named.text.as_deref().unwrap_or("text"), "--text-column")?;
        let id = match &named.id {
            Some(name) => Some(required(name, "--id-column")?),
            None => at("id").or_else(|| at("document")).filter(|&id| id != text),
        };
        let in_document = at("document").filter(|&index| Some(index) != id && index != text);
        let stem = document.id.clone();
        Ok(ArticleTable {
            place,
            delimiter,
            columns,
            places,
            text,
            id,
            document: in_document,
            stem,
            carried: Vec::new(),
        })
    }

    /// How many rows there are, blank lines left out. What cannot be read is told by who parses it.
    fn count(&self, bytes: &[u8]) -> usize {
        let Some(delimiter) = self.delimiter else {
            return bytes
                .split(|&b| b == b'\n')
                .filter(|line| !line.trim_ascii().is_empty())
                .count();
        };
        // Line breaks tell without parsing, but for a lone carriage return, as on computers of old.
        if memchr_iter(b'\r', bytes).any(|at| bytes.get(at + 1) != Some(&b'\n')) {
            let (mut records, mut rows) = (Records::new(delimiter, bytes), 0);
            while records.read() {
                rows += usize::from(!self.is_blank(records.ends()));
            }
            return rows;
        }
        let mut start = 0;
        record_ends(bytes, delimiter)
            .chain([bytes.len()])
            .filter(|&end| {
                let line = &bytes[std::mem::replace(&mut start, end)..end];
                match line.strip_suffix(b"\n").unwrap_or(line) {
                    b"" | b"\r" => false,
                    b"\"\"" | b"\"\"\r" => self.columns.len() == 1,
                    _ => true,
                }
            })
            .count()
    }

    /// A line of nothing but one empty cell is a blank line. `ends`: of the cells.
    fn is_blank(&self, ends: &[usize]) -> bool {
        self.columns.len() > 1 && ends == [0]
    }

    /// A row; `id` has room for a name that is made up.
    fn row<'a>(&'a self, number: usize, cells: Cells<'a>, id: &'a mut String) -> ArticleRow<'a> {
        ArticleRow {
            id: match self.id {
                Some(id) => cells.get(id),
                None => {
                    id.truncate(self.stem.len() + 1);
                    // Writing to memory cannot fail.
                    let _ = write!(id, "{number}");
                    id
                }
            },
            document: self.document.map(|column| cells.get(column)),
            text: cells.get(self.text),
            carried: Carried { cells, sources: &self.carried },
        }
    }
}

/// The rows of a table, some at a time.
pub(super) struct RowChunks {
    path: PathBuf,
    input: ReadAhead,
    table: Arc<ArticleTable>,
    /// How many rows were taken, where they have no names.
    rows: usize,
}

impl RowChunks {
    pub(super) fn next_chunk(&mut self) -> Result<Option<RowChunk>> {
        self.input.fill(&self.path, PIECE_BYTES)?;
        let length = loop {
            if self.input.at_end {
                break self.input.bytes.len();
            }
            match last_record_end(&self.input.bytes, self.table.delimiter) {
                Some(length) => break length,
                None => grow(&self.path, &mut self.input)?,
            }
        };
        if length == 0 {
            return Ok(None);
        }
        let line = self.input.line;
        let bytes = self.input.take(length);
        let first_row = self.rows;
        if self.table.id.is_none() {
            // Numbers must be known before the rows are parsed.
            self.rows += self.table.count(&bytes);
        }
        Ok(Some(RowChunk { bytes, line, first_row, table: self.table.clone() }))
    }
}

/// Some rows of a table, not parsed yet.
#[derive(Debug)]
pub struct RowChunk {
    bytes: Vec<u8>,
    /// The line of the file where they begin.
    line: u64,
    first_row: usize,
    table: Arc<ArticleTable>,
}

impl RowChunk {
    /// In bytes.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The columns of its table.
    pub fn columns(&self) -> &[String] {
        &self.table.columns
    }

    /// Parses the rows and calls `visit` with each.
    ///
    /// # Errors
    ///
    /// When they are not UTF-8, a row has another number of cells than the header, a quote is
    /// unbalanced, or a line is no JSON object.
    pub fn parse(&self, visit: impl FnMut(&ArticleRow<'_>)) -> Result<()> {
        let text = decode_part(&self.bytes, &self.table.place, self.line)?;
        match self.table.delimiter {
            Some(delimiter) => self.parse_separated(text, delimiter, visit),
            None => self.parse_json(text, visit),
        }
    }

    fn parse_separated(
        &self,
        text: &str,
        delimiter: u8,
        mut visit: impl FnMut(&ArticleRow<'_>),
    ) -> Result<()> {
        let table = &*self.table;
        check_quotes(text, delimiter, &table.place, self.line)?;
        let mut records = Records::new(delimiter, text.as_bytes());
        let (mut number, mut id) = (self.first_row, format!("{}:", table.stem));
        loop {
            let start = records.position();
            if !records.read() {
                return Ok(());
            }
            let cells = records.cells(&table.place)?;
            if table.is_blank(cells.ends) {
                continue;
            }
            if cells.ends.len() != table.columns.len() {
                let rest = text[start..].trim_start_matches(['\r', '\n']);
                let before = &text.as_bytes()[..text.len() - rest.len()];
                let place = table.place.line(self.line + memchr_iter(b'\n', before).count() as u64);
                return Err(unequal_lengths(&place, cells.ends.len(), table.columns.len()));
            }
            number += 1;
            visit(&table.row(number, cells, &mut id));
        }
    }

    fn parse_json(&self, text: &str, mut visit: impl FnMut(&ArticleRow<'_>)) -> Result<()> {
        let table = &*self.table;
        let (mut number, mut id) = (self.first_row, format!("{}:", table.stem));
        let (mut row, mut ends) = (String::new(), Vec::new());
        for (index, json) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let mut values = vec![String::new(); table.columns.len()];
            let mut has_text = false;
            let place = table.place.line(self.line + index as u64);
            for (key, value) in parse_json_object(json, &place)? {
                if let Some(&column) = table.places.get(&key) {
                    has_text |= column == table.text;
                    values[column] = value;
                }
            }
            if !has_text {
                let problem = format!("this object has no `{}`", table.columns[table.text]);
                let remedy = "give every object its text, empty or not";
                return Err(Error::data(place, problem, remedy));
            }
            row.clear();
            ends.clear();
            for value in &values {
                row.push_str(value);
                ends.push(row.len());
            }
            number += 1;
            visit(&table.row(number, Cells { text: &row, ends: &ends }, &mut id));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Reading;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn rows_are_counted_as_they_are_parsed(
            lines in prop::collection::vec("(a,b|\"a,\r\n\",\"\"\"\"|a\",b|\"\"|,|)(\n|\r\n|\r)", 0..12),
        ) {
            let text = lines.concat();
            let (place, columns) = (Place::file("t.csv"), ["text", "x"].map(str::to_owned).to_vec());
            let path = PathBuf::from("t.csv");
            let kind = DocumentKind::Table(TableFormat::Csv);
            let (id, reading) = ("t".to_owned(), Reading::default());
            let document = Document { id, path, kind, reading, sources: Vec::new() };
            let named = ArticleColumns::default();
            let table = ArticleTable::new(&document, Some(b','), columns, &named).unwrap();
            prop_assume!(check_quotes(&text, b',', &place, 1).is_ok());
            let count = table.count(text.as_bytes());
            let (table, bytes) = (Arc::new(table), text.into_bytes());
            let mut ids = Vec::new();
            let chunk = RowChunk { bytes, line: 1, first_row: 0, table };
            chunk.parse(|row| ids.push(row.id.to_owned())).unwrap();
            let expected: Vec<String> = (1..=count).map(|number| format!("t:{number}")).collect();
            prop_assert_eq!(ids, expected);
        }
    }
}
