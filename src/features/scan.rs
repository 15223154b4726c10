//! The known n-grams of a sentence, found without building strings.
//!
//! [`Scanner`] is compiled from a fitted [`Tfidf`]. It lower-cases into a buffer that is used again
//! for every sentence, turns words into places in a table, and finds longer n-grams by the places of
//! their parts. Every key is compared in full, so that no collision of hashes can change a result.

use std::ops::Range;

use rustc_hash::FxHashMap;

use super::ngram_table::{
    Filter, NONE, SHORT, Slots, Sought, Strings, Table, hash, key_of, pair, short_key,
};
use super::{NgramRange, Signals, Tfidf, Vocabulary};
use crate::text::{LowerWords, SLACK, is_space};

/// Writes what a scorer needs of a column into the row of its n-gram.
type FillRow<'a> = dyn Fn(u32, &mut [f32]) + 'a;

/// Fills the row of an n-gram that was placed, if it is of the vocabulary; returns its place.
fn fill_row((place, row): (u32, &mut [f32]), column: u32, fill: &FillRow<'_>) -> u32 {
    if column != NONE {
        fill(column, row);
    }
    place
}

/// Word n-grams as a tree: an n-gram is its first n−1 words and its last word.
#[derive(Debug, Clone)]
struct Words {
    range: NgramRange,
    words: Strings,
    /// By the places of the shorter n-gram and of the word after it.
    longer: Table<1>,
    /// Most neighbouring words are no n-gram: this tells without a look into the table.
    known: Filter,
}

/// An n-gram of the tree, by its level: that of one word less and the word after it; and its column,
/// or [`NONE`] where it only leads to longer ones.
struct Node {
    before: u32,
    word: u32,
    column: u32,
}

/// The levels of the tree, words first, and the words by number.
fn tree(vocabulary: &Vocabulary) -> (Vec<Vec<Node>>, Vec<&[u8]>) {
    let mut numbers: FxHashMap<&[u8], u32> = FxHashMap::default();
    let (mut levels, mut words) = (vec![Vec::new()], Vec::new());
    // Terms are sorted, a blank before all other characters: those that begin with the same words
    // follow one another. The words of the last one, and their nodes.
    let mut path: Vec<(&[u8], u32)> = Vec::new();
    for id in 0..vocabulary.len() {
        let mut length = 0;
        for (depth, word) in vocabulary.bytes(id).split(|&byte| byte == b' ').enumerate() {
            length = depth + 1;
            if path.get(depth).is_some_and(|&(known, _)| known == word) {
                continue;
            }
            path.truncate(depth);
            let number = *numbers.entry(word).or_insert_with(|| {
                words.push(word);
                levels[0].push(Node { before: NONE, word: words.len() as u32 - 1, column: NONE });
                words.len() as u32 - 1
            });
            let node = match path.last() {
                None => number,
                Some(&(_, before)) => {
                    if levels.len() == depth {
                        levels.push(Vec::new());
                    }
                    levels[depth].push(Node { before, word: number, column: NONE });
                    levels[depth].len() as u32 - 1
                }
            };
            path.push((word, node));
        }
        path.truncate(length);
        if let Some(&(_, node)) = path.last() {
            levels[length - 1][node as usize].column = id as u32;
        }
    }
    (levels, words)
}

/// The indices of n-grams with these columns, the most frequent first: those of the smallest idf.
fn by_frequency(columns: impl Iterator<Item = u32>, idf: &[f32]) -> Vec<usize> {
    // The bits of positive numbers are in the order of the numbers.
    let rank = |column: u32| idf.get(column as usize).map_or(NONE, |idf| idf.to_bits());
    let ranked = columns.zip(0_u64..).map(|(column, index)| u64::from(rank(column)) << 32 | index);
    let mut ranked: Vec<u64> = ranked.collect();
    ranked.sort_unstable();
    ranked.into_iter().map(|ranked| ranked as u32 as usize).collect()
}

