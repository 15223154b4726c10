use super::*;

/// 24 documents of four sentences, some of which are coded; a model that errs.
struct Press {
    predicted: Vec<f64>,
    coded: Vec<Option<f64>>,
    inclusion: Vec<f64>,
    clusters: Vec<usize>,
}

impl Press {
    fn new() -> Self {
        let truth = |row: usize| f64::from(row * 7 % 5 < 2);
        Press {
            predicted: (0..96)
                .map(|row| if row % 6 == 0 { 1.0 - truth(row) } else { truth(row) })
                .collect(),
            coded: (0..96).map(|row| (row * 11 % 96 < 40).then(|| truth(row))).collect(),
            inclusion: (0..96).map(|row| if row % 3 == 0 { 0.5 } else { 0.4 }).collect(),
            clusters: (0..96).map(|row| row / 4).collect(),
        }
    }

    fn outcome(&self) -> Outcome<'_> {
        Outcome { predicted: &self.predicted, coded: &self.coded }
    }

    fn design(&self, target: Target) -> Design<'_> {
        Design { inclusion: &self.inclusion, clusters: &self.clusters, target }
    }

    fn share(&self, members: &[usize]) -> Result<Estimate, Undefined> {
        share(&self.outcome(), &self.design(Target::Process), members)
    }
}

fn all() -> Vec<usize> {
    (0..96).collect()
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-12
}

fn error(estimate: &Estimate) -> f64 {
    estimate.measure().std_error.unwrap()
}

#[test]
fn with_clusters_of_one_size_errors_are_the_usual_ones() {
    let press = Press::new();
    let estimate = naive_share(&press.predicted, &press.clusters, &all()).unwrap();
    let value = press.predicted.iter().sum::<f64>() / 96.0;
    let sums = press.predicted.chunks(4).map(|document| document.iter().sum::<f64>() - 4.0 * value);
    let variance = 24.0 / 23.0 * sums.map(|sum| sum * sum).sum::<f64>() / (96.0 * 96.0);
    assert!(close(estimate.value, value) && close(error(&estimate), variance.sqrt()));
    assert!(close(estimate.freedom(), 23.0));
    assert_eq!(estimate.tuning(), None);
}

#[test]
fn a_simple_random_sample_has_the_error_of_the_textbook() {
    // (1 − n/N) s²/n, with n = 6 of N = 10.
    let coded: Vec<Option<f64>> =
        [1.0, 0.0, 0.5, 1.0, 0.0, 1.0].into_iter().map(Some).chain([None; 4]).collect();
    let outcome = Outcome { predicted: &[0.0; 10], coded: &coded };
    let clusters: Vec<usize> = (0..10).collect();
    let design = Design { inclusion: &[0.6; 10], clusters: &clusters, target: Target::Corpus };
    let members: Vec<usize> = (0..10).collect();
    let estimate = gold_only(&outcome, &design, &members).unwrap();
    let mean: f64 = 3.5 / 6.0;
    let spread = (3.25 - 6.0 * mean * mean) / 5.0;
    assert!(close(estimate.value, mean));
    assert!(close(error(&estimate), (0.4 * spread / 6.0).sqrt()));
    assert!(close(estimate.freedom(), 5.0));
    // A model that always says the same is of no use, and does no harm.
    let tuned = share(&outcome, &design, &members).unwrap();
    assert!(close(tuned.value, mean) && close(error(&tuned), error(&estimate)));
    assert_eq!(tuned.tuning(), Some(0.0));
}

#[test]
fn the_order_of_sentences_changes_nothing() {
    let press = Press::new();
    let ordered = press.share(&all()).unwrap();
    let shuffled: Vec<usize> = (0..96).map(|at| at * 35 % 96).collect();
    assert_eq!(ordered, press.share(&shuffled).unwrap());
    let backwards: Vec<usize> = all().into_iter().rev().collect();
    assert_eq!(ordered, press.share(&backwards).unwrap());
}

#[test]
fn tuning_keeps_its_bounds() {
    let mut press = Press::new();
    let tuning = press.share(&all()).unwrap().tuning().unwrap();
    assert!(tuning > 0.0 && tuning < 1.0, "{tuning}");
    // The model says the opposite: then it is left aside.
    press.predicted.iter_mut().for_each(|predicted| *predicted = 1.0 - *predicted);
    let opposite = press.share(&all()).unwrap();
    let gold = gold_only(&press.outcome(), &press.design(Target::Process), &all()).unwrap();
    assert_eq!(opposite.tuning(), Some(0.0));
    assert!(close(opposite.value, gold.value) && close(error(&opposite), error(&gold)));
    // It says too little: the slope would be 1.2.
    press.predicted.iter_mut().zip(&press.coded).enumerate().for_each(
        |(row, (predicted, coded))| {
            *predicted = coded.unwrap_or_default() / 1.2 + 0.01 * (row % 3) as f64;
        },
    );
    assert_eq!(press.share(&all()).unwrap().tuning(), Some(1.0));
}

