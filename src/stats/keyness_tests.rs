use super::*;
use proptest::prelude::*;
use serde_json::Value as Json;

fn counts(term: &str, by_group: &[f64], documents: u32) -> TermCounts {
    TermCounts { term: term.to_owned(), by_group: by_group.to_vec(), documents }
}

/// The smallest example: two groups and four words.
fn four_words() -> Vec<TermCounts> {
    vec![
        counts("reform", &[30.0, 10.0], 9),
        counts("opening", &[20.0, 4.0], 9),
        counts("security", &[5.0, 25.0], 9),
        counts("the", &[200.0, 180.0], 9),
    ]
}

fn found<'a>(list: &'a [KeyTerm], term: &str) -> &'a KeyTerm {
    list.iter().find(|found| found.term == term).unwrap()
}

#[test]
fn zetas_of_four_words_are_those_computed_elsewhere() {
    let lists = log_odds(&four_words(), 2, 500.0, 3, None);
    let order: Vec<&str> = lists[0].iter().map(|term| term.term.as_str()).collect();
    assert_eq!(order, ["opening", "reform", "the", "security"]);
    let expected = [1.716_894, 1.654_903, -1.301_421, -2.437_239];
    for (term, expected) in lists[0].iter().zip(expected) {
        assert!((term.z - expected).abs() < 1e-6, "{}: {}", term.term, term.z);
    }
    for (first, second) in lists[0].iter().zip(lists[1].iter().rev()) {
        let mirrored = KeyTerm {
            log_odds: -second.log_odds,
            z: -second.z,
            counts: [second.counts[1], second.counts[0]],
            ..second.clone()
        };
        assert_eq!(first, &mirrored);
    }
}

/// The counts of tests/reference/keyness.json, and the whole of it.
fn reference() -> (Vec<TermCounts>, Json) {
    let json: Json =
        serde_json::from_str(include_str!("../../tests/reference/keyness.json")).unwrap();
    let number = |value: &Json| value.as_f64().unwrap();
    let of = |term: &Json| TermCounts {
        term: term["term"].as_str().unwrap().to_owned(),
        by_group: term["by_group"].as_array().unwrap().iter().map(number).collect(),
        documents: number(&term["documents"]) as u32,
    };
    (json["terms"].as_array().unwrap().iter().map(of).collect(), json)
}

#[test]
fn three_groups_are_as_in_the_reference() {
    let (terms, json) = reference();
    let given: Vec<f64> = json["background"]
        .as_array()
        .unwrap()
        .iter()
        .map(|value| value.as_f64().unwrap())
        .collect();
    let (alpha0, least) = (json["alpha0"].as_f64().unwrap(), 3);
    for (name, background) in [("pooled", None), ("given", Some(&given[..]))] {
        let lists = log_odds(&terms, 3, alpha0, least, background);
        let expected = json[name]["terms"].as_array().unwrap();
        assert_eq!(lists.iter().map(Vec::len).sum::<usize>(), expected.len());
        for row in expected {
            let list = &lists[row["group"].as_u64().unwrap() as usize];
            let term = found(list, row["term"].as_str().unwrap());
            let values = [
                ("log_odds", term.log_odds),
                ("std_error", term.std_error),
                ("z", term.z),
                ("p", term.p),
                ("p_adjusted", term.p_adjusted),
            ];
            for (key, value) in values {
                let expected = row[key].as_f64().unwrap();
                assert!((value - expected).abs() < 1e-9, "{name} {} {key}: {value}", term.term);
            }
        }
        let sensitivities = sensitivity(&terms, 3, alpha0, least, background, 10);
        let expected = json[name]["sensitivity"].as_array().unwrap();
        for (found, row) in sensitivities.iter().flatten().zip(expected) {
            assert_eq!(found.factor, row["factor"].as_f64().unwrap());
            let correlation = row["rank_correlation"].as_f64().unwrap();
            assert!((found.rank_correlation.unwrap() - correlation).abs() < 1e-9);
            assert!((found.overlap.unwrap() - row["overlap"].as_f64().unwrap()).abs() < 1e-9);
        }
    }
}

