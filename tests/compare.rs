//! `compare` through the program, on sentences whose true labels are known.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::collections::HashMap;
use std::fmt::Write;
use std::fs;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use sha2::{Digest, Sha256};
use support::Sandbox;

/// The outlets: their true share of frame `a`, how often it is found, and how often it is seen where
/// it is not.
const OUTLETS: [(&str, f64, f64, f64); 3] =
    [("Herald", 0.30, 0.90, 0.10), ("Courier", 0.30, 0.60, 0.02), ("Gazette", 0.15, 0.75, 0.05)];

const DOCUMENTS: usize = 80;
const SENTENCES: usize = 12;

/// Writes `results.csv`, `truth.csv` with all true labels, `gold.csv` with those of a sample that is
/// richer in predicted sentences, and `bare.csv`, the same without inclusion probabilities. Returns
/// the true share of each outlet.
fn corpus(sandbox: &Sandbox) -> Vec<f64> {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let mut results = "id,document,text,labels,p.a,p.b,source,date\n".to_owned();
    let mut truth = "id,labels\n".to_owned();
    let mut gold = "id,labels,document,inclusion_probability\n".to_owned();
    let mut bare = "id,labels\n".to_owned();
    let mut shares = Vec::new();
    for (outlet, share, found, wrong) in OUTLETS {
        let mut present = 0;
        for document in 0..DOCUMENTS {
            // Sentences of a document are alike.
            let of_document = (share + random.random_range(-0.12..0.12_f64)).clamp(0.0, 1.0);
            for sentence in 0..SENTENCES {
                let id = format!("{outlet}{document}:{sentence}");
                let is = random.random::<f64>() < of_document;
                let said = random.random::<f64>() < if is { found } else { wrong };
                let p = if said { 0.8 } else { 0.1 };
                let supports = random.random::<f64>() < 0.7;
                let stance = if supports { "a:support" } else { "a:oppose" };
                let (label, guess) = (if is { stance } else { "" }, if said { stance } else { "" });
                let month = 1 + document % 6;
                let text = format!("The {outlet} wrote item {document} line {sentence} today.");
                writeln!(
                    results,
                    "{id},{outlet}{document},{text},{guess},{p},0.1,{outlet},2024-{month:02}-05"
                )
                .unwrap();
                writeln!(truth, "{id},{label}").unwrap();
                present += u32::from(is);
                let inclusion = if said { 0.4 } else { 0.1 };
                if random.random::<f64>() < inclusion {
                    writeln!(gold, "{id},{label},{outlet}{document},{inclusion}").unwrap();
                    writeln!(bare, "{id},{label}").unwrap();
                }
            }
        }
        shares.push(f64::from(present) / (DOCUMENTS * SENTENCES) as f64);
    }
    sandbox.write("results.csv", results);
    sandbox.write("truth.csv", truth);
    sandbox.write("gold.csv", gold);
    sandbox.write("bare.csv", bare);
    shares
}

const COMPARE: [&str; 6] = ["compare", "results.csv", "--by", "source", "--copies", "0"];

fn json(sandbox: &Sandbox, arguments: &[&str]) -> Value {
    let output = sandbox.run(&[&COMPARE[..], &["--json"], arguments].concat()).succeeds();
    serde_json::from_str(&output.stdout).unwrap()
}

/// The cell of frame `a` in a group.
fn cell<'a>(comparison: &'a Value, group: &str) -> &'a Value {
    let cells = comparison["frames"][0]["groups"].as_array().unwrap();
    cells.iter().find(|cell| cell["group"] == group).unwrap()
}

fn interval(measure: &Value) -> [f64; 2] {
    [measure["ci"][0].as_f64().unwrap(), measure["ci"][1].as_f64().unwrap()]
}

fn holds(measure: &Value, truth: f64) -> bool {
    let [low, high] = interval(measure);
    low < truth && truth < high
}

