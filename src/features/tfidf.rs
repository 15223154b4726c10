//! Term frequency times inverse document frequency.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use linfa::dataset::{DatasetBase, Records};
use linfa::traits::{Fit, Transformer};
use rayon::prelude::*;

use super::count::{Counted, count_chars, count_words};
use super::ngram::{char_ngrams, word_ngrams};
use super::{Signals, SparseMatrix, TfidfValidParams, Vocabulary};
use crate::error::{Error, Result};
use crate::storage::Tensor;
use crate::text::{LowerWords, Lowercase};

/// Sentences as `linfa` records: `n` samples of one text each.
#[derive(Debug, Clone, Copy)]
pub struct Sentences<'a>(pub &'a [&'a str]);

impl Records for Sentences<'_> {
    type Elem = f32;

    fn nsamples(&self) -> usize {
        self.0.len()
    }

    fn nfeatures(&self) -> usize {
        1
    }
}

/// The blocks of columns that hold n-grams: words and characters.
const BLOCKS: usize = 2;

/// The value of a signal's column where the signal is found. An n-gram of a sentence of usual
/// length has about 0.2: the larger the value, the more a signal counts before there are labels.
/// Cross-validated scores do not change between 0.5 and 1 with thousands of labelled sentences;
/// with 50 they are better at 1, and no better above.
pub(crate) const SIGNAL_VALUE: f32 = 1.0;

/// How often every n-gram of a corpus stands in each of its sentences, before any n-gram is left
/// out.
///
/// Counting is the slow half of a fit and does not depend on which sentences train: for
/// cross-validation a corpus is counted once and fitted on the rows of every fold.
pub struct Ngrams {
    params: TfidfValidParams,
    blocks: [Counted; BLOCKS],
    signals: Signals,
    /// For each sentence, the lists it holds a signal of.
    found_signals: Vec<Vec<usize>>,
}

impl Ngrams {
    /// Counts the n-grams of all sentences, on all cores.
    ///
    /// # Errors
    ///
    /// When a signal cannot be read.
    pub fn count(params: &TfidfValidParams, sentences: &[&str]) -> Result<Self> {
        let signals = Signals::new(&params.signals)?;
        let found_signals = sentences.par_iter().map_init(LowerWords::default, |read, text| {
            let mut lists = Vec::new();
            if !signals.is_empty() {
                read.read(text);
                signals.find_lists(read, &mut lists);
            }
            lists
        });
        let found_signals = found_signals.collect();
        // What is too rare among all sentences is too rare among some of them.
        let least = params.min_df.least();
        let words = params.word_ngrams.map(|range| count_words(sentences, range, least));
        let chars = params.char_ngrams.map(|range| count_chars(sentences, range, least));
        let nothing = || Counted::nothing(sentences.len());
        let blocks = [words, chars].map(|counted| counted.unwrap_or_else(nothing));
        Ok(Ngrams { params: params.clone(), blocks, signals, found_signals })
    }

    /// Fits on the rows named: keeps the n-grams whose document frequency there lies within
    /// bounds, and computes their idf.
    ///
    /// # Errors
    ///
    /// When no n-gram is left.
    pub fn fit(&self, rows: &[usize]) -> Result<Tfidf> {
        let mut vocabularies = [Vocabulary::new([]), Vocabulary::new([])];
        let mut idf = Vec::new();
        let n = rows.len();
        let bounds = self.params.min_df.of(n)..=self.params.max_df.of(n);
        for (block, vocabulary) in vocabularies.iter_mut().enumerate() {
            let Counted { terms, rows: counts } = &self.blocks[block];
            let mut frequency = vec![0_u32; terms.len()];
            for &row in rows {
                for &(term, _) in counts.get(row) {
                    frequency[term as usize] += 1;
                }
            }
            // A term that the rows do not hold is not of their vocabulary, whatever the bound.
            let kept =
                |&term: &usize| frequency[term] > 0 && bounds.contains(&f64::from(frequency[term]));
            let kept: Vec<usize> = (0..frequency.len()).filter(kept).collect();
            *vocabulary = Vocabulary::new(kept.iter().map(|&term| terms.term(term)));
            idf.extend(kept.iter().map(|&term| smoothed_idf(n, frequency[term])));
        }
        if idf.is_empty() {
            return Err(Error::training(
                "no n-gram lies within the bounds on document frequency",
                "give more sentences, lower `--min-df` or raise `--max-df`",
            ));
        }
        let [words, chars] = vocabularies;
        let (params, signals) = (self.params.clone(), self.signals.clone());
        Ok(Tfidf { params, words, chars, idf: idf.into(), signals })
    }

