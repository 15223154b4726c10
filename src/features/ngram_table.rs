//! Tables that find an n-gram by its words or bytes, and beside it what its score is made of.
//!
//! Every key is compared in full, so that no collision of hashes can change a result.

use std::collections::HashMap;

use bytemuck::{Pod, Zeroable, cast_slice, cast_slice_mut};

use super::prefetch::prefetch;
use crate::text::SLACK;

/// No place, no column.
pub(super) const NONE: u32 = u32::MAX;

const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;

/// A line of the processor's caches.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
struct Line([u32; Line::NUMBERS]);

impl Line {
    const NUMBERS: usize = 16;
}

/// The slots of all tables: each is a key and the row of numbers that belong to the n-gram, so that
/// finding an n-gram fetches what is needed of it. No small slot lies in two lines.
#[derive(Debug, Clone)]
pub(super) struct Slots {
    lines: Vec<Line>,
    /// How many numbers a row has.
    width: usize,
    /// The column of the row that begins within each [`GRAIN`] numbers.
    columns: Vec<u32>,
}

/// The numbers of the smallest slot: at most one row begins within so many.
const GRAIN: usize = 8;

impl Slots {
    /// No slots, for rows of `width` numbers.
    pub(super) fn new(width: usize) -> Self {
        Slots { lines: Vec::new(), width, columns: Vec::new() }
    }

    /// All slots as numbers: rows are parts of them.
    pub(super) fn numbers(&self) -> &[f32] {
        cast_slice(&self.lines)
    }

    /// The column of the n-gram whose row begins at a place; `None` for one that has none.
    pub(super) fn column(&self, place: u32) -> Option<u32> {
        Some(self.columns[place as usize / GRAIN]).filter(|&column| column != NONE)
    }

    /// A word of a key.
    #[inline]
    fn word(&self, at: usize) -> u64 {
        cast_slice::<Line, u64>(&self.lines)[at / 2]
    }
}

/// The bits of a key that hold the bytes of a string of up to fifteen.
const MASKS: [[u64; 2]; 16] = {
    let mut masks = [[0; 2]; 16];
    let mut length = 1;
    while length < 16 {
        masks[length] = masks[length - 1];
        masks[length][(length - 1) / 8] |= 0xFF << (8 * ((length - 1) % 8));
        length += 1;
    }
    masks
};

/// A string of less than `8 · KEY` bytes as a key: its bytes, zeros, and the number of bytes in the
/// last one. `None` for a longer one. `text` has its [`SLACK`].
#[inline]
pub(super) fn key_of<const KEY: usize>(
    text: &[u8],
    start: usize,
    length: usize,
) -> Option<[u64; KEY]> {
    const { assert!(8 * KEY <= SLACK && KEY <= 2) }
    if length >= 8 * KEY {
        return None;
    }
    let masks = &MASKS[length];
    let words = text[start..start + 8 * KEY].as_chunks().0;
    let mut key = std::array::from_fn(|word| u64::from_le_bytes(words[word]) & masks[word]);
    key[KEY - 1] |= (length as u64) << 56;
    Some(key)
}

/// The most bytes of a key of one word.
pub(super) const SHORT: usize = 7;

/// [`key_of`] a string of up to [`SHORT`] bytes.
///
/// # Panics
///
/// For one of more than fifteen.
#[inline]
pub(super) fn short_key(text: &[u8], start: usize, length: usize) -> [u64; 1] {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&text[start..start + 8]);
    [u64::from_le_bytes(bytes) & MASKS[length][0] | (length as u64) << 56]
}

/// Two places as a key: that of an n-gram and that of the word after it.
#[inline]
pub(super) fn pair(ngram: u32, word: u32) -> [u64; 1] {
    [(u64::from(ngram) << 32) | u64::from(word)]
}

/// The hash of a key.
#[inline]
pub(super) fn hash<const KEY: usize>(key: &[u64; KEY]) -> u64 {
    let mut state = 0_u64;
    for word in key {
        state = (state.rotate_left(29) ^ word).wrapping_mul(MULTIPLIER);
    }
    (state ^ (state >> 32)).wrapping_mul(MULTIPLIER)
}

/// An open-addressed table of n-grams whose keys are `KEY` words, in [`Slots`].
#[derive(Debug, Clone)]
pub(super) struct Table<const KEY: usize> {
    /// The number where the first slot begins.
    first: usize,
    /// At most half of them are used. The last word of a key is 0 where a slot is free.
    slots: usize,
    /// The numbers of a slot are two to this.
    shift: u32,
}

/// A key that is looked up, and the slot where the search begins and mostly ends. To begin the
/// searches for many keys before ending the first lets the processor fetch together what they need.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sought<const KEY: usize> {
    key: [u64; KEY],
    at: usize,
}

impl<const KEY: usize> Sought<KEY> {
    /// Starts to fetch the slot.
    #[inline]
    pub(super) fn prefetch(&self, all: &Slots) {
        prefetch(&all.lines, self.at / Line::NUMBERS);
    }

    /// The place of the n-gram, where it is the one in the first slot.
    #[inline]
    pub(super) fn place(&self, all: &Slots) -> Option<u32> {
        let is_here = |word| all.word(self.at + 2 * word) == self.key[word];
        (0..KEY).all(is_here).then_some((self.at + 2 * KEY) as u32)
    }
}

