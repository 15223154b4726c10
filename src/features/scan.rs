//! The known n-grams of a sentence, found without building strings.
//!
//! [`Scanner`] is compiled from a fitted [`Tfidf`]. It lower-cases into a buffer that is used again
//! for every sentence, turns words into numbers, and finds longer n-grams by the numbers of their
//! parts. Every key is compared in full, so that no collision of hashes can change a result.

use std::collections::HashMap;

use super::{NgramRange, Signals, Tfidf, Vocabulary};
use crate::text::{is_space, is_word_char};

/// No column, no node, no word.
const NONE: u32 = u32::MAX;

/// Bytes kept free behind a text, so that eight can be read at each of its bytes.
const SLACK: usize = 8;

const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;

/// Up to eight bytes as a number, the rest 0.
fn word_at(text: &[u8], at: usize, length: usize) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&text[at..at + 8]);
    u64::from_le_bytes(bytes) & (u64::MAX >> (64 - 8 * length as u32))
}

/// A word or an n-gram of characters, by its bytes: all of them where there are at most eight; the
/// first and the last eight where there are at most sixteen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct ShortKey {
    first: u64,
    last: u64,
    /// In bytes; 0 in a free slot.
    length: u32,
}

impl ShortKey {
    /// `None` for more than sixteen bytes. `text` has its slack.
    fn at(text: &[u8], start: usize, length: usize) -> Option<Self> {
        let (first, last) = match length {
            1..=8 => (word_at(text, start, length), 0),
            9..=16 => (word_at(text, start, 8), word_at(text, start + length - 8, 8)),
            _ => return None,
        };
        Some(ShortKey { first, last, length: length as u32 })
    }

    fn hash(self) -> u64 {
        let mixed = (self.first ^ u64::from(self.length)).wrapping_mul(MULTIPLIER);
        (mixed ^ self.last ^ (mixed >> 29)).wrapping_mul(MULTIPLIER)
    }
}

/// An open-addressed table with keys that are compared in full.
#[derive(Debug, Clone)]
struct Table<K> {
    /// A power of two; at most half of them used.
    slots: Vec<(K, u32)>,
    shift: u32,
}

impl<K: Copy + PartialEq + Default> Table<K> {
    fn new(entries: &[(K, u32)], hash: impl Fn(K) -> u64) -> Self {
        let size = (2 * entries.len()).next_power_of_two().max(2);
        let mut table =
            Table { slots: vec![(K::default(), NONE); size], shift: 64 - size.trailing_zeros() };
        for &(key, value) in entries {
            let mut slot = (hash(key) >> table.shift) as usize;
            while table.slots[slot].1 != NONE {
                slot = (slot + 1) & (size - 1);
            }
            table.slots[slot] = (key, value);
        }
        table
    }

    /// The value of a key, or [`NONE`].
    fn get(&self, key: K, hash: u64) -> u32 {
        let mut slot = (hash >> self.shift) as usize;
        loop {
            let (known, value) = self.slots[slot];
            if known == key || value == NONE {
                return value;
            }
            slot = (slot + 1) & (self.slots.len() - 1);
        }
    }
}

/// A set of short strings with their numbers.
#[derive(Debug, Clone)]
struct Strings {
    short: Table<ShortKey>,
    /// Those of more than sixteen bytes.
    long: HashMap<Box<[u8]>, u32>,
}

impl Strings {
    fn new<'a>(strings: impl Iterator<Item = (&'a str, u32)>) -> Self {
        let (mut short, mut long, mut padded) = (Vec::new(), HashMap::new(), Vec::new());
        for (string, number) in strings {
            padded.clear();
            padded.extend_from_slice(string.as_bytes());
            padded.extend_from_slice(&[0; SLACK]);
            match ShortKey::at(&padded, 0, string.len()) {
                Some(key) => short.push((key, number)),
                None => {
                    long.insert(string.as_bytes().into(), number);
                }
            }
        }
        Strings { short: Table::new(&short, ShortKey::hash), long }
    }

    fn get(&self, text: &[u8], start: usize, length: usize) -> u32 {
        match ShortKey::at(text, start, length) {
            Some(key) => self.short.get(key, key.hash()),
            None => self.long.get(&text[start..start + length]).copied().unwrap_or(NONE),
        }
    }
}

