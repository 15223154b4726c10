//! From the format of one tool to that of another.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::data::TableFormat;
use crate::data::exchange::{ExchangeFormat, ReadOptions, read_codings, write_codings};
use crate::error::{Error, Place, Result};

/// What was converted, and what was lost.
#[derive(Debug, Clone)]
pub struct Converted {
    /// Rows: a sentence as one coder coded it.
    pub rows: usize,
    /// Rows that were not coded.
    pub not_coded: usize,
    /// People who coded.
    pub coders: usize,
    /// The format that was read.
    pub from: ExchangeFormat,
    /// The format that was written.
    pub to: ExchangeFormat,
    /// What was left out or had to be decided.
    pub notes: Vec<String>,
}

/// Reads codings in one format and writes them in another. A format that is not given is guessed:
/// the one read from the contents; the one written is that of label files, where another was read
/// and the output ends like one.
///
/// # Errors
///
/// Where a format cannot be told, and those of [`read_codings`] and [`write_codings`].
pub fn convert(
    inputs: &[PathBuf],
    from: Option<ExchangeFormat>,
    output: &Path,
    to: Option<ExchangeFormat>,
    options: &ReadOptions<'_>,
) -> Result<Converted> {
    let from = match from {
        Some(format) => format,
        None => guess_input(inputs)?,
    };
    let to = match to {
        Some(format) => format,
        None if from != ExchangeFormat::Labels && TableFormat::of_path(output).is_some() => {
            ExchangeFormat::Labels
        }
        None => return Err(unclear("--to", output)),
    };
    let mut imported = read_codings(inputs, from, options)?;
    let file = &imported.file;
    if file.rows.is_empty() {
        let place = inputs.first().map_or_else(Place::default, Place::file);
        let remedy = "look whether this is the right file, and --from the right format";
        return Err(Error::data(place, "there is no coding in it", remedy));
    }
    let frame = options.frame.filter(|_| to == ExchangeFormat::Recal);
    imported.notes.extend(write_codings(file, to, frame, output)?);
    let coders: BTreeSet<&str> = file.rows.iter().map(|row| row.coder.as_str()).collect();
    Ok(Converted {
        rows: file.rows.len(),
        not_coded: file.rows.iter().filter(|row| row.coding.labels().is_none()).count(),
        coders: coders.iter().filter(|coder| !coder.is_empty()).count(),
        from,
        to,
        notes: imported.notes,
    })
}

fn guess_input(inputs: &[PathBuf]) -> Result<ExchangeFormat> {
    let mut guessed = None;
    for path in inputs {
        let format = ExchangeFormat::guess(path)?.ok_or_else(|| unclear("--from", path))?;
        if guessed.is_some_and(|known| known != format) {
            let problem = "the inputs are of several formats; convert each on its own";
            return Err(Error::parameter("--from", problem));
        }
        guessed = Some(format);
    }
    guessed.ok_or_else(|| Error::parameter("--from", "there is no input"))
}

fn unclear(option: &'static str, path: &Path) -> Error {
    let names = ExchangeFormat::ALL.map(ExchangeFormat::name).join(", ");
    let problem = format!(
        "the format of `{}` is not clear; say {option} with one of {names}",
        path.display()
    );
    Error::parameter(option, problem)
}