impl<const KEY: usize> Table<KEY> {
    /// A table for so many n-grams.
    pub(super) fn new(all: &mut Slots, count: usize) -> Self {
        let numbers = (2 * KEY + all.width).max(GRAIN).next_power_of_two();
        let first = all.lines.len() * Line::NUMBERS;
        let slots = (2 * count).max(2);
        let end = (first + slots * numbers).div_ceil(Line::NUMBERS);
        all.lines.resize(end, Line::zeroed());
        all.columns.resize(end * Line::NUMBERS / GRAIN, NONE);
        Table { first, slots, shift: numbers.trailing_zeros() }
    }

    /// Adds an n-gram, best the frequent ones first: those are then found at once. Returns its place
    /// and its row, which is all zeros.
    pub(super) fn insert<'a>(
        &self,
        all: &'a mut Slots,
        key: [u64; KEY],
        column: u32,
    ) -> (u32, &'a mut [f32]) {
        let mut at = self.home(&key);
        while all.word(at + 2 * (KEY - 1)) != 0 {
            at = self.next(at);
        }
        cast_slice_mut::<Line, u64>(&mut all.lines)[at / 2..][..KEY].copy_from_slice(&key);
        let row = at + 2 * KEY;
        all.columns[row / GRAIN] = column;
        let numbers = cast_slice_mut::<Line, f32>(&mut all.lines);
        (row as u32, &mut numbers[row..][..all.width])
    }

    #[inline]
    fn home(&self, key: &[u64; KEY]) -> usize {
        self.slot(hash(key))
    }

    #[inline]
    fn slot(&self, hash: u64) -> usize {
        let slot = ((hash >> 32) * self.slots as u64) >> 32;
        self.first + ((slot as usize) << self.shift)
    }

    fn next(&self, at: usize) -> usize {
        let next = at + (1 << self.shift);
        if next == self.first + (self.slots << self.shift) { self.first } else { next }
    }

    /// Begins the search for a key that has this hash.
    #[inline]
    pub(super) fn seek(&self, key: [u64; KEY], hash: u64) -> Sought<KEY> {
        Sought { key, at: self.slot(hash) }
    }

    /// Ends a search: the place of the n-gram, or [`NONE`].
    #[inline]
    pub(super) fn find(&self, all: &Slots, sought: &Sought<KEY>) -> u32 {
        sought.place(all).unwrap_or_else(|| self.walk(all, sought))
    }

    #[cold]
    fn walk(&self, all: &Slots, sought: &Sought<KEY>) -> u32 {
        let mut at = sought.at;
        while all.word(at + 2 * (KEY - 1)) != 0 {
            if (0..KEY).all(|word| all.word(at + 2 * word) == sought.key[word]) {
                return (at + 2 * KEY) as u32;
            }
            at = self.next(at);
        }
        NONE
    }
}

/// A set of hashes that may say yes to a hash that is not in it, about once in ten times.
///
/// It is small enough to stay in the nearest caches, and asking it needs no branch.
#[derive(Debug, Clone)]
pub(super) struct Filter {
    bits: Vec<u64>,
    shift: u32,
}

impl Filter {
    /// The set of hashes.
    pub(super) fn new(hashes: impl ExactSizeIterator<Item = u64>) -> Self {
        let bits = (8 * hashes.len()).next_power_of_two().max(64);
        let mut filter = Filter { bits: vec![0; bits / 64], shift: 64 - bits.trailing_zeros() };
        for hash in hashes {
            let bit = hash >> filter.shift;
            filter.bits[bit as usize / 64] |= 1 << (bit % 64);
        }
        filter
    }

    /// Whether a hash may be in the set.
    #[inline]
    pub(super) fn may_hold(&self, hash: u64) -> bool {
        let bit = hash >> self.shift;
        (self.bits[bit as usize / 64] >> (bit % 64)) & 1 == 1
    }
}

/// A table of strings of any length.
#[derive(Debug, Clone)]
pub(super) struct Strings {
    short: Table<2>,
    /// The places of those too long for a key.
    long: HashMap<Box<[u8]>, u32>,
    padded: Vec<u8>,
}

impl Strings {
    /// A table for so many strings.
    pub(super) fn new(all: &mut Slots, count: usize) -> Self {
        Strings { short: Table::new(all, count), long: HashMap::new(), padded: Vec::new() }
    }

    /// Adds a string, the frequent ones first; returns its place and its row, which is all zeros.
    pub(super) fn insert<'a>(
        &mut self,
        all: &'a mut Slots,
        string: &[u8],
        column: u32,
    ) -> (u32, &'a mut [f32]) {
        self.padded.clear();
        self.padded.extend_from_slice(string);
        self.padded.extend_from_slice(&[0; SLACK]);
        match key_of(&self.padded, 0, string.len()) {
            Some(key) => self.short.insert(all, key, column),
            None => {
                let (place, row) =
                    self.short.insert(all, [self.long.len() as u64, u64::MAX], column);
                self.long.insert(string.into(), place);
                (place, row)
            }
        }
    }

    /// Begins the search for a string of a text, which has its [`SLACK`].
    #[inline]
    pub(super) fn seek(&self, text: &[u8], start: usize, length: usize) -> Sought<2> {
        match key_of(text, start, length) {
            Some(key) => self.short.seek(key, hash(&key)),
            None => Sought { key: LONG, at: 0 },
        }
    }

    /// Ends a search that did not end in the first slot ([`Sought::place`]): the place of the string,
    /// or [`NONE`].
    #[cold]
    pub(super) fn find_elsewhere(&self, all: &Slots, sought: &Sought<2>, string: &[u8]) -> u32 {
        match sought.key {
            LONG => self.long.get(string).copied().unwrap_or(NONE),
            _ => self.short.walk(all, sought),
        }
    }
}

/// What is sought for a string too long to have a key: no slot has it.
const LONG: [u64; 2] = [u64::MAX; 2];
