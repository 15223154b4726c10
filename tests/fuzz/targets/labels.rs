//! Label files of any bytes: read, or refused with a message.

#![no_main]

mod scratch;

use framescope::data::{LabelFile, LabelSchema};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((&kind, rest)) = bytes.split_first() else { return };
    let ending = ["csv", "tsv", "jsonl", "csv.gz", "jsonl.zst"][usize::from(kind) % 5];
    scratch::with_file(ending, rest, |path| {
        for schema in [LabelSchema::WithText, LabelSchema::CodesOnly] {
            if let Err(error) = LabelFile::read(&[path.to_owned()], None, schema) {
                assert!(!error.to_string().is_empty());
            }
        }
    });
});
