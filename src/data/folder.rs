//! Folders that are searched, and links that lead out of them: to files that nobody named.

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
    pub(super) fn holds(&self, path: &Path) -> bool {
        match (&self.real, path.canonicalize()) {
            (Some(folder), Ok(real)) => real.starts_with(folder),
            _ => true,
        }
    }
}

/// A link that leads out of its folder.
pub(super) fn strays(link: &Path) -> Error {
    let remedy = "put a copy there, or name the file itself, as a pattern does";
    Error::data(Place::file(link), "this link leads out of its folder", remedy)
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
        Some(link) => Err(strays(link)),
        None => Ok(paths),
    }
}
