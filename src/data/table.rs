//! Tables of text cells: CSV, TSV and JSON lines, with the line each row came from.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use memchr::{memchr, memchr_iter, memchr2};

use super::delimiter::Separation;
use super::digest::bytes_digest;
use super::input::{check_is_text, convert_whole, read_whole};
use super::output::TableFormat;
#[cfg(feature = "parquet")]
use super::parquet::read_table as read_parquet;
use super::reading::Reading;
use super::skip::{Extent, Faults, OnError};
use crate::error::{Error, Place, Result, listed};
use crate::text::{decode_part, decode_slice};

/// A table held in memory.
#[derive(Debug, Clone)]
pub struct Table {
    /// The file, for errors.
    pub place: Place,
    /// Column names, in order.
    pub header: Vec<String>,
    /// The rows, in order.
    pub rows: Vec<TableRow>,
    /// What to know about how it was read.
    pub notice: Option<String>,
    /// The SHA-256 of what stood on standard input, in hexadecimal: it cannot be read again.
    pub digest: Option<String>,
}

/// A row, and the line (from 1) where it starts.
#[derive(Debug, Clone)]
pub struct TableRow {
    /// Line in the file.
    pub line: u64,
    /// One cell a column.
    pub cells: Vec<String>,
}

/// Reads a whole file; `-` is standard input.
pub(super) fn read_bytes(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    read_whole(path, &mut bytes)?;
    Ok(bytes)
}

impl Table {
    /// Reads a table in the format its name's ending says (`.csv`, `.tsv`, `.jsonl`, `.parquet`);
    /// standard input is JSON lines where it begins with a brace, else CSV.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, is not UTF-8, has no header, a row with another number of
    /// cells than the header, an unbalanced quote, or a line that is no JSON object.
    pub fn read(path: &Path) -> Result<Self> {
        Self::read_with(path, &mut Faults::new(OnError::Stop))
    }

    /// The same without the rows at fault, where `faults` are not to stop it.
    pub(crate) fn read_with(path: &Path, faults: &mut Faults) -> Result<Self> {
        if path == Path::new("-") {
            let bytes = read_bytes(path)?;
            let digest = Some(bytes_digest(&bytes));
            let format = match bytes.trim_ascii_start().first() {
                Some(b'{') => TableFormat::Jsonl,
                _ => TableFormat::Csv,
            };
            let table = Self::decode(&bytes, format, Place::input(path), faults)?;
            return Ok(Table { digest, ..table });
        }
        let format = TableFormat::of_path(path).ok_or_else(|| {
            Error::data(
                Place::file(path),
                "this is no table framescope knows",
                format!(
                    "use a file that ends in {}; of a spreadsheet, save a CSV",
                    TableFormat::ENDINGS
                ),
            )
        })?;
        #[cfg(feature = "parquet")]
        if format == TableFormat::Parquet {
            return read_parquet(path, faults);
        }
        Self::decode(&read_bytes(path)?, format, Place::file(path), faults)
    }

    /// The same in whatever encoding a spreadsheet wrote it; a notice says which.
    pub(super) fn read_converted(path: &Path) -> Result<Self> {
        let format = match TableFormat::of_path(path) {
            Some(format) if path != Path::new("-") && format.delimiter().is_some() => format,
            _ => return Self::read(path),
        };
        let (reading, mut bytes) = (Reading::default(), read_bytes(path)?);
        convert_whole(path, &reading, None, &mut bytes)?;
        let table =
            Self::decode(&bytes, format, Place::file(path), &mut Faults::new(OnError::Stop))?;
        let notices: Vec<String> = reading.notices().into_iter().chain(table.notice).collect();
        let notice = (!notices.is_empty()).then(|| notices.join("; "));
        Ok(Table { notice, ..table })
    }

    fn decode(
        bytes: &[u8],
        format: TableFormat,
        place: Place,
        faults: &mut Faults,
    ) -> Result<Self> {
        check_is_text(bytes, &place)?;
        if faults.on_error == OnError::Stop {
            // The first byte at fault, to the character; rows tell theirs to the cell.
            decode_slice(bytes, &place)?;
        }
        let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
        Self::parse_bytes(bytes, format, place, faults)
    }

    /// Parses a table of lines; `place` names it in errors. The cells of a CSV may be separated by
    /// semicolons or tabs too, which its header shows.
    ///
    /// # Errors
    ///
    /// As [`Table::read`].
    pub fn parse(text: &str, format: TableFormat, place: Place) -> Result<Self> {
        Self::parse_bytes(text.as_bytes(), format, place, &mut Faults::new(OnError::Stop))
    }

