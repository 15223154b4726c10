//! Web pages of any bytes.

#![no_main]

mod scratch;

use framescope::data::{ArticleColumns, Reading};
use framescope::tasks::sample::Population;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    scratch::with_file("html", bytes, |path| {
        let inputs = [path.to_owned()];
        let columns = ArticleColumns::default();
        let _ = Population::read(&inputs, &Reading::default(), &columns, "en", None);
    });
});
