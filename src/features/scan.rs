//! The known n-grams of a sentence, found without building strings.
//!
//! [`Scanner`] is compiled from a fitted [`Tfidf`]. It lower-cases into a buffer that is used again
//! for every sentence, turns words into numbers, and finds longer n-grams by the numbers of their
//! parts. Every key is compared in full, so that no collision of hashes can change a result.

use std::collections::HashMap;

use super::ngram_table::{
    MULTIPLIER, NONE, PAYLOAD_HEAD, Payload, SLACK, ShortKey, Strings, Table,
};
use super::{NgramRange, Signals, Tfidf, Vocabulary};
use crate::text::{is_space, is_word_char};

/// Word n-grams as a tree: an n-gram is the node of its first n−1 words and its last word.
#[derive(Debug, Clone)]
struct Words {
    range: NgramRange,
    /// Words, and their nodes: the first nodes are the words themselves.
    tokens: Strings,
    /// (node, word) and the node it leads to.
    edges: Table<2>,
}

fn edge_hash([node, word]: [u32; 2]) -> u64 {
    let joined = (u64::from(node) << 32) | u64::from(word);
    let mixed = joined.wrapping_mul(MULTIPLIER);
    (mixed ^ (mixed >> 32)).wrapping_mul(MULTIPLIER)
}

impl Words {
    fn new<'a>(
        range: NgramRange,
        vocabulary: &Vocabulary,
        numbers: usize,
        payload: &impl Fn(u32) -> Payload<'a>,
    ) -> Self {
        let mut tokens: HashMap<&str, u32> = HashMap::new();
        for id in 0..vocabulary.len() {
            for word in vocabulary.term(id).split(' ') {
                let next = tokens.len() as u32;
                tokens.entry(word).or_insert(next);
            }
        }
        let mut columns = vec![None; tokens.len()];
        let mut edges: HashMap<[u32; 2], u32> = HashMap::new();
        for id in 0..vocabulary.len() {
            let mut words = vocabulary.term(id).split(' ').map(|word| tokens[word]);
            let mut node = words.next().unwrap_or(NONE);
            for word in words {
                node = *edges.entry([node, word]).or_insert_with(|| {
                    columns.push(None);
                    columns.len() as u32 - 1
                });
            }
            columns[node as usize] = Some(id as u32);
        }
        let edges = edges.into_iter().map(|(edge, node)| (edge, node, columns[node as usize]));
        let edges = Table::new(edges.collect(), numbers, payload, edge_hash);
        let tokens = tokens.into_iter().map(|(word, node)| (word, node, columns[node as usize]));
        Words { range, tokens: Strings::new(tokens, numbers, payload), edges }
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
    numbers: usize,
}

/// An n-gram found in a sentence.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known<'a> {
    pub(crate) column: u32,
    pub(crate) count: u32,
    pub(crate) idf: f32,
    /// The bits of the numbers that stand with it.
    pub(crate) numbers: &'a [u32],
}

/// Buffers kept from sentence to sentence, so that nothing is allocated anew; and what was found in
/// the last one.
#[derive(Debug, Default)]
pub struct Scratch {
    /// The lower-cased sentence and its slack.
    lower: Vec<u8>,
    /// The words: beginning, length, hash, and the slot where the search for it begins.
    spans: Vec<(u32, u32, u64, u32)>,
    /// Where the payload of each word stands, or [`NOWHERE`].
    tokens: Vec<usize>,
    /// The n-grams to look for, with hash and first slot.
    edges: Vec<([u32; 2], u64, u32)>,
    /// The node of the n-gram that begins at each word.
    nodes: Vec<u32>,
    /// A word between blanks, and its slack.
    padded: Vec<u8>,
    /// Where the characters of `padded` begin.
    bounds: Vec<usize>,
    /// What was found, by block, in order of first appearance.
    found: [Vec<Hit>; 2],
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

    fn count(&mut self, block: usize, column: u32, shelf: Shelf, at: usize) {
        let mask = self.places.len() - 1;
        let found = &mut self.found[block];
        let mut place = (column.wrapping_mul(0x9E37_79B1) >> 8) as usize & mask;
        loop {
            let (round, known, position) = self.places[place];
            if round != self.round {
                break;
            }
            if known == column {
                found[position as usize].count += 1;
                return;
            }
            place = (place + 1) & mask;
        }
        self.places[place] = (self.round, column, found.len() as u32);
        found.push(Hit { column, count: 1, shelf, at });
        if 2 * found.len() > mask {
            self.grow(block);
        }
    }

