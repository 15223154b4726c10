//! Counting the n-grams of a corpus, on all cores.
//!
//! Words are numbered first, in sorted order. The places of each n-gram are then divided by the word
//! that comes next: n-grams come out in order, no string is built for one unless it is kept, and one
//! that is too rare is not followed further. What is found does not depend on how the work was
//! divided among threads: terms are sorted and rows are in the order of the sentences.

use std::ops::Range;

use rayon::prelude::*;

use super::NgramRange;
use super::ngram::char_ngrams;
use super::vocabulary::{Interner, Terms};
use crate::text::{LowerWords, char_wb_words};

/// Lists of equal kind, one after the other.
#[derive(Debug, Clone)]
pub(super) struct Lists<T> {
    ends: Vec<usize>,
    items: Vec<T>,
}

impl<T> Default for Lists<T> {
    fn default() -> Self {
        Lists { ends: Vec::new(), items: Vec::new() }
    }
}

impl<T: Copy> Lists<T> {
    fn len(&self) -> usize {
        self.ends.len()
    }

    /// A list.
    pub(super) fn get(&self, index: usize) -> &[T] {
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.items[start..self.ends[index]]
    }

    fn iter(&self) -> impl Iterator<Item = &[T]> {
        (0..self.len()).map(|index| self.get(index))
    }

    /// Ends the list that the last items belong to.
    fn end(&mut self) {
        self.ends.push(self.items.len());
    }

    fn joined(parts: Vec<Self>) -> Self {
        let mut parts = parts.into_iter();
        let mut all = parts.next().unwrap_or_default();
        for part in parts {
            let before = all.items.len();
            all.items.extend(part.items);
            all.ends.extend(part.ends.iter().map(|end| before + end));
        }
        all
    }
}

/// The n-grams of one kind that a corpus holds, and how often each stands in each sentence.
#[derive(Debug, Clone)]
pub(super) struct Counted {
    /// In sorted order.
    pub(super) terms: Terms,
    /// By sentence, (term, count) with rising terms.
    pub(super) rows: Lists<(u32, u32)>,
}

impl Counted {
    /// Where n-grams of a kind are not wanted.
    pub(super) fn nothing(sentences: usize) -> Self {
        let rows = Lists { ends: vec![0; sentences], items: Vec::new() };
        Counted { terms: Terms::default(), rows }
    }
}

/// Counts the word n-grams of sentences, in lower case, that stand in `least` of them or more.
pub(super) fn count_words(sentences: &[&str], range: NgramRange, least: u32) -> Counted {
    let (words, sentences) = number(sentences, |sentence, read: &mut LowerWords, visit| {
        read.read(sentence);
        let lower = read.text();
        for &[start, end] in read.words() {
            visit(&lower[start as usize..end as usize]);
        }
    });
    let text = Numbered::new(&words, &sentences);
    let parts: Vec<Kept> = text
        .shares()
        .into_par_iter()
        .map(|share| {
            let mut kept = Kept::default();
            text.refine(share, 1, range, least, &mut kept);
            kept
        })
        .collect();
    let mut terms = Terms::default();
    parts.iter().for_each(|kept| terms.append(&kept.terms));
    Counted { terms, rows: by_row(&parts, sentences.len()) }
}

/// Counts the character n-grams of sentences, in lower case, that stand in `least` of them or more.
pub(super) fn count_chars(sentences: &[&str], range: NgramRange, least: u32) -> Counted {
    let (words, sentences) = number(sentences, |sentence, _: &mut (), visit| {
        let lower = sentence.to_lowercase();
        char_wb_words(&lower).for_each(|word| visit(&lower[word]));
    });
    // The n-grams of a word that stands in many sentences are looked up once.
    let words: Vec<&str> = words.iter().collect();
    let (terms, ngrams) =
        number(&words, |word, (), visit| char_ngrams(word, range, |ngram, _| visit(ngram)));
    let parts = in_parts(sentences.len(), |rows| {
        let mut counter = Counter::new(terms.len());
        for row in rows {
            let ngrams = sentences.get(row).iter().map(|&word| ngrams.get(word as usize));
            ngrams.flatten().for_each(|&ngram| counter.add(ngram));
            counter.end();
        }
        counter
    });
    let mut frequency = vec![0; terms.len()];
    for part in &parts {
        frequency.iter_mut().zip(&part.terms).for_each(|(sum, seen)| *sum += seen.rows);
    }
    let mut kept = 0..;
    let rank: Vec<Option<u32>> = frequency
        .iter()
        .map(|&frequency| if frequency >= least { kept.next() } else { None })
        .collect();
    let rows: Vec<_> = parts
        .par_iter()
        .map(|part| {
            collect_rows(0..part.rows.len(), |row, found| {
                let ranked = |&(term, count): &(u32, u32)| Some((rank[term as usize]?, count));
                found.extend(part.rows.get(row).iter().filter_map(ranked));
            })
        })
        .collect();
    let kept = terms.iter().zip(&rank).filter(|(_, rank)| rank.is_some());
    Counted { terms: kept.map(|(term, _)| term).collect(), rows: Lists::joined(rows) }
}