#[test]
fn corrected_shares_find_the_truth_where_counts_miss_it() {
    let sandbox = Sandbox::new();
    let shares = corpus(&sandbox);
    let found = json(&sandbox, &["--gold", "gold.csv", "--target", "corpus"]);
    assert_eq!(found["gold"]["recorded"], true);
    let naive = json(&sandbox, &["--naive"]);
    let mut missed = 0;
    for ((outlet, ..), truth) in OUTLETS.into_iter().zip(&shares) {
        let share = &cell(&found, outlet)["share"];
        assert!(holds(&share["corrected"], *truth), "{outlet}: {truth} {share}");
        // A count of all there is has no interval; of what might have been written it has one.
        assert_eq!(share["naive"]["ci"], Value::Null);
        missed += u32::from(!holds(&cell(&naive, outlet)["share"]["naive"], *truth));
        // Predictions help: the interval is narrower than that of the gold labels alone.
        let width = |name: &str| interval(&share[name])[1] - interval(&share[name])[0];
        assert!(width("corrected") < width("gold_only"), "{outlet}: {share}");
    }
    assert!(missed >= 1);
    // Herald and Courier hardly differ in truth, but much in what is counted.
    let between = |comparison: &Value| {
        let all = comparison["frames"][0]["differences"].as_array().unwrap().clone();
        let names = [Value::from("Courier"), Value::from("Herald")];
        let is = |of: &&Value| {
            of["quantity"] == "share"
                && names.iter().all(|n| of["groups"].as_array().unwrap().contains(n))
        };
        all.iter().find(is).unwrap().clone()
    };
    assert!(between(&naive)["p_adjusted"].as_f64().unwrap() < 0.01);
    let sign = if between(&found)["groups"][0] == "Herald" { 1.0 } else { -1.0 };
    assert!(holds(&between(&found)["difference"], sign * (shares[0] - shares[1])));
    // With every sentence coded and the corpus as the target, nothing is uncertain.
    let all = json(&sandbox, &["--gold", "truth.csv", "--target", "corpus"]);
    let whole = &cell(&all, "Gazette")["share"]["corrected"];
    assert!((whole["value"].as_f64().unwrap() - shares[2]).abs() < 1e-9);
}

#[test]
fn error_rates_that_differ_are_not_pooled() {
    let sandbox = Sandbox::new();
    let shares = corpus(&sandbox);
    let found = json(&sandbox, &["--gold", "gold.csv"]);
    let audit = &found["frames"][0]["audit"];
    assert_eq!(audit["may_pool"], false);
    assert!(audit["p"].as_f64().unwrap() < 0.05);
    let herald =
        &audit["groups"].as_array().unwrap().iter().find(|of| of["group"] == "Herald").unwrap();
    assert!(holds(&herald["true_positive_rate"], 0.9), "{herald}");
    for ((outlet, ..), truth) in OUTLETS.into_iter().zip(&shares) {
        let cell = cell(&found, outlet);
        let diagnostics = &cell["diagnostics"];
        // By the rates of the outlet itself, nearer to the truth than what is counted by more.
        let adjusted = diagnostics["adjusted_count"].as_f64().unwrap();
        assert!((adjusted - truth).abs() < 0.06, "{outlet}: {truth} {diagnostics}");
        // Two probabilities stand for the two labels: the same rates correct both.
        let by_chance = diagnostics["adjusted_probability"].as_f64().unwrap();
        assert!((by_chance - adjusted).abs() < 1e-9, "{outlet}: {diagnostics}");
        let mean = diagnostics["mean_probability"].as_f64().unwrap();
        let counted = cell["share"]["naive"]["value"].as_f64().unwrap();
        assert!((mean - (0.1 + 0.7 * counted)).abs() < 1e-9);
        let maximised = diagnostics["expectation_maximisation"].as_f64().unwrap();
        assert!((0.0..=1.0).contains(&maximised));
    }
}

#[test]
fn stance_is_given_the_frame() {
    let sandbox = Sandbox::new();
    corpus(&sandbox);
    let found = json(&sandbox, &["--gold", "gold.csv"]);
    for (outlet, ..) in OUTLETS {
        let cell = cell(&found, outlet);
        let net = cell["net_stance"]["corrected"]["value"].as_f64().unwrap();
        assert!((net - 0.4).abs() < 0.3, "{outlet}: {net}");
        let stances = cell["stances"].as_array().unwrap();
        let sum: f64 = stances.iter().map(|of| of["naive"]["value"].as_f64().unwrap()).sum();
        assert!((sum - 1.0).abs() < 1e-9);
    }
}

