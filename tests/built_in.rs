//! The built-in model is what the labels and the defaults give.

mod support;

use std::path::Path;

use framescope::model::Classifier;
use support::Sandbox;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn training_on_the_labels_gives_the_built_in_model_byte_for_byte() {
    let sandbox = Sandbox::new();
    let labels = root().join("labels/sentences.csv");
    let codebook = root().join("labels/codebook.toml");
    let (labels, codebook) = (labels.to_str().unwrap(), codebook.to_str().unwrap());
    let train = ["train", labels, "--codebook", codebook, "-o", "again.framescope"];
    sandbox.run(&train).succeeds();
    let again = std::fs::read(sandbox.path("again.framescope")).unwrap();
    let built_in = std::fs::read(root().join("models/industrial-policy.framescope")).unwrap();
    assert!(
        again == built_in,
        "models/industrial-policy.framescope is not what labels/ gives; see models/README.md for \
         how to make it again"
    );
}

#[test]
fn the_built_in_model_knows_the_four_frames() {
    let classifier = Classifier::built_in().unwrap();
    assert_eq!(
        classifier.codebook().frame_names(),
        ["self-reliance", "opening-up", "green-transition", "security"]
    );
    assert_eq!(classifier.codebook().stance_names(), ["support", "oppose", "neutral"]);
    for (sentence, frame) in [
        ("We must break through bottlenecks in core technologies by our own innovation.", 0),
        ("Exports rose and foreign investors were promised better market access.", 1),
        ("The steel mill must cut its carbon emissions and pollution.", 2),
        ("National security and resilient supply chains come first.", 3),
    ] {
        assert!(classifier.predict(sentence).labels.contains(frame), "{sentence}");
    }
    assert!(classifier.predict("The canteen opens at noon.").labels.is_empty());
    assert!(classifier.predict("").labels.is_empty());
}
