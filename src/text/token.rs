//! Words as scikit-learn's vectorisers see them.
//!
//! A word is a run of two or more word characters (`(?u)\b\w\w+\b`) of the lower-cased text; a
//! word character is a letter, a number or `_`, as in Python's `re`.

use std::ops::Range;

use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

/// Whether `c` is matched by Python's `\w`: a letter, a number or an underscore.
///
/// Combining marks are not word characters there, other than in Rust's `char::is_alphanumeric`.
pub fn is_word_char(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric() || c == '_';
    }
    matches!(
        c.general_category_group(),
        GeneralCategoryGroup::Letter | GeneralCategoryGroup::Number
    )
}

/// Whether `c` separates words in Python's `str.split()`.
pub(crate) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// The byte ranges of the words of a lower-cased text.
///
/// # Examples
///
/// ```
/// use framescope::text::words;
///
/// let text = "china's 14th plan, a draft";
/// let found: Vec<&str> = words(text).map(|range| &text[range]).collect();
/// assert_eq!(found, ["china", "14th", "plan", "draft"]);
/// ```
pub fn words(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    runs(text, is_word_char).filter(|range| {
        let word = &text[range.clone()];
        word.chars().nth(1).is_some()
    })
}

/// The byte ranges of what stands between white space: the words that character n-grams are
/// taken from (scikit-learn's `char_wb`).
pub fn char_wb_words(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    runs(text, |c| !is_space(c))
}

fn runs<'a>(
    text: &'a str,
    inside: impl Fn(char) -> bool + 'a,
) -> impl Iterator<Item = Range<usize>> + 'a {
    let mut characters = text.char_indices();
    std::iter::from_fn(move || {
        let (start, _) = characters.by_ref().find(|&(_, c)| inside(c))?;
        let end = characters.by_ref().find(|&(_, c)| !inside(c)).map_or(text.len(), |(at, _)| at);
        Some(start..end)
    })
}

/// A lower-cased text that remembers where each of its bytes came from.
pub struct Lowercase {
    /// The lower-cased text.
    pub text: String,
    /// For each byte of `text`, the byte offset of its character in the original; one more at the
    /// end.
    origin: Vec<usize>,
}

impl Lowercase {
    /// Lower-cases by Unicode's rules, as Python's `str.lower` does.
    pub fn new(original: &str) -> Self {
        let text = original.to_lowercase();
        let mut origin = Vec::with_capacity(text.len() + 1);
        for (at, c) in original.char_indices() {
            // A final sigma is the one case that depends on context; both forms take two bytes.
            let length: usize = c.to_lowercase().map(char::len_utf8).sum();
            origin.extend(std::iter::repeat_n(at, length));
        }
        origin.push(original.len());
        Lowercase { text, origin }
    }

    /// The byte range of the original that became `range` of the lower-cased text.
    pub fn original(&self, range: Range<usize>) -> Range<usize> {
        let last = self.origin[range.end - 1];
        let end = self.origin[range.end..].iter().copied().find(|&at| at > last);
        self.origin[range.start]..end.unwrap_or(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<&str> {
        words(text).map(|range| &text[range]).collect()
    }

    #[test]
    fn words_are_those_of_the_default_token_pattern() {
        // Each checked against Python's re.findall(r"(?u)\b\w\w+\b", text).
        assert_eq!(split("a b cd e_ _f"), ["cd", "e_", "_f"]);
        assert_eq!(split("r&d, 5g; co2 emissions"), ["5g", "co2", "emissions"]);
        assert_eq!(split("中国制造 2025"), ["中国制造", "2025"]);
        assert_eq!(split("स्वदेशी"), ["वद"]); // vowel signs and viramas are marks
        assert_eq!(split("½ ²³ x²"), ["²³", "x²"]);
        assert!(split("").is_empty());
    }

    #[test]
    fn lower_cased_ranges_lead_back_to_the_original() {
        let original = "İstanbul ΟΔΟΣ Straße";
        let lower = Lowercase::new(original);
        let found: Vec<&str> =
            words(&lower.text).map(|range| &original[lower.original(range)]).collect();
        assert_eq!(found, ["stanbul", "ΟΔΟΣ", "Straße"]);
    }
}
