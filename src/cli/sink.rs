//! Where a table goes: standard output, a file that is written in one go, or one that a later run
//! can go on with.

use std::io::{self, BufWriter, Stdout, Write};
use std::num::NonZero;
use std::path::{Path, PathBuf};

use framescope::data::{AtomicFile, Run, Spool};
use framescope::error::{Error, ErrorKind};

use super::Failure;
use super::signals::Signals;

/// Takes rows, some for each piece of the input.
pub(super) enum Sink {
    Stdout(BufWriter<Stdout>),
    File(AtomicFile, PathBuf),
    Spool(Box<Checkpoints>),
}

/// A table with a checkpoint every so many pieces.
pub(super) struct Checkpoints {
    spool: Spool,
    every: NonZero<usize>,
    /// How many pieces of the input an earlier run did.
    passed: usize,
    /// How many there were so far, with those.
    pieces: usize,
    signals: Signals,
}

impl Sink {
    pub(super) fn stdout() -> Self {
        // The handle is not locked: rows are written by whichever thread has them.
        Sink::Stdout(BufWriter::with_capacity(1 << 16, io::stdout()))
    }

    pub(super) fn file(path: &Path) -> Result<Self, Failure> {
        Ok(Sink::File(AtomicFile::create(path)?, path.to_owned()))
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
        let spool = match resume {
            true => Spool::resume(path, run)?,
            false => Spool::create(path, run)?,
        };
        let (passed, pieces) = (spool.pieces(), 0);
        Ok(Sink::Spool(Box::new(Checkpoints { spool, every, passed, pieces, signals })))
    }

    /// How many pieces of the input an earlier run did.
    pub(super) fn passed(&self) -> usize {
        match self {
            Sink::Spool(checkpoints) => checkpoints.passed,
            _ => 0,
        }
    }

    pub(super) fn write(&mut self, rows: &[u8]) -> Result<(), Failure> {
        match self {
            Sink::Stdout(stdout) => Ok(stdout.write_all(rows)?),
            Sink::File(file, path) => file.write_all(rows).map_err(|source| {
                let (path, action) = (path.clone(), "write");
                Error::from(ErrorKind::Io { path, action, source }).into()
            }),
            Sink::Spool(checkpoints) => Ok(checkpoints.spool.write_rows(rows)?),
        }
    }

    /// All rows of a piece are written.
    pub(super) fn end_piece(&mut self) -> Result<(), Failure> {
        let Sink::Spool(checkpoints) = self else { return Ok(()) };
        let Checkpoints { spool, every, passed, pieces, signals } = &mut **checkpoints;
        *pieces += 1;
        if pieces > passed && pieces.is_multiple_of(every.get()) {
            spool.checkpoint(*pieces)?;
        }
        signals.noted().map_or(Ok(()), |signal| Err(Failure::Interrupted(signal)))
    }

    /// Completes the table, or leaves what was written of it where that is of use.
    pub(super) fn close(self, written: Result<(), Failure>) -> Result<(), Failure> {
        match self {
            Sink::Stdout(mut stdout) => Ok(written.and_then(|()| Ok(stdout.flush()?))?),
            Sink::File(file, _) => Ok(written.and_then(|()| Ok(file.commit()?))?),
            Sink::Spool(mut checkpoints) => {
                let spool = &mut checkpoints.spool;
                let finished = written.and_then(|()| Ok(spool.finish()?));
                finished.map_err(|failure| match failure.may_pass() && spool.keep() {
                    true => Failure::Resumable(Box::new(failure)),
                    false => failure,
                })
            }
        }
    }
}
