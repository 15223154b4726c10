//! Files to a result table in memory: reading, decoding, splitting, scoring, formatting; on all
//! cores that rayon may use (`RAYON_NUM_THREADS=1` for one).

#![allow(missing_docs, reason = "made by a macro")]
#![allow(clippy::unwrap_used, reason = "a bench may fail")]

mod support;

use std::path::PathBuf;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use framescope::data::{
    ArticleColumns, ArticleTables, Pieces, Reading, RowFormat, TableFormat, documents,
};
use framescope::error::Error;
use framescope::model::{Classifier, StanceDetail};
use framescope::tasks::classify::{
    ProbabilityColumns, Tagger, Unit, classify, header, write_piece,
};

const BYTES: usize = 4_000_000;

/// The bytes of the table of an input.
fn table(classifier: &Classifier, input: &PathBuf, unit: Unit) -> usize {
    let columns = ProbabilityColumns::Frames;
    let header = header(classifier.codebook(), columns);
    let documents = documents(std::slice::from_ref(input), &Reading::default()).unwrap();
    let tables =
        ArticleTables::open(&documents, &ArticleColumns::default(), &header, unit == Unit::Row)
            .unwrap();
    let format = RowFormat::new(TableFormat::Csv, header);
    let tagger = Tagger::new(classifier, StanceDetail::Given, unit);
    let pieces = Pieces::new(documents, tables, unit == Unit::Row);
    let mut bytes = 0;
    let rows = |piece| write_piece(&tagger, piece, columns, &format);
    classify(pieces, rows, |written| {
        bytes += written.rows.len();
        Ok::<(), Error>(())
    })
    .unwrap();
    bytes
}

fn end_to_end(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let (long, many, csv) = (
        folder.path().join("long.txt"),
        folder.path().join("many"),
        folder.path().join("rows.csv"),
    );
    std::fs::write(&long, support::article(BYTES)).unwrap();
    std::fs::create_dir(&many).unwrap();
    for index in 0..BYTES / 5_000 {
        std::fs::write(many.join(format!("{index:05}.txt")), support::article(5_000)).unwrap();
    }
    let sentences = support::sentences(BYTES);
    let mut writer = csv::Writer::from_path(&csv).unwrap();
    writer.write_record(["id", "text"]).unwrap();
    for (index, sentence) in sentences.iter().enumerate() {
        writer.write_record([&index.to_string(), sentence]).unwrap();
    }
    writer.flush().unwrap();

    let mut group = criterion.benchmark_group("end to end");
    group.throughput(Throughput::Bytes(BYTES as u64));
    let classifier = support::classifier(&sentences, support::words());
    for (name, input, unit) in [
        ("one long text", &long, Unit::Sentence),
        ("short texts", &many, Unit::Sentence),
        ("rows of a table", &csv, Unit::Row),
    ] {
        let expected = table(&classifier, input, unit);
        assert!(expected > BYTES);
        group.bench_function(name, |bencher| {
            bencher.iter(|| assert_eq!(table(&classifier, input, unit), expected));
        });
    }
    group.finish();
}

criterion_group!(name = benches; config = support::criterion(); targets = end_to_end);
criterion_main!(benches);
