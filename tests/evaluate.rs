//! `evaluate` through the program, beside scikit-learn and statsmodels.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::fs;

use serde_json::Value;
use support::{Sandbox, small_labels};

/// tests/reference/evaluate.json, and its rows as gold labels and two files of predictions.
fn reference() -> (Value, Sandbox) {
    let reference: Value = serde_json::from_str(include_str!("reference/evaluate.json")).unwrap();
    let mut gold = "id,labels,document,source,inclusion_probability\n".to_owned();
    let mut said = "id,labels,p.a,p.b\n".to_owned();
    let mut other = "id,labels\n".to_owned();
    for row in reference["rows"].as_array().unwrap() {
        let text = |index: usize| row[index].as_str().unwrap();
        let id = text(0);
        gold += &format!("{id},{},{},{},{}\n", text(4), text(1), text(2), row[3]);
        said += &format!("{id},{},{},{}\n", text(5), row[7][0], row[7][1]);
        other += &format!("{id},{}\n", text(6));
    }
    let sandbox = Sandbox::new();
    sandbox.write("gold.csv", gold);
    sandbox.write("said.csv", said);
    sandbox.write("other.csv", other);
    (reference, sandbox)
}

const EVALUATE: [&str; 6] =
    ["evaluate", "gold.csv", "--predictions", "said.csv", "--replicates", "100"];

fn json(sandbox: &Sandbox, arguments: &[&str]) -> Value {
    let output = sandbox.run(&[&EVALUATE[..], &["--json"], arguments].concat()).succeeds();
    serde_json::from_str(&output.stdout).unwrap()
}

#[track_caller]
fn assert_close(found: &Value, expected: &Value) {
    let (found, expected) = (found.as_f64().unwrap(), expected.as_f64().unwrap());
    assert!((found - expected).abs() < 1e-10, "{found} is not {expected}");
}

#[test]
fn weighted_scores_are_those_of_scikit_learn() {
    let (reference, sandbox) = reference();
    let found = json(&sandbox, &[]);
    assert_eq!(found["weighted"], true);
    for (frame, expected) in
        found["frames"].as_array().unwrap().iter().zip(reference["frames"].as_array().unwrap())
    {
        for score in [
            "precision",
            "recall",
            "f1",
            "average_precision",
            "roc_auc",
            "brier",
            "ece",
            "false_positive_rate",
        ] {
            assert_close(&frame[score]["value"], &expected[score]);
        }
        let bins = frame["reliability"].as_array().unwrap();
        assert_eq!(bins.iter().map(|bin| bin["sentences"].as_u64().unwrap()).sum::<u64>(), 240);
    }
    assert_close(&found["macro"]["f1"]["value"], &reference["macro_f1"]);
    assert_close(&found["micro"]["f1"]["value"], &reference["micro_f1"]);
    assert_close(&found["subset_accuracy"]["value"], &reference["subset_accuracy"]);
    assert_close(&found["hamming_loss"]["value"], &reference["hamming_loss"]);
    let output = sandbox.run(&EVALUATE).succeeds();
    assert!(output.stderr.contains("inverse of their inclusion_probability"));
    // Without the column, every sentence counts the same.
    let gold = fs::read_to_string(sandbox.path("gold.csv")).unwrap();
    sandbox.write("gold.csv", gold.replace("inclusion_probability", "chance"));
    let found = json(&sandbox, &[]);
    assert_eq!(found["weighted"], false);
    assert_close(&found["macro"]["f1"]["value"], &reference["unweighted_macro_f1"]);
}

#[test]
fn an_inclusion_probability_lies_above_0_and_not_above_1() {
    let sandbox = Sandbox::new();
    sandbox.write("said.csv", "id,labels\n1,a\n2,b\n3,\n");
    for cell in ["0", "1.1", "-0.5", "", "often", "NaN"] {
        sandbox.write(
            "gold.csv",
            format!("id,labels,inclusion_probability\n1,a,.5\n2,b,{cell}\n3,,1\n"),
        );
        let message = "gold.csv, line 3, column `inclusion_probability`: ";
        sandbox.run(&EVALUATE).fails(1, message);
    }
}

