//! Drawings as SVG: scales, ticks, shapes. Colours and type come from the page's style sheet.

use std::fmt::Write;

/// Text that is safe between tags and in quoted attributes.
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            // Control characters have no place in a page.
            control if control.is_control() => safe.push(' '),
            other => safe.push(other),
        }
    }
    safe
}

/// At most so many characters; an ellipsis where there were more.
pub(super) fn shorten(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most.saturating_sub(1)).collect();
    short.truncate(short.trim_end().len());
    short.push('…');
    short
}

/// A name over two lines of at most so many characters; the first is empty where one will do.
pub(super) fn two_lines(text: &str, most: usize) -> [String; 2] {
    if text.chars().count() <= most {
        return [String::new(), text.to_owned()];
    }
    let breaks = text.char_indices().filter(|(_, at)| matches!(at, ' ' | '-'));
    let mut fits =
        breaks.map(|(at, _)| at + 1).filter(|&at| text[..at].trim().chars().count() <= most);
    let (first, second) = text.split_at(fits.next_back().unwrap_or(0));
    [first.trim().to_owned(), shorten(second.trim(), most)]
}

/// From values to places on the drawing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    domain: [f64; 2],
    range: [f64; 2],
}

impl Scale {
    /// Draws `domain` over `range`; a domain without extent is widened.
    pub(super) fn new(domain: [f64; 2], range: [f64; 2]) -> Self {
        let [low, high] = domain;
        let domain = match high - low {
            extent if extent.is_finite() && extent > 1e-9 => domain,
            _ if low.is_finite() => [low, low + 1.0],
            _ => [0.0, 1.0],
        };
        Scale { domain, range }
    }

    /// The place of a value; those beyond the domain are drawn at its end.
    pub(super) fn at(&self, value: f64) -> f64 {
        let [low, high] = self.domain;
        let [from, to] = self.range;
        let share = ((value - low) / (high - low)).clamp(0.0, 1.0);
        from + share * (to - from)
    }

    /// About so many round values, and the decimals they need.
    pub(super) fn ticks(&self, about: usize) -> (Vec<f64>, usize) {
        let [low, high] = self.domain;
        let step = round_step((high - low) / about.max(1) as f64);
        let first = (low / step - 1e-6).ceil() as i64;
        let last = (high / step + 1e-6).floor() as i64;
        let decimals = (-step.log10().floor()).max(0.0) as usize;
        ((first..=last).map(|tick| tick as f64 * step).collect(), decimals)
    }
}

/// The smallest of 1, 2 and 5 times a power of ten that is no less.
fn round_step(step: f64) -> f64 {
    let power = 10f64.powf(step.log10().floor());
    let times = [1.0, 2.0, 5.0].into_iter().find(|times| times * power >= step * (1.0 - 1e-9));
    times.unwrap_or(10.0) * power
}

/// Number of shapes that `marker` knows.
const SHAPES: usize = 6;

/// A shape around a point, all of about the same area: circle, square, diamond, triangles, pentagon.
pub(super) fn marker(shape: usize, [x, y]: [f64; 2], radius: f64) -> String {
    let (corners, turn, size) = match shape % SHAPES {
        0 => {
            return format!(
                "M{} {}a{r} {r} 0 1 0 {d} 0a{r} {r} 0 1 0 -{d} 0z",
                short(x - radius),
                short(y),
                r = short(radius),
                d = short(2.0 * radius)
            );
        }
        1 => (4, 0.5, 1.25),
        2 => (4, 0.0, 1.3),
        3 => (3, 0.0, 1.4),
        4 => (3, 0.5, 1.4),
        _ => (5, 0.0, 1.2),
    };
    let points = (0..corners).map(|corner| {
        let angle = std::f64::consts::TAU * (f64::from(corner) + turn) / f64::from(corners);
        [x + size * radius * angle.sin(), y - size * radius * angle.cos()]
    });
    path(points) + "z"
}

/// A line through points.
pub(super) fn path(points: impl IntoIterator<Item = [f64; 2]>) -> String {
    let mut path = String::new();
    for [x, y] in points {
        let command = if path.is_empty() { 'M' } else { 'L' };
        // Writing to a string cannot fail.
        let _ = write!(path, "{command}{} {}", short(x), short(y));
    }
    path
}

