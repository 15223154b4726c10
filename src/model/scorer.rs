//! Classifying sentence after sentence without building rows.

use super::classifier::{Classifier, Prediction, StanceDetail};
use super::linear::Linear;
use crate::features::{SIGNAL_VALUE, Scanner, Scratch, Tfidf};

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
    scanner: Scanner,
}

impl Classifier {
    /// Compiles the classifier for many sentences.
    pub fn scorer(&self) -> Scorer<'_> {
        let outputs = self.frames.outputs();
        Scorer {
            classifier: self,
            scanner: Scanner::new(&self.tfidf, outputs, &self.frames.weights),
        }
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
        let mut frames = vec![0.0; self.classifier.codebook.frames.len()];
        self.frame_probabilities(sentence, scratch, &mut frames);
        // Columns are needed for the weights of stance only.
        let found = [0, 1].map(|block| {
            let known = self.scanner.found(scratch, block);
            known.map(|known| (known.column, known.count)).collect::<Vec<_>>()
        });
        self.classifier.complete(frames, &found, &scratch.signals, detail)
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
        match probabilities.len() {
            1 => self.score_lanes::<1>(scratch, 0, probabilities),
            2 => self.score_lanes::<2>(scratch, 0, probabilities),
            3 => self.score_lanes::<3>(scratch, 0, probabilities),
            4 => self.score_lanes::<4>(scratch, 0, probabilities),
            5 => self.score_lanes::<5>(scratch, 0, probabilities),
            _ => {
                for (index, chunk) in probabilities.chunks_mut(1).enumerate() {
                    self.score_lanes::<1>(scratch, index, chunk);
                }
            }
        }
        self.classifier.calibrate(probabilities);
    }

    /// As [`Linear::score_found`], in the same order, from the numbers beside the n-grams.
    fn score_lanes<const K: usize>(&self, scratch: &Scratch, first: usize, scores: &mut [f64]) {
        let Classifier { tfidf, frames, .. } = self.classifier;
        let mut all = [0.0; K];
        all.copy_from_slice(&frames.intercepts[first..first + K]);
        for block in 0..2 {
            let (mut squares, mut sums) = (0.0, [0.0; K]);
            for known in self.scanner.found(scratch, block) {
                let value = tfidf.frequency(known.count) * f64::from(known.idf);
                squares += value * value;
                for (sum, weight) in sums.iter_mut().zip(&known.numbers[first..first + K]) {
                    *sum += value * f64::from(f32::from_bits(*weight));
                }
            }
            add_block(&mut all, sums, squares);
        }
        for &list in &scratch.signals {
            let weights = &frames.weights[tfidf.signal_column(list) * frames.outputs() + first..];
            for (all, weight) in all.iter_mut().zip(weights) {
                *all += f64::from(SIGNAL_VALUE) * f64::from(*weight);
            }
        }
        scores.copy_from_slice(&all);
    }
}

/// Adds the sums of a block, divided by its norm.
fn add_block<const K: usize>(all: &mut [f64; K], sums: [f64; K], squares: f64) {
    if squares > 0.0 {
        let norm = f64::sqrt(squares);
        for (all, sum) in all.iter_mut().zip(sums) {
            *all += sum / norm;
        }
    }
}

impl Linear {
    /// `W x + b` of as many outputs as `scores` has entries, from `first` on, for the TF-IDF row of
    /// what was found in a sentence. The norm of a block divides its sums, not each value; terms
    /// are added in the order given.
    pub(super) fn score_found(
        &self,
        tfidf: &Tfidf,
        found: &[Vec<(u32, u32)>; 2],
        signals: &[usize],
        first: usize,
        scores: &mut [f64],
    ) {
        match scores.len() {
            0 => {}
            1 => self.score_found_lanes::<1>(tfidf, found, signals, first, scores),
            2 => self.score_found_lanes::<2>(tfidf, found, signals, first, scores),
            3 => self.score_found_lanes::<3>(tfidf, found, signals, first, scores),
            4 => self.score_found_lanes::<4>(tfidf, found, signals, first, scores),
            5 => self.score_found_lanes::<5>(tfidf, found, signals, first, scores),
            _ => {
                // Several at once, the rest one by one: each output is summed on its own.
                let (four, rest) = scores.split_at_mut(4);
                self.score_found_lanes::<4>(tfidf, found, signals, first, four);
                self.score_found(tfidf, found, signals, first + 4, rest);
            }
        }
    }

    fn score_found_lanes<const K: usize>(
        &self,
        tfidf: &Tfidf,
        found: &[Vec<(u32, u32)>; 2],
        signals: &[usize],
        first: usize,
        scores: &mut [f64],
    ) {
        let outputs = self.outputs();
        let weights = |column: usize| -> &[f32] { &self.weights[column * outputs + first..][..K] };
        let mut all = [0.0; K];
        all.copy_from_slice(&self.intercepts[first..first + K]);
        for block in found {
            let (mut squares, mut sums) = (0.0, [0.0; K]);
            for &(column, count) in block {
                let value = tfidf.weight(column, count);
                squares += value * value;
                for (sum, weight) in sums.iter_mut().zip(weights(column as usize)) {
                    *sum += value * f64::from(*weight);
                }
            }
            add_block(&mut all, sums, squares);
        }
        for &list in signals {
            let column = tfidf.signal_column(list);
            for (all, weight) in all.iter_mut().zip(weights(column)) {
                *all += f64::from(SIGNAL_VALUE) * f64::from(*weight);
            }
        }
        scores.copy_from_slice(&all);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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

    proptest! {
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
