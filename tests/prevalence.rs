//! Shares and their comparison: beside other programs, and how often intervals hold what they should.
//!
//! Coverage: presses are made up with a known truth, sentences are drawn for coding as `sample` draws
//! them, and 95 percent intervals are counted that hold the truth. Those of corrected estimates must
//! do so in 93 to 97 percent; with this many replicates the count is off by 1 percent at most.
//! `cargo test --test prevalence -- --nocapture --test-threads 1` shows the tables.

#![allow(clippy::unwrap_used, reason = "a test may fail")]
#![allow(clippy::print_stdout, reason = "tables to look at")]

#[path = "support/presses.rs"]
mod presses;

use std::path::Path;

use framescope::stats::{
    Design, Estimate, Outcome, Target, Undefined, adjusted_counts, equal_error_audit,
    expectation_maximisation, gold_only, naive_ratio, naive_share, ppi, ratio, share,
};
use presses::{Draw, Outlet, Press, Setting, Truth};
use rayon::prelude::*;
use serde_json::Value as Json;

const REPLICATES: u64 = 2000;

fn reference() -> Json {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/prevalence.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn numbers(json: &Json) -> Vec<f64> {
    json.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn cases(json: &Json) -> impl Iterator<Item = &Json> {
    json.as_array().unwrap().iter()
}

#[track_caller]
fn assert_close(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() < tolerance, "{found} instead of {expected}");
}

#[test]
fn inference_from_predictions_is_that_of_ppi_python() {
    for case in cases(&reference()["ppi"]) {
        let of = |name: &str| numbers(&case[name]);
        let lambda = case["lambda"].as_f64();
        let found = ppi(&of("gold"), &of("predicted"), &of("unlabelled"), lambda).unwrap();
        let [low, high] = found.interval.unwrap();
        for (found, expected) in [found.value.unwrap(), low, high].iter().zip(of("expected")) {
            assert_close(*found, expected, 1e-9);
        }
    }
}

#[test]
fn maximisation_is_that_of_quapy_and_least_squares_those_of_scipy() {
    let reference = reference();
    for case in cases(&reference["maximisation"]) {
        let prior = case["prior"].as_f64().unwrap();
        let found = expectation_maximisation(&numbers(&case["posteriors"]), prior).unwrap();
        assert_close(found, case["expected"].as_f64().unwrap(), 1e-9);
    }
    for case in cases(&reference["classes"]) {
        let rates: Vec<Vec<f64>> = cases(&case["rates"]).map(numbers).collect();
        let found = adjusted_counts(&rates, &numbers(&case["counts"])).unwrap();
        for (found, expected) in found.iter().zip(numbers(&case["expected"])) {
            assert_close(*found, expected, 1e-6);
        }
    }
}

#[test]
fn corrected_estimates_are_those_of_their_formulas() {
    let corrected = &reference()["corrected"];
    let of = |name: &str| numbers(&corrected[name]);
    let clusters: Vec<usize> = of("clusters").iter().map(|&cluster| cluster as usize).collect();
    let is_gold: Vec<bool> =
        cases(&corrected["is_gold"]).map(|gold| gold.as_bool().unwrap()).collect();
    let coded = |name: &str| -> Vec<Option<f64>> {
        of(name).iter().zip(&is_gold).map(|(&value, gold)| gold.then_some(value)).collect()
    };
    let (frame, support, inclusion) = (coded("frame"), coded("support"), of("inclusion"));
    let (said_frame, said_support) = (of("said_frame"), of("said_support"));
    let frame = Outcome { predicted: &said_frame, coded: &frame };
    let support = Outcome { predicted: &said_support, coded: &support };
    let members: Vec<usize> = (0..clusters.len()).collect();
    for (target, name) in [(Target::Process, "process"), (Target::Corpus, "corpus")] {
        let design = Design { inclusion: &inclusion, clusters: &clusters, target };
        let expected = &corrected["expected"][name];
        let found = [
            ("share", share(&frame, &design, &members)),
            ("gold_only", gold_only(&frame, &design, &members)),
            ("ratio", ratio(&support, &frame, &design, &members)),
        ];
        for (name, found) in found {
            let found = found.unwrap();
            let [low, high] = found.measure().interval.unwrap();
            for (found, expected) in [found.value, low, high].iter().zip(numbers(&expected[name])) {
                assert_close(*found, expected, 1e-7);
            }
        }
    }
}

/// What is estimated in a replicate, and what it should be.
const QUANTITIES: [&str; 5] = ["share A", "share B", "B − A", "log B/A", "stance A"];

/// Counts over replicates of one estimator of one quantity.
#[derive(Clone, Copy, Default)]
struct Record {
    defined: f64,
    covered: f64,
    bias: f64,
    width: f64,
}

impl Record {
    fn of(estimate: &Result<Estimate, Undefined>, truth: f64) -> Self {
        let Ok(estimate) = estimate else { return Record::default() };
        let [low, high] = estimate.measure().interval.unwrap();
        Record {
            defined: 1.0,
            covered: f64::from(low <= truth && truth <= high),
            bias: estimate.value - truth,
            width: high - low,
        }
    }

    fn plus(self, other: Self) -> Self {
        Record {
            defined: self.defined + other.defined,
            covered: self.covered + other.covered,
            bias: self.bias + other.bias,
            width: self.width + other.width,
        }
    }

    fn coverage(&self) -> f64 {
        self.covered / self.defined
    }
}

/// By quantity: naive, gold alone, corrected.
type Records = [[Record; 3]; QUANTITIES.len()];

/// All estimates of all quantities in one press.
fn records(press: &Press, target: Target) -> Records {
    let design = Design { inclusion: &press.inclusion, clusters: &press.clusters, target };
    let frame = Outcome { predicted: &press.said_frame, coded: &press.frame };
    let support = Outcome { predicted: &press.said_support, coded: &press.support };
    let none = Outcome { predicted: &press.nothing, ..frame };
    let none_support = Outcome { predicted: &press.nothing, ..support };
    let naive = press
        .members
        .each_ref()
        .map(|members| naive_share(frame.predicted, design.clusters, members));
    let gold = press.members.each_ref().map(|members| gold_only(&frame, &design, members));
    let corrected = press.members.each_ref().map(|members| share(&frame, &design, members));
    let first = &press.members[0];
    let stance = [
        naive_ratio(support.predicted, frame.predicted, design.clusters, first),
        ratio(&none_support, &none, &design, first),
        ratio(&support, &frame, &design, first),
    ];
    let shares = [naive, gold, corrected];
    let pair = |of: fn(&Estimate, &Estimate) -> Result<Estimate, Undefined>| {
        shares.each_ref().map(|[a, b]| of(b.as_ref().map_err(|e| *e)?, a.as_ref().map_err(|e| *e)?))
    };
    let differences = pair(|b, a| Ok(b.difference(a)));
    let ratios = pair(|b, a| b.log_ratio(a));
    let Truth { shares: [a, b], stance: of_stance } = press.truth;
    [
        shares.each_ref().map(|[first, _]| Record::of(first, a)),
        shares.each_ref().map(|[_, second]| Record::of(second, b)),
        differences.each_ref().map(|difference| Record::of(difference, b - a)),
        ratios.each_ref().map(|ratio| Record::of(ratio, (b / a).ln())),
        stance.each_ref().map(|stance| Record::of(stance, of_stance)),
    ]
}

/// Runs the replicates, prints the table and checks corrected intervals; gives the records.
fn run(name: &str, setting: &Setting) -> Records {
    let sum = |mut a: Records, b: Records| {
        for (a, b) in a.iter_mut().flatten().zip(b.iter().flatten()) {
            *a = a.plus(*b);
        }
        a
    };
    let records = (0..REPLICATES)
        .into_par_iter()
        .map(|replicate| records(&Press::new(setting, replicate), setting.target))
        .reduce(Records::default, sum);
    println!("\n{name}  (coverage, bias, width)");
    for (quantity, records) in QUANTITIES.iter().zip(&records) {
        let cells = ["naive", "gold", "corrected"].iter().zip(records).map(|(name, record)| {
            let (n, missing) = (record.defined, REPLICATES as f64 - record.defined);
            let undefined =
                if missing > 0.0 { format!(" ({missing} undefined)") } else { String::new() };
            let (bias, width) = (record.bias / n, record.width / n);
            format!("{name} {:.3} {bias:+.4} {width:.4}{undefined}", record.coverage())
        });
        println!("  {quantity:9} {}", cells.collect::<Vec<_>>().join("   "));
    }
    records
}

#[track_caller]
fn assert_covered(records: &Records) {
    for (quantity, [_, _, corrected]) in QUANTITIES.iter().zip(records) {
        let coverage = corrected.coverage();
        assert!((0.93..=0.97).contains(&coverage), "{quantity}: {coverage}");
        assert!(corrected.defined >= 0.99 * REPLICATES as f64, "{quantity}: often undefined");
    }
}

/// Of shares and their difference.
fn naive_coverage(records: &Records) -> [f64; 3] {
    [0, 1, 2].map(|quantity| records[quantity][0].coverage())
}

const ALIKE: [Outlet; 2] = [
    Outlet { share: 0.3, found: 0.75, invented: 0.08, ..Outlet::PLAIN },
    Outlet { share: 0.4, found: 0.75, invented: 0.08, ..Outlet::PLAIN },
];

const UNLIKE: [Outlet; 2] = [
    Outlet { share: 0.3, found: 0.8, invented: 0.12, ..Outlet::PLAIN },
    Outlet { share: 0.3, found: 0.6, invented: 0.05, ..Outlet::PLAIN },
];

#[test]
fn errors_that_are_alike() {
    let records = run("equal errors", &Setting::new(ALIKE));
    assert_covered(&records);
    // The difference shrinks by tpr − fpr.
    assert!(records[2][0].bias / records[2][0].defined < -0.02);
}

#[test]
fn errors_that_differ() {
    let records = run("errors differ, no difference in truth", &Setting::new(UNLIKE));
    assert_covered(&records);
    assert!(naive_coverage(&records)[2] < 0.8 && naive_coverage(&records)[1] < 0.8);
}

#[test]
fn errors_that_differ_in_this_corpus() {
    let setting = Setting { target: Target::Corpus, ..Setting::new(UNLIKE) };
    let records = run("errors differ, corpus", &setting);
    assert_covered(&records);
    assert!(naive_coverage(&records)[2] < 0.8);
}

#[test]
fn sentences_of_a_document_that_are_much_alike() {
    let of = |outlet: Outlet| Outlet { likeness: 0.35, error_likeness: 0.15, ..outlet };
    for target in [Target::Process, Target::Corpus] {
        let setting = Setting { target, ..Setting::new(UNLIKE.map(of)) };
        let records = run(&format!("much alike within documents, {target:?}"), &setting);
        assert_covered(&records);
        assert!(naive_coverage(&records)[2] < 0.8);
    }
}

#[test]
fn gold_enriched_by_score() {
    for target in [Target::Process, Target::Corpus] {
        let setting = Setting { target, draw: Draw::ByScore, ..Setting::new(UNLIKE) };
        let records = run(&format!("enriched, {target:?}"), &setting);
        assert_covered(&records);
        assert!(naive_coverage(&records)[2] < 0.8);
        // With weights what was coded alone is right, too.
        assert!(records[0][1].coverage() > 0.9);
    }
}

#[test]
fn gold_of_whole_documents() {
    for target in [Target::Process, Target::Corpus] {
        let setting = Setting { target, draw: Draw::Documents, gold: 40, ..Setting::new(UNLIKE) };
        let records = run(&format!("whole documents, {target:?}"), &setting);
        assert_covered(&records);
    }
}

#[test]
fn articles_that_two_outlets_share() {
    let setting =
        Setting { copies: 0.5, ..Setting::new(ALIKE.map(|o| Outlet { share: 0.35, ..o })) };
    let records = run("half of the articles are copies", &setting);
    assert_covered(&records);
}

#[test]
fn few_documents() {
    let setting = Setting { documents: 12, gold: 120, ..Setting::new(UNLIKE) };
    let records = run("twelve documents each", &setting);
    assert_covered(&records);
}

#[test]
fn gold_in_few_of_many_documents() {
    let setting = Setting { draw: Draw::Documents, gold: 16, ..Setting::new(UNLIKE) };
    let records = run("gold in few documents", &setting);
    assert_covered(&records);
}

/// Some ten sentences with the frame among those that were coded of an outlet.
#[test]
fn rare_frames() {
    let rare = Outlet { found: 0.7, invented: 0.03, likeness: 0.03, ..Outlet::PLAIN };
    let outlets = [Outlet { share: 0.05, ..rare }, Outlet { share: 0.03, ..rare }];
    let records = run("rare", &Setting { gold: 300, ..Setting::new(outlets) });
    assert_covered(&records);
}

#[test]
fn probabilities_in_place_of_labels() {
    let setting = Setting { probabilities: true, ..Setting::new(UNLIKE) };
    let records = run("probabilities", &setting);
    assert_covered(&records);
    // They say more than labels, and what was coded gains by it.
    let widths = records[0].map(|record| record.width);
    assert!(widths[2] < widths[1]);
}

#[test]
fn audits_find_what_differs_and_nothing_else() {
    let rejected = |outlets: [Outlet; 2]| {
        let outlets = outlets.map(|o| Outlet { likeness: 0.2, error_likeness: 0.1, ..o });
        let setting = Setting { gold: 300, ..Setting::new(outlets) };
        let verdicts = (0..REPLICATES).into_par_iter().map(|replicate| {
            let press = Press::new(&setting, replicate);
            let outcome = Outcome { predicted: &press.said_frame, coded: &press.frame };
            let (inclusion, clusters) = (&press.inclusion, &press.clusters);
            let design = Design { inclusion, clusters, target: Target::Process };
            let [a, b] = &press.members;
            let audit = equal_error_audit(&outcome, &design, &[a, b]);
            [
                f64::from(audit.true_positive_p.unwrap() < 0.05),
                f64::from(audit.false_positive_p.unwrap() < 0.05),
                f64::from(!audit.equal),
            ]
        });
        let sum = verdicts.reduce(|| [0.0; 3], |a, b| [a[0] + b[0], a[1] + b[1], a[2] + b[2]]);
        sum.map(|count| count / REPLICATES as f64)
    };
    let (alike, unlike) = (rejected(ALIKE), rejected(UNLIKE));
    println!("\naudit rejects (tpr, fpr, verdict): alike {alike:?}, unlike {unlike:?}");
    assert!(alike.iter().all(|share| *share < 0.07), "{alike:?}");
    assert!(unlike[2] > 0.8, "{unlike:?}");
}
