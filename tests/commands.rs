//! What people do with framescope, through the program.

mod support;

use std::fs;
use std::process::Command;

use support::{Output, Sandbox, codings, small_labels};

#[test]
fn classify_writes_a_table_whose_offsets_slice_the_text() {
    let sandbox = Sandbox::new();
    let text = "Naïve heading\n\nExports to foreign markets rose 7 percent — to €3 million. “It was \
                time. We waited,” said the manager.\n";
    sandbox.write("articles/one.txt", text);
    let output = sandbox.run(&["classify", "articles", "-o", "out.csv"]).succeeds();
    assert!(output.stdout.is_empty());
    let mut reader = csv::Reader::from_path(sandbox.path("out.csv")).unwrap();
    let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    assert_eq!(header[..7], ["id", "document", "sentence", "start", "end", "text", "labels"]);
    assert_eq!(
        header[7..],
        ["p.self-reliance", "p.opening-up", "p.green-transition", "p.security"]
    );
    let characters: Vec<char> = text.chars().collect();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 4);
    for (index, row) in rows.iter().enumerate() {
        assert_eq!(row[0], format!("one:{index}"));
        let (start, end): (usize, usize) = (row[3].parse().unwrap(), row[4].parse().unwrap());
        assert_eq!(characters[start..end].iter().collect::<String>(), row[5]);
        for probability in row.iter().skip(7) {
            assert!((0.0..=1.0).contains(&probability.parse::<f64>().unwrap()));
        }
    }
    assert!(rows[1][6].contains("opening-up"), "exports are trade: {:?}", &rows[1][6]);
}

#[test]
fn standard_input_gives_csv_and_all_probabilities_sum_up() {
    let sandbox = Sandbox::new();
    let text = "China must master core technologies. The canteen opens at noon.";
    let output =
        sandbox.run_with_input(&["classify", "--probabilities", "all", "-"], text).succeeds();
    let mut reader = csv::Reader::from_reader(output.stdout.as_bytes());
    let header = reader.headers().unwrap().clone();
    let column = |name: &str| header.iter().position(|column| column == name).unwrap();
    for row in reader.records() {
        let row = row.unwrap();
        assert_eq!(&row[1], "stdin");
        let value = |name: &str| row[column(name)].parse::<f64>().unwrap();
        let stances = ["support", "oppose", "neutral"];
        let sum: f64 = stances.iter().map(|s| value(&format!("p.self-reliance.{s}"))).sum();
        assert!((sum - value("p.self-reliance")).abs() < 3e-6);
    }
}

#[test]
fn the_view_shows_tags_and_a_summary_without_colour_in_a_pipe() {
    let sandbox = Sandbox::new();
    sandbox.write("a.txt", "Emissions of carbon dioxide must fall.\n\nLunch is at noon.\n");
    let output = sandbox.run(&["classify", "a.txt", "--format", "view"]).succeeds();
    assert!(
        output.stdout.contains("▌ Emissions of carbon dioxide must fall.\n  └ green-transition")
    );
    assert!(output.stdout.contains("1 article, 2 sentences"));
    assert!(!output.stdout.contains('\u{1b}'));
}

#[test]
fn jsonl_output_reads_as_labels_again() {
    let sandbox = Sandbox::new();
    sandbox.write("a.txt", "Emissions must fall. Lunch is at noon. Imports of chips rose.");
    sandbox.run(&["classify", "a.txt", "-o", "a.jsonl"]).succeeds();
    sandbox.run(&["classify", "a.txt", "-o", "a.csv"]).succeeds();
    // A result table is a label file: two of them are two coders, who agree.
    let output = sandbox.run(&["agree", "a.jsonl", "a.csv", "--json"]);
    let message = output.stderr.clone();
    assert_eq!(output.code, 1, "one name for two files: {message}");
    fs::rename(sandbox.path("a.csv"), sandbox.path("b.csv")).unwrap();
    let output = sandbox.run(&["agree", "a.jsonl", "b.csv", "--json"]).succeeds();
    let json: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(json["coders"], serde_json::json!(["a", "b"]));
    assert_eq!(json["labels"][0]["coefficients"]["percent_agreement"]["value"], 1.0);
    let output =
        sandbox.run(&["evaluate", "a.jsonl", "--predictions", "b.csv", "--json"]).succeeds();
    let json: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(json["subset_accuracy"]["value"], 1.0);
}

