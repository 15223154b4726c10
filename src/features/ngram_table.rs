//! Tables that find an n-gram by its words or bytes.
//!
//! Every key is compared in full, so that no collision of hashes can change a result.

use std::collections::HashMap;

use crate::text::SLACK;

/// No rank, no node, no word.
pub(super) const NONE: u32 = u32::MAX;

pub(super) const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;

/// Up to eight bytes as a number, the rest 0.
pub(super) fn word_at(text: &[u8], at: usize, length: usize) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&text[at..at + 8]);
    u64::from_le_bytes(bytes) & (u64::MAX >> (64 - 8 * length as u32))
}

/// A string of up to sixteen bytes: the first eight of them or fewer, the last eight where there are
/// more, and their number. `None` for a longer one. `text` has its slack.
fn short_key(text: &[u8], start: usize, length: usize) -> Option<[u64; 3]> {
    if !(1..=16).contains(&length) {
        return None;
    }
    // Both halves are read whatever the length: no branch to be guessed wrong.
    let first = word_at(text, start, length.min(8));
    let last = word_at(text, start + length.max(8) - 8, 8);
    Some([first, if length > 8 { last } else { 0 }, length as u64])
}

fn short_hash([first, last, length]: [u64; 3]) -> u64 {
    let mixed = (first ^ length).wrapping_mul(MULTIPLIER);
    (mixed ^ last ^ (mixed >> 29)).wrapping_mul(MULTIPLIER)
}

/// The hash of a key of one word.
pub(super) fn word_hash([word]: [u64; 1]) -> u64 {
    let mixed = word.wrapping_mul(MULTIPLIER);
    (mixed ^ (mixed >> 32)).wrapping_mul(MULTIPLIER)
}

/// Two numbers in one.
pub(super) fn pair(high: u32, low: u32) -> u64 {
    (u64::from(high) << 32) | u64::from(low)
}

/// And back.
pub(super) fn unpair(both: u64) -> (u32, u32) {
    ((both >> 32) as u32, both as u32)
}

/// An open-addressed table. An entry is `KEY` words of key and what is known of it, the most
/// frequent n-grams first. A slot is the number of an entry and, in the bits that leaves free, a
/// part of its hash: what is not there is mostly known from the slot alone.
#[derive(Debug, Clone)]
pub(super) struct Table<const KEY: usize, const ENTRY: usize> {
    /// A power of two slots, at most half of them used; 0 is free.
    slots: Vec<u32>,
    shift: u32,
    /// The bits of a slot that hold the number.
    number_mask: u32,
    /// The first is of no n-gram.
    entries: Vec<[u64; ENTRY]>,
}

/// A key that is looked up, its hash, and the entry where the search begins. The search mostly ends
/// there, too: to begin the searches for many keys before ending the first lets the processor fetch
/// what they need together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sought<const KEY: usize> {
    key: [u64; KEY],
    hash: u64,
    number: u32,
    /// The first word of the key there.
    first: u64,
}

impl<const KEY: usize, const ENTRY: usize> Table<KEY, ENTRY> {
    /// A table of entries, in order of frequency.
    pub(super) fn new(
        entries: impl ExactSizeIterator<Item = [u64; ENTRY]>,
        hash: impl Fn([u64; KEY]) -> u64,
    ) -> Self {
        let size = (2 * entries.len()).next_power_of_two().max(2);
        let number_mask = (entries.len() as u32 + 1).next_power_of_two() - 1;
        let mut table = Table {
            slots: vec![0; size],
            shift: 64 - size.trailing_zeros(),
            number_mask: number_mask.max(1),
            entries: vec![[u64::MAX; ENTRY]],
        };
        for entry in entries {
            let hash = hash(key_of(&entry));
            let mut slot = (hash >> table.shift) as usize;
            while table.slots[slot] != 0 {
                slot = (slot + 1) & (size - 1);
            }
            table.slots[slot] = table.entries.len() as u32 | (hash as u32 & !table.number_mask);
            table.entries.push(entry);
        }
        table
    }

