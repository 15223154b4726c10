//! What must hold for any bytes; the fuzz targets try it on what they make up, `tests/replay.rs` on
//! what is kept.

#![allow(dead_code, reason = "every target uses its own part")]

use std::path::Path;

use framescope::data::{ArticleColumns, Codebook, LabelFile, LabelSchema, OnError, Reading};
use framescope::error::Place;
use framescope::model::Classifier;
use framescope::tasks::classify::Unit;
use framescope::tasks::sample::Population;

/// Readers take paths: writes the bytes to a file in memory and hands over its path.
fn with_file(ending: &str, bytes: &[u8], read: impl FnOnce(&Path)) {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    let path = folder.join(format!("framescope-fuzz-{}.{ending}", std::process::id()));
    std::fs::write(&path, bytes).expect("memory can be written");
    read(&path);
    let _ = std::fs::remove_file(path);
}

/// Articles, as text, tables and compressed: split into sentences, skipped, or refused. The first
/// byte says what they are.
pub(crate) fn articles(bytes: &[u8]) {
    const ENDINGS: [&str; 8] = ["txt", "md", "csv", "tsv", "jsonl", "txt.gz", "csv.zst", "parquet"];
    let Some((&kind, rest)) = bytes.split_first() else { return };
    with_file(ENDINGS[usize::from(kind) % ENDINGS.len()], rest, |path| {
        for unit in [None, Some(Unit::Row)] {
            population(path, unit);
        }
    });
}

/// Web pages.
pub(crate) fn html(bytes: &[u8]) {
    with_file("html", bytes, |path| population(path, None));
}

/// What nothing is wrong with is read alike whether faults stop or skip; else something is said to
/// be skipped.
fn population(path: &Path, unit: Option<Unit>) {
    let (inputs, columns) = ([path.to_owned()], ArticleColumns::default());
    let read = |on_error| {
        let reading = Reading::default().on_error(on_error);
        Population::read(&inputs, &reading, &columns, "en", unit)
    };
    match (read(OnError::Stop), read(OnError::Skip)) {
        (Ok(all), Ok(left)) => {
            assert!(left.skipped.is_empty() && all.members.len() == left.members.len());
            assert!(all.members.iter().all(|member| !member.text.trim().is_empty()));
        }
        (Ok(_), Err(error)) => panic!("{error}"),
        (Err(_), Ok(left)) => assert!(!left.skipped.is_empty()),
        (Err(_), Err(error)) => assert!(!error.to_string().is_empty()),
    }
}

/// Label files: read, read in part, or refused with a message. The first byte says what they are.
pub(crate) fn labels(bytes: &[u8]) {
    const ENDINGS: [&str; 6] = ["csv", "tsv", "jsonl", "csv.gz", "jsonl.zst", "parquet"];
    let Some((&kind, rest)) = bytes.split_first() else { return };
    with_file(ENDINGS[usize::from(kind) % ENDINGS.len()], rest, |path| {
        let paths = [path.to_owned()];
        for schema in [LabelSchema::WithText, LabelSchema::CodesOnly] {
            let read = |on_error| LabelFile::read_with(&paths, None, schema, on_error);
            match (read(OnError::Stop), read(OnError::Skip)) {
                (Ok(all), Ok(left)) => {
                    assert!(left.skipped.is_empty() && all.rows.len() == left.rows.len());
                }
                (Ok(_), Err(error)) => panic!("{error}"),
                (Err(_), Ok(left)) => assert!(!left.skipped.is_empty()),
                (Err(_), Err(error)) => assert!(!error.to_string().is_empty()),
            }
        }
    });
}

/// Codebooks.
pub(crate) fn codebook(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(codebook) = Codebook::parse(text, &Place::file("codebook.toml")) {
        assert!(!codebook.frames.is_empty());
    }
}

/// Model files: refused, or usable.
pub(crate) fn model(bytes: &[u8]) {
    with_file("framescope", bytes, |path| {
        if let Ok(classifier) = Classifier::open(path) {
            let _ = classifier.predict("Core technologies must be in our own hands.");
        }
    });
}
