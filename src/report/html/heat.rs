//! Groups by frames at a glance.

use super::Source;
use super::dots::row_name;
use super::numbers::{Unit, name};
use super::page::{Figure, Panel, Table};
use crate::report::svg::{Svg, two_lines};
use crate::stats::Measure;
use crate::tasks::compare::{Comparison, Shares};

const NAMES: f64 = 124.0;
const TOP: f64 = 40.0;
const CELL: [f64; 2] = [76.0, 34.0];

/// Characters that stand in a column.
const COLUMN: usize = 12;

/// The strongest tint; the numbers must stay legible upon it.
const STRONGEST: f64 = 0.6;

/// The heat map of shares.
pub(super) fn figure(source: Source<'_>) -> Figure {
    let comparison = source.comparison;
    let kind = if source.corrected() { "corrected" } else { "counted" };
    Figure {
        heading: None,
        caption: format!(
            "All {kind} shares at a glance, with their intervals below: the stronger the tint, the \
             larger the share."
        ),
        legend: Vec::new(),
        panels: vec![Panel { title: String::new(), chip: String::new(), svg: draw(source) }],
        wide: true,
        table: table(source, comparison),
    }
}

/// The share shown of a group and frame.
fn share(source: Source<'_>, group: &str, frame: usize) -> Option<Measure> {
    let cells = &source.comparison.frames[frame].groups;
    let shown = |shares: &Shares| match source.corrected() {
        true => *shares.best(),
        false => shares.naive,
    };
    cells.iter().find(|cell| cell.group == group).map(|cell| shown(&cell.share))
}

fn table(source: Source<'_>, comparison: &Comparison) -> Table {
    let frames = comparison.frames.iter().map(|frame| frame.frame.as_str());
    let mut table = Table::new("Groups by frames", 1, std::iter::once("group").chain(frames));
    for group in &comparison.groups {
        let shares = (0..comparison.frames.len()).map(|frame| {
            share(source, &group.group, frame)
                .map_or_else(|| "–".to_owned(), |share| Unit::Percent.measure(&share))
        });
        table.rows.push(std::iter::once(group.group.clone()).chain(shares).collect());
    }
    table
}

fn draw(source: Source<'_>) -> String {
    let comparison = source.comparison;
    let [width, height] = CELL;
    let mut svg = Svg::new(
        NAMES + width * comparison.frames.len() as f64 + 2.0,
        TOP + height * comparison.groups.len() as f64 + 2.0,
    );
    for (column, frame) in comparison.frames.iter().enumerate() {
        heading(&mut svg, &frame.frame, NAMES + width * (column as f64 + 0.5));
    }
    let all = (0..comparison.frames.len()).flat_map(|frame| {
        comparison.groups.iter().map(move |group| share(source, &group.group, frame))
    });
    let largest = all.flatten().filter_map(|share| share.value.ok()).fold(0.0, f64::max);
    for (row, group) in comparison.groups.iter().enumerate() {
        let y = TOP + height * row as f64;
        svg.hint(&group.group, |svg| row_name(svg, &group.group, [NAMES - 8.0, y + height / 2.0]));
        for (column, frame) in comparison.frames.iter().enumerate() {
            let Some(share) = share(source, &group.group, column) else { continue };
            let hint =
                format!("{}, {}: {}", group.group, frame.frame, Unit::Percent.measure(&share));
            let at = [NAMES + width * column as f64, y];
            svg.hint(&hint, |svg| cell(svg, at, &share, largest));
        }
    }
    svg.finish("heat", "h0", "Shares of frames by group", &description(source))
}

/// The name of a frame over two lines.
fn heading(svg: &mut Svg, frame: &str, x: f64) {
    let [first, second] = two_lines(frame, COLUMN);
    svg.hint(frame, |svg| {
        svg.text("name m", [x, TOP - 22.0], &first);
        svg.text("name m", [x, TOP - 8.0], &second);
    });
}

fn cell(svg: &mut Svg, [x, y]: [f64; 2], share: &Measure, largest: f64) {
    let [width, height] = CELL;
    let (at, size) = ([x + 1.0, y + 1.0], [width - 2.0, height - 2.0]);
    let middle = x + width / 2.0;
    match share.value {
        Ok(value) => {
            let part = if largest > 0.0 { (value / largest).clamp(0.0, 1.0) } else { 0.0 };
            svg.rect("heat", at, size, STRONGEST * part);
            let lower = if share.interval.is_some() { 0.0 } else { 6.0 };
            svg.text("heat-value m", [middle, y + 15.0 + lower], &Unit::Percent.value(value));
            if let Some([low, high]) = share.interval {
                let [low, high] = [low, high].map(|end| Unit::Percent.number(end));
                svg.text("heat-interval m", [middle, y + 28.0], &format!("[{low}, {high}]"));
            }
        }
        Err(reason) => {
            svg.rect("heat-missing", at, size, 0.0);
            let [first, second] = two_lines(&reason.to_string(), COLUMN);
            svg.text("missing m", [middle, y + 15.0], &first);
            svg.text("missing m", [middle, y + 28.0], &second);
        }
    }
}

/// For each frame the groups with the largest and the smallest share.
fn description(source: Source<'_>) -> String {
    let comparison = source.comparison;
    let frames = comparison.frames.iter().enumerate().filter_map(|(index, frame)| {
        let shares = comparison.groups.iter().filter_map(|group| {
            Some((share(source, &group.group, index)?.value.ok()?, group.group.as_str()))
        });
        let mut shares: Vec<(f64, &str)> = shares.collect();
        shares.sort_by(|a, b| b.0.total_cmp(&a.0));
        let (most, least) = (shares.first()?, shares.last()?);
        Some(format!(
            "{}: from {} in {} to {} in {}",
            name(&frame.frame),
            Unit::Percent.value(most.0),
            name(most.1),
            Unit::Percent.value(least.0),
            name(least.1)
        ))
    });
    frames.collect::<Vec<String>>().join("; ")
}