#[test]
fn without_gold_labels_nothing_is_tested() {
    let sandbox = Sandbox::new();
    corpus(&sandbox);
    let output = sandbox.run(&COMPARE);
    assert_eq!(output.code, 3);
    assert!(output.stdout.contains("naive share"), "{}", output.stdout);
    assert!(!output.stdout.contains("adjusted"));
    assert!(output.stderr.contains("cannot be used to say that groups differ"));
    assert!(output.stderr.contains("--naive"));
    let output = sandbox.run(&[&COMPARE[..], &["--naive"]].concat()).succeeds();
    assert!(output.stdout.contains("adjusted by Holm over 6 tests"), "{}", output.stdout);
}

#[test]
fn an_enriched_sample_without_its_probabilities_is_refused() {
    let sandbox = Sandbox::new();
    corpus(&sandbox);
    let output = sandbox.run(&[&COMPARE[..], &["--gold", "bare.csv"]].concat());
    assert_eq!(output.code, 3);
    assert!(output.stdout.is_empty());
    assert!(output.stderr.contains("no random sample"), "{}", output.stderr);
    assert!(output.stderr.contains("framescope sample"));
    // All sentences are a random sample of themselves.
    let output = sandbox.run(&[&COMPARE[..], &["--gold", "truth.csv"]].concat()).succeeds();
    assert!(output.stderr.contains("simple random sample"));
}

#[test]
fn periods_tables_and_threads() {
    let sandbox = Sandbox::new();
    corpus(&sandbox);
    let arguments = ["--gold", "gold.csv", "--over", "quarter", "--correction", "bh"];
    let found = json(&sandbox, &arguments);
    assert_eq!(found["periods"], serde_json::json!(["2024-Q1", "2024-Q2"]));
    assert_eq!(found["frames"][0]["periods"].as_array().unwrap().len(), 6);
    assert_eq!(found["tests"]["correction"], "benjamini-hochberg");
    let table = |threads: &str| {
        let output = ["-o", "table.csv", "--threads", threads];
        sandbox.run(&[&COMPARE[..], &arguments, &output].concat()).succeeds();
        std::fs::read_to_string(sandbox.path("table.csv")).unwrap()
    };
    let one = table("1");
    assert_eq!(one, table("3"));
    let header = "frame,quantity,group,group_2,period,method,estimate,std_error,conf_low,conf_high,\
                  p_value,p_adjusted,sentences,documents,gold,reason\n";
    assert!(one.starts_with(header));
    let mut reader = csv::Reader::from_reader(one.as_bytes());
    let quantities: std::collections::BTreeSet<String> =
        reader.records().map(|row| row.unwrap()[1].to_owned()).collect();
    for quantity in ["share", "stance:support", "net_stance", "difference:share", "ratio:share"] {
        assert!(quantities.contains(quantity), "{quantity}");
    }
}

#[test]
fn faults_are_named() {
    let sandbox = Sandbox::new();
    corpus(&sandbox);
    let fails = |arguments: &[&str], message: &str| {
        let output = sandbox.run(arguments);
        assert_eq!(output.code, 1, "{output:?}");
        assert!(output.stderr.contains(message), "{}", output.stderr);
    };
    fails(&["compare", "results.csv", "--by", "outlet"], "there is no column `outlet`");
    fails(&["compare", "truth.csv", "--by", "source"], "carry it through `classify`");
    fails(&["compare", "results.csv", "results.csv", "--by", "source"], "stands twice");
    fails(
        &["compare", "results.csv", "--by", "source", "--gold", "none.csv"],
        "none.csv: cannot read",
    );
    fails(&["compare", "results.csv", "--by", "document"], "has 240 different values");
    let usage = |output: &str, message: &str| {
        let arguments = ["compare", "results.csv", "--by", "source", "-o", output];
        sandbox.run(&arguments).fails(2, message);
    };
    usage("results.csv", "would be overwritten");
    usage("shares.parquet", "no comparison has this form");
    assert!(!sandbox.path("shares.parquet").exists());
}

