//! Copies among articles that have short, and that have longer phrases in common.

#![allow(missing_docs, reason = "made by a macro")]

mod support;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use framescope::features::{COPY_THRESHOLD, NearDuplicates};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const ARTICLES: usize = 2_000;

/// Words of an article, some 3 kB.
const WORDS: usize = 490;

/// Articles put together of runs of words from anywhere in the corpus.
fn articles(run: usize) -> Vec<String> {
    let text = support::sentences(2_000_000).join(" ");
    let words: Vec<&str> = text.split(' ').collect();
    let mut random = ChaCha8Rng::seed_from_u64(9);
    let mut piece = || {
        let at = random.random_range(0..words.len() - run);
        &words[at..at + run]
    };
    let mut article = || (0..WORDS / run).map(|_| piece().join(" ")).collect::<Vec<_>>().join(" ");
    (0..ARTICLES).map(|_| article()).collect()
}

fn near_duplicates(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("near duplicates");
    for run in [3, 10] {
        let mut articles = articles(run);
        // One copy, so that there is something to find.
        articles.push(articles[0].clone());
        let bytes: usize = articles.iter().map(String::len).sum();
        group.throughput(Throughput::Bytes(bytes as u64));
        group.bench_function(format!("phrases of {run} words"), |bencher| {
            bencher.iter(|| {
                let found = NearDuplicates::find(&articles, COPY_THRESHOLD);
                assert_eq!(found.count(), ARTICLES);
            });
        });
    }
    group.finish();
}

criterion_group!(name = benches; config = support::criterion(); targets = near_duplicates);
criterion_main!(benches);