#[test]
fn twice_the_documents_have_a_smaller_error_by_the_root_of_two() {
    let press = Press::new();
    let twice = Press {
        predicted: press.predicted.repeat(2),
        coded: press.coded.repeat(2),
        inclusion: press.inclusion.repeat(2),
        clusters: (0..192).map(|row| row / 4).collect(),
    };
    let members: Vec<usize> = (0..192).collect();
    for target in [Target::Process, Target::Corpus] {
        let once = share(&press.outcome(), &press.design(target), &all()).unwrap();
        let both = share(&twice.outcome(), &twice.design(target), &members).unwrap();
        let times = error(&once) / error(&both);
        assert!((times - 2.0_f64.sqrt()).abs() < 0.05, "{target:?}: {times}");
    }
}

#[test]
fn a_copy_in_another_outlet_adds_nothing_to_a_difference() {
    let mut press = Press::new();
    let [first, second]: [Vec<usize>; 2] = [(0..48).collect(), (48..96).collect()];
    for row in 0..48 {
        press.predicted[row + 48] = press.predicted[row];
        press.coded[row + 48] = press.coded[row];
        press.inclusion[row + 48] = press.inclusion[row];
    }
    let apart = press.share(&first).unwrap().difference(&press.share(&second).unwrap());
    press.clusters = (0..96).map(|row| row % 48 / 4).collect();
    let shared = press.share(&first).unwrap().difference(&press.share(&second).unwrap());
    assert!(close(apart.value, 0.0) && error(&apart) > 0.05);
    assert!(close(shared.value, 0.0) && close(error(&shared), 0.0));
}

#[test]
fn a_census_leaves_nothing_uncertain_but_the_process() {
    let mut press = Press::new();
    press.coded = press.coded.iter().map(|coded| coded.or(Some(1.0))).collect();
    press.inclusion.fill(1.0);
    let truth = press.coded.iter().flatten().sum::<f64>() / 96.0;
    let corpus = share(&press.outcome(), &press.design(Target::Corpus), &all()).unwrap();
    assert!(close(corpus.value, truth) && close(error(&corpus), 0.0));
    assert_eq!(corpus.p_value(), Err(Undefined::NoVariation));
    let process = press.share(&all()).unwrap();
    let coded: Vec<f64> = press.coded.iter().flatten().copied().collect();
    let naive = naive_share(&coded, &press.clusters, &all()).unwrap();
    assert!(close(process.value, truth) && close(error(&process), error(&naive)));
}

#[test]
fn documents_that_are_coded_whole_are_drawn_whole() {
    let mut press = Press::new();
    press.inclusion.fill(0.5);
    // All sentences of every second document, which are all alike.
    press.coded =
        (0..96).map(|row| (row / 4 % 2 == 0).then(|| f64::from(row / 8 % 3 == 0))).collect();
    press.predicted.fill(0.0);
    let estimate = share(&press.outcome(), &press.design(Target::Corpus), &all()).unwrap();
    // (1 − 12/24) s²/12 over documents: 4 of 12 have it.
    let spread = (4.0 - 16.0 / 12.0) / 11.0;
    assert!(close(error(&estimate), (0.5_f64 * spread / 12.0).sqrt()), "{}", error(&estimate));
    assert!(close(estimate.freedom(), 11.0));
}

#[test]
fn what_cannot_be_told_has_a_reason() {
    let mut press = Press::new();
    assert_eq!(press.share(&[]), Err(Undefined::NoSentences));
    let uncoded: Vec<usize> = all().into_iter().filter(|&row| press.coded[row].is_none()).collect();
    assert_eq!(press.share(&uncoded), Err(Undefined::NoGold));
    assert_eq!(press.share(&[0, 1, 2, 3]), Err(Undefined::TooFewDocuments));
    let of_one: Vec<usize> =
        all().into_iter().filter(|&row| row / 4 == 2 || press.coded[row].is_none()).collect();
    assert_eq!(press.share(&of_one), Err(Undefined::TooFewDocuments));
    let single = naive_share(&press.predicted, &press.clusters, &[4, 5]);
    assert_eq!(single, Err(Undefined::TooFewDocuments));
    // A frame that was never found: the sample cannot tell how rare it is.
    press.coded.iter_mut().flatten().for_each(|coded| *coded = 0.0);
    press.predicted.fill(0.0);
    assert_eq!(press.share(&all()), Err(Undefined::NoVariation));
    let corpus = share(&press.outcome(), &press.design(Target::Corpus), &all());
    assert_eq!(corpus, Err(Undefined::NoVariation));
    let naive = naive_ratio(&press.predicted, &press.predicted, &press.clusters, &all());
    assert_eq!(naive, Err(Undefined::NothingPredicted));
}

#[test]
fn a_ratio_to_what_may_be_nothing_is_refused() {
    let mut press = Press::new();
    let whole = press.outcome();
    let design = press.design(Target::Process);
    let one = ratio(&whole, &whole, &design, &all()).unwrap();
    assert!(close(one.value, 1.0) && close(error(&one), 0.0));
    let naive = naive_ratio(&press.predicted, &press.predicted, &press.clusters, &all()).unwrap();
    assert!(close(naive.value, 1.0) && close(error(&naive), 0.0));
    // Found once.
    press.predicted.fill(0.0);
    let found = press.coded.iter().position(Option::is_some).unwrap();
    press.coded.iter_mut().flatten().for_each(|coded| *coded = 0.0);
    press.coded[found] = Some(1.0);
    let rare = press.outcome();
    let refused = ratio(&rare, &rare, &press.design(Target::Process), &all());
    assert_eq!(refused, Err(Undefined::MayBeZero));
}
