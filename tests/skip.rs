//! Input at fault is left out and said to be; all else is there as if it had not been.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::io::Write;

use support::{Sandbox, listed, skips, small_labels};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A page that a parser need not be asked about.
fn deep_page() -> String {
    "<div>".repeat(5000) + "<p>Exports rose."
}

/// Files at fault as a whole: ending, content, where in it the fault is (line and column), reason.
fn bad_files() -> Vec<(&'static str, Vec<u8>, [&'static str; 2], &'static str)> {
    let cut = gzip(&b"Exports rose.\n".repeat(1000));
    let mut damaged = gzip(&b"Exports rose, they say.\n".repeat(9));
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0xff;
    vec![
        ("txt", b"Zw\xc3\xb6lf\n\xc3\x84pfel \xff".to_vec(), ["2", "7"], "byte 0xFF is not UTF-8"),
        ("md", b"a\0\xff\xfe".to_vec(), ["1", "3"], "byte 0xFF is not UTF-8"),
        ("txt", b"\xff\xfea\0\0\xd8".to_vec(), ["1", ""], "there are bytes that are not UTF-16LE"),
        (
            "txt.gz",
            cut[..cut.len() / 2].to_vec(),
            ["", ""],
            "cannot read: the gzip data end too soon",
        ),
        ("txt.gz", damaged, ["", ""], "cannot read: the gzip data are damaged"),
        (
            "txt.gz",
            b"Exports rose.".to_vec(),
            ["", ""],
            "cannot read: its name ends in .gz, but it",
        ),
        (
            "txt.zst",
            b"Exports rose.".to_vec(),
            ["", ""],
            "cannot read: its name ends in .zst, but it",
        ),
        ("html", b"<script>let a = 1;</script>".to_vec(), ["", ""], "there is no article text"),
        ("htm", deep_page().into_bytes(), ["", ""], "tags are nested more than 1000 deep"),
        ("html", b"<p>a\xc3\x84\xc3\x84 \xff".to_vec(), ["1", "8"], "byte 0xFF is not UTF-8"),
    ]
}

/// Rows at fault by themselves, of a table `id,text`: the row, its id where it is known, the column
/// of the fault, the reason.
const BAD_ROWS: [(&[u8], &str, &str, &str); 5] = [
    (b"few", "few", "", "this row has 1 cells, the header 2"),
    (b"many,x,y,z", "many", "", "this row has 4 cells, the header 2"),
    (b",nameless", "", "id", "the id is empty"),
    (b"byte,a\xff", "", "7", "byte 0xFF is not UTF-8"),
    (b"cut,\"\xc3\"", "", "6", "byte 0xC3 is not UTF-8"),
];

const BAD_LINES: [(&str, &str, &str, &str); 5] = [
    ("[1]", "", "", "this line is no JSON object"),
    ("{\"id\":1,", "", "8", "this is not JSON"),
    ("{\"id\":\"lacks\"}", "lacks", "", "this object has no `text`"),
    ("{\"id\":\"\",\"text\":\"x\"}", "", "id", "the id is empty"),
    ("{\"text\":\"nameless\"}", "", "id", "the id is empty"),
];

const CLASSIFY: [&str; 4] = ["classify", "in", "--errors", "errors.csv"];

#[test]
fn files_at_fault_are_left_out_each_with_its_reason() {
    for (ending, content, [line, column], reason) in bad_files() {
        let sandbox = Sandbox::new();
        sandbox.write("in/a.txt", "Imports fell.");
        sandbox.write("in/c.txt", "Exports rose.");
        let good = sandbox.run(&CLASSIFY).succeeds().stdout;
        assert!(listed(&sandbox).is_empty());
        sandbox.write(&format!("in/b.{ending}"), content);
        let summary = "errors.csv: 1 item skipped (1 file)";
        assert_eq!(skips(sandbox.run(&CLASSIFY), summary), good, "{reason}");
        let rows = listed(&sandbox);
        let row: Vec<&str> = rows[0].iter().map(String::as_str).collect();
        assert_eq!(row[..4], [&format!("in/b.{ending}")[..], line, column, "b"]);
        assert!(row[4].starts_with(reason), "{} / {reason}", row[4]);
        // The same words end a run that stops.
        let stop = [&CLASSIFY[..], &["-o", "out.csv", "--on-error", "stop"]].concat();
        sandbox.run(&stop).fails(1, reason);
    }
}