/// Word n-grams as a tree: an n-gram is the node of its first n−1 words and its last word.
#[derive(Debug, Clone)]
struct Words {
    range: NgramRange,
    tokens: Strings,
    /// (node, word) → node. The first nodes are the words themselves.
    edges: Table<(u32, u32)>,
    /// By node, its column or [`NONE`].
    columns: Vec<u32>,
}

fn edge_hash((node, word): (u32, u32)) -> u64 {
    let joined = u64::from(node) << 32 | u64::from(word);
    let mixed = joined.wrapping_mul(MULTIPLIER);
    (mixed ^ (mixed >> 32)).wrapping_mul(MULTIPLIER)
}

impl Words {
    fn new(range: NgramRange, vocabulary: &Vocabulary, first_column: u32) -> Self {
        let mut tokens: HashMap<&str, u32> = HashMap::new();
        for id in 0..vocabulary.len() {
            for word in vocabulary.term(id).split(' ') {
                let next = tokens.len() as u32;
                tokens.entry(word).or_insert(next);
            }
        }
        let mut columns = vec![NONE; tokens.len()];
        let mut edges: HashMap<(u32, u32), u32> = HashMap::new();
        for id in 0..vocabulary.len() {
            let mut words = vocabulary.term(id).split(' ').map(|word| tokens[word]);
            let mut node = words.next().unwrap_or(NONE);
            for word in words {
                node = *edges.entry((node, word)).or_insert_with(|| {
                    columns.push(NONE);
                    columns.len() as u32 - 1
                });
            }
            columns[node as usize] = first_column + id as u32;
        }
        let edges: Vec<((u32, u32), u32)> = edges.into_iter().collect();
        let tokens = Strings::new(tokens.into_iter());
        Words { range, tokens, edges: Table::new(&edges, edge_hash), columns }
    }
}

/// Character n-grams inside words.
#[derive(Debug, Clone)]
struct Chars {
    range: NgramRange,
    ngrams: Strings,
}

/// Finds the known n-grams of sentences.
#[derive(Debug, Clone)]
pub(crate) struct Scanner {
    words: Option<Words>,
    chars: Option<Chars>,
    signals: Signals,
    /// Whether a word that begins with these two bytes may begin a signal.
    signal_starts: Vec<bool>,
}

/// Buffers kept from sentence to sentence, so that nothing is allocated anew; and what was found in
/// the last one.
#[derive(Debug, Default)]
pub struct Scratch {
    /// The lower-cased sentence and its slack.
    lower: Vec<u8>,
    /// The words, by number.
    tokens: Vec<u32>,
    /// The node of the n-gram that begins at each word.
    nodes: Vec<u32>,
    /// A word between blanks, and its slack.
    padded: Vec<u8>,
    /// Where the characters of `padded` begin.
    bounds: Vec<usize>,
    /// What was found in one block: column and count, in order of first appearance.
    pub(crate) found: [Vec<(u32, u32)>; 2],
    /// Where in `found` a column stands: (round, column, position).
    places: Vec<(u32, u32, u32)>,
    round: u32,
    /// The lists a signal of which is there.
    pub(crate) signals: Vec<usize>,
}

impl Scratch {
    fn begin_block(&mut self, block: usize) {
        self.found[block].clear();
        self.round = self.round.wrapping_add(1);
        if self.places.is_empty() || self.round == 0 {
            self.round = 1;
            let size = self.places.len().max(256);
            self.places.clear();
            self.places.resize(size, (0, 0, 0));
        }
    }

    fn count(&mut self, block: usize, column: u32) {
        let mask = self.places.len() - 1;
        let found = &mut self.found[block];
        let mut place = (column.wrapping_mul(0x9E37_79B1) >> 8) as usize & mask;
        loop {
            let (round, known, position) = self.places[place];
            if round != self.round {
                break;
            }
            if known == column {
                found[position as usize].1 += 1;
                return;
            }
            place = (place + 1) & mask;
        }
        self.places[place] = (self.round, column, found.len() as u32);
        found.push((column, 1));
        if 2 * found.len() > mask {
            self.grow(block);
        }
    }

