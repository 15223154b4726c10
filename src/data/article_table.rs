//! Tables of articles, a document a row, read row by row.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Arc;

use memchr::memchr_iter;

use super::document::{Document, DocumentKind};
use super::input::ReadAhead;
use super::metadata::{Metadata, own_column};
use super::output::TableFormat;
#[cfg(feature = "parquet")]
use super::parquet::{ParquetFile, ParquetRows};
use super::record::{Cells, Records};
use super::row_chunk::RowChunks;
use super::skip::Skipped;
use super::table::{missing_column, record_ends};
use super::table_stream::read_header;
use crate::error::{Error, Place, Result};

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
    pub(super) place: Place,
    /// What separates cells; JSON lines have nothing of the kind.
    pub(super) delimiter: Option<u8>,
    pub(super) columns: Vec<String>,
    /// The columns by name.
    pub(super) places: HashMap<String, usize>,
    pub(super) text: usize,
    pub(super) id: Option<usize>,
    document: Option<usize>,
    /// Names of rows without an `id` begin with this.
    pub(super) stem: String,
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
    /// Those that are left out.
    pub(super) skipped: HashMap<PathBuf, Skipped>,
}

impl ArticleTables {
    /// Reads the headers of all tables. Columns named as in `reserved` are not carried. `whole`:
    /// rows are not split, so that each may say which document it belongs to.
    ///
    /// # Errors
    ///
    /// When a table cannot be read or lacks a column (one that is left out for it: when all do), and
    /// when metadata have a column of a reserved name.
    pub fn open(
        documents: &[Document],
        columns: &ArticleColumns,
        reserved: &[String],
        whole: bool,
    ) -> Result<Self> {
        let mut found = ArticleTables::default();
        let mut tables = Vec::new();
        let reserved: HashSet<&str> = reserved.iter().map(String::as_str).collect();
        let (mut listed, mut lacking) = (HashSet::new(), None);
        for document in documents {
            let DocumentKind::Table(format) = document.kind else { continue };
            let head = match Head::read(document, format) {
                Ok(head) => head,
                Err(error) => {
                    found.skip(document, error)?;
                    continue;
                }
            };
            let table = match ArticleTable::new(document, &head, columns) {
                Ok(table) => table,
                Err(error) => {
                    let skipped = found.skip(document, error)?;
                    lacking.get_or_insert_with(|| skipped.clone());
                    continue;
                }
            };
            head.notice.into_iter().for_each(|notice| document.reading.note(notice));
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
            if let Some(input) = head.input.filter(|_| !document.path.is_file()) {
                found.opened.insert(document.path.clone(), input);
            }
            tables.push((document, table));
        }
        if let (Some(lacking), true) = (lacking, tables.is_empty()) {
            return Err(lacking.into());
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

    /// Leaves a table out.
    fn skip(&mut self, document: &Document, error: Error) -> Result<&Skipped> {
        let skipped = document.skip(error)?;
        Ok(self.skipped.entry(document.path.clone()).or_insert(skipped))
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

    /// The table's rows, its header taken off.
    pub(super) fn rows(&mut self, document: &Document, format: TableFormat) -> Result<RowChunks> {
        let table = self.tables[&document.path].clone();
        #[cfg(feature = "parquet")]
        if format == TableFormat::Parquet {
            let file = ParquetFile::open(&document.path)?;
            let rows = ParquetRows::new(file, table.used());
            return Ok(RowChunks::of_parquet(rows, table, document.reading.on_error));
        }
        let input = match self.opened.remove(&document.path) {
            Some(opened) => opened,
            None => {
                let mut input = ReadAhead::open(&document.path, &document.reading)?;
                read_header(&document.path, format, &mut input)?;
                input
            }
        };
        Ok(RowChunks::of_lines(document.path.clone(), input, table))
    }
}

/// What stands before the rows of a table.
pub(super) struct Head {
    pub(super) place: Place,
    /// What separates cells; JSON lines and Parquet have nothing of the kind.
    pub(super) delimiter: Option<u8>,
    pub(super) columns: Vec<String>,
    /// Names of further columns, which hold neither texts nor numbers.
    pub(super) unreadable: Vec<String>,
    /// What to know about how it was read.
    pub(super) notice: Option<String>,
    /// What was read ahead of lines.
    pub(super) input: Option<ReadAhead>,
}

impl Head {
    fn read(document: &Document, format: TableFormat) -> Result<Self> {
        #[cfg(feature = "parquet")]
        if format == TableFormat::Parquet {
            let file = ParquetFile::open(&document.path)?;
            let (place, notice) = (file.place.clone(), file.notice());
            let (columns, unreadable) = (file.names, file.left_out);
            return Ok(Head { place, delimiter: None, columns, unreadable, notice, input: None });
        }
        let mut input = ReadAhead::open(&document.path, &document.reading)?;
        let header = read_header(&document.path, format, &mut input)?;
        let place = input.place.clone();
        let notice = header.separation.and_then(|separation| separation.notice(format, &place));
        let delimiter = header.separation.map(|separation| separation.delimiter);
        let (columns, unreadable) = (header.columns, Vec::new());
        Ok(Head { place, delimiter, columns, unreadable, notice, input: Some(input) })
    }
}

impl ArticleTable {
    pub(super) fn new(document: &Document, head: &Head, named: &ArticleColumns) -> Result<Self> {
        let (place, columns) = (&head.place, &head.columns);
        let places: HashMap<String, usize> = columns.iter().cloned().zip(0..).collect();
        let at = |name: &str| places.get(name).copied();
        let required = |name: &str, option: &str| {
            at(name).ok_or_else(|| {
                let remedy = format!("name the right one with {option}");
                if head.unreadable.iter().any(|found| found == name) {
                    let problem = format!("column `{name}` holds neither texts nor numbers");
                    return Error::data(place.clone(), problem, remedy);
                }
                missing_column(place, columns, name, &remedy)
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
            place: place.clone(),
            delimiter: head.delimiter,
            columns: columns.clone(),
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

    /// How many rows there are, those at fault among them, blank lines left out. What cannot be read
    /// is told by who parses it.
    pub(super) fn count(&self, bytes: &[u8]) -> usize {
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
                let line = line.strip_suffix(b"\n").unwrap_or(line);
                let line = line.strip_suffix(b"\r").unwrap_or(line);
                let may_be_blank = line.iter().all(|byte| *byte == delimiter || *byte == b'"');
                match may_be_blank && self.columns.len() > 1 {
                    true => {
                        let mut records = Records::new(delimiter, line);
                        records.read() && !self.is_blank(records.ends())
                    }
                    false => !line.is_empty(),
                }
            })
            .count()
    }

    /// A line of nothing but empty cells is a blank line. `ends`: of the cells.
    pub(super) fn is_blank(&self, ends: &[usize]) -> bool {
        self.columns.len() > 1 && ends.last() == Some(&0)
    }

    /// A row; none where it lacks its name. `made_up` has room for a name that is made up.
    pub(super) fn row<'a>(
        &'a self,
        number: usize,
        cells: Cells<'a>,
        made_up: &'a mut String,
    ) -> Option<ArticleRow<'a>> {
        let id = match self.id {
            Some(id) => cells.get(id),
            None => {
                made_up.truncate(self.stem.len() + 1);
                // Writing to memory cannot fail.
                let _ = write!(made_up, "{number}");
                made_up
            }
        };
        (!id.is_empty()).then_some(ArticleRow {
            id,
            document: self.document.map(|column| cells.get(column)),
            text: cells.get(self.text),
            carried: Carried { cells, sources: &self.carried },
        })
    }

    /// The name of a row at fault, where its cells go that far.
    pub(super) fn name_of(&self, number: usize, cells: Cells<'_>) -> Option<String> {
        match self.id {
            Some(id) => (id < cells.ends.len()).then(|| cells.get(id).to_owned()),
            None => Some(format!("{}:{number}", self.stem)),
        }
    }
}