#[test]
fn rows_at_fault_are_left_out_each_with_its_reason() {
    let good: Vec<Vec<u8>> = (0..6).map(|i| format!("r{i},\"Né,\nno {i}\"").into()).collect();
    let join = |rows: &[Vec<u8>]| [&b"id,text"[..], &rows.join(&b"\n"[..])].join(&b"\n"[..]);
    let sandbox = Sandbox::new();
    let run = || sandbox.run(&["classify", "t.csv", "--errors", "errors.csv"]);
    sandbox.write("t.csv", join(&good));
    let expected = run().succeeds().stdout;
    let mut rows = Vec::new();
    for (index, good) in good.iter().enumerate() {
        rows.push(good.clone());
        rows.extend(BAD_ROWS.get(index).map(|bad| bad.0.to_vec()));
    }
    sandbox.write("t.csv", join(&rows));
    assert_eq!(skips(run(), "5 items skipped (5 rows)"), expected);
    for (index, (row, bad)) in listed(&sandbox).iter().zip(BAD_ROWS).enumerate() {
        let line = (4 + 3 * index).to_string();
        assert_eq!(row[..4], ["t.csv", &line, bad.2, bad.1]);
        assert!(row[4].starts_with(bad.3), "{row:?}");
    }
}

#[test]
fn lines_at_fault_are_left_out_each_with_its_reason() {
    let sandbox = Sandbox::new();
    let run = || sandbox.run(&["classify", "t.jsonl", "--errors", "errors.csv"]);
    let good = |i: usize| format!("{{\"id\":\"r{i}\",\"text\":\"Fine, no {i}\"}}\n");
    sandbox.write("t.jsonl", (0..5).map(good).collect::<String>());
    let expected = run().succeeds().stdout;
    let both = |i| good(i) + BAD_LINES[i].0 + "\n";
    sandbox.write("t.jsonl", (0..5).map(both).collect::<String>());
    assert_eq!(skips(run(), "5 items skipped (5 rows)"), expected);
    for (index, (row, bad)) in listed(&sandbox).iter().zip(BAD_LINES).enumerate() {
        assert_eq!(row[..4], ["t.jsonl", &(2 * index + 2).to_string(), bad.2, bad.1]);
        assert!(row[4].starts_with(bad.3), "{row:?}");
    }
}

#[test]
fn the_rest_of_a_table_is_left_out_once() {
    let sandbox = Sandbox::new();
    // Some chunks before, and some behind.
    let rows = |ids: std::ops::Range<usize>| -> String {
        ids.map(|i| format!("r{i},\"Exports of kind {i} rose once more this year.\"\n")).collect()
    };
    let start = format!("id,text\n{}", rows(0..30_000));
    sandbox.write("t.csv", &start);
    sandbox.write("a.txt", "Imports fell.");
    let run = |threads: &str| {
        let options = ["--unit", "row", "--errors", "errors.csv", "--threads", threads];
        sandbox.run(&[&["classify", "t.csv", "a.txt"], &options[..]].concat())
    };
    let expected = run("2").succeeds().stdout;
    for bad in ["x,\"never closed\n", "x,\"closed\" too soon\n"] {
        sandbox.write("t.csv", start.clone() + bad + &rows(30_000..60_000));
        for threads in ["1", "3"] {
            assert!(skips(run(threads), "1 item skipped (1 rest of a file)") == expected);
            let [row] = &listed(&sandbox)[..] else { panic!("one fault is one row") };
            assert_eq!(row[..2], ["t.csv", "30002"]);
            assert!(row[4].ends_with("(all from line 30002 on is left out)"), "{}", row[4]);
        }
    }
    // The same for a stream that is damaged: whole rows before it stay.
    let whole = gzip(&[start.as_bytes(), rows(30_000..60_000).as_bytes()].concat());
    sandbox.write("t.csv.gz", &whole[..whole.len() / 2]);
    let output = sandbox.run(&["classify", "t.csv.gz", "--unit", "row"]);
    assert!(output.stderr.contains("the gzip data end too soon (all from line "));
    let table = skips(output, "1 item skipped (1 rest of a file)");
    assert!(expected.starts_with(&table[..table.len().min(1 << 20)]));
    assert!(table.lines().count() > 10_000);
}

