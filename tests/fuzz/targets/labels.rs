//! Label files of any bytes: read, read in part, or refused with a message.

#![no_main]

mod scratch;

use framescope::data::{LabelFile, LabelSchema, OnError};
use libfuzzer_sys::fuzz_target;

const ENDINGS: [&str; 6] = ["csv", "tsv", "jsonl", "csv.gz", "jsonl.zst", "parquet"];

fuzz_target!(|bytes: &[u8]| {
    let Some((&kind, rest)) = bytes.split_first() else { return };
    let ending = ENDINGS[usize::from(kind) % ENDINGS.len()];
    scratch::with_file(ending, rest, |path| {
        let paths = [path.to_owned()];
        for schema in [LabelSchema::WithText, LabelSchema::CodesOnly] {
            let read = |on_error| LabelFile::read_with(&paths, None, schema, on_error);
            match (read(OnError::Stop), read(OnError::Skip)) {
                (Ok(all), Ok(left)) => {
                    assert!(left.skipped.is_empty() && all.rows.len() == left.rows.len());
                }
                (Ok(_), Err(error)) => panic!("{error}"),
                (Err(error), Ok(left)) => {
                    assert!(!error.to_string().is_empty() && !left.skipped.is_empty());
                }
                (Err(_), Err(error)) => assert!(!error.to_string().is_empty()),
            }
        }
    });
});
