//! Articles of any bytes, as text, tables and compressed: split into sentences, or refused.

#![no_main]

mod scratch;

use framescope::data::{ArticleColumns, Reading};
use framescope::tasks::classify::Unit;
use framescope::tasks::sample::Population;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((&kind, rest)) = bytes.split_first() else { return };
    let endings = ["txt", "md", "csv", "tsv", "jsonl", "txt.gz", "csv.zst"];
    let ending = endings[usize::from(kind) % endings.len()];
    scratch::with_file(ending, rest, |path| {
        let inputs = [path.to_owned()];
        for unit in [None, Some(Unit::Row)] {
            let columns = ArticleColumns::default();
            let read = Population::read(&inputs, &Reading::default(), &columns, "en", unit);
            if let Ok(population) = read {
                assert!(population.members.iter().all(|member| !member.text.trim().is_empty()));
            }
        }
    });
});
