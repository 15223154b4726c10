//! Parquet in and out: the same as CSV, and sound against damage.

#![cfg(feature = "parquet")]
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use framescope::data::{RowFormat, Table, TableFormat};
use rand::{Rng, RngExt, SeedableRng};
use support::Sandbox;

/// A CSV as Parquet, all of it texts.
fn parquet(csv: &str) -> Vec<u8> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let header = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let format = RowFormat::new(TableFormat::Parquet, header);
    let mut rows = format.rows();
    for record in reader.records() {
        record.unwrap().iter().for_each(|cell| rows.text(cell));
        rows.end_row();
    }
    rows.finish()
}

fn articles(count: usize) -> String {
    let mut table = "id,text,source,date\n".to_owned();
    for i in 0..count {
        let (source, day) = (["Wire", "\"The, Post\""][i % 2], 1 + i % 28);
        table += &format!(
            "a{i},\"Exports of machine tools rose {i} percent. \"\"We wait,\"\" they say — naïve?\","
        );
        table += &format!("{source},2024-05-{day:02}\n");
    }
    table
}

/// The cells of a result table, its numbers as numbers are read.
fn cells(path: &Path) -> (Vec<String>, Vec<Vec<String>>) {
    let table = Table::read(path).unwrap();
    let is_number: Vec<bool> = table.header.iter().map(|name| name.starts_with("p.")).collect();
    let same = |(cell, &is_number): (String, &bool)| match is_number && !cell.is_empty() {
        true => cell.parse::<f64>().unwrap().to_string(),
        false => cell,
    };
    let row = |cells: Vec<String>| cells.into_iter().zip(&is_number).map(same).collect();
    (table.header, table.rows.into_iter().map(|found| row(found.cells)).collect())
}

#[test]
fn a_table_of_articles_is_read_as_if_it_were_csv() {
    let sandbox = Sandbox::new();
    let table = articles(3000);
    sandbox.write("a.csv", &table);
    sandbox.write("a.parquet", parquet(&table));
    for options in [
        &["--unit", "row"][..],
        &["--id-column", "source"],
        &["--text-column", "source", "--set", "x=1"],
    ] {
        let run = |file| sandbox.run(&[&["classify", file], options].concat()).succeeds().stdout;
        assert_eq!(run("a.csv"), run("a.parquet"));
    }
    // Rows without names are numbered, and others are drawn as they are.
    let nameless = table.replace("id,text", "nr,text");
    sandbox.write("b/a.csv", &nameless);
    sandbox.write("b/a.parquet", parquet(&nameless));
    for command in [&["classify"][..], &["sample", "-n", "20"]] {
        let run = |file| sandbox.run(&[command, &[file]].concat()).succeeds().stdout;
        assert_eq!(run("b/a.csv"), run("b/a.parquet"));
    }
}

#[test]
fn results_are_the_same_in_parquet() {
    let sandbox = Sandbox::new();
    sandbox.write("a.csv", articles(2500));
    let run = |output: &str, threads: &str| {
        let options = ["classify", "a.csv", "--probabilities", "all", "--threads", threads];
        sandbox.run(&[&options[..], &["-o", output]].concat()).succeeds();
    };
    run("csv.csv", "2");
    run("one.parquet", "1");
    run("two.parquet", "2");
    assert_eq!(cells(&sandbox.path("csv.csv")), cells(&sandbox.path("one.parquet")));
    let bytes = |name| std::fs::read(sandbox.path(name)).unwrap();
    assert_eq!(bytes("one.parquet"), bytes("two.parquet"));
    assert_eq!(sandbox.files(), ["a.csv", "csv.csv", "one.parquet", "two.parquet"]);
}

