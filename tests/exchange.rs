//! Codings go to the tools of coders and come back the same; the traps of each tool.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::path::PathBuf;

use framescope::data::exchange::{ExchangeFormat, ReadOptions, read_codings, write_codings};
use proptest::prelude::*;
use support::Sandbox;

/// Converts one file to labels and gives the table.
#[track_caller]
fn labels(name: &str, content: &str, options: &[&str]) -> (String, String) {
    let sandbox = Sandbox::new();
    sandbox.write(name, content);
    let output = sandbox.run(&[&["convert", name, "-o", "out.csv"], options].concat()).succeeds();
    (std::fs::read_to_string(sandbox.path("out.csv")).unwrap(), output.stderr)
}

#[test]
fn doccano_csv_joins_with_hash_and_the_file_is_the_coder() {
    let csv = "id,text,label,Comments\n1,x,a:for#b,[]\n2,y,,[]\n";
    let (table, said) = labels("anna.csv", csv, &[]);
    assert!(table.starts_with("id,text,labels,coder,Comments\n1,x,a:for|b,anna,"), "{table}");
    assert!(table.contains("\n2,y,,anna,"), "{table}");
    assert!(said.contains("told apart at `#`") && said.contains("--empty not-coded"), "{said}");
    let (table, _) = labels("anna.csv", csv, &["--empty", "not-coded"]);
    assert!(table.contains("\n2,y,?,anna,"), "{table}");
}

#[test]
fn doccano_had_other_keys() {
    for key in ["labels", "annotations", "label"] {
        let line = format!("{{\"id\":1,\"data\":\"x\",\"{key}\":[\"a\"]}}\n");
        let (table, _) = labels("anna.jsonl", &line, &["--from", "doccano"]);
        assert_eq!(table, "id,text,labels,coder\n1,x,a,anna\n");
    }
}

#[test]
fn label_studio_names_people_and_skips() {
    let task = |key: &str| {
        format!(
            r#"[{{"id":1,"data":{{"text":"x","outlet":"o"}},"{key}":[
            {{"completed_by":3,"was_cancelled":false,"result":[
              {{"from_name":"frame","type":"choices","value":{{"choices":["a","b"]}}}},
              {{"from_name":"stance_a","type":"choices","value":{{"choices":["for"]}}}}]}},
            {{"completed_by":{{"id":4,"email":"b@x"}},"was_cancelled":true,"result":[]}}]}}]"#
        )
    };
    for key in ["annotations", "completions"] {
        let (table, _) = labels("p.json", &task(key), &[]);
        assert_eq!(table, "id,text,labels,coder,outlet\n1,x,a:for|b,3,o\n1,x,?,b@x,o\n");
    }
    let csv = "annotation_id,annotator,frame,id,stance_a,text\n7,3,a,1,for,x\n\
               8,3,\"{\"\"choices\"\": [\"\"a\"\",\"\"b\"\"]}\",2,,y\n";
    let (table, _) = labels("p.csv", csv, &[]);
    assert!(table.contains("\n1,x,a:for,3,7\n2,y,a|b,3,8\n"), "{table}");
}

#[test]
fn prodigy_merges_by_hash_and_tells_reject_from_ignore() {
    let line = |hash, label, answer| {
        format!(
            "{{\"text\":\"t{hash}\",\"label\":\"{label}\",\"answer\":\"{answer}\",\
             \"_input_hash\":{hash},\"_annotator_id\":\"ann\"}}\n"
        )
    };
    let lines = [
        line(1, "a", "accept"),
        line(1, "b", "reject"),
        line(2, "a", "ignore"),
        line(2, "b", "ignore"),
    ];
    let (table, _) = labels("p.jsonl", &lines.concat(), &[]);
    assert_eq!(table, "id,text,labels,coder\n1,t1,a,ann\n2,t2,?,ann\n");
    let choice = r#"{"text":"x","accept":["a:for"],"answer":"accept","_input_hash":5}"#;
    assert!(labels("p.jsonl", choice, &[]).0.contains("5,x,a:for,p"));
}

#[test]
fn brat_spans_may_be_in_pieces_and_bear_notes() {
    let sandbox = Sandbox::new();
    sandbox.write("anna/d.txt", "Zoë — one two.\nNext.\n");
    sandbox.write(
        "anna/d.ann",
        "T1\ta 0 3;10 13\tZoë two\nA1\tStance T1 for\n#1\tAnnotatorNotes T1\thm\n",
    );
    sandbox.run(&["convert", "anna", "-o", "out.csv"]).succeeds();
    let table = std::fs::read_to_string(sandbox.path("out.csv")).unwrap();
    assert!(table.contains("d:0,Zoë — one two.,a:for,anna,d,hm\nd:1,Next.,,anna,d,\n"), "{table}");
    sandbox.write("anna/d.ann", "T1\ta 0 4\tZoë\nT2\ta 1 99\tx\n");
    sandbox.run(&["convert", "anna", "-o", "no.csv"]).fails(1, "d.ann, line 2");
}

