//! The known n-grams of a sentence, found without building strings.
//!
//! [`Scanner`] is compiled from a fitted [`Tfidf`]. It lower-cases into a buffer that is used again
//! for every sentence, turns words into numbers, and finds longer n-grams by the numbers of their
//! parts. Every key is compared in full, so that no collision of hashes can change a result.

use std::ops::Range;

use rustc_hash::FxHashMap;

use super::ngram_table::{Filter, NONE, Sought, Strings, Table, pair, unpair, word_at, word_hash};
use super::{NgramRange, Signals, Tfidf, Vocabulary};
use crate::text::{LowerWords, SLACK, is_space};

/// Word n-grams as a tree: an n-gram is the node of its first n−1 words and its last word.
#[derive(Debug, Clone)]
struct Words {
    range: NgramRange,
    /// Words, their nodes and ranks.
    tokens: Strings,
    /// Node and word, the node they lead to and its rank.
    edges: Table<1, 2>,
    /// Most pairs of words are no n-gram: this tells without a look into the table.
    known_edges: Filter,
}

impl Words {
    /// `ranks` are those of the n-grams of the vocabulary.
    fn new(range: NgramRange, vocabulary: &Vocabulary, ranks: &[u32]) -> Self {
        let mut tokens: FxHashMap<&str, u32> = FxHashMap::default();
        for id in 0..vocabulary.len() {
            for word in vocabulary.term(id).split(' ') {
                let next = tokens.len() as u32;
                tokens.entry(word).or_insert(next);
            }
        }
        // By node; a node that is no n-gram of the vocabulary but leads to one has none.
        let mut rank_of = vec![NONE; tokens.len()];
        let mut edges: Vec<[u32; 3]> = Vec::new();
        // Terms are sorted, a blank before all other characters: those that begin with the same
        // words follow one another. The words of the last one, and the nodes they lead to.
        let mut path: Vec<(u32, u32)> = Vec::new();
        for (id, &rank) in ranks.iter().enumerate() {
            for (depth, word) in vocabulary.term(id).split(' ').enumerate() {
                let word = tokens[word];
                if path.get(depth).is_some_and(|&(known, _)| known == word) {
                    continue;
                }
                path.truncate(depth);
                let node = match path.last() {
                    None => word,
                    Some(&(_, from)) => {
                        rank_of.push(NONE);
                        edges.push([from, word, rank_of.len() as u32 - 1]);
                        rank_of.len() as u32 - 1
                    }
                };
                path.push((word, node));
            }
            path.truncate(vocabulary.term(id).split(' ').count());
            if let Some(&(_, node)) = path.last() {
                rank_of[node as usize] = rank;
            }
        }
        let with_rank = |node: u32| pair(node, rank_of[node as usize]);
        let rank = |value: u64| unpair(value).1;
        let mut edges: Vec<[u64; 2]> = edges
            .into_iter()
            .map(|[from, word, node]| [pair(from, word), with_rank(node)])
            .collect();
        edges.sort_unstable_by_key(|&[edge, value]| (rank(value), edge));
        let known_edges =
            Filter::new(edges.len(), edges.iter().map(|&[edge, _]| word_hash([edge])));
        let mut tokens: Vec<(&str, u64)> =
            tokens.into_iter().map(|(word, node)| (word, with_rank(node))).collect();
        tokens.sort_unstable_by_key(|&(word, value)| (rank(value), word));
        Words {
            range,
            tokens: Strings::new(tokens.into_iter()),
            edges: Table::new(edges.into_iter(), word_hash),
            known_edges,
        }
    }
}

/// Character n-grams inside words.
#[derive(Debug, Clone)]
struct Chars {
    range: NgramRange,
    /// Those of up to seven bytes, which are nearly all.
    short: Table<1, 2>,
    long: Strings,
}

