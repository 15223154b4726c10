//! The same features and probabilities as scikit-learn, by the options of the README.
//!
//! The numbers come from `tests/reference/sklearn_reference.py`.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may fail and say so")]

use std::path::{Path, PathBuf};
use std::process::Command;

use framescope::model::Classifier;
use serde::Deserialize;
use sha2::{Digest, Sha256};

const PARITY_OPTIONS: &str = "--ngrams 1-2 --min-df 2 --sublinear-tf --C 1.0 --no-calibration \
                              --threshold 0.5 --class-weight none --signals none --replicates 0 --folds 2";

/// How far a probability may be off.
const TOLERANCE: f64 = 1e-4;

#[derive(Deserialize)]
struct Labels {
    sha256: String,
    sample: Vec<usize>,
    frames: Vec<String>,
    words: Fit,
    words_and_chars: Fit,
    vocabulary: Vec<(usize, String, f64)>,
}

#[derive(Deserialize)]
struct Fit {
    features: usize,
    probabilities: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct Manifesto {
    rows: usize,
    sample: Vec<usize>,
    frames: Vec<String>,
    #[serde(flatten)]
    fit: Fit,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn reference<T: for<'a> Deserialize<'a>>(name: &str) -> T {
    let path = root().join("tests/reference").join(name);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn train(labels: &Path, char_ngrams: &str) -> Classifier {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("parity.framescope");
    let output = Command::new(env!("CARGO_BIN_EXE_framescope"))
        .args(["train".as_ref(), labels, "-o".as_ref(), &model])
        .args(PARITY_OPTIONS.split_whitespace())
        .args(["--char-ngrams", char_ngrams])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Classifier::open(&model).unwrap()
}

fn read(path: &Path) -> Vec<csv::StringRecord> {
    csv::Reader::from_path(path).unwrap().records().map(Result::unwrap).collect()
}

fn assert_same(classifier: &Classifier, texts: &[&str], frames: &[String], fit: &Fit) {
    assert_eq!(classifier.codebook().frame_names(), *frames);
    assert_eq!(classifier.features().columns(), fit.features);
    let mut largest = 0.0_f64;
    for (text, expected) in texts.iter().zip(&fit.probabilities) {
        for (ours, theirs) in classifier.predict(text).frames.iter().zip(expected) {
            largest = largest.max((ours - theirs).abs());
        }
    }
    println!("largest difference {largest:.1e}");
    assert!(largest < TOLERANCE, "probabilities differ by {largest}");
}

#[test]
fn labels_give_the_probabilities_of_scikit_learn() {
    let expected: Labels = reference("sklearn_labels.json");
    let path = root().join("labels/sentences.csv");
    let digest = Sha256::digest(std::fs::read(&path).unwrap());
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(digest, expected.sha256, "run tests/reference/sklearn_reference.py again");
    let rows = read(&path);
    let texts: Vec<&str> = expected.sample.iter().map(|&row| &rows[row][1]).collect();

    let classifier = train(&path, "none");
    assert_same(&classifier, &texts, &expected.frames, &expected.words);
    for (column, term, idf) in &expected.vocabulary {
        assert_eq!(classifier.features().term(*column), term.as_str());
        assert!((f64::from(classifier.features().idf()[*column]) - idf).abs() < 1e-5);
    }

    let classifier = train(&path, "3-4");
    assert_same(&classifier, &texts, &expected.frames, &expected.words_and_chars);
}

#[test]
fn classes_that_exclude_each_other_give_the_probabilities_of_scikit_learn() {
    let path: PathBuf = root().join("../shared/data/uk_manifesto_crowd/econ_social_sentences.csv");
    if !path.exists() {
        println!("skipped: {} is not here", path.display());
        return;
    }
    let expected: Manifesto = reference("sklearn_manifesto.json");
    let rows: Vec<csv::StringRecord> =
        read(&path).into_iter().filter(|row| !row[0].trim().is_empty()).collect();
    assert_eq!(rows.len(), expected.rows);
    let folder = tempfile::tempdir().unwrap();
    let labels = folder.path().join("labels.csv");
    let mut writer = csv::Writer::from_path(&labels).unwrap();
    writer.write_record(["id", "text", "labels"]).unwrap();
    for (index, row) in rows.iter().enumerate() {
        writer.write_record([&index.to_string(), &row[0], &row[4]]).unwrap();
    }
    writer.flush().unwrap();

    let classifier = train(&labels, "none");
    let texts: Vec<&str> = expected.sample.iter().map(|&row| &rows[row][0]).collect();
    assert_same(&classifier, &texts, &expected.frames, &expected.fit);
}