impl Words {
    /// `idf` is by column.
    fn new(
        range: NgramRange,
        vocabulary: &Vocabulary,
        idf: &[f32],
        slots: &mut Slots,
        fill: &FillRow<'_>,
    ) -> Self {
        let (levels, strings) = tree(vocabulary);
        let in_order = |nodes: &[Node]| by_frequency(nodes.iter().map(|node| node.column), idf);
        let mut words = Strings::new(slots, strings.len());
        let mut of_words = vec![NONE; strings.len()];
        for node in in_order(&levels[0]) {
            let column = levels[0][node].column;
            of_words[node] = fill_row(words.insert(slots, strings[node], column), column, fill);
        }
        let count = levels[1..].iter().map(Vec::len).sum();
        let longer = Table::new(slots, count);
        let mut hashes = Vec::with_capacity(count);
        let mut before = of_words.clone();
        for nodes in &levels[1..] {
            let mut places = vec![NONE; nodes.len()];
            for node in in_order(nodes) {
                let Node { before: from, word, column } = nodes[node];
                let key = pair(before[from as usize], of_words[word as usize]);
                hashes.push(hash(&key));
                places[node] = fill_row(longer.insert(slots, key, column), column, fill);
            }
            before = places;
        }
        Words { range, words, longer, known: Filter::new(hashes.into_iter()) }
    }
}

/// Character n-grams inside words.
#[derive(Debug, Clone)]
struct Chars {
    range: NgramRange,
    /// Those of up to [`SHORT`] bytes, which are nearly all.
    short: Table<1>,
    long: Strings,
}

/// More searches than this are not begun before the first is ended: what they need would drive out
/// what the first ones need.
const TOGETHER: usize = 64;

impl Chars {
    /// `idf` is by column; the columns of the vocabulary begin at `first`.
    fn new(
        range: NgramRange,
        (vocabulary, first): (&Vocabulary, usize),
        idf: &[f32],
        slots: &mut Slots,
        fill: &FillRow<'_>,
    ) -> Self {
        let columns = first as u32..(first + vocabulary.len()) as u32;
        let is_short = |id: &usize| vocabulary.bytes(*id).len() <= SHORT;
        let count = (0..vocabulary.len()).filter(is_short).count();
        let short = Table::new(slots, count);
        let mut long = Strings::new(slots, vocabulary.len() - count);
        let mut padded = Vec::new();
        for id in by_frequency(columns, idf) {
            let (term, column) = (vocabulary.bytes(id), (first + id) as u32);
            padded.clear();
            padded.extend_from_slice(term);
            padded.extend_from_slice(&[0; SLACK]);
            let placed = match key_of(&padded, 0, term.len()) {
                Some(key) => short.insert(slots, key, column),
                None => long.insert(slots, term, column),
            };
            fill_row(placed, column, fill);
        }
        Chars { range, short, long }
    }
}

/// Finds the known n-grams of sentences, each by the place of its row among the numbers of all.
#[derive(Debug, Clone)]
pub(crate) struct Scanner {
    slots: Slots,
    words: Option<Words>,
    chars: Option<Chars>,
    signals: Signals,
}

/// Buffers kept from sentence to sentence, so that nothing is allocated anew; and what was found in
/// the last one.
#[derive(Debug, Default)]
pub struct Scratch {
    sentence: LowerWords,
    /// The words, looked up.
    keys: Vec<Sought<2>>,
    /// The place of each word, and of the n-gram that begins there.
    ends: Vec<u32>,
    ngrams_there: Vec<u32>,
    /// The longer n-grams that may be known: their first word, and looked up. Behind `possible` of
    /// them what was there before.
    longer: Vec<(u32, Sought<1>)>,
    possible: usize,
    /// The words between blanks, a blank before and after each.
    padded: Vec<u8>,
    /// Their n-grams, looked up.
    ngrams: Vec<Sought<1>>,
    /// Where its characters begin.
    bounds: Vec<usize>,
    /// What was found, by block.
    found: [Counts; 2],
    /// The lists a signal of which is there.
    pub(crate) signals: Vec<usize>,
}

impl Scratch {
    /// The n-grams found in a block, by the place of their rows, each with its count, in order of
    /// first appearance.
    pub(crate) fn found(&self, block: usize) -> &[(u32, u32)] {
        let Counts { found, length, .. } = &self.found[block];
        &found[..*length]
    }
}

/// N-grams and how often each was found.
#[derive(Debug, Default)]
struct Counts {
    /// Place and count, in order of first appearance; behind `length` of them what was there before.
    found: Vec<(u32, u32)>,
    length: usize,
    /// By the last bits of the place: the round in which the entry was taken last, and by what in
    /// `found`. A power of two of them, twice as many as `found` can hold.
    taken: Vec<(u32, u32)>,
    round: u32,
}

