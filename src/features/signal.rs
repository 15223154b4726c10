//! Words and phrases that a codebook names as signals of a frame.

use std::cell::OnceCell;
use std::ops::Range;

use rustc_hash::FxHashMap;

use crate::data::Codebook;
use crate::error::{Error, Place, Result};
use crate::text::{LowerWords, words};

/// The signals of one frame.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SignalList {
    /// The frame.
    pub name: String,
    /// Words and phrases.
    pub signals: Vec<String>,
    /// Phrases in which they do not count.
    pub exceptions: Vec<String>,
}

impl SignalList {
    /// The lists of a codebook, one a frame; none where no frame has signals.
    pub fn of_codebook(codebook: &Codebook) -> Vec<SignalList> {
        let lists = codebook.frames.iter().map(|frame| SignalList {
            name: frame.name.clone(),
            signals: frame.signals.clone(),
            exceptions: frame.signal_exceptions.clone(),
        });
        match codebook.frames.iter().any(|frame| !frame.signals.is_empty()) {
            true => lists.collect(),
            false => Vec::new(),
        }
    }
}

/// A word of a pattern: the whole word, or its beginning (`technolog*`).
#[derive(Debug, Clone, PartialEq, Eq)]
struct WordPattern {
    text: String,
    is_prefix: bool,
}

impl WordPattern {
    fn matches(&self, word: &str) -> bool {
        match self.is_prefix {
            true => word.starts_with(&self.text),
            false => word == self.text,
        }
    }
}

/// A sequence of words that stand one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pattern {
    words: Vec<WordPattern>,
    /// The list it belongs to; `None` for an exception.
    list: Option<usize>,
    /// The list an exception holds for.
    of: usize,
}

/// Finds the signals of several lists (one a frame) in lower-cased sentences.
///
/// A signal is a word or a phrase; `*` at the end of a word stands for any ending. Words are those
/// of the vectoriser, so that `self-relian*` is the word `self` before a word that begins with
/// `relian`. A signal that shares a word with one of its list's exceptions does not count.
///
/// # Examples
///
/// ```
/// use framescope::features::{SignalList, Signals};
///
/// let signals = Signals::new(&[SignalList {
///     name: "security".to_owned(),
///     signals: vec!["secur*".to_owned(), "supply chain*".to_owned()],
///     exceptions: vec!["social security".to_owned()],
/// }])?;
/// let sentence = "social security and secure supply chains";
/// let found: Vec<&str> = signals.find(sentence).into_iter().map(|(_, at)| &sentence[at]).collect();
/// assert_eq!(found, ["secure", "supply chains"]);
/// # Ok::<(), framescope::error::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Signals {
    names: Vec<String>,
    patterns: Vec<Pattern>,
    /// Patterns by their first word.
    whole: FxHashMap<String, Vec<usize>>,
    /// Patterns by the beginning of their first word.
    prefixes: FxHashMap<String, Vec<usize>>,
    /// Lengths of those beginnings, in bytes, rising.
    prefix_lengths: Vec<usize>,
    beginnings: Beginnings,
}

impl Signals {
    /// Compiles lists of signals, each with its exceptions.
    ///
    /// # Errors
    ///
    /// When a signal holds no word of two characters or more, or a `*` inside a word.
    pub fn new(lists: &[SignalList]) -> Result<Self> {
        let names = lists.iter().map(|list| list.name.clone()).collect();
        let mut signals = Signals { names, ..Signals::default() };
        for (index, list) in lists.iter().enumerate() {
            let own = list.signals.iter().map(|text| (text, Some(index)));
            let exceptions = list.exceptions.iter().map(|text| (text, None));
            for (text, list) in own.chain(exceptions) {
                signals.patterns.push(Pattern { words: parse(text)?, list, of: index });
            }
        }
        for (index, pattern) in signals.patterns.iter().enumerate() {
            let first = &pattern.words[0];
            let table = match first.is_prefix {
                true => &mut signals.prefixes,
                false => &mut signals.whole,
            };
            table.entry(first.text.clone()).or_default().push(index);
        }
        signals.prefix_lengths = signals.prefixes.keys().map(String::len).collect();
        signals.prefix_lengths.sort_unstable();
        signals.prefix_lengths.dedup();
        if !signals.is_empty() {
            let starts = signals.whole.keys().chain(signals.prefixes.keys());
            signals.beginnings = Beginnings::new(starts.map(String::as_str));
        }
        Ok(signals)
    }

