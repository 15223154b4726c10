//! What people do with `framescope agree`, through the program.

mod support;

use std::fs;

use support::{Sandbox, codings};

/// Krippendorff 2011, example C: four coders, twelve units, missing codes.
const EXAMPLE_C: &str = "unit,a,b,c,d\n1,1,1,NA,1\n2,2,2,3,2\n3,3,3,3,3\n4,3,3,3,3\n5,2,2,2,2\n\
                         6,1,2,3,4\n7,4,4,4,4\n8,1,1,2,1\n9,2,2,2,2\n10,,5,5,5\n11,,,1,1\n\
                         12,,3,,\n";

#[test]
fn wide_tables_have_the_alphas_of_krippendorff_2011_at_every_level() {
    let sandbox = Sandbox::new();
    sandbox.write("c.csv", EXAMPLE_C);
    for (level, alpha) in [
        ("nominal", 0.743_421_052_632),
        ("ordinal", 0.815_387_503_755),
        ("interval", 0.849_107_142_857),
        ("ratio", 0.797_402_774_712),
    ] {
        let arguments = ["agree", "--wide", "c.csv", "--level", level, "--json"];
        let output = sandbox.run(&arguments).succeeds();
        let json: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
        let values = &json["labels"][0]["coefficients"];
        let ours = values["krippendorff_alpha"]["value"].as_f64().unwrap();
        assert!((ours - alpha).abs() < 1e-9, "{level}: {ours}");
        assert!(values["gwet_ac2"]["value"].is_f64(), "{level}");
        assert!(values["cohen_kappa_weighted"]["value"].is_f64(), "{level}");
    }
}

#[test]
fn faults_of_wide_tables_are_named_with_their_place() {
    let sandbox = Sandbox::new();
    sandbox.write("w.csv", "unit,a,b\n1,1,2\n2,low,3\n");
    let arguments = ["agree", "--wide", "w.csv", "--level", "ordinal"];
    sandbox.run(&arguments).fails(1, "w.csv, line 3, column `a`: `low` is no number");
    sandbox.write("w.csv", "unit,a,b\n1,1,-2\n");
    let arguments = ["agree", "--wide", "w.csv", "--level", "ratio"];
    sandbox.run(&arguments).fails(1, "w.csv, line 2, column `b`: `-2` is negative");
    sandbox.write("w.csv", "unit,a\n1,1\n");
    sandbox.run(&["agree", "--wide", "w.csv"]).fails(1, "w.csv, line 1: there are 1 columns");
}

#[test]
fn the_same_bytes_on_any_number_of_threads() {
    let sandbox = Sandbox::new();
    sandbox.write("codings.csv", codings());
    let run = |n| sandbox.run(&["agree", "codings.csv", "--json", "--threads", n]).succeeds();
    assert_eq!(run("1").stdout, run("5").stdout);
}

#[test]
fn gold_is_a_label_file_and_disagreements_are_ranked() {
    let sandbox = Sandbox::new();
    sandbox.write("codings.csv", codings());
    for how in ["majority", "dawid-skene"] {
        let arguments = ["agree", "codings.csv", "--adjudicate", how, "-o", "gold.csv"];
        sandbox.run(&arguments).succeeds();
        let gold = fs::read_to_string(sandbox.path("gold.csv")).unwrap();
        assert!(gold.starts_with("id,document,text,labels,coders,tied,p.trade\n"), "{gold}");
        assert!(gold.contains("\nu0,d0,,trade:good,3,,"), "{gold}");
        assert!(gold.contains("\nu2,d1,,,3,,"), "{gold}");
    }
    sandbox.write("two.csv", "id,coder,labels\n1,a,x\n1,b,\n");
    let arguments = ["agree", "two.csv", "--adjudicate", "dawid-skene", "-o", "gold.csv"];
    sandbox.run(&arguments).fails(3, "cannot tell which of 2 coders is right");
    let arguments = ["agree", "two.csv", "--adjudicate", "majority", "-o", "gold.csv"];
    sandbox.run(&arguments).succeeds();
    let gold = fs::read_to_string(sandbox.path("gold.csv")).unwrap();
    assert!(gold.contains("1,,,?,2,x,0.5\n"), "a tie stays open: {gold}");

    let arguments = ["agree", "codings.csv", "--disagreements", "d.csv", "-o", "tidy.csv"];
    sandbox.run(&arguments).succeeds();
    let ranked = fs::read_to_string(sandbox.path("d.csv")).unwrap();
    assert!(ranked.contains("\ntrade,0.5,u0,d0,trade:good,trade:good,,\n"), "{ranked}");
    let tidy = fs::read_to_string(sandbox.path("tidy.csv")).unwrap();
    assert!(tidy.contains("coefficient,estimate,std_error,"), "{tidy}");
    assert!(tidy.contains("trade,label,,fleiss_kappa,,,,,,"), "nothing where undefined: {tidy}");
}

