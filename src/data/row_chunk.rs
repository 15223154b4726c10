//! The rows of a table of articles, cut into chunks that are parsed in parallel.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::article_table::{ArticleRow, ArticleTable};
use super::input::{PIECE_BYTES, ReadAhead};
#[cfg(feature = "parquet")]
use super::parquet::{CellRows, ParquetRows};
use super::record::{Cells, Records};
use super::skip::{Extent, Faults, OnError, Skipped};
use super::table::{
    LineCounter, QuoteFault, json_lines, line_breaks, parse_json_line, quote_fault, record_ends,
    unequal_lengths,
};
use super::table_stream::{grow, last_record_end};
use crate::error::{Error, Place, Result};
use crate::text::decode_part;

/// The rows of a table, some at a time.
pub(super) struct RowChunks {
    rows: RowSource,
    table: Arc<ArticleTable>,
    on_error: OnError,
    /// How many rows were taken, where they have no names.
    taken: usize,
    /// Whether a fault ended it.
    ended: bool,
    before: Option<Receiver<()>>,
}

/// Where rows come from.
enum RowSource {
    /// Lines, that are cut between rows and parsed later.
    Lines { path: PathBuf, input: ReadAhead },
    #[cfg(feature = "parquet")]
    Parquet(ParquetRows),
}

impl RowChunks {
    /// The rows that follow a header.
    pub(super) fn of_lines(path: PathBuf, input: ReadAhead, table: Arc<ArticleTable>) -> Self {
        let on_error = input.on_error();
        Self::new(RowSource::Lines { path, input }, table, on_error)
    }

    /// The rows of a Parquet file.
    #[cfg(feature = "parquet")]
    pub(super) fn of_parquet(
        rows: ParquetRows,
        table: Arc<ArticleTable>,
        on_error: OnError,
    ) -> Self {
        Self::new(RowSource::Parquet(rows), table, on_error)
    }

    fn new(rows: RowSource, table: Arc<ArticleTable>, on_error: OnError) -> Self {
        RowChunks { rows, table, on_error, taken: 0, ended: false, before: None }
    }

    pub(super) fn next_chunk(&mut self) -> Result<Option<RowChunk>> {
        if self.ended {
            return Ok(None);
        }
        let (rows, error) = self.rows.next_rows(self.table.delimiter);
        self.ended = error.is_some();
        let extent = Extent::Rest { line: self.rows.line() };
        let fault = error.map(|error| self.on_error.skip(error, extent, None)).transpose()?;
        let count = rows.count_for_names(&self.table);
        if rows.is_empty() && fault.is_none() {
            return Ok(None);
        }
        let first_row = self.taken;
        self.taken += count;
        let (after, next_before) = sync_channel(1);
        let before = self.before.replace(next_before);
        let (table, on_error) = (self.table.clone(), self.on_error);
        Ok(Some(RowChunk { rows, first_row, table, on_error, fault, before, after }))
    }
}

impl RowSource {
    /// The rows that come next; none at the end. With an error come the whole rows before it.
    fn next_rows(&mut self, delimiter: Option<u8>) -> (ChunkRows, Option<Error>) {
        match self {
            RowSource::Lines { path, input } => {
                let (length, error) = match cut(path, input, delimiter) {
                    Ok(length) => (length, None),
                    Err(error) => {
                        (last_record_end(&input.bytes, delimiter).unwrap_or(0), Some(error))
                    }
                };
                let line = input.line;
                (ChunkRows::Lines { bytes: input.take(length), line }, error)
            }
            #[cfg(feature = "parquet")]
            RowSource::Parquet(rows) => {
                let (rows, error) = rows.next_rows(PIECE_BYTES);
                (ChunkRows::Cells(rows), error)
            }
        }
    }

    /// The line (of Parquet: the row) that comes next.
    fn line(&self) -> u64 {
        match self {
            RowSource::Lines { input, .. } => input.line,
            #[cfg(feature = "parquet")]
            RowSource::Parquet(rows) => rows.read + 1,
        }
    }
}

/// How long the lines of the next rows are.
fn cut(path: &Path, input: &mut ReadAhead, delimiter: Option<u8>) -> Result<usize> {
    input.fill(path, PIECE_BYTES)?;
    loop {
        if input.at_end {
            return Ok(input.bytes.len());
        }
        match last_record_end(&input.bytes, delimiter) {
            Some(length) => return Ok(length),
            None => grow(path, input)?,
        }
    }
}

