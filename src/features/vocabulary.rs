//! The vocabulary: terms in sorted order, each with its id, found by one hash.

use hashbrown::HashTable;
use rayon::slice::ParallelSliceMut;

use crate::storage::Tensor;

/// Sorted distinct terms; the id of a term is its rank.
///
/// A table of slots (open addressing, linear probing, at most half full) leads from a term's hash
/// to its id. Terms and table are flat arrays, so that a vocabulary can live in a mapped file.
#[derive(Debug, Clone)]
pub struct Vocabulary {
    /// All terms, one after the other.
    bytes: Tensor<u8>,
    /// Where each term starts; one more at the end.
    offsets: Tensor<u32>,
    /// Id + 1, or 0 for an empty slot; a power of two of them.
    slots: Tensor<u32>,
}

/// FNV-1a over 8-byte words with a final mix: fixed for ever, since model files hold its table.
pub(super) fn hash(term: &[u8]) -> u64 {
    const PRIME: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut state = term.len() as u64 ^ 0xCBF2_9CE4_8422_2325;
    let (chunks, rest) = term.as_chunks::<8>();
    for &chunk in chunks {
        state = (state ^ u64::from_le_bytes(chunk)).wrapping_mul(PRIME).rotate_left(29);
    }
    state = (state ^ word(rest)).wrapping_mul(PRIME);
    state ^ (state >> 32)
}

/// Up to seven bytes as a number, the first one lowest. Two halves that overlap are read faster than
/// so many bytes one by one.
fn word(bytes: &[u8]) -> u64 {
    let shift = 8 * (bytes.len().saturating_sub(4));
    if let (Some(&first), Some(&last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        return u64::from(u32::from_le_bytes(first)) | u64::from(u32::from_le_bytes(last)) << shift;
    }
    bytes.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte))
}

impl Vocabulary {
    /// Builds the vocabulary of terms that are sorted and distinct.
    pub(super) fn new<'a>(terms: impl IntoIterator<Item = &'a str>) -> Self {
        let mut bytes = Vec::new();
        let mut offsets = vec![0_u32];
        for term in terms {
            bytes.extend_from_slice(term.as_bytes());
            offsets.push(bytes.len() as u32);
        }
        let mut vocabulary =
            Vocabulary { bytes: bytes.into(), offsets: offsets.into(), slots: Vec::new().into() };
        let size = (2 * vocabulary.len()).next_power_of_two().max(2);
        let mut slots = vec![0_u32; size];
        for id in 0..vocabulary.len() {
            let mut slot = hash(vocabulary.bytes(id)) as usize & (size - 1);
            while slots[slot] != 0 {
                slot = (slot + 1) & (size - 1);
            }
            slots[slot] = id as u32 + 1;
        }
        vocabulary.slots = slots.into();
        vocabulary
    }

    /// Puts a vocabulary together from its arrays, or, where they are `checked`, says what is wrong
    /// with them.
    ///
    /// # Errors
    ///
    /// When an offset, a slot or the text is out of order, so that no later look-up can fail.
    pub(crate) fn from_tensors(
        bytes: Tensor<u8>,
        offsets: Tensor<u32>,
        slots: Tensor<u32>,
        checked: bool,
    ) -> Result<Self, &'static str> {
        let vocabulary = Vocabulary { bytes, offsets, slots };
        if checked {
            vocabulary.check()?;
        }
        Ok(vocabulary)
    }

    fn check(&self) -> Result<(), &'static str> {
        let Vocabulary { bytes, offsets, slots } = self;
        let rising = offsets.windows(2).all(|pair| pair[0] <= pair[1]);
        if offsets.first() != Some(&0)
            || !rising
            || *offsets.last().unwrap_or(&0) as usize != bytes.len()
        {
            return Err("the vocabulary's offsets are out of order");
        }
        let text = simdutf8::basic::from_utf8(bytes).map_err(|_| "the vocabulary is not UTF-8")?;
        if offsets.iter().any(|&at| !text.is_char_boundary(at as usize)) {
            return Err("the vocabulary's offsets cut characters apart");
        }
        let terms = offsets.len() - 1;
        let used = slots.iter().filter(|&&slot| slot != 0).count();
        if !slots.len().is_power_of_two()
            || used != terms
            || 2 * used > slots.len().max(2)
            || slots.iter().any(|&slot| slot as usize > terms)
        {
            return Err("the vocabulary's table is damaged");
        }
        Ok(())
    }

    /// The arrays: bytes, offsets, slots.
    pub(crate) fn tensors(&self) -> (&[u8], &[u32], &[u32]) {
        (&self.bytes, &self.offsets, &self.slots)
    }

    /// How many terms there are.
    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The term with an id below [`Vocabulary::len`].
    pub fn term(&self, id: usize) -> &str {
        std::str::from_utf8(self.bytes(id)).unwrap_or_default()
    }

    /// Its bytes, which need not be looked through again.
    pub(super) fn bytes(&self, id: usize) -> &[u8] {
        &self.bytes[self.offsets[id] as usize..self.offsets[id + 1] as usize]
    }

    /// The id of a term, where it is in the vocabulary.
    pub fn id(&self, term: &str) -> Option<usize> {
        let mask = self.slots.len() - 1;
        let mut slot = hash(term.as_bytes()) as usize & mask;
        loop {
            let id = self.slots[slot].checked_sub(1)? as usize;
            if self.bytes(id) == term.as_bytes() {
                return Some(id);
            }
            slot = (slot + 1) & mask;
        }
    }
}