    /// The TF-IDF rows of some of the sentences counted here.
    pub fn transform(&self, tfidf: &Tfidf, rows: &[usize]) -> SparseMatrix {
        let columns: [Vec<Option<u32>>; BLOCKS] =
            std::array::from_fn(|block| self.columns(tfidf, block));
        tfidf.build_rows(rows, |&row, weighted| {
            for (counted, columns) in self.blocks.iter().zip(&columns) {
                let counts = counted.rows.get(row).iter();
                let known = counts.filter_map(|&(term, count)| {
                    columns[term as usize].map(|column| (column, count))
                });
                tfidf.weight_block(known, weighted);
            }
            tfidf.add_signals(&self.found_signals[row], weighted);
        })
    }

    /// By term of a block, its column in `tfidf`. Both are sorted: no look-up is needed.
    fn columns(&self, tfidf: &Tfidf, block: usize) -> Vec<Option<u32>> {
        let (terms, vocabulary) = (&self.blocks[block].terms, tfidf.block(block));
        let first = tfidf.first_column(block);
        let mut ids = (0..vocabulary.len()).peekable();
        let column_of = |term: &str| {
            let order = |&id: &usize| vocabulary.bytes(id).cmp(term.as_bytes());
            while ids.next_if(|id| order(id).is_lt()).is_some() {}
            ids.next_if(|id| order(id).is_eq()).map(|id| (first + id) as u32)
        };
        terms.iter().map(column_of).collect()
    }
}

/// `ln((1 + n) / (1 + df)) + 1`, scikit-learn's smoothed inverse document frequency: as if one
/// more sentence held every term. (The textbook form is `ln(n / df)`.)
fn smoothed_idf(n: usize, frequency: u32) -> f32 {
    (libm::log((1 + n) as f64 / (1.0 + f64::from(frequency))) + 1.0) as f32
}

/// What a small count of an n-gram counts, since few are large.
static SUBLINEAR: LazyLock<[f64; 16]> =
    LazyLock::new(|| std::array::from_fn(|count| sublinear(count as u32)));

fn sublinear(count: u32) -> f64 {
    1.0 + libm::log(f64::from(count))
}

fn lists_found(signals: &Signals, lower: &str) -> Vec<usize> {
    let mut lists: Vec<usize> = signals.find(lower).into_iter().map(|(list, _)| list).collect();
    lists.dedup();
    lists
}

fn for_each_ngram(
    params: &TfidfValidParams,
    lower: &str,
    mut visit: impl FnMut(usize, &str, Range<usize>),
) {
    if let Some(range) = params.word_ngrams {
        word_ngrams(lower, range, |ngram, at| visit(0, ngram, at));
    }
    if let Some(range) = params.char_ngrams {
        char_ngrams(lower, range, |ngram, at| visit(1, ngram, at));
    }
}

/// A fitted TF-IDF transformation.
///
/// The value of term *t* in sentence *d* is `(1 + ln tf) · idf(t)` (or `tf · idf(t)` without
/// sublinear tf) with `idf(t) = ln((1 + n) / (1 + df)) + 1`, and every block of a row is divided
/// by its l2 norm. Idf is that of the training sentences, whatever is transformed. Columns are
/// the word n-grams in sorted order, then the character n-grams in sorted order.
///
/// # References
///
/// The definitions are those of scikit-learn's `TfidfVectorizer`; Manning, Raghavan & Schütze
/// 2008, Introduction to Information Retrieval, ch. 6.
///
/// # Examples
///
/// ```
/// use framescope::features::{DfBound, Sentences, Tfidf, TfidfParams};
/// use framescope::linfa::{DatasetBase, traits::{Fit, Transformer}};
///
/// let sentences = ["own core technology", "own market", "core market"];
/// let params = TfidfParams::default().char_ngrams(None).min_df(DfBound::Count(1));
/// let tfidf = params.fit(&DatasetBase::new(Sentences(&sentences), ()))?;
/// let rows = tfidf.transform(Sentences(&["a new market"]));
/// assert_eq!(rows.row(0).values, [1.0]); // `market` is all it knows of this sentence
/// # Ok::<(), framescope::error::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Tfidf {
    params: TfidfValidParams,
    words: Vocabulary,
    chars: Vocabulary,
    /// For each column of an n-gram.
    idf: Tensor<f32>,
    signals: Signals,
}

