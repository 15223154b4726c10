//! Where the header of a table and its last whole record end, in a stream of bytes.

use std::collections::HashSet;
use std::path::Path;

use super::delimiter::Separation;
use super::input::{LONGEST, PIECE_BYTES, ReadAhead};
use super::output::TableFormat;
use super::skip::OnError;
use super::table::{
    check_header, check_quotes, column_names, csv_error, json_lines, parse_json_line, record_ends,
};
use crate::error::{Error, Result};
use crate::text::decode_part;

/// The first line of a table.
pub(super) struct Header {
    pub(super) columns: Vec<String>,
    pub(super) separation: Option<Separation>,
}

/// Takes the header off; JSON lines have none, their columns are the keys of the first piece.
pub(super) fn read_header(
    path: &Path,
    format: TableFormat,
    input: &mut ReadAhead,
) -> Result<Header> {
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
    check_quotes(text.as_bytes(), delimiter, &place, line)?;
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(text.as_bytes());
    let columns = reader.headers().map_err(|error| csv_error(&error, &place))?;
    let columns = column_names(columns);
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
    let (mut keys, mut known, mut first_error) = (Vec::new(), HashSet::new(), None);
    for (line, json) in json_lines(&input.bytes[..length], input.line) {
        let object = match parse_json_line(json, &input.place, line) {
            Ok(object) => object,
            // Whoever parses the rows says so.
            Err(error) if input.on_error() == OnError::Skip => {
                first_error.get_or_insert(error);
                continue;
            }
            Err(error) => return Err(error),
        };
        let fresh = object.into_iter().map(|(key, _)| key).filter(|key| known.insert(key.clone()));
        keys.extend(fresh);
    }
    match first_error {
        Some(error) if keys.is_empty() => Err(error),
        _ => check_header(&keys, &input.place).map(|()| keys),
    }
}

/// Reads more, for a row that is not whole yet.
pub(super) fn grow(path: &Path, input: &mut ReadAhead) -> Result<()> {
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

/// The end of the last whole record.
pub(super) fn last_record_end(bytes: &[u8], delimiter: Option<u8>) -> Option<usize> {
    match delimiter {
        Some(delimiter) if bytes.contains(&b'"') => record_ends(bytes, delimiter).last(),
        _ => bytes.iter().rposition(|&byte| byte == b'\n').map(|at| at + 1),
    }
}
