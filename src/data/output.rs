//! Writing: tables in several formats, and files that appear whole or not at all.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::error::{Error, Result};

/// A table format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableFormat {
    /// Comma-separated, RFC 4180, with a header.
    Csv,
    /// Tab-separated, with a header.
    Tsv,
    /// A JSON object a line.
    Jsonl,
}

impl TableFormat {
    /// The format that a file's ending says.
    pub fn of_path(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "csv" => Some(TableFormat::Csv),
            "tsv" => Some(TableFormat::Tsv),
            "jsonl" => Some(TableFormat::Jsonl),
            _ => None,
        }
    }
}

/// Writes rows of JSON values as a table.
pub struct TableWriter<W: Write> {
    header: Vec<String>,
    sink: Sink<W>,
}

enum Sink<W: Write> {
    Separated(Box<csv::Writer<W>>),
    JsonLines(W),
}

impl<W: Write> TableWriter<W> {
    /// Starts a table by writing its header, where the format has one.
    ///
    /// # Errors
    ///
    /// Those of the writer.
    pub fn new(writer: W, format: TableFormat, header: Vec<String>) -> io::Result<Self> {
        let delimiter = match format {
            TableFormat::Tsv => b'\t',
            _ => b',',
        };
        let sink = match format {
            TableFormat::Jsonl => Sink::JsonLines(writer),
            TableFormat::Csv | TableFormat::Tsv => {
                let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(writer);
                writer.write_record(&header).map_err(io_error)?;
                Sink::Separated(Box::new(writer))
            }
        };
        Ok(TableWriter { header, sink })
    }

    /// Writes a row: one value a column. In separated formats `null` is an empty cell and a list
    /// of strings is joined with `|`.
    ///
    /// # Errors
    ///
    /// Those of the writer.
    pub fn write(&mut self, row: Vec<Value>) -> io::Result<()> {
        debug_assert_eq!(row.len(), self.header.len());
        match &mut self.sink {
            Sink::Separated(writer) => {
                for value in &row {
                    let written = match value {
                        Value::String(text) => writer.write_field(text),
                        Value::Null => writer.write_field(""),
                        other => writer.write_field(other.to_string()),
                    };
                    written.map_err(io_error)?;
                }
                writer.write_record(None::<&[u8]>).map_err(io_error)?;
            }
            Sink::JsonLines(writer) => {
                let object: serde_json::Map<String, Value> =
                    self.header.iter().cloned().zip(row).collect();
                serde_json::to_writer(&mut *writer, &object)?;
                writer.write_all(b"\n")?;
            }
        }
        Ok(())
    }

    /// Flushes and gives the writer back.
    ///
    /// # Errors
    ///
    /// Those of the writer.
    pub fn finish(self) -> io::Result<W> {
        match self.sink {
            Sink::Separated(writer) => writer.into_inner().map_err(|error| error.into_error()),
            Sink::JsonLines(mut writer) => {
                writer.flush()?;
                Ok(writer)
            }
        }
    }
}

/// The error underneath, with its kind: a closed pipe must stay one.
fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// A file that appears under its name only when it is complete.
///
/// Bytes go to a temporary file in the same folder, which [`AtomicFile::commit`] renames. Dropped
/// before, it leaves nothing behind. A target that is no regular file (a pipe, `/dev/null`) is
/// written directly.
pub struct AtomicFile {
    path: PathBuf,
    target: Target,
}

enum Target {
    Temporary(BufWriter<tempfile::NamedTempFile>),
    Direct(BufWriter<std::fs::File>),
}

impl AtomicFile {
    /// Opens the temporary file, so that a place that cannot be written shows before the work.
    ///
    /// # Errors
    ///
    /// When the folder is missing or cannot be written.
    pub fn create(path: &Path) -> Result<Self> {
        let fail = |source| Error::io(path, "write", source);
        let target = match std::fs::metadata(path) {
            Ok(found) if found.is_dir() => {
                return Err(fail(io::Error::other("it is a folder; name a file in it")));
            }
            Ok(found) if !found.is_file() => {
                let file = std::fs::OpenOptions::new().write(true).open(path).map_err(fail)?;
                Target::Direct(BufWriter::new(file))
            }
            _ => {
                let folder = match path.parent() {
                    Some(parent) if !parent.as_os_str().is_empty() => parent,
                    _ => Path::new("."),
                };
                let file = temporary_in(folder).map_err(fail)?;
                Target::Temporary(BufWriter::with_capacity(1 << 16, file))
            }
        };
        Ok(AtomicFile { path: path.to_owned(), target })
    }

    /// Flushes to disk and gives the file its name.
    ///
    /// # Errors
    ///
    /// When the disk is full or the rename fails.
    pub fn commit(self) -> Result<()> {
        let path = self.path;
        let fail = |source| Error::io(&path, "write", source);
        match self.target {
            Target::Direct(mut writer) => writer.flush().map_err(fail),
            Target::Temporary(writer) => {
                let file = writer.into_inner().map_err(|error| fail(error.into_error()))?;
                file.as_file().sync_all().map_err(fail)?;
                file.persist(&path).map_err(|error| fail(error.error))?;
                Ok(())
            }
        }
    }
}

fn temporary_in(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".framescope-").suffix(".part");
    #[cfg(unix)]
    {
        // The rights a new file of this user gets, not the private ones of a temporary file.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    // The error of the crate names the temporary file, which is no help to anyone.
    builder.tempfile_in(folder).map_err(|error| io::Error::from(error.kind()))
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.target {
            Target::Temporary(writer) => writer.write(bytes),
            Target::Direct(writer) => writer.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.target {
            Target::Temporary(writer) => writer.flush(),
            Target::Direct(writer) => writer.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_appears_only_when_committed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        let mut file = AtomicFile::create(&path).unwrap();
        file.write_all(b"half").unwrap();
        assert!(!path.exists());
        drop(file);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);

        let mut file = AtomicFile::create(&path).unwrap();
        file.write_all(b"whole").unwrap();
        file.commit().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"whole");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn rows_are_written_in_each_format() {
        let write = |format| {
            let header = vec!["id".to_owned(), "p".to_owned(), "x".to_owned()];
            let mut writer = TableWriter::new(Vec::new(), format, header).unwrap();
            writer.write(vec!["a,b".into(), 0.5.into(), Value::Null]).unwrap();
            String::from_utf8(writer.finish().unwrap()).unwrap()
        };
        assert_eq!(write(TableFormat::Csv), "id,p,x\n\"a,b\",0.5,\n");
        assert_eq!(write(TableFormat::Tsv), "id\tp\tx\na,b\t0.5\t\n");
        assert_eq!(write(TableFormat::Jsonl), "{\"id\":\"a,b\",\"p\":0.5,\"x\":null}\n");
    }
}
