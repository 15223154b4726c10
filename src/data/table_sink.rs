//! Where the rows of a table of any length go, whatever its format.

use std::io::{self, Write};
use std::path::Path;

use super::output::RowFormat;
#[cfg(feature = "parquet")]
use super::parquet::Units;

/// Takes the rows of a table in their order, some at a time.
///
/// Lines are written as they come. Of Parquet, what comes are units, which wait in a temporary file
/// and are put together at the end.
pub struct TableSink<W> {
    writer: W,
    /// Written with the first rows: where these cannot be read, nothing is.
    header: Vec<u8>,
    #[cfg(feature = "parquet")]
    units: Option<Units>,
}

impl<W: Write + Send> TableSink<W> {
    /// A table that goes to `writer`.
    pub fn new(writer: W) -> Self {
        TableSink {
            writer,
            header: Vec::new(),
            #[cfg(feature = "parquet")]
            units: None,
        }
    }

    /// Says how rows are written, before the first. A temporary file is made in `folder`, where one
    /// is needed; without a folder, where the system has such files.
    ///
    /// # Errors
    ///
    /// When a temporary file cannot be made.
    #[cfg_attr(
        not(feature = "parquet"),
        expect(unused_variables, reason = "it needs no such file")
    )]
    pub fn begin(&mut self, format: &RowFormat, folder: Option<&Path>) -> io::Result<()> {
        self.header = format.header();
        #[cfg(feature = "parquet")]
        if format.is_in_units() {
            self.units = Some(Units::new(format.clone(), folder)?);
        }
        Ok(())
    }

    /// Writes rows as [`Rows::finish`](super::Rows::finish) gives them.
    ///
    /// # Errors
    ///
    /// When the disk is full, or nobody reads the output any more.
    pub fn write(&mut self, rows: &[u8]) -> io::Result<()> {
        #[cfg(feature = "parquet")]
        if let Some(units) = &mut self.units {
            return units.add(rows);
        }
        self.writer.write_all(&std::mem::take(&mut self.header))?;
        self.writer.write_all(rows)
    }

    /// Ends the table and hands back what it was written to.
    ///
    /// # Errors
    ///
    /// As [`TableSink::write`].
    pub fn finish(mut self) -> io::Result<W> {
        #[cfg(feature = "parquet")]
        if let Some(units) = self.units {
            return units.assemble(self.writer);
        }
        self.writer.write_all(&self.header)?;
        Ok(self.writer)
    }
}
