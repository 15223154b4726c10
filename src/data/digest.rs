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
/// whether they are still the same. `None` where one is no file that could be read again.
pub fn state_digest<'a>(files: impl IntoIterator<Item = (&'a str, &'a Path)>) -> Option<String> {
    let mut hash = Sha256::new();
    for (name, path) in files {
        let metadata = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
        hash.update(name.as_bytes());
        let changed = metadata.modified().ok()?.duration_since(UNIX_EPOCH).unwrap_or_default();
        for number in [name.len() as u128, metadata.len().into(), changed.as_nanos()] {
            hash.update(number.to_le_bytes());
        }
    }
    Some(hexadecimal(hash))
}

fn hexadecimal(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