/// Up to seven bytes and their number.
fn byte_key(text: &[u8], start: usize, length: usize) -> u64 {
    word_at(text, start, length) | ((length as u64) << 56)
}

/// The most bytes of a [`byte_key`].
const SHORT: usize = 7;

impl Chars {
    fn new(range: NgramRange, vocabulary: &Vocabulary, ranks: &[u32]) -> Self {
        let mut order: Vec<usize> = (0..vocabulary.len()).collect();
        order.sort_unstable_by_key(|&id| ranks[id]);
        let (mut short, mut long, mut padded) = (Vec::new(), Vec::new(), Vec::new());
        for id in order {
            let (term, rank) = (vocabulary.term(id), ranks[id]);
            if term.len() > SHORT {
                long.push((term, pair(NONE, rank)));
                continue;
            }
            padded.clear();
            padded.extend_from_slice(term.as_bytes());
            padded.extend_from_slice(&[0; SLACK]);
            short.push([byte_key(&padded, 0, term.len()), u64::from(rank)]);
        }
        let short = Table::new(short.into_iter(), word_hash);
        Chars { range, short, long: Strings::new(long.into_iter()) }
    }
}

/// Finds the known n-grams of sentences. It calls a column by its rank, the most frequent first: what
/// is often needed then stands together.
#[derive(Debug, Clone)]
pub(crate) struct Scanner {
    words: Option<Words>,
    chars: Option<Chars>,
    signals: Signals,
    /// The columns by rank.
    columns: Vec<u32>,
}

/// Buffers kept from sentence to sentence, so that nothing is allocated anew; and what was found in
/// the last one.
#[derive(Debug, Default)]
pub struct Scratch {
    sentence: LowerWords,
    /// The words, looked up.
    keys: Vec<Sought<3>>,
    /// The node of each word, and of the n-gram that begins there.
    ends: Vec<u32>,
    nodes: Vec<u32>,
    /// The longer n-grams that may be known: their first word, key and hash; and looked up.
    possible: Vec<(u32, u64, u64)>,
    edges: Vec<Sought<1>>,
    /// The words between blanks, a blank before and after each.
    padded: Vec<u8>,
    /// The n-grams of one of them, looked up.
    ngrams: Vec<Sought<1>>,
    /// Where its characters begin.
    bounds: Vec<usize>,
    /// What was found, by block: rank and count, in order of first appearance.
    found: [Vec<(u32, u32)>; 2],
    /// By the last bits of the rank: the round in which the place was taken last, and by what in
    /// `found`.
    places: Vec<(u32, u32)>,
    round: u32,
    /// The lists a signal of which is there.
    pub(crate) signals: Vec<usize>,
}

impl Scratch {
    /// The n-grams found in a block, by rank, each with its count, in order of first appearance.
    pub(crate) fn found(&self, block: usize) -> &[(u32, u32)] {
        &self.found[block]
    }

    /// Forgets what was found.
    fn begin(&mut self) {
        self.found.iter_mut().for_each(Vec::clear);
        self.signals.clear();
        self.begin_round();
    }

    /// Empties all places. Blocks have rounds of their own.
    fn begin_round(&mut self) {
        self.round = self.round.wrapping_add(1);
        if self.places.is_empty() || self.round == 0 {
            let size = self.places.len().max(1024);
            self.places.clear();
            self.places.resize(size, (0, 0));
            self.round = 1;
        }
    }

    /// Counts an n-gram; one without rank is none.
    #[inline]
    fn count(&mut self, block: usize, rank: u32) {
        if rank == NONE {
            return;
        }
        let found = &mut self.found[block];
        let mask = self.places.len() - 1;
        let mut at = rank as usize & mask;
        while self.places[at].0 == self.round {
            let known = &mut found[self.places[at].1 as usize];
            if known.0 == rank {
                known.1 += 1;
                return;
            }
            at = (at + 1) & mask;
        }
        self.places[at] = (self.round, found.len() as u32);
        found.push((rank, 1));
        if 2 * found.len() > mask {
            self.grow(block);
        }
    }

