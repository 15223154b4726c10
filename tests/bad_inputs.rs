//! Inputs at fault, and what each gives: the table in `tests/README.md` is what this test finds.
//! `BLESS=1 cargo test --test bad_inputs` writes it anew.

#![cfg(all(target_os = "linux", feature = "parquet", feature = "html"))]
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use support::{Sandbox, small_labels};

/// Files by name; one whose content begins so is a link to what follows.
type Files = Vec<(&'static str, Vec<u8>)>;
const LINK: &[u8] = b"\0link to ";

struct Case {
    what: &'static str,
    files: Files,
    run: &'static str,
}

fn case(what: &'static str, files: &[(&'static str, &[u8])], run: &'static str) -> Case {
    let files = files.iter().map(|&(name, content)| (name, content.to_vec())).collect();
    Case { what, files, run }
}

const TRAIN: &str = "train labels.csv -o m.framescope";

/// Label files.
fn labels() -> Vec<Case> {
    let file = |what, content: &[u8]| case(what, &[("labels.csv", content)], TRAIN);
    let named = |what, name, run| case(what, &[(name, b"id,text,labels\n1,x y,a\n")], run);
    let whole = small_labels();
    let copy = [&whole, "0-0,other words,smoke,d9,paper\n"].concat();
    let mut cut = gzip(whole.as_bytes());
    cut.truncate(cut.len() / 2);
    let cases = [
        file("an empty file", b""),
        file("a header and no row", b"id,text,labels\n"),
        file("no column of texts", b"id,labels\n1,a\n"),
        file("no column of labels", b"id,text\n1,x y\n"),
        file("a column that stands twice", b"id,text,text,labels\n1,x,y,a\n"),
        file("two columns without a name", b"id,,text,,labels\n1,,x,,a\n"),
        file("a row with too few cells", b"id,text,labels\n1,x y\n"),
        file("a row with too many cells", b"id,text,labels\n1,x, y,a\n"),
        file("a quote that is never closed", b"id,text,labels\n1,\"x y,a\n2,y,a\n"),
        file("a quote that closes in the middle of a cell", b"id,text,labels\n1,\"x\" y,a\n"),
        file("bytes of another encoding", b"id,text,labels\n1,caf\xe9,a\n"),
        file("UTF-16, as a spreadsheet writes it", &utf16("id,text,labels\n1,x y,a\n")),
        file(
            "line ends of computers of old, and too few rows",
            b"id,text,labels\r1,x y,a\r2,y z,\r",
        ),
        file("a sentence coded twice by one person", copy.as_bytes()),
        file("an id that is empty", b"id,text,labels\n,x y,a\n"),
        file("a text that is empty", b"id,text,labels\n1,,a\n"),
        file("labels that are none", b"id,text,labels\n1,x y,a:b:c\n"),
        file("a frame twice in one cell", b"id,text,labels\n1,x y,a:b|a:c\n"),
        file("nothing but sentences that are not coded", b"id,text,labels\n1,x y,?\n"),
        file("a frame that every sentence carries", b"id,text,labels\n1,x y,a\n2,y z,a\n"),
        file("people who disagree", b"id,text,labels,coder\n1,x,a,p\n1,x,b,q\n"),
        case(
            "a frame that the codebook does not have",
            &[
                ("labels.csv", b"id,text,labels\n1,x y,green\n"),
                ("c.toml", b"[[frame]]\nname = \"trade\"\n"),
            ],
            "train labels.csv --codebook c.toml -o m.framescope",
        ),
        case(
            "JSON lines: a list",
            &[("l.jsonl", b"{\"id\":1,\"text\":\"x\",\"labels\":\"\"}\n[1]\n")],
            "train l.jsonl -o m.framescope",
        ),
        case(
            "JSON lines: an object that is cut",
            &[("l.jsonl", b"{\"id\":1,\"text\":\"x\",\"labels\":\"\"}\n{\"id\":")],
            "train l.jsonl -o m.framescope",
        ),
        case(
            "JSON lines: labels that are a number",
            &[("l.jsonl", b"{\"id\":1,\"text\":\"x\",\"labels\":3}\n")],
            "train l.jsonl -o m.framescope",
        ),
        case("gzip that is cut", &[("l.csv.gz", &cut)], "train l.csv.gz -o m.framescope"),
        case(
            "a plain file called .gz",
            &[("l.csv.gz", b"id,text,labels\n1,x,a\n")],
            "train l.csv.gz -o m.framescope",
        ),
        case(
            "100 MB of blanks in 3 kB of Zstandard",
            &[("l.csv.zst", &bomb(100 << 20))],
            "train l.csv.zst -o m.framescope",
        ),
        case(
            "a CSV called .parquet",
            &[("l.parquet", b"id,text,labels\n1,x,a\n")],
            "train l.parquet -o m.framescope",
        ),
        named("an ending that says nothing", "labels.xyz", "train labels.xyz -o m.framescope"),
        named("a spreadsheet", "labels.xlsx", "train labels.xlsx -o m.framescope"),
        named("a file that is not there", "other.csv", TRAIN),
        named("a folder in the place of a file", "labels.csv/a.csv", TRAIN),
        case("one coder only", &[("c.csv", b"id,coder,labels\n1,p,a\n2,p,\n")], "agree c.csv"),
        case(
            "faults, to be skipped in label files too",
            &[(
                "labels.csv",
                [whole.as_bytes(), b"x,caf\xe9,a,d,p\n,y,smoke,d,p\n"].concat().leak(),
            )],
            "train labels.csv -o m.framescope --on-error skip --replicates 0",
        ),
    ];
    cases.into()
}

