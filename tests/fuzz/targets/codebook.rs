//! Codebooks of any text.

#![no_main]

use framescope::data::Codebook;
use framescope::error::Place;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(codebook) = Codebook::parse(text, &Place::file("codebook.toml")) {
        assert!(!codebook.frames.is_empty());
    }
});