#[test]
fn a_model_trained_twice_and_on_any_number_of_threads_has_the_same_bytes() {
    let sandbox = Sandbox::new();
    sandbox.write("labels.csv", small_labels());
    for (threads, name) in [("1", "a"), ("2", "b"), ("2", "c"), ("5", "d")] {
        let model = format!("{name}.framescope");
        let train = ["train", "labels.csv", "-o", &model, "--threads", threads];
        sandbox.run(&train).succeeds();
    }
    let first = fs::read(sandbox.path("a.framescope")).unwrap();
    for name in ["b", "c", "d"] {
        assert_eq!(first, fs::read(sandbox.path(&format!("{name}.framescope"))).unwrap(), "{name}");
    }
}

#[test]
fn threads_do_not_change_results() {
    let sandbox = Sandbox::new();
    for index in 0..20 {
        sandbox.write(&format!("in/{index}.txt"), "Imports fell. Smoke rose.\n\nA heading\n");
    }
    let run = |threads| sandbox.run(&["classify", "in", "--threads", threads]).succeeds().stdout;
    assert_eq!(run("1"), run("3"));
    sandbox.write("labels.csv", small_labels());
    let run = |threads| {
        let arguments = ["evaluate", "labels.csv", "--json", "--threads", threads];
        sandbox.run(&["train", "labels.csv", "-o", "m.framescope", "--replicates", "0"]).succeeds();
        sandbox.run(&[&arguments[..], &["-m", "m.framescope"]].concat()).succeeds().stdout
    };
    assert_eq!(run("1"), run("3"));
}

#[test]
fn training_learns_and_says_what_it_did() {
    let sandbox = Sandbox::new();
    sandbox.write("labels.csv", small_labels());
    let output = sandbox.run(&["train", "labels.csv", "-o", "m.framescope"]).succeeds();
    assert!(output.stdout.contains("On held-out documents:"));
    assert!(output.stderr.contains("m.framescope: model written"));
    let output =
        sandbox.run(&["explain", "-m", "m.framescope", "The harbour trade grew."]).succeeds();
    assert!(output.stdout.contains("trade"), "{}", output.stdout);
    let output = sandbox.run(&["explain", "-m", "m.framescope", "--json"]).succeeds();
    let json: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(json["frames"].as_array().unwrap().len(), 2);
    let [bad, good] = &json["frames"][1]["stances"].as_array().unwrap()[..] else {
        panic!("{}", output.stdout);
    };
    assert_eq!(
        [&json["frames"][1]["frame"], &bad["stance"], &good["stance"]],
        ["trade", "bad", "good"]
    );
    let terms = bad["terms"].as_array().unwrap();
    assert!(terms.iter().any(|term| term["term"] == "weavers"), "{bad}");
}

/// A report in two papers would be learnt from in one and scored in the other.
#[test]
fn copies_of_an_article_stay_in_one_fold() {
    let sandbox = Sandbox::new();
    let mut labels = small_labels();
    for line in small_labels().lines().skip(1).filter(|line| line.starts_with("3-")) {
        labels += &line.replacen("3-", "copy-", 1).replace(",d3,", ",d8,");
        labels += "\n";
    }
    sandbox.write("labels.csv", labels);
    let note = "1 of 9 documents are copies of others, and stay in one fold with them";
    let train = ["train", "labels.csv", "-o", "m.framescope"];
    let bound = sandbox.run(&train).succeeds();
    assert!(bound.stderr.contains(note), "{}", bound.stderr);
    let free = sandbox.run(&[&train[..], &["--group-by", "none"]].concat()).succeeds();
    assert!(!free.stderr.contains(note), "{}", free.stderr);
}