/// Distinct terms in sorted order, without a table to find them by.
#[derive(Debug, Clone, Default)]
pub(super) struct Terms {
    bytes: String,
    ends: Vec<usize>,
}

impl Terms {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn term(&self, id: usize) -> &str {
        let start = id.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[start..self.ends[id]]
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|id| self.term(id))
    }

    /// Adds a term that sorts after all others: parts with blanks between them.
    pub(super) fn push_joined<'a>(&mut self, parts: impl IntoIterator<Item = &'a str>) {
        for (index, part) in parts.into_iter().enumerate() {
            if index > 0 {
                self.bytes.push(' ');
            }
            self.bytes.push_str(part);
        }
        self.ends.push(self.bytes.len());
    }

    /// Adds terms that sort after all others.
    pub(super) fn append(&mut self, others: &Terms) {
        let before = self.bytes.len();
        self.bytes.push_str(&others.bytes);
        self.ends.extend(others.ends.iter().map(|end| before + end));
    }
}

impl<'a> FromIterator<&'a str> for Terms {
    fn from_iter<I: IntoIterator<Item = &'a str>>(sorted: I) -> Self {
        let mut terms = Terms::default();
        sorted.into_iter().for_each(|term| terms.push_joined([term]));
        terms
    }
}

/// Gathers terms while a corpus is read, in order of first appearance.
#[derive(Default)]
pub(super) struct Interner {
    terms: Terms,
    hashes: Vec<u64>,
    table: HashTable<u32>,
}

impl Interner {
    /// The provisional id of a term.
    pub(super) fn intern(&mut self, term: &str) -> u32 {
        self.intern_hashed(term, hash(term.as_bytes()))
    }

    fn intern_hashed(&mut self, term: &str, hashed: u64) -> u32 {
        let Interner { terms, hashes, table } = self;
        let is_term = |&id: &u32| hashes[id as usize] == hashed && terms.term(id as usize) == term;
        if let Some(&id) = table.find(hashed, is_term) {
            return id;
        }
        let id = hashes.len() as u32;
        table.insert_unique(hashed, id, |&id| hashes[id as usize]);
        hashes.push(hashed);
        terms.push_joined([term]);
        id
    }

    /// Takes in another's terms in their order; says what id each has here.
    pub(super) fn absorb(&mut self, other: &Interner) -> Vec<u32> {
        let terms = other.terms.iter().zip(&other.hashes);
        terms.map(|(term, &hashed)| self.intern_hashed(term, hashed)).collect()
    }

    /// All terms sorted, and for every provisional id its rank.
    pub(super) fn sorted(&self) -> (Terms, Vec<u32>) {
        // Most terms differ in their first eight bytes, which compare fastest as a number.
        let beginning = |term: &str| {
            let mut bytes = [0; 8];
            let length = term.len().min(8);
            bytes[..length].copy_from_slice(&term.as_bytes()[..length]);
            u64::from_be_bytes(bytes)
        };
        let mut order: Vec<(u64, u32)> =
            self.terms.iter().zip(0..).map(|(term, id)| (beginning(term), id)).collect();
        order.par_sort_unstable_by(|a, b| {
            let term = |&(_, id): &(u64, u32)| self.terms.term(id as usize);
            a.0.cmp(&b.0).then_with(|| term(a).cmp(term(b)))
        });
        let mut rank = vec![0; order.len()];
        for (new, &(_, old)) in (0..).zip(&order) {
            rank[old as usize] = new;
        }
        (order.iter().map(|&(_, id)| self.terms.term(id as usize)).collect(), rank)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_term_is_found_and_no_other(terms in prop::collection::btree_set(".{0,12}", 0..60), other in ".{0,12}") {
            let vocabulary = Vocabulary::new(terms.iter().map(String::as_str));
            for (id, term) in terms.iter().enumerate() {
                prop_assert_eq!(vocabulary.id(term), Some(id));
                prop_assert_eq!(vocabulary.term(id), term);
            }
            prop_assert_eq!(vocabulary.id(&other).is_some(), terms.contains(&other));
        }
    }

    #[test]
    fn damaged_arrays_are_refused() {
        let whole = Vocabulary::new(["ab", "é"]);
        let (bytes, offsets, slots) = whole.tensors();
        let build = |bytes: &[u8], offsets: &[u32], slots: &[u32]| {
            Vocabulary::from_tensors(
                bytes.to_vec().into(),
                offsets.to_vec().into(),
                slots.to_vec().into(),
                true,
            )
        };
        assert!(build(bytes, offsets, slots).is_ok());
        assert!(build(bytes, &[0, 3, 4], slots).is_err());
        assert!(build(bytes, &[0, 2, 5], slots).is_err());
        assert!(build(bytes, offsets, &[1, 2]).is_err());
        assert!(build(bytes, offsets, &[1, 3, 0, 0]).is_err());
        assert!(build(&[b'a', b'b', 0xff, 0xff], offsets, slots).is_err());
        assert!(build(bytes, &[], slots).is_err());
    }
}
