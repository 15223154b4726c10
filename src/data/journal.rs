//! How far a table has come, so that another run can go on.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::skip::Tally;

/// All that decides which bytes a run writes, by name: two runs that are alike here write the same.
pub type Run = Map<String, Value>;

/// A point at which what was written can be cut off and gone on with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Checkpoint {
    /// How much of the input was worked on.
    pub(super) pieces: usize,
    /// How much of the table was written.
    pub(super) bytes: u64,
}

/// A line of the journal.
#[derive(Serialize, Deserialize)]
struct Line<T> {
    #[serde(flatten)]
    checkpoint: Checkpoint,
    /// Since the checkpoint before.
    #[serde(flatten)]
    tally: T,
}

/// A file with a line that says what the run is, and a line a checkpoint.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    run: Run,
    /// There is none before the first checkpoint: short runs need none.
    file: Option<File>,
}

/// What a journal tells.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) run: Run,
    pub(super) last: Checkpoint,
    /// What became of the input up to there.
    pub(super) tally: Tally,
    /// The bytes of the journal up to the last checkpoint.
    length: u64,
}

impl Journal {
    /// Begins anew; what was there is forgotten.
    pub(super) fn begin(path: PathBuf, run: Run) -> io::Result<Self> {
        remove(&path)?;
        Ok(Journal { path, run, file: None })
    }

    /// Goes on behind the last checkpoint that was told.
    pub(super) fn go_on(path: PathBuf, told: Told) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).open(&path)?;
        file.set_len(told.length)?;
        Ok(Journal { path, run: told.run, file: Some(file) })
    }

    /// What a journal tells of a table of which `written` bytes are there. `None` where there is no
    /// checkpoint to go back to. A line that was not finished counts for nothing.
    pub(super) fn read(path: &Path, written: u64) -> io::Result<Option<Told>> {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut lines = bytes.split_inclusive(|&byte| byte == b'\n').filter(|l| l.ends_with(b"\n"));
        let first = lines.next().unwrap_or_default();
        let Ok(run) = serde_json::from_slice(first) else { return Ok(None) };
        let (last, tally, length) = Default::default();
        let mut told = Told { run, last, tally, length };
        told.length += first.len() as u64;
        for line in lines {
            match serde_json::from_slice::<Line<Tally>>(line) {
                Ok(Line { checkpoint, tally }) if checkpoint.bytes <= written => {
                    told.last = checkpoint;
                    told.tally.add(tally);
                }
                _ => break,
            }
            told.length += line.len() as u64;
        }
        Ok((told.last.pieces > 0).then_some(told))
    }

    /// Adds a checkpoint and what became of the input since the one before, in one write.
    pub(super) fn add(&mut self, checkpoint: Checkpoint, tally: &Tally) -> io::Result<()> {
        let mut line = serde_json::to_string(&Line { checkpoint, tally })? + "\n";
        let file = match &mut self.file {
            Some(file) => file,
            None => {
                line = serde_json::to_string(&self.run)? + "\n" + &line;
                self.file.insert(File::create(&self.path)?)
            }
        };
        file.write_all(line.as_bytes())
    }

    /// Takes it away.
    pub(super) fn remove(&mut self) -> io::Result<()> {
        self.file = None;
        remove(&self.path)
    }
}

/// Removes a file that may not be there.
fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run() -> Run {
        Run::from_iter([("model".to_owned(), Value::from("x"))])
    }

    #[test]
    fn a_journal_cut_anywhere_tells_the_last_whole_checkpoint() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let mut journal = Journal::begin(path.clone(), run()).unwrap();
        assert!(!path.exists());
        let points =
            [(2, 10), (4, 25), (6, 31)].map(|(pieces, bytes)| Checkpoint { pieces, bytes });
        let tally = Tally { rows: 3, ..Tally::default() };
        points.into_iter().for_each(|point| journal.add(point, &tally).unwrap());
        let whole = std::fs::read(&path).unwrap();
        for cut in 0..=whole.len() {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let breaks = whole[..cut].iter().filter(|&&byte| byte == b'\n').count();
            let told = Journal::read(&path, 31).unwrap();
            assert_eq!(
                told.as_ref().map(|told| told.last),
                points[..breaks.saturating_sub(1)].last().copied()
            );
            let Some(told) = told else { continue };
            assert_eq!(told.tally.rows, 3 * (breaks - 1));
            // What was half a line does not stand before the next.
            let next = Checkpoint { pieces: 8, bytes: 40 };
            Journal::go_on(path.clone(), told).unwrap().add(next, &tally).unwrap();
            assert_eq!(Journal::read(&path, 40).unwrap().unwrap().last, next);
        }
    }

    #[test]
    fn checkpoints_of_bytes_that_are_gone_do_not_count() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let mut journal = Journal::begin(path.clone(), run()).unwrap();
        let tally = Tally::default();
        journal.add(Checkpoint { pieces: 2, bytes: 10 }, &tally).unwrap();
        journal.add(Checkpoint { pieces: 4, bytes: 25 }, &tally).unwrap();
        assert_eq!(Journal::read(&path, 24).unwrap().unwrap().last.pieces, 2);
        assert!(Journal::read(&path, 9).unwrap().is_none());
        journal.remove().unwrap();
        assert!(Journal::read(&path, 25).unwrap().is_none());
    }
}
