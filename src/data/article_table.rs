//! Tables of articles, a document a row, read row by row.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use memchr::{memchr_iter, memchr2};

use super::delimiter::Separation;
use super::document::{Document, DocumentKind};
use super::input::{LONGEST, PIECE_BYTES, ReadAhead};
use super::output::TableFormat;
use super::record::{Cells, Records};
use super::table::{
    check_header, check_quotes, closing_quote, csv_error, missing_column, opens_cell,
    parse_json_object, unequal_lengths,
};
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
    /// By carried column of the result, the column here.
    carried: Vec<Option<usize>>,
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
    columns: &'a [Option<usize>],
}

impl<'a> Carried<'a> {
    /// The cells, in the order of the columns of the result; empty where the table lacks a column.
    pub fn iter(self) -> impl Iterator<Item = &'a str> {
        self.columns.iter().map(move |column| column.map_or("", |column| self.cells.get(column)))
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
}

impl ArticleTables {
    /// Reads the headers of all tables. Columns named as in `reserved` are not carried. `whole`:
    /// rows are not split, so that each may say which document it belongs to.
    ///
    /// # Errors
    ///
    /// When a table cannot be read or lacks a column.
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
            tables.push((document.path.clone(), table));
        }
        for (path, mut table) in tables {
            table.carried =
                found.carried.iter().map(|name| table.places.get(name).copied()).collect();
            found.tables.insert(path, Arc::new(table));
        }
        Ok(found)
    }

    pub(super) fn of(&self, path: &Path) -> Arc<ArticleTable> {
        self.tables[path].clone()
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
            carried: Carried { cells, columns: &self.carried },
        }
    }
}

/// The first line of a table.
struct Header {
    columns: Vec<String>,
    separation: Option<Separation>,
}

/// Takes the header off; JSON lines have none, their columns are the keys of the first piece.
fn read_header(path: &Path, format: TableFormat, input: &mut ReadAhead) -> Result<Header> {
    input.fill(path, PIECE_BYTES)?;
    if input.bytes.starts_with("\u{feff}".as_bytes()) {
        input.bytes.drain(..'\u{feff}'.len_utf8());
    }
    let Some(separation) = Separation::of(format, &input.bytes) else {
        return Ok(Header { columns: json_keys(path, input)?, separation: None });
    };
    input.take(separation.before_header);
    let delimiter = separation.delimiter;
    let length = loop {
        let end = record_ends(&input.bytes, delimiter).next();
        match end {
            Some(length) => break length,
            None if input.at_end => break input.bytes.len(),
            None => grow(path, input)?,
        }
    };
    let (place, line) = (input.place.clone(), input.line);
    let bytes = input.take(length);
    let text = decode_part(&bytes, &place, line)?;
    check_quotes(text, delimiter, &place, line)?;
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(text.as_bytes());
    let columns = reader.headers().map_err(|error| csv_error(&error, &place))?;
    let columns: Vec<String> = columns.iter().map(|name| name.trim().to_owned()).collect();
    check_header(&columns, &place)?;
    if reader.records().next().is_some() {
        return Err(Error::data(
            place.line(line),
            "this line ends in a lone carriage return, as on computers of old",
            "save the file with the line ends of today (LF or CRLF)",
        ));
    }
    Ok(Header { columns, separation: Some(separation) })
}

fn json_keys(path: &Path, input: &mut ReadAhead) -> Result<Vec<String>> {
    let length = loop {
        match input.bytes.iter().rposition(|&byte| byte == b'\n') {
            _ if input.at_end => break input.bytes.len(),
            Some(last) => break last + 1,
            None => grow(path, input)?,
        }
    };
    let text = decode_part(&input.bytes[..length], &input.place, 1)?;
    let (mut keys, mut known) = (Vec::new(), HashSet::new());
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let place = input.place.line(index as u64 + 1);
        for (key, _) in parse_json_object(line, &place)? {
            if known.insert(key.clone()) {
                keys.push(key);
            }
        }
    }
    check_header(&keys, &input.place)?;
    Ok(keys)
}

/// Reads more, for a row that is not whole yet.
fn grow(path: &Path, input: &mut ReadAhead) -> Result<()> {
    if input.bytes.len() >= LONGEST {
        return Err(Error::data(
            input.place.line(input.line),
            format!("this row does not end within {} MB", LONGEST >> 20),
            "look for a quote that is opened and never closed",
        ));
    }
    let wanted = 2 * input.bytes.len().max(PIECE_BYTES);
    input.fill(path, wanted)
}

/// Where the records of a table end, behind their line breaks. A line break between quotes ends
/// none.
fn record_ends(bytes: &[u8], delimiter: u8) -> impl Iterator<Item = usize> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            at += memchr2(b'"', b'\n', bytes.get(at..)?)?;
            if bytes[at] == b'\n' {
                at += 1;
                return Some(at);
            }
            at = match opens_cell(bytes, at, delimiter) {
                true => closing_quote(bytes, at)? + 1,
                false => at + 1,
            };
        }
    })
}

/// The end of the last whole record.
fn last_record_end(bytes: &[u8], delimiter: Option<u8>) -> Option<usize> {
    match delimiter {
        Some(delimiter) if bytes.contains(&b'"') => record_ends(bytes, delimiter).last(),
        _ => bytes.iter().rposition(|&byte| byte == b'\n').map(|at| at + 1),
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
    pub(super) fn open(
        document: &Document,
        format: TableFormat,
        table: Arc<ArticleTable>,
    ) -> Result<Self> {
        let mut input = ReadAhead::open(&document.path, &document.reading)?;
        read_header(&document.path, format, &mut input)?;
        Ok(RowChunks { path: document.path.clone(), input, table, rows: 0 })
    }

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
            let document = Document { id, path, kind, reading };
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
