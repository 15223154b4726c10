//! Tables of text cells: CSV, TSV and JSON lines, with the line each row came from.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use memchr::memchr;

use super::delimiter::Separation;
use super::digest::bytes_digest;
use super::input::read_whole;
use super::output::TableFormat;
#[cfg(feature = "parquet")]
use super::parquet::read_table as read_parquet;
use crate::error::{Error, Place, Result};
use crate::text::decode;

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
        let place = Place::input(path);
        if path == Path::new("-") {
            let bytes = read_bytes(path)?;
            let digest = Some(bytes_digest(&bytes));
            let format = match bytes.trim_ascii_start().first() {
                Some(b'{') => TableFormat::Jsonl,
                _ => TableFormat::Csv,
            };
            return Ok(Table { digest, ..Self::parse(&decode(bytes, &place)?, format, place)? });
        }
        let format = TableFormat::of_path(path).ok_or_else(|| {
            Error::data(
                Place::file(path),
                "this is no table framescope knows",
                format!("use a file that ends in {}", TableFormat::ENDINGS),
            )
        })?;
        #[cfg(feature = "parquet")]
        if format == TableFormat::Parquet {
            return read_parquet(path);
        }
        Self::parse(&decode(read_bytes(path)?, &place)?, format, place)
    }

    /// Parses a table of lines; `place` names it in errors. The cells of a CSV may be separated by
    /// semicolons or tabs too, which its header shows.
    ///
    /// # Errors
    ///
    /// As [`Table::read`].
    pub fn parse(text: &str, format: TableFormat, place: Place) -> Result<Self> {
        match Separation::of(format, text.as_bytes()) {
            Some(separation) => {
                let notice = separation.notice(format, &place);
                Ok(Table { notice, ..parse_separated(text, separation, place)? })
            }
            None => parse_json_lines(text, place),
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
    let remedy = format!("the columns are `{}`; {remedy}", header.join("`, `"));
    Error::data(place.header(), format!("there is no column `{name}`"), remedy)
}

fn parse_separated(text: &str, separation: Separation, place: Place) -> Result<Table> {
    let Separation { delimiter, before_header } = separation;
    let text = text.get(before_header..).unwrap_or_default();
    let first_line = 1 + u64::from(before_header > 0);
    check_quotes(text, delimiter, &place, first_line)?;
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(true)
        .from_reader(text.as_bytes());
    let mut lines = LineCounter { text, byte: 0, line: first_line };
    let header = reader.headers().map_err(|error| csv_error(&error, &place))?;
    let header: Vec<String> = header.iter().map(|name| name.trim().to_owned()).collect();
    check_header(&header, &place)?;
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| match error.kind() {
            csv::ErrorKind::UnequalLengths { pos, expected_len, len } => {
                let start = pos.as_ref().map_or(0, |position| position.byte() as usize);
                unequal_lengths(&place.line(lines.at(start)), *len as usize, *expected_len as usize)
            }
            _ => csv_error(&error, &place),
        })?;
        let line = lines.at(record.position().map_or(0, |position| position.byte() as usize));
        // A line of nothing but one empty cell is a blank line.
        if header.len() > 1 && record.len() == 1 && record[0].is_empty() {
            continue;
        }
        rows.push(TableRow { line, cells: record.iter().map(str::to_owned).collect() });
    }
    Ok(Table { place, header, rows, notice: None, digest: None })
}

/// Finds the line a record starts in, for records in order. The reader's own count stands at the
/// line break before the record (and, after `\r\n`, still before its `\n`).
struct LineCounter<'a> {
    text: &'a str,
    byte: usize,
    line: u64,
}

impl LineCounter<'_> {
    fn at(&mut self, byte: usize) -> u64 {
        let rest = &self.text.as_bytes()[byte..];
        let breaks = rest.iter().take_while(|&&c| c == b'\n' || c == b'\r').count();
        let start = byte + breaks;
        let passed = &self.text.as_bytes()[self.byte..start];
        self.line += passed.iter().filter(|&&c| c == b'\n').count() as u64;
        self.byte = start;
        self.line
    }
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

/// Finds a quote that is opened and never closed, or closed in the middle of a cell. The `csv`
/// crate reads on in both cases, and rows would vanish into one cell. `text` begins in `first_line`.
pub(super) fn check_quotes(
    text: &str,
    delimiter: u8,
    place: &Place,
    first_line: u64,
) -> Result<()> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(found) = memchr(b'"', &bytes[at..]) {
        let opened = at + found;
        at = opened + 1;
        if !opens_cell(bytes, opened, delimiter) {
            continue;
        }
        let problem = match closing_quote(bytes, opened) {
            None => "the quote opened in this row is never closed",
            Some(closed) => {
                at = closed + 1;
                match bytes.get(at) {
                    Some(&c) if c != delimiter && c != b'\n' && c != b'\r' => {
                        "the quote opened in this row closes in the middle of a cell"
                    }
                    _ => continue,
                }
            }
        };
        let line = first_line + bytes[..opened].iter().filter(|&&c| c == b'\n').count() as u64;
        let remedy = "close the quote; a quote inside a quoted cell is written twice (\"\")";
        return Err(Error::data(place.line(line), problem, remedy));
    }
    Ok(())
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

fn parse_json_lines(text: &str, place: Place) -> Result<Table> {
    let mut header: Vec<String> = Vec::new();
    let mut columns: HashMap<String, usize> = HashMap::new();
    let mut rows: Vec<TableRow> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let number = index as u64 + 1;
        if line.trim().is_empty() {
            continue;
        }
        let mut cells = vec![String::new(); header.len()];
        for (key, value) in parse_json_object(line, &place.line(number))? {
            let column = *columns.entry(key.clone()).or_insert_with(|| {
                header.push(key);
                header.len() - 1
            });
            cells.resize(header.len(), String::new());
            cells[column] = value;
        }
        rows.push(TableRow { line: number, cells });
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
            false => Error::data(line.position(error.column() as u64), "this is not JSON", remedy),
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