#[test]
fn explanations_sum_to_the_log_odds() {
    let sandbox = Sandbox::new();
    let sentence = "The region must protect its supply chains and cut emissions.";
    let output = sandbox.run(&["explain", sentence, "--json"]).succeeds();
    let json: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    let sums_to = |of: &serde_json::Value, total: &str| {
        let terms = of["terms"].as_array().unwrap();
        let sum: f64 = terms.iter().map(|term| term["weight"].as_f64().unwrap()).sum();
        let total = of[total].as_f64().unwrap();
        assert!((sum + of["base"].as_f64().unwrap() - total).abs() < 1e-9);
        total
    };
    for frame in json["sentences"][0]["frames"].as_array().unwrap() {
        let log_odds = sums_to(frame, "log_odds");
        let stances = frame["stances"].as_array().unwrap();
        assert_eq!(stances.len(), if frame["present"] == true { 3 } else { 0 });
        let scores: Vec<f64> = stances.iter().map(|of| sums_to(of, "score")).collect();
        for (of, score) in stances.iter().zip(&scores) {
            assert_eq!(of["stance"] == frame["stance"], scores.iter().all(|other| other <= score));
        }
        let probability = frame["probability"].as_f64().unwrap();
        assert!((1.0 / (1.0 + (-log_odds).exp()) - probability).abs() < 1e-12);
    }
}

#[test]
fn words_are_highlighted_where_colours_are_wanted() {
    let explain = |environment: &[(&str, &str)]| {
        let output = Command::new(env!("CARGO_BIN_EXE_framescope"))
            .args(["explain", "Trade with foreign countries must not be shut out."])
            .env_remove("NO_COLOR")
            .envs(environment.iter().copied())
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let coloured = explain(&[("CLICOLOR_FORCE", "1")]);
    let (bold_underlined, struck) = ("\u{1b}[38;5;32;1;4m", "\u{1b}[38;5;166;9m");
    assert!(coloured.contains(&format!("{bold_underlined}foreign\u{1b}[0m")), "{coloured}");
    assert!(coloured.contains(struck), "{coloured}");
    let plain = explain(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]);
    assert!(!plain.contains('\u{1b}'), "{plain}");
    // Without styles nothing is missing but the words that bore them.
    let stripped = anstream::adapter::strip_str(&coloured).to_string();
    let missing: Vec<&str> =
        stripped.lines().filter(|line| !plain.lines().any(|other| other == *line)).collect();
    assert_eq!(missing, ["    Trade with foreign countries must not be shut out."; 4]);
    assert!(plain.lines().all(|line| stripped.lines().any(|other| other == line)));
}

#[test]
fn agreement_of_krippendorffs_example_is_printed_in_the_fields_style() {
    let sandbox = Sandbox::new();
    // Krippendorff 2011, example A, as two coders of one frame.
    let anna = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0];
    let ben = [1, 1, 1, 0, 0, 1, 0, 0, 0, 0];
    let mut table = "id,coder,labels\n".to_owned();
    for (coder, codes) in [("anna", anna), ("ben", ben)] {
        for (unit, code) in codes.iter().enumerate() {
            table += &format!("{unit},{coder},{}\n", if *code == 1 { "x" } else { "" });
        }
    }
    sandbox.write("codings.csv", &table);
    let output = sandbox.run(&["agree", "codings.csv"]).succeeds();
    assert!(output.stdout.contains(".10 ["), "alpha .095: {}", output.stdout);
    assert!(output.stderr.contains("no column `document`"));
    let output = sandbox.run(&["agree", "codings.csv", "--json"]).succeeds();
    let json: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    let alpha = &json["labels"][0]["coefficients"]["krippendorff_alpha"];
    assert!((alpha["value"].as_f64().unwrap() - 2.0 / 21.0).abs() < 1e-12);
    assert_eq!(alpha["ci"].as_array().unwrap().len(), 2);
    assert_eq!(json["pairs"][0]["coders"], serde_json::json!(["anna", "ben"]));
}

