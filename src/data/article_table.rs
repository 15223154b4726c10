//! Tables of articles, a document a row, read row by row.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use memchr::memchr2;

use super::document::{Document, DocumentKind};
use super::output::TableFormat;
use super::piece::{LONGEST, PIECE_BYTES, ReadAhead};
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
    format: TableFormat,
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

/// A row of a table of articles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArticleRow {
    /// Its name.
    pub id: String,
    /// The document it belongs to, where the table has such a column beside the names.
    pub document: Option<String>,
    /// Its text.
    pub text: String,
    /// The cells that are carried to the result.
    pub carried: Vec<String>,
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
            let mut input = ReadAhead::open(&document.path)?;
            let names = read_header(&document.path, format, &mut input)?;
            let table = ArticleTable::new(document, format, names, columns)?;
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
        format: TableFormat,
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
        let carried = Vec::new();
        let document = in_document;
        Ok(ArticleTable { place, format, columns, places, text, id, document, stem, carried })
    }

    /// How many rows there are, blank lines left out.
    fn count(&self, bytes: &[u8]) -> usize {
        let Some(delimiter) = self.format.delimiter() else {
            return bytes
                .split(|&b| b == b'\n')
                .filter(|line| !line.trim_ascii().is_empty())
                .count();
        };
        let (mut reader, mut record) = (reader(bytes, delimiter), csv::ByteRecord::new());
        let mut rows = 0;
        // What cannot be read is told by who parses it.
        while reader.read_byte_record(&mut record).unwrap_or(false) {
            rows += usize::from(!self.is_blank(record.len(), &record[0]));
        }
        rows
    }

    /// A line of nothing but one empty cell is a blank line.
    fn is_blank(&self, cells: usize, first: &[u8]) -> bool {
        self.columns.len() > 1 && cells == 1 && first.is_empty()
    }

    fn row(&self, number: usize, cell: impl Fn(usize) -> String) -> ArticleRow {
        ArticleRow {
            id: match self.id {
                Some(id) => cell(id),
                None => format!("{}:{number}", self.stem),
            },
            document: self.document.map(&cell),
            text: cell(self.text),
            carried: self
                .carried
                .iter()
                .map(|column| column.map_or_else(String::new, &cell))
                .collect(),
        }
    }
}

/// Takes the header off; JSON lines have none, their columns are the keys of the first piece.
fn read_header(path: &Path, format: TableFormat, input: &mut ReadAhead) -> Result<Vec<String>> {
    input.fill(path, PIECE_BYTES)?;
    if input.bytes.starts_with("\u{feff}".as_bytes()) {
        input.bytes.drain(..'\u{feff}'.len_utf8());
    }
    let Some(delimiter) = format.delimiter() else { return json_keys(path, input) };
    let length = loop {
        let end = record_ends(&input.bytes, delimiter).next();
        match end {
            Some(length) => break length,
            None if input.at_end => break input.bytes.len(),
            None => grow(path, input)?,
        }
    };
    let place = input.place.clone();
    let text = decode_part(input.take(length), &place, 1)?;
    check_quotes(&text, delimiter, &place, 1)?;
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| csv_error(&error, &place))?;
    let header: Vec<String> = header.iter().map(|name| name.trim().to_owned()).collect();
    check_header(&header, &place)?;
    if reader.records().next().is_some() {
        return Err(Error::data(
            place.line(1),
            "this line ends in a lone carriage return, as on computers of old",
            "save the file with the line ends of today (LF or CRLF)",
        ));
    }
    Ok(header)
}

fn json_keys(path: &Path, input: &mut ReadAhead) -> Result<Vec<String>> {
    let length = loop {
        match input.bytes.iter().rposition(|&byte| byte == b'\n') {
            _ if input.at_end => break input.bytes.len(),
            Some(last) => break last + 1,
            None => grow(path, input)?,
        }
    };
    let text = decode_part(input.bytes[..length].to_vec(), &input.place, 1)?;
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
fn last_record_end(bytes: &[u8], format: TableFormat) -> Option<usize> {
    match format.delimiter() {
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
    pub(super) fn open(path: &Path, format: TableFormat, table: Arc<ArticleTable>) -> Result<Self> {
        let mut input = ReadAhead::open(path)?;
        read_header(path, format, &mut input)?;
        Ok(RowChunks { path: path.to_owned(), input, table, rows: 0 })
    }

    pub(super) fn next_chunk(&mut self) -> Result<Option<RowChunk>> {
        self.input.fill(&self.path, PIECE_BYTES)?;
        let length = loop {
            if self.input.at_end {
                break self.input.bytes.len();
            }
            match last_record_end(&self.input.bytes, self.table.format) {
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
    pub fn parse(self, visit: impl FnMut(ArticleRow)) -> Result<()> {
        let table = self.table;
        let text = decode_part(self.bytes, &table.place, self.line)?;
        match table.format.delimiter() {
            Some(delimiter) => {
                parse_separated(&table, &text, delimiter, self.line, self.first_row, visit)
            }
            None => parse_json(&table, &text, self.line, self.first_row, visit),
        }
    }
}

fn reader(bytes: &[u8], delimiter: u8) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(bytes)
}

fn parse_separated(
    table: &ArticleTable,
    text: &str,
    delimiter: u8,
    line: u64,
    first_row: usize,
    mut visit: impl FnMut(ArticleRow),
) -> Result<()> {
    check_quotes(text, delimiter, &table.place, line)?;
    let mut reader = reader(text.as_bytes(), delimiter);
    let mut record = csv::StringRecord::new();
    let mut number = first_row;
    while reader.read_record(&mut record).map_err(|error| csv_error(&error, &table.place))? {
        if table.is_blank(record.len(), record[0].as_bytes()) {
            continue;
        }
        if record.len() != table.columns.len() {
            let start = record.position().map_or(0, |position| position.byte() as usize);
            let breaks =
                text.as_bytes()[start..].iter().take_while(|c| b"\r\n".contains(c)).count();
            let before = text.as_bytes()[..start + breaks].iter().filter(|&&c| c == b'\n').count();
            let place = table.place.line(line + before as u64);
            return Err(unequal_lengths(&place, record.len(), table.columns.len()));
        }
        number += 1;
        visit(table.row(number, |column| record[column].to_owned()));
    }
    Ok(())
}

fn parse_json(
    table: &ArticleTable,
    text: &str,
    line: u64,
    first_row: usize,
    mut visit: impl FnMut(ArticleRow),
) -> Result<()> {
    let mut number = first_row;
    for (index, json) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let mut cells = vec![String::new(); table.columns.len()];
        let mut has_text = false;
        let place = table.place.line(line + index as u64);
        for (key, value) in parse_json_object(json, &place)? {
            if let Some(&column) = table.places.get(&key) {
                has_text |= column == table.text;
                cells[column] = value;
            }
        }
        if !has_text {
            let problem = format!("this object has no `{}`", table.columns[table.text]);
            return Err(Error::data(place, problem, "give every object its text, empty or not"));
        }
        number += 1;
        visit(table.row(number, |column| cells[column].clone()));
    }
    Ok(())
}
