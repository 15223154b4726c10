//! Writing: tables in several formats, and files that appear whole or not at all.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use memchr::{memchr, memchr3};
use serde_json::Value;

use super::columns::{ColumnKind, Columns};
use super::compression::{Compression, Compressor, uncompressed_path};
#[cfg(feature = "parquet")]
use super::parquet::encode;
use crate::error::{Error, Result};

/// A table format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableFormat {
    /// Comma-separated, RFC 4180, with a header.
    Csv,
    /// Tab-separated, with a header.
    Tsv,
    /// A JSON object a line.
    Jsonl,
    /// Columns of typed values.
    #[cfg(feature = "parquet")]
    Parquet,
}

impl TableFormat {
    /// The endings of files, as they are told to people.
    #[cfg(feature = "parquet")]
    pub const ENDINGS: &str = ".csv, .tsv, .jsonl or .parquet";
    /// The endings of files, as they are told to people.
    #[cfg(not(feature = "parquet"))]
    pub const ENDINGS: &str = ".csv, .tsv or .jsonl";

    /// What separates cells; JSON lines have nothing of the kind.
    pub(super) fn delimiter(self) -> Option<u8> {
        match self {
            TableFormat::Csv => Some(b','),
            TableFormat::Tsv => Some(b'\t'),
            _ => None,
        }
    }

    /// The format that a file's ending says; that of a compression may follow it, except after
    /// `.parquet`, which is compressed in itself.
    pub fn of_path(path: &Path) -> Option<Self> {
        #[cfg(feature = "parquet")]
        if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("parquet")) {
            return Some(TableFormat::Parquet);
        }
        let path = uncompressed_path(path);
        let ending = path.extension()?;
        [("csv", TableFormat::Csv), ("tsv", TableFormat::Tsv), ("jsonl", TableFormat::Jsonl)]
            .into_iter()
            .find_map(|(known, format)| ending.eq_ignore_ascii_case(known).then_some(format))
    }
}

/// How a table's rows are written.
#[derive(Debug, Clone)]
pub struct RowFormat {
    format: TableFormat,
    header: Vec<String>,
    /// What each column holds, where the format keeps it.
    kinds: Vec<ColumnKind>,
    /// Before each value of a JSON line: a brace or comma, the name, a colon.
    keys: Vec<String>,
}

impl RowFormat {
    /// Rows of `format` with these columns, all of texts.
    pub fn new(format: TableFormat, header: Vec<String>) -> Self {
        let key = |(index, name): (usize, &String)| {
            let before = if index == 0 { '{' } else { ',' };
            format!("{before}{}:", Value::from(name.as_str()))
        };
        let keys = header.iter().enumerate().map(key).collect();
        let kinds = vec![ColumnKind::Text; header.len()];
        RowFormat { format, header, kinds, keys }
    }

    /// The same with other kinds of values in the first columns.
    #[must_use]
    pub fn with_kinds(mut self, kinds: &[ColumnKind]) -> Self {
        self.kinds.iter_mut().zip(kinds).for_each(|(kind, wanted)| *kind = *wanted);
        self
    }

    /// Whether rows are units, each whole in itself, that are put together at the end: neither
    /// separated cells nor JSON lines are.
    pub fn is_in_units(&self) -> bool {
        self.format.delimiter().is_none() && self.format != TableFormat::Jsonl
    }

    /// The columns, with what they hold.
    #[cfg(feature = "parquet")]
    pub(super) fn columns(&self) -> impl Iterator<Item = (&str, ColumnKind)> {
        self.header.iter().map(String::as_str).zip(self.kinds.iter().copied())
    }

    /// The line of column names; empty for formats that have none.
    pub fn header(&self) -> Vec<u8> {
        if self.format.delimiter().is_none() {
            return Vec::new();
        }
        let mut rows = self.rows();
        self.header.iter().for_each(|name| rows.text(name));
        rows.end_row();
        rows.finish()
    }

