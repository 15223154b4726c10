//! Model files of any bytes: refused, or usable.

#![no_main]

mod scratch;

use framescope::model::Classifier;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    scratch::with_file("framescope", bytes, |path| {
        if let Ok(classifier) = Classifier::open(path) {
            let _ = classifier.predict("Core technologies must be in our own hands.");
        }
    });
});