#[test]
fn a_long_article_keeps_what_stands_before_its_fault() {
    let sandbox = Sandbox::new();
    let line = "Exports rose once more this year, they say. Imports fell.\n";
    let start = line.repeat(30_000);
    sandbox.write("long.txt", &start);
    let run = |input: &str, threads: &str| {
        sandbox.run(&["classify", input, "--errors", "errors.csv", "--threads", threads])
    };
    let expected = run("long.txt", "2").succeeds().stdout;
    sandbox.write(
        "long.txt",
        [start.as_bytes(), "Fine, né à ".as_bytes(), b"\xff\n", start.as_bytes()].concat(),
    );
    for threads in ["1", "3"] {
        let table = skips(run("long.txt", threads), "1 item skipped (1 rest of a file)");
        assert!(table == expected);
        let reason = "byte 0xFF is not UTF-8 (all from line 30001 on is left out)";
        assert_eq!(listed(&sandbox)[0][..5], ["long.txt", "30001", "12", "long", reason]);
    }
    let whole = gzip(start.as_bytes());
    sandbox.write("long.txt.gz", &whole[..whole.len() - 9]);
    let table = skips(run("long.txt.gz", "2"), "1 item skipped (1 rest of a file)");
    assert!(expected.starts_with(&table) && table.lines().count() > 40_000);
}

#[test]
fn tables_that_cannot_begin_are_left_out_unless_the_columns_are_not_those_that_were_named() {
    let sandbox = Sandbox::new();
    sandbox.write("good.csv", "id,text,day\n1,Rain.,Monday\n");
    let expected = sandbox.run(&["classify", "good.csv"]).succeeds().stdout;
    for (bad, reason) in [
        ("", "the table is empty"),
        ("id,id,text\n", "column `id` stands twice"),
        ("id,title\n1,Snow.\n", "there is no column `text`"),
        ("id,\"text\n1,Snow.\n", "the quote opened in this row is never closed"),
        ("id,text\r1,Snow.\r", "this line ends in a lone carriage return"),
    ] {
        sandbox.write("bad.csv", bad);
        let output = sandbox.run(&["classify", "bad.csv", "good.csv"]);
        assert!(output.stderr.contains(reason), "{}", output.stderr);
        assert_eq!(skips(output, "1 item skipped (1 file)"), expected);
    }
    let named = ["classify", "bad.csv", "good.csv", "--text-column", "txet"];
    sandbox.run(&named).fails(1, "good.csv, line 1: there is no column `txet`");
}

#[test]
fn what_was_never_there_stops_the_run() {
    let sandbox = Sandbox::new();
    sandbox.write("a.txt", "Rain.");
    let missing = ["classify", "a.txt", "b.txt", "--errors", "errors.csv", "-o", "out.csv"];
    sandbox.run(&missing).fails(1, "b.txt: cannot read");
    assert_eq!(sandbox.files(), ["a.txt"]);
    let same = ["classify", "a.txt", "--errors", "out.csv", "-o", "out.csv"];
    sandbox.run(&same).fails(2, "out.csv and out.csv: two outputs have one name");
    let lost = ["classify", "a.txt", "--errors", "a.txt"];
    sandbox.run(&lost).fails(2, "this is an input");
}

/// 2,000 files, 50 of them of ten kinds of fault, and what they give with the 50 left out.
fn folder(sandbox: &Sandbox, with_bad: bool) {
    let bad = bad_files();
    for index in 0..2000 {
        if index % 40 != 7 {
            let text = format!("Exports of kind {index} rose. Imports fell.\n");
            sandbox.write(&format!("in/{index:04}.txt"), text);
        } else if with_bad {
            let (ending, content, ..) = &bad[index / 40 % bad.len()];
            sandbox.write(&format!("in/{index:04}.{ending}"), content);
        }
    }
}

