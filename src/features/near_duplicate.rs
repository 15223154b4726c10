//! Copies among documents: wire pieces in several outlets, versions of one article.

use std::cmp::Reverse;

use rayon::prelude::*;

use super::vocabulary::hash;
use crate::text::is_word_char;

/// The share of a document that has to stand in another for the two to be copies, as measured at
/// [`near_duplicates`]: unrelated articles share less than a fifth of their pairs of words,
/// articles with three words in ten replaced about a half.
pub const COPY_THRESHOLD: f64 = 0.4;

/// Fewest shingles that copies share. Documents with fewer are copies only where all their words
/// are the same: headlines of one kind share half of theirs by chance.
const FEWEST_SHARED: usize = 15;

/// Of a longer document, a piece has to make up the threshold divided by this, so that a digest of
/// many pieces is a copy of none.
const LENGTH_RATIO: f64 = 3.0;

/// With how many unlike documents a document is compared that shares a band with them.
const LEADERS: usize = 16;

/// In how many bands two documents have to agree to be compared: with one alone, texts full of the
/// same phrases would all be compared, and with two hardly a copy is lost (see
/// [`near_duplicates`]).
const FEWEST_AGREED: usize = 2;

/// How documents are turned into shingles and hashes.
#[derive(Debug, Clone, Copy)]
struct Sketching {
    /// Words of the shingles by which documents are compared.
    compared: usize,
    /// Words of the shingles that decide which documents are compared at all: longer ones, which
    /// few unrelated documents share.
    sketched: usize,
    /// Bands of hashes; documents that agree in all hashes of a band are compared.
    bands: usize,
    /// Hashes in a band.
    rows: usize,
}

const SKETCHING: Sketching = Sketching { compared: 2, sketched: 4, bands: 64, rows: 1 };

/// Documents grouped with their copies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearDuplicates {
    of_document: Vec<usize>,
    count: usize,
}

impl NearDuplicates {
    /// Groups documents as [`near_duplicates`] does.
    pub fn find<T: AsRef<str> + Sync>(documents: &[T], threshold: f64) -> Self {
        find(documents, threshold, SKETCHING)
    }

    /// The cluster of each document, numbered by first appearance.
    pub fn of_document(&self) -> &[usize] {
        &self.of_document
    }

    /// How many clusters there are: documents without their copies.
    pub fn count(&self) -> usize {
        self.count
    }
}

/// Groups documents that are copies of each other: the cluster of each document, numbered by first
/// appearance.
///
/// Words are those of the lower-cased document ([`words`](crate::text::words)) and single
/// characters (`5 percent` is not `7 percent`). Documents are compared by their sets of pairs of
/// neighbouring words. With `s` pairs in both, of `a` in the shorter and `b ≥ a` in the longer,
/// they are alike where
///
/// `s ≥ threshold · a`, `s ≥ threshold · b / 3` and `s ≥ 15`:
///
/// enough of the shorter stands in the longer, and makes up some part of it. Where `s ≥ threshold ·
/// b` too, both are in one cluster, and so on from copy to copy. Otherwise a piece stands within a
/// longer document, and that goes with the one piece it shares most with, so that a digest does not
/// join all it is made of. Whatever the threshold, documents with the same words in the same order
/// are copies; those with fewer than 15 pairs, such as headlines, are copies only so. A document
/// without a word stands alone.
///
/// # Which documents are compared
///
/// Each document is hashed 64 times (MinHash over runs of four words); those that agree in two of
/// the hashes are compared. Runs of four are rarely shared by chance, pairs survive edits: of words
/// replaced at a rate of 30 percent, half of the pairs are left, and a quarter of the runs of four.
/// Documents that agree with many are compared with the first 16 that are not known to be their
/// copies, so that time stays proportional to documents, however often one is repeated.
///
/// # Limits
///
/// Measured on the 816 articles of `labels/sentences.csv`, each with a planted copy, at
/// [`COPY_THRESHOLD`]: words replaced, words left out, a paragraph dropped, a new lead, or all
/// four, at 5 to 30 percent of the words: recall .999 or more, precision 1.000. A piece of 150
/// words, a tenth of them replaced, within a document 2, 4, 5 and 6 times as long: recall 1.000,
/// .999, .998 and .826. A paragraph that all articles have in common joins none of them while it is
/// 30 percent of each, and 2 percent of them at 35: boilerplate longer than the threshold does
/// chain what is otherwise different, as do templates (market reports) with other numbers in the
/// same words. A translation or a paraphrase is no copy; nor are edits found in writing without
/// spaces between words.
///
/// # Complexity
///
/// Memory: four bytes a word and 256 a document. Time is proportional to the words (`cargo bench
/// --bench near_duplicates`); documents made of phrases of ten words that each stand in many others
/// take some times as long. The result does not depend on the number of threads.
///
/// # References
///
/// Broder 1997, On the resemblance and containment of documents, Compression and Complexity of
/// Sequences; Indyk & Motwani 1998, Approximate nearest neighbors, STOC; Leskovec, Rajaraman &
/// Ullman 2014, Mining of Massive Datasets, ch. 3.
///
/// # Examples
///
/// ```
/// use framescope::features::{COPY_THRESHOLD, near_duplicates};
///
/// let wire = "The ministry said on Monday that it would support makers of machine tools with \
///     loans, and that the first of them would be paid out before the end of the year.";
/// let copy = wire.replace("on Monday", "yesterday");
/// let documents = [wire, "Steel exports rose.", &copy, "Steel exports rose"];
/// assert_eq!(near_duplicates(&documents, COPY_THRESHOLD), [0, 1, 0, 1]);
/// ```
pub fn near_duplicates<T: AsRef<str> + Sync>(documents: &[T], threshold: f64) -> Vec<usize> {
    NearDuplicates::find(documents, threshold).of_document
}

