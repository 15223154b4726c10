//! A value that may be undefined, with its interval.

use std::fmt;

use serde::ser::{Serialize, SerializeMap, Serializer};

/// Why a coefficient or score has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undefined {
    /// All codes are the same, so that chance agreement is certain.
    NoVariation,
    /// No unit was coded by two coders.
    NoOverlap,
    /// The coefficient needs every coder on every unit.
    MissingCodes,
    /// Nothing is positive in the gold labels.
    NoPositives,
    /// Nothing is negative in the gold labels.
    NoNegatives,
    /// Nothing was predicted positive.
    NothingPredicted,
    /// The predictions bring no probabilities.
    NoProbabilities,
    /// No stance was coded.
    NoStance,
    /// A group runs through documents instead of holding whole ones.
    DividedDocuments,
    /// There are too few documents with the frame to train on, or to tell how documents vary.
    TooFewDocuments,
    /// There are too few examples to judge by.
    TooFewExamples,
    /// The two never differ.
    NoDifference,
    /// There is no sentence.
    NoSentences,
    /// No sentence was coded.
    NoGold,
    /// What is divided by may be 0: its interval touches it.
    MayBeZero,
    /// A logarithm is taken of what is not above 0.
    NotAboveZero,
    /// The model says nearly the same whatever is there.
    Uninformative,
}

impl Undefined {
    /// The reason as scripts read it.
    pub fn code(self) -> &'static str {
        match self {
            Undefined::NoVariation => "no_variation",
            Undefined::NoOverlap => "no_overlap",
            Undefined::MissingCodes => "missing_codes",
            Undefined::NoPositives => "no_positives",
            Undefined::NoNegatives => "no_negatives",
            Undefined::NothingPredicted => "nothing_predicted",
            Undefined::NoProbabilities => "no_probabilities",
            Undefined::NoStance => "no_stance",
            Undefined::DividedDocuments => "divided_documents",
            Undefined::TooFewDocuments => "too_few_documents",
            Undefined::TooFewExamples => "too_few_examples",
            Undefined::NoDifference => "no_difference",
            Undefined::NoSentences => "no_sentences",
            Undefined::NoGold => "no_gold",
            Undefined::MayBeZero => "may_be_zero",
            Undefined::NotAboveZero => "not_above_zero",
            Undefined::Uninformative => "uninformative",
        }
    }
}

impl fmt::Display for Undefined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.code().replace('_', " "))
    }
}

/// A value, or the reason why there is none: never 0, 1 or NaN in its place.
pub type Value = Result<f64, Undefined>;

/// A value with a 95 percent interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measure {
    /// The value.
    pub value: Value,
    /// Lower and upper end, where replicates were drawn and enough of them were defined.
    pub interval: Option<[f64; 2]>,
    /// Standard deviation of the value over the replicates in which it was defined.
    pub std_error: Option<f64>,
    /// Share of replicates in which the value was undefined; they are left out of the interval.
    pub undefined_replicates: f64,
}

impl Measure {
    /// A value without an interval.
    pub fn bare(value: Value) -> Self {
        Measure { value, interval: None, std_error: None, undefined_replicates: 0.0 }
    }

    /// The same with its interval cut to the values that are possible: what is never true is not
    /// covered less often by it. An interval that lies outside altogether stays as it is.
    pub fn within(self, [least, most]: [f64; 2]) -> Self {
        let cut = |[low, high]: [f64; 2]| match low <= most && high >= least {
            true => [low.max(least), high.min(most)],
            false => [low, high],
        };
        Measure { interval: self.interval.map(cut), ..self }
    }
}

impl Serialize for Measure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self.value {
            Ok(value) => {
                map.serialize_entry("value", &value)?;
                map.serialize_entry("ci", &self.interval)?;
                if self.undefined_replicates > 0.0 {
                    map.serialize_entry("undefined_replicates", &self.undefined_replicates)?;
                }
            }
            Err(reason) => {
                map.serialize_entry("value", &None::<f64>)?;
                map.serialize_entry("reason", reason.code())?;
            }
        }
        map.end()
    }
}

/// A number, or the reason why there is none; for values without an interval.
pub(crate) fn serialize_value<S: Serializer>(value: &Value, to: S) -> Result<S::Ok, S::Error> {
    match value {
        Ok(value) => to.serialize_f64(*value),
        Err(_) => Measure::bare(*value).serialize(to),
    }
}

/// The field's style: two decimals without a leading zero, `.81 [.76, .86]`.
impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.value, self.interval) {
            (Ok(value), Some([low, high])) => {
                write!(f, "{} [{}, {}]", short(value), short(low), short(high))
            }
            (Ok(value), None) => f.write_str(&short(value)),
            (Err(reason), _) => write!(f, "undefined ({reason})"),
        }
    }
}

/// Two decimals without a leading zero, as in `.81` or `-.05`.
pub(crate) fn short(value: f64) -> String {
    let text = format!("{value:.2}");
    match text.strip_prefix("-0.").map(|rest| format!("-.{rest}")) {
        Some(negative) if negative != "-.00" => negative,
        Some(_) => ".00".to_owned(),
        None => text.strip_prefix('0').map_or(text.clone(), str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_in_the_style_of_the_field() {
        let measure = |value, interval| Measure { interval, ..Measure::bare(value) };
        assert_eq!(measure(Ok(0.814), Some([0.76, 0.857])).to_string(), ".81 [.76, .86]");
        assert_eq!(measure(Ok(1.0), None).to_string(), "1.00");
        assert_eq!(measure(Ok(-0.051), None).to_string(), "-.05");
        assert_eq!(measure(Ok(-0.001), None).to_string(), ".00");
        let undefined = measure(Err(Undefined::NoVariation), None);
        assert_eq!(undefined.to_string(), "undefined (no variation)");
        assert_eq!(
            serde_json::to_string(&undefined).unwrap(),
            r#"{"value":null,"reason":"no_variation"}"#
        );
        assert_eq!(
            serde_json::to_string(&measure(Ok(0.5), Some([0.25, 0.75]))).unwrap(),
            r#"{"value":0.5,"ci":[0.25,0.75]}"#
        );
    }
}
