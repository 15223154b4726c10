//! How scores rise with the number of coded documents, and out-of-fold predictions.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::gold::Gold;
use super::predictions::Predictions;
use super::scores::Evaluation;
use crate::data::{LabelSet, grouped_stratified_folds};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Classifier, ClassifierParams, TrainingData};
use crate::stats::{Bootstrap, Measure, Undefined};

/// Shares of the training documents.
const SHARES: [f64; 6] = [0.1, 0.2, 0.4, 0.6, 0.8, 1.0];

/// Scores by size of the training data.
#[derive(Debug, Clone, Serialize)]
pub struct LearningCurve {
    /// Folds of documents, each held out once.
    pub folds: usize,
    /// From few documents to all.
    pub points: Vec<CurvePoint>,
}

/// Scores of models trained on some of the documents.
#[derive(Debug, Clone, Serialize)]
pub struct CurvePoint {
    /// Share of the documents outside the fold.
    pub share: f64,
    /// Documents trained on, the mean over folds.
    pub documents: f64,
    /// Sentences trained on, the mean over folds.
    pub sentences: f64,
    /// By frame.
    pub frames: Vec<CurveFrame>,
    /// Mean F1 over frames.
    pub macro_f1: Measure,
}

/// A frame's score at a point of the curve.
#[derive(Debug, Clone, Serialize)]
pub struct CurveFrame {
    /// The frame.
    pub label: String,
    /// On documents that were not trained on.
    pub f1: Measure,
}

