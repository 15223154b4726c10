//! Input larger than what is held in memory at once, and tables of articles.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use framescope::text::Segmenter;
use support::Sandbox;

/// A text of some 1.5 MB, of which no two sentences are alike; with umlauts and quotations, since
/// bytes and code points must not be confused across the seams.
fn long_text(separator: &str) -> String {
    let mut text = String::from("Überschrift\n\n");
    for i in 0..20_000 {
        text += &format!(
            "The no. {i} mill — naïve or not — exports steel. “We wait. We see,” they say."
        );
        text += if i % 3 == 2 { separator } else { " " };
    }
    text
}

type Row = (String, usize, usize, usize, String);

fn rows(table: &str) -> Vec<Row> {
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    let number = |cell: &str| cell.parse::<usize>().unwrap();
    let row = |row: csv::StringRecord| {
        (row[0].to_owned(), number(&row[2]), number(&row[3]), number(&row[4]), row[5].to_owned())
    };
    reader.records().map(|record| row(record.unwrap())).collect()
}

#[test]
fn a_long_article_is_tagged_as_if_it_were_read_at_once() {
    for separator in ["\n", "\r\n\r\n", "\n\n"] {
        let sandbox = Sandbox::new();
        let text = long_text(separator);
        sandbox.write("long.txt", &text);
        let table = sandbox.run(&["classify", "long.txt"]).succeeds().stdout;
        let piped = sandbox.run_with_input(&["classify", "-", "--threads", "1"], &text).succeeds();
        assert_eq!(piped.stdout.replace("stdin", "long"), table);

        let mut at = vec![0; text.len() + 1];
        for (points, (byte, _)) in text.char_indices().enumerate() {
            at[byte] = points;
        }
        at[text.len()] = text.chars().count();
        let expected: Vec<Row> = Segmenter::new("en")
            .sentences(&text)
            .into_iter()
            .enumerate()
            .map(|(index, bytes)| {
                let (start, end) = (at[bytes.start], at[bytes.end]);
                (format!("long:{index}"), index, start, end, text[bytes].to_owned())
            })
            .collect();
        assert!(expected.len() > 50_000);
        assert_eq!(rows(&table), expected);
    }
}

#[test]
fn long_hard_wrapped_text_is_cut_between_paragraphs_only() {
    let paragraph = "The plant buys its valves from abroad and\nits bearings too. Nobody in the \
                     valley\nminds, says the manager of the foundry.\n\n";
    let text = paragraph.repeat(8_000);
    let sandbox = Sandbox::new();
    sandbox.write("wrapped.txt", &text);
    let table = rows(&sandbox.run(&["classify", "wrapped.txt"]).succeeds().stdout);
    assert_eq!(table.len(), 16_000);
    for pair in table.chunks(2) {
        assert_eq!(pair[0].4, "The plant buys its valves from abroad and\nits bearings too.");
    }
}

#[test]
fn text_that_never_ends_a_line_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.write("endless.txt", "coal ".repeat(14_000_000));
    sandbox
        .run(&["classify", "endless.txt", "-o", "out.csv", "--on-error", "stop"])
        .fails(1, "endless.txt, line 1: there is no end of a paragraph within 64 MB");
    assert_eq!(sandbox.files(), ["endless.txt"]);
}

