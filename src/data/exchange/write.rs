//! What is common to writing: files and folders that appear whole, names that files can bear,
//! columns that a format can carry.

use std::collections::HashSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::json::Shape;
use super::{ExchangeFormat, draft};
use crate::data::output::AtomicFile;
use crate::data::{Coding, LabelFile, LabelledRow, RowFormat, TableFormat};
use crate::error::{Error, Result, listed};

/// What a format writes.
pub(super) enum Written {
    /// A file.
    File(Vec<u8>),
    /// The files of a folder, by their paths in it.
    Folder(Vec<(PathBuf, Vec<u8>)>),
}

impl Written {
    /// Puts it under its name, whole or not at all.
    pub(super) fn save(self, path: &Path) -> Result<()> {
        match self {
            Written::File(bytes) => save_file(path, &bytes),
            Written::Folder(files) => save_folder(path, &files),
        }
    }
}

fn save_file(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = AtomicFile::create(path)?;
    file.write_all(bytes).map_err(|source| Error::io(path, "write", source))?;
    file.commit()
}

/// Writes a folder beside its place and renames it. One that holds anything is not touched.
fn save_folder(path: &Path, files: &[(PathBuf, Vec<u8>)]) -> Result<()> {
    let fail = |source| Error::io(path, "write", source);
    match std::fs::read_dir(path) {
        Ok(mut entries) => {
            if entries.next().is_some() {
                return Err(fail(std::io::Error::other(
                    "it holds files already; name a new folder",
                )));
            }
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(_) => return Err(fail(std::io::Error::other("it is no folder; name a new folder"))),
    }
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".framescope-").suffix(".part");
    let temporary = builder.tempdir_in(parent).map_err(|error| fail(error.kind().into()))?;
    // A folder within it, since a temporary one is closed to others.
    let folder = temporary.path().join("whole");
    for (name, bytes) in files {
        let file = folder.join(name);
        std::fs::create_dir_all(file.parent().unwrap_or(&folder)).map_err(fail)?;
        save_file(&file, bytes)?;
    }
    std::fs::rename(&folder, path).map_err(fail)
}

/// A file's name for each of some names, each once even where case does not count.
pub(super) struct FileNames(HashSet<String>);

impl FileNames {
    pub(super) fn new() -> Self {
        FileNames(HashSet::new())
    }

    /// The name itself, where it can name a file and is free.
    pub(super) fn name(&mut self, name: &str) -> String {
        let safe = |c: char| if c.is_alphanumeric() || "-_. ".contains(c) { c } else { '_' };
        let mut base: String = name.chars().take(60).map(safe).collect();
        if base.trim().is_empty() || base.starts_with('.') {
            base.insert(0, '_');
        }
        let mut candidate = base.clone();
        let mut number = 1;
        while !self.0.insert(candidate.to_lowercase()) {
            number += 1;
            candidate = format!("{base}-{number}");
        }
        candidate
    }
}

/// The shape that a path's ending asks for, where the format has it.
pub(super) fn shape(path: &Path, format: ExchangeFormat, known: &[&str]) -> Result<Shape> {
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    match Shape::of(path) {
        Some(shape) if known.contains(&ending.as_str()) => Ok(shape),
        _ => Err(Error::parameter(
            "--output",
            format!(
                "`{}` has no ending of {}; end it in .{}",
                path.display(),
                format.name(),
                known.join(" or .")
            ),
        )),
    }
}

/// The other columns that a format can carry beside those it has itself; says which it cannot.
pub(super) fn carried(
    file: &LabelFile,
    taken: impl Fn(&str) -> bool,
    notes: &mut Vec<String>,
) -> Vec<usize> {
    let columns = 0..file.extra_columns.len();
    let (lost, kept): (Vec<usize>, Vec<usize>) =
        columns.partition(|&column| taken(&file.extra_columns[column]));
    if !lost.is_empty() {
        let names = listed(lost.iter().map(|&column| &file.extra_columns[column]));
        notes.push(format!("left out, since the format has fields of the name: {names}"));
    }
    kept
}

/// Puts the carried columns into an object. Empty cells are left out.
pub(super) fn put_extra(
    fields: &mut Map<String, Value>,
    file: &LabelFile,
    row: &LabelledRow,
    carried: &[usize],
) {
    for &column in carried {
        if !row.extra[column].is_empty() {
            fields.insert(file.extra_columns[column].clone(), row.extra[column].as_str().into());
        }
    }
}

/// The labels of a row as `frame:stance`; `None` where it was not coded.
pub(super) fn names(file: &LabelFile, row: &LabelledRow) -> Option<Vec<String>> {
    match &row.coding {
        Coding::NotCoded => None,
        Coding::Coded(labels) => Some(draft::names(labels, &file.codebook)),
    }
}

/// All labels there can be, as `frame:stance`: each frame bare where it stands so, and with each
/// stance.
pub(super) fn all_labels(file: &LabelFile) -> Vec<String> {
    let codings = || file.rows.iter().filter_map(|row| row.coding.labels());
    let mut all = Vec::new();
    for (index, frame) in file.codebook.frames.iter().enumerate() {
        let bare = |label: crate::data::Label| label.frame == index && label.stance.is_none();
        if file.codebook.stances.is_empty() || codings().any(|labels| labels.iter().any(bare)) {
            all.push(frame.name.clone());
        }
        all.extend(file.codebook.stances.iter().map(|s| format!("{}:{}", frame.name, s.name)));
    }
    all
}

/// Refuses rows that a coder could not be shown.
pub(super) fn check_texts(file: &LabelFile, format: ExchangeFormat) -> Result<()> {
    match file.rows.iter().find(|row| row.text.trim().is_empty()) {
        None => Ok(()),
        Some(row) => Err(Error::data(
            row.place.column("text"),
            "the text is empty",
            format!("{} shows coders the text: give the sentence or remove the row", format.name()),
        )),
    }
}

/// Objects as JSON lines.
pub(super) fn json_lines(objects: impl IntoIterator<Item = Map<String, Value>>) -> Vec<u8> {
    let mut text = String::new();
    for object in objects {
        text += &Value::Object(object).to_string();
        text.push('\n');
    }
    text.into_bytes()
}

/// Objects as a list, an object a line.
pub(super) fn json_list(objects: impl IntoIterator<Item = Map<String, Value>>) -> Vec<u8> {
    let lines: Vec<String> =
        objects.into_iter().map(|object| Value::Object(object).to_string()).collect();
    format!("[\n{}\n]\n", lines.join(",\n")).into_bytes()
}

/// A table of rows of cells.
pub(super) fn table(format: TableFormat, header: Vec<String>, cells: &[Vec<String>]) -> Vec<u8> {
    let format = RowFormat::new(format, header);
    let mut rows = format.rows();
    for row in cells {
        row.iter().for_each(|cell| rows.text(cell));
        rows.end_row();
    }
    [format.header(), rows.finish()].concat()
}