fn find<T: AsRef<str> + Sync>(
    documents: &[T],
    threshold: f64,
    sketching: Sketching,
) -> NearDuplicates {
    let sketch = |document: &T| Sketch::new(document.as_ref(), sketching);
    let sketches: Vec<Sketch> = documents.par_iter().map(sketch).collect();
    let mut groups = Groups::new(documents.len());
    let compared = join_equal(&sketches, &mut groups);
    let mut longest_piece = vec![None; documents.len()];
    for band in 0..sketching.bands {
        let links = linked_in_band(&sketches, &compared, band, threshold, &groups);
        for link in links {
            if link.mutual {
                groups.join(link.shorter, link.longer);
            } else {
                let piece = &mut longest_piece[link.longer];
                *piece = (*piece).max(Some((link.shared, Reverse(link.shorter))));
            }
        }
        groups.flatten();
    }
    for (longer, piece) in longest_piece.into_iter().enumerate() {
        if let Some((_, Reverse(shorter))) = piece {
            groups.join(shorter, longer);
        }
    }
    groups.numbered()
}

/// What is kept of a document.
struct Sketch {
    /// Hash of all words in their order; `None` without a word.
    whole: Option<u64>,
    /// Hashes of the distinct shingles, ascending; none where they are too few to compare.
    shingles: Box<[u32]>,
    /// A key for each band.
    bands: Box<[u32]>,
}

impl Sketch {
    fn new(document: &str, sketching: Sketching) -> Self {
        let text = document.to_lowercase();
        let words: Vec<u64> = text
            .split(|c| !is_word_char(c))
            .filter(|word| !word.is_empty())
            .map(|word| hash(word.as_bytes()))
            .collect();
        let mut compared = shingles(&words, sketching.compared);
        compared.sort_unstable();
        compared.dedup();
        if compared.len() < FEWEST_SHARED {
            compared.clear();
        }
        Sketch {
            whole: (!words.is_empty()).then(|| joined(&words)),
            bands: match compared.is_empty() {
                true => Box::default(),
                false => band_keys(&shingles(&words, sketching.sketched), sketching),
            },
            shingles: compared.into(),
        }
    }
}

/// The hash of words in their order.
fn joined(words: &[u64]) -> u64 {
    words.iter().fold(0, |state, &word| mix(state ^ word))
}

/// The hash of every run of so many words.
fn shingles(words: &[u64], length: usize) -> Vec<u32> {
    words.windows(length).map(|words| (joined(words) >> 32) as u32).collect()
}

/// The hashes of a document (each the least that a random function gives to any of its shingles),
/// folded into one key a band.
fn band_keys(shingles: &[u32], sketching: Sketching) -> Box<[u32]> {
    let least = |index: usize| {
        // Multiply and shift: one random function of this family for each index.
        let [factor, shift] = [2, 3].map(|part| mix(4 * index as u64 + part));
        let value = |&shingle: &u32| {
            (u64::from(shingle).wrapping_mul(factor | 1).wrapping_add(shift) >> 32) as u32
        };
        shingles.iter().map(value).fold(u32::MAX, u32::min)
    };
    let key = |band: usize| {
        let hashes = (0..sketching.rows).map(|row| least(band * sketching.rows + row));
        hashes.fold(0, |state, hash| mix(state ^ u64::from(hash))) as u32
    };
    (0..sketching.bands).map(key).collect()
}

/// Spreads every bit over all others (the finish of splitmix64).
fn mix(state: u64) -> u64 {
    let state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    state ^ (state >> 31)
}

