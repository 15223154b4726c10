//! Files and standard input, expanded where they are compressed.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use memchr::memchr_iter;

use super::compression::{Compression, expand, expand_whole};
use crate::error::{Error, Place, Result};

/// About so many bytes make a piece: enough to keep a thread busy for some milliseconds, few enough
/// that memory does not matter.
pub(super) const PIECE_BYTES: usize = 1 << 19;

/// A paragraph or a table's row of more bytes is refused: it is no text that people wrote.
pub(super) const LONGEST: usize = 64 << 20;

/// A stream may expand without end up to here.
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

/// Bytes read ahead of what was taken.
pub(super) struct ReadAhead {
    pub(super) place: Place,
    reader: Box<dyn Read + Send>,
    pub(super) bytes: Vec<u8>,
    /// Whether `bytes` is all that is left.
    pub(super) at_end: bool,
    /// The line that `bytes` begins in, from 1.
    pub(super) line: u64,
}

impl ReadAhead {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let reader = open(path)
            .and_then(|reader| expand(reader, Compression::of_path(path), FREE_STREAM))
            .map_err(|error| Error::io(path, "read", error))?;
        let place = Place::input(path);
        Ok(ReadAhead { place, reader, bytes: Vec::new(), at_end: false, line: 1 })
    }

    /// Reads until there are `wanted` bytes or the end is reached.
    pub(super) fn fill(&mut self, path: &Path, wanted: usize) -> Result<()> {
        while !self.at_end && self.bytes.len() < wanted {
            let missing = wanted - self.bytes.len();
            self.bytes.reserve(missing);
            let read = self.reader.by_ref().take(missing as u64).read_to_end(&mut self.bytes);
            self.at_end = read.map_err(|error| Error::io(path, "read", error))? == 0;
        }
        Ok(())
    }

    /// Takes the first bytes off.
    pub(super) fn take(&mut self, length: usize) -> Vec<u8> {
        let rest = self.bytes.split_off(length);
        let taken = std::mem::replace(&mut self.bytes, rest);
        self.line += memchr_iter(b'\n', &taken).count() as u64;
        taken
    }
}
