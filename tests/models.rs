//! Model files: those of every released version open, and hostile ones are refused.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::fs;
use std::path::Path;

use support::Sandbox;

const LATEST: u32 = 1;

fn golden(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)).unwrap()
}

#[test]
fn models_of_every_version_open_and_say_what_they_said() {
    for version in 1..=LATEST {
        let sandbox = Sandbox::new();
        sandbox.write("sentences.csv", golden("sentences.csv"));
        sandbox.write("m.framescope", golden(&format!("model-{version}.framescope")));
        let options = ["--unit", "row", "--probabilities", "all", "-m", "m.framescope"];
        let said = sandbox.run(&[&["classify", "sentences.csv"], &options[..]].concat()).succeeds();
        let wanted = golden(&format!("predictions-{version}.csv"));
        assert_eq!(said.stdout, String::from_utf8(wanted).unwrap(), "version {version}");
    }
}

/// A new version of the format needs a golden file of its own.
#[test]
fn the_latest_version_is_among_them() {
    let sandbox = Sandbox::new();
    sandbox.write("labels.csv", support::small_labels());
    sandbox.run(&["train", "labels.csv", "-o", "m.framescope", "--C", "1"]).succeeds();
    let bytes = fs::read(sandbox.path("m.framescope")).unwrap();
    let version = format!("\\\"format_version\\\":{LATEST},");
    let header = String::from_utf8_lossy(&bytes[8..200]).into_owned();
    assert!(header.contains(&version), "{header}");
}

fn refused(bytes: Vec<u8>, what: &str) {
    let sandbox = Sandbox::new();
    sandbox.write("m.framescope", bytes);
    let run = sandbox.run(&["explain", "-m", "m.framescope", "A sentence."]);
    assert_eq!(run.code, 1, "{what}: {}", run.stderr);
    assert!(run.stderr.starts_with("error: m.framescope: "), "{what}: {}", run.stderr);
    assert_eq!(run.stderr.lines().count(), 1, "{what}: {}", run.stderr);
}

/// The length of the header stands in the first eight bytes: it may say anything.
#[test]
fn a_header_that_asks_for_terabytes_is_refused() {
    let model = golden("model-1.framescope");
    for length in [u64::MAX, 1 << 62, 1 << 42, 100_000_001, model.len() as u64, 0, 1] {
        let mut bytes = model.clone();
        bytes[..8].copy_from_slice(&length.to_le_bytes());
        refused(bytes, &format!("a header of {length} bytes"));
    }
    // The same in the header: tensors of any shape and place.
    let text = String::from_utf8_lossy(&model).into_owned();
    let header = text[8..].split('\u{fffd}').next().unwrap();
    let shape = header.find("\"shape\":[").unwrap() + 8 + "\"shape\":[".len();
    for number in ["9999999999999", "18446744073709551615", "-1", "1e9"] {
        let end = shape + model[shape..].iter().position(|c| !c.is_ascii_digit()).unwrap();
        let changed = [&model[..shape], number.as_bytes(), &model[end..]].concat();
        let longer = changed.len() - model.len();
        let mut bytes = changed;
        let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) + longer as u64;
        bytes[..8].copy_from_slice(&length.to_le_bytes());
        refused(bytes, &format!("a shape of {number}"));
    }
}

#[test]
fn a_model_cut_anywhere_is_refused() {
    let model = golden("model-1.framescope");
    for length in (1..model.len()).step_by(97) {
        refused(model[..length].to_vec(), &format!("{length} bytes"));
    }
}

#[test]
fn no_byte_of_a_model_changes_unnoticed() {
    let sandbox = Sandbox::new();
    sandbox.write("labels.csv", support::small_labels());
    sandbox.run(&["train", "labels.csv", "-o", "m.framescope", "--replicates", "0"]).succeeds();
    let path = sandbox.path("m.framescope");
    let model = fs::read(&path).unwrap();
    framescope::model::Classifier::open(&path).unwrap();
    for at in (0..model.len()).step_by(model.len() / 1500) {
        let mut changed = model.clone();
        changed[at] ^= 1 << (at % 8);
        fs::write(&path, changed).unwrap();
        assert!(framescope::model::Classifier::open(&path).is_err(), "byte {at}");
    }
}