    #[cold]
    fn grow(&mut self, block: usize) {
        let size = 2 * self.places.len();
        self.places.clear();
        self.places.resize(size, (0, 0));
        for (position, &(rank, _)) in self.found[block].iter().enumerate() {
            let mut at = rank as usize & (size - 1);
            while self.places[at].0 == self.round {
                at = (at + 1) & (size - 1);
            }
            self.places[at] = (self.round, position as u32);
        }
    }
}

impl Scanner {
    /// Compiles the n-grams of `tfidf`.
    pub(crate) fn new(tfidf: &Tfidf) -> Self {
        let (words, chars) = tfidf.vocabularies();
        let params = tfidf.params();
        let idf = tfidf.idf();
        let mut columns: Vec<u32> = (0..idf.len() as u32).collect();
        // The smaller the idf, the more frequent.
        columns.sort_by(|&a, &b| idf[a as usize].total_cmp(&idf[b as usize]));
        let mut ranks = vec![0; columns.len()];
        for (rank, &column) in columns.iter().enumerate() {
            ranks[column as usize] = rank as u32;
        }
        let (of_words, of_chars) = ranks.split_at(words.len());
        Scanner {
            words: params.word_ngrams.map(|range| Words::new(range, words, of_words)),
            chars: params.char_ngrams.map(|range| Chars::new(range, chars, of_chars)),
            signals: tfidf.signals().clone(),
            columns,
        }
    }

    /// The columns by rank.
    pub(crate) fn columns(&self) -> &[u32] {
        &self.columns
    }

    /// Finds the n-grams and signals of a sentence, as [`Tfidf::ngrams_by_appearance`] does.
    pub(crate) fn scan(&self, sentence: &str, scratch: &mut Scratch) {
        scratch.sentence.read(sentence);
        scratch.begin();
        self.signals.find_lists(&scratch.sentence, &mut scratch.signals);
        if let Some(words) = &self.words {
            words.count(scratch);
        }
        if let Some(chars) = &self.chars {
            scratch.begin_round();
            chars.count_all(scratch);
        }
    }
}

impl Words {
    fn count(&self, scratch: &mut Scratch) {
        self.count_tokens(scratch);
        let (shortest, longest) = self.range.bounds();
        let words = scratch.ends.len();
        scratch.nodes.clear();
        scratch.nodes.extend_from_slice(&scratch.ends);
        for n in 2..=longest.min(words) {
            scratch.nodes.truncate(words + 1 - n);
            let possible = self.seek_edges(scratch, n);
            scratch.nodes.fill(NONE);
            for index in 0..possible {
                // For an edge from or to nowhere there is no node and no rank either.
                if let Some(&[_, value]) = self.edges.find(&scratch.edges[index]) {
                    let (node, rank) = unpair(value);
                    scratch.nodes[scratch.possible[index].0 as usize] = node;
                    if n >= shortest {
                        scratch.count(0, rank);
                    }
                }
            }
        }
    }

    /// Numbers the words, and counts them where they are n-grams.
    fn count_tokens(&self, scratch: &mut Scratch) {
        let Scratch { sentence, keys, .. } = scratch;
        let text = sentence.padded();
        keys.clear();
        keys.extend(
            sentence
                .words()
                .iter()
                .map(|&(start, length)| self.tokens.seek(text, start as usize, length as usize)),
        );
        scratch.ends.clear();
        let counts = self.range.bounds().0 == 1;
        for index in 0..scratch.keys.len() {
            let (start, length) = scratch.sentence.words()[index];
            let text = scratch.sentence.padded();
            let sought = &scratch.keys[index];
            let (node, rank) = self.tokens.find(sought, text, start as usize, length as usize);
            scratch.ends.push(node);
            if counts {
                scratch.count(0, rank);
            }
        }
    }