#[test]
fn a_frame_that_is_never_given_is_not_certainly_absent() {
    let sandbox = Sandbox::new();
    let rows = (0..40).map(|n| format!("{n},d{n},{},{}\n", if n < 8 { "a" } else { "" }, n % 2));
    let half = rows.collect::<String>() + "40,e,,2\n41,f,,2\n";
    sandbox.write("results.csv", format!("id,document,labels,source\n{half}"));
    let found = json(&sandbox, &["--naive"]);
    let share = &cell(&found, "2")["share"]["naive"];
    assert_eq!((&share["value"], &share["ci"]), (&Value::from(0.0), &Value::Null));
    assert!(holds(&cell(&found, "1")["share"]["naive"], 0.2));
}

#[test]
fn the_report_says_what_it_was_made_from() {
    let sandbox = Sandbox::new();
    let articles = "id,text,source,date\n\
        a,Core technologies must be in our own hands. <b>Rain</b> fell.,Herald,2024-01-02\n\
        b,Exports of machine tools to Europe rose 7 percent. The choir sang.,Courier & Sons,2024-02-02\n\
        c,The ministry wants to break foreign dependence in chips. It rained.,Herald,2024-02-03\n";
    sandbox.write("articles.csv", articles);
    let tagged = sandbox.run(&["classify", "articles.csv", "-o", "tagged.csv"]).succeeds();
    assert!(tagged.stdout.is_empty());
    let arguments =
        ["compare", "tagged.csv", "--by", "source", "--over", "month", "--naive", "-o", "a b.html"];
    sandbox.run(&arguments).succeeds();
    let page = std::fs::read_to_string(sandbox.path("a b.html")).unwrap();
    let digest: String = Sha256::digest(std::fs::read(sandbox.path("tagged.csv")).unwrap())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    for part in [
        digest.as_str(),
        "Courier &#38; Sons",
        "--over month --naive -o &#34;a b.html&#34;",
        "cannot be used",
        "2024-01",
        "Core",
    ] {
        assert!(page.contains(part), "{part} is not in the page");
    }
    assert!(!page.contains("<b>Rain"));
    // The same from a pipe.
    let table = std::fs::read_to_string(sandbox.path("tagged.csv")).unwrap();
    let piped = ["compare", "-", "--by", "source", "--naive"];
    let output = sandbox.run_with_input(&piped, &table).succeeds();
    assert!(output.stdout.contains("Courier & Sons"));
}

/// Every cell that people can write, the file's name and the title are a script.
#[test]
fn a_script_in_every_field_stays_text() {
    let sandbox = Sandbox::new();
    corpus(&sandbox);
    let script = "<script>alert(1)</script>";
    let hostile = |name: &str| {
        let table = fs::read_to_string(sandbox.path(name)).unwrap();
        let mut reader = csv::Reader::from_reader(table.as_bytes());
        let mut writer = csv::Writer::from_writer(Vec::new());
        let header = reader.headers().unwrap().clone();
        writer.write_record(header.iter().chain(["coder"])).unwrap();
        for (number, row) in reader.records().enumerate() {
            let row = row.unwrap();
            let cell = |(name, cell): (&str, &str)| match name {
                "id" | "document" | "source" | "text" => format!("{cell} {script}"),
                _ => cell.to_owned(),
            };
            // Two people coded some of the sentences alike.
            let cells: Vec<String> = header.iter().zip(row.iter()).map(cell).collect();
            let coders = if number % 3 == 0 && name == "gold.csv" {
                &["gold", script][..]
            } else {
                &["gold"]
            };
            for coder in coders {
                writer.write_record(cells.iter().map(String::as_str).chain([*coder])).unwrap();
            }
        }
        sandbox.write(&format!("<script>{name}"), writer.into_inner().unwrap());
    };
    hostile("results.csv");
    hostile("gold.csv");
    let page = |more: &[&str]| {
        let arguments = ["compare", "<script>results.csv", "--by", "source", "--over", "quarter"];
        let output = ["--replicates", "50", "-o", "<script>.html"];
        sandbox.run(&[&arguments[..], &output, more].concat()).succeeds();
        fs::read_to_string(sandbox.path("<script>.html")).unwrap()
    };
    for page in [page(&["--gold", "<script>gold.csv"]), page(&["--naive"])] {
        assert!(!page.to_lowercase().contains("<script"), "a script got through");
        for shown in ["Herald &#60;script&#62;", "&#60;script&#62;results.csv"] {
            assert!(page.contains(shown), "{shown} is not in the page");
        }
    }
}

