//! What came out, in plain sentences.

use super::Source;
use super::differences::{SHARE, correction};
use super::numbers::{Unit, counted, name, p_equals};
use super::page::{Block, Section};
use crate::tasks::compare::{Cell, Difference, Family, FrameComparison};

/// Differences with an adjusted p-value below this are called so.
const LEVEL: f64 = 0.05;

/// One sentence a frame; a warning where shares are not corrected.
pub(super) fn section(source: Source<'_>) -> Section {
    let corrected = source.corrected();
    let mut blocks = Vec::new();
    if !corrected {
        blocks.push(warning());
    }
    let sentence = |frame| if corrected { difference(source, frame) } else { range(frame) };
    blocks.push(Block::List(source.comparison.frames.iter().map(sentence).collect()));
    Section { id: "summary", title: "In short", blocks }
}

fn warning() -> Block {
    Block::Warning {
        title: "Do not compare groups by these shares",
        text: "No gold labels are given, so that all shares here are counts of predicted labels (naive). \
               The classifier errs, and it may err more in one group than in another: a difference \
               between counted shares can come from its errors alone, whatever the size of the data and \
               however narrow the intervals. To compare groups, have people code a sample of their \
               sentences and give the labels to the comparison."
            .to_owned(),
    }
}

/// The largest corrected difference of a frame's shares.
fn difference(source: Source<'_>, frame: &FrameComparison) -> String {
    let start = name(&frame.frame);
    let size = |difference: &Difference| difference.difference.value.map_or(-1.0, f64::abs);
    let shares = frame.differences.iter().filter(|difference| difference.quantity == SHARE);
    let largest = shares.max_by(|a, b| size(a).total_cmp(&size(b)));
    let Some(largest) = largest else { return format!("{start}: {}.", alone(frame)) };
    let Ok(points) = largest.difference.value else {
        return format!(
            "{start}: the differences are {}.",
            Unit::Points.measure(&largest.difference)
        );
    };
    let [first, second] = &largest.groups;
    // The larger share is named first.
    let ([more, less], interval) = match points < 0.0 {
        true => ([second, first], largest.difference.interval.map(|[low, high]| [-high, -low])),
        false => ([first, second], largest.difference.interval),
    };
    let interval = interval.map_or_else(String::new, |[low, high]| {
        format!(" [{}, {}]", Unit::Points.number(low), Unit::Points.number(high))
    });
    format!(
        "{start}: {} of sentences in {}, {} in {}: {} {} percentage points{interval}{}.",
        share(frame, more),
        name(more),
        share(frame, less),
        name(less),
        if frame.groups.len() > 2 { "the largest difference is" } else { "a difference of" },
        Unit::Points.number(points.abs()),
        verdict(source.comparison.tests.as_ref(), largest)
    )
}

/// Whether chance can account for it.
fn verdict(tests: Option<&Family>, difference: &Difference) -> String {
    let Ok(p) = difference.p_adjusted else { return String::new() };
    let method = tests.map_or_else(String::new, |family| {
        format!(", {} over {}", correction(family.correction), counted(family.tests, "test"))
    });
    match p < LEVEL {
        true => format!(", more than chance accounts for ({}{method})", p_equals(p)),
        false => format!(", which chance may account for ({}{method})", p_equals(p)),
    }
}

fn share(frame: &FrameComparison, group: &str) -> String {
    let cell = frame.groups.iter().find(|cell| cell.group == group);
    cell.map_or_else(
        || "an unknown share".to_owned(),
        |cell| Unit::Percent.measure(cell.share.best()),
    )
}

/// The shares of a frame where there is nothing to tell apart.
fn alone(frame: &FrameComparison) -> String {
    match &frame.groups[..] {
        [] => "no group has a sentence".to_owned(),
        [cell] => format!(
            "{} of sentences in {}, the only group",
            Unit::Percent.measure(cell.share.best()),
            name(&cell.group)
        ),
        _ => "no differences were tested".to_owned(),
    }
}

/// From the least to the greatest counted share.
fn range(frame: &FrameComparison) -> String {
    let share = |cell: &Cell| cell.share.naive.value.ok();
    let mut cells: Vec<(f64, &Cell)> =
        frame.groups.iter().filter_map(|cell| Some((share(cell)?, cell))).collect();
    cells.sort_by(|a, b| a.0.total_cmp(&b.0));
    let say = |cell: &Cell| {
        format!(
            "{} of sentences in {}",
            Unit::Percent.measure(&cell.share.naive),
            name(&cell.group)
        )
    };
    let start = name(&frame.frame);
    match &cells[..] {
        [] => format!("{start}: no group has a defined share."),
        [(_, only)] => format!("{start}: counted in {}.", say(only)),
        [(_, least), .., (_, most)] => {
            format!("{start}: counted in {} to {}.", say(least), say(most))
        }
    }
}