impl Counts {
    /// Forgets what was found.
    fn clear(&mut self) {
        self.length = 0;
        self.round = self.round.wrapping_add(1);
        if self.taken.is_empty() || self.round == 0 {
            self.taken = vec![(0, 0); self.taken.len().max(512)];
            self.found.resize(self.taken.len() / 2, (NONE, 0));
            self.round = 1;
        }
    }

    /// Counts the n-gram with its row at a place; [`NONE`] is none.
    #[inline]
    fn add(&mut self, place: u32) {
        if place == NONE {
            return;
        }
        let mask = self.taken.len() - 1;
        let mut at = entry(place) & mask;
        while self.taken[at].0 == self.round {
            let known = &mut self.found[self.taken[at].1 as usize];
            if known.0 == place {
                known.1 += 1;
                return;
            }
            at = (at + 1) & mask;
        }
        if self.length == self.found.len() {
            self.grow();
            return self.add(place);
        }
        self.taken[at] = (self.round, self.length as u32);
        self.found[self.length] = (place, 1);
        self.length += 1;
    }

    #[cold]
    fn grow(&mut self) {
        let size = 2 * self.taken.len();
        self.taken.clear();
        self.taken.resize(size, (0, 0));
        self.found.resize(size / 2, (NONE, 0));
        for (position, &(place, _)) in self.found[..self.length].iter().enumerate() {
            let mut at = entry(place) & (size - 1);
            while self.taken[at].0 == self.round {
                at = (at + 1) & (size - 1);
            }
            self.taken[at] = (self.round, position as u32);
        }
    }
}

/// Where `taken` is looked at for a place, but for its size. No two rows begin within eight numbers.
fn entry(place: u32) -> usize {
    (place / 8) as usize
}

impl Scanner {
    /// Compiles the n-grams of `tfidf`, each with a row of `width` numbers that `fill` writes for
    /// its column.
    pub(crate) fn new(tfidf: &Tfidf, width: usize, fill: &FillRow<'_>) -> Self {
        let (words, chars) = tfidf.vocabularies();
        let params = tfidf.params();
        let idf = tfidf.idf();
        let mut slots = Slots::new(width);
        Scanner {
            words: params.word_ngrams.map(|range| Words::new(range, words, idf, &mut slots, fill)),
            chars: params
                .char_ngrams
                .map(|range| Chars::new(range, (chars, words.len()), idf, &mut slots, fill)),
            signals: tfidf.signals().clone(),
            slots,
        }
    }

    /// All numbers: a row begins at its place.
    pub(crate) fn numbers(&self) -> &[f32] {
        self.slots.numbers()
    }

    /// The column of the n-gram with its row at a place; `None` for a word that only leads to longer
    /// n-grams.
    pub(crate) fn column(&self, place: u32) -> Option<u32> {
        self.slots.column(place)
    }

    /// Finds the n-grams and signals of a sentence. Among them may be words that only lead to longer
    /// n-grams: all numbers of their rows are 0.
    pub(crate) fn scan(&self, sentence: &str, scratch: &mut Scratch) {
        scratch.sentence.read(sentence);
        scratch.found.iter_mut().for_each(Counts::clear);
        scratch.signals.clear();
        self.signals.find_lists(&scratch.sentence, &mut scratch.signals);
        if let Some(words) = &self.words {
            words.count(&self.slots, scratch);
        }
        if let Some(chars) = &self.chars {
            chars.count_all(&self.slots, scratch);
        }
    }
}

impl Words {
    fn count(&self, slots: &Slots, scratch: &mut Scratch) {
        self.find_words(slots, scratch);
        let (shortest, longest) = self.range.bounds();
        let words = scratch.ends.len();
        scratch.ngrams_there.clear();
        scratch.ngrams_there.extend_from_slice(&scratch.ends);
        self.seek_longer(slots, scratch, 2);
        if shortest == 1 {
            scratch.ends.iter().for_each(|&place| scratch.found[0].add(place));
        }
        for n in 2..=longest.min(words) {
            let Scratch { ngrams_there, longer, possible, found, .. } = scratch;
            ngrams_there.fill(NONE);
            for (first, sought) in &longer[..*possible] {
                let place = self.longer.find(slots, sought);
                ngrams_there[*first as usize] = place;
                if n >= shortest {
                    found[0].add(place);
                }
            }
            self.seek_longer(slots, scratch, n + 1);
        }
    }

