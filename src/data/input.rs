//! Files and standard input, expanded where they are compressed.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use encoding_rs::{Encoding, UTF_8};
use memchr::{memchr, memchr_iter};

use super::compression::{Compression, expand, expand_whole};
use super::encoding::{Converter, detect};
use super::reading::Reading;
use super::skip::OnError;
use crate::error::{Error, Place, Result};

/// About so many bytes make a piece: enough to keep a thread busy for some milliseconds, few enough
/// that memory does not matter.
pub(super) const PIECE_BYTES: usize = 1 << 19;

/// A paragraph or a table's row of more bytes is refused: it is no text that people wrote.
pub(super) const LONGEST: usize = 64 << 20;

/// Up to here a stream may expand as it likes; what is read as a whole, up to [`LONGEST`].
const FREE_STREAM: u64 = 1 << 30;

/// Opens a file, or standard input by the name `-`.
fn open(path: &Path) -> io::Result<Box<dyn Read + Send>> {
    Ok(match path == Path::new("-") {
        true => Box::new(io::stdin()),
        false => Box::new(File::open(path)?),
    })
}

/// Reads a whole file into a buffer that can be used again for the next.
pub(super) fn read_whole(path: &Path, buffer: &mut Vec<u8>) -> Result<()> {
    buffer.clear();
    let mut read = || {
        // Whoever reads a file as a whole is told its size first; where the buffer is there already
        // that is a call of the system for nothing.
        open(path)?.take(u64::MAX).read_to_end(buffer)?;
        expand_whole(buffer, Compression::of_path(path), LONGEST as u64)
    };
    read().map_err(|error| Error::io(path, "read", error))
}

/// Converts a whole text to UTF-8, where it is in something else. `declared`: the encoding that it
/// says itself it is in.
pub(super) fn convert_whole(
    path: &Path,
    reading: &Reading,
    declared: Option<&'static Encoding>,
    bytes: &mut Vec<u8>,
) -> Result<()> {
    check_is_text(bytes, &Place::input(path))?;
    let encoding = match reading.encoding {
        Some(encoding) => Some(encoding).filter(|&encoding| encoding != UTF_8),
        None => {
            let is_utf8 = simdutf8::basic::from_utf8(bytes).is_ok();
            let declared = declared.filter(|_| !is_utf8 && Encoding::for_bom(bytes).is_none());
            // Zeros are UTF-8 as well, but never meant to be.
            let is_plain = is_utf8 && memchr(0, bytes).is_none();
            declared
                .or_else(|| if is_plain { None } else { detect(bytes, true, true) })
                .inspect(|encoding| reading.note_encoding(&Place::input(path), encoding))
        }
    };
    let Some(encoding) = encoding else { return Ok(()) };
    let mut converter = Converter::new(encoding, true);
    let raw = std::mem::take(bytes);
    match converter.convert(&raw, true, bytes) {
        true => Ok(()),
        false => {
            let line = memchr_iter(b'\n', bytes).count() as u64 + 1;
            Err(undecodable(Place::input(path).line(line), &converter))
        }
    }
}

fn undecodable(place: Place, converter: &Converter) -> Error {
    let problem = format!("there are bytes that are not {}", converter.name());
    Error::data(place, problem, "name the encoding with --encoding, or save the file as UTF-8")
}

/// How files of other programs begin, some of which would pass for text.
const FOREIGN: [(&[u8], &str); 4] = [
    (b"%PDF-", "a PDF"),
    (b"{\\rtf", "rich text"),
    (b"PK\x03\x04", "an archive, as .docx and .xlsx are"),
    (b"\xd0\xcf\x11\xe0", "an old office file, as .doc and .xls are"),
];

/// Refuses what is no text, whatever its name says.
pub(super) fn check_is_text(bytes: &[u8], place: &Place) -> Result<()> {
    match FOREIGN.iter().find(|(start, _)| bytes.starts_with(start)) {
        None => Ok(()),
        Some((_, what)) => {
            let remedy = "save it as text, tables as CSV";
            Err(Error::data(place.clone(), format!("this is {what}"), remedy))
        }
    }
}

/// What the bytes of a file turned out to be.
enum Coding {
    /// ASCII so far, which is the same in nearly all encodings.
    Ascii,
    /// UTF-8, unless whoever decodes it finds a fault.
    Utf8,
    /// Something else, converted while it is read.
    Other(Converter),
}

/// Whether it is ASCII of which nobody can doubt it.
fn is_plain(bytes: &[u8]) -> bool {
    bytes.is_ascii() && memchr(0, bytes).is_none()
}

/// Bytes of UTF-8 read ahead of what was taken.
pub(super) struct ReadAhead {
    pub(super) place: Place,
    reading: Reading,
    reader: Box<dyn Read + Send>,
    coding: Coding,
    pub(super) bytes: Vec<u8>,
    /// Whether nothing was taken yet.
    is_fresh: bool,
    /// Whether `bytes` is all that is left.
    pub(super) at_end: bool,
    /// The line that `bytes` begins in, from 1.
    pub(super) line: u64,
}