#[test]
fn copies_are_bound_together_and_the_earliest_counts() {
    let sandbox = Sandbox::new();
    let report = "Factories in the valley will buy half their robots at home by next year said the \
                  ministry after a long meeting with the makers of robots on Friday";
    let mut results = "id,document,text,labels,source,date\n".to_owned();
    for (number, (source, date)) in
        [("Courier", "2024-02-02"), ("Herald", "2024-02-01"), ("Gazette", "2024-02-03")]
            .into_iter()
            .enumerate()
    {
        writeln!(results, "w{number},w{number},{report},a,{source},{date}").unwrap();
        for other in 0..3 {
            let text = format!("Item {other} of the {source} is about the weather of day {number}");
            writeln!(results, "{source}{other},{source}{other},{text},,{source},{date}").unwrap();
        }
    }
    sandbox.write("results.csv", results);
    let arguments = ["compare", "results.csv", "--by", "source", "--naive", "--json"];
    let output = sandbox.run(&arguments).succeeds();
    let found: Value = serde_json::from_str(&output.stdout).unwrap();
    let copies = &found["copies"];
    assert_eq!([&copies["clusters"], &copies["across_groups"], &copies["later"]], [1, 1, 2]);
    for without in copies["without"].as_array().unwrap() {
        let share = without["share"]["naive"]["value"].as_f64().unwrap();
        // Only the Herald had it first.
        assert_eq!(share > 0.0, without["group"] == "Herald", "{without}");
    }
}

/// A press of two outlets, a model's probabilities, and what was coded of some of it.
fn planned(sandbox: &Sandbox) {
    let mut tagged = "id,document,text,labels,p.x,source\n".to_owned();
    let mut gold = "id,labels,inclusion_probability\n".to_owned();
    for i in 0..400 {
        let p = [0.01, 0.3, 0.9][i % 3];
        let source = if i < 240 { "Harbour Wire" } else { "Ledger" };
        let labels = if p > 0.5 { "x" } else { "" };
        writeln!(tagged, "s{i},d{},Text {i}.,{labels},{p},{source}", i / 8).unwrap();
        if i % 7 == 0 {
            let coded = if (i * 31) % 100 < (100.0 * p) as usize { "x" } else { "" };
            writeln!(gold, "s{i},{coded},0.145").unwrap();
        }
    }
    sandbox.write("tagged.csv", &tagged);
    sandbox.write("gold.csv", &gold);
}

#[test]
fn a_plan_says_what_to_code_and_sample_draws_it() {
    let sandbox = Sandbox::new();
    planned(&sandbox);
    let plan = |more: &[&str]| {
        let arguments = ["compare", "tagged.csv", "--by", "source", "--plan", "0.2"];
        sandbox.run(&[&arguments[..], more].concat())
    };
    let text = plan(&["--gold", "gold.csv"]).succeeds().stdout;
    assert!(text.contains("to find a difference of 20 points with 80% power"), "{text}");
    let more = ["--gold", "gold.csv", "--frame", "x", "-o", "plan.csv"];
    plan(&more).succeeds();
    let table = fs::read_to_string(sandbox.path("plan.csv")).unwrap();
    let strata: Vec<&str> = table.lines().map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(strata.len(), 7, "{table}");
    assert_eq!(strata[2], "Harbour Wire; band 2");
    let more: usize = table
        .lines()
        .skip(1)
        .map(|line| line.rsplit(',').next().unwrap().parse::<usize>().unwrap())
        .sum();
    assert!(more > 0);
    let by = ["--stratify", "source", "--bands", "p.x", "--cuts", "0.05,0.5"];
    let draw =
        ["sample", "tagged.csv", "--sizes", "plan.csv", "--extend", "gold.csv", "-o", "more.csv"];
    sandbox.run(&[&draw[..], &by].concat()).succeeds();
    let rows = fs::read_to_string(sandbox.path("more.csv")).unwrap();
    assert_eq!(rows.lines().filter(|line| line.contains(",?,")).count(), more);
    assert_eq!(rows.lines().count(), 1 + more + 58);
    // The weights are those of one sample of all sentences.
    let weights: f64 = csv::Reader::from_reader(rows.as_bytes())
        .deserialize::<HashMap<String, String>>()
        .map(|row| 1.0 / row.unwrap()["inclusion_probability"].parse::<f64>().unwrap())
        .sum();
    assert!((weights - 400.0).abs() < 1e-6, "{weights}");
}

