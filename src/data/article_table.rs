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
#[cfg(feature = "parquet")]
use super::parquet::{CellRows, ParquetFile, ParquetRows};
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
            let (table, input) = ArticleTable::open(document, format, columns)?;
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
            if let Some(input) = input.filter(|_| !document.path.is_file()) {
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
        let table = self.of(&document.path);
        #[cfg(feature = "parquet")]
        if format == TableFormat::Parquet {
            let file = ParquetFile::open(&document.path)?;
            let rows = ParquetRows::new(file, table.used());
            return Ok(RowChunks { rows: RowSource::Parquet(rows), table, taken: 0 });
        }
        let input = match self.opened.remove(&document.path) {
            Some(opened) => opened,
            None => {
                let mut input = ReadAhead::open(&document.path, &document.reading)?;
                read_header(&document.path, format, &mut input)?;
                input
            }
        };
        let rows = RowSource::Lines { path: document.path.clone(), input };
        Ok(RowChunks { rows, table, taken: 0 })
    }
}

impl ArticleTable {
    /// Reads what stands before the rows. What was read ahead of lines is given too.
    fn open(
        document: &Document,
        format: TableFormat,
        columns: &ArticleColumns,
    ) -> Result<(Self, Option<ReadAhead>)> {
        #[cfg(feature = "parquet")]
        if format == TableFormat::Parquet {
            let file = ParquetFile::open(&document.path)?;
            file.notice().into_iter().for_each(|notice| document.reading.note(notice));
            let place = Place::file_of_rows(&document.path);
            return Ok((ArticleTable::new(document, place, None, file.names, columns)?, None));
        }
        let mut input = ReadAhead::open(&document.path, &document.reading)?;
        let header = read_header(&document.path, format, &mut input)?;
        let delimiter = header.separation.map(|separation| separation.delimiter);
        let place = input.place.clone();
        let table = ArticleTable::new(document, place, delimiter, header.columns, columns)?;
        let notice = |separation: Separation| separation.notice(format, &input.place);
        if let Some(notice) = header.separation.and_then(notice) {
            document.reading.note(notice);
        }
        Ok((table, Some(input)))
    }

