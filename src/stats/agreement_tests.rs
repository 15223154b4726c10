use super::super::{
    Clusters, CodeTable, Detail, SetDistance, UnitCounts, Weights, krippendorff_alpha,
    ordinal_alpha,
};
use super::*;
use proptest::prelude::*;

const ALL: Detail = Detail { pairs: true, coincidences: true };

fn counts(table: &CodeTable, weights: &Weights) -> UnitCounts {
    UnitCounts::new(table, weights, &Clusters::new((0..table.units.len()).collect()), ALL)
}

fn nominal(table: &CodeTable, coefficient: Coefficient) -> Value {
    coefficient.of(&counts(table, &Weights::identity(table.values)).totals())
}

fn table(values: usize, units: &[&[i64]]) -> CodeTable {
    let code = |&code: &i64| usize::try_from(code).ok();
    let units: Vec<Vec<_>> = units.iter().map(|unit| unit.iter().map(code).collect()).collect();
    CodeTable { coders: units[0].len(), values, units }
}

#[test]
fn what_cannot_be_judged_is_undefined() {
    use Coefficient::*;
    let same = table(2, &[&[1, 1], &[1, 1]]);
    assert_eq!(nominal(&same, PercentAgreement), Ok(1.0));
    for coefficient in [KrippendorffAlpha, FleissKappa, CohenKappa, ScottPi, CongerKappa] {
        assert_eq!(nominal(&same, coefficient), Err(Undefined::NoVariation), "{coefficient:?}");
    }
    let apart = table(2, &[&[1, -1], &[-1, 0]]);
    for coefficient in
        [PercentAgreement, KrippendorffAlpha, GeneralizedFleiss, CohenKappa, GwetAc, CongerKappa]
    {
        assert_eq!(nominal(&apart, coefficient), Err(Undefined::NoOverlap), "{coefficient:?}");
    }
    assert_eq!(nominal(&apart, FleissKappa), Err(Undefined::MissingCodes));
    let one_value = table(1, &[&[0, 0]]);
    assert_eq!(nominal(&one_value, GwetAc), Err(Undefined::NoVariation));
}

#[test]
fn set_valued_alpha_of_the_nine_items_of_dkpro() {
    // Elements 0, 1, 2; nine items by two coders.
    let items: [(&[usize], &[usize]); 9] = [
        (&[], &[]),
        (&[0], &[]),
        (&[0], &[0]),
        (&[0], &[1]),
        (&[0, 1], &[0]),
        (&[0, 1], &[0, 2]),
        (&[0, 1, 2], &[0, 1, 2]),
        (&[2], &[0, 2]),
        (&[2], &[0, 2]),
    ];
    let set = |elements: &[usize]| (0..3).map(|e| elements.contains(&e)).collect::<Vec<bool>>();
    let mut sets: Vec<Vec<bool>> = Vec::new();
    let mut code = |elements: &[usize]| {
        let set = set(elements);
        sets.iter().position(|known| *known == set).unwrap_or_else(|| {
            sets.push(set);
            sets.len() - 1
        })
    };
    let units: Vec<_> = items.iter().map(|(a, b)| vec![Some(code(a)), Some(code(b))]).collect();
    let table = CodeTable { coders: 2, values: sets.len(), units };
    let mut with_frame = table.clone();
    with_frame.units.remove(0);
    let of = |table, distance: SetDistance| {
        alpha(&counts(table, &distance.weights(&sets)).totals()).unwrap()
    };
    for (table, distance, expected) in [
        (&table, SetDistance::Masi, 0.273_080_660_836),
        (&table, SetDistance::Jaccard, 0.315_619_967_794),
        (&with_frame, SetDistance::Masi, 0.130_434_782_609),
        (&with_frame, SetDistance::Jaccard, 0.149_659_863_946),
    ] {
        assert!((of(table, distance) - expected).abs() < 1e-9, "{distance:?} {expected}");
    }
}

fn any_table() -> impl Strategy<Value = CodeTable> {
    let code = prop::option::weighted(0.8, 0..3_usize);
    prop::collection::vec(prop::collection::vec(code, 3), 2..20).prop_map(|units| CodeTable {
        coders: 3,
        values: 3,
        units,
    })
}

fn same(a: Value, b: Value) -> bool {
    match (a, b) {
        (Ok(a), Ok(b)) => (a - b).abs() < 1e-9,
        (a, b) => a == b,
    }
}

proptest! {
    #[test]
    fn order_missing_coders_and_repeated_units_change_nothing(table in any_table()) {
        use Coefficient::*;
        let mut turned = table.clone();
        turned.units.reverse();
        turned.units.iter_mut().for_each(|unit| unit.rotate_left(1));
        let mut joined = table.clone();
        joined.coders = 4;
        joined.units.iter_mut().for_each(|unit| unit.push(None));
        for coefficient in [
            PercentAgreement, KrippendorffAlpha, GeneralizedFleiss, CongerKappa, GwetAc,
            BrennanPrediger, CohenKappa, ScottPi,
        ] {
            let value = nominal(&table, coefficient);
            prop_assert!(same(value, nominal(&turned, coefficient)));
            prop_assert!(same(value, nominal(&joined, coefficient)));
        }
        let identity = Weights::identity(3);
        let once = counts(&table, &identity);
        prop_assert!(same(alpha(&once.totals()), krippendorff_alpha(&table, &table.unweighted())));
        // A unit drawn twice is a unit that stands twice.
        let units = [table.units.clone(), table.units.clone()].concat();
        let twice = counts(&CodeTable { units, ..table.clone() }, &identity);
        let mut drawn = once.empty();
        drawn.draw(&vec![2; table.units.len()]);
        for coefficient in [PercentAgreement, KrippendorffAlpha, FleissKappa, CohenKappa, GwetAc] {
            prop_assert!(same(coefficient.of(&drawn), coefficient.of(&twice.totals())));
        }
        prop_assert!(same(ordinal_alpha(&drawn), ordinal_alpha(&twice.totals())));
    }
}
