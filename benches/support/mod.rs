//! A corpus for measuring, made from `labels/` alone: the same on every machine.

#![allow(dead_code, reason = "every bench uses a part")]
#![allow(clippy::unwrap_used, unreachable_pub, reason = "a bench may fail; every bench is a crate")]

use std::path::Path;
use std::time::Duration;

use criterion::Criterion;
use framescope::data::{Codebook, Label, LabelFile, LabelSchema, LabelSet};
use framescope::features::{SparseMatrix, TfidfParams};
use framescope::model::{
    Classifier, ClassifierParams, Logistic, Regularisation, ThresholdRule, TrainingData,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Words that are made up, besides those of the labels.
const MADE_UP: usize = 40_000;

/// How long a sentence is, about.
const SENTENCE_BYTES: usize = 150;

/// Frames of the classifier: the outputs of the peers are as many.
pub const FRAMES: usize = 5;

/// Ten samples in some two seconds, so that all benches together take less than five minutes.
pub fn criterion() -> Criterion {
    let (warm_up, measure) = (Duration::from_millis(500), Duration::from_secs(2));
    Criterion::default().sample_size(10).warm_up_time(warm_up).measurement_time(measure)
}

/// A word that no dictionary has, short for small ranks.
fn made_up(rank: usize) -> String {
    const SYLLABLES: [&str; 20] = [
        "ba", "ker", "mi", "lon", "tra", "vis", "pol", "ne", "dur", "sha", "wo", "gen", "fi",
        "rast", "qua", "ul", "ster", "jo", "hy", "cem",
    ];
    let (mut word, mut rest) = (String::new(), rank + SYLLABLES.len());
    while rest > 0 {
        word.push_str(SYLLABLES[rest % SYLLABLES.len()]);
        rest /= SYLLABLES.len();
    }
    word
}

/// Sentences of about 150 bytes: those of the labels, every fourth word replaced by a made-up one
/// whose rank is drawn by Zipf's law.
pub fn sentences(bytes: usize) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = root.join("labels/sentences.csv");
    let file = LabelFile::read(&[file], None, LabelSchema::WithText).unwrap();
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let mut found = Vec::new();
    let mut total = 0;
    while total < bytes {
        let mut sentence = String::new();
        while sentence.len() < SENTENCE_BYTES {
            let row = &file.rows[random.random_range(0..file.rows.len())];
            for word in row.text.split(' ') {
                if !sentence.is_empty() {
                    sentence.push(' ');
                }
                if random.random_range(0..4) == 0 {
                    // P(rank > r) falls as 1/r, up to the last rank.
                    let uniform: f64 = random.random_range(1.0 / MADE_UP as f64..1.0);
                    sentence.push_str(&made_up((1.0 / uniform) as usize));
                } else {
                    sentence.push_str(word);
                }
                if sentence.len() > SENTENCE_BYTES + 30 {
                    break;
                }
            }
        }
        total += sentence.len() + 1;
        found.push(sentence);
    }
    found
}

/// 20,000 sentences, as the peers are trained on.
pub fn training_sentences() -> Vec<String> {
    let mut sentences = sentences(4_000_000);
    sentences.truncate(20_000);
    sentences
}

/// Paragraphs of some four sentences, made of those of the corpus.
pub fn article(bytes: usize) -> String {
    let mut article = String::new();
    for (index, sentence) in sentences(bytes).into_iter().enumerate() {
        let mut characters = sentence.chars();
        article.extend(characters.next().into_iter().flat_map(char::to_uppercase));
        article.push_str(characters.as_str().trim_end_matches(['.', ',', ';', ' ']));
        article.push_str(if index % 4 == 3 { ".\n\n" } else { ". " });
    }
    article
}

/// Frame `f` is present where one of its made-up words is.
pub fn labels(sentences: &[String]) -> Vec<LabelSet> {
    let of = |sentence: &String| {
        let present = |frame: &usize| {
            (0..6).any(|word| sentence.contains(&made_up(1 + frame + FRAMES * word)))
        };
        (0..FRAMES).filter(present).map(|frame| Label { frame, stance: None }).collect()
    };
    sentences.iter().map(of).collect()
}

/// A classifier of five frames, fitted at C = 1 on the first 20,000 of the sentences.
pub fn classifier(sentences: &[String], features: TfidfParams) -> Classifier {
    let sentences = &sentences[..sentences.len().min(20_000)];
    let names = (0..FRAMES).map(|frame| format!("f{frame}")).collect();
    let codebook = Codebook::from_names(framescope::data::Choice::Multiple, names, Vec::new());
    let labels = labels(sentences);
    let data = TrainingData {
        codebook: &codebook,
        texts: sentences.iter().map(String::as_str).collect(),
        labels: labels.iter().collect(),
        groups: vec![0; sentences.len()],
        digest: String::new(),
    };
    let params = ClassifierParams {
        features,
        c: Regularisation::Fixed(1.0),
        calibrate: false,
        threshold: ThresholdRule::Fixed(0.5),
        ..ClassifierParams::default()
    };
    params.fit(&data, &|_| {}).unwrap().classifier
}

/// Word 1-2-grams, as the peers have them.
pub fn words() -> TfidfParams {
    TfidfParams::default().char_ngrams(None)
}

/// The norm of the gradient of `½‖w‖² + Σ ln(1 + e^(−yᵢ(w·xᵢ + b)))` where a fit ended.
pub fn gradient_norm(
    rows: &SparseMatrix,
    model: &Logistic,
    positive: impl Fn(usize) -> bool,
) -> f64 {
    let (mut gradient, mut intercept) = (model.weights().to_vec(), 0.0);
    for (row, (values, probability)) in rows.iter().zip(model.probabilities(rows)).enumerate() {
        let residual = probability - f64::from(u8::from(positive(row)));
        values.add_to(residual, &mut gradient);
        intercept += residual;
    }
    gradient.iter().chain([&intercept]).map(|g| g * g).sum::<f64>().sqrt()
}

/// Five weights a slot of [`floor_table`], looked up by the hashes of words and of neighbouring words.
pub fn floor(sentence: &str, table: &[[f32; FRAMES]]) -> [f32; FRAMES] {
    let (mut sums, mut hash, mut last) = ([0.0; FRAMES], 0_u64, 0_u64);
    let mut add = |hash: u64| {
        let slot = &table[(hash >> 47) as usize];
        for (sum, weight) in sums.iter_mut().zip(slot) {
            *sum += weight;
        }
    };
    for byte in sentence.bytes().chain([b' ']) {
        let byte = byte.to_ascii_lowercase();
        if byte.is_ascii_alphanumeric() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        } else if hash != 0 {
            add(hash);
            add((last ^ hash).wrapping_mul(0xC2B2_AE3D_27D4_EB4F));
            last = hash.rotate_left(17);
            hash = 0;
        }
    }
    sums
}

/// Five weights for each of 2¹⁷ hashes.
pub fn floor_table() -> Vec<[f32; FRAMES]> {
    (0..1 << 17).map(|slot| [slot as f32 * 1e-6; FRAMES]).collect()
}