    fn grow(&mut self, block: usize) {
        let size = 2 * self.places.len();
        self.places.clear();
        self.places.resize(size, (0, 0, 0));
        let found = std::mem::take(&mut self.found[block]);
        for (position, &(column, _)) in found.iter().enumerate() {
            let mut place = (column.wrapping_mul(0x9E37_79B1) >> 8) as usize & (size - 1);
            while self.places[place].0 == self.round {
                place = (place + 1) & (size - 1);
            }
            self.places[place] = (self.round, column, position as u32);
        }
        self.found[block] = found;
    }

    /// Lower-cases as `str::to_lowercase` does.
    fn lower_case(&mut self, sentence: &str) {
        self.lower.clear();
        if sentence.is_ascii() {
            self.lower.extend_from_slice(sentence.as_bytes());
            self.lower.make_ascii_lowercase();
        } else if sentence.contains('Σ') {
            // The one letter whose lower case depends on its neighbours.
            self.lower.extend_from_slice(sentence.to_lowercase().as_bytes());
        } else {
            let mut buffer = [0; 4];
            let mut rest = sentence.as_bytes();
            for c in sentence.chars().filter(|c| !c.is_ascii()) {
                let ascii = rest.iter().position(|byte| !byte.is_ascii()).unwrap_or(rest.len());
                self.lower.extend(rest[..ascii].iter().map(u8::to_ascii_lowercase));
                rest = &rest[ascii + c.len_utf8()..];
                for c in c.to_lowercase() {
                    self.lower.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes());
                }
            }
            self.lower.extend(rest.iter().map(u8::to_ascii_lowercase));
        }
        self.lower.extend_from_slice(&[0; SLACK]);
    }
}

/// Whether a byte is a word character of ASCII.
const WORD: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        table[byte] = (byte as u8).is_ascii_alphanumeric() || byte as u8 == b'_';
        byte += 1;
    }
    table
};

/// The character of UTF-8 text that begins at `at`, and its length.
fn char_at(text: &[u8], at: usize) -> (char, usize) {
    let length = match text[at] {
        0..0x80 => 1,
        0x80..0xE0 => 2,
        0xE0..0xF0 => 3,
        0xF0.. => 4,
    };
    let c = std::str::from_utf8(&text[at..at + length]).ok().and_then(|text| text.chars().next());
    (c.unwrap_or(char::REPLACEMENT_CHARACTER), length)
}

impl Scanner {
    pub(crate) fn new(tfidf: &Tfidf) -> Self {
        let (words, chars) = tfidf.vocabularies();
        let first_char = words.len() as u32;
        let params = tfidf.params();
        let ngrams = (0..chars.len()).map(|id| (chars.term(id), first_char + id as u32));
        let mut signal_starts = vec![false; 1 << 16];
        for start in tfidf.signals().starts() {
            if let &[a, b, ..] = start.as_bytes() {
                signal_starts[usize::from(a) << 8 | usize::from(b)] = true;
            }
        }
        Scanner {
            words: params.word_ngrams.map(|range| Words::new(range, words, 0)),
            chars: params.char_ngrams.map(|range| Chars { range, ngrams: Strings::new(ngrams) }),
            signals: tfidf.signals().clone(),
            signal_starts,
        }
    }

    /// Finds the n-grams and signals of a sentence, as [`Tfidf::ngrams_by_appearance`] does.
    pub(crate) fn scan(&self, sentence: &str, scratch: &mut Scratch) {
        scratch.lower_case(sentence);
        let may_hold_signal = self.find_words(scratch);
        scratch.signals.clear();
        if may_hold_signal {
            let lower = &scratch.lower[..scratch.lower.len() - SLACK];
            let lower = std::str::from_utf8(lower).unwrap_or_default();
            scratch.signals.extend(self.signals.find(lower).into_iter().map(|(list, _)| list));
            scratch.signals.dedup();
        }
        self.count_words(scratch);
        self.count_chars(scratch);
    }