/// Splits `0..n` into a part for each thread and does `work` on each.
fn in_parts<T: Send>(n: usize, work: impl Fn(Range<usize>) -> T + Sync) -> Vec<T> {
    let parts = rayon::current_num_threads().clamp(1, n.max(1));
    let bound = |part: usize| part * n / parts;
    (0..parts).into_par_iter().map(|part| work(bound(part)..bound(part + 1))).collect()
}

/// Numbers what texts are split into by rank among all: the terms, and the list of each text. `split`
/// may keep buffers of a kind `B` from text to text.
fn number<B: Default>(
    texts: &[&str],
    split: impl Fn(&str, &mut B, &mut dyn FnMut(&str)) + Sync,
) -> (Terms, Lists<u32>) {
    let parts = in_parts(texts.len(), |texts_of| {
        let (mut interner, mut lists) = (Interner::default(), Lists::default());
        let mut buffers = B::default();
        for text in &texts[texts_of] {
            split(text, &mut buffers, &mut |term| lists.items.push(interner.intern(term)));
            lists.end();
        }
        (interner, lists)
    });
    let mut all = Interner::default();
    let ids: Vec<Vec<u32>> = parts.iter().map(|(interner, _)| all.absorb(interner)).collect();
    let (terms, rank) = all.sorted();
    let lists = parts.into_par_iter().zip(ids).map(|((_, mut lists), ids)| {
        lists.items.iter_mut().for_each(|id| *id = rank[ids[*id as usize] as usize]);
        lists
    });
    (terms, Lists::joined(lists.collect()))
}

/// Builds rows: `fill` says the terms and counts of each, in any order.
fn collect_rows(
    rows: Range<usize>,
    fill: impl Fn(usize, &mut Vec<(u32, u32)>),
) -> Lists<(u32, u32)> {
    let mut lists = Lists::default();
    let mut found = Vec::new();
    for row in rows {
        found.clear();
        fill(row, &mut found);
        found.sort_unstable_by_key(|&(term, _)| term);
        lists.items.extend_from_slice(&found);
        lists.end();
    }
    lists
}

/// Counts terms row by row.
struct Counter {
    terms: Vec<Seen>,
    /// By row, (term, count) in order of first appearance.
    rows: Lists<(u32, u32)>,
}

/// What is known of a term: how many rows hold it, and where its count in the last one stands.
#[derive(Clone, Copy, Default)]
struct Seen {
    rows: u32,
    at: usize,
}

impl Counter {
    fn new(terms: usize) -> Self {
        Counter { terms: vec![Seen::default(); terms], rows: Lists::default() }
    }

    fn add(&mut self, term: u32) {
        let seen = &mut self.terms[term as usize];
        let begin = self.rows.ends.last().copied().unwrap_or(0);
        if seen.rows > 0 && seen.at >= begin {
            self.rows.items[seen.at].1 += 1;
        } else {
            *seen = Seen { rows: seen.rows + 1, at: self.rows.items.len() };
            self.rows.items.push((term, 1));
        }
    }

    fn end(&mut self) {
        self.rows.end();
    }
}

/// Sentences as one run of words.
struct Numbered<'a> {
    words: &'a Terms,
    /// The words of all sentences.
    text: &'a [u32],
    /// By place in the text, its sentence.
    sentence: Vec<u32>,
}

/// N-grams in order, and in which sentences each stands how often.
#[derive(Default)]
struct Kept {
    terms: Terms,
    /// By n-gram, (sentence, count) with rising sentences.
    found: Lists<(u32, u32)>,
}

/// A word and where the n-gram that ends with it begins.
type Place = (u32, u32);

impl<'a> Numbered<'a> {
    fn new(words: &'a Terms, sentences: &'a Lists<u32>) -> Self {
        let mut sentence = Vec::with_capacity(sentences.items.len());
        for (row, &end) in (0..).zip(&sentences.ends) {
            sentence.resize(end, row);
        }
        Numbered { words, text: &sentences.items, sentence }
    }

    /// All places by their word, in about equal shares, one for each thread; a word is in one.
    fn shares(&self) -> Vec<Vec<Place>> {
        let mut starts = vec![0; self.words.len() + 1];
        self.text.iter().for_each(|&word| starts[word as usize + 1] += 1);
        for word in 0..self.words.len() {
            starts[word + 1] += starts[word];
        }
        let mut sorted = vec![(0, 0); self.text.len()];
        let mut next = starts.clone();
        for (place, &word) in (0..).zip(self.text) {
            sorted[next[word as usize]] = (word, place);
            next[word as usize] += 1;
        }
        let threads = rayon::current_num_threads();
        let share = sorted.len().div_ceil(threads).max(1);
        let mut shares = Vec::new();
        // From the last share to the first: what is cut off is not moved again.
        for cut in (1..threads).rev().map(|index| index * share) {
            let first = starts[starts.partition_point(|&start| start < cut).min(starts.len() - 1)];
            if first < sorted.len() {
                shares.push(sorted.split_off(first));
            }
        }
        shares.push(sorted);
        shares.reverse();
        shares
    }

