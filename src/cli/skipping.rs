//! What is left out since it is at fault: the options, the list, the notes.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use framescope::data::{Extent, OnError, SkipFile, Skipped};

use super::{Failure, Printer, check_apart, check_output};

/// So many are named on standard error where no file takes them.
const NAMED: usize = 10;

/// What becomes of input at fault.
#[derive(Args)]
pub(super) struct SkippingArgs {
    /// What an article, row or file at fault does [default: skip for articles, stop for label files]
    #[arg(long, value_enum, value_name = "ACTION")]
    on_error: Option<Action>,
    /// Write what was skipped to FILE (.csv, .tsv or .jsonl): file,line,column,id,reason,remedy
    #[arg(long, value_name = "FILE")]
    pub(super) errors: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Action {
    /// It ends the run, and nothing is written
    Stop,
    /// It is left out; the exit status is 1 in the end
    Skip,
}

impl SkippingArgs {
    /// What was asked for, else `default`.
    pub(super) fn on_error(&self, default: OnError) -> OnError {
        match self.on_error {
            None => default,
            Some(Action::Stop) => OnError::Stop,
            Some(Action::Skip) => OnError::Skip,
        }
    }

    /// Begins the list. Its file must be none of `inputs` and of the other `outputs`.
    pub(super) fn begin<'a, 'p>(
        &'a self,
        inputs: impl IntoIterator<Item = &'a Path>,
        outputs: impl IntoIterator<Item = &'a Path>,
        printer: &'p Printer,
    ) -> Result<SkippedList<'p>, Failure> {
        check_apart(outputs.into_iter().chain(self.errors.as_deref()))?;
        let file = match &self.errors {
            Some(path) => {
                check_output(path, inputs)?;
                Some(SkipFile::create(path)?)
            }
            None => None,
        };
        Ok(SkippedList { file, printer, files: 0, parts: 0, rows: 0 })
    }
}

/// What was skipped so far: written down as it comes, or named up to a number, and counted.
pub(super) struct SkippedList<'p> {
    file: Option<SkipFile>,
    printer: &'p Printer,
    files: usize,
    parts: usize,
    rows: usize,
}

impl SkippedList<'_> {
    /// Takes what a piece of input left out.
    pub(super) fn add(&mut self, skipped: &[Skipped]) -> Result<(), Failure> {
        for skipped in skipped {
            let is_named = self.count() < NAMED;
            match &mut self.file {
                Some(file) => file.add(skipped)?,
                None if is_named => self.printer.note(&format!("skipped: {skipped}")),
                None => {}
            }
            *match skipped.extent {
                Extent::File => &mut self.files,
                Extent::Rest { .. } => &mut self.parts,
                Extent::Row => &mut self.rows,
            } += 1;
        }
        Ok(())
    }

    /// How many whole files were skipped.
    pub(super) fn files(&self) -> usize {
        self.files
    }

    fn count(&self) -> usize {
        self.files + self.parts + self.rows
    }

    /// Gives the file its name and says how much was skipped. That is a failure, although all that
    /// was asked for is there.
    pub(super) fn finish(self) -> Result<(), Failure> {
        let (count, summary) = (self.count(), self.summary());
        let mut ending = "";
        let mut beginning = String::new();
        match self.file {
            Some(file) => {
                beginning = format!("{}: ", file.path().display());
                file.commit()?;
            }
            None if count > NAMED => {
                ending = "; the first 10 are named above, --errors FILE names all"
            }
            None => {}
        }
        match summary {
            None => Ok(()),
            Some(summary) => {
                self.printer.say(&format!("{beginning}{summary}{ending}"));
                Err(Failure::Skipped)
            }
        }
    }

    /// How much was skipped, of which kinds; `None` where nothing was.
    pub(super) fn summary(&self) -> Option<String> {
        let part = |(count, one, many): (usize, &str, &str)| match count {
            0 => None,
            1 => Some(format!("1 {one}")),
            _ => Some(format!("{count} {many}")),
        };
        let kinds = [
            (self.files, "file", "files"),
            (self.parts, "rest of a file", "rests of files"),
            (self.rows, "row", "rows"),
        ];
        let kinds: Vec<String> = kinds.into_iter().filter_map(part).collect();
        let items = if self.count() == 1 { "item" } else { "items" };
        let count = self.count();
        (count > 0).then(|| format!("{count} {items} skipped ({})", kinds.join(", ")))
    }
}
