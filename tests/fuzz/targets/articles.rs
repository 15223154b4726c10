//! Articles of any bytes, as text, tables and compressed: split into sentences, skipped, or refused.

#![no_main]

mod scratch;

use framescope::data::{ArticleColumns, OnError, Reading};
use framescope::tasks::classify::Unit;
use framescope::tasks::sample::Population;
use libfuzzer_sys::fuzz_target;

const ENDINGS: [&str; 8] = ["txt", "md", "csv", "tsv", "jsonl", "txt.gz", "csv.zst", "parquet"];

fuzz_target!(|bytes: &[u8]| {
    let Some((&kind, rest)) = bytes.split_first() else { return };
    let ending = ENDINGS[usize::from(kind) % ENDINGS.len()];
    scratch::with_file(ending, rest, |path| {
        let inputs = [path.to_owned()];
        for unit in [None, Some(Unit::Row)] {
            let columns = ArticleColumns::default();
            let read = |on_error| {
                let reading = Reading::default().on_error(on_error);
                Population::read(&inputs, &reading, &columns, "en", unit)
            };
            // What nothing is wrong with is read alike; else something is said to be skipped.
            match (read(OnError::Stop), read(OnError::Skip)) {
                (Ok(all), Ok(left)) => {
                    assert!(left.skipped.is_empty() && all.members.len() == left.members.len());
                    assert!(all.members.iter().all(|member| !member.text.trim().is_empty()));
                }
                (Ok(_), Err(error)) => panic!("{error}"),
                (Err(_), Ok(left)) => assert!(!left.skipped.is_empty()),
                (Err(_), Err(_)) => {}
            }
        }
    });
});
