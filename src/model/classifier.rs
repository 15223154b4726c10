//! The classifier: from a sentence to frames and stances.

use std::borrow::Borrow;

use linfa::traits::PredictInplace;
use ndarray::Array1;
use serde::{Deserialize, Serialize};

use super::calibration::Calibration;
use super::fitted::largest;
use super::linear::Linear;
use super::logistic::{ClassWeight, Solver};
use super::objective::softmax;
use super::stance::StanceModel;
use super::threshold::ThresholdRule;
use crate::data::{Choice, Codebook, LabelSet};
use crate::features::{Sentences, Tfidf, TfidfValidParams};

/// What a model was trained with and on. It is part of the model file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelCard {
    /// How sentences become numbers.
    pub features: TfidfValidParams,
    /// Whether the signals of the codebook are among them.
    pub signals: bool,
    /// The weight of the loss, by frame.
    pub c: Vec<f64>,
    /// Whether that was chosen by cross-validation.
    pub c_chosen: bool,
    /// How much the rows of a class count.
    pub class_weight: ClassWeight,
    /// Which optimiser fitted the frames.
    pub solver: Solver,
    /// By frame, whether probabilities are calibrated.
    pub calibrated: Vec<bool>,
    /// How thresholds were found.
    pub threshold: ThresholdRule,
    /// The weight of the loss of the stance model, where there is one.
    pub stance_c: Option<f64>,
    /// Folds of the cross-validation, 0 where there was none.
    pub folds: usize,
    /// Decides ties in dealing the folds.
    pub seed: u64,
    /// Sentences trained on.
    pub sentences: usize,
    /// Documents they stand in.
    pub documents: usize,
    /// By frame, how many sentences carry it.
    pub frame_counts: Vec<usize>,
    /// By frame and stance, how many sentences take it.
    pub stance_counts: Vec<Vec<usize>>,
    /// SHA-256 of ids, texts, labels and documents.
    pub data_digest: String,
    /// Scores on held-out documents, where cross-validated.
    pub scores: Option<serde_json::Value>,
}

/// What the classifier says of a sentence.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Prediction {
    /// The frames given to it, with their stances.
    pub labels: LabelSet,
    /// The probability of each frame. With a single choice they sum to 1.
    pub frames: Vec<f64>,
    /// For each frame, the probability of each stance given that frame; empty where the model
    /// knows no stance. The stance given is the one whose probability is largest against its share
    /// in training.
    pub stances: Vec<Vec<f64>>,
}

/// Which probabilities of stance are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StanceDetail {
    /// Those towards the frames that are given; the others stay empty.
    Given,
    /// Those towards every frame.
    All,
}

/// A trained classifier.
///
/// A sentence's TF-IDF row gives one score a frame; calibration turns it into a probability, a
/// threshold (with a single choice: the largest probability) into a label. Every frame given gets
/// the likeliest stance.
///
/// # Examples
///
/// ```
/// use framescope::model::Classifier;
///
/// let classifier = Classifier::built_in()?;
/// let prediction = classifier.predict("Exports of machine tools to Europe rose 7 percent.");
/// assert_eq!(prediction.frames.len(), classifier.codebook().frames.len());
/// # Ok::<(), framescope::error::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Classifier {
    pub(super) codebook: Codebook,
    pub(super) tfidf: Tfidf,
    pub(super) frames: Linear,
    /// By frame.
    pub(super) calibration: Vec<Calibration>,
    /// By frame.
    pub(super) thresholds: Vec<f64>,
    pub(super) stance: Option<StanceModel>,
    pub(super) card: ModelCard,
}

impl Classifier {
    /// The frames and stances it knows.
    pub fn codebook(&self) -> &Codebook {
        &self.codebook
    }

    /// What it was trained with and on.
    pub fn card(&self) -> &ModelCard {
        &self.card
    }

    /// By frame, the probability from which it is given.
    pub fn thresholds(&self) -> &[f64] {
        &self.thresholds
    }

    /// How it turns sentences into numbers.
    pub fn features(&self) -> &Tfidf {
        &self.tfidf
    }

    /// Classifies a sentence. For many, [`Classifier::scorer`] is faster and gives the same.
    pub fn predict(&self, sentence: &str) -> Prediction {
        let (found, signals) = self.tfidf.values_by_appearance(sentence);
        self.predict_found(&found, &signals, StanceDetail::All)
    }