    fn parse_bytes(
        bytes: &[u8],
        format: TableFormat,
        place: Place,
        faults: &mut Faults,
    ) -> Result<Self> {
        match Separation::of(format, bytes) {
            Some(separation) => {
                let notice = separation.notice(format, &place);
                Ok(Table { notice, ..parse_separated(bytes, separation, place, faults)? })
            }
            None => parse_json_lines(bytes, place, faults),
        }
    }

    /// The index of a column.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|column| column == name)
    }

    /// The index of a column that must be there.
    ///
    /// # Errors
    ///
    /// When it is not, with the columns there are.
    pub fn required_column(&self, name: &str) -> Result<usize> {
        let missing = || missing_column(&self.place, &self.header, name, "rename one");
        self.column(name).ok_or_else(missing)
    }
}

pub(super) fn missing_column(place: &Place, header: &[String], name: &str, remedy: &str) -> Error {
    let remedy = format!("the columns are {}; {remedy}", listed(header));
    Error::data(place.header(), format!("there is no column `{name}`"), remedy)
}

fn parse_separated(
    bytes: &[u8],
    separation: Separation,
    place: Place,
    faults: &mut Faults,
) -> Result<Table> {
    let Separation { delimiter, before_header } = separation;
    let (before, bytes) = bytes.split_at_checked(before_header).unwrap_or_default();
    let first_line = 1 + memchr_iter(b'\n', before).count() as u64;
    let unbalanced = quote_fault(bytes, delimiter);
    let balanced = match &unbalanced {
        Some(fault) => record_ends(&bytes[..fault.opened], delimiter).last().unwrap_or(0),
        None => bytes.len(),
    };
    if let (Some(fault), 0) = (&unbalanced, balanced) {
        return Err(fault.error(bytes, &place, first_line));
    }
    let mut lines = LineCounter { text: bytes, byte: 0, line: first_line };
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .from_reader(&bytes[..balanced]);
    let header = reader.headers().map_err(|error| csv_error(&error, &place))?;
    let header = column_names(header);
    check_header(&header, &place)?;
    let mut rows = Vec::new();
    for record in reader.byte_records() {
        let record = record.map_err(|error| csv_error(&error, &place))?;
        // A line of nothing but empty cells is a blank line.
        if header.len() > 1 && record.iter().all(<[u8]>::is_empty) {
            continue;
        }
        let line = lines.at(record.position().map_or(0, |position| position.byte() as usize));
        match cells_of(record, header.len(), &place.line(line)) {
            Ok(cells) => rows.push(TableRow { line, cells }),
            Err(error) => faults.add(error, Extent::Row, None)?,
        }
    }
    if let Some(fault) = unbalanced {
        let extent = Extent::Rest { line: lines.at(balanced) };
        faults.add(fault.error(bytes, &place, first_line), extent, None)?;
    }
    Ok(Table { place, header, rows, notice: None, digest: None })
}

/// The cells of a row, as many as there are columns.
fn cells_of(record: csv::ByteRecord, columns: usize, row: &Place) -> Result<Vec<String>> {
    let record = csv::StringRecord::from_byte_record(record).map_err(|error| {
        let problem =
            format!("cell {} holds bytes that are not UTF-8", error.utf8_error().field() + 1);
        Error::data(row.clone(), problem, "save the file as UTF-8")
    })?;
    // Spreadsheets write empty cells behind the last column.
    match record.len() >= columns && record.iter().skip(columns).all(str::is_empty) {
        true => Ok(record.iter().take(columns).map(str::to_owned).collect()),
        false => Err(unequal_lengths(row, record.len(), columns)),
    }
}

/// Finds the line a record starts in, for records in order. The reader's own count stands at the
/// line break before the record (and, after `\r\n`, still before its `\n`).
pub(super) struct LineCounter<'a> {
    pub(super) text: &'a [u8],
    pub(super) byte: usize,
    pub(super) line: u64,
}

impl LineCounter<'_> {
    pub(super) fn at(&mut self, byte: usize) -> u64 {
        let start = byte + line_breaks(&self.text[byte..]);
        self.line += memchr_iter(b'\n', &self.text[self.byte..start]).count() as u64;
        self.byte = start;
        self.line
    }
}

/// How many bytes of line breaks stand first.
pub(super) fn line_breaks(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|&&c| c == b'\n' || c == b'\r').count()
}

/// The names of columns, without those that spreadsheets write empty behind the last.
pub(super) fn column_names(header: &csv::StringRecord) -> Vec<String> {
    let mut names: Vec<String> = header.iter().map(|name| name.trim().to_owned()).collect();
    while names.pop_if(|name| name.is_empty()).is_some() {}
    names
}