#[test]
fn a_folder_with_bad_files_gives_what_it_gives_without_them() {
    let good = Sandbox::new();
    folder(&good, false);
    let expected = good.run(&["classify", "in"]).succeeds().stdout;
    let sandbox = Sandbox::new();
    folder(&sandbox, true);
    let run = |threads: &str| {
        let output = ["-o", "out.csv", "--errors", "errors.csv", "--threads", threads];
        let output = sandbox.run(&[&["classify", "in"], &output[..]].concat());
        assert!(output.stderr.contains("out.csv: 1950 files tagged\n"), "{}", output.stderr);
        skips(output, "errors.csv: 50 items skipped (50 files)");
        ["out.csv", "errors.csv"].map(|name| std::fs::read_to_string(sandbox.path(name)).unwrap())
    };
    let [table, errors] = run("1");
    assert!(table == expected);
    assert_eq!(run("3"), [table, errors]);
    let files: Vec<String> = listed(&sandbox).into_iter().map(|row| row[0].clone()).collect();
    assert!(files.len() == 50 && files.is_sorted());
    // Ten are named, the others counted.
    let output = sandbox.run(&["classify", "in", "-o", "out.csv"]);
    assert_eq!(output.stderr.matches("note: skipped: in/").count(), 10);
    skips(
        output,
        "50 items skipped (50 files); the first 10 are named above, --errors FILE names all",
    );
    for threads in ["1", "3"] {
        std::fs::remove_file(sandbox.path("out.csv")).ok();
        let stop = ["classify", "in", "-o", "out.csv", "--on-error", "stop", "--threads", threads];
        sandbox.run(&stop).fails(1, "in/0007.txt, line 2, column 7: byte 0xFF is not UTF-8");
        assert!(!sandbox.path("out.csv").exists());
    }
}

#[test]
fn rows_without_names_keep_the_numbers_they_have_in_the_file() {
    let sandbox = Sandbox::new();
    sandbox.write("t.csv", "text,day\nRain.,1\nSnow.\nHail.,3\n");
    let output = sandbox.run(&["classify", "t.csv", "--unit", "row", "--errors", "errors.csv"]);
    let table = skips(output, "1 item skipped (1 row)");
    assert!(table.contains("\nt:1,") && !table.contains("\nt:2,") && table.contains("\nt:3,"));
    assert_eq!(listed(&sandbox)[0][..4], ["t.csv", "3", "", "t:2"]);
}

#[test]
fn a_sample_is_drawn_from_what_can_be_read() {
    let sandbox = Sandbox::new();
    sandbox.write("in/a.txt", "Exports rose. Imports fell.");
    sandbox.write("t.csv", "id,text\nx,Rain.\nx,Snow.\ny\n");
    let sample = ["sample", "in", "t.csv", "-n", "3", "--errors", "errors.csv"];
    let drawn = skips(sandbox.run(&sample), "errors.csv: 2 items skipped (2 rows)");
    assert_eq!(drawn.lines().count(), 4);
    assert!(drawn.contains("Rain.") && !drawn.contains("Snow."));
    assert_eq!(listed(&sandbox)[1][3..5], ["x:0", "the id `x:0` stands twice"]);
}

#[test]
fn label_files_stop_unless_they_are_told_to_skip() {
    let sandbox = Sandbox::new();
    let labels = small_labels();
    sandbox.write("labels.csv", &labels);
    let train = ["train", "labels.csv", "-o", "m.framescope", "--replicates", "0"];
    sandbox.run(&train).succeeds();
    let model = std::fs::read(sandbox.path("m.framescope")).unwrap();
    let mut bad = labels.into_bytes();
    bad.extend_from_slice(b"0-0,again,,d,paper\nz,,,d,paper\ny,x,a:b:c,d,paper\nfew\n");
    bad.extend_from_slice(b"w,\xff,,d,paper\nv,\"open,,d,paper\nu,x,,d,paper\n");
    sandbox.write("labels.csv", bad);
    std::fs::remove_file(sandbox.path("m.framescope")).unwrap();
    sandbox.run(&train).fails(1, "labels.csv, line 118, column 3: byte 0xFF is not UTF-8");
    let skip = [&train[..], &["--on-error", "skip", "--errors", "errors.csv"]].concat();
    skips(sandbox.run(&skip), "6 items skipped (1 rest of a file, 5 rows)");
    assert!(std::fs::read(sandbox.path("m.framescope")).unwrap() == model);
    let reasons: Vec<String> = listed(&sandbox).into_iter().map(|row| row[4].clone()).collect();
    let expected =
        ["`0-0` by", "the text is", "unknown frame", "this row", "cell 2 holds", "the quote"];
    let is_as = |(found, expected): (&String, &str)| found.starts_with(expected);
    assert!(reasons.len() == 6 && reasons.iter().zip(expected).all(is_as), "{reasons:?}");
}

