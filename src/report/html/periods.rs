//! Shares over time: a panel a group, the other groups behind it.

use std::collections::HashMap;

use super::Source;
use super::dots::{chip, hue};
use super::numbers::{Unit, counted, name};
use super::page::{Block, Figure, Heading, Key, Panel, Section, Table};
use crate::report::svg::{Scale, Svg, marker, path, shorten};
use crate::stats::Measure;
use crate::tasks::compare::{Cell, FrameComparison};

const WIDTH: f64 = 340.0;
const HEIGHT: f64 = 158.0;
const ACROSS: [f64; 2] = [42.0, 312.0];
const UP: [f64; 2] = [132.0, 10.0];

/// Up to so many periods every value has its mark.
const MOST_MARKS: usize = 40;

/// A value and its period's number.
type Point = (usize, f64);

/// Shares by period; nothing where there are no periods.
pub(super) fn section(source: Source<'_>) -> Option<Section> {
    let comparison = source.comparison;
    if comparison.periods.is_empty() {
        return None;
    }
    let mut text = "A panel for each group: its share with the band of its 95% intervals, the other \
                    groups in grey behind it. Lines break where a group has no sentence in a period or its share is undefined."
        .to_owned();
    if source.corrected() {
        text += " The thin dotted line is the counted (naive) share.";
    }
    let mut blocks = vec![Block::Text(text)];
    let frames = comparison.frames.iter().enumerate();
    blocks.extend(frames.map(|(index, frame)| Block::Figure(figure(source, index, frame))));
    if comparison.without_date > 0 {
        blocks.push(Block::Text(format!(
            "{} have no date that could be read and are left out here.",
            counted(comparison.without_date, "sentence")
        )));
    }
    Some(Section { id: "periods", title: "Shares over time", blocks })
}

/// A frame over time.
struct Series<'a> {
    source: Source<'a>,
    index: usize,
    frame: &'a FrameComparison,
    cells: HashMap<(&'a str, &'a str), &'a Cell>,
    across: Scale,
    up: Scale,
}

fn figure(source: Source<'_>, index: usize, frame: &FrameComparison) -> Figure {
    let series = Series::new(source, index, frame);
    let groups = &source.comparison.groups;
    let panels = groups.iter().enumerate().map(|(position, group)| Panel {
        title: group.group.clone(),
        chip: String::new(),
        svg: series.panel(position, &group.group),
    });
    Figure {
        heading: Some(Heading { text: frame.frame.clone(), chip: chip(index) }),
        caption: format!(
            "Share of sentences with {} by period. All panels have the same axes; bands that run \
             off them are cut.",
            name(&frame.frame)
        ),
        legend: Vec::<Key>::new(),
        panels: panels.collect(),
        wide: false,
        table: series.table(),
    }
}

impl<'a> Series<'a> {
    fn new(source: Source<'a>, index: usize, frame: &'a FrameComparison) -> Self {
        let cells = frame
            .periods
            .iter()
            .filter_map(|cell| Some(((cell.group.as_str(), cell.period.as_deref()?), cell)));
        let last = source.comparison.periods.len().saturating_sub(1).max(1);
        let mut series = Series {
            source,
            index,
            frame,
            cells: cells.collect(),
            across: Scale::new([0.0, last as f64], ACROSS),
            up: Scale::new([0.0, 1.0], UP),
        };
        series.up = Scale::new(series.extent(), UP);
        series
    }

    /// From 0, or less where there is less, to all values and to most of the intervals.
    fn extent(&self) -> [f64; 2] {
        let shares = self.cells.values().map(|cell| self.shown(cell));
        let (mut low, mut high, mut end) = (0.0f64, 0.0f64, 0.0f64);
        for share in shares {
            let Ok(value) = share.value else { continue };
            low = low.min(value);
            high = high.max(value);
            end = end.max(share.interval.map_or(value, |[_, high]| high));
        }
        // One wide interval must not press all else to the ground.
        let high = end.min(2.0 * high).max(high);
        [low, if high > low { 1.05 * high } else { low + 1.0 }]
    }

    fn shown(&self, cell: &Cell) -> Measure {
        if self.source.corrected() { *cell.share.best() } else { cell.share.naive }
    }

    /// What a group has in each period.
    fn of(&self, group: &str) -> impl Iterator<Item = (usize, &'a Cell)> {
        let periods = self.source.comparison.periods.iter().enumerate();
        periods.filter_map(move |(index, period)| {
            Some((index, *self.cells.get(&(group, period.as_str()))?))
        })
    }

    fn points(&self, group: &str, value: impl Fn(&Cell) -> Option<f64>) -> Vec<Point> {
        self.of(group).filter_map(|(index, cell)| Some((index, value(cell)?))).collect()
    }

    /// Lines through neighbouring periods.
    fn lines(&self, points: &[Point]) -> String {
        let runs = points.chunk_by(|a, b| a.0 + 1 == b.0);
        runs.map(|run| path(run.iter().map(|&point| self.place(point)))).collect()
    }

    fn place(&self, (period, value): Point) -> [f64; 2] {
        [self.across.at(period as f64), self.up.at(value)]
    }

