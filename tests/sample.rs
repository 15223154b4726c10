//! Drawing sentences to code, through the program.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;

use support::{Sandbox, small_labels};

/// A table by column.
struct Table(Vec<HashMap<String, String>>);

impl Table {
    fn parse(text: &str) -> Self {
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        Table(reader.deserialize().map(Result::unwrap).collect())
    }

    fn read(sandbox: &Sandbox, name: &str) -> Self {
        Self::parse(&fs::read_to_string(sandbox.path(name)).unwrap())
    }

    fn column(&self, name: &str) -> Vec<&str> {
        self.0.iter().map(|row| row[name].as_str()).collect()
    }

    fn numbers(&self, name: &str) -> Vec<f64> {
        self.column(name).iter().map(|cell| cell.parse().unwrap()).collect()
    }
}

fn header(csv: &str) -> &str {
    csv.lines().next().unwrap()
}

/// A result table of 200 sentences of two outlets, a few of them scored high.
fn tagged() -> String {
    let mut table =
        "id,document,sentence,start,end,text,labels,p.security,source,date\n".to_owned();
    for i in 0..200 {
        let (document, sentence) = (i / 10, i % 10);
        let (score, labels) = if i % 9 == 0 { (0.93, "security") } else { (0.02, "") };
        let source = if document < 17 { "Harbour Wire" } else { "Ledger" };
        let month = 1 + document % 3;
        table += &format!(
            "d{document}:{sentence},d{document},{sentence},0,9,\"Text, no. {i}\",{labels},{score},\
             {source},2024-0{month}-11\n"
        );
    }
    table
}

#[test]
fn articles_are_split_and_a_simple_sample_weighs_all_the_same() {
    let sandbox = Sandbox::new();
    for i in 0..5 {
        sandbox.write(&format!("news/{i}.txt"), "Exports rose. Imports fell.\n\nRain is late.\n");
    }
    let drawn = sandbox.run(&["sample", "news", "-n", "5"]).succeeds().stdout;
    assert_eq!(header(&drawn), "id,text,labels,document,inclusion_probability,stratum,seed");
    let table = Table::parse(&drawn);
    assert_eq!(table.column("inclusion_probability"), ["0.3333333333333333"; 5]);
    assert_eq!(table.column("labels"), ["?"; 5]);
    assert_eq!(table.column("stratum"), ["all"; 5]);
    assert_eq!(table.column("seed"), ["42"; 5]);

    // The names are those of `classify`.
    let tagged = Table::parse(&sandbox.run(&["classify", "news"]).succeeds().stdout);
    let texts: HashMap<&str, &str> =
        tagged.column("id").into_iter().zip(tagged.column("text")).collect();
    for row in &table.0 {
        assert_eq!(texts[row["id"].as_str()], row["text"]);
    }
    for threads in ["1", "3"] {
        let again = sandbox.run(&["sample", "news", "-n", "5", "--threads", threads]).succeeds();
        assert_eq!(again.stdout, drawn);
    }
    let other = sandbox.run(&["sample", "news", "-n", "5", "--seed", "7"]).succeeds().stdout;
    assert_ne!(other, drawn);
    let piped = sandbox.run_with_input(&["sample", "-", "-n", "2"], "It rains. It pours.");
    assert!(piped.succeeds().stdout.contains("stdin:1,It pours.,?,stdin,1,all,42"));
    sandbox.run(&["sample", "news", "-n", "15"]).succeeds();
    sandbox
        .run(&["sample", "news", "-n", "16", "-o", "out.csv"])
        .fails(1, "news: 16 sentences are asked for and there are 15; ask for 15 at the most");
    assert_eq!(sandbox.files(), ["news"]);
}

#[test]
fn a_result_table_is_drawn_by_row_and_coded_blind() {
    let sandbox = Sandbox::new();
    sandbox.write("tagged.csv", tagged());
    let blind = sandbox.run(&["sample", "tagged.csv", "-n", "20"]).succeeds().stdout;
    assert_eq!(
        header(&blind),
        "id,text,labels,document,inclusion_probability,stratum,seed,sentence,start,end,source,date"
    );
    let kept =
        sandbox.run(&["sample", "tagged.csv", "-n", "20", "--keep-scores"]).succeeds().stdout;
    assert!(header(&kept).contains(",model_labels,p.security,"), "{}", header(&kept));
    let table = Table::parse(&kept);
    assert_eq!(table.column("labels"), ["?"; 20]);
    assert_eq!(Table::parse(&blind).column("id"), table.column("id"));
    let json = sandbox.run(&["sample", "tagged.csv", "-n", "20", "--format", "jsonl"]).succeeds();
    assert!(json.stdout.contains("\"labels\":\"?\",\"document\":\"d"));
    assert!(json.stdout.contains("\"inclusion_probability\":0.1,\"stratum\":\"all\",\"seed\":42,"));
}