#[test]
fn rows_of_a_table_are_tagged_whole_and_keep_their_columns() {
    let sandbox = Sandbox::new();
    let csv = "id,headline,source,labels\r\nh1,\"Exports rose. \"\"Good,\"\"\nthey say\",Ø Daily,x\r\n\
               h2,,\"A, B\",y\r\n";
    sandbox.write("news.csv", csv);
    let options = ["--text-column", "headline", "--unit", "row"];
    let run = |input: &str, more: &[&str]| {
        sandbox.run(&[&["classify", input], &options[..], more].concat()).succeeds()
    };
    let output = run("news.csv", &[]);
    assert!(output.stderr.contains("left out, since the result has columns of the name: `labels`"));
    let mut reader = csv::Reader::from_reader(output.stdout.as_bytes());
    let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    assert_eq!(header.last().unwrap(), "source");
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let first: Vec<&str> = rows[0].iter().take(6).collect();
    assert_eq!(first, ["h1", "h1", "0", "0", "30", "Exports rose. \"Good,\"\nthey say"]);
    assert_eq!(&rows[0][11], "Ø Daily");
    assert_eq!((&rows[1][0], &rows[1][5], &rows[1][6], &rows[1][11]), ("h2", "", "", "A, B"));

    // The same as TSV and JSON lines, from and to.
    sandbox.write(
        "news.jsonl",
        "{\"id\":\"h1\",\"headline\":\"Exports rose. \\\"Good,\\\"\\nthey say\",\"source\":\"Ø Daily\"}\n\n\
         {\"source\":\"A, B\",\"id\":\"h2\",\"headline\":null}",
    );
    let from_json = run("news.jsonl", &[]);
    assert_eq!(from_json.stdout, output.stdout);
    let json = run("news.csv", &["--format", "jsonl"]).stdout;
    assert_eq!(run("news.jsonl", &["--format", "jsonl"]).stdout, json);
    sandbox.write("news.tsv", "headline\tdocument\nExports rose.\tdoc\n");
    let tsv = run("news.tsv", &[]).stdout;
    assert!(tsv.contains("\ndoc,doc,0,0,13,Exports rose.,"), "{tsv}");
}

#[test]
fn rows_are_articles_too_and_are_numbered_where_they_have_no_name() {
    let sandbox = Sandbox::new();
    sandbox.write("a.csv", "text,month\nExports rose. Imports fell.,May\nRain.,June\n");
    sandbox.write("b.csv", "day,text\n7,Snow.\n");
    let table = sandbox.run(&["classify", "a.csv", "b.csv"]).succeeds().stdout;
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    let cells: Vec<[String; 4]> = reader
        .records()
        .map(|row| row.unwrap())
        .map(|row| [&row[0], &row[1], &row[11], &row[12]].map(str::to_owned))
        .collect();
    let expected = [
        ["a:1:0", "a:1", "May", ""],
        ["a:1:1", "a:1", "May", ""],
        ["a:2:0", "a:2", "June", ""],
        ["b:1:0", "b:1", "", "7"],
    ];
    assert_eq!(cells, expected);
}

#[test]
fn a_large_table_is_read_whole_whatever_its_cells_hold() {
    let sandbox = Sandbox::new();
    let mut writer = csv::Writer::from_path(sandbox.path("large.csv")).unwrap();
    writer.write_record(["id", "text", "note"]).unwrap();
    let text = |i: usize| match i % 4 {
        0 => format!("Line one of {i}\nand \"two\", or so\r\n"),
        1 => format!("5\" pipes, no. {i}"),
        2 => "\"".repeat(i % 7),
        _ => format!("plain {i}"),
    };
    for i in 0..60_000 {
        writer.write_record([i.to_string(), text(i), format!("n{i}")]).unwrap();
    }
    writer.flush().unwrap();
    for threads in ["1", "3"] {
        let arguments = ["classify", "large.csv", "--unit", "row", "--threads", threads];
        let table = sandbox.run(&arguments).succeeds().stdout;
        let mut reader = csv::Reader::from_reader(table.as_bytes());
        let mut count = 0;
        for (i, row) in reader.records().enumerate() {
            let row = row.unwrap();
            assert_eq!(
                (&row[0], &row[5], &row[11]),
                (&i.to_string()[..], &text(i)[..], &format!("n{i}")[..])
            );
            count += 1;
        }
        assert_eq!(count, 60_000);
    }
}

