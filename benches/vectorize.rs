//! Sentences to sparse rows: words, n-grams, fit, transform; on all cores that rayon may use
//! (`RAYON_NUM_THREADS=1` for one).

#![allow(missing_docs, reason = "made by a macro")]
#![allow(clippy::unwrap_used, reason = "a bench may fail")]

mod support;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use framescope::features::{Ngrams, Sentences, TfidfParams, TfidfValidParams};
use framescope::linfa::{ParamGuard, traits::Transformer};
use framescope::text::words;

/// By name, what is counted.
fn kinds() -> [(&'static str, TfidfValidParams); 2] {
    let chars = TfidfParams::default().word_ngrams(None);
    [("words", support::words()), ("characters", chars)]
        .map(|(name, of)| (name, of.check().unwrap()))
}

fn vectorize(criterion: &mut Criterion) {
    let sentences = support::training_sentences();
    let texts: Vec<&str> = sentences.iter().map(String::as_str).collect();
    let all: Vec<usize> = (0..texts.len()).collect();
    let bytes: usize = texts.iter().map(|text| text.len()).sum();
    let mut group = criterion.benchmark_group("vectorize");
    group.throughput(Throughput::Bytes(bytes as u64));

    let lower: Vec<String> = texts.iter().map(|text| text.to_lowercase()).collect();
    let tokens: usize = lower
        .iter()
        .map(|text| text.split(|c: char| !c.is_alphanumeric() && c != '_'))
        .map(|all| all.filter(|word| word.chars().count() > 1).count())
        .sum();
    group.bench_function("tokens", |bencher| {
        bencher.iter(|| {
            assert_eq!(lower.iter().map(|text| words(text).count()).sum::<usize>(), tokens)
        });
    });
    for (name, params) in kinds() {
        let ngrams = Ngrams::count(&params, &texts).unwrap();
        let tfidf = ngrams.fit(&all).unwrap();
        let rows = ngrams.transform(&tfidf, &all);
        group.bench_function(format!("n-grams counted and fitted, {name}"), |bencher| {
            bencher.iter(|| {
                let again = Ngrams::count(&params, &texts).unwrap();
                assert_eq!(again.fit(&all).unwrap().idf(), tfidf.idf());
            });
        });
        group.bench_function(format!("fit, {name}"), |bencher| {
            bencher.iter(|| assert_eq!(ngrams.fit(&all).unwrap().idf(), tfidf.idf()));
        });
        group.bench_function(format!("transform what was counted, {name}"), |bencher| {
            bencher.iter(|| assert_eq!(ngrams.transform(&tfidf, &all).stored(), rows.stored()));
        });
        group.bench_function(format!("transform anew, {name}"), |bencher| {
            bencher.iter(|| assert_eq!(tfidf.transform(Sentences(&texts)), rows));
        });
    }
    group.finish();
}

criterion_group!(name = benches; config = support::criterion(); targets = vectorize);
criterion_main!(benches);