    fn grow(&mut self, block: usize) {
        let size = 2 * self.places.len();
        self.places.clear();
        self.places.resize(size, (0, 0, 0));
        let found = std::mem::take(&mut self.found[block]);
        for (position, &Hit { column, .. }) in found.iter().enumerate() {
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

/// Where nothing stands.
const NOWHERE: usize = usize::MAX;

/// An n-gram found.
#[derive(Debug, Clone, Copy)]
struct Hit {
    column: u32,
    count: u32,
    shelf: Shelf,
    /// Where its payload stands.
    at: usize,
}

/// The table a payload stands in.
#[derive(Debug, Clone, Copy)]
enum Shelf {
    Tokens,
    Edges,
    Chars,
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
    /// Compiles the n-grams of `tfidf`; with each stand `numbers` numbers, a row of `table`.
    pub(crate) fn new(tfidf: &Tfidf, numbers: usize, table: &[f32]) -> Self {
        let (words, chars) = tfidf.vocabularies();
        let params = tfidf.params();
        let payload = |column: u32| Payload {
            column,
            idf: tfidf.idf()[column as usize],
            numbers: &table[column as usize * numbers..][..numbers],
        };
        let mut signal_starts = vec![false; 1 << 16];
        for start in tfidf.signals().starts() {
            if let &[a, b, ..] = start.as_bytes() {
                signal_starts[(usize::from(a) << 8) | usize::from(b)] = true;
            }
        }
        let chars = params.char_ngrams.map(|range| {
            let first = words.len() as u32;
            let columns = (0..chars.len() as u32).map(|id| first + id);
            let terms = columns.map(|at| (chars.term((at - first) as usize), at, Some(at)));
            let ngrams = Strings::new(terms, numbers, &payload);
            Chars { range, ngrams }
        });
        Scanner {
            words: params.word_ngrams.map(|range| Words::new(range, words, numbers, &payload)),
            chars,
            signals: tfidf.signals().clone(),
            signal_starts,
            numbers,
        }
    }

    /// What was found in a block: column, count, idf, and the numbers that stand with it.
    pub(crate) fn found<'a>(
        &'a self,
        scratch: &'a Scratch,
        block: usize,
    ) -> impl Iterator<Item = Known<'a>> {
        let tokens = self.words.as_ref().map_or(&[][..], |words| &words.tokens.table.entries);
        let edges = self.words.as_ref().map_or(&[][..], |words| &words.edges.entries);
        let chars = self.chars.as_ref().map_or(&[][..], |chars| &chars.ngrams.table.entries);
        scratch.found[block].iter().map(move |hit| {
            let shelf = match hit.shelf {
                Shelf::Tokens => tokens,
                Shelf::Edges => edges,
                Shelf::Chars => chars,
            };
            let payload = &shelf[hit.at..][..PAYLOAD_HEAD + self.numbers];
            Known {
                column: hit.column,
                count: hit.count,
                idf: f32::from_bits(payload[1]),
                numbers: &payload[PAYLOAD_HEAD..],
            }
        })
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
        let Scratch { lower, tokens, spans, .. } = scratch;
        spans.clear();
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
                let beginning = (usize::from(lower[start]) << 8) | usize::from(lower[start + 1]);
                may_hold_signal |= self.signal_starts[beginning];
                if let Some(known) = known {
                    let key = ShortKey::at(lower, start, at - start);
                    let hash = key.map_or(0, ShortKey::hash);
                    let slot = known.table.first_slot(hash);
                    spans.push((start as u32, (at - start) as u32, hash, slot));
                }
            }
        }
        tokens.clear();
        if let Some(known) = known {
            tokens.extend(spans.iter().map(|&(start, length, hash, slot)| {
                let (start, length) = (start as usize, length as usize);
                let found = match ShortKey::at(lower, start, length) {
                    Some(key) => known.table.find_from(key.words(), hash, slot),
                    None => known.find(lower, start, length),
                };
                found.unwrap_or(NOWHERE)
            }));
        }
        may_hold_signal
    }

    fn count_words(&self, scratch: &mut Scratch) {
        scratch.begin_block(0);
        let Some(words) = &self.words else { return };
        let (shortest, longest) = words.range.bounds();
        let tokens = std::mem::take(&mut scratch.tokens);
        let mut nodes = std::mem::take(&mut scratch.nodes);
        let mut edges = std::mem::take(&mut scratch.edges);
        nodes.clear();
        for &at in &tokens {
            nodes.push(if at == NOWHERE { NONE } else { words.tokens.table.value(at) });
            if shortest == 1 && at != NOWHERE {
                let column = words.tokens.table.entries[at];
                if column != NONE {
                    scratch.count(0, column, Shelf::Tokens, at);
                }
            }
        }
        for n in 2..=longest.min(tokens.len()) {
            nodes.truncate(tokens.len() + 1 - n);
            edges.clear();
            edges.extend(nodes.iter().zip(&tokens[n - 1..]).map(|(&node, &last)| {
                let word = if last == NOWHERE { NONE } else { words.tokens.table.value(last) };
                let edge = [node, word];
                let hash = edge_hash(edge);
                (edge, hash, words.edges.first_slot(hash))
            }));
            for (node, &(edge, hash, slot)) in nodes.iter_mut().zip(&edges) {
                // An edge from or to nowhere is in no table.
                *node = NONE;
                if let Some(at) = words.edges.find_from(edge, hash, slot) {
                    *node = words.edges.value(at);
                    let column = words.edges.entries[at];
                    if n >= shortest && column != NONE {
                        scratch.count(0, column, Shelf::Edges, at);
                    }
                }
            }
        }
        scratch.edges = edges;
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
                if let Some(at) = chars.ngrams.find(&padded, start, end - start) {
                    scratch.count(1, chars.ngrams.table.value(at), Shelf::Chars, at);
                }
            }
            if length <= n {
                break;
            }
        }
        (scratch.padded, scratch.bounds) = (padded, bounds);
    }
}