/// Joins documents with the same words; returns the first of each that are to be compared.
fn join_equal(sketches: &[Sketch], groups: &mut Groups) -> Vec<usize> {
    let mut order: Vec<(u64, usize)> = sketches
        .iter()
        .enumerate()
        .filter_map(|(document, sketch)| Some((sketch.whole?, document)))
        .collect();
    order.par_sort_unstable();
    let mut first = Vec::new();
    for equal in order.chunk_by(|a, b| a.0 == b.0) {
        equal.iter().for_each(|&(_, document)| groups.join(equal[0].1, document));
        first.push(equal[0].1);
    }
    groups.flatten();
    first.retain(|&document| !sketches[document].shingles.is_empty());
    first.sort_unstable();
    first
}

/// Two documents that are alike.
#[derive(Debug, Clone, Copy)]
struct Link {
    shorter: usize,
    longer: usize,
    shared: usize,
    /// Whether the share of the longer, too, reaches the threshold.
    mutual: bool,
}

/// The links between documents that agree in a band.
fn linked_in_band(
    sketches: &[Sketch],
    compared: &[usize],
    band: usize,
    threshold: f64,
    groups: &Groups,
) -> Vec<Link> {
    let mut order: Vec<(u32, usize)> =
        compared.iter().map(|&document| (sketches[document].bands[band], document)).collect();
    order.par_sort_unstable();
    let alike: Vec<&[(u32, usize)]> =
        order.chunk_by(|a, b| a.0 == b.0).filter(|of| of.len() > 1).collect();
    let links = |of: &&[(u32, usize)]| linked_among(sketches, of, threshold, groups);
    alike.par_iter().flat_map_iter(links).collect()
}

/// Compares every document with those before it that are not known to be copies of each other, up
/// to a number: what is repeated often takes one comparison a document.
fn linked_among(
    sketches: &[Sketch],
    documents: &[(u32, usize)],
    threshold: f64,
    groups: &Groups,
) -> Vec<Link> {
    let mut links = Vec::new();
    let mut leaders: Vec<usize> = Vec::new();
    for &(_, document) in documents {
        let mut known = false;
        for &leader in &leaders {
            if groups.root(leader) == groups.root(document) {
                known = true;
            } else if let Some(link) = link(sketches, leader, document, threshold) {
                known |= link.mutual;
                links.push(link);
            }
        }
        if !known && leaders.len() < LEADERS {
            leaders.push(document);
        }
    }
    links
}

/// Whether enough of the shorter document stands in the longer.
fn link(sketches: &[Sketch], first: usize, second: usize, threshold: f64) -> Option<Link> {
    let bands = sketches[first].bands.iter().zip(&sketches[second].bands);
    if bands.filter(|(a, b)| a == b).count() < FEWEST_AGREED {
        return None;
    }
    let size = |document: usize| sketches[document].shingles.len();
    let (shorter, longer) =
        if size(first) <= size(second) { (first, second) } else { (second, first) };
    let shared = shared(&sketches[shorter].shingles, &sketches[longer].shingles);
    let reaches = |share: f64, document| shared as f64 >= share * size(document) as f64;
    let alike = shared >= FEWEST_SHARED
        && reaches(threshold, shorter)
        && reaches(threshold / LENGTH_RATIO, longer);
    alike.then(|| Link { shorter, longer, shared, mutual: reaches(threshold, longer) })
}

/// How many numbers stand in both of two ascending lists.
fn shared(left: &[u32], right: &[u32]) -> usize {
    let (mut i, mut j, mut both) = (0, 0, 0);
    while let (Some(a), Some(b)) = (left.get(i), right.get(j)) {
        both += usize::from(a == b);
        i += usize::from(a <= b);
        j += usize::from(b <= a);
    }
    both
}

/// Sets of documents, joined step by step; the first document of a set stands for it.
struct Groups {
    /// A document before it in the same set, or itself.
    parent: Vec<usize>,
}

impl Groups {
    fn new(documents: usize) -> Self {
        Groups { parent: (0..documents).collect() }
    }

    fn root(&self, mut document: usize) -> usize {
        while self.parent[document] != document {
            document = self.parent[document];
        }
        document
    }

    fn join(&mut self, first: usize, second: usize) {
        let (first, second) = (self.root(first), self.root(second));
        self.parent[first.max(second)] = first.min(second);
    }

    /// Leads every document straight to the first of its set.
    fn flatten(&mut self) {
        for document in 0..self.parent.len() {
            self.parent[document] = self.parent[self.parent[document]];
        }
    }

    fn numbered(mut self) -> NearDuplicates {
        self.flatten();
        let mut count = 0;
        let mut of_document = Vec::with_capacity(self.parent.len());
        for (document, &first) in self.parent.iter().enumerate() {
            // The first of a set has its number before all others.
            let known = of_document.get(first).copied();
            of_document.push(known.unwrap_or(count));
            count += usize::from(first == document);
        }
        NearDuplicates { of_document, count }
    }
}

#[cfg(test)]
#[path = "near_duplicate_tests.rs"]
mod tests;