#[test]
fn two_files_of_predictions_are_compared() {
    let (reference, sandbox) = reference();
    let found = json(&sandbox, &["--against", "other.csv"]);
    let against = &found["against"];
    assert_eq!(against["other"], "other.csv");
    for (frame, expected) in
        against["frames"].as_array().unwrap().iter().zip(reference["frames"].as_array().unwrap())
    {
        let (test, expected_test) = (&frame["mcnemar"], &expected["mcnemar"]);
        for value in ["exact_p", "corrected_chi_squared", "corrected_p"] {
            assert_close(&test[value], &expected_test[value]);
        }
        let f1 = &frame["f1"];
        assert_close(&f1["this"], &expected["f1"]);
        let difference = f1["this"].as_f64().unwrap() - f1["other"].as_f64().unwrap();
        assert!((f1["difference"]["value"].as_f64().unwrap() - difference).abs() < 1e-12);
        let p = f1["test"]["p"].as_f64().unwrap();
        assert!((1e-4..=1.0).contains(&p) && p <= f1["test"]["p_holm"].as_f64().unwrap());
        assert_eq!(frame["average_precision"]["other"]["reason"], "no_probabilities");
    }
    // A file does not differ from itself.
    let found = json(&sandbox, &["--against", "said.csv"]);
    assert_eq!(found["against"]["macro_f1"]["difference"]["value"], 0.0);
    assert_eq!(found["against"]["macro_f1"]["test"]["p"], 1.0);
    assert_eq!(found["against"]["mcnemar"], Value::Null);
}

#[test]
fn slices_are_scored_and_tested_by_document() {
    let (_, sandbox) = reference();
    let found = json(&sandbox, &["--by", "source"]);
    let slices = found["by"]["slices"].as_array().unwrap();
    let sentences = slices.iter().map(|slice| slice["sentences"].as_u64().unwrap());
    assert_eq!(sentences.sum::<u64>(), 240);
    let test = &found["by"]["tests"][0];
    assert!(test["statistic"].as_f64().unwrap() >= 0.0);
    assert!(test["p"].as_f64().unwrap() <= test["p_holm"].as_f64().unwrap());
    sandbox
        .run(&[&EVALUATE[..], &["--by", "outlet"]].concat())
        .fails(1, "gold.csv: there is no column `outlet`; the columns are `source`");
    // A slice that cuts through documents cannot be permuted by document.
    let gold = fs::read_to_string(sandbox.path("gold.csv")).unwrap();
    sandbox.write("gold.csv", gold.replacen(",d0,a,", ",d0,b,", 1));
    let found = json(&sandbox, &["--by", "source"]);
    assert_eq!(found["by"]["tests"][0]["p"]["reason"], "divided_documents");
}

#[test]
fn a_test_that_cannot_be_made_is_not_reported_as_one() {
    let (_, sandbox) = reference();
    let gold = fs::read_to_string(sandbox.path("gold.csv")).unwrap();
    let halves = gold.lines().enumerate().map(|(i, line)| match i {
        0 => format!("{line},half\n"),
        _ => format!("{line},{}\n", i % 2),
    });
    sandbox.write("gold.csv", halves.collect::<String>());
    let arguments = [&EVALUATE[..], &["--by", "half", "--methods"]].concat();
    let methods = sandbox.run(&arguments).succeeds().stdout;
    assert!(methods.contains("could not be tested for a, b (divided documents)"), "{methods}");
    assert!(!methods.contains("no difference"), "{methods}");
}