/// The arrays a fitted transformation consists of, for the model file.
pub(crate) struct TfidfTensors {
    pub(crate) words: Vocabulary,
    pub(crate) chars: Vocabulary,
    pub(crate) idf: Tensor<f32>,
}

/// By block the n-grams found, with their counts; and the lists with a signal.
type Found = ([Vec<(u32, u32)>; BLOCKS], Vec<usize>);

/// A term of a sentence: where it stands, its column and its value there.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// The column of the term.
    pub column: usize,
    /// Its TF-IDF value in the sentence.
    pub value: f64,
    /// Byte ranges of the sentence, one for each time it occurs.
    pub places: Vec<Range<usize>>,
}

impl Tfidf {
    pub(crate) fn from_tensors(
        params: TfidfValidParams,
        tensors: TfidfTensors,
        checked: bool,
    ) -> Result<Self, &'static str> {
        let TfidfTensors { words, chars, idf } = tensors;
        if idf.len() != words.len() + chars.len() {
            return Err("the idf values do not fit the vocabulary");
        }
        if checked && !idf.iter().all(|value| value.is_finite()) {
            return Err("an idf value is no number");
        }
        let signals = Signals::new(&params.signals).map_err(|_| "a signal cannot be read")?;
        Ok(Tfidf { params, words, chars, idf, signals })
    }

    pub(crate) fn tensors(&self) -> (&Vocabulary, &Vocabulary, &[f32]) {
        (&self.words, &self.chars, &self.idf)
    }

    /// The parameters of the fit.
    pub fn params(&self) -> &TfidfValidParams {
        &self.params
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.idf.len() + self.signals.lists()
    }

    /// The term of a column. Character n-grams keep the blanks at word ends; signals are shown as
    /// `signal:` and the name of their list.
    pub fn term(&self, column: usize) -> Cow<'_, str> {
        let (words, ngrams) = (self.words.len(), self.idf.len());
        match column {
            _ if column < words => self.words.term(column).into(),
            _ if column < ngrams => self.chars.term(column - words).into(),
            _ => format!("signal:{}", self.signals.name(column - ngrams)).into(),
        }
    }

    /// The inverse document frequency of every n-gram.
    pub fn idf(&self) -> &[f32] {
        &self.idf
    }

    pub(super) fn vocabularies(&self) -> (&Vocabulary, &Vocabulary) {
        (&self.words, &self.chars)
    }

    pub(super) fn signals(&self) -> &Signals {
        &self.signals
    }

    /// The column of a signal list.
    pub(crate) fn signal_column(&self, list: usize) -> usize {
        self.idf.len() + list
    }

    /// The value of an n-gram before its block is normalised.
    fn weight(&self, column: u32, count: u32) -> f64 {
        self.frequency(count) * f64::from(self.idf[column as usize])
    }

    /// [`Tfidf::ngrams_by_appearance`] with values, before their blocks are normalised, instead of
    /// counts.
    pub(crate) fn values_by_appearance(
        &self,
        sentence: &str,
    ) -> ([Vec<(u32, f64)>; BLOCKS], Vec<usize>) {
        let (found, signals) = self.ngrams_by_appearance(sentence);
        let weigh = |(column, count)| (column, self.weight(column, count));
        (found.map(|found| found.into_iter().map(weigh).collect()), signals)
    }

    /// What a count of an n-gram counts.
    pub(crate) fn frequency(&self, count: u32) -> f64 {
        match self.params.sublinear_tf {
            _ if count == 1 => 1.0,
            true => match SUBLINEAR.get(count as usize) {
                Some(&frequency) => frequency,
                None => sublinear(count),
            },
            false => f64::from(count),
        }
    }

    /// The known n-grams of a sentence by block, each with its count, in order of first
    /// appearance; and the signal lists it holds a signal of.
    fn ngrams_by_appearance(&self, sentence: &str) -> Found {
        let lower = sentence.to_lowercase();
        let vocabularies = [&self.words, &self.chars];
        let mut found: [Vec<(u32, u32)>; BLOCKS] = Default::default();
        let mut places: HashMap<u32, usize> = HashMap::new();
        for_each_ngram(&self.params, &lower, |block, ngram, _| {
            if let Some(id) = vocabularies[block].id(ngram) {
                let column = (self.first_column(block) + id) as u32;
                let found = &mut found[block];
                let place = *places.entry(column).or_insert(found.len());
                match found.get_mut(place) {
                    Some((_, count)) => *count += 1,
                    None => found.push((column, 1)),
                }
            }
        });
        (found, lists_found(&self.signals, &lower))
    }

    fn block(&self, block: usize) -> &Vocabulary {
        [&self.words, &self.chars][block]
    }

    fn first_column(&self, block: usize) -> usize {
        block * self.words.len()
    }

    /// Weights the counts of one block (rising columns) and appends them, l2-normalised.
    fn weight_block(&self, counts: impl Iterator<Item = (u32, u32)>, row: &mut Vec<(u32, f32)>) {
        let first = row.len();
        let mut squares = 0.0;
        for (column, count) in counts {
            let value = self.weight(column, count);
            squares += value * value;
            row.push((column, value as f32));
        }
        let norm = squares.sqrt();
        for (_, value) in &mut row[first..] {
            *value = (f64::from(*value) / norm) as f32;
        }
    }

    /// A matrix with a row for each item, on all cores; `fill` adds columns and values, rising.
    fn build_rows<T: Sync>(
        &self,
        items: &[T],
        fill: impl Fn(&T, &mut Vec<(u32, f32)>) + Sync,
    ) -> SparseMatrix {
        let part = items.len().div_ceil(rayon::current_num_threads()).max(1);
        let parts = items.par_chunks(part).map(|items| {
            let (mut matrix, mut row) = (SparseMatrix::new(self.columns()), Vec::new());
            for item in items {
                row.clear();
                fill(item, &mut row);
                matrix.push_row(row.iter().copied());
            }
            matrix
        });
        let parts: Vec<SparseMatrix> = parts.collect();
        let joined = parts.into_iter().reduce(SparseMatrix::joined);
        joined.unwrap_or_else(|| SparseMatrix::new(self.columns()))
    }

    fn add_signals(&self, lists: &[usize], row: &mut Vec<(u32, f32)>) {
        row.extend(lists.iter().map(|&list| ((self.idf.len() + list) as u32, SIGNAL_VALUE)));
    }

    /// The columns and values of one sentence, columns rising.
    pub fn row(&self, sentence: &str) -> Vec<(u32, f32)> {
        let (found, lists) = self.ngrams_by_appearance(sentence);
        let mut row = Vec::new();
        for mut block in found {
            block.sort_unstable();
            self.weight_block(block.into_iter(), &mut row);
        }
        self.add_signals(&lists, &mut row);
        row
    }

    /// The terms of one sentence with the places they stand at, columns rising.
    pub fn evidence(&self, sentence: &str) -> Vec<Evidence> {
        let lower = Lowercase::new(sentence);
        let vocabularies = [&self.words, &self.chars];
        let mut places: Vec<(usize, Range<usize>)> = Vec::new();
        for_each_ngram(&self.params, &lower.text, |block, ngram, at| {
            if let Some(id) = vocabularies[block].id(ngram) {
                places.push((self.first_column(block) + id, lower.original(at)));
            }
        });
        for (list, at) in self.signals.find(&lower.text) {
            places.push((self.idf.len() + list, lower.original(at)));
        }
        places.sort_by_key(|(column, place)| (*column, place.start));
        let (found, lists) = self.ngrams_by_appearance(sentence);
        let mut values: Vec<(usize, f64)> = Vec::new();
        for block in &found {
            let weighted =
                block.iter().map(|&(column, count)| (column, self.weight(column, count)));
            let squares: f64 = weighted.clone().map(|(_, value)| value * value).sum();
            values
                .extend(weighted.map(|(column, value)| (column as usize, value / squares.sqrt())));
        }
        let signals = lists.iter().map(|&list| (self.signal_column(list), SIGNAL_VALUE.into()));
        values.extend(signals);
        values.sort_by_key(|&(column, _)| column);
        values
            .into_iter()
            .map(|(column, value)| {
                let places = places.iter().filter(|(at, _)| *at == column);
                Evidence { column, value, places: places.map(|(_, at)| at.clone()).collect() }
            })
            .collect()
    }
}