#[test]
fn recal_has_headers_and_missing_codes() {
    let (table, _) = labels("a.csv", "anna,ben\n1,0\n#,1\n", &["--from", "recal"]);
    assert_eq!(table, "id,labels,coder\n1,a,anna\n1,,ben\n2,?,anna\n2,a,ben\n");
    let sandbox = Sandbox::new();
    sandbox.write("c.csv", "id,labels\n1,a:for\n2,b\n");
    sandbox.run(&["convert", "c.csv", "--to", "recal", "-o", "r.csv"]).fails(2, "--frame");
    sandbox.run(&["convert", "c.csv", "-o", "r.csv"]).fails(2, "label-studio-min");
    let run = ["convert", "c.csv", "--to", "recal", "--frame", "a", "-o", "r.csv"];
    assert!(sandbox.run(&run).succeeds().stderr.contains("stances"));
    assert_eq!(std::fs::read_to_string(sandbox.path("r.csv")).unwrap(), "c\n1\n0\n");
}

/// Rows of (sentence, coder): labels or `?`.
fn codings() -> impl Strategy<Value = String> {
    let cell =
        prop::sample::select(vec!["", "?", "a", "a:for", "b:against", "a:for|b:against", "b"]);
    let text = "[a-z#:é😀\"',\\n ]{0,12}x";
    prop::collection::vec((text, cell.clone(), cell), 1..6).prop_map(|rows| {
        let mut table = "id,text,labels,coder,document,source\n".to_owned();
        for (index, (text, anna, ben)) in rows.iter().enumerate() {
            let text = text.replace('"', "\"\"");
            for (coder, cell) in [("anna", anna), ("7", ben)] {
                table += &format!("s{index},\"{text}\",{cell},{coder},d/1,o\n");
            }
        }
        table
    })
}

fn rows(paths: &[PathBuf], format: ExchangeFormat) -> Vec<Vec<String>> {
    let file = read_codings(paths, format, &ReadOptions::default()).unwrap().file;
    let row = |row: &framescope::data::LabelledRow| {
        let labels = row.coding.labels().map(|labels| labels.display(&file.codebook).to_string());
        let labels = labels.unwrap_or("?".to_owned());
        let document = row.document.clone().unwrap_or_default();
        let mut cells = vec![row.id.clone(), row.coder.clone(), labels, row.text.clone(), document];
        cells.extend(row.extra.clone());
        cells
    };
    let mut rows: Vec<Vec<String>> = file.rows.iter().map(row).collect();
    rows.sort();
    rows
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_is_exported_is_imported_the_same(table in codings()) {
        let sandbox = Sandbox::new();
        sandbox.write("in.csv", table);
        let input = vec![sandbox.path("in.csv")];
        let before = rows(&input, ExchangeFormat::Labels);
        let read = read_codings(&input, ExchangeFormat::Labels, &ReadOptions::default()).unwrap();
        for (name, format) in [
            ("l.jsonl", ExchangeFormat::Labels),
            ("d.jsonl", ExchangeFormat::Doccano),
            ("d.csv", ExchangeFormat::Doccano),
            ("ls.json", ExchangeFormat::LabelStudio),
            ("min.json", ExchangeFormat::LabelStudioMin),
            ("min.csv", ExchangeFormat::LabelStudioMin),
            ("p.jsonl", ExchangeFormat::Prodigy),
            ("brat", ExchangeFormat::Brat),
        ] {
            let path = sandbox.path(name);
            write_codings(&read.file, format, None, &path).unwrap();
            prop_assert_eq!(&rows(&[path], format), &before, "{}", name);
        }
        // ReCal keeps frames only, by row.
        if !read.file.codebook.frames.is_empty() {
            let path = sandbox.path("recal");
            write_codings(&read.file, ExchangeFormat::Recal, None, &path).unwrap();
            let codes = |rows: Vec<Vec<String>>| -> Vec<(String, String)> {
                let bare = |cell: &str| cell.replace(":for", "").replace(":against", "");
                rows.iter().map(|row| (row[1].clone(), bare(&row[2]))).collect()
            };
            prop_assert_eq!(codes(rows(&[path], ExchangeFormat::Recal)), codes(before));
        }
    }

    #[test]
    fn hostile_input_is_refused_or_read_but_never_panics(
        text in "[\\[\\]{}\":,a-z0-9# \\n]{0,40}",
        value in prop::sample::select(vec!["null", "1", "\"a\"", "[]", "{}", "[[1]]", "[{\"label\":{}}]", "[null]"]),
        key in prop::sample::select(vec!["id", "text", "label", "data", "annotations", "accept", "answer", "frame", "stance_a", "meta"]),
    ) {
        let sandbox = Sandbox::new();
        let object = format!("{{\"text\":\"x\",\"data\":{{\"text\":\"x\"}},\"{key}\":{value}}}");
        for content in [text.clone(), object] {
            for name in ["h.jsonl", "h.json", "h.csv"] {
                sandbox.write(name, &content);
                let path = sandbox.path(name);
                let _ = ExchangeFormat::guess(&path);
                for format in ExchangeFormat::ALL {
                    let _ = read_codings(std::slice::from_ref(&path), format, &ReadOptions::default());
                }
            }
        }
        sandbox.write("b/t.txt", "one\ntwo\n");
        sandbox.write("b/t.ann", format!("T1\t{text}"));
        let _ = read_codings(&[sandbox.path("b")], ExchangeFormat::Brat, &ReadOptions::default());
    }
}
