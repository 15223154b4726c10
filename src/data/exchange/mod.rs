//! What other annotation tools read and write, from and to the rows of label files.
//!
//! One module a format. Each reads into a `Draft`, which checks names and duplicates the
//! same way for all, and writes a [`LabelFile`]. What a format cannot hold is said in notes.

mod brat;
mod doccano;
mod draft;
mod json;
mod label_studio;
mod labels;
mod prodigy;
mod recal;
mod write;

use std::path::{Path, PathBuf};

use super::{Codebook, LabelFile};
use crate::error::Result;

/// The formats coders' tools speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExchangeFormat {
    /// framescope's own label files: CSV, TSV or JSON lines.
    Labels,
    /// doccano: JSON lines, JSON or CSV, the coder by the file's name.
    Doccano,
    /// Label Studio's full JSON.
    LabelStudio,
    /// Label Studio's JSON-MIN, and its CSV and TSV, which have the same fields.
    LabelStudioMin,
    /// Prodigy: JSON lines of binary or choice answers.
    Prodigy,
    /// brat stand-off: `.txt` and `.ann`, a folder a coder.
    Brat,
    /// `ReCal`: a table of whole numbers, a row a sentence, a column a coder, a file a frame.
    Recal,
}

impl ExchangeFormat {
    /// All formats.
    pub const ALL: [Self; 7] = [
        Self::Labels,
        Self::Doccano,
        Self::LabelStudio,
        Self::LabelStudioMin,
        Self::Prodigy,
        Self::Brat,
        Self::Recal,
    ];

    /// The name people give it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Labels => "labels",
            Self::Doccano => "doccano",
            Self::LabelStudio => "label-studio",
            Self::LabelStudioMin => "label-studio-min",
            Self::Prodigy => "prodigy",
            Self::Brat => "brat",
            Self::Recal => "recal",
        }
    }

    /// The format of a file or folder, where its contents leave no doubt.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or is neither a table nor JSON where its name says it is.
    pub fn guess(path: &Path) -> Result<Option<Self>> {
        if path.is_dir() {
            return Ok(brat::is_folder(path)?.then_some(Self::Brat));
        }
        if json::Shape::of(path).is_none() {
            return Ok(None);
        }
        let Some(keys) = json::first_keys(path)? else { return Ok(None) };
        let has = |name: &str| keys.iter().any(|key| key == name);
        // Each test names keys that the tools tested after it never write.
        Ok(if has("data") && (has("annotations") || has("completions") || has("predictions")) {
            Some(Self::LabelStudio)
        } else if has("annotation_id") {
            Some(Self::LabelStudioMin)
        } else if has("text") && has("answer") {
            Some(Self::Prodigy)
        } else if has("id") && has("labels") && !has("label") {
            Some(Self::Labels)
        } else if has("text") && has("label") && (has("Comments") || has("row_id") || has("id")) {
            Some(Self::Doccano)
        } else {
            None
        })
    }
}

/// What it means that a coder gave a sentence no label, in formats that do not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Empty {
    /// The coder saw no frame in it.
    #[default]
    Absent,
    /// The coder has not come to it yet.
    NotCoded,
}

/// How to read what a tool wrote.
#[derive(Debug, Clone, Copy)]
pub struct ReadOptions<'a> {
    /// What no label means.
    pub empty: Empty,
    /// Label Studio's control for frames; those for stances are called `stance_<frame>`.
    pub control: &'a str,
    /// The frame of a `ReCal` file; without one, the file's name.
    pub frame: Option<&'a str>,
    /// Frames and stances; without one, those found in the data, sorted by name.
    pub codebook: Option<&'a Codebook>,
}

impl Default for ReadOptions<'_> {
    fn default() -> Self {
        ReadOptions { empty: Empty::Absent, control: "frame", frame: None, codebook: None }
    }
}

/// Codings, and what to know about how they were read.
#[derive(Debug, Clone)]
pub struct Imported {
    /// The codings.
    pub file: LabelFile,
    /// What was left out or had to be decided.
    pub notes: Vec<String>,
}

/// Reads codings of a format; several files are read as one.
///
/// # Errors
///
/// With file and line: what is no such file, a label that cannot name a frame, a frame with two
/// stances, a doubled (`id`,`coder`), a frame or stance that the codebook does not have.
pub fn read_codings(
    paths: &[PathBuf],
    format: ExchangeFormat,
    options: &ReadOptions<'_>,
) -> Result<Imported> {
    let mut draft = draft::Draft::new(options.empty);
    match format {
        // The variables of ReCal are columns of one table: they are put together, not appended.
        ExchangeFormat::Recal => recal::read(paths, options.frame, &mut draft)?,
        _ => {
            for path in paths {
                match format {
                    ExchangeFormat::Doccano => doccano::read(path, &mut draft)?,
                    ExchangeFormat::LabelStudio => {
                        label_studio::read(path, options.control, &mut draft)?;
                    }
                    ExchangeFormat::LabelStudioMin => {
                        label_studio::read_min(path, options.control, &mut draft)?;
                    }
                    ExchangeFormat::Prodigy => prodigy::read(path, &mut draft)?,
                    ExchangeFormat::Brat => brat::read(path, &mut draft)?,
                    ExchangeFormat::Labels | ExchangeFormat::Recal => {
                        labels::read(path, &mut draft)?;
                    }
                }
            }
        }
    }
    draft.finish(options.codebook)
}

/// Writes codings, whole or not at all: to a file, or to a folder that is new or empty. Gives
/// back what the format could not hold.
///
/// `frame` is for [`ExchangeFormat::Recal`], which holds one in a file.
///
/// # Errors
///
/// When the path has an ending that is not the format's, a name or a row cannot be written in the
/// format, or the disk refuses.
pub fn write_codings(
    file: &LabelFile,
    format: ExchangeFormat,
    frame: Option<&str>,
    path: &Path,
) -> Result<Vec<String>> {
    let mut notes = Vec::new();
    if !matches!(format, ExchangeFormat::Labels | ExchangeFormat::Recal) {
        write::check_texts(file, format)?;
    }
    let written = match format {
        ExchangeFormat::Labels => labels::write(file, path)?,
        ExchangeFormat::Doccano => doccano::write(file, path, &mut notes)?,
        ExchangeFormat::LabelStudio => label_studio::write(file, path, &mut notes)?,
        ExchangeFormat::LabelStudioMin => label_studio::write_min(file, path, &mut notes)?,
        ExchangeFormat::Prodigy => prodigy::write(file, path, &mut notes)?,
        ExchangeFormat::Brat => brat::write(file, &mut notes)?,
        ExchangeFormat::Recal => recal::write(file, frame, path, &mut notes)?,
    };
    written.save(path)?;
    Ok(notes)
}