    /// How many lists there are.
    pub fn lists(&self) -> usize {
        self.names.len()
    }

    /// The name of a list.
    pub fn name(&self, list: usize) -> &str {
        &self.names[list]
    }

    /// Whether no list holds a signal.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// The signals of a lower-cased sentence: their list and their byte range, by list and then in
    /// order. Signals of one list may overlap.
    pub fn find(&self, lower: &str) -> Vec<(usize, Range<usize>)> {
        if self.is_empty() {
            return Vec::new();
        }
        let words: Vec<Range<usize>> = words(lower).collect();
        let mut found = Vec::new();
        for start in 0..words.len() {
            self.find_at(lower, start, |word| words.get(word).cloned(), &mut found);
        }
        signals_among(found)
            .into_iter()
            .map(|(list, at)| (list, words[at.start].start..words[at.end - 1].end))
            .collect()
    }

    /// The lists a signal of which stands in a sentence, rising.
    pub(super) fn find_lists(&self, sentence: &LowerWords, lists: &mut Vec<usize>) {
        if self.is_empty() {
            return;
        }
        let (words, text) = (sentence.words(), sentence.padded());
        let word = |index: usize| {
            let &[start, end] = words.get(index)?;
            Some(start as usize..end as usize)
        };
        let mut found = Vec::new();
        let lower = OnceCell::new();
        for (index, &[start, _]) in words.iter().enumerate() {
            let mut beginning = [0; 4];
            beginning.copy_from_slice(&text[start as usize..][..4]);
            if self.beginnings.may_begin(beginning) {
                let lower = lower.get_or_init(|| sentence.text());
                self.find_at(lower, index, word, &mut found);
            }
        }
        if !found.is_empty() {
            lists.extend(signals_among(found).into_iter().map(|(list, _)| list));
            lists.dedup();
        }
    }

    /// The patterns that begin with the word `start`, and the words each takes. `word` gives the
    /// byte range of a word.
    fn find_at<'a>(
        &'a self,
        lower: &str,
        start: usize,
        word: impl Fn(usize) -> Option<Range<usize>>,
        found: &mut Vec<(&'a Pattern, Range<usize>)>,
    ) {
        let Some(first) = word(start).map(|at| &lower[at]) else { return };
        let mut consider = |candidates: &Vec<usize>| {
            for &index in candidates {
                let pattern = &self.patterns[index];
                let fits = pattern.words.iter().enumerate().all(|(offset, expected)| {
                    word(start + offset).is_some_and(|at| expected.matches(&lower[at]))
                });
                if fits {
                    found.push((pattern, start..start + pattern.words.len()));
                }
            }
        };
        self.whole.get(first).into_iter().for_each(&mut consider);
        for &length in self.prefix_lengths.iter().take_while(|&&length| length <= first.len()) {
            if let Some(candidates) = first.get(..length).and_then(|p| self.prefixes.get(p)) {
                consider(candidates);
            }
        }
    }
}

/// Leaves out what an exception voids: lists and the words of each signal, sorted.
fn signals_among(found: Vec<(&Pattern, Range<usize>)>) -> Vec<(usize, Range<usize>)> {
    let mut exceptions: Vec<(usize, Range<usize>)> = found
        .iter()
        .filter(|(pattern, _)| pattern.list.is_none())
        .map(|(pattern, at)| (pattern.of, at.clone()))
        .collect();
    exceptions.sort_by_key(|(of, at)| (*of, at.start));
    let longest = exceptions.iter().map(|(_, at)| at.len()).max().unwrap_or(0);
    let is_void = |list: usize, at: &Range<usize>| {
        let before = exceptions.partition_point(|(of, not)| (*of, not.start) < (list, at.end));
        let near = exceptions[..before].iter().rev();
        near.take_while(|(of, not)| *of == list && not.start + longest > at.start)
            .any(|(_, not)| at.start < not.end)
    };
    let mut signals: Vec<(usize, Range<usize>)> = found
        .into_iter()
        .filter_map(|(pattern, at)| Some((pattern.list?, at)))
        .filter(|(list, at)| !is_void(*list, at))
        .collect();
    signals.sort_by_key(|(list, at)| (*list, at.start, at.end));
    signals.dedup();
    signals
}