    /// Keeps the n-grams of `length` words that stand at places sorted by last word, each followed
    /// by those it begins. Those that are too rare begin none that is not.
    ///
    /// A blank sorts before every character of a word: in this order n-grams are sorted as strings.
    fn refine(
        &self,
        places: Vec<Place>,
        length: usize,
        range: NgramRange,
        least: u32,
        kept: &mut Kept,
    ) {
        let (shortest, longest) = range.bounds();
        for places in places.chunk_by(|a, b| a.0 == b.0) {
            let sentence = |&(_, place): &Place| self.sentence[place as usize];
            let in_sentence = || places.chunk_by(|a, b| sentence(a) == sentence(b));
            if places.len() < least as usize || in_sentence().count() < least as usize {
                continue;
            }
            if length >= shortest {
                let start = places[0].1 as usize;
                let words = self.text[start..start + length].iter();
                kept.terms.push_joined(words.map(|&word| self.words.term(word as usize)));
                let counts =
                    in_sentence().map(|places| (sentence(&places[0]), places.len() as u32));
                kept.found.items.extend(counts);
                kept.found.end();
            }
            if length < longest {
                let longer = |&(_, place): &Place| {
                    let last = place as usize + length;
                    let goes_on = self.sentence.get(last) == Some(&self.sentence[place as usize]);
                    goes_on.then(|| (self.text[last], place))
                };
                let mut places: Vec<Place> = places.iter().filter_map(longer).collect();
                // As one number: compared without a branch.
                places.sort_unstable_by_key(|&(word, place)| {
                    (u64::from(word) << 32) | u64::from(place)
                });
                self.refine(places, length + 1, range, least, kept);
            }
        }
    }
}

/// The rows of `rows` sentences from what each n-gram is found in, part after part.
fn by_row(parts: &[Kept], rows: usize) -> Lists<(u32, u32)> {
    let found = || parts.iter().flat_map(|kept| kept.found.iter());
    let mut next = vec![0; rows];
    found().flatten().for_each(|&(row, _)| next[row as usize] += 1);
    let mut sum = 0;
    for next in &mut next {
        sum += std::mem::replace(next, sum);
    }
    let mut items = vec![(0, 0); sum];
    for (term, found) in (0..).zip(found()) {
        for &(row, count) in found {
            items[next[row as usize]] = (term, count);
            next[row as usize] += 1;
        }
    }
    // Every row has been filled up to where it ends.
    Lists { ends: next, items }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::super::ngram::word_ngrams;
    use super::*;

    type Visit<'a> = &'a mut dyn FnMut(&str, Range<usize>);

    /// Sorted terms and rows, counted with strings in ordered maps.
    fn naive(
        sentences: &[String],
        least: u32,
        ngrams: impl Fn(&str, Visit<'_>),
    ) -> (Vec<String>, Vec<Vec<(u32, u32)>>) {
        let counts = sentences.iter().map(|sentence| {
            let mut counts: BTreeMap<String, u32> = BTreeMap::new();
            ngrams(sentence, &mut |ngram, _| *counts.entry(ngram.to_owned()).or_default() += 1);
            counts
        });
        let counts: Vec<_> = counts.collect();
        let all: BTreeSet<&String> = counts.iter().flat_map(BTreeMap::keys).collect();
        let is_kept = |term: &&String| {
            counts.iter().filter(|counts| counts.contains_key(*term)).count() >= least as usize
        };
        let terms: Vec<String> = all.into_iter().filter(is_kept).cloned().collect();
        let id = |term: &String| terms.binary_search(term).ok().map(|id| id as u32);
        let row = |counts: &BTreeMap<String, u32>| {
            counts.iter().filter_map(|(term, &count)| Some((id(term)?, count))).collect()
        };
        let rows = counts.iter().map(row).collect();
        (terms, rows)
    }

    fn on_threads(
        threads: usize,
        count: impl Fn() -> Counted + Sync,
    ) -> (Vec<String>, Vec<Vec<(u32, u32)>>) {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let counted = pool.install(&count);
        let terms = counted.terms.iter().map(str::to_owned).collect();
        (terms, counted.rows.iter().map(<[_]>::to_vec).collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]
        #[test]
        fn any_number_of_threads_finds_what_a_naive_count_finds(
            sentences in prop::collection::vec("([a-c_2é]{1,3}[ .]){0,9}", 0..12),
            least in 1_u32..4, shortest in 1_usize..4, more in 0_usize..3,
        ) {
            let range = NgramRange::new(shortest, shortest + more).unwrap();
            let words = naive(&sentences, least, |text, visit| word_ngrams(text, range, visit));
            let chars = naive(&sentences, least, |text, visit| char_ngrams(text, range, visit));
            let texts: Vec<&str> = sentences.iter().map(String::as_str).collect();
            for threads in [1, 2, 5] {
                let found = on_threads(threads, || count_words(&texts, range, least));
                prop_assert_eq!(&found, &words);
                let found = on_threads(threads, || count_chars(&texts, range, least));
                prop_assert_eq!(&found, &chars);
            }
        }
    }
}
