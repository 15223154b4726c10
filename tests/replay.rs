//! Inputs that fuzzing began with or kept, tried again with every test run.

#![cfg(all(feature = "parquet", feature = "html"))]
#![allow(clippy::unwrap_used, reason = "a test may fail")]

#[path = "fuzz/checks.rs"]
mod checks;

use std::path::{Path, PathBuf};

type Check = fn(&[u8]);

#[test]
fn what_held_for_kept_inputs_holds() {
    let targets: [(&str, Check); 5] = [
        ("articles", checks::articles),
        ("labels", checks::labels),
        ("html", checks::html),
        ("codebook", checks::codebook),
        ("model", checks::model),
    ];
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz");
    for (target, check) in targets {
        let folders = ["seeds", "regressions"].map(|kind| root.join(kind).join(target));
        let entries = folders.iter().flat_map(|folder| std::fs::read_dir(folder).unwrap());
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        assert!(files.len() > 20, "{target}");
        for file in files {
            // Named where a check fails.
            println!("{}", file.display());
            check(&std::fs::read(&file).unwrap());
        }
    }
}
