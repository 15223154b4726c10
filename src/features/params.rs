//! What a TF-IDF fit can be told.

use std::fmt;
use std::str::FromStr;

use linfa::ParamGuard;
use serde::{Deserialize, Serialize};

use super::{NgramRange, SignalList, Signals};
use crate::error::{Error, Result};

/// A bound on document frequency: a count of sentences, or a share of them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum DfBound {
    /// So many sentences.
    Count(usize),
    /// This share of the sentences, from 0 to 1.
    Share(f64),
}

impl DfBound {
    /// The bound as a number of sentences out of `n`.
    pub(super) fn of(self, n: usize) -> f64 {
        match self {
            DfBound::Count(count) => count as f64,
            DfBound::Share(share) => share * n as f64,
        }
    }

    /// The smallest frequency that can reach this lower bound whatever the number of sentences.
    pub(super) fn least(self) -> u32 {
        match self {
            DfBound::Count(count) => u32::try_from(count).unwrap_or(u32::MAX).max(1),
            DfBound::Share(_) => 1,
        }
    }
}

impl fmt::Display for DfBound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DfBound::Count(count) => write!(f, "{count}"),
            // Always with a point, so that `1.0` stays a share.
            DfBound::Share(share) => write!(f, "{share:?}"),
        }
    }
}

impl FromStr for DfBound {
    type Err = String;

    /// A whole number is a count, a number with a point a share, as in scikit-learn.
    fn from_str(text: &str) -> Result<Self, String> {
        let share = || text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
        let bound = match text.contains('.') {
            true => share().map(DfBound::Share),
            false => text.parse().ok().map(DfBound::Count),
        };
        bound.ok_or_else(|| format!("`{text}` is no count (`2`) and no share from 0.0 to 1.0"))
    }
}

impl From<DfBound> for String {
    fn from(bound: DfBound) -> Self {
        bound.to_string()
    }
}

impl TryFrom<String> for DfBound {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// Checked parameters of a TF-IDF fit; see [`TfidfParams`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TfidfValidParams {
    pub(super) word_ngrams: Option<NgramRange>,
    pub(super) char_ngrams: Option<NgramRange>,
    pub(super) min_df: DfBound,
    pub(super) max_df: DfBound,
    pub(super) sublinear_tf: bool,
    /// Kept with the codebook, not here.
    #[serde(skip)]
    pub(super) signals: Vec<SignalList>,
}

impl TfidfValidParams {
    /// The same parameters with other signals.
    pub(crate) fn with_signals(mut self, signals: Vec<SignalList>) -> Self {
        self.signals = signals;
        self
    }

    /// Whether single words are among the terms.
    pub(crate) fn has_single_words(&self) -> bool {
        self.word_ngrams.is_some_and(|range| range.bounds().0 == 1)
    }

    /// Whether there are signals.
    pub(crate) fn has_signals(&self) -> bool {
        !self.signals.is_empty()
    }
}

/// Parameters of a TF-IDF fit.
///
/// | parameter | default | meaning |
/// | --- | --- | --- |
/// | `word_ngrams` | 1-2 | lengths of word n-grams, or none |
/// | `char_ngrams` | 3-5 | lengths of character n-grams inside words, or none |
/// | `min_df` | 2 | n-grams in fewer sentences are left out |
/// | `max_df` | 1.0 | n-grams in more sentences are left out |
/// | `sublinear_tf` | true | `1 + ln tf` instead of `tf` |
/// | `signals` | none | word lists; each is a column that says whether one of its words is there |
///
/// Word and character n-grams are two blocks of columns, each with an l2 norm of its own, as two
/// of scikit-learn's vectorisers side by side (`FeatureUnion`).
#[derive(Debug, Clone, PartialEq)]
pub struct TfidfParams(TfidfValidParams);

impl Default for TfidfParams {
    fn default() -> Self {
        TfidfParams(TfidfValidParams {
            word_ngrams: NgramRange::new(1, 2),
            char_ngrams: NgramRange::new(3, 5),
            min_df: DfBound::Count(2),
            max_df: DfBound::Share(1.0),
            sublinear_tf: true,
            signals: Vec::new(),
        })
    }
}

impl TfidfParams {
    /// Lengths of word n-grams; `None` for no words.
    #[must_use]
    pub fn word_ngrams(mut self, range: Option<NgramRange>) -> Self {
        self.0.word_ngrams = range;
        self
    }

    /// Lengths of character n-grams inside word boundaries; `None` for none.
    #[must_use]
    pub fn char_ngrams(mut self, range: Option<NgramRange>) -> Self {
        self.0.char_ngrams = range;
        self
    }

    /// Lower bound on document frequency.
    #[must_use]
    pub fn min_df(mut self, bound: DfBound) -> Self {
        self.0.min_df = bound;
        self
    }

    /// Upper bound on document frequency.
    #[must_use]
    pub fn max_df(mut self, bound: DfBound) -> Self {
        self.0.max_df = bound;
        self
    }

    /// Whether a term's frequency counts as `1 + ln tf`.
    #[must_use]
    pub fn sublinear_tf(mut self, sublinear: bool) -> Self {
        self.0.sublinear_tf = sublinear;
        self
    }

    /// Word lists, a column each.
    #[must_use]
    pub fn signals(mut self, signals: Vec<SignalList>) -> Self {
        self.0.signals = signals;
        self
    }
}

impl ParamGuard for TfidfParams {
    type Checked = TfidfValidParams;
    type Error = Error;

    fn check_ref(&self) -> Result<&Self::Checked> {
        if self.0.word_ngrams.is_none() && self.0.char_ngrams.is_none() {
            return Err(Error::parameter("ngrams", "words or characters, there must be some"));
        }
        Signals::new(&self.0.signals)?;
        for (name, bound) in [("min-df", self.0.min_df), ("max-df", self.0.max_df)] {
            if let DfBound::Share(share) = bound
                && !(0.0..=1.0).contains(&share)
            {
                return Err(Error::parameter(name, format!("{share} is no share from 0.0 to 1.0")));
            }
        }
        Ok(&self.0)
    }

    fn check(self) -> Result<Self::Checked> {
        self.check_ref()?;
        Ok(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_counts_or_shares() {
        assert_eq!("2".parse(), Ok(DfBound::Count(2)));
        assert_eq!("1.0".parse(), Ok(DfBound::Share(1.0)));
        assert_eq!(DfBound::Share(1.0).to_string(), "1.0");
        for bad in ["", "-1", "1.5", "x"] {
            assert!(bad.parse::<DfBound>().is_err(), "{bad}");
        }
    }
}