#[test]
fn faults_deep_in_a_table_are_named_with_their_line() {
    let fails = |rows: &str, message: &str| {
        let sandbox = Sandbox::new();
        let good: String = (0..40_000).map(|i| format!("{i},\"a good\nrow\"\n")).collect();
        sandbox.write("t.csv", format!("id,text\n{good}{rows}{good}"));
        let stop = ["classify", "t.csv", "-o", "out.csv", "--on-error", "stop"];
        sandbox.run(&stop).fails(1, message);
        assert_eq!(sandbox.files(), ["t.csv"], "nothing may be left behind");
    };
    fails("x,y,z\n", "t.csv, line 80002: this row has 3 cells, the header 2");
    fails("x,\"y\" z\n", "t.csv, line 80002: the quote opened in this row closes in the middle");
    fails("x,\"y\n", "t.csv, line 80002: the quote opened in this row closes in the middle");

    let sandbox = Sandbox::new();
    sandbox.write("t.csv", "id,title\n1,a\n");
    sandbox.run(&["classify", "t.csv"]).fails(
        1,
        "t.csv, line 1: there is no column `text`; the columns are `id`, `title`; name the right one \
         with --text-column",
    );
    sandbox.write("t.jsonl", "{\"id\":1,\"text\":\"a\"}\n{\"id\":2,\n");
    let stop = ["classify", "t.jsonl", "--on-error", "stop"];
    sandbox.run(&stop).fails(1, "t.jsonl, line 2");
}

#[test]
fn rows_without_names_are_numbered_across_pieces() {
    let sandbox = Sandbox::new();
    let json: String = (0..20_000)
        .map(|i| format!("{{\"text\":\"Exports of kind {i} rose once more this year.\"}}\n\n"))
        .collect();
    let csv: String = (0..20_000)
        .map(|i| format!("\"Exports of kind {i}\nrose once more this year.\",x\n\n"))
        .collect();
    sandbox.write("n.jsonl", json);
    sandbox.write("n.csv", format!("text,note\n{csv}"));
    for input in ["n.jsonl", "n.csv"] {
        let table = sandbox.run(&["classify", input, "--unit", "row"]).succeeds().stdout;
        let mut reader = csv::Reader::from_reader(table.as_bytes());
        let mut count = 0;
        for (index, row) in reader.records().enumerate() {
            let row = row.unwrap();
            assert_eq!(row[0], format!("n:{}", index + 1));
            assert!(row[5].starts_with(&format!("Exports of kind {index}")));
            count += 1;
        }
        assert_eq!(count, 20_000);
    }
}

#[test]
fn nothing_of_a_table_is_lost_without_a_word() {
    let sandbox = Sandbox::new();
    for old in ["id,text\ra,Exports rose.\rb,Rain.\r", "id,text\ra,Exports rose.\nb,Rain.\n"] {
        sandbox.write("old.csv", old);
        let message = "old.csv, line 1: this line ends in a lone carriage return";
        sandbox.run(&["classify", "old.csv", "--on-error", "stop"]).fails(1, message);
    }
    sandbox.write("d.csv", "text,id,document\nExports rose.,7,D1\n");
    let split = sandbox.run(&["classify", "d.csv"]).succeeds();
    assert!(split.stderr.contains("columns of the name: `document`"), "{}", split.stderr);
    let whole = sandbox.run(&["classify", "d.csv", "--unit", "row"]).succeeds();
    assert!(whole.stderr.is_empty() && whole.stdout.contains("\n7,D1,0,"));
    sandbox.write("t.jsonl", "{\"text\":\"Rain.\"}\n{\"txet\":\"Snow.\"}\n");
    let stop = ["classify", "t.jsonl", "--on-error", "stop"];
    sandbox.run(&stop).fails(1, "t.jsonl, line 2: this object has no `text`");
    let piped = ["classify", "-", "--text-column", "text"];
    sandbox
        .run_with_input(&piped, "text\nRain.\n")
        .fails(2, "standard input is read as plain text");
}

#[test]
fn blank_lines_may_hold_blanks_and_paragraphs_may_end_without_one() {
    let paragraph = "The plant buys its valves from abroad and\nits bearings too. Nobody in the \
                     valley\nminds, says the manager of the foundry.";
    for separator in ["\n \n", "\n"] {
        let sandbox = Sandbox::new();
        let text = format!("{paragraph}{separator}").repeat(8_000);
        sandbox.write("wrapped.txt", &text);
        let table = rows(&sandbox.run(&["classify", "wrapped.txt"]).succeeds().stdout);
        let expected = Segmenter::new("en").sentences(&text);
        let expected: Vec<&str> = expected.into_iter().map(|at| &text[at]).collect();
        assert!(table.iter().map(|row| row.4.as_str()).eq(expected));
    }
}