    /// Numbers the words; says whether any could begin a signal.
    fn find_words(&self, scratch: &mut Scratch) -> bool {
        let Scratch { lower, tokens, .. } = scratch;
        tokens.clear();
        let end = lower.len() - SLACK;
        let known = self.words.as_ref().map(|words| &words.tokens);
        let (mut at, mut may_hold_signal) = (0, false);
        while at < end {
            // Outside words.
            if !WORD[usize::from(lower[at])] {
                if lower[at].is_ascii() {
                    at += 1;
                    continue;
                }
                let (c, length) = char_at(lower, at);
                if !is_word_char(c) {
                    at += length;
                    continue;
                }
            }
            let (start, mut characters) = (at, 0);
            while at < end {
                if WORD[usize::from(lower[at])] {
                    at += 1;
                } else if lower[at].is_ascii() {
                    break;
                } else {
                    let (c, length) = char_at(lower, at);
                    if !is_word_char(c) {
                        break;
                    }
                    at += length;
                }
                characters += 1;
            }
            if characters >= 2 {
                let beginning = usize::from(lower[start]) << 8 | usize::from(lower[start + 1]);
                may_hold_signal |= self.signal_starts[beginning];
                tokens.push(known.map_or(NONE, |known| known.get(lower, start, at - start)));
            }
        }
        may_hold_signal
    }

    fn count_words(&self, scratch: &mut Scratch) {
        scratch.begin_block(0);
        let Some(words) = &self.words else { return };
        let (shortest, longest) = words.range.bounds();
        let tokens = std::mem::take(&mut scratch.tokens);
        let mut nodes = std::mem::take(&mut scratch.nodes);
        nodes.clear();
        nodes.extend_from_slice(&tokens);
        for n in 1..=longest.min(tokens.len()) {
            nodes.truncate(tokens.len() + 1 - n);
            for (node, &last) in nodes.iter_mut().zip(&tokens[n - 1..]) {
                if n > 1 && *node != NONE {
                    let key = (*node, last);
                    *node = match last {
                        NONE => NONE,
                        _ => words.edges.get(key, edge_hash(key)),
                    };
                }
                if n >= shortest && *node != NONE {
                    let column = words.columns[*node as usize];
                    if column != NONE {
                        scratch.count(0, column);
                    }
                }
            }
        }
        (scratch.tokens, scratch.nodes) = (tokens, nodes);
    }

    fn count_chars(&self, scratch: &mut Scratch) {
        scratch.begin_block(1);
        let Some(chars) = &self.chars else { return };
        let lower = std::mem::take(&mut scratch.lower);
        let end = lower.len() - SLACK;
        let mut at = 0;
        while at < end {
            let space = |at: usize| match lower[at] {
                byte if byte.is_ascii() => (is_space(char::from(byte)), 1),
                _ => {
                    let (c, length) = char_at(&lower, at);
                    (is_space(c), length)
                }
            };
            let start = at;
            while at < end {
                let (is_space, length) = space(at);
                if is_space {
                    break;
                }
                at += length;
            }
            if start < at {
                self.count_chars_of(chars, &lower[start..at], scratch);
            } else {
                at += space(at).1;
            }
        }
        scratch.lower = lower;
    }

    /// The n-grams of one word between blanks, as `features::ngram::char_ngrams` forms them.
    fn count_chars_of(&self, chars: &Chars, word: &[u8], scratch: &mut Scratch) {
        let mut padded = std::mem::take(&mut scratch.padded);
        padded.clear();
        padded.push(b' ');
        padded.extend_from_slice(word);
        padded.push(b' ');
        let end = padded.len();
        padded.extend_from_slice(&[0; SLACK]);
        let mut bounds = std::mem::take(&mut scratch.bounds);
        bounds.clear();
        // Continuation bytes begin no character.
        bounds.extend((0..end).filter(|&at| padded[at] & 0xC0 != 0x80));
        bounds.push(end);
        let length = bounds.len() - 1;
        let (shortest, longest) = chars.range.bounds();
        for n in shortest..=longest {
            for first in 0..=length.saturating_sub(n) {
                let (start, end) = (bounds[first], bounds[(first + n).min(length)]);
                let column = chars.ngrams.get(&padded, start, end - start);
                if column != NONE {
                    scratch.count(1, column);
                }
            }
            if length <= n {
                break;
            }
        }
        (scratch.padded, scratch.bounds) = (padded, bounds);
    }
}