    /// Begins the search for the edges from `nodes` to the words after them, where they may be
    /// known; says how many may.
    fn seek_edges(&self, scratch: &mut Scratch, n: usize) -> usize {
        let Scratch { nodes, ends, possible, edges, .. } = scratch;
        if possible.len() < nodes.len() {
            possible.resize(nodes.len(), (0, 0, 0));
        }
        let mut count = 0;
        for (first, (&node, &word)) in nodes.iter().zip(&ends[n - 1..]).enumerate() {
            let edge = pair(node, word);
            let hash = word_hash([edge]);
            // Written over by the next where it is not known: no branch to be guessed wrong.
            possible[count] = (first as u32, edge, hash);
            count += usize::from(self.known_edges.may_hold(hash));
        }
        edges.clear();
        edges
            .extend(possible[..count].iter().map(|&(_, edge, hash)| self.edges.seek([edge], hash)));
        count
    }
}

impl Chars {
    fn count_all(&self, scratch: &mut Scratch) {
        let mut padded = std::mem::take(&mut scratch.padded);
        padded.clear();
        padded.push(b' ');
        for word in scratch.sentence.text().split(is_space).filter(|word| !word.is_empty()) {
            padded.extend_from_slice(word.as_bytes());
            padded.push(b' ');
        }
        let end = padded.len();
        padded.extend_from_slice(&[0; SLACK]);
        let mut start = 0;
        while let Some(length) = padded[start + 1..end].iter().position(|&byte| byte == b' ') {
            let word = start..start + length + 2;
            if self.range.bounds().1 <= SHORT && padded[word.clone()].is_ascii() {
                self.count_ascii(&padded, word, scratch);
            } else {
                self.count(&padded, word, scratch);
            }
            start += length + 1;
        }
        scratch.padded = padded;
    }

    /// Counts the n-grams of a word of ASCII, blanks included.
    fn count_ascii(&self, padded: &[u8], word: Range<usize>, scratch: &mut Scratch) {
        let (shortest, longest) = self.range.bounds();
        scratch.ngrams.clear();
        for n in shortest..=longest {
            let length = n.min(word.len());
            scratch.ngrams.extend((word.start..=word.end - length).map(|at| {
                let key = [byte_key(padded, at, length)];
                self.short.seek(key, word_hash(key))
            }));
            if word.len() <= n {
                break;
            }
        }
        for index in 0..scratch.ngrams.len() {
            if let Some(&[_, rank]) = self.short.find(&scratch.ngrams[index]) {
                scratch.count(1, rank as u32);
            }
        }
    }

    /// Counts the n-grams of a word, blanks included, as `features::ngram::char_ngrams` forms them.
    fn count(&self, padded: &[u8], word: Range<usize>, scratch: &mut Scratch) {
        let mut bounds = std::mem::take(&mut scratch.bounds);
        bounds.clear();
        // Continuation bytes begin no character.
        bounds.extend(word.clone().filter(|&at| padded[at] & 0xC0 != 0x80));
        bounds.push(word.end);
        let characters = bounds.len() - 1;
        let (shortest, longest) = self.range.bounds();
        for n in shortest..=longest {
            for first in 0..=characters.saturating_sub(n) {
                let start = bounds[first];
                let length = bounds[(first + n).min(characters)] - start;
                scratch.count(1, self.rank(padded, start, length));
            }
            if characters <= n {
                break;
            }
        }
        scratch.bounds = bounds;
    }

    fn rank(&self, padded: &[u8], start: usize, length: usize) -> u32 {
        if length <= SHORT {
            let key = [byte_key(padded, start, length)];
            let sought = self.short.seek(key, word_hash(key));
            self.short.find(&sought).map_or(NONE, |entry| entry[1] as u32)
        } else {
            let sought = self.long.seek(padded, start, length);
            self.long.find(&sought, padded, start, length).1
        }
    }
}