/// Articles that are a file each.
fn articles() -> Vec<Case> {
    let file = |what, name, content: &[u8]| case(what, &[(name, content)], "classify in");
    let mut damaged = gzip(&b"Exports rose, they say.\n".repeat(9));
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0xff;
    let cut = gzip(&b"Exports rose.\n".repeat(1000));
    let cases = [
        file("an empty file", "in/a.txt", b""),
        file("nothing but blanks", "in/a.txt", b" \n\t\n  "),
        file("single faulty bytes in UTF-8", "in/a.txt", b"Zw\xc3\xb6lf \xc3\x84pfel \xff"),
        file("zero bytes among faulty ones", "in/a.txt", b"a\0\xff\xfe"),
        file("a PDF called .txt", "in/a.txt", b"%PDF-1.7\n1 0 obj << /Type /Catalog >>"),
        file("a Word file called .txt", "in/a.txt", b"PK\x03\x04\x14\0word/document.xml"),
        file("UTF-16 without its mark", "in/a.txt", &utf16("Exports rose.")[2..]),
        file("UTF-32", "in/a.txt", b"\xff\xfe\0\0E\0\0\0x\0\0\0"),
        file("UTF-16 that breaks off in a character", "in/a.txt", b"\xff\xfea\0\0\xd8"),
        file(
            "a picture called .txt",
            "in/a.txt",
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\0\xff\xd8",
        ),
        file("a web page without text", "in/a.html", b"<script>let a = 1;</script>"),
        file("a web page of one line of `&`", "in/a.html", &b"&".repeat(1 << 20)),
        file("a web page of two million tags", "in/a.html", &b"<p>".repeat(2 << 20)),
        file("tags nested 5,000 deep", "in/a.html", "<div>".repeat(5000).as_bytes()),
        file("a web page of 17 MB", "in/a.html", &b"<p>Exports rose.\n".repeat(1 << 20)),
        file("gzip that is cut", "in/a.txt.gz", &cut[..cut.len() / 2]),
        file("gzip that is damaged", "in/a.txt.gz", &damaged),
        file("a plain file called .gz", "in/a.txt.gz", b"Exports rose."),
        file("a plain file called .zst", "in/a.txt.zst", b"Exports rose."),
        file("3 GB of blanks in 3 MB of gzip", "in/a.txt.gz", &bombs()),
        file("a line of 100 MB", "in/a.txt", &b"Exports rose. ".repeat(7_500_000)),
        file("a link that leads nowhere", "in/a.txt", b"\0link to nowhere"),
        file("a link to itself", "in/a.txt", b"\0link to a.txt"),
        file("a link to a folder elsewhere", "in/2024", b"\0link to /etc"),
        file("a link that leads out of the folder", "in/a.txt", b"\0link to /etc/hostname"),
        file("a folder without articles", "in/a.docx", b"PK\x03\x04"),
        case("an ending that says nothing", &[("a.docx", b"PK\x03\x04")], "classify a.docx"),
        case("a pattern that nothing fits", &[("a.txt", b"x")], "classify *.html"),
        case("a file that is not there", &[], "classify a.txt"),
        case("a file that is named twice", &[("a.txt", b"Rain.")], "classify a.txt ./a.txt a.txt"),
        case("nothing on standard input", &[], "classify -"),
        case(
            "an encoding that there is not",
            &[("a.txt", b"x")],
            "classify a.txt --encoding utf-9",
        ),
        case(
            "bytes that the encoding named does not have",
            &[("a.txt", b"Exports \x81\xff rose.")],
            "classify a.txt --encoding gb18030",
        ),
        case(
            "one bad file of three",
            &[("in/a.txt", b"Rain."), ("in/b.txt", b"a\0\xff\xfe"), ("in/c.txt", b"Snow.")],
            "classify in -o t.csv --errors e.csv",
        ),
        case(
            "the same, told to stop",
            &[("in/a.txt", b"Rain."), ("in/b.txt", b"a\0\xff\xfe"), ("in/c.txt", b"Snow.")],
            "classify in -o t.csv --on-error stop",
        ),
    ];
    cases.into()
}