    /// Classifies a sentence by the n-grams (column and value, by block) and signal lists found.
    pub(super) fn predict_found(
        &self,
        found: &[Vec<(u32, f64)>; 2],
        signals: &[usize],
        detail: StanceDetail,
    ) -> Prediction {
        let mut prediction =
            Prediction { frames: vec![0.0; self.codebook.frames.len()], ..Prediction::default() };
        self.frames.score_found(&self.tfidf, found, signals, 0, &mut prediction.frames);
        self.calibrate(&mut prediction.frames);
        self.complete(&mut prediction, || found, signals, detail);
        prediction
    }

    /// Adds labels and stances to the probabilities of the frames. `found` is asked for only where
    /// a stance is needed.
    pub(super) fn complete<F: Borrow<[Vec<(u32, f64)>; 2]>>(
        &self,
        prediction: &mut Prediction,
        found: impl Fn() -> F,
        signals: &[usize],
        detail: StanceDetail,
    ) {
        let Prediction { labels, frames, stances } = prediction;
        stances.iter_mut().for_each(Vec::clear);
        stances.resize(frames.len(), Vec::new());
        labels.fill(frame_labels(self.codebook.choice, frames, &self.thresholds));
        let every = detail == StanceDetail::All;
        if let Some(model) = self.stance.as_ref().filter(|_| every || !labels.is_empty()) {
            let found = found();
            for (frame, stances) in stances.iter_mut().enumerate() {
                if every || labels.contains(frame) {
                    stances.resize(model.stances, 0.0);
                    let first = frame * model.stances;
                    model.linear.score_found(&self.tfidf, found.borrow(), signals, first, stances);
                    softmax(stances);
                }
            }
        }
        labels.take_stances(|frame| self.stance_taken(frame, &stances[frame]));
    }

    /// Turns the scores of all frames into probabilities.
    pub(super) fn calibrate(&self, scores: &mut [f64]) {
        calibrate(self.codebook.choice, &self.calibration, scores);
    }

    /// `None` where no training sentence of the frame was coded for stance.
    fn stance_taken(&self, frame: usize, probabilities: &[f64]) -> Option<usize> {
        let known = self.card.stance_counts[frame].iter().any(|&count| count > 0);
        let model = self.stance.as_ref().filter(|_| known)?;
        Some(StanceModel::decide(probabilities, &model.shares))
    }

    /// The stance a prediction takes towards a frame if that frame is present, whether or not it was
    /// given. `None` where the model knows no stance towards it.
    pub fn stance_given(&self, frame: usize, prediction: &Prediction) -> Option<usize> {
        self.stance_taken(frame, &prediction.stances[frame])
    }

    /// Keeps scores on held-out documents in the model's card.
    pub(crate) fn set_scores(&mut self, scores: serde_json::Value) {
        self.card.scores = Some(scores);
    }
}

/// Turns the scores of all frames into probabilities.
pub(super) fn calibrate(choice: Choice, calibration: &[Calibration], scores: &mut [f64]) {
    let lines = scores.iter_mut().zip(calibration);
    match choice {
        Choice::Multiple => lines.for_each(|(score, line)| *score = line.probability(*score)),
        Choice::Single => {
            lines.for_each(|(score, line)| *score = line.log_odds(*score));
            softmax(scores);
        }
    }
}

/// The frames that are given, from their probabilities.
pub(super) fn frame_labels<'a>(
    choice: Choice,
    probabilities: &'a [f64],
    thresholds: &'a [f64],
) -> impl Iterator<Item = usize> + 'a {
    let only = (choice == Choice::Single).then(|| largest(probabilities.iter().copied()));
    (0..probabilities.len()).filter(move |&frame| match only {
        Some(only) => frame == only,
        None => probabilities[frame] >= thresholds[frame],
    })
}

impl PredictInplace<Sentences<'_>, Array1<LabelSet>> for Classifier {
    fn predict_inplace(&self, sentences: &Sentences<'_>, labels: &mut Array1<LabelSet>) {
        for (sentence, labels) in sentences.0.iter().zip(labels) {
            *labels = self.predict(sentence).labels;
        }
    }

    fn default_target(&self, sentences: &Sentences<'_>) -> Array1<LabelSet> {
        Array1::default(sentences.0.len())
    }
}
