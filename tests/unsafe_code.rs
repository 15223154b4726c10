//! `unsafe` is counted: a new one has to be entered here, with its proof beside it.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::path::{Path, PathBuf};

/// File, and how many blocks.
const KNOWN: [(&str, usize); 2] = [("src/features/prefetch.rs", 1), ("src/storage.rs", 1)];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => sources(&path, found),
            false => found.push(path),
        }
    }
}

#[test]
fn every_unsafe_block_is_known_and_justified() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    sources(&root.join("src"), &mut files);
    assert!(files.len() > 100);
    let mut found = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let words = |line: &str| line.split("//").next().unwrap().contains("unsafe ");
        let blocks = text.lines().filter(|line| words(line)).count();
        if blocks > 0 {
            assert!(text.matches("// SAFETY: ").count() >= blocks, "{}", file.display());
            let name = file.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
            found.push((name, blocks));
        }
    }
    found.sort();
    let found: Vec<(&str, usize)> = found.iter().map(|(name, count)| (&**name, *count)).collect();
    assert_eq!(found, KNOWN);
}