#[test]
fn weights_of_a_stratified_sample_sum_to_the_strata() {
    let sandbox = Sandbox::new();
    sandbox.write("tagged.csv", tagged());
    let weights = |options: &[&str]| {
        let arguments = [&["sample", "tagged.csv", "-n", "40"], options].concat();
        let output = sandbox.run(&arguments).succeeds();
        let table = Table::parse(&output.stdout);
        let mut sums: BTreeMap<String, (usize, f64)> = BTreeMap::new();
        for (stratum, p) in
            table.column("stratum").iter().zip(table.numbers("inclusion_probability"))
        {
            let (drawn, sum) = sums.entry((*stratum).to_owned()).or_default();
            *drawn += 1;
            *sum += 1.0 / p;
        }
        let sums = sums.into_iter().map(|(name, (n, sum))| (name, n, sum.round() as usize));
        (sums.collect::<Vec<_>>(), output.stderr)
    };
    let name = str::to_owned;
    let (sums, _) = weights(&["--stratify", "source"]);
    assert_eq!(sums, [(name("Harbour Wire"), 34, 170), (name("Ledger"), 6, 30)]);
    let (sums, _) = weights(&["--stratify", "source", "--allocation", "equal"]);
    assert_eq!(sums, [(name("Harbour Wire"), 20, 170), (name("Ledger"), 20, 30)]);
    let bands = ["--bands", "p.security", "--cuts", "0.5", "--allocation", "equal"];
    let (sums, notes) = weights(&bands);
    assert_eq!(sums, [(name("band 1"), 20, 177), (name("band 2"), 20, 23)]);
    assert!(notes.contains("band 1 is below 0.5, band 2 from 0.5"), "{notes}");
    assert!(notes.contains("hide these columns"), "{notes}");
    let (sums, notes) = weights(&["--stratify", "source,month", "--allocation", "equal"]);
    assert_eq!(sums.len(), 6);
    assert_eq!(sums.iter().map(|(_, _, sum)| sum).sum::<usize>(), 200);
    assert!(!notes.contains("too small"), "{notes}");
    let (_, notes) =
        weights(&["--stratify", "source,document", "--bands", "p.security", "--cuts", "0.5"]);
    assert!(notes.contains("too small to draw from, taken whole: `Harbour Wire; d"), "{notes}");
    assert!(notes.contains("no variance can be estimated: `Harbour Wire; d0; band 2` (2)"));

    let fails = |options: &[&str], code, message: &str| {
        let arguments = [&["sample", "tagged.csv", "-n", "5"], options].concat();
        sandbox.run(&arguments).fails(code, message);
    };
    fails(&["--stratify", "source,month"], 1, "5 sentences cannot be drawn from 6 strata");
    fails(&["--stratify", "outlet"], 1, "tagged.csv: there is no column `outlet`; the columns are");
    fails(&["--enrich", "source"], 1, "column `source`: `Harbour Wire` (of `d0:0`) is no number");
    fails(&["--allocation", "equal"], 2, "--allocation: there are no strata");
    fails(&["--enrich", "p.security", "--random-share", "0"], 2, "--random-share");
}

#[test]
fn an_enriched_sample_finds_more_and_says_so_in_its_probabilities() {
    let sandbox = Sandbox::new();
    sandbox.write("tagged.csv", tagged());
    let arguments = ["sample", "tagged.csv", "-n", "24", "--enrich", "p.security", "--keep-scores"];
    let table = Table::parse(&sandbox.run(&arguments).succeeds().stdout);
    let expected = |score: f64| 24.0 * (0.5 / 200.0 + 0.5 * score / (23.0 * 0.93 + 177.0 * 0.02));
    let mut high = 0;
    for (p, score) in table.numbers("inclusion_probability").iter().zip(table.numbers("p.security"))
    {
        assert!((p - expected(score)).abs() < 1e-8, "{p} {}", expected(score));
        high += usize::from(score > 0.5);
    }
    assert!((9..=15).contains(&high), "about 23 · 0.51 = 11.8 are expected: {high}");
}