    /// Begins the search for a key.
    #[inline]
    pub(super) fn seek(&self, key: [u64; KEY], hash: u64) -> Sought<KEY> {
        let number = self.slots[(hash >> self.shift) as usize] & self.number_mask;
        Sought { key, hash, number, first: self.entries[number as usize][0] }
    }

    /// Ends a search: the entry, if there is one.
    #[inline]
    pub(super) fn find(&self, sought: &Sought<KEY>) -> Option<&[u64; ENTRY]> {
        if sought.first == sought.key[0] {
            let entry = &self.entries[sought.number as usize];
            if key_of(entry) == sought.key {
                return Some(entry);
            }
        }
        self.walk(sought)
    }

    #[cold]
    fn walk(&self, sought: &Sought<KEY>) -> Option<&[u64; ENTRY]> {
        let tag = sought.hash as u32 & !self.number_mask;
        let mut at = (sought.hash >> self.shift) as usize;
        while self.slots[at] != 0 {
            let slot = self.slots[at];
            if slot & !self.number_mask == tag {
                let entry = &self.entries[(slot & self.number_mask) as usize];
                if key_of(entry) == sought.key {
                    return Some(entry);
                }
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
        None
    }
}

fn key_of<const KEY: usize, const ENTRY: usize>(entry: &[u64; ENTRY]) -> [u64; KEY] {
    std::array::from_fn(|word| entry[word])
}

/// A set of hashes that may say yes to a hash that is not in it, once in sixteen times or less.
///
/// It is small enough to stay in the nearest caches, and asking it needs no branch.
#[derive(Debug, Clone)]
pub(super) struct Filter {
    bits: Vec<u64>,
    shift: u32,
}

impl Filter {
    /// The set of so many hashes.
    pub(super) fn new(count: usize, hashes: impl Iterator<Item = u64>) -> Self {
        let bits = (16 * count).next_power_of_two().max(64);
        let mut filter = Filter { bits: vec![0; bits / 64], shift: 64 - bits.trailing_zeros() };
        for hash in hashes {
            let bit = hash >> filter.shift;
            filter.bits[bit as usize / 64] |= 1 << (bit % 64);
        }
        filter
    }

    /// Whether a hash may be in the set.
    pub(super) fn may_hold(&self, hash: u64) -> bool {
        let bit = hash >> self.shift;
        (self.bits[bit as usize / 64] >> (bit % 64)) & 1 == 1
    }
}

/// A set of strings, each with two numbers.
#[derive(Debug, Clone)]
pub(super) struct Strings {
    short: Table<3, 4>,
    /// Those of more than sixteen bytes.
    long: HashMap<Box<[u8]>, u64>,
}

impl Strings {
    /// `strings` are each with its numbers as a [`pair`], in order of frequency.
    pub(super) fn new<'a>(strings: impl Iterator<Item = (&'a str, u64)>) -> Self {
        let (mut short, mut long, mut padded) = (Vec::new(), HashMap::new(), Vec::new());
        for (string, value) in strings {
            padded.clear();
            padded.extend_from_slice(string.as_bytes());
            padded.extend_from_slice(&[0; SLACK]);
            match short_key(&padded, 0, string.len()) {
                Some([first, last, length]) => short.push([first, last, length, value]),
                None => drop(long.insert(string.as_bytes().into(), value)),
            }
        }
        Strings { short: Table::new(short.into_iter(), short_hash), long }
    }

    /// Begins the search for a string of a text.
    #[inline]
    pub(super) fn seek(&self, text: &[u8], start: usize, length: usize) -> Sought<3> {
        match short_key(text, start, length) {
            Some(key) => self.short.seek(key, short_hash(key)),
            None => self.short.seek(LONG, 0),
        }
    }

    /// Ends it: the two numbers, or twice [`NONE`].
    #[inline]
    pub(super) fn find(
        &self,
        sought: &Sought<3>,
        text: &[u8],
        start: usize,
        length: usize,
    ) -> (u32, u32) {
        let found = match sought.key {
            LONG => self.long.get(&text[start..start + length]).copied(),
            _ => self.short.find(sought).map(|entry| entry[3]),
        };
        unpair(found.unwrap_or(u64::MAX))
    }
}

/// The key of a string too long to have one.
const LONG: [u64; 3] = [0; 3];
