//! A table that grows beside its target and survives the end of the program.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::compression::{Compression, Compressor};
use super::journal::{Checkpoint, Journal, Run};
use super::output::AtomicFile;
use super::skip::Tally;
use crate::error::{Error, Place, Result};

/// A table on its way to a file that appears only when it is complete.
///
/// `tagged.csv` grows in `.tagged.csv.part`; `.tagged.csv.progress` says from where another run can
/// go on. What is written between two checkpoints is a unit: compressed data end there and begin
/// anew, so that what follows can be cut off. While a run writes it holds a lock, which the system
/// takes back however the run ends. Dropped before [`Spool::finish`], a spool leaves nothing behind,
/// unless [`Spool::keep`] was called.
pub struct Spool {
    target: PathBuf,
    path: PathBuf,
    /// Holds the lock.
    file: File,
    compression: Option<Compression>,
    /// What is being written; nothing right behind a checkpoint.
    unit: Option<Compressor<File>>,
    journal: Journal,
    last: Checkpoint,
    /// What became of the input since then.
    since: Tally,
    /// Whether the files stay as they are when this is dropped.
    stays: bool,
}

impl Spool {
    /// Begins a table anew. What is written is compressed if the target ends in `.gz` or `.zst`.
    ///
    /// # Errors
    ///
    /// When another run writes this table, and when the folder is missing or cannot be written.
    pub fn create(target: &Path, run: Run) -> Result<Self> {
        let path = beside(target, "part");
        let file = open_alone(target, &path)?;
        Self::begin(target, path, file, run)
    }

    /// Goes on with a table where an earlier run stopped; [`Spool::pieces`] says how far it came, and
    /// what became of that input is handed back. Begins anew where there is nothing to go on with.
    ///
    /// # Errors
    ///
    /// Those of [`Spool::create`]; also when the earlier run was another one.
    pub fn resume(target: &Path, run: Run) -> Result<(Self, Tally)> {
        let (path, journal) = (beside(target, "part"), beside(target, "progress"));
        let mut file = open_alone(target, &path)?;
        let fail = |source| Error::io(target, "write", source);
        let written = file.metadata().map_err(fail)?.len();
        let Some(mut told) = Journal::read(&journal, written).map_err(fail)? else {
            return Ok((Self::begin(target, path, file, run)?, Tally::default()));
        };
        check_same(target, &told.run, &run)?;
        let (last, earlier) = (told.last, std::mem::take(&mut told.tally));
        file.set_len(last.bytes).map_err(fail)?;
        file.seek(SeekFrom::End(0)).map_err(fail)?;
        let journal = Journal::go_on(journal, told).map_err(fail)?;
        Ok((Self::at(last, target, path, file, journal), earlier))
    }

    fn begin(target: &Path, path: PathBuf, file: File, run: Run) -> Result<Self> {
        let fail = |source| Error::io(target, "write", source);
        // The journal first, so that it never speaks of bytes of another run.
        let journal = Journal::begin(beside(target, "progress"), run).map_err(fail)?;
        file.set_len(0).map_err(fail)?;
        Ok(Self::at(Checkpoint::default(), target, path, file, journal))
    }

    fn at(last: Checkpoint, target: &Path, path: PathBuf, file: File, journal: Journal) -> Self {
        let (target, compression) = (target.to_owned(), Compression::of_path(target));
        let (unit, since, stays) = (None, Tally::default(), false);
        Spool { target, path, file, compression, unit, journal, last, since, stays }
    }

    /// How many pieces of the input were worked on at the last checkpoint; 0 where there is none.
    pub fn pieces(&self) -> usize {
        self.last.pieces
    }