/// Some rows of a table, not parsed yet.
///
/// Where quotes are not balanced nobody knows where later rows begin: each chunk tells the next
/// whether its quotes are.
#[derive(Debug)]
pub struct RowChunk {
    rows: ChunkRows,
    first_row: usize,
    table: Arc<ArticleTable>,
    on_error: OnError,
    /// What is missing behind them.
    fault: Option<Skipped>,
    before: Option<Receiver<()>>,
    after: SyncSender<()>,
}

#[derive(Debug)]
enum ChunkRows {
    /// Lines, from this line of the file on.
    Lines { bytes: Vec<u8>, line: u64 },
    /// Cells, of which nothing need be parsed.
    #[cfg(feature = "parquet")]
    Cells(CellRows),
}

impl ChunkRows {
    fn is_empty(&self) -> bool {
        match self {
            ChunkRows::Lines { bytes, .. } => bytes.is_empty(),
            #[cfg(feature = "parquet")]
            ChunkRows::Cells(rows) => rows.count() == 0,
        }
    }

    /// How many rows there are, where names are made of their numbers: these must be known before
    /// the rows are parsed.
    fn count_for_names(&self, table: &ArticleTable) -> usize {
        match self {
            _ if table.id.is_some() => 0,
            ChunkRows::Lines { bytes, .. } => table.count(bytes),
            #[cfg(feature = "parquet")]
            ChunkRows::Cells(rows) => rows.count(),
        }
    }
}

/// What is known of the quotes of some lines.
enum Quotes {
    Balanced,
    Unbalanced(QuoteFault),
    /// Those before are not balanced.
    Unknown,
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

    /// The file of its table.
    pub fn place(&self) -> &Place {
        &self.table.place
    }

    /// Tells the next chunk what [`RowChunk::parse`] would, and no more.
    pub fn pass(self) {
        match &self.rows {
            ChunkRows::Lines { bytes, .. } => drop(self.quotes(bytes)),
            #[cfg(feature = "parquet")]
            ChunkRows::Cells(_) => {}
        }
    }