    /// Begins some rows; those of several threads can be put one after another, by a
    /// [`TableSink`](super::TableSink) for any format.
    pub fn rows(&self) -> Rows<'_> {
        let columns = self.is_in_units().then(|| Columns::new(&self.kinds));
        Rows { format: self, bytes: Vec::new(), columns, column: 0, spare: String::new() }
    }
}

/// Rows in memory, written value by value.
pub struct Rows<'a> {
    format: &'a RowFormat,
    bytes: Vec<u8>,
    /// Where values go instead, in a format of columns.
    columns: Option<Columns>,
    /// Of the next value.
    column: usize,
    /// Room for a text that is put together.
    spare: String,
}

impl Rows<'_> {
    /// Writes a text.
    pub fn text(&mut self, text: &str) {
        if let Some(columns) = &mut self.columns {
            return columns.text(text);
        }
        let delimiter = self.begin_value();
        match delimiter {
            Some(delimiter) => push_cell(&mut self.bytes, text.as_bytes(), delimiter),
            // Writing to memory cannot fail, and any text is a JSON string.
            None => drop(serde_json::to_writer(&mut self.bytes, text)),
        }
    }

    /// Writes the text that `make` appends to an empty string.
    pub fn made_text(&mut self, make: impl FnOnce(&mut String)) {
        let mut text = std::mem::take(&mut self.spare);
        text.clear();
        make(&mut text);
        self.text(&text);
        self.spare = text;
    }

    /// Writes a text, a colon and a number.
    pub fn numbered_text(&mut self, text: &str, number: usize) {
        if self.columns.is_some() {
            return self.made_text(|made| {
                made.push_str(text);
                // Writing to memory cannot fail.
                let _ = write!(made, ":{number}");
            });
        }
        self.text(text);
        // Inside the closing quote, where there is one.
        let quote = self.bytes.pop_if(|&mut last| last == b'"');
        self.bytes.push(b':');
        push_digits(&mut self.bytes, number);
        self.bytes.extend(quote);
    }

    /// Writes a whole number.
    pub fn number(&mut self, number: usize) {
        if let Some(columns) = &mut self.columns {
            return columns.whole(number);
        }
        self.begin_value();
        push_digits(&mut self.bytes, number);
    }

    /// Writes a number as it displays itself: with as many digits as tell it exactly.
    pub fn exact(&mut self, number: impl std::fmt::Display) {
        if let Some(columns) = &mut self.columns {
            return columns.text(&number.to_string());
        }
        self.begin_value();
        self.bytes.extend_from_slice(number.to_string().as_bytes());
    }

    /// Writes a probability with up to six decimals, or that there is none.
    pub fn probability(&mut self, probability: Option<f64>) {
        if let Some(columns) = &mut self.columns {
            // The same number that its digits are read as.
            return columns.real(probability.map(|p| millionths(p) as f64 / 1e6));
        }
        let delimiter = self.begin_value();
        let Some(probability) = probability else {
            if delimiter.is_none() {
                self.bytes.extend_from_slice(b"null");
            }
            return;
        };
        let millionths = millionths(probability);
        let mut digits = *b"0.000000";
        digits[0] += (millionths / 1_000_000) as u8;
        for (place, hundreds) in [(2, 10_000), (4, 100), (6, 1)] {
            digits[place..place + 2].copy_from_slice(&PAIRS[millionths / hundreds % 100]);
        }
        let zeros = digits[3..].iter().rev().take_while(|&&digit| digit == b'0').count();
        // All eight at once, and some off again: a copy whose length is known is one instruction.
        self.bytes.extend_from_slice(&digits);
        self.bytes.truncate(self.bytes.len() - zeros);
    }

    /// Writes any number in full, or that there is none.
    pub fn decimal(&mut self, number: Option<f64>) {
        match number {
            Some(number) => self.exact(number),
            None => self.probability(None),
        }
    }

    /// Writes what stands before a value; gives what separates cells, where anything does.
    fn begin_value(&mut self) -> Option<u8> {
        let delimiter = self.format.format.delimiter();
        match delimiter {
            Some(delimiter) if self.column > 0 => self.bytes.push(delimiter),
            Some(_) => {}
            None => self.bytes.extend_from_slice(self.format.keys[self.column].as_bytes()),
        }
        self.column += 1;
        delimiter
    }

    /// Ends a row.
    pub fn end_row(&mut self) {
        if let Some(columns) = &mut self.columns {
            return columns.end_row();
        }
        debug_assert_eq!(self.column, self.format.header.len());
        self.column = 0;
        let end: &[u8] = if self.format.format == TableFormat::Jsonl { b"}\n" } else { b"\n" };
        self.bytes.extend_from_slice(end);
    }

    /// The bytes of all rows; of Parquet, a whole file.
    pub fn finish(self) -> Vec<u8> {
        #[cfg(feature = "parquet")]
        if let Some(columns) = self.columns {
            return encode(self.format, columns.finish()).expect("memory can be written to");
        }
        self.bytes
    }
}