#[test]
fn the_methods_paragraph_has_the_fields_style() {
    let sandbox = Sandbox::new();
    sandbox.write("codings.csv", codings());
    let arguments = ["agree", "codings.csv", "--methods", "--replicates", "200"];
    let text = sandbox.run(&arguments).succeeds().stdout;
    assert!(text.contains("α = .52, 95% CI [-.42, 1.00]"), "{text}");
    assert!(text.contains("3 coders coded 6 sentences in 3 documents"), "{text}");
}

#[test]
fn what_coders_share_stays_with_the_gold_and_ties_of_stance_stay_open() {
    let sandbox = Sandbox::new();
    let coder = |name: &str, labels: [&str; 4]| {
        let rows: String = labels
            .iter()
            .enumerate()
            .map(|(i, labels)| {
                format!("s{i},\"Sentence {i}.\",{labels},{name},d{i},0.{},n{name}\n", i + 1)
            })
            .collect();
        let header = "id,text,labels,coder,document,inclusion_probability,remark\n";
        sandbox.write(&format!("{name}.csv"), format!("{header}{rows}"));
    };
    coder("anna", ["x:for", "x:for", "", "y:for"]);
    coder("ben", ["x:for", "x:against", "", "?"]);
    let arguments = ["agree", "anna.csv", "ben.csv"];
    let adjudicate = ["--adjudicate", "majority", "-o", "gold.csv"];
    let output = sandbox.run(&[&arguments[..], &adjudicate].concat()).succeeds();
    assert!(output.stderr.contains("1 tied"), "{}", output.stderr);
    assert!(output.stderr.contains("1 of them were coded by one coder only"), "{}", output.stderr);
    let gold = std::fs::read_to_string(sandbox.path("gold.csv")).unwrap();
    let lines: Vec<&str> = gold.lines().collect();
    assert!(lines[0].ends_with(",inclusion_probability"), "{gold}");
    assert!(lines[1].contains(",x:for,2,,") && lines[1].ends_with(",0.1"), "{gold}");
    assert!(lines[2].contains(",?,2,x (stance),"), "{gold}");

    sandbox.run(&[&arguments[..], &["--disagreements", "apart.csv"]].concat()).succeeds();
    let apart = std::fs::read_to_string(sandbox.path("apart.csv")).unwrap();
    assert!(
        apart.contains("\nx (stance),1.0,s1,") || apart.contains("\nx (stance),1,s1,"),
        "{apart}"
    );

    let methods = sandbox.run(&[&arguments[..], &["--methods"]].concat()).succeeds().stdout;
    assert!(methods.contains("For the stance, among those who gave the frame, x:"), "{methods}");
    assert!(methods.contains("(x: stance)"), "{methods}");
}

#[test]
fn what_is_no_label_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.write("na.csv", "id,labels,coder\n1,x,a\n1,NA,b\n");
    sandbox.run(&["agree", "na.csv"]).fails(1, "na.csv, line 3, column `labels`: `NA` is no frame");
    sandbox.write("n.jsonl", "{\"id\":1,\"labels\":{\"x\":1},\"coder\":\"a\"}\n");
    sandbox.run(&["agree", "n.jsonl"]).fails(1, "n.jsonl, line 1: `labels` is neither text nor");
    sandbox.write("empty.txt", "{\"a\":1}\n");
    let convert = ["convert", "empty.txt", "--from", "recal", "-o", "out.csv"];
    sandbox.run(&convert).fails(1, "empty.txt: there is no coding in it");
}
