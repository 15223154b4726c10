//! Classifying sentence after sentence without building rows.

use super::classifier::{Classifier, Prediction, StanceDetail};
use super::linear::Linear;
use crate::features::{SIGNAL_VALUE, Scanner, Scratch, Tfidf};

/// Splits scores into runs of up to five and does something with each, its length known when
/// compiling as `$lanes`.
macro_rules! by_lanes {
    ($all:expr, $lanes:ident, |$first:ident, $scores:ident| $do:block) => {
        for (index, $scores) in $all.chunks_mut(5).enumerate() {
            let $first = 5 * index;
            by_lanes!(@ $scores.len(), $lanes, $do, 1 2 3 4 5);
        }
    };
    (@ $length:expr, $lanes:ident, $do:block, $($count:literal)*) => {
        match $length {
            $($count => {
                const $lanes: usize = $count;
                $do
            })*
            _ => {}
        }
    };
}

/// A classifier compiled for many sentences.
///
/// It gives exactly what [`Classifier::predict`] gives, to the last bit; compiling takes some
/// milliseconds, which pays from some hundred sentences on. One scorer serves all threads, each
/// with a [`Scratch`] of its own.
///
/// # Examples
///
/// ```
/// use framescope::features::Scratch;
/// use framescope::model::{Classifier, StanceDetail};
///
/// let classifier = Classifier::built_in()?;
/// let scorer = classifier.scorer();
/// let mut scratch = Scratch::default();
/// for sentence in ["Exports rose.", "The choir sang."] {
///     let prediction = scorer.predict(sentence, StanceDetail::All, &mut scratch);
///     assert_eq!(prediction, classifier.predict(sentence));
/// }
/// # Ok::<(), framescope::error::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Scorer<'a> {
    classifier: &'a Classifier,
    /// Beside each n-gram: idf and the weights of all frames.
    scanner: Scanner,
}

impl Classifier {
    /// Compiles the classifier for many sentences.
    pub fn scorer(&self) -> Scorer<'_> {
        let outputs = self.frames.outputs();
        let scanner = Scanner::new(&self.tfidf, 1 + outputs, &|column, row| {
            let column = column as usize;
            row[0] = self.tfidf.idf()[column];
            row[1..].copy_from_slice(&self.frames.weights[column * outputs..][..outputs]);
        });
        Scorer { classifier: self, scanner }
    }
}

impl Scorer<'_> {
    /// The classifier it was compiled from.
    pub fn classifier(&self) -> &Classifier {
        self.classifier
    }

    /// Classifies a sentence.
    pub fn predict(
        &self,
        sentence: &str,
        detail: StanceDetail,
        scratch: &mut Scratch,
    ) -> Prediction {
        let mut prediction = Prediction::default();
        self.predict_into(sentence, detail, scratch, &mut prediction);
        prediction
    }

    /// The same, over a prediction that is needed no more.
    pub fn predict_into(
        &self,
        sentence: &str,
        detail: StanceDetail,
        scratch: &mut Scratch,
        prediction: &mut Prediction,
    ) {
        prediction.frames.resize(self.classifier.codebook.frames.len(), 0.0);
        self.frame_probabilities(sentence, scratch, &mut prediction.frames);
        let numbers = self.scanner.numbers();
        let weigh = |&(place, count): &(u32, u32)| {
            let value = self.classifier.tfidf.frequency(count) * f64::from(numbers[place as usize]);
            Some((self.scanner.column(place)?, value))
        };
        let found = || [0, 1].map(|block| scratch.found(block).iter().filter_map(weigh).collect());
        self.classifier.complete(prediction, found, &scratch.signals, detail);
    }

    /// The probability of each frame, written to `probabilities`, which has an entry a frame.
    ///
    /// # Panics
    ///
    /// When `probabilities` has another length.
    pub fn frame_probabilities(
        &self,
        sentence: &str,
        scratch: &mut Scratch,
        probabilities: &mut [f64],
    ) {
        self.scanner.scan(sentence, scratch);
        let Classifier { tfidf, frames, .. } = self.classifier;
        assert_eq!(probabilities.len(), frames.outputs(), "an entry a frame");
        let numbers = self.scanner.numbers();
        by_lanes!(probabilities, K, |first, scores| {
            frames.add_up::<K, _>(tfidf, &scratch.signals, first, scores, |block| {
                scratch.found(block).iter().map(move |&(place, count)| {
                    let row = &numbers[place as usize..][..1 + first + K];
                    let weights = &row[1 + first..];
                    let value = tfidf.frequency(count) * f64::from(row[0]);
                    (value, std::array::from_fn(|k| f64::from(weights[k])))
                })
            });
        });
        self.classifier.calibrate(probabilities);
    }
}

impl Linear {
    /// `W x + b` of as many outputs as `scores` has entries, from `first` on, for the TF-IDF row of
    /// what was found in a sentence: columns and values that are not normalised.
    pub(super) fn score_found(
        &self,
        tfidf: &Tfidf,
        found: &[Vec<(u32, f64)>; 2],
        signals: &[usize],
        first: usize,
        scores: &mut [f64],
    ) {
        by_lanes!(scores, K, |offset, scores| {
            let first = first + offset;
            self.add_up::<K, _>(tfidf, signals, first, scores, |block| {
                found[block].iter().map(move |&(column, value)| {
                    let weights = &self.weights[column as usize * self.outputs() + first..][..K];
                    let weight = |k| f64::from(weights[k]);
                    (value, std::array::from_fn(weight))
                })
            });
        });
    }

