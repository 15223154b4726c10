//! Sentences in, probabilities out, on one core.
//!
//! `floor` is the least the job can cost: a loop that lower-cases, hashes and looks up five weights
//! for every word and bigram, and does nothing right.

#![allow(missing_docs, reason = "made by a macro")]

mod support;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use framescope::features::{Scratch, TfidfParams};
use framescope::model::Classifier;
use support::{FRAMES, floor, floor_table};

fn score(criterion: &mut Criterion) {
    let sentences = support::sentences(4_000_000);
    let sample = &sentences[20_000.min(sentences.len() / 2)..];
    let bytes: usize = sample.iter().map(String::len).sum();
    let mut group = criterion.benchmark_group("score");
    group.throughput(Throughput::Bytes(bytes as u64));

    let table = floor_table();
    group.bench_function("floor", |bencher| {
        bencher.iter(|| {
            let sum: f32 = sample.iter().map(|sentence| floor(sentence, &table)[0]).sum();
            assert!(sum > 0.0);
            black_box(sum)
        });
    });
    for (name, features) in
        [("words", support::words()), ("words and characters", TfidfParams::default())]
    {
        let classifier: Classifier = support::classifier(&sentences, features);
        let expected: f64 =
            sample.iter().map(|s| classifier.predict(s).frames.iter().sum::<f64>()).sum();
        let scorer = classifier.scorer();
        group.bench_function(format!("scorer, {name}"), |bencher| {
            let (mut scratch, mut found) = (Scratch::default(), [0.0; FRAMES]);
            bencher.iter(|| {
                let mut sum = 0.0;
                for sentence in sample {
                    scorer.frame_probabilities(sentence, &mut scratch, &mut found);
                    sum += found.iter().sum::<f64>();
                }
                assert_eq!(sum, expected);
            });
        });
        group.bench_function(format!("plain path, {name}"), |bencher| {
            bencher.iter(|| {
                let sum: f64 =
                    sample.iter().map(|s| classifier.predict(s).frames.iter().sum::<f64>()).sum();
                assert_eq!(sum, expected);
            });
        });
    }
    group.finish();
}

criterion_group!(name = benches; config = support::criterion(); targets = score);
criterion_main!(benches);