#[test]
fn terms_of_few_documents_count_nowhere() {
    let mut terms = four_words();
    let without = log_odds(&terms, 2, 50.0, 3, None);
    terms.insert(1, counts("typo", &[40.0, 0.0], 2));
    assert_eq!(log_odds(&terms, 2, 50.0, 3, None), without);
    let background = [40.0, 7.0, 24.0, 30.0, 380.0];
    let alone: Vec<f64> = [0, 2, 3, 4].map(|index| background[index]).to_vec();
    assert_eq!(
        log_odds(&terms, 2, 50.0, 3, Some(&background)),
        log_odds(&four_words(), 2, 50.0, 3, Some(&alone)),
    );
    assert_eq!(log_odds(&terms, 2, 50.0, 2, None)[0].len(), 5);
}

#[test]
fn what_has_no_value_is_left_out() {
    let terms = four_words();
    assert_eq!(log_odds(&terms, 0, 5.0, 0, None), Vec::<Vec<KeyTerm>>::new());
    assert_eq!(log_odds(&terms, 1, 5.0, 0, None), [vec![]]);
    assert_eq!(log_odds(&[], 2, 5.0, 0, None), [vec![], vec![]]);
    for alpha0 in [-1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(log_odds(&terms, 2, alpha0, 0, None), [vec![], vec![]]);
    }
    // One term has nothing to be compared with, at whatever α₀.
    for alpha0 in [0.1, 0.3, 7.7, 1e9] {
        assert!(log_odds(&[counts("a", &[3.0, 4.0], 9)], 2, alpha0, 0, None)[0].is_empty());
    }
    // Without a prior, a term that a group does not know; with one, a term that nobody knows.
    let terms =
        [counts("a", &[3.0, 0.0], 9), counts("b", &[3.0, 4.0], 9), counts("c", &[1.0, 2.0], 9)];
    assert_eq!(log_odds(&terms, 2, 0.0, 0, None)[0].len(), 2);
    let terms = [terms[0].clone(), terms[1].clone(), counts("c", &[], 9)];
    assert_eq!(log_odds(&terms, 2, 1.0, 0, None)[1].len(), 2);
    // A group without a word says what the prior says.
    let terms = [counts("a", &[3.0, 0.0], 9), counts("b", &[5.0, 0.0], 9)];
    assert!(log_odds(&terms, 2, 1.0, 0, None)[1].iter().all(|term| term.z.abs() < 1e-12));
    let of_none = sensitivity(&[], 2, 1.0, 0, None, 5)[0][0];
    assert_eq!(of_none.rank_correlation, Err(Undefined::NoVariation));
    assert_eq!(of_none.overlap, Err(Undefined::TooFewExamples));
}

#[test]
fn adjusted_p_values_are_those_of_r() {
    // p.adjust(c(.01, .04, .03, .005, .9), "BH")
    let mut lists = [log_odds(&four_words(), 2, 9.0, 0, None).concat()];
    lists[0].truncate(5);
    for (term, p) in lists[0].iter_mut().zip([0.01, 0.04, 0.03, 0.005, 0.9]) {
        term.p = p;
    }
    adjust(&mut lists);
    for (term, expected) in lists[0].iter().zip([0.025, 0.05, 0.05, 0.025, 0.9]) {
        assert!((term.p_adjusted - expected).abs() < 1e-12, "{}", term.p_adjusted);
    }
}

proptest! {
    /// Whatever the counts: finite values, in order, and adjusted p-values no smaller than p.
    #[test]
    fn lists_are_in_order(
        by_group in proptest::collection::vec(proptest::collection::vec(0_u32..50, 3), 0..30),
        alpha0 in 0.0..1000.0_f64,
    ) {
        let terms: Vec<TermCounts> = by_group.iter().enumerate().map(|(index, by_group)| {
            let by_group: Vec<f64> = by_group.iter().copied().map(f64::from).collect();
            counts(&index.to_string(), &by_group, 9)
        }).collect();
        for list in log_odds(&terms, 3, alpha0, 3, None) {
            prop_assert!(list.is_sorted_by(|a, b| strongest_first(a, b).is_lt()));
            for term in list {
                prop_assert!(term.z.is_finite() && term.p <= term.p_adjusted && term.p_adjusted <= 1.0);
            }
        }
    }
}
