use super::*;

fn stratum(sentences: usize, coded: usize) -> PlanStratum {
    PlanStratum { sentences, coded }
}

/// As when all of `sizes` were one group, with these standard deviations.
fn share(fixed: f64, sizes: &[usize], deviations: &[f64]) -> ShareVariance {
    let all = sizes.iter().sum::<usize>() as f64;
    let spread = sizes.iter().zip(deviations).map(|(&n, s)| (n as f64 / all * s).powi(2));
    ShareVariance { fixed, spread: spread.collect() }
}

/// Two shares of a half, nothing known of them beforehand: the sample size of the textbooks for a
/// difference of ten points, 80 % power and a test at .05.
#[test]
fn two_simple_random_samples_need_the_number_of_the_textbooks() {
    let groups = vec![share(0.0, &[100_000], &[0.5]); 2];
    let strata = vec![vec![stratum(100_000, 0)]; 2];
    let plan = plan_coding(&[groups], &strata, 0.1, 0.8);
    // 2 · .25 · (1.959964 + .841621)² / .1² = 392.44 in each
    assert_eq!(plan.coded.concat().iter().sum::<usize>(), 785);
    assert!(plan.coded[0][0].abs_diff(plan.coded[1][0]) <= 1);
    assert_eq!(plan.unreachable, [Vec::<usize>::new()]);
}

#[test]
fn strata_share_a_sample_by_size_times_deviation() {
    let sizes = [8000, 1500, 500];
    let deviations = [0.1, 0.3, 0.5];
    let groups = vec![share(0.0, &sizes, &deviations); 2];
    let strata = vec![sizes.map(|size| stratum(size, 0)).to_vec(); 2];
    let plan = plan_coding(&[groups], &strata, 0.03, 0.8);
    let products: Vec<f64> = sizes.iter().zip(deviations).map(|(&n, s)| n as f64 * s).collect();
    let sum: f64 = products.iter().sum();
    for group in &plan.coded {
        let total: usize = group.iter().sum();
        for (&coded, product) in group.iter().zip(&products) {
            assert!((coded as f64 - total as f64 * product / sum).abs() < 1.5, "{group:?}");
        }
    }
}

/// No allocation of fewer sentences to two strata of each group does as well.
#[test]
fn no_smaller_sample_does_it() {
    let sizes = [90, 30];
    let groups = [share(1e-4, &sizes, &[0.2, 0.5]), share(5e-5, &sizes, &[0.35, 0.4])];
    let strata = vec![sizes.map(|size| stratum(size, 0)).to_vec(); 2];
    let plan = plan_coding(&[groups.to_vec()], &strata, 0.25, 0.8);
    let wanted = (0.25 / reach(0.8)).powi(2);
    let variance = |coded: &[Vec<usize>]| groups[0].at(&coded[0]) + groups[1].at(&coded[1]);
    assert!(variance(&plan.coded) <= wanted);
    let total: usize = plan.coded.iter().flatten().sum();
    for a in 1..total - 3 {
        for b in 1..total - 2 - a {
            for c in 1..total - 1 - a - b {
                let fewer = [vec![a, b], vec![c, total - 1 - a - b - c]];
                assert!(variance(&fewer) > wanted, "{fewer:?} of {total}");
            }
        }
    }
}

#[test]
fn what_is_coded_counts_and_is_never_taken_back() {
    let groups = vec![share(0.0, &[1000, 1000], &[0.3, 0.3]); 2];
    let strata = vec![vec![stratum(1000, 400), stratum(1000, 3)], vec![stratum(1000, 20); 2]];
    let plan = plan_coding(std::slice::from_ref(&groups), &strata, 0.15, 0.8);
    assert_eq!(plan.coded[0][0], 400);
    assert!(plan.coded[0][1] > 3);
    let again: Vec<Vec<PlanStratum>> =
        plan.coded.iter().map(|of| of.iter().map(|&n| stratum(1000, n)).collect()).collect();
    assert_eq!(plan_coding(&[groups], &again, 0.15, 0.8).coded, plan.coded);
}

#[test]
fn groups_with_too_few_articles_are_named_and_the_others_planned_for() {
    let sizes = [[500], [500], [50]];
    let mut groups: Vec<ShareVariance> = sizes.iter().map(|of| share(1e-5, of, &[0.3])).collect();
    groups[2].fixed = 0.01;
    let strata: Vec<Vec<PlanStratum>> = sizes.iter().map(|of| vec![stratum(of[0], 5)]).collect();
    let plan = plan_coding(&[groups], &strata, 0.1, 0.8);
    assert_eq!(plan.unreachable, [[2]]);
    assert_eq!(plan.coded[2], [5]);
    assert!(plan.coded[0][0] > 5 && plan.coded[1][0] > 5);
}

#[test]
fn one_sample_serves_the_frame_that_needs_most() {
    let easy = vec![share(0.0, &[5000], &[0.1]); 2];
    let hard = vec![share(0.0, &[5000], &[0.4]); 2];
    let strata = vec![vec![stratum(5000, 0)]; 2];
    let plan = |shares: &[Vec<ShareVariance>]| plan_coding(shares, &strata, 0.05, 0.9).coded;
    assert_eq!(plan(&[easy, hard.clone()]), plan(&[hard]));
}

#[test]
fn where_nothing_can_be_seen_nothing_is_asked_for() {
    let groups = vec![share(0.01, &[500], &[0.3]); 3];
    let strata = vec![vec![stratum(500, 4)], vec![stratum(500, 0)], vec![stratum(500, 9)]];
    let plan = plan_coding(&[groups], &strata, 0.05, 0.8);
    assert_eq!(plan.coded, [[4], [0], [9]]);
    assert_eq!(plan.unreachable, [[0, 1, 2]]);
}