    /// Parses the rows and calls `visit` with each. What is at fault is handed back, where it does
    /// not end the run.
    ///
    /// # Errors
    ///
    /// When a row is not UTF-8, has another number of cells than the header or no name, a quote is
    /// unbalanced, or a line is no JSON object with a text.
    pub fn parse(self, visit: impl FnMut(&ArticleRow<'_>)) -> Result<Vec<Skipped>> {
        let mut faults = Faults::new(self.on_error);
        match &self.rows {
            ChunkRows::Lines { bytes, line } => {
                self.parse_lines(bytes, *line, &mut faults, visit)?;
            }
            #[cfg(feature = "parquet")]
            ChunkRows::Cells(rows) => {
                self.visit_cells(rows, &mut faults, visit)?;
                faults.skipped.extend(self.fault);
            }
        }
        Ok(faults.into_skipped())
    }

    /// Looks at the quotes of some lines, and tells the next chunk where they are balanced.
    fn quotes(&self, bytes: &[u8]) -> Quotes {
        let fault = self.table.delimiter.and_then(|delimiter| quote_fault(bytes, delimiter));
        if self.before.as_ref().is_some_and(|before| before.recv().is_err()) {
            return Quotes::Unknown;
        }
        match fault {
            Some(fault) => Quotes::Unbalanced(fault),
            None => {
                // After the last chunk nobody asks.
                let _ = self.after.send(());
                Quotes::Balanced
            }
        }
    }

    fn parse_lines(
        &self,
        bytes: &[u8],
        line: u64,
        faults: &mut Faults,
        visit: impl FnMut(&ArticleRow<'_>),
    ) -> Result<()> {
        let delimiter = self.table.delimiter;
        let (length, unbalanced) = match (self.quotes(bytes), delimiter) {
            // What follows a fault is missing, and was said to be.
            (Quotes::Unknown, _) => return Ok(()),
            (Quotes::Unbalanced(fault), Some(delimiter)) => {
                let length = record_ends(&bytes[..fault.opened], delimiter).last().unwrap_or(0);
                (length, Some(fault))
            }
            _ => (bytes.len(), None),
        };
        let whole = &bytes[..length];
        match delimiter {
            Some(delimiter) => self.parse_separated(whole, line, delimiter, faults, visit)?,
            None => self.parse_json(whole, line, faults, visit)?,
        }
        match unbalanced {
            Some(fault) => {
                let error = fault.error(bytes, &self.table.place, line);
                let mut lines = LineCounter { text: bytes, byte: 0, line };
                faults.add(error, Extent::Rest { line: lines.at(length) }, None)
            }
            None => {
                faults.skipped.extend(self.fault.clone());
                Ok(())
            }
        }
    }

    #[cfg(feature = "parquet")]
    fn visit_cells(
        &self,
        rows: &CellRows,
        faults: &mut Faults,
        mut visit: impl FnMut(&ArticleRow<'_>),
    ) -> Result<()> {
        let table = &*self.table;
        let mut id = format!("{}:", table.stem);
        for (row, number) in rows.iter().zip(self.first_row + 1..) {
            let fault = match &row.fault {
                Some(fault) => fault.error(&table.place, &table.columns),
                None => match table.row(number, row.cells, &mut id) {
                    Some(row) => {
                        visit(&row);
                        continue;
                    }
                    None => self.nameless(&table.place.line(row.line)),
                },
            };
            faults.add(fault, Extent::Row, table.name_of(number, row.cells))?;
        }
        Ok(())
    }

    fn parse_separated(
        &self,
        bytes: &[u8],
        first_line: u64,
        delimiter: u8,
        faults: &mut Faults,
        mut visit: impl FnMut(&ArticleRow<'_>),
    ) -> Result<()> {
        let table = &*self.table;
        // Where all is UTF-8 no row need be looked at by itself.
        let is_utf8 = simdutf8::basic::from_utf8(bytes).is_ok();
        let mut records = Records::new(delimiter, bytes);
        let mut lines = LineCounter { text: bytes, byte: 0, line: first_line };
        let (mut number, mut id) = (self.first_row, format!("{}:", table.stem));
        loop {
            let start = records.position();
            if !records.read() {
                return Ok(());
            }
            if table.is_blank(records.ends()) {
                continue;
            }
            number += 1;
            if !is_utf8 {
                let row = &bytes[start..records.position()];
                let row = &row[line_breaks(row)..];
                if let Err(error) = decode_part(row, &table.place, lines.at(start)) {
                    faults.add(error, Extent::Row, table.name_of(number, Cells::default()))?;
                    continue;
                }
            }
            let cells = records.cells(&table.place)?;
            let (found, wanted) = (cells.ends.len(), table.columns.len());
            // Spreadsheets write empty cells behind the last column.
            let fits = found >= wanted && cells.ends[wanted - 1] == cells.ends[found - 1];
            let row = match fits {
                true => table.row(number, cells, &mut id),
                false => None,
            };
            let Some(row) = row else {
                let place = table.place.line(lines.at(start));
                let error = match fits {
                    true => self.nameless(&place),
                    false => unequal_lengths(&place, found, wanted),
                };
                faults.add(error, Extent::Row, table.name_of(number, cells))?;
                continue;
            };
            visit(&row);
        }
    }

    fn parse_json(
        &self,
        bytes: &[u8],
        first_line: u64,
        faults: &mut Faults,
        mut visit: impl FnMut(&ArticleRow<'_>),
    ) -> Result<()> {
        let table = &*self.table;
        let (mut number, mut id) = (self.first_row, format!("{}:", table.stem));
        let (mut text, mut ends) = (String::new(), Vec::new());
        for (line, json) in json_lines(bytes, first_line) {
            number += 1;
            let place = || table.place.line(line);
            ends.clear();
            let read = parse_json_line(json, &table.place, line)
                .and_then(|object| self.lay_out(object, &place(), &mut text, &mut ends));
            let cells = Cells { text: &text, ends: &ends };
            let row = read.and_then(|()| {
                table.row(number, cells, &mut id).ok_or_else(|| self.nameless(&place()))
            });
            match row {
                Ok(row) => visit(&row),
                Err(error) => faults.add(error, Extent::Row, table.name_of(number, cells))?,
            }
        }
        Ok(())
    }

    /// Puts the values of an object in the order of the columns, as the cells of a row.
    fn lay_out(
        &self,
        object: Vec<(String, String)>,
        place: &Place,
        text: &mut String,
        ends: &mut Vec<usize>,
    ) -> Result<()> {
        let table = &*self.table;
        let mut values = vec![String::new(); table.columns.len()];
        let mut has_text = false;
        for (key, value) in object {
            if let Some(&column) = table.places.get(&key) {
                has_text |= column == table.text;
                values[column] = value;
            }
        }
        text.clear();
        for value in &values {
            text.push_str(value);
            ends.push(text.len());
        }
        if has_text {
            return Ok(());
        }
        let problem = format!("this object has no `{}`", table.columns[table.text]);
        Err(Error::data(place.clone(), problem, "give every object its text, empty or not"))
    }

    fn nameless(&self, row: &Place) -> Error {
        let column = self.table.id.map(|id| &*self.table.columns[id]).unwrap_or_default();
        let remedy = "name the row, or say with --id-column where the names are";
        Error::data(row.column(column), "the id is empty", remedy)
    }
}

#[cfg(test)]
mod tests {
    use super::super::article_table::{ArticleColumns, Head};
    use super::super::document::{Document, DocumentKind};
    use super::super::output::TableFormat;
    use super::super::table::check_quotes;
    use super::*;
    use crate::data::Reading;
    use proptest::prelude::*;

    fn table(delimiter: Option<u8>, columns: [&str; 2]) -> ArticleTable {
        let (path, kind) = (PathBuf::from("t.csv"), DocumentKind::Table(TableFormat::Csv));
        let (id, reading) = ("t".to_owned(), Reading::default());
        let document = Document { id, path, kind, reading, refusal: None, sources: Vec::new() };
        let columns = columns.map(str::to_owned).to_vec();
        let head = Head {
            place: Place::file("t.csv"),
            delimiter,
            columns,
            unreadable: Vec::new(),
            notice: None,
            input: None,
        };
        ArticleTable::new(&document, &head, &ArticleColumns::default()).unwrap()
    }

    fn chunk(table: ArticleTable, bytes: &[u8], on_error: OnError) -> RowChunk {
        let (after, _) = sync_channel(1);
        let rows = ChunkRows::Lines { bytes: bytes.to_vec(), line: 2 };
        let (table, first_row, fault, before) = (Arc::new(table), 0, None, None);
        RowChunk { rows, first_row, table, on_error, fault, before, after }
    }

    proptest! {
        #[test]
        fn rows_are_counted_as_they_are_parsed(
            lines in prop::collection::vec("(a,b|\"a,\r\n\",\"\"\"\"|a\",b|\"\"|\"\",\"\",|\"\"\"\",|,,,|,|)(\n|\r\n|\r)", 0..12),
        ) {
            let text = lines.concat();
            let table = table(Some(b','), ["text", "x"]);
            prop_assume!(check_quotes(text.as_bytes(), b',', &Place::file("t.csv"), 1).is_ok());
            let count = table.count(text.as_bytes());
            let mut ids = Vec::new();
            let chunk = chunk(table, text.as_bytes(), OnError::Stop);
            chunk.parse(|row| ids.push(row.id.to_owned())).unwrap();
            let expected: Vec<String> = (1..=count).map(|number| format!("t:{number}")).collect();
            prop_assert_eq!(ids, expected);
        }

        #[test]
        fn rows_at_fault_take_no_others_with_them(
            rows in prop::collection::vec(prop::sample::select(vec![
                &b"id,fine"[..], b"id,\"fine,\n\"\"\xc3\xa9\"", b"few", b",nameless", b"too,many,cells", b"id,\xc3", b"\xe9,x",
            ]), 0..12),
        ) {
            let is_good = |row: &&[u8]| row.starts_with(b"id,") && !row.ends_with(b"\xc3");
            let join = |rows: &[&[u8]]| rows.iter().flat_map(|row| [row, &b"\n"[..]].concat()).collect::<Vec<u8>>();
            let texts = |bytes: &[u8]| {
                let mut texts = Vec::new();
                let chunk = chunk(table(Some(b','), ["id", "text"]), bytes, OnError::Skip);
                let skipped = chunk.parse(|row| texts.push(row.text.to_owned())).unwrap();
                (texts, skipped)
            };
            let good: Vec<&[u8]> = rows.iter().copied().filter(is_good).collect();
            let (found, skipped) = texts(&join(&rows));
            prop_assert_eq!(found, texts(&join(&good)).0);
            prop_assert_eq!(skipped.len(), rows.len() - good.len());
            let first = rows.iter().position(|row| !is_good(row));
            let stop = chunk(table(Some(b','), ["id", "text"]), &join(&rows), OnError::Stop);
            let stopped = stop.parse(|_| {}).err().map(|error| error.to_string());
            prop_assert_eq!(stopped.is_some(), first.is_some());
            prop_assert_eq!(stopped, skipped.first().map(Skipped::to_string));
        }
    }

    #[test]
    fn what_follows_an_unbalanced_quote_is_left_out() {
        let bytes = b"a,fine\nb,\"never\nc,closed\n";
        let mut ids = Vec::new();
        let chunk = chunk(table(Some(b','), ["id", "text"]), bytes, OnError::Skip);
        let skipped = chunk.parse(|row| ids.push(row.id.to_owned())).unwrap();
        assert_eq!(ids, ["a"]);
        let said = "t.csv, line 3: the quote opened in this row is never closed (all from \
                    line 3 on is left out); close the quote; a quote inside a quoted cell is \
                    written twice (\"\")";
        assert_eq!(skipped.iter().map(Skipped::to_string).collect::<Vec<_>>(), [said]);
    }
}
