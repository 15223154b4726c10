//! Differences between groups and their tests.

use super::Source;
use super::numbers::{Unit, count, p_value};
use super::page::{Block, Section, Table};
use crate::stats::Value;
use crate::tasks::compare::{Correction, Difference, Family, FrameComparison};

/// Above so many differences only those with the smallest p-values are always open.
const MOST: usize = 24;
const FIRST: usize = 15;

/// The quantity of a difference whose unit is a share.
pub(super) const SHARE: &str = "share";

/// All differences, with intervals before p-values.
pub(super) fn section(source: Source<'_>) -> Section {
    let frames = &source.comparison.frames;
    let mut blocks = vec![Block::Text(intro(source))];
    let mut all: Vec<(&FrameComparison, &Difference)> = frames
        .iter()
        .flat_map(|frame| frame.differences.iter().map(move |difference| (frame, difference)))
        .collect();
    match all.len() {
        0 => {}
        few if few <= MOST => blocks.push(Block::Table(table("Differences between groups", &all))),
        many => {
            let caption = format!("All {} differences between groups", count(many));
            let folded = Block::Folded(table(&caption, &all));
            let rank = |p: &Value| p.unwrap_or(2.0);
            all.sort_by(|a, b| {
                let by_adjusted = rank(&a.1.p_adjusted).total_cmp(&rank(&b.1.p_adjusted));
                by_adjusted.then_with(|| rank(&a.1.p).total_cmp(&rank(&b.1.p)))
            });
            let caption = format!("The {FIRST} differences with the smallest p-values");
            blocks.extend([Block::Table(table(&caption, &all[..FIRST])), folded]);
        }
    }
    Section { id: "differences", title: "Differences between groups", blocks }
}

fn intro(source: Source<'_>) -> String {
    let comparison = source.comparison;
    if comparison.frames.iter().all(|frame| frame.differences.is_empty()) {
        return "There are no two groups to tell apart.".to_owned();
    }
    let mut text =
        "First group minus second, in percentage points for shares, with 95% intervals; \
                    ratios divide the first by the second."
            .to_owned();
    if let Some(family) = &comparison.tests {
        text += " ";
        text += &adjusted(family);
    }
    if !source.corrected() {
        text += " These figures compare predicted labels: they cannot tell differences between groups \
                 from differences in the classifier's errors.";
    }
    text
}

/// How p-values are adjusted, as a sentence.
fn adjusted(family: &Family) -> String {
    format!(
        "P-values are adjusted by {} over {} ({}).",
        correction(family.correction),
        if family.tests == 1 {
            "1 test".to_owned()
        } else {
            format!("{} tests", count(family.tests))
        },
        family.description
    )
}

/// The name of a correction within a sentence.
pub(super) fn correction(correction: Correction) -> &'static str {
    match correction {
        Correction::Holm => "Holm's method",
        Correction::BenjaminiHochberg => "Benjamini and Hochberg's method",
    }
}

fn table(caption: &str, differences: &[(&FrameComparison, &Difference)]) -> Table {
    let header = [
        "frame",
        "quantity",
        "first group",
        "second group",
        "difference",
        "ratio",
        "p",
        "adjusted p",
    ];
    let mut table = Table::new(caption, 4, header);
    table.rows = differences.iter().map(|(frame, difference)| row(frame, difference)).collect();
    table
}

fn row(frame: &FrameComparison, difference: &Difference) -> Vec<String> {
    // Percentage points go without their unit: the paragraph above names it.
    let unit = if difference.quantity == SHARE { Unit::Points } else { Unit::Plain };
    let [first, second] = &difference.groups;
    let ratio = difference.ratio.as_ref();
    vec![
        frame.frame.clone(),
        difference.quantity.clone(),
        first.clone(),
        second.clone(),
        unit.measure(&difference.difference),
        ratio.map_or_else(|| "–".to_owned(), |ratio| Unit::Plain.measure(ratio)),
        p_value(&difference.p),
        p_value(&difference.p_adjusted),
    ]
}