pub(super) fn check_header(header: &[String], place: &Place) -> Result<()> {
    if header.is_empty() || header.iter().all(String::is_empty) {
        return Err(Error::data(
            place.clone(),
            "the table is empty",
            "it needs a first line with the names of its columns",
        ));
    }
    let mut known = HashSet::new();
    for (index, name) in header.iter().enumerate() {
        if !known.insert(name) {
            let problem = match name.is_empty() {
                true => format!("column {} has no name, as another before it", index + 1),
                false => format!("column `{name}` stands twice"),
            };
            return Err(Error::data(place.header(), problem, "rename or delete one of them"));
        }
    }
    Ok(())
}

pub(super) fn csv_error(error: &csv::Error, place: &Place) -> Error {
    Error::data(place.clone(), error.to_string(), "check the file")
}

pub(super) fn unequal_lengths(row: &Place, cells: usize, columns: usize) -> Error {
    Error::data(
        row.clone(),
        format!("this row has {cells} cells, the header {columns}"),
        "put text that contains the separator or a line break between double quotes",
    )
}

/// Refuses quotes that are not balanced; `bytes` begin in `first_line`.
pub(super) fn check_quotes(
    bytes: &[u8],
    delimiter: u8,
    place: &Place,
    first_line: u64,
) -> Result<()> {
    match quote_fault(bytes, delimiter) {
        None => Ok(()),
        Some(fault) => Err(fault.error(bytes, place, first_line)),
    }
}

/// A quote that is opened and never closed, or closed in the middle of a cell. The `csv` crate reads
/// on in both cases, and rows would vanish into one cell.
pub(super) struct QuoteFault {
    /// Where it is opened.
    pub(super) opened: usize,
    problem: &'static str,
}

impl QuoteFault {
    /// `bytes` begin in `first_line`.
    pub(super) fn error(&self, bytes: &[u8], place: &Place, first_line: u64) -> Error {
        let line = first_line + memchr_iter(b'\n', &bytes[..self.opened]).count() as u64;
        let remedy = "close the quote; a quote inside a quoted cell is written twice (\"\")";
        Error::data(place.line(line), self.problem, remedy)
    }
}

/// The first one.
pub(super) fn quote_fault(bytes: &[u8], delimiter: u8) -> Option<QuoteFault> {
    let mut at = 0;
    loop {
        let opened = at + memchr(b'"', &bytes[at..])?;
        at = opened + 1;
        if !opens_cell(bytes, opened, delimiter) {
            continue;
        }
        let Some(closed) = closing_quote(bytes, opened) else {
            let problem = "the quote opened in this row is never closed";
            return Some(QuoteFault { opened, problem });
        };
        at = closed + 1;
        if bytes.get(at).is_some_and(|&c| c != delimiter && c != b'\n' && c != b'\r') {
            let problem = "the quote opened in this row closes in the middle of a cell";
            return Some(QuoteFault { opened, problem });
        }
    }
}

/// Where the records of a table end, behind their line breaks. A line break between quotes ends
/// none.
pub(super) fn record_ends(bytes: &[u8], delimiter: u8) -> impl Iterator<Item = usize> + '_ {
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

/// Whether a cell begins here.
pub(super) fn opens_cell(bytes: &[u8], at: usize, delimiter: u8) -> bool {
    at == 0 || bytes[at - 1] == delimiter || bytes[at - 1] == b'\n' || bytes[at - 1] == b'\r'
}

/// The quote that closes the one at `opened`.
pub(super) fn closing_quote(bytes: &[u8], opened: usize) -> Option<usize> {
    let mut at = opened + 1;
    loop {
        at += memchr(b'"', bytes.get(at..)?)?;
        // Two stand for one inside the cell.
        if bytes.get(at + 1) != Some(&b'"') {
            return Some(at);
        }
        at += 2;
    }
}

/// The lines that are not blank, each with its number; `bytes` begin in `first_line`.
pub(super) fn json_lines(bytes: &[u8], first_line: u64) -> impl Iterator<Item = (u64, &[u8])> {
    let lines = bytes.split(|&byte| byte == b'\n');
    let lines = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    (first_line..).zip(lines).filter(|(_, line)| !line.trim_ascii().is_empty())
}

/// The cells of a line, and their names.
pub(super) fn parse_json_line(
    json: &[u8],
    place: &Place,
    line: u64,
) -> Result<Vec<(String, String)>> {
    parse_json_object(decode_part(json, place, line)?, &place.line(line))
}

