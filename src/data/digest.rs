//! What a file is known by.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::time::UNIX_EPOCH;

use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// The SHA-256 of a file, in hexadecimal.
///
/// # Errors
///
/// When it cannot be read.
pub fn file_digest(path: &Path) -> Result<String> {
    let fail = |source| Error::io(path, "read", source);
    let mut hash = Sha256::new();
    let mut file = BufReader::with_capacity(1 << 20, File::open(path).map_err(fail)?);
    loop {
        let bytes = file.fill_buf().map_err(fail)?;
        if bytes.is_empty() {
            break;
        }
        hash.update(bytes);
        let read = bytes.len();
        file.consume(read);
    }
    Ok(hexadecimal(hash))
}

/// The SHA-256 of some bytes, in hexadecimal.
pub(crate) fn bytes_digest(bytes: &[u8]) -> String {
    hexadecimal(Sha256::new_with_prefix(bytes))
}

/// The SHA-256 of the names, sizes and times of change of files: without reading them it tells
/// whether they are still the same. A file that is missing is part of that. `None` where one is
/// standard input, a pipe or a device: none that could be read again.
pub fn state_digest<'a>(files: impl IntoIterator<Item = (&'a str, &'a Path)>) -> Option<String> {
    let mut hash = Sha256::new();
    for (name, path) in files {
        let (length, changed) = match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_file() => {
                let changed = metadata.modified().ok()?.duration_since(UNIX_EPOCH);
                (u128::from(metadata.len()), changed.unwrap_or_default().as_nanos())
            }
            // A folder stands here if it cannot be searched.
            Ok(metadata) if metadata.is_dir() => (u128::MAX, 1),
            Err(_) if path != Path::new("-") => (u128::MAX, 0),
            _ => return None,
        };
        hash.update(name.as_bytes());
        for number in [name.len() as u128, length, changed] {
            hash.update(number.to_le_bytes());
        }
    }
    Some(hexadecimal(hash))
}

fn hexadecimal(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