/// One decimal at most: a tenth of a unit is finer than any screen.
fn short(value: f64) -> String {
    let text = format!("{value:.1}");
    let text = text.strip_suffix(".0").unwrap_or(&text);
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// A drawing under way.
#[derive(Debug)]
pub(super) struct Svg {
    width: f64,
    height: f64,
    body: String,
}

impl Svg {
    /// An empty drawing.
    pub(super) fn new(width: f64, height: f64) -> Self {
        Svg { width, height, body: String::new() }
    }

    /// A straight line.
    pub(super) fn line(&mut self, class: &str, from: [f64; 2], to: [f64; 2]) {
        self.path(class, &path([from, to]));
    }

    /// Any outline.
    pub(super) fn path(&mut self, class: &str, outline: &str) {
        let _ = write!(self.body, r#"<path class="{class}" d="{outline}"/>"#);
    }

    /// A rectangle from its upper left corner, as opaque as said.
    pub(super) fn rect(&mut self, class: &str, at: [f64; 2], size: [f64; 2], opacity: f64) {
        let [x, y, width, height] = [at[0], at[1], size[0], size[1]].map(short);
        let _ = write!(
            self.body,
            r#"<rect class="{class}" x="{x}" y="{y}" width="{width}" height="{height}" fill-opacity="{opacity:.2}"/>"#
        );
    }

    /// Text; the classes `m` and `e` centre it on the point and end it there.
    pub(super) fn text(&mut self, class: &str, [x, y]: [f64; 2], text: &str) {
        let (x, y, text) = (short(x), short(y), escape(text));
        let _ = write!(self.body, r#"<text class="{class}" x="{x}" y="{y}">{text}</text>"#);
    }

    /// What a pointer resting on what `draw` draws is told.
    pub(super) fn hint(&mut self, hint: &str, draw: impl FnOnce(&mut Self)) {
        let _ = write!(self.body, "<g><title>{}</title>", escape(hint));
        draw(self);
        self.body.push_str("</g>");
    }

    /// What `draw` draws, to be drawn again by `again` under this name.
    pub(super) fn named(&mut self, name: &str, draw: impl FnOnce(&mut Self)) {
        let _ = write!(self.body, r#"<g id="{name}">"#);
        draw(self);
        self.body.push_str("</g>");
    }

    /// Draws again what was named, in this or another drawing of the page.
    pub(super) fn again(&mut self, name: &str) {
        let _ = write!(self.body, r##"<use href="#{name}"/>"##);
    }

    /// The drawing with a name and a description for those who do not see it. `id` is unique on the
    /// page, `class` names the hue.
    pub(super) fn finish(self, id: &str, class: &str, title: &str, description: &str) -> String {
        let (width, height) = (short(self.width), short(self.height));
        let (title, description, body) = (escape(title), escape(description), self.body);
        format!(
            r#"<svg role="img" class="{class}" viewBox="0 0 {width} {height}" width="{width}" height="{height}" aria-labelledby="{id}-t" aria-describedby="{id}-d"><title id="{id}-t">{title}</title><desc id="{id}-d">{description}</desc>{body}</svg>"#
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_stay_inside() {
        let ticks = |domain, about| Scale::new(domain, [0.0, 1.0]).ticks(about);
        assert_eq!(ticks([0.0, 10.0], 5), (vec![0.0, 2.0, 4.0, 6.0, 8.0, 10.0], 0));
        assert_eq!(ticks([-0.07, 0.07], 3).0.len(), 3);
        assert_eq!(ticks([-0.07, 0.07], 3).1, 2);
        assert_eq!(ticks([0.0, 0.3], 3), (vec![0.0, 0.1, 0.2, 0.30000000000000004], 1));
        assert_eq!(ticks([4.0, 4.0], 1).0, [4.0, 5.0]);
    }

    #[test]
    fn values_beyond_the_scale_are_drawn_at_its_end() {
        let scale = Scale::new([0.0, 2.0], [10.0, 30.0]);
        assert_eq!([-1.0, 0.0, 1.0, 2.0, 9.0].map(|v| scale.at(v)), [10.0, 10.0, 20.0, 30.0, 30.0]);
        assert!(Scale::new([f64::NAN, 1.0], [0.0, 1.0]).at(0.5).is_finite());
    }

    #[test]
    fn text_cannot_leave_its_place() {
        assert_eq!(
            escape("<b a=\"1\" c='2'>&]]>\u{0}"),
            "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;]]&gt; "
        );
        assert_eq!(shorten("Harbour Wire", 9), "Harbour…");
        assert_eq!(shorten("Harbour", 7), "Harbour");
        assert_eq!(two_lines("self-reliance", 12), ["self-", "reliance"]);
        assert_eq!(
            two_lines("Evening Courier of Commerce", 18),
            ["Evening Courier of", "Commerce"]
        );
        assert_eq!(two_lines("security", 12), ["", "security"]);
        assert_eq!(two_lines("ééééééé", 4), ["", "ééé…"]);
    }

    #[test]
    fn every_shape_is_closed() {
        for shape in 0..SHAPES {
            assert!(marker(shape, [10.0, 10.0], 4.0).ends_with('z'));
        }
        assert_eq!(path([[0.0, 1.04], [2.5, -0.01]]), "M0 1L2.5 0");
    }
}