#[test]
fn coders_get_files_of_their_own_in_orders_of_their_own() {
    let sandbox = Sandbox::new();
    sandbox.write("tagged.csv", tagged());
    let arguments =
        ["sample", "tagged.csv", "-n", "51", "--coders", "anna,ben", "--overlap", "0.2", "-o"];
    let output = sandbox.run(&[&arguments[..], &["coding"]].concat()).succeeds();
    assert!(output.stderr.contains("anna.csv: 31 sentences, 10 of them coded by all"));
    let (anna, ben) =
        (Table::read(&sandbox, "coding/anna.csv"), Table::read(&sandbox, "coding/ben.csv"));
    assert_eq!((anna.0.len(), ben.0.len()), (31, 30));
    assert!(anna.column("coder").iter().all(|&coder| coder == "anna"));
    let ids = |table: &Table| -> BTreeSet<String> {
        table.column("id").into_iter().map(str::to_owned).collect()
    };
    let both: BTreeSet<String> = ids(&anna).intersection(&ids(&ben)).cloned().collect();
    assert_eq!((both.len(), ids(&anna).union(&ids(&ben)).count()), (10, 51));
    let order = |table: &Table| -> Vec<String> {
        table.column("id").into_iter().filter(|&id| both.contains(id)).map(str::to_owned).collect()
    };
    assert_ne!(order(&anna), order(&ben));
    let design: serde_json::Value =
        serde_json::from_slice(&fs::read(sandbox.path("coding/design.json")).unwrap()).unwrap();
    let overlap: BTreeSet<String> = serde_json::from_value(design["overlap"].clone()).unwrap();
    assert_eq!(overlap, both);
    assert_eq!(design["sentences"], 200);
    assert_eq!(design["coders"][1]["file"], "ben.csv");
    // The same sentences as without coders.
    let alone = Table::parse(&sandbox.run(&["sample", "tagged.csv", "-n", "51"]).succeeds().stdout);
    assert_eq!(ids(&alone), ids(&anna).union(&ids(&ben)).cloned().collect());

    sandbox.run(&[&arguments[..], &["work.tsv"]].concat()).succeeds();
    let expected = ["coding", "tagged.csv", "work.anna.tsv", "work.ben.tsv", "work.design.json"];
    assert_eq!(sandbox.files(), expected);

    // Both code: then their agreement can be measured, but drawing again would cost their work.
    for (name, table) in [("anna", "coding/anna.csv"), ("ben", "coding/ben.csv")] {
        let coded = fs::read_to_string(sandbox.path(table)).unwrap();
        assert!(coded.contains(&format!(",{name},")));
        sandbox.write(table, coded.replace(",?,", ",security,"));
    }
    let agreed = sandbox.run(&["agree", "coding/anna.csv", "coding/ben.csv", "--replicates", "0"]);
    assert!(agreed.succeeds().stdout.contains("security"));
    sandbox
        .run(&[&arguments[..], &["coding"]].concat())
        .fails(2, "anna.csv: this file holds labels, which would be lost");
    let refused = |coders: &str, message: &str| {
        sandbox
            .run(&["sample", "tagged.csv", "-n", "9", "--coders", coders, "-o", "x"])
            .fails(2, message);
    };
    refused("anna,../ben", "`../ben` cannot name a file");
    refused("anna,Anna", "`Anna` is named twice");
}

#[test]
fn inputs_are_safe_and_must_be_no_sample() {
    let sandbox = Sandbox::new();
    sandbox.write("tagged.csv", tagged());
    sandbox
        .run(&["sample", "tagged.csv", "-n", "9", "-o", "tagged.csv"])
        .fails(2, "tagged.csv: this is an input and would be overwritten");
    sandbox.run(&["sample", "tagged.csv", "-n", "50", "-o", "s.csv"]).succeeds();
    sandbox.run(&["sample", "s.csv", "-n", "9"]).fails(3, "this is a sample");
    sandbox.write("twice.csv", "id,text,labels\na,Coal.,\na,Steel.,\n");
    sandbox
        .run(&["sample", "twice.csv", "-n", "1", "--on-error", "stop"])
        .fails(1, "the id `a` stands twice");
}

/// A person codes the sample in a spreadsheet: the file must train a model and score it.
#[test]
fn a_coded_sample_trains_and_is_scored() {
    let sandbox = Sandbox::new();
    sandbox.write("all.csv", small_labels());
    let all = Table::read(&sandbox, "all.csv");
    let labels: HashMap<&str, &str> =
        all.column("id").into_iter().zip(all.column("labels")).collect();
    for (name, n, seed) in [("train.csv", "90", "1"), ("gold.csv", "60", "2")] {
        let options = ["--stratify", "document", "--bom", "--seed", seed];
        sandbox
            .run(&[&["sample", "all.csv", "-n", n, "-o", name], &options[..]].concat())
            .succeeds();
        let drawn = fs::read_to_string(sandbox.path(name)).unwrap();
        assert!(drawn.starts_with('\u{feff}'), "Excel takes it for UTF-8");
        // Spreadsheets quote as they like and end lines as Windows does.
        let mut reader = csv::Reader::from_reader(drawn.trim_start_matches('\u{feff}').as_bytes());
        let mut writer = csv::WriterBuilder::new()
            .quote_style(csv::QuoteStyle::Always)
            .terminator(csv::Terminator::CRLF)
            .from_writer("\u{feff}".as_bytes().to_vec());
        writer.write_record(reader.headers().unwrap()).unwrap();
        for (index, row) in reader.records().enumerate() {
            let row = row.unwrap();
            assert_eq!(&row[2], "?");
            // One was forgotten.
            let code = if index == 3 { "?" } else { labels[&row[0]] };
            writer
                .write_record(row.iter().enumerate().map(|(i, c)| if i == 2 { code } else { c }))
                .unwrap();
        }
        sandbox.write(name, writer.into_inner().unwrap());
    }
    sandbox.run(&["train", "train.csv", "-o", "my.framescope"]).succeeds();
    let scored = ["evaluate", "gold.csv", "-m", "my.framescope", "--json", "--replicates", "0"];
    let scores: serde_json::Value =
        serde_json::from_str(&sandbox.run(&scored).succeeds().stdout).unwrap();
    assert!(
        scores["macro"]["f1"]["value"].as_f64().or(scores["macro"]["f1"].as_f64()).unwrap() > 0.7
    );
}