/// The nearest whole number of millionths; no probability is negative.
fn millionths(probability: f64) -> usize {
    (probability * 1e6 + 0.5) as usize
}

/// Appends a cell, between quotes where it holds what could be mistaken for an end (RFC 4180).
fn push_cell(bytes: &mut Vec<u8>, text: &[u8], delimiter: u8) {
    let is_end = |c: &u8| *c == delimiter || matches!(c, b'"' | b'\n' | b'\r');
    // A short text is over before a search for several bytes at once has begun.
    let is_plain = match text.len() < 16 {
        true => !text.iter().any(is_end),
        false => memchr3(delimiter, b'"', b'\n', text).is_none() && memchr(b'\r', text).is_none(),
    };
    if is_plain {
        return bytes.extend_from_slice(text);
    }
    bytes.push(b'"');
    let mut rest = text;
    while let Some(quote) = memchr(b'"', rest) {
        bytes.extend_from_slice(&rest[..=quote]);
        bytes.push(b'"');
        rest = &rest[quote + 1..];
    }
    bytes.extend_from_slice(rest);
    bytes.push(b'"');
}

/// The numbers from 00 to 99.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[b'0'; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + number as u8 / 10, b'0' + number as u8 % 10];
        number += 1;
    }
    pairs
};

/// Appends a number. Much of a table is numbers, and the general formatting takes three times as
/// long.
fn push_digits(bytes: &mut Vec<u8>, mut number: usize) {
    let mut digits = [b'0'; 20];
    let mut first = digits.len() - 1;
    loop {
        digits[first] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
        first -= 1;
    }
    bytes.extend_from_slice(&digits[first..]);
}

/// A file that appears under its name only when it is complete.
///
/// Bytes go to a temporary file in the same folder, which [`AtomicFile::commit`] renames. Dropped
/// before, it leaves nothing behind. A target that is no regular file (a pipe, `/dev/null`) is
/// written directly.
pub struct AtomicFile {
    path: PathBuf,
    target: Target,
}

enum Target {
    Temporary(Compressor<tempfile::NamedTempFile>),
    Direct(Compressor<std::fs::File>),
}

impl AtomicFile {
    /// Opens the temporary file, so that a place that cannot be written shows before the work. What
    /// is written is compressed if the path ends in `.gz` or `.zst`.
    ///
    /// # Errors
    ///
    /// When the folder is missing or cannot be written.
    pub fn create(path: &Path) -> Result<Self> {
        Self::with_compression(path, Compression::of_path(path))
    }

    /// Opens a file that is written as it is, whatever its name: one that is mapped when it is read.
    ///
    /// # Errors
    ///
    /// As [`AtomicFile::create`].
    pub fn create_plain(path: &Path) -> Result<Self> {
        Self::with_compression(path, None)
    }

    fn with_compression(path: &Path, compression: Option<Compression>) -> Result<Self> {
        let fail = |source| Error::io(path, "write", source);
        let target = match std::fs::metadata(path) {
            Ok(found) if found.is_dir() => {
                return Err(fail(io::Error::other("it is a folder; name a file in it")));
            }
            Ok(found) if !found.is_file() => {
                let file = std::fs::OpenOptions::new().write(true).open(path).map_err(fail)?;
                Target::Direct(Compressor::new(file, compression).map_err(fail)?)
            }
            _ => {
                let folder = match path.parent() {
                    Some(parent) if !parent.as_os_str().is_empty() => parent,
                    _ => Path::new("."),
                };
                let file = temporary_in(folder).map_err(fail)?;
                Target::Temporary(Compressor::new(file, compression).map_err(fail)?)
            }
        };
        Ok(AtomicFile { path: path.to_owned(), target })
    }