/// A Parquet table `id,text`, a row group for each group of rows, not compressed.
#[cfg(feature = "parquet")]
fn parquet(groups: &[&[[&[u8]; 2]]]) -> Vec<u8> {
    use parquet::data_type::{ByteArray, ByteArrayType};
    let schema = "message t { required binary id (STRING); required binary text (STRING); }";
    let schema = parquet::schema::parser::parse_message_type(schema).unwrap();
    let mut writer = parquet::file::writer::SerializedFileWriter::new(
        Vec::new(),
        schema.into(),
        Default::default(),
    )
    .unwrap();
    for rows in groups {
        let mut group = writer.next_row_group().unwrap();
        for column in 0..2 {
            let cells: Vec<ByteArray> =
                rows.iter().map(|row| row[column].to_vec().into()).collect();
            let mut chunk = group.next_column().unwrap().unwrap();
            chunk.typed::<ByteArrayType>().write_batch(&cells, None, None).unwrap();
            chunk.close().unwrap();
        }
        group.close().unwrap();
    }
    writer.into_inner().unwrap()
}

#[cfg(feature = "parquet")]
#[test]
fn rows_of_parquet_at_fault_are_left_out_and_the_rest_where_it_is_damaged() {
    let sandbox = Sandbox::new();
    let first: &[[&[u8]; 2]] = &[
        [b"a", b"Rain."],
        [b"b", b"Sn\xffow."],
        [b"", b"Hail."],
        [b"\xff", b"\xff"],
        [b"e", b"Fog."],
    ];
    let second: &[[&[u8]; 2]] = &[[b"f", b"Sleet, sleet, sleet."], [b"g", b"Sun."]];
    let run =
        |name: &str| sandbox.run(&["classify", name, "--unit", "row", "--errors", "errors.csv"]);
    sandbox.write("t.csv", "id,text\na,Rain.\ne,Fog.\nf,\"Sleet, sleet, sleet.\"\ng,Sun.\n");
    let expected = run("t.csv").succeeds().stdout;
    let whole = parquet(&[first, second]);
    sandbox.write("t.parquet", &whole);
    assert_eq!(skips(run("t.parquet"), "errors.csv: 3 items skipped (3 rows)"), expected);
    let rows: Vec<Vec<String>> = listed(&sandbox);
    let places: Vec<&[String]> = rows.iter().map(|row| &row[1..5]).collect();
    assert_eq!(places[0], ["2", "text", "b", "this cell is not UTF-8"]);
    assert_eq!(places[1], ["3", "id", "", "the id is empty"]);
    assert_eq!(places[2], ["4", "id", "", "this cell is not UTF-8"]);

    // A length in the second row group that cannot be.
    let at = whole.windows(5).position(|bytes| bytes == b"Sleet").unwrap();
    let mut damaged = whole.clone();
    damaged[at - 1] = 0x7f;
    sandbox.write("t.parquet", &damaged);
    let summary = "errors.csv: 4 items skipped (1 rest of a file, 3 rows)";
    let table = skips(run("t.parquet"), summary);
    assert!(expected.starts_with(&table) && table.lines().count() == 3, "{table}");
    let row = &listed(&sandbox)[3];
    assert!(row[4].ends_with("(all from row 6 on is left out)"), "{row:?}");
    // The same where it is cut short: its end says what it holds.
    sandbox.write("t.parquet", &whole[..whole.len() - 30]);
    sandbox.write("a.txt", "Imports fell.");
    let both = sandbox.run(&["classify", "t.parquet", "a.txt"]);
    assert!(skips(both, "1 item skipped (1 file)").contains("\na:0,a,0,"));
    let stop = ["classify", "t.parquet", "--on-error", "stop"];
    sandbox
        .run(&stop)
        .fails(1, "t.parquet: the Parquet data cannot be read (the file ends too soon)");
}

