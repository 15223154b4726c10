//! Readers take paths: what the fuzzer makes is put into a file in memory.

use std::path::{Path, PathBuf};

/// Writes the bytes to a file with this ending and hands over its path.
pub fn with_file(ending: &str, bytes: &[u8], read: impl FnOnce(&Path)) {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    let path: PathBuf = folder.join(format!("framescope-fuzz-{}.{ending}", std::process::id()));
    std::fs::write(&path, bytes).expect("memory can be written");
    read(&path);
}
