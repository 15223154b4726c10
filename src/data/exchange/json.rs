//! Files as JSON objects with their lines: JSON lines, a JSON list, or the rows of a table.

use std::path::Path;

use serde_json::{Map, Value};

use crate::data::table::read_bytes;
use crate::data::{Table, TableFormat};
use crate::error::{Error, Place, Result, listed};
use crate::text::decode;

/// How a file holds its objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// CSV or TSV.
    Table(TableFormat),
    /// An object a line.
    Lines,
    /// One list.
    List,
}

impl Shape {
    /// The shape that a file's ending says.
    pub(super) fn of(path: &Path) -> Option<Self> {
        match TableFormat::of_path(path) {
            Some(TableFormat::Jsonl) => Some(Shape::Lines),
            Some(table) => Some(Shape::Table(table)),
            None => {
                let ending = path.extension()?.to_str()?;
                ending.eq_ignore_ascii_case("json").then_some(Shape::List)
            }
        }
    }
}

/// An object, and where it starts.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) place: Place,
    pub(super) fields: Map<String, Value>,
}

impl Item {
    /// Takes a field out.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.fields.shift_remove(name)
    }

    /// Takes a field out as a cell; `None` where it is missing or empty.
    pub(super) fn take_cell(&mut self, name: &str) -> Option<String> {
        self.take(name).map(|value| cell(&value)).filter(|cell| !cell.is_empty())
    }

    /// Takes out the text that was coded.
    pub(super) fn take_text(&mut self, names: &[&str]) -> Result<String> {
        let found = names.iter().find_map(|name| self.take_cell(name));
        found.ok_or_else(|| {
            Error::data(
                self.place.clone(),
                format!("there is no text in `{}`", names.join("` or `")),
                format!(
                    "the fields are {}; rename the one that holds it",
                    listed(self.fields.keys())
                ),
            )
        })
    }

    /// All fields that are left, as cells.
    pub(super) fn rest(self) -> Vec<(String, String)> {
        cells(self.fields)
    }
}

/// Fields as cells.
pub(super) fn cells(fields: Map<String, Value>) -> Vec<(String, String)> {
    fields.into_iter().map(|(name, value)| (name, cell(&value))).collect()
}

/// A value as a cell: text as it is, `null` as nothing, all else as JSON.
pub(super) fn cell(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// Reads a file's objects, by its ending; standard input and unknown endings are JSON.
pub(super) fn items(path: &Path) -> Result<Vec<Item>> {
    if let Some(Shape::Table(_)) = Shape::of(path) {
        let table = Table::read(path)?;
        let item = |row: crate::data::TableRow| Item {
            place: table.place.line(row.line),
            fields: table
                .header
                .iter()
                .cloned()
                .zip(row.cells.into_iter().map(Value::from))
                .collect(),
        };
        return Ok(table.rows.into_iter().map(item).collect());
    }
    let place = Place::input(path);
    parse(&decode(read_bytes(path)?, &place)?, &place, usize::MAX)
}

/// The keys of the first object, or the header.
pub(super) fn first_keys(path: &Path) -> Result<Option<Vec<String>>> {
    if let Some(Shape::Table(_)) = Shape::of(path) {
        return Ok(Some(Table::read(path)?.header));
    }
    let place = Place::input(path);
    let first = parse(&decode(read_bytes(path)?, &place)?, &place, 1)?;
    Ok(first.into_iter().next().map(|item| item.fields.keys().cloned().collect()))
}

/// Counts lines up to places that come in order.
struct Lines<'a> {
    text: &'a str,
    byte: usize,
    line: u64,
}

impl Lines<'_> {
    fn at(&mut self, byte: usize) -> u64 {
        self.line += self.text[self.byte..byte].matches('\n').count() as u64;
        self.byte = byte;
        self.line
    }
}

/// The first `most` objects of a list, or of objects one after another. They are read one by one,
/// so that each knows its line.
fn parse(text: &str, place: &Place, most: usize) -> Result<Vec<Item>> {
    let blank = |at: usize| at + text[at..].len() - text[at..].trim_start().len();
    let fail = |line, problem: &str| {
        let remedy = "give a list of JSON objects, or one on each line";
        Err(Error::data(place.line(line), problem, remedy))
    };
    let mut items = Vec::new();
    let mut lines = Lines { text, byte: 0, line: 1 };
    let mut at = blank(0);
    let in_list = text[at..].starts_with('[');
    at = blank(at + usize::from(in_list));
    while items.len() < most {
        let line = lines.at(at);
        let rest = &text[at..];
        if in_list && rest.starts_with(']') {
            if !text[at + 1..].trim().is_empty() {
                return fail(line, "something follows the list");
            }
            break;
        }
        if rest.is_empty() {
            if in_list {
                return fail(line, "the list is not closed");
            }
            break;
        }
        if !rest.starts_with('{') {
            return fail(line, "this is no JSON object");
        }
        let mut objects = serde_json::Deserializer::from_str(rest).into_iter();
        match objects.next() {
            Some(Ok(fields)) => items.push(Item { place: place.line(line), fields }),
            Some(Err(error)) => {
                return fail(line + error.line().saturating_sub(1) as u64, "this is not JSON");
            }
            None => break,
        }
        at = blank(at + objects.byte_offset());
        if in_list && text[at..].starts_with(',') {
            at = blank(at + 1);
        }
    }
    Ok(items)
}