impl fmt::Debug for ReadAhead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadAhead").field("place", &self.place).finish_non_exhaustive()
    }
}

impl ReadAhead {
    pub(super) fn open(path: &Path, reading: &Reading) -> Result<Self> {
        let reader = open(path)
            .and_then(|reader| expand(reader, Compression::of_path(path), FREE_STREAM))
            .map_err(|error| Error::io(path, "read", error))?;
        let coding = match reading.encoding {
            None => Coding::Ascii,
            Some(encoding) if encoding == UTF_8 => Coding::Utf8,
            Some(other) => Coding::Other(Converter::new(other, true)),
        };
        let (place, reading) = (Place::input(path), reading.clone());
        let bytes = Vec::new();
        let (is_fresh, at_end) = (true, false);
        Ok(ReadAhead { place, reading, reader, coding, bytes, is_fresh, at_end, line: 1 })
    }

    /// Reads until there are `wanted` bytes or the end is reached.
    pub(super) fn fill(&mut self, path: &Path, wanted: usize) -> Result<()> {
        let before = self.bytes.len();
        while !self.at_end && self.bytes.len() < wanted {
            let missing = wanted - self.bytes.len();
            let mut raw = match self.coding {
                Coding::Other(_) => Vec::new(),
                _ => std::mem::take(&mut self.bytes),
            };
            raw.reserve(missing);
            let read = self.reader.by_ref().take(missing as u64).read_to_end(&mut raw);
            self.at_end = matches!(read, Ok(0));
            match self.coding {
                Coding::Other(_) => self.convert(&raw)?,
                // What was read before a fault may be in another encoding, not found out yet.
                Coding::Ascii if read.is_err() => {
                    self.bytes = raw;
                    let ascii = self.bytes[before..].iter().take_while(|byte| byte.is_ascii());
                    self.bytes.truncate(before + ascii.count());
                }
                _ => self.bytes = raw,
            }
            read.map_err(|error| Error::io(path, "read", error))?;
        }
        if before == 0 && self.is_fresh {
            check_is_text(&self.bytes, &self.place)?;
        }
        match self.coding {
            Coding::Ascii if !is_plain(&self.bytes[before..]) => self.settle(path, before, wanted),
            _ => Ok(()),
        }
    }

    /// Finds out what the text is in, now that it is no longer ASCII from `start` on.
    fn settle(&mut self, path: &Path, start: usize, wanted: usize) -> Result<()> {
        let at_start = start == 0 && self.is_fresh;
        let Some(encoding) = detect(&self.bytes[start..], at_start, self.at_end) else {
            self.coding = Coding::Utf8;
            return Ok(());
        };
        self.reading.note_encoding(&self.place, encoding);
        self.coding = Coding::Other(Converter::new(encoding, at_start));
        let raw = self.bytes.split_off(start);
        self.convert(&raw)?;
        self.fill(path, wanted)
    }

    fn convert(&mut self, raw: &[u8]) -> Result<()> {
        let Coding::Other(converter) = &mut self.coding else { return Ok(()) };
        match converter.convert(raw, self.at_end, &mut self.bytes) {
            true => Ok(()),
            false => {
                let breaks = memchr_iter(b'\n', &self.bytes).count() as u64;
                Err(undecodable(self.place.line(self.line + breaks), converter))
            }
        }
    }

    /// What becomes of faults in it.
    pub(super) fn on_error(&self) -> OnError {
        self.reading.on_error
    }

    /// The line behind the first bytes.
    pub(super) fn line_behind(&self, length: usize) -> u64 {
        self.line + memchr_iter(b'\n', &self.bytes[..length]).count() as u64
    }

    /// Takes the first bytes off.
    pub(super) fn take(&mut self, length: usize) -> Vec<u8> {
        self.is_fresh = false;
        self.line = self.line_behind(length);
        let rest = self.bytes.split_off(length);
        std::mem::replace(&mut self.bytes, rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn streams_and_whole_files_read_any_bytes_alike(
            mark in prop::sample::select(vec![&b""[..], b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf"]),
            parts in prop::collection::vec(("[a-z\n ]{0,9}", prop::collection::vec(0_u8.., 0..6)), 0..9),
        ) {
            let parts = parts.into_iter().flat_map(|(text, bytes)| [text.into_bytes(), bytes].concat());
            let raw: Vec<u8> = mark.iter().copied().chain(parts).collect();
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), &raw).unwrap();
            let (reading, mut whole) = (Reading::default(), raw);
            let converted = convert_whole(file.path(), &reading, None, &mut whole);
            let streamed = ReadAhead::open(file.path(), &reading)
                .and_then(|mut input| input.fill(file.path(), PIECE_BYTES).map(|()| input.bytes));
            match (converted, streamed) {
                (Ok(()), Ok(streamed)) => prop_assert_eq!(whole, streamed),
                (Err(whole), Err(streamed)) => prop_assert_eq!(whole.to_string(), streamed.to_string()),
                // Compressed data, which only the stream looks for here.
                (_, streamed) => prop_assert!(streamed.unwrap_err().to_string().contains("data")),
            }
            prop_assert!(reading.notices().len() <= 1);
        }
    }
}