/// Tables of articles.
fn tables() -> Vec<Case> {
    let csv = |what, content: &[u8]| case(what, &[("t.csv", content)], "classify t.csv");
    let json = |what, content: &[u8]| case(what, &[("t.jsonl", content)], "classify t.jsonl");
    let columns: Vec<String> = (0..1_000_000).map(|i| format!("c{i}")).collect();
    let nested = format!("{{\"text\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let long = [&b"id,text\n1,\""[..], &b"Exports rose. ".repeat(7_500_000)].concat();
    let lone = [&b"id,text\n1,"[..], &b"Exports rose. ".repeat(7_500_000)].concat();
    let parquet = std::fs::read("tests/reference/parquet/coded.parquet").unwrap();
    let mut flipped = parquet.clone();
    flipped[60..400].iter_mut().for_each(|byte| *byte ^= 0x55);
    let cases = [
        csv("an empty table", b""),
        csv("a spreadsheet called .csv", b"PK\x03\x04\x14\0xl/worksheets"),
        csv("no column of texts", b"id,title\n1,Rain.\n"),
        csv("a column that stands twice", b"id,id,text\n1,1,Rain.\n"),
        csv("rows with too few and too many cells", b"id,text\n1\n2,Rain.\n3,Snow,hail.\n"),
        csv("a quote that is never closed", b"id,text\n1,Rain.\n2,\"Snow.\n3,Hail.\n"),
        csv("faulty bytes in a row", b"id,text\n1,Zw\xc3\xb6lf \xc3\x84pfel\n2,a\xff\n3,Rain.\n"),
        csv("a name that is empty", b"id,text\n,Rain.\n2,Snow.\n"),
        csv("line ends of computers of old", b"id,text\r1,Rain.\r2,Snow.\r"),
        csv("a header of a million columns", columns.join(",").as_bytes()),
        csv(
            "a row of a million cells",
            &[b"id,text\n1,Rain.\n", columns.join(",").as_bytes()].concat(),
        ),
        csv("a cell of 100 MB that is never closed", &long),
        csv("a line of 100 MB", &lone),
        csv("a web page called .csv", b"<!DOCTYPE html>\n<html><p>Sorry, no access</p></html>\n"),
        json("a list", b"[1]\n{\"id\":1,\"text\":\"Rain.\"}\n"),
        json("an object that is cut", b"{\"id\":1,\"text\":\"Rain.\"}\n{\"id\":2,"),
        json("an object without a text", b"{\"id\":1,\"text\":\"Rain.\"}\n{\"id\":2}\n"),
        json("lists nested 100,000 deep", nested.as_bytes()),
        case(
            "Parquet that is cut",
            &[("t.parquet", &parquet[..parquet.len() - 9])],
            "classify t.parquet",
        ),
        case("Parquet that is damaged", &[("t.parquet", &flipped)], "classify t.parquet"),
        case(
            "Parquet whose end asks for 2 GB",
            &[(
                "t.parquet",
                &[&b"PAR1"[..], &[0xff; 40], &[0xff, 0xff, 0xff, 0x7f], b"PAR1"].concat(),
            )],
            "classify t.parquet",
        ),
        case(
            "a column that is named wrongly",
            &[("t.csv", b"id,text\n1,Rain.\n")],
            "classify t.csv --text-column txet",
        ),
        case(
            "one bad table of two",
            &[("t.csv", b"id,text\n1,Rain.\n"), ("u.csv", b"id,title\n1,Rain.\n")],
            "classify t.csv u.csv",
        ),
        case(
            "metadata without names",
            &[("a.txt", b"Rain."), ("m.csv", b"source,date\nWire,2024\n")],
            "classify a.txt --metadata m.csv",
        ),
        case(
            "metadata with a document twice",
            &[("a.txt", b"Rain."), ("m.csv", b"document,source\na,Wire\na,Post\n")],
            "classify a.txt --metadata m.csv",
        ),
        case(
            "metadata with a column of the result",
            &[("a.txt", b"Rain."), ("m.csv", b"document,labels\na,x\n")],
            "classify a.txt --metadata m.csv",
        ),
        case("a value without a name", &[("a.txt", b"Rain.")], "classify a.txt --set Wire"),
    ];
    cases.into()
}