#[test]
fn units_become_row_groups_in_order() {
    let sandbox = Sandbox::new();
    let rows: Vec<String> = (0..130_000).map(|i| format!("{i},Steel rose by {i}.\n")).collect();
    sandbox.write("a.csv", format!("id,text\n{}", rows.concat()));
    sandbox.run(&["classify", "a.csv", "--unit", "row", "-o", "a.parquet"]).succeeds();
    let table = Table::read(&sandbox.path("a.parquet")).unwrap();
    assert_eq!(table.rows.len(), 130_000);
    assert!(table.rows.iter().enumerate().all(|(i, row)| row.cells[0] == i.to_string()));
    // None at all is a table as well.
    sandbox.write("b.csv", "id,text\n");
    sandbox.run(&["classify", "b.csv", "-o", "b.parquet"]).succeeds();
    let empty = Table::read(&sandbox.path("b.parquet")).unwrap();
    assert_eq!((empty.header, empty.rows.len()), (table.header, 0));
}

#[test]
fn label_files_and_results_may_be_parquet() {
    let sandbox = Sandbox::new();
    let labels = include_str!("../labels/sentences.csv");
    let labels: String = labels.split_inclusive('\n').take(150).collect();
    sandbox.write("l.csv", &labels);
    sandbox.write("l.parquet", parquet(&labels));
    let train = |file, model| {
        let options = ["--char-ngrams", "none", "--C", "1", "--threads", "2"];
        sandbox.run(&[&["train", file, "-o", model], &options[..]].concat()).succeeds().stdout
    };
    assert_eq!(train("l.csv", "c.framescope"), train("l.parquet", "p.framescope"));
    sandbox.run(&["classify", "l.csv", "--unit", "row", "-o", "t.csv"]).succeeds();
    sandbox.run(&["classify", "l.parquet", "--unit", "row", "-o", "t.parquet"]).succeeds();
    let evaluate = |gold, results| {
        let options = ["--json", "--replicates", "20"];
        let arguments = ["evaluate", gold, "--predictions", results];
        sandbox.run(&[&arguments[..], &options[..]].concat()).succeeds().stdout
    };
    assert_eq!(evaluate("l.csv", "t.csv"), evaluate("l.parquet", "t.parquet"));
    sandbox.run(&["sample", "t.parquet", "-n", "9", "-o", "s.parquet"]).succeeds();
    sandbox.run(&["sample", "t.csv", "-n", "9", "-o", "s.csv"]).succeeds();
    let ids = |name| {
        let rows = Table::read(&sandbox.path(name)).unwrap().rows;
        rows.into_iter().map(|row| row.cells[0].clone()).collect::<Vec<_>>()
    };
    assert_eq!(ids("s.csv"), ids("s.parquet"));
}

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/parquet/coded.parquet")
}

#[test]
fn columns_of_every_kind_are_read_as_texts() {
    let table = Table::read(&golden()).unwrap();
    let expected = [
        "id,text,labels,source,date,seen,sent,words,score,price,front",
        "a,Mills “export”.,trade:support|green,Wire,2024-05-01,2024-05-01T12:30:00.25,2024-05-01T12:30:00.25Z,2,0.5,1.50,true",
        "b,We wait; we see.,,Post,2024-05-01,,2024-05-01T12:30:00.25Z,4,,1.50,false",
        "c,No?\nNo.,,Wire,,2024-05-01T12:30:00.25,2024-05-01T12:30:00.25Z,2,1e-7,1.50,",
        "d,Rivers rose.,?,,1969-12-31,2024-05-01T12:30:00.25,2024-05-01T12:30:00.25Z,,1.0,-0.05,true",
    ];
    let line = |cells: &[String]| cells.join(",").replace("wait,", "wait;");
    let mut found = vec![line(&table.header)];
    found.extend(table.rows.iter().map(|row| line(&row.cells)));
    assert_eq!(found, expected);
    let notice = table.notice.unwrap();
    assert!(notice.contains("left out") && notice.contains("`place`, `tags`"), "{notice}");
    assert!(notice.contains("`labels` is null in 1 rows"), "{notice}");
}

