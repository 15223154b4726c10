use super::super::Target;
use super::*;

#[test]
fn the_adjusted_count_is_cut_and_refused() {
    assert!((adjusted_count(0.35, 0.8, 0.15).unwrap() - 0.307_692).abs() < 1e-6);
    assert_eq!(adjusted_count(0.1, 0.8, 0.15), Ok(0.0));
    assert_eq!(adjusted_count(0.9, 0.8, 0.15), Ok(1.0));
    assert_eq!(adjusted_count(0.3, 0.34, 0.25), Err(Undefined::Uninformative));
}

#[test]
fn two_classes_are_those_of_the_adjusted_count() {
    let rates = [vec![0.85, 0.15], vec![0.2, 0.8]];
    let shares = adjusted_counts(&rates, &[0.65, 0.35]).unwrap();
    assert!((shares[1] - 4.0 / 13.0).abs() < 1e-9, "{shares:?}");
    let alike = [vec![0.7, 0.2, 0.1], vec![0.65, 0.2, 0.15], vec![0.1, 0.1, 0.8]];
    assert_eq!(adjusted_counts(&alike, &[0.5, 0.2, 0.3]), Err(Undefined::Uninformative));
    assert_eq!(adjusted_counts(&[], &[]), Err(Undefined::Uninformative));
}

#[test]
fn maximisation_needs_both_classes() {
    assert_eq!(expectation_maximisation(&[], 0.3), Err(Undefined::NoProbabilities));
    assert_eq!(expectation_maximisation(&[0.5], 0.0), Err(Undefined::NoPositives));
    assert_eq!(expectation_maximisation(&[0.5], 1.0), Err(Undefined::NoNegatives));
    // Certain probabilities are counted.
    assert_eq!(expectation_maximisation(&[1.0, 0.0, 0.0, 0.0], 0.5), Ok(0.25));
    assert_eq!(expectation_maximisation(&[0.0, 0.0], 0.5), Ok(0.0));
}

/// 40 documents with five sentences each, one of them positive, coded and in document order; what is
/// predicted for positives is given, negatives are falsely positive once in four.
fn audit(groups: &[&[usize]], found: impl Fn(usize) -> bool) -> ErrorAudit {
    let coded: Vec<Option<f64>> = (0..200).map(|row| Some(f64::from(row % 5 == 0))).collect();
    let said =
        |row: usize| if row.is_multiple_of(5) { found(row / 5) } else { row.is_multiple_of(4) };
    let predicted: Vec<f64> = (0..200).map(|row| f64::from(said(row))).collect();
    let clusters: Vec<usize> = (0..200).map(|row| row / 5).collect();
    let design = Design { inclusion: &[0.5; 200], clusters: &clusters, target: Target::Process };
    equal_error_audit(&Outcome { predicted: &predicted, coded: &coded }, &design, groups)
}

fn halves() -> [Vec<usize>; 2] {
    [(0..100).collect(), (100..200).collect()]
}

#[test]
fn two_groups_are_compared_as_by_pearson() {
    // 15 and 9 of 20 found: with one sentence a document and groups of one size the score test is
    // Pearson's, chisq.test(matrix(c(15, 5, 9, 11), 2), correct = FALSE): 3.75, p .0528.
    let [first, second] = halves();
    let audit =
        audit(&[&first, &second], |document| document % 20 < if document < 20 { 15 } else { 9 });
    let rates = &audit.groups[0];
    assert_eq!((rates.true_positive.value, rates.positives, rates.negatives), (Ok(0.75), 20, 80));
    // d = .3; Σz² = (15 × .4² + 5 × .6² + 9 × .4² + 11 × .6²) / 20² = .024
    let p = ChiSquared::new(1.0).unwrap().sf(0.09 / 0.024);
    assert!((audit.true_positive_p.unwrap() - p).abs() < 1e-12, "{audit:?}");
    assert!((p - 0.0528).abs() < 1e-4);
    assert!(audit.equal);
}

#[test]
fn unequal_errors_are_found_and_a_perfect_small_group_is_no_proof() {
    let [first, second] = halves();
    let unequal = audit(&[&first, &second], |document| document < 18 || document % 4 == 0);
    assert!(unequal.true_positive_p.unwrap() < 0.001 && !unequal.equal);
    let third: Vec<usize> = (0..10).collect();
    let rest: Vec<usize> = (10..200).collect();
    let small = audit(&[&third, &rest], |document| document < 2 || document % 2 == 0);
    assert_eq!(small.groups[0].true_positive.value, Ok(1.0));
    assert_eq!(small.groups[0].true_positive.interval, None);
    assert!(small.true_positive_p.unwrap() > 0.05, "{small:?}");
}

#[test]
fn without_positives_there_is_no_verdict() {
    let [first, second] = halves();
    let negatives: Vec<usize> = second.into_iter().filter(|row| row % 5 != 0).collect();
    let audit = audit(&[&first, &negatives], |document| document % 2 == 0);
    assert_eq!(audit.groups[1].true_positive.value, Err(Undefined::NoPositives));
    assert_eq!(audit.true_positive_p, Err(Undefined::TooFewExamples));
    assert!(audit.false_positive_p.is_ok() && !audit.equal);
}

#[test]
fn where_nothing_varies_nothing_is_tested() {
    let [first, second] = halves();
    let audit = audit(&[&first, &second], |_| true);
    assert_eq!(audit.true_positive_p, Err(Undefined::NoVariation));
    assert!(!audit.equal);
}