#[test]
fn not_coded_is_not_absent() {
    let sandbox = Sandbox::new();
    sandbox.write("codings.csv", "id,coder,labels\n1,a,x\n1,b,?\n2,a,x\n2,b,x\n3,a,\n3,b,\n");
    let output = sandbox.run(&["agree", "codings.csv", "--json"]).succeeds();
    let json: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(json["units"], 3);
    assert_eq!(json["labels"][0]["units"], 2);
    assert_eq!(json["labels"][0]["coefficients"]["krippendorff_alpha"]["value"], 1.0);
}

#[test]
fn undefined_agreement_says_why() {
    let sandbox = Sandbox::new();
    sandbox.write("codings.csv", "id,coder,labels\n1,a,x\n1,b,x\n2,a,x\n2,b,x\n");
    let output = sandbox.run(&["agree", "codings.csv"]).succeeds();
    assert!(output.stdout.contains("undefined (no variation)"));
    let output = sandbox.run(&["agree", "codings.csv", "--json"]).succeeds();
    let json: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    let alpha = &json["labels"][0]["coefficients"]["krippendorff_alpha"];
    assert_eq!(*alpha, serde_json::json!({ "value": null, "reason": "no_variation" }));
}

#[test]
fn a_single_choice_sums_to_one() {
    let sandbox = Sandbox::new();
    let table = small_labels();
    let mut single = "id,text,labels,document\n".to_owned();
    for (index, line) in table.lines().skip(1).enumerate() {
        let cells: Vec<&str> = line.split(',').collect();
        let label = match cells[2] {
            "" => "nothing",
            labels if labels.contains("trade") => "trade",
            _ => "smoke",
        };
        single += &format!("s{index},{},{label},{}\n", cells[1], cells[3]);
    }
    sandbox.write("labels.csv", &single);
    sandbox.run(&["train", "labels.csv", "-o", "m.framescope"]).succeeds();
    sandbox.write("a.txt", "The harbour trade grew. The chimney smoked. The choir sang.");
    let output = sandbox.run(&["classify", "a.txt", "-m", "m.framescope"]).succeeds();
    let mut reader = csv::Reader::from_reader(output.stdout.as_bytes());
    for row in reader.records() {
        let row = row.unwrap();
        let sum: f64 = row.iter().skip(7).map(|p| p.parse::<f64>().unwrap()).sum();
        assert!((sum - 1.0).abs() < 3e-6);
        assert!(["nothing", "trade", "smoke"].contains(&&row[6]));
    }
}

#[test]
fn both_solvers_give_the_same_model_within_rounding() {
    let sandbox = Sandbox::new();
    sandbox.write("labels.csv", small_labels());
    sandbox.write("a.txt", "The harbour trade grew. The chimney smoked. The choir sang.");
    let tables: Vec<String> = ["sparse", "linfa"]
        .iter()
        .map(|solver| {
            let options = format!(
                "train labels.csv -o m.framescope --solver {solver} --class-weight none --C 1 \
                 --no-calibration --threshold .5"
            );
            let train: Vec<&str> = options.split_whitespace().collect();
            sandbox.run(&train).succeeds();
            sandbox.run(&["classify", "a.txt", "-m", "m.framescope"]).succeeds().stdout
        })
        .collect();
    let read = |table: &str| -> Vec<f64> {
        let mut reader = csv::Reader::from_reader(table.as_bytes());
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        rows.iter().flat_map(|row| row.iter().skip(7).map(|p| p.parse().unwrap())).collect()
    };
    for (sparse, linfa) in read(&tables[0]).iter().zip(read(&tables[1])) {
        assert!((sparse - linfa).abs() < 1e-4);
    }
}

#[test]
fn completions_and_manual_pages_are_printed() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(sandbox.run(&["completions", shell]).succeeds().stdout.contains("framescope"));
    }
    assert!(sandbox.run(&["man"]).succeeds().stdout.starts_with(".ie"));
    assert!(sandbox.run(&["man", "train"]).succeeds().stdout.contains("char\\-ngrams"));
    let Output { code, stderr, .. } = sandbox.run(&["man", "nothing"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("there is no command `nothing`"));
}

