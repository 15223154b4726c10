//! Units that wait in a file until they are put together.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::unit::assemble;
use crate::data::output::RowFormat;

/// The units of a table, in order, in a file.
pub(in crate::data) struct Units {
    format: RowFormat,
    file: File,
}

impl Units {
    /// Makes the file, in `folder` where there is one; it has no name and vanishes by itself.
    pub(in crate::data) fn new(format: RowFormat, folder: Option<&Path>) -> io::Result<Self> {
        let file = match folder {
            Some(folder) => tempfile::tempfile_in(folder)?,
            None => tempfile::tempfile()?,
        };
        Ok(Units { format, file })
    }

    /// Adds a unit.
    pub(in crate::data) fn add(&mut self, unit: &[u8]) -> io::Result<()> {
        self.file.write_all(&framed_unit(unit))
    }

    /// Writes the table that they make up.
    pub(in crate::data) fn assemble<W: Write + Send>(self, to: W) -> io::Result<W> {
        assemble_framed(&self.format, &self.file, to)
    }
}

/// A unit as it stands in a file of units: its length before it.
pub fn framed_unit(unit: &[u8]) -> Vec<u8> {
    [&(unit.len() as u64).to_le_bytes(), unit].concat()
}

/// Puts the units of a file together, each with its length before it ([`framed_unit`]), to one table.
///
/// # Errors
///
/// When they cannot be read, or the table cannot be written.
pub fn assemble_framed<W: Write + Send>(format: &RowFormat, file: &File, to: W) -> io::Result<W> {
    let mut reader = file.try_clone()?;
    let end = file.metadata()?.len();
    let (mut at, mut ranges) = (0, Vec::new());
    while at < end {
        let mut length = [0; 8];
        reader.seek(SeekFrom::Start(at))?;
        reader.read_exact(&mut length)?;
        let start = at + length.len() as u64;
        at = start.checked_add(u64::from_le_bytes(length)).ok_or(io::ErrorKind::InvalidData)?;
        ranges.push(start..at);
    }
    assemble(format, file, &ranges, to)
}