#[test]
fn a_column_of_another_kind_is_not_called_missing() {
    let sandbox = Sandbox::new();
    sandbox.write("t.parquet", std::fs::read(golden()).unwrap());
    let run = ["classify", "t.parquet", "--text-column", "place"];
    sandbox.run(&run).fails(1, "t.parquet: column `place` holds neither texts nor numbers;");
}

#[test]
fn damage_is_told_and_never_a_panic() {
    let sandbox = Sandbox::new();
    let path = sandbox.path("d.parquet");
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(42);
    for whole in [std::fs::read(golden()).unwrap(), parquet(&articles(40))] {
        for cut in (0..whole.len()).step_by(7) {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let message = Table::read(&path).unwrap_err().to_string();
            assert!(message.contains("d.parquet: "), "{message}");
        }
        for round in 0..3000 {
            let mut damaged = whole.clone();
            for _ in 0..1 + round % 3 {
                let at = rng.random_range(4..damaged.len() - 4);
                damaged[at] = match round % 2 {
                    0 => damaged[at] ^ (1 << rng.random_range(0..8)),
                    _ => rng.next_u32() as u8,
                };
            }
            std::fs::write(&path, &damaged).unwrap();
            // Where nothing tells, the damage lies in a text.
            if let Err(error) = Table::read(&path) {
                assert!(error.to_string().contains("d.parquet"), "{error}");
            }
        }
    }
    sandbox.write("t.parquet", "id,text\n1,Steel rose.\n");
    let refused = sandbox.run(&["classify", "t.parquet", "--on-error", "stop"]);
    assert_eq!((refused.code, refused.stdout.as_str()), (1, ""));
    assert!(refused.stderr.contains("t.parquet: this is no Parquet file"), "{}", refused.stderr);
    let mut cut = parquet(&articles(40));
    cut.truncate(cut.len() - 9);
    sandbox.write("c.parquet", cut);
    let refused = sandbox.run(&["train", "c.parquet", "-o", "x.framescope"]);
    assert_eq!(refused.code, 1);
    assert!(refused.stderr.contains("ends too soon"), "{}", refused.stderr);
    assert!(!refused.stderr.contains("panic"), "{}", refused.stderr);
}

/// A Python that has what is asked for: that of `.ci/run`, else the system's.
fn python() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let has_all = |python: &PathBuf| {
        let test = Command::new(python).args(["-c", "import duckdb, pandas, pyarrow"]).output();
        test.is_ok_and(|output| output.status.success())
    };
    [root.join("target/python/bin/python3"), PathBuf::from("python3")].into_iter().find(has_all)
}

#[test]
fn pandas_and_duckdb_read_the_values_of_the_csv() {
    let Some(python) = python() else {
        println!("skipped: there is no Python with pandas, pyarrow and DuckDB");
        return;
    };
    let sandbox = Sandbox::new();
    sandbox.write("a.csv", articles(700));
    for output in ["t.csv", "t.parquet"] {
        sandbox.run(&["classify", "a.csv", "--probabilities", "all", "-o", output]).succeeds();
    }
    let script = "
import duckdb, pandas
csv = pandas.read_csv('t.csv', keep_default_na=False, na_values={'p': ['']})
frame = pandas.read_parquet('t.parquet')
assert list(frame.columns) == list(csv.columns)
for name in frame.columns:
    kind = str(frame[name].dtype)
    wanted = 'float64' if name.startswith('p.') else 'int64' if name in ('sentence', 'start', 'end') else None
    assert wanted is None or kind == wanted, (name, kind)
    assert list(frame[name]) == list(csv[name]), name
rows = duckdb.sql(\"select id, sentence, text, labels from 't.parquet'\").fetchall()
assert rows == list(csv[['id', 'sentence', 'text', 'labels']].itertuples(index=False, name=None))
";
    let output =
        Command::new(python).args(["-c", script]).current_dir(sandbox.path(".")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