fn parse_json_lines(bytes: &[u8], place: Place, faults: &mut Faults) -> Result<Table> {
    let mut header: Vec<String> = Vec::new();
    let mut columns: HashMap<String, usize> = HashMap::new();
    let mut rows: Vec<TableRow> = Vec::new();
    for (line, json) in json_lines(bytes, 1) {
        let object = match parse_json_line(json, &place, line) {
            Ok(object) => object,
            Err(error) => {
                faults.add(error, Extent::Row, None)?;
                continue;
            }
        };
        let mut cells = vec![String::new(); header.len()];
        for (key, value) in object {
            let column = *columns.entry(key.clone()).or_insert_with(|| {
                header.push(key);
                header.len() - 1
            });
            cells.resize(header.len(), String::new());
            cells[column] = value;
        }
        rows.push(TableRow { line, cells });
    }
    check_header(&header, &place)?;
    for row in &mut rows {
        row.cells.resize(header.len(), String::new());
    }
    Ok(Table { place, header, rows, notice: None, digest: None })
}

/// The keys of a JSON object and their values as table cells, in order; `line` is its place.
pub(super) fn parse_json_object(json: &str, line: &Place) -> Result<Vec<(String, String)>> {
    let remedy = "write one JSON object on each line";
    let fail = |problem: String| Error::data(line.clone(), problem, remedy);
    let object: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(json).map_err(|error| match error.is_data() {
            true => fail("this line is no JSON object".to_owned()),
            false => {
                // Such errors have no kind of their own.
                let problem = match error.to_string() {
                    deep if deep.starts_with("recursion limit") => "values are nested too deeply",
                    large if large.starts_with("number out of range") => "a number is too large",
                    _ => "this is not JSON",
                };
                Error::data(line.position(error.column() as u64), problem, remedy)
            }
        })?;
    let cell = |(key, value): (String, serde_json::Value)| {
        let cell = json_cell(&key, value).map_err(&fail)?;
        Ok((key, cell))
    };
    object.into_iter().map(cell).collect()
}

/// A JSON value as a table cell. `labels` may be a list; `null` there means not coded.
fn json_cell(key: &str, value: serde_json::Value) -> Result<String, String> {
    use serde_json::Value;
    Ok(match value {
        Value::String(text) => text,
        Value::Null if key == "labels" => "?".to_owned(),
        Value::Null => String::new(),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) if key == "labels" => {
            return Err("`labels` is neither text nor a list of texts".to_owned());
        }
        Value::Bool(value) => value.to_string(),
        Value::Number(value) => value.to_string(),
        Value::Array(values) if key == "labels" => {
            let names: Option<Vec<&str>> = values.iter().map(Value::as_str).collect();
            names.ok_or("`labels` holds something that is no string")?.join("|")
        }
        nested => nested.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn csv(text: &str) -> Result<Table> {
        Table::parse(text, TableFormat::Csv, Place::file("t.csv"))
    }

    #[test]
    fn quoted_cells_keep_separators_and_line_breaks() {
        let table = csv("id,text\r\n1,\"a, \"\"b\"\"\nc\"\r\n\r\n2,d\r\n").unwrap();
        assert_eq!(table.rows[0].cells, ["1", "a, \"b\"\nc"]);
        assert_eq!((table.rows[0].line, table.rows[1].line), (2, 5));
    }

    #[test]
    fn faults_are_named_with_their_line() {
        let message = |text| csv(text).unwrap_err().to_string();
        assert!(message("id,text\n1,\"a\n2,b\n").starts_with("t.csv, line 2: the quote opened"));
        assert!(message("id,text\n1,\"a\n2,\"b\n").starts_with("t.csv, line 2: the quote opened"));
        assert!(message("id,text\n1,a,b\n").starts_with("t.csv, line 2: this row has 3 cells"));
        assert!(message("id,id\n").starts_with("t.csv, line 1: column `id` stands twice"));
        assert!(message("").contains("the table is empty"));
    }

    #[test]
    fn json_lines_may_hold_lists_of_labels() {
        let text =
            "{\"id\":1,\"labels\":[\"a:for\",\"b\"]}\n{\"id\":\"2\",\"labels\":null,\"x\":1.5}\n";
        let table = Table::parse(text, TableFormat::Jsonl, Place::file("t.jsonl")).unwrap();
        assert_eq!(table.header, ["id", "labels", "x"]);
        assert_eq!(table.rows[0].cells, ["1", "a:for|b", ""]);
        assert_eq!(table.rows[1].cells, ["2", "?", "1.5"]);
        let bad = Table::parse("{}\n[1]", TableFormat::Jsonl, Place::file("t.jsonl"));
        assert!(bad.unwrap_err().to_string().starts_with("t.jsonl, line 2: this line is no JSON"));
    }
}