    /// Writes some rows.
    ///
    /// # Errors
    ///
    /// When the disk is full.
    pub fn write_rows(&mut self, rows: &[u8]) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let written = self.unit().and_then(|unit| unit.write_all(rows));
        written.map_err(|source| self.fail(source))
    }

    /// Notes what became of some input, whose rows are written.
    pub fn note(&mut self, tally: Tally) {
        self.since.add(tally);
    }

    /// How many skipped items are noted since the last checkpoint.
    pub fn noted(&self) -> usize {
        self.since.skipped.len()
    }

    /// Ends a unit: another run can go on from here, with the input behind the first `pieces`.
    ///
    /// # Errors
    ///
    /// When the disk is full.
    pub fn checkpoint(&mut self, pieces: usize) -> Result<()> {
        let mut add = || {
            self.end_unit()?;
            let checkpoint = Checkpoint { pieces, bytes: self.file.stream_position()? };
            self.journal.add(checkpoint, &std::mem::take(&mut self.since))?;
            self.last = checkpoint;
            Ok(())
        };
        add().map_err(|source| self.fail(source))
    }

    /// Flushes to disk and gives the file its name.
    ///
    /// # Errors
    ///
    /// When the disk is full or the rename fails.
    pub fn finish(&mut self) -> Result<()> {
        let mut finish = || {
            if self.unit.is_none() && self.file.stream_position()? == 0 {
                // Compressed data of nothing are some bytes too.
                self.unit()?;
            }
            self.end_unit()?;
            self.file.sync_all()?;
            std::fs::rename(&self.path, &self.target)?;
            self.stays = true;
            self.journal.remove()
        };
        finish().map_err(|source| self.fail(source))
    }

    /// Makes the file of what was written, where that is not the file itself: `build` reads the one and
    /// writes the other.
    ///
    /// # Errors
    ///
    /// When the disk is full or the rename fails.
    pub fn finish_by(
        &mut self,
        build: impl FnOnce(&File, AtomicFile) -> io::Result<AtomicFile>,
    ) -> Result<()> {
        self.end_unit().map_err(|source| self.fail(source))?;
        let whole = AtomicFile::create_plain(&self.target)?;
        build(&self.file, whole).map_err(|source| self.fail(source))?.commit()?;
        // What was put together is no longer needed, and goes when this is dropped.
        self.stays = false;
        Ok(())
    }

    /// Leaves what was written for another run to go on with; says whether there is anything.
    pub fn keep(&mut self) -> bool {
        self.stays = self.last.pieces > 0;
        self.stays
    }

    fn unit(&mut self) -> io::Result<&mut Compressor<File>> {
        let unit = match self.unit.take() {
            Some(unit) => unit,
            None => Compressor::new(self.file.try_clone()?, self.compression)?,
        };
        Ok(self.unit.insert(unit))
    }

    fn end_unit(&mut self) -> io::Result<()> {
        self.unit.take().map_or(Ok(()), |unit| unit.finish().map(drop))
    }

    fn fail(&self, source: io::Error) -> Error {
        Error::io(&self.target, "write", source)
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        if !self.stays {
            // Whoever fails here has failed before, and says so.
            let _ = self.journal.remove();
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// The hidden file of a target that ends in this.
fn beside(target: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(".");
    name.push(ending);
    target.with_file_name(name)
}

/// Opens a file that no other run has open. A link could lead to a file that nobody named.
fn open_alone(target: &Path, path: &Path) -> Result<File> {
    let fail = |source| Error::io(target, "write", source);
    for path in [path, &beside(target, "progress")] {
        if std::fs::symlink_metadata(path).is_ok_and(|found| !found.is_file()) {
            let problem = format!("{} stands where its beginning is kept", path.display());
            return Err(Error::data(Place::file(target), problem, "remove it"));
        }
    }
    loop {
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).open(path);
        let file = file.map_err(fail)?;
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            return Err(Error::data(
                Place::file(target),
                "another run is writing this table",
                "wait for it, or name another output",
            ));
        }
        // Any other error says that this file system knows no locks.
        if is_at(&file, path).map_err(fail)? {
            return Ok(file);
        }
        // Whoever had the lock has given the file its name, or removed it.
    }
}

/// Whether an open file is still the one with this name.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    match same_file::Handle::from_path(path) {
        Ok(there) => Ok(there == same_file::Handle::from_file(file.try_clone()?)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Refuses to go on with what another run began.
fn check_same(target: &Path, begun: &Run, run: &Run) -> Result<()> {
    let differs = |name: &&String| begun.get(*name) != run.get(*name);
    match run.keys().chain(begun.keys()).find(differs) {
        None => Ok(()),
        Some(name) => Err(Error::data(
            Place::file(target),
            format!("the run to be resumed differs from this one in its {name}"),
            "run it as it was begun, or without --resume to begin anew",
        )),
    }
}