    /// Sums `K` outputs from `first` on: intercepts, the n-grams of each block (a value and `K`
    /// weights), signals. The norm of a block divides its sums, not each value, and n-grams are
    /// added in the order given: whoever finds the same gets the same, to the last bit.
    fn add_up<const K: usize, I: Iterator<Item = (f64, [f64; K])>>(
        &self,
        tfidf: &Tfidf,
        signals: &[usize],
        first: usize,
        scores: &mut [f64],
        block: impl Fn(usize) -> I,
    ) {
        let mut all = [0.0; K];
        all.copy_from_slice(&self.intercepts[first..first + K]);
        for index in 0..2 {
            let (mut squares, mut sums) = (0.0, [0.0; K]);
            for (value, weights) in block(index) {
                squares += value * value;
                for (sum, weight) in sums.iter_mut().zip(weights) {
                    *sum += value * weight;
                }
            }
            if squares > 0.0 {
                let norm = f64::sqrt(squares);
                for (all, sum) in all.iter_mut().zip(sums) {
                    *all += sum / norm;
                }
            }
        }
        for &list in signals {
            let weights = &self.weights[tfidf.signal_column(list) * self.outputs() + first..];
            for (all, weight) in all.iter_mut().zip(weights) {
                *all += f64::from(SIGNAL_VALUE) * f64::from(*weight);
            }
        }
        scores.copy_from_slice(&all);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Choice, Codebook, Label, LabelSet};
    use crate::features::{NgramRange, TfidfParams};
    use crate::model::{ClassifierParams, Regularisation, ThresholdRule, TrainingData};
    use proptest::prelude::*;

    /// Sentences of words the built-in model knows, of any characters, and of both.
    fn sentence() -> impl Strategy<Value = String> {
        let word = prop_oneof![
            Just("self-reliance".to_owned()),
            Just("core technologies".to_owned()),
            Just("social security".to_owned()),
            Just("import substitution,".to_owned()),
            Just("ΟΔΟΣ İstanbul".to_owned()),
            Just("中国 制造".to_owned()),
            Just("“exports” of the E\u{301}cole".to_owned()),
            "[a-zA-Z]{1,20}",
            "\\PC{0,12}",
            any::<String>(),
        ];
        prop::collection::vec(word, 0..40).prop_map(|words| words.join(" "))
    }

    /// A classifier of seven frames, one a letter.
    fn small(words: Option<&str>, chars: Option<&str>) -> Classifier {
        let range = |text: Option<&str>| text.map(|text| text.parse::<NgramRange>().unwrap());
        let names = ('a'..='g').map(String::from).collect();
        let codebook = Codebook::from_names(Choice::Multiple, names, Vec::new());
        let texts: Vec<String> = (0..40)
            .map(|i| {
                let letter = |at: usize| char::from(b'a' + (at % 7) as u8);
                let word = |at: usize| format!("{0}{0}{1}", letter(at), letter(at / 3));
                format!("{} {} internationalisation é{} {}", word(i), word(i + 2), word(i), word(i))
            })
            .collect();
        let labels: Vec<LabelSet> =
            (0..40).map(|i| [Label { frame: i % 7, stance: None }].into_iter().collect()).collect();
        let data = TrainingData {
            codebook: &codebook,
            texts: texts.iter().map(String::as_str).collect(),
            labels: labels.iter().collect(),
            groups: vec![0; 40],
            digest: String::new(),
        };
        let params = ClassifierParams {
            features: TfidfParams::default().word_ngrams(range(words)).char_ngrams(range(chars)),
            c: Regularisation::Fixed(3.0),
            calibrate: false,
            threshold: ThresholdRule::Fixed(0.5),
            ..ClassifierParams::default()
        };
        params.fit(&data, &|_| {}).unwrap().classifier
    }

    proptest! {
        #[test]
        fn every_kind_of_ngram_is_found(
            sentences in prop::collection::vec("([a-g]{1,4}|internationalisation|é[a-g]{2,3}|[A-G ]{1,5}| ){0,30}", 1..8),
        ) {
            for (words, chars) in [
                (Some("1-3"), None), (Some("2-3"), Some("2-6")), (None, Some("1-10")),
            ] {
                let classifier = small(words, chars);
                let scorer = classifier.scorer();
                let mut scratch = Scratch::default();
                for sentence in &sentences {
                    let fast = scorer.predict(sentence, StanceDetail::All, &mut scratch);
                    prop_assert_eq!(fast, classifier.predict(sentence));
                }
            }
        }

        #[test]
        fn scorer_and_classifier_agree_to_the_last_bit(sentences in prop::collection::vec(sentence(), 1..6)) {
            let classifier = Classifier::built_in().unwrap();
            let scorer = classifier.scorer();
            let mut scratch = Scratch::default();
            for sentence in &sentences {
                let plain = classifier.predict(sentence);
                let fast = scorer.predict(sentence, StanceDetail::All, &mut scratch);
                prop_assert_eq!(&fast, &plain);
                let mut frames = [0.0; 4];
                scorer.frame_probabilities(sentence, &mut scratch, &mut frames);
                prop_assert_eq!(&frames[..], &plain.frames[..]);
                let explained = classifier.explain(sentence);
                for (row, found) in explained.log_odds.iter().zip(&plain.frames) {
                    prop_assert!((1.0 / (1.0 + (-row).exp()) - found).abs() < 1e-6);
                }
            }
        }
    }
}