#[test]
fn nobody_reading_the_output_is_no_failure() {
    use std::process::{Command, Stdio};
    let sandbox = Sandbox::new();
    sandbox.write("a.txt", "Imports fell again in May. ".repeat(20_000));
    let mut child = Command::new(env!("CARGO_BIN_EXE_framescope"))
        .args(["classify", "a.txt"])
        .current_dir(sandbox.path(""))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn signals_help_where_labels_are_few_and_can_be_scored_bare() {
    let sandbox = Sandbox::new();
    sandbox.write("labels.csv", small_labels());
    sandbox.write(
        "c.toml",
        "frame = [{ name = 'trade', signals = ['trade*', 'harbour'], \
         signal_exceptions = ['harbour was open'] }, { name = 'smoke', signals = ['smok*'] }]\n\
         stance = [{ name = 'good' }, { name = 'bad' }]\n",
    );
    let evaluate = ["evaluate", "labels.csv", "--baseline", "signals", "--codebook", "c.toml"];
    let output = sandbox.run(&[&evaluate[..], &["--json"]].concat()).succeeds();
    let json: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    // `The harbour was open` carries the frame, but the exception voids its only signal.
    assert_eq!(json["frames"][0]["recall"]["value"], 5.0 / 6.0);
    assert_eq!(json["frames"][0]["precision"]["value"], 1.0);
    assert_eq!(json["frames"][1]["f1"]["value"], 1.0);
    assert_eq!(json["frames"][1]["brier"]["reason"], "no_probabilities");
    let train = ["train", "labels.csv", "--codebook", "c.toml", "-o", "m.framescope"];
    sandbox.run(&train).succeeds();
    let output = sandbox.run(&["explain", "-m", "m.framescope", "Smoking stoves"]).succeeds();
    assert!(output.stdout.contains("signal:smoke"), "{}", output.stdout);
    sandbox.run(&[&train[..], &["--signals", "none"]].concat()).succeeds();
    let output = sandbox.run(&["explain", "-m", "m.framescope", "Smoking stoves"]).succeeds();
    assert!(!output.stdout.contains("signal:"));
    sandbox.write(
        "c.toml",
        "frame = [{ name = 'trade', signals = ['tr*de'] }, { name = 'smoke' }]\n\
         stance = [{ name = 'good' }, { name = 'bad' }]\n",
    );
    let message = "`tr*de` is no signal; write words of two letters or more";
    sandbox.run(&evaluate).fails(1, message);
}

#[test]
fn tables_look_as_they_should() {
    let sandbox = Sandbox::new();
    sandbox.write("codings.csv", codings());
    let agree = sandbox.run(&["agree", "codings.csv", "--replicates", "200"]).succeeds();
    insta::assert_snapshot!("agree", agree.stdout);
    sandbox.write("gold.csv", "id,labels\n1,a:p|b\n2,a:p\n3,\n4,b\n");
    sandbox.write("said.csv", "id,labels\n1,a:q\n2,a:p\n3,a:p\n4,\n");
    let evaluate = ["evaluate", "gold.csv", "--predictions", "said.csv", "--replicates", "0"];
    let codebook = "frame = [{ name = 'a' }, { name = 'b' }]\n\
                    stance = [{ name = 'p' }, { name = 'q' }]\n";
    sandbox.write("c.toml", codebook);
    let output = sandbox.run(&[&evaluate[..], &["--codebook", "c.toml"]].concat()).succeeds();
    insta::assert_snapshot!("evaluate", output.stdout);
    sandbox.write("labels.csv", small_labels());
    let train = ["train", "labels.csv", "-o", "m", "--C", "1", "--no-calibration"];
    sandbox.run(&[&train[..], &["--threshold", "0.5"]].concat()).succeeds();
    let explain = ["explain", "-m", "m", "--terms", "4"];
    let words = sandbox.run(&explain).succeeds().stdout;
    let sentence = sandbox.run(&[&explain[..], &["Harbour trade ruins us"]].concat()).succeeds();
    insta::assert_snapshot!("explain", format!("{words}\n{}", sentence.stdout));
}