#[test]
fn whoever_reads_labels_can_skip() {
    let sandbox = Sandbox::new();
    let codings = support::codings();
    sandbox.write("good.csv", &codings);
    sandbox.write(
        "bad.csv",
        [codings.as_bytes(), b"u9,anna,trade:good\nu9,b\xff,,d9\nu9,anna,a:b:c,d\n"].concat(),
    );
    let summary = "e.csv: 3 items skipped (3 rows)";
    let agree = |name| ["agree", name, "--json", "--replicates", "20", "--errors", "e.csv"];
    let expected = sandbox.run(&agree("good.csv")).succeeds().stdout;
    sandbox.run(&agree("bad.csv")).fails(1, "bad.csv, line 21, column 5: byte 0xFF");
    let skip = |arguments: &[&str]| sandbox.run(&[arguments, &["--on-error", "skip"]].concat());
    assert_eq!(skips(skip(&agree("bad.csv")), summary), expected);

    sandbox.write("labels.csv", small_labels());
    sandbox.run(&["train", "labels.csv", "-o", "m.framescope", "--replicates", "0"]).succeeds();
    sandbox
        .run(&["classify", "labels.csv", "--unit", "row", "-m", "m.framescope", "-o", "t.csv"])
        .succeeds();
    sandbox
        .write("bad.csv", small_labels() + "x,few\n,no name,,d,paper\ny,text,none:a:b,d,paper\n");
    let evaluate = |gold| {
        let options = ["--predictions", "t.csv", "--replicates", "20", "--errors", "e.csv"];
        [&["evaluate", gold][..], &options].concat()
    };
    let expected = sandbox.run(&evaluate("labels.csv")).succeeds().stdout;
    sandbox.run(&evaluate("bad.csv")).fails(1, "bad.csv, line 114: this row has 2 cells");
    assert_eq!(skips(skip(&evaluate("bad.csv")), summary), expected);

    let table = std::fs::read_to_string(sandbox.path("t.csv")).unwrap();
    sandbox.write("r.csv", table + "few\n");
    let compare = |results| {
        let options = ["--by", "source", "--gold", "labels.csv", "--replicates", "20"];
        [&["compare", results][..], &options].concat()
    };
    let expected = sandbox.run(&compare("t.csv")).succeeds().stdout;
    sandbox.run(&compare("r.csv")).fails(1, "this row has 1 cells");
    assert_eq!(skips(skip(&compare("r.csv")), "1 item skipped (1 row)"), expected);
    let report = [&compare("r.csv")[..], &["-o", "r.html"]].concat();
    skips(skip(&report), "1 item skipped (1 row)");
    let page = std::fs::read_to_string(sandbox.path("r.html")).unwrap();
    assert!(page.contains("1 item skipped (1 row)"), "the report does not say it");
}

#[test]
fn a_list_has_a_format_of_lines() {
    let sandbox = Sandbox::new();
    sandbox.write("in/a.txt", "Rain.");
    sandbox.write("in/b.txt", b"a\0\xff\xfe");
    for bad in ["errors.parquet", "errors.txt", "errors"] {
        let errors = ["classify", "in", "--errors", bad];
        sandbox.run(&errors).fails(2, &format!("no list goes by the ending of {bad}"));
    }
    for (good, beginning) in [("e.tsv", "file\tline\t"), ("e.jsonl", "{\"file\":\"in/b.txt\"")] {
        assert_eq!(sandbox.run(&["classify", "in", "--errors", good]).code, 1);
        let list = std::fs::read_to_string(sandbox.path(good)).unwrap();
        assert!(list.starts_with(beginning), "{list}");
    }
    let nowhere = ["classify", "in", "--errors", "none/errors.csv"];
    sandbox.run(&nowhere).fails(1, "none/errors.csv: cannot write");
}