    /// Flushes to disk and gives the file its name.
    ///
    /// # Errors
    ///
    /// When the disk is full or the rename fails.
    pub fn commit(self) -> Result<()> {
        let path = self.path;
        let fail = |source| Error::io(&path, "write", source);
        match self.target {
            Target::Direct(writer) => writer.finish().map(drop).map_err(fail),
            Target::Temporary(writer) => {
                let file = writer.finish().map_err(fail)?;
                file.as_file().sync_all().map_err(fail)?;
                file.persist(&path).map_err(|error| fail(error.error))?;
                Ok(())
            }
        }
    }
}

fn temporary_in(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".framescope-").suffix(".part");
    #[cfg(unix)]
    {
        // The rights a new file of this user gets, not the private ones of a temporary file.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    // The error of the crate names the temporary file, which is no help to anyone.
    builder.tempfile_in(folder).map_err(|error| io::Error::from(error.kind()))
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.target {
            Target::Temporary(writer) => writer.write(bytes),
            Target::Direct(writer) => writer.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.target {
            Target::Temporary(writer) => writer.flush(),
            Target::Direct(writer) => writer.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_file_appears_only_when_committed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        let mut file = AtomicFile::create(&path).unwrap();
        file.write_all(b"half").unwrap();
        assert!(!path.exists());
        drop(file);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);

        let mut file = AtomicFile::create(&path).unwrap();
        file.write_all(b"whole").unwrap();
        file.commit().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"whole");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn rows_are_written_in_each_format() {
        let write = |format| {
            let header = vec!["id".to_owned(), "p".to_owned(), "x".to_owned()];
            let format = RowFormat::new(format, header);
            let mut rows = format.rows();
            rows.text("a,b");
            rows.probability(Some(0.5));
            rows.probability(None);
            rows.end_row();
            String::from_utf8([format.header(), rows.finish()].concat()).unwrap()
        };
        assert_eq!(write(TableFormat::Csv), "id,p,x\n\"a,b\",0.5,\n");
        assert_eq!(write(TableFormat::Tsv), "id\tp\tx\na,b\t0.5\t\n");
        assert_eq!(write(TableFormat::Jsonl), "{\"id\":\"a,b\",\"p\":0.5,\"x\":null}\n");
    }

    proptest! {
        #[test]
        fn cells_are_quoted_as_the_reader_expects(cells in prop::collection::vec("[a,\t\r\n\" :é]{0,6}", 2..5)) {
            for format in [TableFormat::Csv, TableFormat::Tsv] {
                let table = RowFormat::new(format, vec![String::new(); cells.len()]);
                let mut rows = table.rows();
                rows.numbered_text(&cells[0], 120);
                cells[1..].iter().for_each(|cell| rows.text(cell));
                rows.end_row();
                let bytes = rows.finish();
                let mut reader = csv::ReaderBuilder::new();
                let mut reader = reader
                    .has_headers(false)
                    .delimiter(format.delimiter().unwrap())
                    .from_reader(&bytes[..]);
                let record = reader.records().next().unwrap().unwrap();
                let first = format!("{}:120", cells[0]);
                prop_assert_eq!(&record[0], &first);
                prop_assert!(record.iter().skip(1).eq(cells[1..].iter()));
            }
        }
    }

    #[test]
    fn probabilities_have_up_to_six_decimals() {
        let format = RowFormat::new(TableFormat::Csv, vec![String::new(); 6]);
        let mut rows = format.rows();
        for p in [0.0, 1.0, 0.25, 0.000_001_4, 0.123_456_7, 0.999_999_9] {
            rows.probability(Some(p));
        }
        rows.end_row();
        assert_eq!(rows.finish(), b"0.0,1.0,0.25,0.000001,0.123457,1.0\n");
    }
}
