//! Where a table goes: standard output, a file that is written in one go, or one that a later run
//! can go on with.

use std::io::{self, BufWriter, Stdout, Write};
use std::num::NonZero;
use std::path::{Path, PathBuf};

use framescope::data::{AtomicFile, RowFormat, Run, Spool, TableSink, Tally};
use framescope::error::{Error, ErrorKind};

use super::Failure;
use super::signals::Signals;

/// So many skipped items are held in memory; then there is a checkpoint, wherever that is.
const MOST_NOTED: usize = 10_000;

/// Takes rows, some for each piece of the input.
pub(super) enum Sink {
    Stdout(TableSink<BufWriter<Stdout>>),
    File(TableSink<AtomicFile>, PathBuf),
    Spool(Box<Checkpoints>),
}

/// A table with a checkpoint every so many pieces.
pub(super) struct Checkpoints {
    spool: Spool,
    every: NonZero<usize>,
    /// How many pieces of the input an earlier run did.
    passed: usize,
    /// What became of these.
    earlier: Tally,
    /// How many there were so far, with those.
    pieces: usize,
    signals: Signals,
    /// Written with the first rows: where these cannot be read, nothing is.
    header: Vec<u8>,
    /// How rows are written, where they are units that are put together at the end.
    units: Option<RowFormat>,
}

impl Sink {
    pub(super) fn stdout() -> Self {
        // The handle is not locked: rows are written by whichever thread has them.
        Sink::Stdout(TableSink::new(BufWriter::with_capacity(1 << 16, io::stdout())))
    }

    pub(super) fn file(path: &Path) -> Result<Self, Failure> {
        Ok(Sink::File(TableSink::new(AtomicFile::create(path)?), path.to_owned()))
    }

    /// A table that can be gone on with, anew or where it stopped.
    pub(super) fn spool(
        path: &Path,
        run: Run,
        resume: bool,
        every: NonZero<usize>,
    ) -> Result<Self, Failure> {
        // From here on there is something to clear away.
        let signals = Signals::note();
        let (spool, earlier) = match resume {
            true => Spool::resume(path, run)?,
            false => (Spool::create(path, run)?, Tally::default()),
        };
        let (passed, pieces) = (spool.pieces(), 0);
        let (header, units) = (Vec::new(), None);
        Ok(Sink::Spool(Box::new(Checkpoints {
            spool,
            every,
            passed,
            earlier,
            pieces,
            signals,
            header,
            units,
        })))
    }

    /// Says how rows are written, before the first.
    pub(super) fn begin(&mut self, format: &RowFormat) -> Result<(), Failure> {
        match self {
            Sink::Stdout(table) => Ok(table.begin(format, None)?),
            Sink::File(table, path) => {
                let folder = match path.parent() {
                    Some(folder) if !folder.as_os_str().is_empty() => folder,
                    _ => Path::new("."),
                };
                table.begin(format, Some(folder)).map_err(|source| write_error(path, source))
            }
            Sink::Spool(checkpoints) => {
                checkpoints.units = format.is_in_units().then(|| format.clone());
                if checkpoints.passed == 0 {
                    checkpoints.header = format.header();
                }
                Ok(())
            }
        }
    }

    /// How many pieces of the input an earlier run did.
    pub(super) fn passed(&self) -> usize {
        match self {
            Sink::Spool(checkpoints) => checkpoints.passed,
            _ => 0,
        }
    }

    /// What became of these, beside their rows; taken once.
    pub(super) fn earlier(&mut self) -> Tally {
        match self {
            Sink::Spool(checkpoints) => std::mem::take(&mut checkpoints.earlier),
            _ => Tally::default(),
        }
    }

    pub(super) fn write(&mut self, rows: &[u8]) -> Result<(), Failure> {
        match self {
            Sink::Stdout(table) => Ok(table.write(rows)?),
            Sink::File(table, path) => {
                table.write(rows).map_err(|source| write_error(path, source))
            }
            Sink::Spool(checkpoints) => checkpoints.write(rows),
        }
    }

    /// All rows of a piece are written; the `tally` says what else became of it.
    pub(super) fn end_piece(&mut self, tally: Tally) -> Result<(), Failure> {
        let Sink::Spool(checkpoints) = self else { return Ok(()) };
        let Checkpoints { spool, every, passed, pieces, signals, .. } = &mut **checkpoints;
        *pieces += 1;
        spool.note(tally);
        let is_due = pieces.is_multiple_of(every.get()) || spool.noted() > MOST_NOTED;
        if pieces > passed && is_due {
            spool.checkpoint(*pieces)?;
        }
        signals.noted().map_or(Ok(()), |signal| Err(Failure::Interrupted(signal)))
    }

    /// Completes the table, or leaves what was written of it where that is of use.
    pub(super) fn close(self, written: Result<(), Failure>) -> Result<(), Failure> {
        match self {
            Sink::Stdout(table) => {
                written?;
                Ok(table.finish()?.flush()?)
            }
            Sink::File(table, path) => {
                written?;
                let file = table.finish().map_err(|source| write_error(&path, source))?;
                Ok(file.commit()?)
            }
            Sink::Spool(mut checkpoints) => {
                let finished = written.and_then(|()| checkpoints.finish());
                let spool = &mut checkpoints.spool;
                finished.map_err(|failure| match failure.may_pass() && spool.keep() {
                    true => Failure::Resumable(Box::new(failure)),
                    false => failure,
                })
            }
        }
    }
}

impl Checkpoints {
    fn write(&mut self, rows: &[u8]) -> Result<(), Failure> {
        #[cfg(feature = "parquet")]
        if self.units.is_some() {
            return Ok(self.spool.write_rows(&framescope::data::framed_unit(rows))?);
        }
        self.spool.write_rows(&std::mem::take(&mut self.header))?;
        Ok(self.spool.write_rows(rows)?)
    }

    fn finish(&mut self) -> Result<(), Failure> {
        #[cfg(feature = "parquet")]
        if let Some(format) = &self.units {
            let assemble = framescope::data::assemble_framed;
            return Ok(self.spool.finish_by(|units, to| assemble(format, units, to))?);
        }
        self.spool.write_rows(&std::mem::take(&mut self.header))?;
        Ok(self.spool.finish()?)
    }
}

fn write_error(path: &Path, source: io::Error) -> Failure {
    Error::from(ErrorKind::Io { path: path.to_owned(), action: "write", source }).into()
}