    fn new(
        document: &Document,
        place: Place,
        delimiter: Option<u8>,
        columns: Vec<String>,
        named: &ArticleColumns,
    ) -> Result<Self> {
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

    /// By column, whether anything is made of it.
    #[cfg(feature = "parquet")]
    fn used(&self) -> Vec<bool> {
        let is_used = |column| {
            [Some(self.text), self.id, self.document].contains(&Some(column))
                || self.carried.contains(&Source::Column(column))
        };
        (0..self.columns.len()).map(is_used).collect()
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
    rows: RowSource,
    table: Arc<ArticleTable>,
    /// How many rows were taken, where they have no names.
    taken: usize,
}

/// Where rows come from.
enum RowSource {
    /// Lines, that are cut between rows and parsed later.
    Lines { path: PathBuf, input: ReadAhead },
    #[cfg(feature = "parquet")]
    Parquet(ParquetRows),
}

impl RowChunks {
    pub(super) fn next_chunk(&mut self) -> Result<Option<RowChunk>> {
        let rows = match &mut self.rows {
            RowSource::Lines { path, input } => next_lines(path, input, self.table.delimiter)?,
            #[cfg(feature = "parquet")]
            RowSource::Parquet(rows) => Some(rows.next_rows(PIECE_BYTES)?)
                .filter(|rows| rows.count() > 0)
                .map(ChunkRows::Cells),
        };
        let Some(rows) = rows else { return Ok(None) };
        let first_row = self.taken;
        if self.table.id.is_none() {
            // Numbers must be known before the rows are parsed.
            self.taken += match &rows {
                ChunkRows::Lines { bytes, .. } => self.table.count(bytes),
                #[cfg(feature = "parquet")]
                ChunkRows::Cells(rows) => rows.count(),
            };
        }
        Ok(Some(RowChunk { rows, first_row, table: self.table.clone() }))
    }
}

fn next_lines(
    path: &Path,
    input: &mut ReadAhead,
    delimiter: Option<u8>,
) -> Result<Option<ChunkRows>> {
    input.fill(path, PIECE_BYTES)?;
    let length = loop {
        if input.at_end {
            break input.bytes.len();
        }
        match last_record_end(&input.bytes, delimiter) {
            Some(length) => break length,
            None => grow(path, input)?,
        }
    };
    if length == 0 {
        return Ok(None);
    }
    let line = input.line;
    Ok(Some(ChunkRows::Lines { bytes: input.take(length), line }))
}

/// Some rows of a table, not parsed yet.
#[derive(Debug)]
pub struct RowChunk {
    rows: ChunkRows,
    first_row: usize,
    table: Arc<ArticleTable>,
}

#[derive(Debug)]
enum ChunkRows {
    /// Lines, from this line of the file on.
    Lines { bytes: Vec<u8>, line: u64 },
    /// Cells, of which nothing need be parsed.
    #[cfg(feature = "parquet")]
    Cells(CellRows),
}

impl RowChunk {
    /// In bytes.
    pub(super) fn len(&self) -> usize {
        match &self.rows {
            ChunkRows::Lines { bytes, .. } => bytes.len(),
            #[cfg(feature = "parquet")]
            ChunkRows::Cells(rows) => rows.len(),
        }
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
        let (bytes, line) = match &self.rows {
            ChunkRows::Lines { bytes, line } => (bytes, *line),
            #[cfg(feature = "parquet")]
            ChunkRows::Cells(rows) => {
                self.visit_cells(rows, visit);
                return Ok(());
            }
        };
        let text = decode_part(bytes, &self.table.place, line)?;
        match self.table.delimiter {
            Some(delimiter) => self.parse_separated(text, line, delimiter, visit),
            None => self.parse_json(text, line, visit),
        }
    }

    #[cfg(feature = "parquet")]
    fn visit_cells(&self, rows: &CellRows, mut visit: impl FnMut(&ArticleRow<'_>)) {
        let mut id = format!("{}:", self.table.stem);
        for (cells, number) in rows.iter().zip(self.first_row + 1..) {
            visit(&self.table.row(number, cells, &mut id));
        }
    }

    fn parse_separated(
        &self,
        text: &str,
        first_line: u64,
        delimiter: u8,
        mut visit: impl FnMut(&ArticleRow<'_>),
    ) -> Result<()> {
        let table = &*self.table;
        check_quotes(text, delimiter, &table.place, first_line)?;
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
                let place =
                    table.place.line(first_line + memchr_iter(b'\n', before).count() as u64);
                return Err(unequal_lengths(&place, cells.ends.len(), table.columns.len()));
            }
            number += 1;
            visit(&table.row(number, cells, &mut id));
        }
    }

    fn parse_json(
        &self,
        text: &str,
        first_line: u64,
        mut visit: impl FnMut(&ArticleRow<'_>),
    ) -> Result<()> {
        let table = &*self.table;
        let (mut number, mut id) = (self.first_row, format!("{}:", table.stem));
        let (mut row, mut ends) = (String::new(), Vec::new());
        for (index, json) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let mut values = vec![String::new(); table.columns.len()];
            let mut has_text = false;
            let place = table.place.line(first_line + index as u64);
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
            let table = ArticleTable::new(&document, place.clone(), Some(b','), columns, &named).unwrap();
            prop_assume!(check_quotes(&text, b',', &place, 1).is_ok());
            let count = table.count(text.as_bytes());
            let (table, bytes) = (Arc::new(table), text.into_bytes());
            let mut ids = Vec::new();
            let chunk = RowChunk { rows: ChunkRows::Lines { bytes, line: 1 }, first_row: 0, table };
            chunk.parse(|row| ids.push(row.id.to_owned())).unwrap();
            let expected: Vec<String> = (1..=count).map(|number| format!("t:{number}")).collect();
            prop_assert_eq!(ids, expected);
        }
    }
}
