//! Numbers as the report writes them.

use crate::stats::{Measure, Value, short};

/// How a quantity is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// A share, in percent.
    Percent,
    /// A difference of shares, in percentage points; the text around it says so.
    Points,
    /// Two decimals.
    Plain,
    /// A coefficient from −1 to 1 in the field's style, without a leading zero.
    Coefficient,
}

impl Unit {
    /// A number alone.
    pub(super) fn number(self, value: f64) -> String {
        let text = match self {
            Unit::Percent | Unit::Points => format!("{:.1}", 100.0 * value),
            Unit::Plain => format!("{value:.2}"),
            Unit::Coefficient => short(value),
        };
        signed(&text)
    }

    /// A number with its unit.
    pub(super) fn value(self, value: f64) -> String {
        self.number(value) + self.suffix()
    }

    /// A number with its unit and interval: `12.3% [10.1, 14.5]`; or the reason why there is none.
    pub(super) fn measure(self, measure: &Measure) -> String {
        match (measure.value, measure.interval) {
            (Ok(value), Some([low, high])) => {
                format!("{} [{}, {}]", self.value(value), self.number(low), self.number(high))
            }
            (Ok(value), None) => self.value(value),
            (Err(reason), _) => format!("undefined ({reason})"),
        }
    }

    /// A tick of an axis.
    pub(super) fn tick(self, value: f64, decimals: usize) -> String {
        match self {
            Unit::Percent | Unit::Points => {
                let decimals = decimals.saturating_sub(2);
                signed(&format!("{:.decimals$}", 100.0 * value)) + "%"
            }
            Unit::Plain | Unit::Coefficient => signed(&format!("{value:.decimals$}")),
        }
    }

    fn suffix(self) -> &'static str {
        match self {
            Unit::Percent => "%",
            Unit::Points | Unit::Plain | Unit::Coefficient => "",
        }
    }
}

/// With a true minus sign, and without one before nought.
fn signed(text: &str) -> String {
    match text.strip_prefix('-') {
        Some(rest) if rest.bytes().all(|byte| matches!(byte, b'0' | b'.')) => rest.to_owned(),
        Some(rest) => format!("−{rest}"),
        None => text.to_owned(),
    }
}

/// A p-value in three decimals: `.012`, `< .001`.
pub(super) fn p_value(p: &Value) -> String {
    match p {
        Ok(p) if *p < 0.001 => "< .001".to_owned(),
        Ok(p) => {
            let text = format!("{p:.3}");
            text.strip_prefix('0').map_or(text.clone(), str::to_owned)
        }
        Err(reason) => format!("undefined ({reason})"),
    }
}

/// The same as part of a sentence: `p = .012`, `p < .001`.
pub(super) fn p_equals(p: f64) -> String {
    let text = p_value(&Ok(p));
    if text.starts_with('<') { format!("p {text}") } else { format!("p = {text}") }
}

/// A value without an interval, or the reason why there is none.
pub(super) fn value(unit: Unit, value: &Value) -> String {
    unit.measure(&Measure::bare(*value))
}

/// A count, its thousands apart.
pub(super) fn count(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count and what is counted: `1 sentence`, `2,000 sentences`.
pub(super) fn counted(number: usize, one: &str) -> String {
    format!("{} {one}{}", count(number), if number == 1 { "" } else { "s" })
}

/// A name within a sentence, so that its direction of writing stays its own.
pub(super) fn name(name: &str) -> String {
    format!("\u{2068}{name}\u{2069}")
}

/// Words as a list: `a`, `a and b`, `a, b and c`.
pub(super) fn list(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Undefined;

    #[test]
    fn numbers_are_written_in_the_style_of_the_field() {
        let measure = |value, interval| Measure { interval, ..Measure::bare(value) };
        let share = measure(Ok(0.1234), Some([-0.0001, 0.2]));
        assert_eq!(Unit::Percent.measure(&share), "12.3% [0.0, 20.0]");
        assert_eq!(Unit::Points.measure(&measure(Ok(-0.05), None)), "−5.0");
        assert_eq!(Unit::Coefficient.measure(&measure(Ok(0.814), None)), ".81");
        let undefined = Measure::bare(Err(Undefined::NoPositives));
        assert_eq!(Unit::Percent.measure(&undefined), "undefined (no positives)");
        assert_eq!(Unit::Percent.tick(0.125, 3), "12.5%");
    }

    #[test]
    fn p_values_have_three_decimals() {
        assert_eq!(p_value(&Ok(0.0121)), ".012");
        assert_eq!(p_value(&Ok(1.0)), "1.000");
        assert_eq!(p_equals(0.0001), "p < .001");
        assert_eq!(p_value(&Err(Undefined::NoDifference)), "undefined (no difference)");
    }

    #[test]
    fn counts_and_lists_read_as_words() {
        assert_eq!([1, 999, 1000, 1_234_567].map(count), ["1", "999", "1,000", "1,234,567"]);
        assert_eq!(counted(1, "sentence"), "1 sentence");
        assert_eq!(counted(2, "sentence"), "2 sentences");
        assert_eq!(list(&["a".to_owned(), "b".to_owned(), "c".to_owned()]), "a, b and c");
    }
}
