//! Tables that find an n-gram and its weights by its words or bytes.
//!
//! Every key is compared in full, so that no collision of hashes can change a result.

use std::collections::HashMap;

/// No column, no node, no word.
pub(super) const NONE: u32 = u32::MAX;

/// Bytes kept free behind a text, so that eight can be read at each of its bytes.
pub(super) const SLACK: usize = 8;

pub(super) const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;

/// Up to eight bytes as a number, the rest 0.
pub(super) fn word_at(text: &[u8], at: usize, length: usize) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&text[at..at + 8]);
    u64::from_le_bytes(bytes) & (u64::MAX >> (64 - 8 * length as u32))
}

/// A word or an n-gram of characters, by its bytes: all of them where there are at most eight; the
/// first and the last eight where there are at most sixteen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ShortKey {
    first: u64,
    last: u64,
    /// In bytes.
    length: u32,
}

impl ShortKey {
    /// `None` for more than sixteen bytes. `text` has its slack.
    pub(super) fn at(text: &[u8], start: usize, length: usize) -> Option<Self> {
        let (first, last) = match length {
            1..=8 => (word_at(text, start, length), 0),
            9..=16 => (word_at(text, start, 8), word_at(text, start + length - 8, 8)),
            _ => return None,
        };
        Some(ShortKey { first, last, length: length as u32 })
    }

    pub(super) fn words(self) -> [u32; 5] {
        let halves = |word: u64| [word as u32, (word >> 32) as u32];
        let ([a, b], [c, d]) = (halves(self.first), halves(self.last));
        [a, b, c, d, self.length]
    }

    pub(super) fn from_words([a, b, c, d, length]: [u32; 5]) -> Self {
        let whole = |low: u32, high: u32| (u64::from(high) << 32) | u64::from(low);
        ShortKey { first: whole(a, b), last: whole(c, d), length }
    }

    pub(super) fn hash(self) -> u64 {
        let mixed = (self.first ^ u64::from(self.length)).wrapping_mul(MULTIPLIER);
        (mixed ^ self.last ^ (mixed >> 29)).wrapping_mul(MULTIPLIER)
    }
}

/// What is known of an n-gram, beside its key: its column, its idf, and numbers of the caller's.
#[derive(Debug, Clone, Copy)]
pub(super) struct Payload<'a> {
    pub(super) column: u32,
    pub(super) idf: f32,
    pub(super) numbers: &'a [f32],
}

/// Words of a payload before the caller's numbers.
pub(super) const PAYLOAD_HEAD: usize = 2;

/// An open-addressed table. An entry is `KEY` words of key, a value and a payload, all side by side,
/// the most frequent n-grams first; a slot is the number of an entry and, in the bits that leaves
/// free, a part of its hash: what is not there is mostly known from the slot alone.
#[derive(Debug, Clone)]
pub(super) struct Table<const KEY: usize> {
    /// A power of two slots, at most half of them used; 0 is free, else 1 + the entry's number.
    slots: Vec<u32>,
    shift: u32,
    /// The bits of a slot that hold the number.
    number_mask: u32,
    pub(super) entries: Vec<u32>,
    stride: usize,
}