impl Gold {
    /// The gold sentences of some rows, to train on.
    pub(super) fn training_data(&self, rows: &[usize]) -> TrainingData<'_> {
        let coded = self.coded();
        let group = |&row: &usize| self.clusters().of_unit()[row];
        // Numbered without gaps, in order of appearance.
        let names: Vec<String> = rows.iter().map(|row| group(row).to_string()).collect();
        TrainingData {
            codebook: self.codebook(),
            texts: rows.iter().map(|&row| coded[row].0.text.as_str()).collect(),
            labels: rows.iter().map(|&row| coded[row].1).collect(),
            groups: crate::data::group_indices(names.iter().map(|name| Some(name.as_str()))),
            digest: String::new(),
        }
    }

    /// Refits on growing shares of the documents of the gold file and scores what is held out.
    ///
    /// Documents are dealt into folds; for each fold, those outside it are put in one random order,
    /// and models are fitted, with all choices of their own (C, calibration, thresholds), on its first
    /// 10, 20, 40, 60, 80 and 100 percent. The held-out predictions of all folds are scored together.
    /// `progress` is called with the share done.
    ///
    /// # Degenerate cases
    ///
    /// A point is undefined (`too_few_documents`) where in any fold a frame stands in too few of the
    /// documents to train on.
    ///
    /// # Errors
    ///
    /// When there are fewer than two documents, or an option of `params` lies outside its range.
    pub fn learning_curve(
        &self,
        params: &ClassifierParams,
        bootstrap: &Bootstrap,
        progress: &(dyn Fn(f64) + Sync),
    ) -> Result<LearningCurve> {
        let frames = self.codebook().frames.len();
        let labels: Vec<Vec<usize>> =
            self.labels().iter().map(|of| of.iter().map(|label| label.frame).collect()).collect();
        let documents = self.clusters().of_unit();
        let folds = grouped_stratified_folds(documents, &labels, frames, params.folds, params.seed);
        if folds.count < 2 {
            return Err(Error::training(
                "all sentences stand in one document, so none can be held out",
                "code more documents",
            ));
        }
        let mut points = Vec::new();
        for (step, &share) in SHARES.iter().enumerate() {
            let splits: Vec<(Vec<usize>, Vec<usize>)> = (0..folds.count)
                .map(|fold| {
                    let (train, held_out) = folds.split(fold);
                    (first_documents(&train, documents, share, params.seed), held_out)
                })
                .collect();
            let steps = (SHARES.len() * splits.len()) as f64;
            let tell = |fold: usize| progress((step * splits.len() + fold) as f64 / steps);
            let predictions = self.held_out(&splits, params, &tell)?;
            points.push(self.point(share, &splits, predictions.as_ref(), bootstrap));
        }
        progress(1.0);
        Ok(LearningCurve { folds: folds.count, points })
    }

    /// What models trained on the first part of each split say of the second; `None` where one cannot
    /// be trained.
    fn held_out(
        &self,
        splits: &[(Vec<usize>, Vec<usize>)],
        params: &ClassifierParams,
        tell: &dyn Fn(usize),
    ) -> Result<Option<Predictions>> {
        let coded = self.coded();
        let mut labels = vec![LabelSet::default(); coded.len()];
        for (fold, (train, held_out)) in splits.iter().enumerate() {
            tell(fold);
            let classifier: Classifier = match params.fit(&self.training_data(train), &|_| {}) {
                Ok(trained) => trained.classifier,
                Err(error) if matches!(error.kind(), ErrorKind::Training { .. }) => {
                    return Ok(None);
                }
                Err(error) => return Err(error),
            };
            for &row in held_out {
                labels[row] = classifier.predict(&coded[row].0.text).labels;
            }
        }
        Ok(Some(Predictions { labels, ..Predictions::default() }))
    }

    fn point(
        &self,
        share: f64,
        splits: &[(Vec<usize>, Vec<usize>)],
        predictions: Option<&Predictions>,
        bootstrap: &Bootstrap,
    ) -> CurvePoint {
        let documents = self.clusters().of_unit();
        let mean = |of: &dyn Fn(&[usize]) -> usize| {
            let sum: usize = splits.iter().map(|(train, _)| of(train)).sum();
            sum as f64 / splits.len() as f64
        };
        let distinct = |rows: &[usize]| {
            let found: std::collections::BTreeSet<usize> =
                rows.iter().map(|&row| documents[row]).collect();
            found.len()
        };
        let labels = self.labels();
        let scores = predictions
            .map(|predictions| Evaluation::score(&self.truth(&labels), predictions, bootstrap));
        let untrained = Measure::bare(Err(Undefined::TooFewDocuments));
        let frame = |(index, name): (usize, &str)| CurveFrame {
            label: name.to_owned(),
            f1: scores.as_ref().map_or(untrained, |scores| scores.frames[index].f1),
        };
        CurvePoint {
            share,
            documents: mean(&distinct),
            sentences: mean(&<[usize]>::len),
            frames: self.codebook().frame_names().into_iter().enumerate().map(frame).collect(),
            macro_f1: scores.as_ref().map_or(untrained, |scores| scores.macro_average.f1),
        }
    }
}

/// The rows of the first documents in a random order, at least one.
fn first_documents(rows: &[usize], documents: &[usize], share: f64, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = rows.iter().map(|&row| documents[row]).collect();
    order.sort_unstable();
    order.dedup();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    let count = ((order.len() as f64 * share).round() as usize).clamp(1, order.len());
    let mut chosen = order[..count].to_vec();
    chosen.sort_unstable();
    rows.iter().copied().filter(|&row| chosen.binary_search(&documents[row]).is_ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_documents_are_nested_and_whole() {
        let documents: Vec<usize> = (0..30).map(|row| row / 3).collect();
        let rows: Vec<usize> = (0..30).collect();
        let few = first_documents(&rows, &documents, 0.2, 1);
        let more = first_documents(&rows, &documents, 0.6, 1);
        assert_eq!((few.len(), more.len()), (6, 18));
        assert!(few.iter().all(|row| more.contains(row)));
        assert_eq!(first_documents(&rows, &documents, 0.01, 1).len(), 3);
        assert_eq!(first_documents(&rows, &documents, 1.0, 1), rows);
    }
}
