//! Text to sentences: our segmenter, and `sentencex` alone on the same paragraphs.

#![allow(missing_docs, reason = "made by a macro")]

mod support;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use framescope::text::Segmenter;

fn segment(criterion: &mut Criterion) {
    let article = support::article(2_000_000);
    let mut group = criterion.benchmark_group("segment");
    group.throughput(Throughput::Bytes(article.len() as u64));

    let segmenter = Segmenter::new("en");
    let expected = segmenter.sentences(&article);
    assert!(expected.len() > article.len() / 300, "{} sentences", expected.len());
    group.bench_function("framescope", |bencher| {
        bencher.iter(|| assert_eq!(segmenter.sentences(&article).len(), expected.len()));
    });
    group.bench_function("sentencex alone, a paragraph a call", |bencher| {
        let split =
            || article.lines().map(|line| sentencex::segment("en", line).len()).sum::<usize>();
        let parts = split();
        bencher.iter(|| assert_eq!(split(), parts));
    });
    group.finish();
}

criterion_group!(name = benches; config = support::criterion(); targets = segment);
criterion_main!(benches);