impl<const KEY: usize> Table<KEY> {
    /// Each entry is a key, a value, and the column of its payload where it has one; `numbers` is
    /// how many stand with each.
    pub(super) fn new<'a>(
        mut entries: Vec<([u32; KEY], u32, Option<u32>)>,
        numbers: usize,
        payload: &impl Fn(u32) -> Payload<'a>,
        hash: impl Fn([u32; KEY]) -> u64,
    ) -> Self {
        // The smaller the idf, the more frequent.
        let rarity = |column: Option<u32>| column.map_or(f32::INFINITY, |of| payload(of).idf);
        entries.sort_by(|a, b| rarity(a.2).total_cmp(&rarity(b.2)).then(a.0.cmp(&b.0)));
        let size = (2 * entries.len()).next_power_of_two().max(2);
        let number_mask = (entries.len() as u32 + 1).next_power_of_two() - 1;
        let mut table = Table {
            slots: vec![0; size],
            shift: 64 - size.trailing_zeros(),
            number_mask: number_mask.max(1),
            entries: Vec::with_capacity(entries.len()),
            stride: KEY + 1 + PAYLOAD_HEAD + numbers,
        };
        for (number, (key, value, column)) in entries.into_iter().enumerate() {
            let hash = hash(key);
            let mut slot = (hash >> table.shift) as usize;
            while table.slots[slot] != 0 {
                slot = (slot + 1) & (size - 1);
            }
            table.slots[slot] = (number as u32 + 1) | (hash as u32 & !table.number_mask);
            table.entries.extend_from_slice(&key);
            let nothing = &vec![0.0; numbers];
            let payload = column.map(payload);
            let payload = payload.unwrap_or(Payload { column: NONE, idf: 0.0, numbers: nothing });
            table.entries.extend([value, payload.column, payload.idf.to_bits()]);
            table.entries.extend(payload.numbers.iter().map(|number| number.to_bits()));
        }
        table
    }

    /// What stands in the slot where the search for a hash begins. Reading the slots of many keys
    /// before the first search lets the processor fetch them together.
    pub(super) fn first_slot(&self, hash: u64) -> u32 {
        self.slots[(hash >> self.shift) as usize]
    }

    /// Where the payload of a key stands, if it is there.
    pub(super) fn find(&self, key: [u32; KEY], hash: u64) -> Option<usize> {
        self.find_from(key, hash, self.first_slot(hash))
    }

    /// The same with the first slot already read.
    pub(super) fn find_from(&self, key: [u32; KEY], hash: u64, first_slot: u32) -> Option<usize> {
        let tag = hash as u32 & !self.number_mask;
        let mut at = (hash >> self.shift) as usize;
        let mut slot = first_slot;
        while slot != 0 {
            if slot & !self.number_mask == tag {
                let first = ((slot & self.number_mask) as usize - 1) * self.stride;
                if self.entries[first..first + KEY] == key {
                    return Some(first + KEY + 1);
                }
            }
            at = (at + 1) & (self.slots.len() - 1);
            slot = self.slots[at];
        }
        None
    }

    /// The value before a payload.
    pub(super) fn value(&self, payload: usize) -> u32 {
        self.entries[payload - 1]
    }
}

/// A set of strings with their numbers.
#[derive(Debug, Clone)]
pub(super) struct Strings {
    pub(super) table: Table<5>,
    /// Where the payloads of those of more than sixteen bytes stand: in the table, under keys of
    /// length 0 and a number.
    long: HashMap<Box<[u8]>, usize>,
}

impl Strings {
    /// `strings` are each with its number and its column, where it has one.
    pub(super) fn new<'a, 'b>(
        strings: impl Iterator<Item = (&'b str, u32, Option<u32>)>,
        numbers: usize,
        payload: &impl Fn(u32) -> Payload<'a>,
    ) -> Self {
        let (mut entries, mut long, mut padded) = (Vec::new(), Vec::new(), Vec::new());
        for (string, number, column) in strings {
            padded.clear();
            padded.extend_from_slice(string.as_bytes());
            padded.extend_from_slice(&[0; SLACK]);
            let key = ShortKey::at(&padded, 0, string.len());
            let key = key.unwrap_or(ShortKey { first: u64::from(number), last: 0, length: 0 });
            if key.length == 0 {
                long.push((string, key));
            }
            entries.push((key.words(), number, column));
        }
        let hash = |words| ShortKey::from_words(words).hash();
        let table = Table::new(entries, numbers, payload, hash);
        let place = |(string, key): (&str, ShortKey)| {
            table.find(key.words(), key.hash()).map(|at| (string.as_bytes().into(), at))
        };
        let long = long.into_iter().filter_map(place).collect();
        Strings { table, long }
    }

    pub(super) fn find(&self, text: &[u8], start: usize, length: usize) -> Option<usize> {
        match ShortKey::at(text, start, length) {
            Some(key) => self.table.find(key.words(), key.hash()),
            None => self.long.get(&text[start..start + length]).copied(),
        }
    }
}
