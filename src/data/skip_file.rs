//! The file that lists what was skipped.

use std::fs::File;
use std::io::{self, BufWriter, Seek, Write};
use std::path::{Path, PathBuf};

use super::output::{AtomicFile, RowFormat, TableFormat};
use super::skip::Skipped;
use crate::error::{Error, Result};

/// A table of what was skipped, on its way to a file that appears only when it is complete.
///
/// Until then rows wait in a file without a name, of which nothing is left however the program ends.
pub struct SkipFile {
    path: PathBuf,
    format: RowFormat,
    rows: BufWriter<File>,
}

impl SkipFile {
    /// The columns of the table.
    pub const COLUMNS: [&str; 6] = ["file", "line", "column", "id", "reason", "remedy"];

    /// Begins a list in the format that the path's ending says; one without a row is written too.
    ///
    /// # Errors
    ///
    /// When the ending is of no format of lines, and when the folder is missing or cannot be written.
    pub fn create(path: &Path) -> Result<Self> {
        let format = match TableFormat::of_path(path) {
            Some(format) => format,
            // A pipe or a device has no ending to go by.
            None if path.exists() && !path.is_file() => TableFormat::Csv,
            None => return Err(unknown_format(path)),
        };
        let format = RowFormat::new(format, Self::COLUMNS.map(str::to_owned).to_vec());
        if format.is_in_units() {
            return Err(unknown_format(path));
        }
        let begin = || {
            let mut rows = BufWriter::new(nameless(path)?);
            rows.write_all(&format.header())?;
            Ok(rows)
        };
        let rows = begin().map_err(|error| Error::io(path, "write", error))?;
        Ok(SkipFile { path: path.to_owned(), format, rows })
    }

    /// Where the list will be.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a row.
    ///
    /// # Errors
    ///
    /// When the disk is full.
    pub fn add(&mut self, skipped: &Skipped) -> Result<()> {
        let mut row = self.format.rows();
        skipped.place.cells().iter().for_each(|cell| row.text(cell));
        row.text(skipped.id.as_deref().unwrap_or_default());
        row.text(&skipped.problem);
        row.text(&skipped.remedy);
        row.end_row();
        self.rows.write_all(&row.finish()).map_err(|error| Error::io(&self.path, "write", error))
    }

    /// Writes the file, compressed if its name ends in `.gz` or `.zst`.
    ///
    /// # Errors
    ///
    /// When the disk is full.
    pub fn commit(self) -> Result<()> {
        let SkipFile { path, rows, .. } = self;
        let mut file = AtomicFile::create(&path)?;
        let copy = || {
            let mut rows = rows.into_inner().map_err(io::IntoInnerError::into_error)?;
            rows.rewind()?;
            io::copy(&mut rows, &mut file)
        };
        copy().map_err(|error| Error::io(&path, "write", error))?;
        file.commit()
    }
}

/// A file without a name, on the disk that the list will be on; of a pipe or a device, anywhere.
fn nameless(path: &Path) -> io::Result<File> {
    match path.parent() {
        _ if path.exists() && !path.is_file() => tempfile::tempfile(),
        Some(folder) if !folder.as_os_str().is_empty() => tempfile::tempfile_in(folder),
        _ => tempfile::tempfile_in("."),
    }
}

fn unknown_format(path: &Path) -> Error {
    let problem =
        format!("no list goes by the ending of {}; use .csv, .tsv or .jsonl", path.display());
    Error::parameter("errors", problem)
}