    fn panel(&self, position: usize, group: &str) -> String {
        let mut svg = Svg::new(WIDTH, HEIGHT);
        self.axes(&mut svg);
        let all = format!("all-{}", self.index);
        // The first panel draws all groups, the others repeat the drawing.
        match position {
            0 => svg.named(&all, |svg| self.background(svg)),
            _ => svg.again(&all),
        }
        self.band(&mut svg, group);
        if self.source.corrected() {
            let naive = self.points(group, |cell| cell.share.naive.value.ok());
            svg.path("naive-line", &self.lines(&naive));
        }
        let values = self.points(group, |cell| self.shown(cell).value.ok());
        svg.path("line", &self.lines(&values));
        self.marks(&mut svg, group);
        svg.finish(
            &format!("periods-{}-{position}", self.index),
            &hue(self.index),
            &format!("Share of {} in {group} by period", self.frame.frame),
            &self.description(&values),
        )
    }

    fn axes(&self, svg: &mut Svg) {
        let (ticks, decimals) = self.up.ticks(4);
        for tick in ticks {
            let y = self.up.at(tick);
            svg.line("grid", [ACROSS[0], y], [ACROSS[1], y]);
            svg.text("tick e", [ACROSS[0] - 6.0, y + 4.0], &Unit::Percent.tick(tick, decimals));
        }
        let periods = &self.source.comparison.periods;
        // As many names as stand beside each other without touching.
        let step = periods.len().div_ceil(4).max(1);
        for (index, period) in periods.iter().enumerate().step_by(step) {
            let x = self.across.at(index as f64);
            svg.line("tick-line", [x, UP[0]], [x, UP[0] + 4.0]);
            svg.text("tick m", [x, UP[0] + 18.0], &shorten(period, 10));
        }
    }

    fn background(&self, svg: &mut Svg) {
        let groups = self.source.comparison.groups.iter();
        let lines: String = groups
            .map(|group| self.lines(&self.points(&group.group, |cell| self.shown(cell).value.ok())))
            .collect();
        svg.path("others", &lines);
    }

    fn band(&self, svg: &mut Svg, group: &str) {
        let ends = |end: usize| {
            self.points(group, |cell| {
                let share = self.shown(cell);
                share.interval.filter(|_| share.value.is_ok()).map(|interval| interval[end])
            })
        };
        let (low, high) = (ends(0), ends(1));
        let pairs: Vec<(Point, Point)> = low.into_iter().zip(high).collect();
        for run in pairs.chunk_by(|a, b| a.0.0 + 1 == b.0.0) {
            let there = run.iter().map(|pair| self.place(pair.1));
            let back = run.iter().rev().map(|pair| self.place(pair.0));
            match run {
                // A band needs two periods; one alone has a whisker.
                [_] => svg.path("whisker solid", &path(there.chain(back))),
                _ => svg.path("band", &(path(there.chain(back)) + "z")),
            }
        }
    }

    /// A mark a value, with its numbers; only values that stand alone where there are many.
    fn marks(&self, svg: &mut Svg, group: &str) {
        let few = self.source.comparison.periods.len() <= MOST_MARKS;
        let cells: Vec<(usize, &Cell)> = self.of(group).collect();
        for run in cells.chunk_by(|a, b| a.0 + 1 == b.0) {
            if !few && run.len() > 1 {
                continue;
            }
            for (index, cell) in run {
                let share = self.shown(cell);
                let Ok(value) = share.value else { continue };
                let period = &self.source.comparison.periods[*index];
                svg.hint(&format!("{period}: {}", Unit::Percent.measure(&share)), |svg| {
                    svg.path("solid", &marker(self.index, self.place((*index, value)), 3.0));
                });
            }
        }
    }

    /// First, last, least and greatest value in words.
    fn description(&self, values: &[Point]) -> String {
        let say = |point: &Point| {
            let period = &self.source.comparison.periods[point.0];
            format!("{} in {period}", Unit::Percent.value(point.1))
        };
        let by_value = |a: &&Point, b: &&Point| a.1.total_cmp(&b.1);
        let ends = (values.first(), values.last());
        let extremes = (values.iter().min_by(by_value), values.iter().max_by(by_value));
        match (ends, extremes) {
            ((Some(first), Some(last)), (Some(least), Some(most))) => format!(
                "From {} to {}; least {}, most {}.",
                say(first),
                say(last),
                say(least),
                say(most)
            ),
            _ => "No period has a defined share.".to_owned(),
        }
    }

    fn table(&self) -> Table {
        let comparison = self.source.comparison;
        let groups = comparison.groups.iter().map(|group| group.group.as_str());
        let caption = format!("{} by period and group", self.frame.frame);
        let mut table = Table::new(caption, 1, std::iter::once("period").chain(groups));
        for period in &comparison.periods {
            let shares = comparison.groups.iter().map(|group| {
                let cell = self.cells.get(&(group.group.as_str(), period.as_str()));
                cell.map_or_else(
                    || "no sentence".to_owned(),
                    |cell| Unit::Percent.measure(&self.shown(cell)),
                )
            });
            table.rows.push(std::iter::once(period.clone()).chain(shares).collect());
        }
        table
    }
}
