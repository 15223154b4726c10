//! Word and character n-grams.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::text::{char_wb_words, words};

/// The lengths of n-grams, both ends included, the shorter at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct NgramRange {
    min: usize,
    max: usize,
}

/// Longer n-grams are refused: they repeat whole sentences.
const LONGEST: usize = 10;

impl NgramRange {
    /// From `min` to `max` words or characters; `None` unless `1 <= min <= max <= 10`.
    pub fn new(min: usize, max: usize) -> Option<Self> {
        (1 <= min && min <= max && max <= LONGEST).then_some(NgramRange { min, max })
    }

    /// The shortest and the longest.
    pub fn bounds(self) -> (usize, usize) {
        (self.min, self.max)
    }
}

impl fmt::Display for NgramRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.min, self.max)
    }
}

impl FromStr for NgramRange {
    type Err = String;

    /// Reads `1-2`, or `2` for `2-2`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (min, max) = text.split_once('-').unwrap_or((text, text));
        let bound = |part: &str| part.trim().parse::<usize>().ok();
        bound(min)
            .zip(bound(max))
            .and_then(|(min, max)| NgramRange::new(min, max))
            .ok_or_else(|| format!("`{text}` is no range of n-grams from 1 to {LONGEST}, as `1-2`"))
    }
}

impl From<NgramRange> for String {
    fn from(range: NgramRange) -> Self {
        range.to_string()
    }
}

impl TryFrom<String> for NgramRange {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// Calls `visit` with every word n-gram of a lower-cased text, its words joined by one blank, and
/// the byte range it spans. Unigrams first, then bigrams, and so on.
pub(super) fn word_ngrams(
    lower: &str,
    range: NgramRange,
    mut visit: impl FnMut(&str, Range<usize>),
) {
    let words: Vec<Range<usize>> = words(lower).collect();
    let mut ngram = String::new();
    for n in range.min..=range.max {
        for window in words.windows(n) {
            ngram.clear();
            for word in window {
                if !ngram.is_empty() {
                    ngram.push(' ');
                }
                ngram.push_str(&lower[word.clone()]);
            }
            visit(&ngram, window[0].start..window[n - 1].end);
        }
    }
}

/// Calls `visit` with every character n-gram inside word boundaries (scikit-learn's `char_wb`):
/// each word is padded with a blank at both ends, and one no longer than `n` counts once.
pub(super) fn char_ngrams(
    lower: &str,
    range: NgramRange,
    mut visit: impl FnMut(&str, Range<usize>),
) {
    let mut padded = String::new();
    let mut bounds: Vec<usize> = Vec::new();
    for word in char_wb_words(lower) {
        padded.clear();
        padded.push(' ');
        padded.push_str(&lower[word.clone()]);
        padded.push(' ');
        bounds.clear();
        bounds.extend(padded.char_indices().map(|(at, _)| at));
        bounds.push(padded.len());
        let length = bounds.len() - 1;
        for n in range.min..=range.max {
            for first in 0..=length.saturating_sub(n) {
                let (start, end) = (bounds[first], bounds[(first + n).min(length)]);
                // The pads lie outside the word.
                let from = word.start + start.saturating_sub(1);
                let to = (word.start + end - 1).min(word.end);
                visit(&padded[start..end], from..to);
            }
            if length <= n {
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collect(
        ngrams: impl Fn(&str, NgramRange, &mut dyn FnMut(&str, Range<usize>)),
        text: &str,
        range: &str,
    ) -> Vec<String> {
        let mut found = Vec::new();
        ngrams(text, range.parse().unwrap(), &mut |ngram, _| found.push(ngram.to_owned()));
        found
    }

    #[test]
    fn word_ngrams_come_by_length() {
        let found = collect(|t, r, f| word_ngrams(t, r, f), "own core technology", "1-2");
        assert_eq!(found, ["own", "core", "technology", "own core", "core technology"]);
    }

    #[test]
    fn char_ngrams_stay_inside_words() {
        // CountVectorizer(analyzer="char_wb", ngram_range=(3, 4)).build_analyzer()("to cut x")
        let found = collect(|t, r, f| char_ngrams(t, r, f), "to cut x", "3-4");
        assert_eq!(found, [" to", "to ", " to ", " cu", "cut", "ut ", " cut", "cut ", " x "]);
    }

    #[test]
    fn ranges_are_checked() {
        assert_eq!("1-2".parse::<NgramRange>().unwrap().to_string(), "1-2");
        assert_eq!("3".parse::<NgramRange>().unwrap().to_string(), "3-3");
        for bad in ["", "0-1", "2-1", "1-11", "x", "1-2-3"] {
            assert!(bad.parse::<NgramRange>().is_err(), "{bad}");
        }
    }
}