#[test]
fn a_plan_before_any_coding_says_what_it_rests_on() {
    let sandbox = Sandbox::new();
    planned(&sandbox);
    let arguments = ["compare", "tagged.csv", "--by", "source", "--plan", "0.2"];
    let run = sandbox.run(&arguments).succeeds();
    assert!(run.stderr.contains("rests on the model's probabilities"), "{}", run.stderr);
    let json: Value = serde_json::from_str(
        &sandbox.run(&[&arguments[..], &["--json"]].concat()).succeeds().stdout,
    )
    .unwrap();
    assert_eq!(json["frames"][0]["pairs"][0]["now"], Value::Null);
    assert_eq!(json["has_gold"], false);
    for (more, code, message) in [
        (["--frame", "y"], 2, "`y` is none of `x`"),
        (["-o", "plan.html"], 2, "no plan has this form"),
    ] {
        sandbox.run(&[&arguments[..], &more].concat()).fails(code, message);
    }
    let run = sandbox.run(&[&arguments[..], &["--power", "1"]].concat());
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("between 0 and 1"), "{}", run.stderr);
}

#[test]
fn what_cannot_be_is_refused() {
    let sandbox = Sandbox::new();
    planned(&sandbox);
    let tagged = fs::read_to_string(sandbox.path("tagged.csv")).unwrap();
    let compare = ["compare", "tagged.csv", "--by", "source"];
    let run = |more: &[&str]| sandbox.run(&[&compare[..], more].concat());
    run(&["--gold", "tagged.csv"]).fails(2, "cannot be their own gold standard");
    run(&["--naive", "--target", "corpus"]).fails(2, "nothing can be tested");
    run(&["--plan", "0.0001", "--gold", "gold.csv", "-o", "plan.csv"]);
    assert!(!sandbox.files().contains(&"plan.csv".to_owned()));
    // One sentence that stands for a milliard.
    sandbox.write("heavy.csv", "id,labels,inclusion_probability\ns1,x,0.000000001\ns2,,0.5\n");
    run(&["--gold", "heavy.csv"]).fails(3, "stand for 1000000002 sentences, but there are 400");
    // A little richer in every group: no single group shows it.
    let mut gold = "id,labels\n".to_owned();
    for i in (0..400).filter(|i| i % 9 == 0 || (i % 3 == 2 && i % 2 == 0)) {
        writeln!(gold, "s{i},{}", if i % 3 == 2 { "x" } else { "" }).unwrap();
    }
    sandbox.write("enriched.csv", gold);
    run(&["--gold", "enriched.csv"]).fails(3, "are no random sample");
    // A group in which nothing is predicted says nothing of its difference from others.
    let naive = tagged.replace("x,0.9,Ledger", ",0.9,Ledger");
    let command = ["compare", "-", "--by", "source", "--naive", "--json"];
    let output = sandbox.run_with_input(&command, &naive).succeeds();
    let found: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(found["frames"][0]["differences"][0]["p"]["reason"], "no_variation");
}

/// A frame that the model gave to no sentence is still one that people may have coded.
#[test]
fn frames_that_are_never_predicted_are_compared_too() {
    let sandbox = Sandbox::new();
    planned(&sandbox);
    let tagged = fs::read_to_string(sandbox.path("tagged.csv")).unwrap();
    let tagged = tagged.replace(",x,0.9,", ",,0.9,").replace(",p.x,", ",p.x,p.x.support,");
    let tagged = tagged.replace(",0.01,", ",0.01,0.0,").replace(",0.3,", ",0.3,0.1,");
    sandbox.write("tagged.csv", tagged.replace(",0.9,", ",0.9,0.2,"));
    let compare = ["compare", "tagged.csv", "--by", "source", "--gold", "gold.csv", "--json"];
    let found: Value = serde_json::from_str(&sandbox.run(&compare).succeeds().stdout).unwrap();
    assert_eq!(found["frames"].as_array().unwrap().len(), 1);
    assert_eq!(found["frames"][0]["frame"], "x");
    let share = &found["frames"][0]["groups"][0]["share"];
    assert_eq!(share["naive"]["value"], 0.0);
    assert!(share["corrected"]["value"].as_f64().unwrap() > 0.2, "{share}");
}