/// Tells from the beginning of a word that it begins no signal, mostly.
#[derive(Debug, Clone, Default)]
struct Beginnings {
    /// A bit for the first two bytes: those of signals of up to three.
    pairs: Vec<u64>,
    /// A bit for a hash of the first four: those of longer ones.
    quads: Vec<u64>,
}

impl Beginnings {
    fn new<'a>(starts: impl Iterator<Item = &'a str>) -> Self {
        let (mut pairs, mut quads) = (vec![0; (1 << 16) / 64], vec![0; (1 << 16) / 64]);
        let set = |bits: &mut [u64], bit: usize| bits[bit / 64] |= 1 << (bit % 64);
        for start in starts {
            match *start.as_bytes() {
                [a, b, c, d, ..] => set(&mut quads, Self::quad([a, b, c, d])),
                [a, b, ..] => set(&mut pairs, Self::pair([a, b])),
                _ => {}
            }
        }
        Beginnings { pairs, quads }
    }

    fn pair(bytes: [u8; 2]) -> usize {
        usize::from(u16::from_le_bytes(bytes))
    }

    fn quad(bytes: [u8; 4]) -> usize {
        (u32::from_le_bytes(bytes).wrapping_mul(0x9E37_79B1) >> 16) as usize
    }

    /// Whether a word with these first bytes, zeros behind it, may begin a signal.
    fn may_begin(&self, [a, b, c, d]: [u8; 4]) -> bool {
        let get = |bits: &[u64], bit: usize| (bits[bit / 64] >> (bit % 64)) & 1 == 1;
        get(&self.pairs, Self::pair([a, b])) | get(&self.quads, Self::quad([a, b, c, d]))
    }
}

fn parse(text: &str) -> Result<Vec<WordPattern>> {
    let lower = text.to_lowercase();
    let patterns: Vec<WordPattern> = words(&lower)
        .map(|at| WordPattern {
            is_prefix: lower[at.end..].starts_with('*'),
            text: lower[at].to_owned(),
        })
        .collect();
    let stars = lower.matches('*').count();
    let used = patterns.iter().filter(|word| word.is_prefix).count();
    let inside = words(&lower).any(|at| lower[..at.start].ends_with('*'));
    if patterns.is_empty() || stars != used || inside {
        return Err(Error::data(
            Place::file("codebook"),
            format!("`{text}` is no signal"),
            "write words of two letters or more; `*` may end a word",
        ));
    }
    Ok(patterns)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signals(own: &[&str], except: &[&str]) -> Signals {
        let strings = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect();
        let list =
            SignalList { name: String::new(), signals: strings(own), exceptions: strings(except) };
        Signals::new(&[list]).unwrap()
    }

    fn found<'a>(signals: &Signals, text: &'a str) -> Vec<&'a str> {
        signals.find(text).into_iter().map(|(_, at)| &text[at]).collect()
    }

    #[test]
    fn phrases_and_endings_are_found_whatever_stands_between_words() {
        let list = signals(&["self-relian*", "core technolog*", "own"], &[]);
        assert_eq!(
            found(&list, "self-reliance, their own core\ntechnologies; owned selfless reliance"),
            ["self-reliance", "own", "core\ntechnologies"]
        );
        assert!(found(&list, "").is_empty());
        assert_eq!(found(&signals(&["中国*"], &[]), "中国制造"), ["中国制造"]);
    }

    #[test]
    fn an_exception_voids_what_it_touches_and_only_that() {
        let list = signals(&["green*", "environment*"], &["green tea", "business environment"]);
        assert_eq!(
            found(&list, "green tea in a green business environment; greener environment"),
            ["green", "greener", "environment"]
        );
    }

    #[test]
    fn signals_that_cannot_be_read_are_refused() {
        for bad in ["", "*", "a", "co*al", "*tion", "x *"] {
            let list = SignalList { signals: vec![bad.to_owned()], ..SignalList::default() };
            assert!(Signals::new(&[list]).is_err(), "{bad}");
        }
    }
}