#[test]
fn coders_stand_beside_the_model() {
    let sandbox = Sandbox::new();
    let mut gold = "id,coder,labels,document\n".to_owned();
    let mut said = "id,labels\n".to_owned();
    for unit in 0..40 {
        let label = |present: bool| if present { "a|b" } else { "b" };
        let truth = unit % 3 == 0;
        let coders = [("anna", truth ^ (unit == 5)), ("ben", truth ^ (unit == 6)), ("gold", truth)];
        for (coder, present) in coders {
            gold += &format!("{unit},{coder},{},d{}\n", label(present), unit / 2);
        }
        said += &format!("{unit},{}\n", label(truth ^ (unit % 5 == 0)));
    }
    sandbox.write("gold.csv", &gold);
    sandbox.write("said.csv", said);
    let found = json(&sandbox, &[]);
    assert_eq!(found["sentences"], 40);
    let value = |of: &str| found["frames"][0][of]["value"].as_f64().unwrap();
    assert!(value("coder_alpha") > 0.85 && value("krippendorff_alpha") < value("coder_alpha"));
    assert_eq!(found["frames"][1]["coder_alpha"]["reason"], "no_variation");
    let output = sandbox.run(&EVALUATE).succeeds();
    assert!(output.stdout.contains("α of coders"), "{}", output.stdout);
    // Any coder can be the gold standard; without one there is none.
    let found = json(&sandbox, &["--gold-coder", "anna"]);
    assert_eq!(found["sentences"], 40);
    sandbox
        .run(&[&EVALUATE[..], &["--gold-coder", "chen"]].concat())
        .fails(1, "no sentence is coded by `chen`; the coders are `anna`, `ben`, `gold`");
    sandbox.write("gold.csv", gold.replace(",gold,", ",eve,"));
    sandbox.run(&EVALUATE).fails(1, "say with `--gold-coder` whose labels are the gold standard");
}

#[test]
fn suspects_are_the_planted_errors_and_the_curve_rises() {
    let sandbox = Sandbox::new();
    // Three labels are turned round.
    let planted =
        [("2-9,", ",,", ",smoke,"), ("4-0,", ",trade:good,", ",,"), ("6-5,", ",smoke:bad,", ",,")];
    let line = |line: &str| match planted.iter().find(|(id, ..)| line.starts_with(id)) {
        Some((_, right, wrong)) => line.replacen(right, wrong, 1) + "\n",
        None => format!("{line}\n"),
    };
    let labels: String = small_labels().lines().map(line).collect();
    sandbox.write("gold.csv", &labels);
    sandbox.write("said.csv", small_labels());
    let all = ["--suspects", "review.csv", "--learning-curve", "--csv", "all.csv", "--methods"];
    let run = |threads: &str| {
        let found = json(&sandbox, &[&all[..], &["--threads", threads]].concat());
        let files = ["review.csv", "all.csv"].map(|name| fs::read(sandbox.path(name)).unwrap());
        (found, files)
    };
    let (found, files) = run("1");
    assert_eq!((&found, &files), (&run("2").0, &run("2").1));
    let mut reader = csv::Reader::from_reader(&files[0][..]);
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let mut first: Vec<(&str, &str, &str)> =
        rows.iter().take(3).map(|row| (&row[0], &row[2], &row[3])).collect();
    first.sort_unstable();
    assert_eq!(
        first,
        [("2-9", "smoke", "present"), ("4-0", "trade", "absent"), ("6-5", "smoke", "absent")]
    );
    let points = found["learning_curve"]["points"].as_array().unwrap();
    assert_eq!(points.len(), 6);
    assert_eq!(points[0]["macro_f1"]["reason"], "too_few_documents");
    assert!(points[5]["macro_f1"]["value"].as_f64().unwrap() > 0.8);
    assert!(
        found["methods"].as_str().unwrap().starts_with("We scored the predictions in said.csv")
    );
    let table = String::from_utf8(files[1].clone()).unwrap();
    assert!(table.starts_with("part,group,label,measure,estimate,std_error,conf_low,conf_high,"));
    assert!(table.contains("\nlearning_curve,1,,macro_f1,"), "{table}");
}