/// Codebooks, models, results, and places to write to.
fn others() -> Vec<Case> {
    let labels = small_labels();
    let labels = labels.as_bytes();
    let book = |what, content: &'static [u8]| {
        let files = [("labels.csv", &b"id,text,labels\n1,x y,trade\n"[..]), ("c.toml", content)];
        case(what, &files, "train labels.csv --codebook c.toml -o m.framescope")
    };
    let model = |what, content: &[u8]| {
        case(
            what,
            &[("a.txt", b"Rain."), ("m.framescope", content)],
            "classify a.txt -m m.framescope",
        )
    };
    let golden = std::fs::read("tests/golden/model-1.framescope").unwrap();
    let mut flipped = std::fs::read("models/industrial-policy.framescope").unwrap();
    flipped[5_000_000] ^= 1;
    let mut later = golden.clone();
    let at =
        golden.windows(18).position(|bytes| bytes == b"\\\"format_version\\\"").map(|at| at + 19);
    later[at.unwrap()] = b'9';
    let results = b"id,document,labels,source\n1,a,x,Wire\n2,b,x,Post\n";
    let cases = [
        book("a codebook that is no TOML", b"[[frame]\nname = \"trade\"\n"),
        book("a codebook without frames", b"language = \"en\"\n"),
        book(
            "a frame that stands twice",
            b"[[frame]]\nname = \"trade\"\n[[frame]]\nname = \"trade\"\n",
        ),
        book("a key that is none", b"[[frame]]\nname = \"trade\"\ncolour = \"red\"\n"),
        book("a signal that is no pattern", b"[[frame]]\nname = \"trade\"\nsignals = [\"*\"]\n"),
        model("an empty model", b""),
        model("a text called .framescope", b"Rain fell on the chapel roof."),
        model("a model with a changed byte", &flipped),
        model("a model that is cut", &golden[..golden.len() / 2]),
        model("a model whose header asks for exabytes", &[&[0xff; 8][..], b"{}"].concat()),
        model("a model of a later format", &later),
        case(
            "two outputs of one name",
            &[("a.txt", b"Rain.")],
            "classify a.txt -o t.csv --errors ./t.csv",
        ),
        case("a model that is not there", &[("a.txt", b"x")], "classify a.txt -m m.framescope"),
        case(
            "results without the column to compare by",
            &[("r.csv", b"id,labels\n1,x\n2,\n")],
            "compare r.csv --by source",
        ),
        case("results and no gold labels", &[("r.csv", results)], "compare r.csv --by source"),
        case(
            "articles in the place of results",
            &[("r.csv", b"id,text,source\n1,Rain.,Wire\n2,Snow.,Post\n")],
            "compare r.csv --by source --naive",
        ),
        case(
            "predictions of other sentences",
            &[("gold.csv", labels), ("p.csv", b"id,labels\n9,trade\n")],
            "evaluate gold.csv --predictions p.csv",
        ),
        case(
            "words where ranks are asked for",
            &[("w.csv", b"unit,anna,ben\nu1,1,2\nu2,high,1\n")],
            "agree --wide w.csv --level ordinal",
        ),
        case(
            "a column to draw by that is not there",
            &[("a.txt", b"Rain.")],
            "sample a.txt -n 1 --stratify source",
        ),
        case("a sample larger than what there is", &[("a.txt", b"Rain.")], "sample a.txt -n 5"),
        case(
            "an output that is an input",
            &[("t.csv", b"id,text\n1,Rain.\n")],
            "classify t.csv -o t.csv",
        ),
        case(
            "a list of faults that is an input",
            &[("a.txt", b"Rain.")],
            "classify a.txt --errors a.txt",
        ),
        case(
            "an output in a folder that is not there",
            &[("a.txt", b"Rain.")],
            "classify a.txt -o out/t.csv",
        ),
        case(
            "an output that is a folder",
            &[("a.txt", b"Rain."), ("t.csv/x", b"")],
            "classify a.txt -o t.csv",
        ),
        case("an output without an ending", &[("a.txt", b"Rain.")], "classify a.txt -o tagged"),
        case("a full disk", &[("a.txt", b"Rain.")], "classify a.txt -o /dev/full"),
        case(
            "a link where the beginning of a table is kept",
            &[("a.txt", b"Rain."), (".t.csv.part", b"\0link to other"), ("other", b"precious")],
            "classify a.txt -o t.csv",
        ),
        case("to be resumed from standard input", &[], "classify - -o t.csv --resume"),
    ];
    cases.into()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn bomb(size: usize) -> Vec<u8> {
    zstd::encode_all(&vec![b' '; size][..], 3).unwrap()
}

