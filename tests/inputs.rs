//! What the world's files are like: compressed, in old encodings, separated by other signs.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::io::{Read, Write};

use support::{Sandbox, small_labels};

fn gzip(text: &str) -> Vec<u8> {
    gzip_bytes(text.as_bytes())
}

fn gzip_bytes(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(text: &str) -> Vec<u8> {
    zstd::encode_all(text.as_bytes(), 3).unwrap()
}

type Compress = fn(&str) -> Vec<u8>;

const COMPRESSIONS: [(&str, Compress); 2] = [("gz", gzip), ("zst", zstd)];

/// Some megabytes, so that more than one piece is made of them.
fn articles() -> String {
    let row = |i| format!("a{i},\"Exports of kind {i} rose, naïve or not.\nImports fell.\",May\n");
    "id,text,month\n".to_owned() + &(0..40_000).map(row).collect::<String>()
}

#[test]
fn compressed_articles_are_read_as_if_they_were_not() {
    let sandbox = Sandbox::new();
    let (table, text) = (articles(), "Exports rose once more.\n\nImports fell.\n".repeat(40_000));
    sandbox.write("t.csv", &table);
    let tagged = sandbox.run(&["classify", "t.csv"]).succeeds().stdout;
    sandbox.write("plain.txt", &text);
    let plain = sandbox.run(&["classify", "plain.txt"]).succeeds().stdout;
    for (ending, compress) in COMPRESSIONS {
        // In two members, one after another.
        let two = |text: &str| {
            let middle = text.len() / 3;
            [compress(&text[..middle]), compress(&text[middle..])].concat()
        };
        let name = format!("t.csv.{ending}");
        std::fs::remove_file(sandbox.path("t.csv")).ok();
        sandbox.write(&name, two(&table));
        assert_eq!(sandbox.run(&["classify", &name]).succeeds().stdout, tagged);
        sandbox.write(&format!("in/plain.txt.{ending}"), two(&text));
        assert_eq!(sandbox.run(&["classify", "in"]).succeeds().stdout, plain);
        // Known by its first bytes too, and standard input like any other.
        sandbox.write("bare.txt", two(&text));
        let bare = sandbox.run(&["classify", "bare.txt"]).succeeds().stdout;
        assert_eq!(bare, plain.replace("plain", "bare"));
        let piped = sandbox.run_with_input(&["classify", "-"], compress(&text)).succeeds().stdout;
        assert_eq!(piped, plain.replace("plain", "stdin"));
        let whole = ["classify", "--unit", "row", "--format", "jsonl", "in", "bare.txt"];
        assert_eq!(sandbox.run(&whole).succeeds().stdout.lines().count(), 2);
        std::fs::remove_dir_all(sandbox.path("in")).unwrap();
    }
}

#[test]
fn compressed_label_files_go_into_every_command() {
    let sandbox = Sandbox::new();
    let labels = small_labels();
    sandbox.write("labels.csv", &labels);
    let codings = "id,labels\n1,a\n2,b\n3,a\n";
    for (ending, compress) in COMPRESSIONS {
        let name = |stem: &str| format!("{stem}.{ending}");
        sandbox.write(&name("labels.csv"), compress(&labels));
        let models = ["labels.csv".to_owned(), name("labels.csv")].map(|labels| {
            sandbox.run(&["train", &labels, "-o", "m.framescope"]).succeeds();
            std::fs::read(sandbox.path("m.framescope")).unwrap()
        });
        assert!(models[0].len() == models[1].len());
        let evaluate = ["evaluate", &name("labels.csv"), "-m", "m.framescope", "--replicates", "0"];
        sandbox.run(&evaluate).succeeds();
        // A coder goes by the name of the file, without its endings.
        sandbox.write(&name("anna.csv"), compress(codings));
        sandbox.write(&name("ben.csv"), compress(codings));
        let agree = ["agree", &name("anna.csv"), &name("ben.csv"), "--json", "--replicates", "0"];
        assert!(sandbox.run(&agree).succeeds().stdout.contains("\"anna\""));
        let sample = ["sample", &name("labels.csv"), "-n", "5"];
        assert_eq!(sandbox.run(&sample).succeeds().stdout.lines().count(), 6);
    }
}

#[test]
fn damaged_and_monstrous_streams_are_refused() {
    let sandbox = Sandbox::new();
    let whole = gzip(&articles());
    sandbox.write("cut.csv.gz", &whole[..whole.len() / 2]);
    let classify =
        |input: &str| sandbox.run(&["classify", input, "-o", "out.csv", "--on-error", "stop"]);
    classify("cut.csv.gz")
        .fails(1, "cut.csv.gz: cannot read: the gzip data end too soon; copy the file again");
    let mut damaged = zstd(&articles());
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0xff;
    sandbox.write("bad.csv.zst", damaged);
    classify("bad.csv.zst").fails(1, "bad.csv.zst: cannot read: the zstd data are damaged");
    sandbox.write("plain.txt.gz", "Exports rose.");
    classify("plain.txt.gz").fails(1, "its name ends in .gz, but it holds no gzip data");

    // Many megabytes of short lines in some kilobytes.
    let line = b"Exports rose.\n".repeat(1 << 10);
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    (0..6_000).for_each(|_| encoder.write_all(&line).unwrap());
    sandbox.write("bomb.csv.zst", encoder.finish().unwrap());
    sandbox.run(&["evaluate", "bomb.csv.zst"]).fails(1, "the zstd data expand to more than 500");
    sandbox.write("bomb.txt.gz", gzip(&" ".repeat(200 << 20)));
    classify("bomb.txt.gz").fails(1, "there is no end of a paragraph within 64 MB");
    assert!(!sandbox.path("out.csv").exists());
}

#[test]
fn outputs_are_compressed_by_their_ending_and_reproducible() {
    let sandbox = Sandbox::new();
    sandbox.write("t.csv", articles());
    sandbox.run(&["classify", "t.csv", "-o", "out.csv"]).succeeds();
    let plain = std::fs::read(sandbox.path("out.csv")).unwrap();
    for name in ["out.csv.gz", "out.csv.zst"] {
        let [first, second] = ["1", "3"].map(|threads| {
            let classify = ["classify", "t.csv", "-o", name, "--threads", threads];
            sandbox.run(&classify).succeeds();
            std::fs::read(sandbox.path(name)).unwrap()
        });
        assert!(first == second);
        let mut expanded = Vec::new();
        match name.ends_with("gz") {
            true => drop(flate2::read::GzDecoder::new(&first[..]).read_to_end(&mut expanded)),
            false => expanded = zstd::decode_all(&first[..]).unwrap(),
        }
        assert!(expanded == plain);
    }
    // The header of gzip has no time.
    assert_eq!(std::fs::read(sandbox.path("out.csv.gz")).unwrap()[4..8], [0; 4]);
    let sample = ["sample", "out.csv.gz", "-n", "9", "--coders", "anna", "-o", "work.csv.zst"];
    sandbox.run(&sample).succeeds();
    assert!(sandbox.path("work.anna.csv.zst").exists());
}

#[test]
fn tables_of_other_countries_are_read_and_said_to_be() {
    let sandbox = Sandbox::new();
    let comma = "id,text,month\n1,\"Exports rose; imports, too.\",May\n2,Rain fell.,\"Ju;ne\"\n";
    sandbox.write("t.csv", comma);
    let expected = sandbox.run(&["classify", "t.csv"]).succeeds();
    assert!(expected.stderr.is_empty());
    let semicolons =
        "id;text;month\r\n1;\"Exports rose; imports, too.\";May\r\n2;Rain fell.;\"Ju;ne\"\r\n";
    let tabs = "id\ttext\tmonth\n1\tExports rose; imports, too.\tMay\n2\tRain fell.\tJu;ne\n";
    for (table, name) in [
        (semicolons.to_owned(), "`;`"),
        (format!("\u{feff}sep=;\r\n{semicolons}"), "`;`"),
        (tabs.to_owned(), "tabs"),
    ] {
        sandbox.write("t.csv", table);
        let output = sandbox.run(&["classify", "t.csv"]).succeeds();
        assert_eq!(output.stdout, expected.stdout);
        assert_eq!(output.stderr, format!("note: t.csv: read as separated by {name}\n"));
    }
    sandbox.write("t.csv", format!("sep=,\n{comma}"));
    assert!(sandbox.run(&["classify", "t.csv"]).succeeds().stderr.is_empty());
    sandbox.write("t.csv", "sep=;\nid;text\n1;Rain.\n2;Snow;x\n");
    let stop = ["classify", "t.csv", "--on-error", "stop"];
    sandbox.run(&stop).fails(1, "t.csv, line 4: this row has 3 cells");
}

/// Empty columns behind the last, empty cells behind a row, empty rows before, between and behind.
#[test]
fn empty_cells_of_spreadsheets_are_nothing() {
    let sandbox = Sandbox::new();
    for id in ["id,", ""] {
        let name = |name: &str| if id.is_empty() { String::new() } else { format!("{name},") };
        let [a, b] = ["a", "b"].map(name);
        sandbox.write("t.csv", format!("{id}text,month\n{a}Rain fell.,May\n{b}Snow fell.,\n"));
        let expected = sandbox.run(&["classify", "t.csv"]).succeeds().stdout;
        for table in [
            format!("{id}text,month,,\r\n{a}Rain fell.,May,,\r\n{b}Snow fell.,,,\r\n"),
            format!("{id}text,month\n{a}Rain fell.,May,,,\n{b}Snow fell.,,\n"),
            format!("\n\r\n{id}text,month\n\n{a}Rain fell.,May\n,,\n{b}Snow fell.,\n,,,,\n\n"),
            format!(",,,\n{id}text,month\n{a}Rain fell.,May\n\"\",\"\",\n{b}Snow fell.,\n"),
        ] {
            for table in [table.clone(), table.replace(',', ";"), table.replace(',', "\t")] {
                sandbox.write("t.csv", &table);
                let output = sandbox.run(&["classify", "t.csv"]).succeeds();
                assert_eq!(output.stdout, expected, "{table}");
            }
        }
    }
    // Lines are counted as they stand.
    sandbox.write("t.csv", "\n,,\nid,text,\n1,Rain.,\n2,Snow.,x\n");
    let stop = ["classify", "t.csv", "--on-error", "stop"];
    sandbox.run(&stop).fails(1, "t.csv, line 5: this row has 3 cells, the header 2");
    // Label files too.
    let labels = small_labels();
    sandbox.write("labels.csv", &labels);
    let train = ["train", "labels.csv", "-o", "m.framescope", "--replicates", "0"];
    sandbox.run(&train).succeeds();
    let model = std::fs::read(sandbox.path("m.framescope")).unwrap();
    sandbox.write("labels.csv", format!("\n{}\n,,,,,,\n", labels.replace('\n', ",,\n")));
    sandbox.run(&train).succeeds();
    assert!(std::fs::read(sandbox.path("m.framescope")).unwrap() == model);
    sandbox.write("labels.csv", format!(",,\n\n{labels}\n,,,,\nx,y\n"));
    sandbox.run(&train).fails(1, "labels.csv, line 118: this row has 2 cells");
}

#[test]
fn utf16_without_its_mark_and_metadata_of_a_spreadsheet_are_read() {
    let sandbox = Sandbox::new();
    sandbox.write("a.txt", "Exports rose. Imports fell.");
    let expected = sandbox.run(&["classify", "a.txt"]).succeeds().stdout;
    let units = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    sandbox.write("a.txt", units("Exports rose. Imports fell."));
    for options in [&[][..], &["--unit", "row"]] {
        let output = sandbox.run(&[&["classify", "a.txt"], options].concat()).succeeds();
        assert_eq!(output.stderr, "note: a.txt: read as UTF-16LE\n");
        assert!(!options.is_empty() || output.stdout == expected);
    }
    let table = "id,text\n1,Exports rose.\n";
    sandbox.write("t.csv", table);
    let expected = sandbox.run(&["classify", "t.csv"]).succeeds().stdout;
    sandbox.write("t.csv", units(table));
    assert_eq!(sandbox.run(&["classify", "t.csv"]).succeeds().stdout, expected);

    sandbox.write("a.txt", "Exports rose.");
    let metadata = "document;source\na;Süddeutsche Blätter\nb;Österreich\n";
    sandbox.write("m.csv", encoded(metadata, encoding_rs::WINDOWS_1252));
    let output = sandbox.run(&["classify", "a.txt", "--metadata", "m.csv"]).succeeds();
    assert!(output.stdout.contains(",Süddeutsche Blätter\n"), "{}", output.stdout);
    assert!(output.stderr.contains("m.csv: read as windows-1252"), "{}", output.stderr);
}

#[test]
fn label_files_of_other_countries_are_read_and_said_to_be() {
    let sandbox = Sandbox::new();
    let labels = small_labels().replace(',', ";");
    sandbox.write("labels.csv", &labels);
    let said = "labels.csv: read as separated by `;`\n";
    let check = |arguments: &[&str]| {
        let output = sandbox.run(arguments).succeeds();
        assert_eq!(output.stderr.matches(said).count(), 1, "{}", output.stderr);
    };
    check(&["train", "labels.csv", "-o", "m.framescope"]);
    check(&["evaluate", "labels.csv", "-m", "m.framescope", "--replicates", "0"]);
    check(&["sample", "labels.csv", "-n", "3"]);
    check(&["compare", "labels.csv", "--by", "source", "--naive"]);
    check(&["convert", "labels.csv", "--to", "doccano", "-o", "out.jsonl"]);
    sandbox.write("ben.csv", "id,labels\n0-0,trade:good\n");
    check(&["agree", "labels.csv", "ben.csv", "--replicates", "0"]);
    sandbox.write("labels.csv", format!("sep=;\n{labels}x;\"y"));
    let train = ["train", "labels.csv", "-o", "m.framescope"];
    sandbox.run(&train).fails(1, "labels.csv, line 115: the quote opened in this row");
}

fn encoded(text: &str, encoding: &'static encoding_rs::Encoding) -> Vec<u8> {
    let (bytes, _, is_lossy) = encoding.encode(text);
    assert!(!is_lossy);
    bytes.into_owned()
}

fn utf16(text: &str, is_little: bool) -> Vec<u8> {
    let units = "\u{feff}".encode_utf16().chain(text.encode_utf16());
    units.flat_map(|unit| if is_little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
}

#[test]
fn other_encodings_are_found_out_converted_and_said() {
    let french = "Les exportations de vannes ont progressé, déclare « l’usine ».\n";
    let chinese = "关键核心技术必须掌握在自己手里。各地工厂今年更换了阀门和轴承。\n";
    let traditional = "各地工廠今年更換了閥門和軸承，出口繼續增長，記者獲悉。\n";
    let japanese = "工場では今年、弁と軸受を取り替えた。輸出は伸びている。\n";
    let cases = [
        (french, encoded(french, encoding_rs::WINDOWS_1252), "windows-1252"),
        (chinese, encoded(chinese, encoding_rs::GB18030), "GB18030"),
        (traditional, encoded(traditional, encoding_rs::BIG5), "Big5"),
        (japanese, encoded(japanese, encoding_rs::SHIFT_JIS), "Shift_JIS"),
        (french, utf16(french, true), "UTF-16LE"),
        (french, utf16(french, false), "UTF-16BE"),
    ];
    let sandbox = Sandbox::new();
    for (text, bytes, name) in &cases {
        sandbox.write("a.txt", text);
        let expected = sandbox.run(&["classify", "a.txt"]).succeeds();
        assert!(expected.stderr.is_empty());
        sandbox.write("a.txt", bytes);
        let output = sandbox.run(&["classify", "a.txt"]).succeeds();
        assert_eq!(output.stdout, expected.stdout, "{name}");
        assert_eq!(output.stderr, format!("note: a.txt: read as {name}\n"));
        // By hand, and of two articles: whoever names the encoding needs no notice.
        let by_hand = sandbox.run(&["classify", "a.txt", "--encoding", name]).succeeds();
        assert_eq!((by_hand.stdout, by_hand.stderr), (expected.stdout, String::new()));
    }
}

#[test]
fn encodings_show_late_and_across_pieces() {
    let sandbox = Sandbox::new();
    // ASCII for more than a piece, then words of several bytes a character, for several pieces.
    let start = "Exports rose once more this year, they say.\n".repeat(20_000);
    let chinese = start.clone() + &"各地工厂今年更换了阀门。\n".repeat(40_000);
    let table = |text: &str| {
        let row = |(i, line): (usize, &str)| format!("{i};\"{line}\n\"\n");
        "id;text\n".to_owned() + &text.lines().enumerate().map(row).collect::<String>()
    };
    for (name, text) in [("a.txt", chinese.clone()), ("a.csv", table(&chinese))] {
        let run = || sandbox.run(&["classify", name]).succeeds();
        sandbox.write(name, &text);
        let expected = run();
        assert!(!expected.stderr.contains("read as GB"));
        sandbox.write(name, encoded(&text, encoding_rs::GB18030));
        let output = run();
        assert!(output.stdout == expected.stdout);
        assert_eq!(output.stderr.matches(&format!("{name}: read as GB18030\n")).count(), 1);
        sandbox.write(name, utf16(&text, true));
        assert!(run().stdout == expected.stdout);
        sandbox.write(&format!("{name}.gz"), gzip_bytes(&utf16(&text, false)));
        let gz = sandbox.run(&["classify", &format!("{name}.gz")]).succeeds();
        assert!(gz.stdout == expected.stdout);
        assert!(sandbox.run(&["sample", name, "-n", "3"]).succeeds().stderr.contains("UTF-16LE"));
    }
}

#[test]
fn wrong_encodings_are_refused() {
    let sandbox = Sandbox::new();
    sandbox.write("a.txt", b"First\nse\x81");
    let stop = ["classify", "a.txt", "-o", "o.csv", "--on-error", "stop", "--encoding"];
    let run = |name: &str| sandbox.run(&[&stop[..], &[name]].concat());
    run("gb18030").fails(1, "a.txt, line 2: there are bytes that are not GB18030; name the");
    run("utf-8").fails(1, "a.txt, line 2, column 3: byte 0x81 is not UTF-8");
    run("klingon").fails(2, "encoding: `klingon` is none framescope knows; try utf-8");
    let long = "Exports rose once more this year, they say.\n".repeat(40_000);
    sandbox.write("a.txt", [long.as_bytes(), b"\x81"].concat());
    run("gb18030").fails(1, "a.txt, line 40001: there are bytes that are not GB18030");
    // A label file is never guessed at.
    sandbox.write("l.csv", b"id,labels\n1,caf\xe9\n");
    sandbox.run(&["agree", "l.csv"]).fails(1, "l.csv, line 2, column 6: byte 0xE9 is not UTF-8");
}

#[test]
fn the_article_of_a_web_page_is_read() {
    let page = |charset: &str, text: &str| {
        format!(
            "<html><head><meta charset={charset}><title>Valves | Harbour Wire</title><script>let \
             a = 'Exports fell.';</script></head><body><nav><a href='/'>Home</a></nav><article>\
             <h1>Valves</h1><p>{text}<p>Exports rose once more, the works say.</article><footer>\
             <a href='/t'>Terms of use</a></footer></body></html>"
        )
    };
    let sandbox = Sandbox::new();
    sandbox.write("in/a.html", page("utf-8", "The café at the works\nhas 20 seats."));
    let chinese = "各地工厂今年更换了阀门和轴承。";
    sandbox.write("in/b.htm.gz", gzip_bytes(&encoded(&page("gb2312", chinese), encoding_rs::GBK)));
    // Too short to be told from another encoding, but the page says it.
    sandbox.write("in/c.html", encoded(&page("big5", "工廠出口增長"), encoding_rs::BIG5));
    let output = sandbox.run(&["classify", "in"]).succeeds();
    let mut reader = csv::Reader::from_reader(output.stdout.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let texts = |id: &str| -> Vec<&str> {
        rows.iter().filter(|row| &row[1] == id).map(|row| row.get(5).unwrap()).collect()
    };
    let last = "Exports rose once more, the works say.";
    assert_eq!(texts("a"), ["Valves", "The café at the works has 20 seats.", last]);
    assert_eq!(texts("b"), ["Valves", chinese, last]);
    assert_eq!(texts("c"), ["Valves", "工廠出口增長", last]);
    assert_eq!((&rows[1][3], &rows[1][4]), ("8", "43"));
    assert_eq!(
        output.stderr,
        "note: in/b.htm.gz: read as GB18030\nnote: in/c.html: read as Big5\n"
    );
    let sample = sandbox.run(&["sample", "in/a.html", "-n", "3"]).succeeds();
    assert!(!sample.stdout.contains("Terms of use"));
}

#[test]
fn pages_without_an_article_or_beyond_all_measure_are_refused() {
    let sandbox = Sandbox::new();
    sandbox.write("a.html", "<script>let text = 'Exports rose.';</script>");
    let classify = ["classify", "a.html", "-o", "out.csv", "--on-error", "stop"];
    sandbox.run(&classify).fails(1, "a.html: there is no article text in this page; leave this");
    sandbox.write("a.html", "<div>".repeat(100_000) + "<p>Exports rose.");
    sandbox.run(&classify).fails(1, "a.html: tags are nested more than 1000 deep in this page");
    sandbox.write("a.html", "<div>".repeat(999) + "<p>Exports rose.");
    sandbox.run(&classify).succeeds();
}

#[test]
fn tables_and_pages_may_come_from_standard_input() {
    let sandbox = Sandbox::new();
    let table = articles();
    let (start, _) = table.split_at(table.find("\na400,").unwrap() + 1);
    sandbox.write("stdin.csv", start);
    let expected = sandbox.run(&["classify", "stdin.csv"]).succeeds().stdout;
    let piped = |format: &str, input: Vec<u8>| {
        sandbox.run_with_input(&["classify", "-", "--input-format", format], input).succeeds()
    };
    assert_eq!(piped("csv", start.into()).stdout, expected);
    assert_eq!(piped("csv", gzip(start)).stdout, expected);
    assert_eq!(piped("tsv", b"text\tx\nRain.\t1\n".to_vec()).stdout.lines().count(), 2);
    let json = piped("jsonl", b"{\"text\":\"Rain.\",\"x\":1}\n{\"text\":\"Snow.\"}\n".to_vec());
    assert!(json.stdout.contains("\nstdin:2:0,stdin:2,0,0,5,Snow.,"), "{}", json.stdout);
    assert_eq!(piped("html", b"<p>Rain.</p>".to_vec()).stdout.lines().count(), 2);
    assert_eq!(piped("txt", b"Rain.".to_vec()).stdout.lines().count(), 2);
    // A large one is a stream.
    let whole = piped("csv", table.clone().into()).stdout;
    assert_eq!(whole.matches("Imports fell.").count(), 40_000);
    let sample = ["sample", "-", "-n", "3", "--input-format", "csv"];
    let drawn = sandbox.run_with_input(&sample, start).succeeds();
    assert_eq!(drawn.stdout.lines().count(), 4);
}

#[test]
fn patterns_that_the_shell_left_are_searched_in_order() {
    let sandbox = Sandbox::new();
    for name in ["in/b.txt", "in/a.txt", "in/c.md"] {
        sandbox.write(name, "Exports rose.");
    }
    let output = sandbox.run(&["classify", "in/*.txt"]).succeeds().stdout;
    let ids: Vec<&str> = output.lines().skip(1).map(|line| &line[..3]).collect();
    assert_eq!(ids, ["a:0", "b:0"]);
    sandbox.run(&["classify", "in/*.htm"]).fails(1, "in/*.htm: there is no file that this pattern");
    sandbox.run(&["classify", "in/a***"]).fails(1, "check the pattern");
    sandbox.write("[1].txt", "Rain.");
    assert!(sandbox.run(&["classify", "[1].txt"]).succeeds().stdout.contains("Rain."));
}

#[test]
fn metadata_are_carried_as_if_they_were_columns_of_a_table() {
    let sandbox = Sandbox::new();
    sandbox.write("in/a.txt", "Exports rose. Imports fell.");
    sandbox.write("in/b.txt", "Rain.");
    let long = "Exports rose once more this year, they say.\n".repeat(30_000);
    sandbox.write("in/long.txt", long);
    sandbox.write("t.csv", "id,text,source\nr,Snow.,Post\n");
    sandbox.write("meta.csv", "document;source;date\na;Wire;2024-05-01\nlong;Gazette;\nx;;\n");
    let arguments = ["classify", "in", "t.csv", "--metadata", "meta.csv", "--set", "wave=1=a"];
    let output = sandbox.run(&arguments).succeeds();
    let mut reader = csv::Reader::from_reader(output.stdout.as_bytes());
    let columns = reader.headers().unwrap().len() - 3;
    let header: Vec<String> =
        reader.headers().unwrap().iter().skip(columns).map(str::to_owned).collect();
    assert_eq!(header, ["source", "date", "wave"]);
    let mut count = 0;
    for row in reader.records().map(Result::unwrap) {
        let expected = match &row[1] {
            "a" => ["Wire", "2024-05-01", "1=a"],
            "long" => ["Gazette", "", "1=a"],
            "r" => ["Post", "", "1=a"],
            _ => ["", "", "1=a"],
        };
        assert!(row.iter().skip(columns).eq(expected), "{row:?}");
        count += 1;
    }
    assert_eq!(count, 2 + 1 + 30_000 + 1);
    assert_eq!(
        output.stderr,
        "note: meta.csv: articles without a row: 1, rows without an article: 1\nnote: meta.csv: \
         read as separated by `;`\n"
    );
    let sample = ["sample", "in", "t.csv", "--set", "wave=1", "-n", "9", "--stratify", "wave"];
    assert!(sandbox.run(&sample).succeeds().stdout.lines().next().unwrap().ends_with(",wave"));

    let usage = |more: &[&str], message: &str| {
        sandbox.run(&[&["classify", "in", "t.csv"], more].concat()).fails(2, message);
    };
    usage(&["--set", "labels=x"], "the result has a column `labels` of its own");
    usage(&["--set", "p.security=x"], "the result has a column `p.security` of its own");
    usage(&["--set", "wave"], "--set wave: write NAME=VALUE");
    usage(&["--set", "source=x"], "the table has a column `source` already");
    usage(&["--set", "a=1", "--set", "a=2"], "there is a column `a` already");
    sandbox.write("meta.csv", "name,source\na,Wire\n");
    sandbox
        .run(&["classify", "in", "--metadata", "meta.csv"])
        .fails(1, "meta.csv, line 1: there is no column `document`");
}
