//! What separates the cells of a `.csv`: spreadsheets of many countries write semicolons or tabs.

use memchr::memchr;

use super::output::TableFormat;
use super::table::closing_quote;
use crate::error::Place;

/// What could separate cells; on a tie the first is right.
const CANDIDATES: [u8; 3] = [b',', b';', b'\t'];

/// What separates the cells of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Separation {
    /// The sign between two cells.
    pub(super) delimiter: u8,
    /// How many bytes stand before the header: a line such as `sep=;`, which is no part of it.
    pub(super) before_header: usize,
}

impl Separation {
    /// That of a table which begins with `bytes`; JSON lines have none. Only in `.csv` it is found
    /// out: the first line says `sep=;`, or it is what the header has most of outside quotes.
    pub(super) fn of(format: TableFormat, bytes: &[u8]) -> Option<Self> {
        let delimiter = format.delimiter()?;
        let blank = blank_lines(bytes);
        let bytes = &bytes[blank..];
        let found = match format {
            TableFormat::Csv => declared(bytes)
                .unwrap_or(Separation { delimiter: most_frequent(bytes), before_header: 0 }),
            _ => Separation { delimiter, before_header: 0 },
        };
        Some(Separation { before_header: blank + found.before_header, ..found })
    }

    /// What is to say of a `.csv` in which it is no comma.
    pub(super) fn notice(self, format: TableFormat, place: &Place) -> Option<String> {
        let is_other = format == TableFormat::Csv && self.delimiter != b',';
        is_other.then(|| match self.delimiter {
            b'\t' => format!("{place}: read as separated by tabs"),
            other => format!("{place}: read as separated by `{}`", char::from(other)),
        })
    }
}

/// How many bytes the lines before the first take in which anything stands: spreadsheets write rows
/// of empty cells too.
fn blank_lines(bytes: &[u8]) -> usize {
    let is_blank = |byte: &&u8| matches!(byte, b'\n' | b'\r') || CANDIDATES.contains(byte);
    let blank = bytes.iter().take_while(is_blank).count();
    bytes[..blank].iter().rposition(|&byte| byte == b'\n').map_or(0, |last| last + 1)
}

/// A first line in which a spreadsheet says what it separates cells with.
fn declared(bytes: &[u8]) -> Option<Separation> {
    let line = &bytes[..memchr(b'\n', bytes)?];
    let (name, sign) = line.strip_suffix(b"\r").unwrap_or(line).split_at_checked("sep=".len())?;
    let &[delimiter] = sign else { return None };
    let is_sign = delimiter == b'\t' || delimiter.is_ascii_punctuation() && delimiter != b'"';
    let is_declared = name.eq_ignore_ascii_case(b"sep=") && is_sign;
    is_declared.then_some(Separation { delimiter, before_header: line.len() + 1 })
}

fn most_frequent(bytes: &[u8]) -> u8 {
    let mut counts = [0_usize; CANDIDATES.len()];
    let (mut at, mut opens_cell) = (0, true);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\n' | b'\r' => break,
            b'"' if opens_cell => match closing_quote(bytes, at) {
                Some(closed) => at = closed,
                None => break,
            },
            _ => {}
        }
        let candidate = CANDIDATES.iter().position(|&candidate| candidate == byte);
        opens_cell = candidate.is_some();
        if let Some(candidate) = candidate {
            counts[candidate] += 1;
        }
        at += 1;
    }
    let first_of_most = (0..counts.len()).rev().max_by_key(|&candidate| counts[candidate]);
    CANDIDATES[first_of_most.unwrap_or(0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_shows_what_separates_cells() {
        let found = |text: &str| {
            let separation = Separation::of(TableFormat::Csv, text.as_bytes()).unwrap();
            (char::from(separation.delimiter), separation.before_header)
        };
        assert_eq!(found("id,text\n1;2;3;4"), (',', 0));
        assert_eq!(found("id;text, whole;labels\r\n"), (';', 0));
        assert_eq!(found("id\ttext"), ('\t', 0));
        assert_eq!(found("text"), (',', 0));
        assert_eq!(found(""), (',', 0));
        assert_eq!(found("a,b;c"), (',', 0));
        assert_eq!(found("\"a;b;\"\"\n;\",text"), (',', 0));
        assert_eq!(found("\"a,b,\";text\n"), (';', 0));
        assert_eq!(found("\"never closed;a;b"), (',', 0));
        assert_eq!(found("sep=;\r\nid,text"), (';', 7));
        assert_eq!(found("SEP=\t\nid"), ('\t', 6));
        assert_eq!(found("sep=;"), (';', 0));
        assert_eq!(found("sep=ab\nid"), (',', 0));
    }
}
