//! Rows and labels to weights, by either solver.

#![allow(missing_docs, reason = "made by a macro")]
#![allow(clippy::unwrap_used, reason = "a bench may fail")]

mod support;

use criterion::{Criterion, criterion_group, criterion_main};
use framescope::features::{DfBound, Sentences, SparseMatrix, TfidfParams};
use framescope::linfa::{
    DatasetBase, ParamGuard,
    traits::{Fit, Transformer},
};
use framescope::model::{Logistic, LogisticParams, LogisticValidParams, Solver};
use framescope::ndarray::Array2;

fn rows(features: TfidfParams, texts: &[&str]) -> SparseMatrix {
    let params = features.check().unwrap();
    let tfidf = params.fit(&DatasetBase::new(Sentences(texts), ())).unwrap();
    tfidf.transform(Sentences(texts))
}

/// Five questions at C = 1; every gradient must have shrunk to `norm`.
fn fit(params: &LogisticValidParams, rows: &SparseMatrix, labels: &Array2<bool>, norm: f64) {
    let models: Vec<Logistic> = params.fit(&DatasetBase::new(rows, labels.clone())).unwrap();
    for (model, positive) in models.iter().zip(labels.columns()) {
        let reached = support::gradient_norm(rows, model, |row| positive[row]);
        assert!(reached <= norm, "{reached}");
    }
}

fn train(criterion: &mut Criterion) {
    let sentences = support::training_sentences();
    let texts: Vec<&str> = sentences.iter().map(String::as_str).collect();
    let of_sentence = support::labels(&sentences);
    let labels = Array2::from_shape_fn((texts.len(), support::FRAMES), |(row, frame)| {
        of_sentence[row].contains(frame)
    });
    let mut group = criterion.benchmark_group("train");

    let params = LogisticParams::default().check().unwrap();
    let all = rows(support::words(), &texts);
    // What liblinear reaches at most, by its default tolerance.
    group.bench_function("sparse, 20,000 sentences", |bencher| {
        bencher.iter(|| fit(&params, &all, &labels, 0.008));
    });

    // Dense: a few columns only.
    let few = 1_000;
    let labels = labels.slice(framescope::ndarray::s![..few, ..]).to_owned();
    let few = rows(support::words().min_df(DfBound::Count(20)), &texts[..few]);
    for (name, solver) in [("sparse", Solver::Sparse), ("linfa", Solver::Linfa)] {
        let params = LogisticParams::default().solver(solver).check().unwrap();
        group.bench_function(format!("{name}, 1,000 sentences"), |bencher| {
            bencher.iter(|| fit(&params, &few, &labels, 0.1));
        });
    }
    group.finish();
}

criterion_group!(name = benches; config = support::criterion(); targets = train);
criterion_main!(benches);