/// Members of blank lines, one after another.
fn bombs() -> Vec<u8> {
    let member = gzip(&b"\n".repeat(30 << 20));
    member.repeat(100)
}

fn utf16(text: &str) -> Vec<u8> {
    let units = text.encode_utf16().flat_map(u16::to_le_bytes);
    [0xff, 0xfe].into_iter().chain(units).collect()
}

impl Case {
    /// Status and message, as a row of the table.
    fn row(&self, number: usize) -> String {
        let sandbox = Sandbox::new();
        for (name, content) in &self.files {
            match content.strip_prefix(LINK) {
                None => sandbox.write(name, content),
                Some(to) => {
                    let path = sandbox.path(name);
                    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                    std::os::unix::fs::symlink(std::str::from_utf8(to).unwrap(), path).unwrap();
                }
            }
        }
        let before = sandbox.files();
        let arguments: Vec<&str> = self.run.split(' ').collect();
        let output = sandbox.run(&arguments);
        assert!(!output.stderr.contains("panicked"), "{}", output.stderr);
        assert!(output.stderr.lines().count() <= 4, "{}: {}", self.what, output.stderr);
        // What was there is there as it was, and a run that is refused leaves nothing.
        for (name, content) in self.files.iter().filter(|file| !file.1.starts_with(LINK)) {
            assert!(std::fs::read(sandbox.path(name)).unwrap() == *content, "{}", self.what);
        }
        let is_skipped = output.stderr.contains(" skipped (") || output.code == 0;
        assert!(is_skipped || sandbox.files() == before, "{}: {:?}", self.what, sandbox.files());
        let mut said: Vec<&str> = output.stderr.lines().collect();
        if said.is_empty() {
            said.push("");
        }
        let said = said.join("<br>").replace('|', "\\|");
        format!("| {number} | {} | `{}` | {} | {said} |\n", self.what, self.run, output.code)
    }
}

#[test]
fn what_each_bad_input_gives_is_what_the_readme_says() {
    let mut text = String::new();
    let mut number = 0;
    for (title, cases) in [
        ("Label files", labels()),
        ("Articles", articles()),
        ("Tables of articles", tables()),
        ("Codebooks, models, results, outputs", others()),
    ] {
        writeln!(text, "### {title}\n\n| | input | command | status | message |\n|--|--|--|--|--|")
            .unwrap();
        for case in &cases {
            number += 1;
            text += &case.row(number);
        }
        text.push('\n');
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let (start, end) = ("<!-- bad inputs -->\n", "<!-- end of bad inputs -->");
    let (before, rest) = readme.split_once(start).unwrap();
    let (told, after) = rest.split_once(end).unwrap();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, [before, start, &text, end, after].concat()).unwrap();
        return;
    }
    for (told, found) in told.lines().zip(text.lines()) {
        assert_eq!(told, found);
    }
    assert_eq!(told, text);
    assert!(number >= 60);
}