#[test]
fn an_extension_keeps_what_was_coded_and_draws_from_the_rest() {
    let sandbox = Sandbox::new();
    sandbox.write("tagged.csv", tagged());
    sandbox.run(&["sample", "tagged.csv", "-n", "40", "-o", "gold.csv"]).succeeds();
    let coded = fs::read_to_string(sandbox.path("gold.csv")).unwrap().replacen(",?,", ",,", 30);
    sandbox.write("gold.csv", coded.replacen(",,", ",security,", 9));
    let extend = ["sample", "tagged.csv", "--extend", "gold.csv"];
    let more = |options: &[&str]| sandbox.run(&[&extend[..], options].concat());
    let said = more(&["-n", "50", "--stratify", "source", "-o", "more.csv"]).succeeds().stderr;
    assert!(said.contains("50 of 200 sentences, beside 30 that are coded"), "{said}");
    let table = Table::read(&sandbox, "more.csv");
    let ids: BTreeSet<&str> = table.column("id").into_iter().collect();
    assert_eq!(ids.len(), 80);
    let labels = table.column("labels");
    let count = |wanted: &str| labels.iter().filter(|label| **label == wanted).count();
    assert_eq!([count("?"), count("security"), count("")], [50, 9, 21]);
    let weights: f64 = table.numbers("inclusion_probability").iter().map(|p| 1.0 / p).sum();
    assert!((weights - 200.0).abs() < 1e-6, "{weights}");
    // Twice the same, and again as the basis of a third draw.
    more(&["-n", "50", "--stratify", "source", "-o", "again.csv"]).succeeds();
    let read = |name: &str| fs::read_to_string(sandbox.path(name)).unwrap();
    assert_eq!(read("more.csv"), read("again.csv"));
    sandbox.write("second.csv", read("more.csv").replace(",?,", ",,"));
    sandbox
        .run(&["sample", "tagged.csv", "--extend", "second.csv", "-n", "120", "-o", "third.csv"])
        .succeeds();
    let all = Table::read(&sandbox, "third.csv");
    assert!(all.numbers("inclusion_probability").iter().all(|&p| p == 1.0));
}

#[test]
fn an_extension_that_cannot_be_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.write("tagged.csv", tagged());
    let coded = |rows: &str| format!("id,labels,inclusion_probability\n{rows}");
    sandbox.write("bare.csv", "id,labels\nd0:1,security\n");
    sandbox.write("foreign.csv", coded("x9,security,0.2\n"));
    sandbox.write(
        "twice.csv",
        "id,coder,labels,inclusion_probability\nd0:1,a,security,0.2\nd0:1,b,security,0.2\n",
    );
    sandbox.write("never.csv", coded("d0:1,security,0\n"));
    for (gold, message) in [
        ("bare.csv", "no column `inclusion_probability`"),
        ("foreign.csv", "line 2, column `id`: `x9` is none of the sentences"),
        ("twice.csv", "`d0:1` is coded twice"),
        ("never.csv", "`0` is no probability"),
    ] {
        sandbox.run(&["sample", "tagged.csv", "-n", "5", "--extend", gold]).fails(1, message);
    }
    assert_eq!(sandbox.run(&["sample", "tagged.csv"]).code, 2);
    for (sizes, message) in [
        ("stratum,more\nMoon Post,3\n", "no stratum `Moon Post`"),
        ("stratum,more\nLedger,31\n", "31 sentences of stratum `Ledger`"),
        ("stratum,more\nLedger,some\n", "`some` is no number"),
        ("stratum,more\nLedger,1\nLedger,2\n", "stands twice"),
        ("stratum,n\nLedger,1\n", "no column `more`"),
    ] {
        sandbox.write("sizes.csv", sizes);
        sandbox
            .run(&["sample", "tagged.csv", "--sizes", "sizes.csv", "--stratify", "source"])
            .fails(1, message);
    }
}
