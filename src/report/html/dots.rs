//! Dots with whiskers, a row a name.

use super::numbers::{Unit, name};
use super::page::Key;
use crate::report::svg::{Scale, Svg, marker, path, two_lines};
use crate::stats::Measure;

/// Where names end, the axis runs and values end.
const NAMES: f64 = 116.0;
const AXIS: [f64; 2] = [126.0, 308.0];
const WIDTH: f64 = 368.0;

/// Frames are told apart by hue and shape together.
const HUES: usize = 8;

/// The class that carries the hue of a frame.
pub(super) fn hue(frame: usize) -> String {
    format!("h{}", frame % HUES)
}

/// A small drawing of a frame's shape, for headings.
pub(super) fn chip(frame: usize) -> String {
    icon(&hue(frame), |outline| format!(r#"<path class="solid" d="{outline}"/>"#), frame)
}

fn icon(class: &str, draw: impl Fn(&str) -> String, shape: usize) -> String {
    let drawing = draw(&marker(shape, [8.0, 8.0], 4.5));
    format!(
        r#"<svg class="chip {class}" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">{drawing}</svg>"#
    )
}

/// What solid and hollow shapes stand for.
pub(super) fn legend(solid: Option<&'static str>, hollow: Option<&'static str>) -> Vec<Key> {
    let key = |look: Look, text| {
        let class = look.class();
        let draw = |outline: &str| {
            format!(
                r#"<path class="whisker {class}" d="M0 8L16 8"/><path class="{class}" d="{outline}"/>"#
            )
        };
        Key { mark: icon("h0", draw, 0), text }
    };
    let solid = solid.map(|text| key(Look::Solid, text));
    solid.into_iter().chain(hollow.map(|text| key(Look::Hollow, text))).collect()
}

/// The name of a row, ending at a point; a long one over two lines.
pub(super) fn row_name(svg: &mut Svg, name: &str, [x, y]: [f64; 2]) {
    const LINE: usize = 17;
    let [first, second] = two_lines(name, LINE);
    if first.is_empty() {
        return svg.text("name e", [x, y + 4.0], &second);
    }
    svg.text("name small e", [x, y - 2.0], &first);
    svg.text("name small e", [x, y + 9.0], &second);
}

/// How a mark looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// Filled, with a whole whisker.
    Solid,
    /// An outline, with a dashed whisker.
    Hollow,
}

impl Look {
    fn class(self) -> &'static str {
        match self {
            Look::Solid => "solid",
            Look::Hollow => "hollow",
        }
    }
}

/// A name and its marks, the one to read first.
pub(super) struct Row<'a> {
    pub(super) name: &'a str,
    pub(super) marks: Vec<(Look, Measure)>,
}

/// A chart of dots with whiskers.
pub(super) struct Dots<'a> {
    /// Unique on the page.
    pub(super) id: String,
    pub(super) title: String,
    pub(super) unit: Unit,
    /// Values the axis must show in any case.
    pub(super) include: &'a [f64],
    /// Values with a line through all rows.
    pub(super) lines: &'a [f64],
    /// Chooses hue and shape.
    pub(super) frame: usize,
    pub(super) rows: Vec<Row<'a>>,
}

impl Dots<'_> {
    /// The chart as SVG.
    pub(super) fn draw(&self) -> String {
        let marks = self.rows.iter().map(|row| row.marks.len()).max().unwrap_or(1);
        let row_height = if marks > 1 { 30.0 } else { 24.0 };
        let bottom = 6.0 + row_height * self.rows.len() as f64;
        let mut svg = Svg::new(WIDTH, bottom + 22.0);
        let scale = Scale::new(self.domain(), AXIS);
        self.axis(&mut svg, scale, bottom);
        for (index, row) in self.rows.iter().enumerate() {
            self.row(&mut svg, scale, row, 6.0 + row_height * (index as f64 + 0.5));
        }
        svg.finish(&self.id, &hue(self.frame), &self.title, &self.description())
    }

    /// From the least to the greatest value or end of an interval, with some air.
    fn domain(&self) -> [f64; 2] {
        let marks = self.rows.iter().flat_map(|row| &row.marks);
        let values = marks.flat_map(|(_, measure)| {
            let interval = measure.interval.filter(|_| measure.value.is_ok());
            measure.value.ok().into_iter().chain(interval.into_iter().flatten())
        });
        let all = values.chain(self.include.iter().chain(self.lines).copied());
        let [low, high] = all
            .filter(|value| value.is_finite())
            .fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], value| {
                [low.min(value), high.max(value)]
            });
        let air = 0.04 * (high - low);
        // An axis that must show its ends, as from 0 or to 1, stops there.
        let ends = |value: f64| self.include.contains(&value);
        [if ends(low) { low } else { low - air }, if ends(high) { high } else { high + air }]
    }

    fn axis(&self, svg: &mut Svg, scale: Scale, bottom: f64) {
        let (ticks, decimals) = scale.ticks(4);
        for tick in ticks {
            let x = scale.at(tick);
            svg.line("grid", [x, 4.0], [x, bottom]);
            svg.text("tick m", [x, bottom + 15.0], &self.unit.tick(tick, decimals));
        }
        for line in self.lines {
            let x = scale.at(*line);
            svg.line("mark-line", [x, 2.0], [x, bottom]);
        }
    }

    fn row(&self, svg: &mut Svg, scale: Scale, row: &Row<'_>, y: f64) {
        svg.hint(row.name, |svg| row_name(svg, row.name, [NAMES, y]));
        // A second mark stands a little below the first.
        let offset = if row.marks.len() > 1 { -5.0 } else { 0.0 };
        for (index, (look, measure)) in row.marks.iter().enumerate() {
            let y = y + offset + 10.0 * index as f64;
            svg.hint(&format!("{}: {}", row.name, self.unit.measure(measure)), |svg| {
                self.mark(svg, scale, *look, measure, y);
            });
        }
        if let Some(Ok(value)) = row.marks.first().map(|(_, measure)| measure.value) {
            svg.text("value e", [WIDTH - 2.0, y + offset + 4.0], &self.label(value));
        }
    }

    fn mark(&self, svg: &mut Svg, scale: Scale, look: Look, measure: &Measure, y: f64) {
        let class = look.class();
        let value = match measure.value {
            Ok(value) => value,
            Err(reason) => {
                return svg.text("missing", [AXIS[0], y + 4.0], &format!("undefined: {reason}"));
            }
        };
        if let Some([low, high]) = measure.interval {
            let [low, high] = [low, high].map(|end| scale.at(end));
            svg.line(&format!("whisker {class}"), [low, y], [high, y]);
            for end in [low, high] {
                svg.path("cap", &path([[end, y - 3.0], [end, y + 3.0]]));
            }
        }
        let radius = if look == Look::Solid { 4.5 } else { 3.5 };
        svg.path(class, &marker(self.frame, [scale.at(value), y], radius));
    }

    fn label(&self, value: f64) -> String {
        match self.unit {
            Unit::Percent => self.unit.value(value),
            _ => self.unit.number(value),
        }
    }

    /// All values in words, for those who cannot see the chart.
    fn description(&self) -> String {
        let rows = self.rows.iter().map(|row| {
            let values: Vec<String> =
                row.marks.iter().map(|(_, measure)| self.unit.measure(measure)).collect();
            format!("{}: {}", name(row.name), values.join(", "))
        });
        rows.collect::<Vec<String>>().join("; ")
    }
}
