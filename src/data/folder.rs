//! Folders that are searched, and links that lead out of them: to files that nobody named.

use std::fs::FileType;
use std::path::{Path, PathBuf};

use crate::error::{Error, Place, Result};

/// A folder that was named.
pub(super) struct Folder<'a> {
    pub(super) path: &'a Path,
    /// Where it is, all links followed.
    real: Option<PathBuf>,
}

impl<'a> Folder<'a> {
    pub(super) fn of(path: &'a Path) -> Self {
        Folder { path, real: path.canonicalize().ok() }
    }

    /// Whether what a path leads to is in the folder; what leads nowhere is.
    fn holds(&self, path: &Path) -> bool {
        match (&self.real, path.canonicalize()) {
            (Some(folder), Ok(real)) => real.starts_with(folder),
            _ => true,
        }
    }

    /// Why what stands in the folder is not read, although it is an article by its name or might
    /// lead to some. A folder behind a link within the folder is searched where it stands.
    pub(super) fn refusal(&self, path: &Path, kind: FileType, is_article: bool) -> Option<Refusal> {
        if !kind.is_symlink() {
            return (is_article && !kind.is_file()).then_some(Refusal::NoFile);
        }
        match path.metadata() {
            // Whoever reads an article says what is wrong with the link.
            Err(_) => (!is_article).then_some(Refusal::LeadsNowhere),
            Ok(found) if found.is_dir() => (!self.holds(path)).then_some(Refusal::Strays),
            Ok(_) if !is_article => None,
            Ok(found) if !found.is_file() => Some(Refusal::NoFile),
            Ok(_) => (!self.holds(path)).then_some(Refusal::Strays),
        }
    }
}

/// Why something in a folder is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// A link that leads out of the folder.
    Strays,
    /// A link that leads nowhere.
    LeadsNowhere,
    /// A pipe, a device.
    NoFile,
}

impl Refusal {
    pub(super) fn of(self, path: &Path) -> Error {
        let (problem, remedy) = match self {
            Refusal::Strays => (
                "this link leads out of its folder",
                "put a copy there, or name what it leads to itself, as a pattern does",
            ),
            Refusal::LeadsNowhere => ("this link leads nowhere", "mend or remove it"),
            Refusal::NoFile => ("this is no file that could be read to an end", "remove it"),
        };
        Error::data(Place::file(path), problem, remedy)
    }
}

/// The paths in a folder, sorted; all of them lead to what is in it.
///
/// # Errors
///
/// When it cannot be searched, and when a link leads out of it.
pub(super) fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let fail = |source| Error::io(folder, "read", source);
    let entries = std::fs::read_dir(folder).map_err(fail)?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut paths: Vec<PathBuf> = paths.collect::<Result<_, _>>().map_err(fail)?;
    paths.sort();
    let folder = Folder::of(folder);
    match paths.iter().find(|path| path.is_symlink() && !folder.holds(path)) {
        Some(link) => Err(Refusal::Strays.of(link)),
        None => Ok(paths),
    }
}