impl<T> Fit<Sentences<'_>, T, Error> for TfidfValidParams {
    type Object = Tfidf;

    fn fit(&self, dataset: &DatasetBase<Sentences<'_>, T>) -> Result<Tfidf> {
        let sentences = dataset.records().0;
        let rows: Vec<usize> = (0..sentences.len()).collect();
        Ngrams::count(self, sentences)?.fit(&rows)
    }
}

impl Transformer<Sentences<'_>, SparseMatrix> for Tfidf {
    fn transform(&self, sentences: Sentences<'_>) -> SparseMatrix {
        self.build_rows(sentences.0, |sentence, row| row.extend(self.row(sentence)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{DfBound, NgramRange, SignalList, TfidfParams};
    use super::*;
    use linfa::ParamGuard;
    use proptest::prelude::*;

    fn params(words: Option<&str>, chars: Option<&str>) -> TfidfParams {
        let range = |text: Option<&str>| text.map(|text| text.parse::<NgramRange>().unwrap());
        TfidfParams::default()
            .word_ngrams(range(words))
            .char_ngrams(range(chars))
            .min_df(DfBound::Count(1))
    }

    fn fit(params: TfidfParams, sentences: &[&str]) -> Tfidf {
        params.fit(&DatasetBase::new(Sentences(sentences), ())).unwrap()
    }

    #[test]
    fn columns_are_sorted_and_bounded_by_document_frequency() {
        let sentences = ["b a b", "bb aa", "aa cc"];
        let tfidf = fit(params(Some("1"), None), &sentences);
        let terms: Vec<Cow<str>> = (0..tfidf.columns()).map(|column| tfidf.term(column)).collect();
        assert_eq!(terms, ["aa", "bb", "cc"]);
        let tfidf = fit(params(Some("1"), None).max_df(DfBound::Share(0.5)), &sentences);
        assert_eq!(tfidf.columns(), 2);
        let none = params(Some("1"), None).min_df(DfBound::Count(4));
        assert!(none.fit(&DatasetBase::new(Sentences(&sentences), ())).is_err());
        assert!(params(None, None).check().is_err());
    }

    #[test]
    fn evidence_points_at_the_original_characters() {
        let sentence = "Die GRÜNE Wende, die Wende!";
        let tfidf = fit(params(Some("1-2"), None), &[sentence]);
        let evidence = tfidf.evidence(sentence);
        let at = |term: &str| {
            let found = evidence.iter().find(|found| tfidf.term(found.column) == term).unwrap();
            found.places.iter().map(|place| &sentence[place.clone()]).collect::<Vec<_>>()
        };
        assert_eq!(at("grüne wende"), ["GRÜNE Wende"]);
        assert_eq!(at("die"), ["Die", "die"]);
    }

    proptest! {
        #[test]
        fn one_sentence_and_the_counted_corpus_give_the_same_rows(
            sentences in prop::collection::vec("[a-dA-DÄßΣİ中 .,]{0,30}", 2..12),
            chars in any::<bool>(), sublinear in any::<bool>(),
        ) {
            let sentences: Vec<&str> = sentences.iter().map(String::as_str).collect();
            let signals = SignalList {
                signals: vec!["ab*".to_owned(), "da*".to_owned()],
                ..SignalList::default()
            };
            let params = params(Some("1-3"), chars.then_some("2-4"))
                .sublinear_tf(sublinear)
                .signals(vec![SignalList::default(), signals]);
            let ngrams = Ngrams::count(params.check_ref().unwrap(), &sentences).unwrap();
            let rows: Vec<usize> = (0..sentences.len()).collect();
            if let Ok(tfidf) = ngrams.fit(&rows) {
                let counted = ngrams.transform(&tfidf, &rows);
                prop_assert_eq!(&counted, &tfidf.transform(Sentences(&sentences)));
                for row in counted.iter() {
                    prop_assert!(row.indices.windows(2).all(|pair| pair[0] < pair[1]));
                    let norm: f32 = row.values.iter().map(|value| value * value).sum();
                    let blocks = 2.0 + f32::from(chars);
                    prop_assert!(norm <= blocks + 1e-4);
                }
            }
        }
    }
}