    /// Finds the places of the words.
    fn find_words(&self, slots: &Slots, scratch: &mut Scratch) {
        let Scratch { sentence, keys, ends, .. } = scratch;
        let (words, text) = (sentence.words(), sentence.padded());
        keys.clear();
        keys.extend(words.iter().map(|&[start, end]| {
            let sought = self.words.seek(text, start as usize, (end - start) as usize);
            sought.prefetch(slots);
            sought
        }));
        ends.clear();
        ends.extend(keys.iter().zip(words).map(
            |(sought, &[start, end])| match sought.place(slots) {
                Some(place) => place,
                None => {
                    self.words.find_elsewhere(slots, sought, &text[start as usize..end as usize])
                }
            },
        ));
    }

    /// Begins the search for the n-grams of `n` words, where they may be known, if any are sought.
    fn seek_longer(&self, slots: &Slots, scratch: &mut Scratch, n: usize) {
        let Scratch { ngrams_there, ends, longer, possible, .. } = scratch;
        if n > self.range.bounds().1 || n > ends.len() {
            return;
        }
        ngrams_there.truncate(ends.len() + 1 - n);
        if longer.len() < ngrams_there.len() {
            longer.resize(ngrams_there.len(), (0, self.longer.seek([0], 0)));
        }
        let mut count = 0;
        for (first, (&before, &word)) in ngrams_there.iter().zip(&ends[n - 1..]).enumerate() {
            let key = pair(before, word);
            let hash = hash(&key);
            // Written over by the next where it is not known: no branch to be guessed wrong.
            longer[count] = (first as u32, self.longer.seek(key, hash));
            count += usize::from(self.known.may_hold(hash));
        }
        longer[..count].iter().for_each(|(_, sought)| sought.prefetch(slots));
        *possible = count;
    }
}

impl Chars {
    fn count_all(&self, slots: &Slots, scratch: &mut Scratch) {
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
                self.seek_ascii(slots, &padded, word, &mut scratch.ngrams);
            } else {
                self.count_sought(slots, scratch);
                self.count(slots, &padded, word, scratch);
            }
            if scratch.ngrams.len() > TOGETHER {
                self.count_sought(slots, scratch);
            }
            start += length + 1;
        }
        self.count_sought(slots, scratch);
        scratch.padded = padded;
    }

    /// Begins the search for the n-grams of a word of ASCII, blanks included.
    fn seek_ascii(
        &self,
        slots: &Slots,
        padded: &[u8],
        word: Range<usize>,
        sought: &mut Vec<Sought<1>>,
    ) {
        let (shortest, longest) = self.range.bounds();
        for n in shortest..=longest {
            let length = n.min(word.len());
            sought.extend((word.start..word.end + 1 - length).map(|at| {
                let key = short_key(padded, at, length);
                let sought = self.short.seek(key, hash(&key));
                sought.prefetch(slots);
                sought
            }));
            if word.len() <= n {
                break;
            }
        }
    }

    /// Ends the searches begun, and counts what was found.
    fn count_sought(&self, slots: &Slots, scratch: &mut Scratch) {
        for sought in scratch.ngrams.drain(..) {
            scratch.found[1].add(self.short.find(slots, &sought));
        }
    }

    /// Counts the n-grams of a word, blanks included, as `features::ngram::char_ngrams` forms them.
    fn count(&self, slots: &Slots, padded: &[u8], word: Range<usize>, scratch: &mut Scratch) {
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
                scratch.found[1].add(self.find(slots, padded, start, length));
            }
            if characters <= n {
                break;
            }
        }
        scratch.bounds = bounds;
    }

    fn find(&self, slots: &Slots, padded: &[u8], start: usize, length: usize) -> u32 {
        match key_of(padded, start, length) {
            Some(key) => self.short.find(slots, &self.short.seek(key, hash(&key))),
            None => {
                let sought = self.long.seek(padded, start, length);
                let string = &padded[start..start + length];
                let elsewhere = || self.long.find_elsewhere(slots, &sought, string);
                sought.place(slots).unwrap_or_else(elsewhere)
            }
        }
    }
}
