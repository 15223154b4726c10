//! Scores of sentences by models that were trained on other documents, and what they decide.

use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::calibration::{Calibration, FEWEST_POSITIVES};
use super::classifier::{frame_labels, frame_probabilities};
use super::logistic::{LogisticValidParams, largest};
use super::objective::softmax;
use super::stance::{StanceExample, StanceKind, StanceModel, StanceSetting};
use super::threshold::{ThresholdRule, f1_threshold};
use super::training::{TrainingData, VALIDATION_TOLERANCE, fit_single};
use crate::data::{Choice, Folds, Label, LabelSet};
use crate::error::Result;
use crate::features::{Ngrams, SparseMatrix};

/// The weights of the loss that stance models are tried with.
const STANCE_GRID: [f64; 5] = [0.316, 1.0, 3.16, 10.0, 31.6];

/// Out-of-fold scores for every setting tried.
pub(super) struct CrossValidation {
    pub(super) folds: Folds,
    grid: Vec<f64>,
    /// By C: a score a frame.
    scores: Vec<BySentence>,
    examples: Vec<StanceExample>,
    stances: Vec<ScoredStances>,
}

/// Several values for each sentence.
type BySentence = Vec<Vec<f64>>;

/// What one setting says of stance.
struct ScoredStances {
    setting: StanceSetting,
    /// Frames × stances probabilities.
    probabilities: BySentence,
}

/// What out-of-fold scores decide.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Choices {
    /// By frame.
    pub(super) c: Vec<f64>,
    pub(super) calibration: Vec<Calibration>,
    pub(super) thresholds: Vec<f64>,
    pub(super) stance: Option<StanceSetting>,
}

impl Choices {
    /// Where nothing could be held out.
    pub(super) fn without_validation(frames: usize, c: f64, threshold: f64) -> Self {
        Choices {
            c: vec![c; frames],
            calibration: vec![Calibration::NONE; frames],
            thresholds: vec![threshold; frames],
            stance: None,
        }
    }
}

/// What models trained on other documents say of every sentence. C, calibration, thresholds and
/// the kind of stance model, too, are chosen on the other folds.
#[derive(Debug, Clone)]
pub struct OutOfFold {
    /// For each sentence, a probability a frame.
    pub probabilities: Vec<Vec<f64>>,
    /// For each sentence, the labels given.
    pub labels: Vec<LabelSet>,
    /// For each coded stance: sentence, frame, true stance, and the stance predicted for that
    /// frame whether or not the frame itself was predicted.
    pub stances: Vec<(usize, usize, usize, usize)>,
}

/// What one fold's models say of its held-out sentences.
struct FoldScores {
    held_out: Vec<usize>,
    /// By C: a score a frame.
    scores: Vec<BySentence>,
    /// By stance setting: frames × stances probabilities.
    stances: Vec<BySentence>,
}

impl CrossValidation {
    /// Why these folds cannot be used, if they cannot.
    pub(super) fn obstacle(data: &TrainingData<'_>, folds: &Folds) -> Option<String> {
        if folds.count < 2 {
            return Some("all sentences stand in one document".to_owned());
        }
        for (frame, name) in data.codebook.frame_names().into_iter().enumerate() {
            let positive = data.positive(frame);
            for fold in 0..folds.count {
                let train = (0..positive.len()).filter(|&row| folds.of_row[row] != fold);
                let (with, without): (Vec<usize>, Vec<usize>) =
                    train.partition(|&row| positive[row]);
                if with.is_empty() {
                    return Some(format!("the frame `{name}` is found in too few documents"));
                }
                if without.is_empty() {
                    return Some(format!("too few documents have a sentence without `{name}`"));
                }
            }
        }
        None
    }

    /// Fits and scores every fold with every setting, folds in parallel.
    pub(super) fn run(
        data: &TrainingData<'_>,
        ngrams: &Ngrams,
        folds: Folds,
        grid: &[f64],
        params: &LogisticValidParams,
        progress: &(dyn Fn(f64) + Sync),
    ) -> Result<Self> {
        let examples = data.stance_examples();
        let settings: Vec<StanceSetting> = match examples.is_empty() {
            true => Vec::new(),
            false => StanceKind::ALL
                .iter()
                .flat_map(|&kind| STANCE_GRID.iter().map(move |&c| StanceSetting { kind, c }))
                .collect(),
        };
        let done = AtomicUsize::new(0);
        let all = (folds.count * (1 + settings.len().min(1)) + 1) as f64;
        let step = || progress((done.fetch_add(1, Ordering::Relaxed) + 1) as f64 / all);
        let of_folds: Vec<FoldScores> = (0..folds.count)
            .into_par_iter()
            .map(|fold| {
                let (train, held_out) = folds.split(fold);
                let tfidf = ngrams.fit(&train)?;
                let train_rows = ngrams.transform(&tfidf, &train);
                let test_rows = ngrams.transform(&tfidf, &held_out);
                let scores = score_frames(data, params, grid, &train, &train_rows, &test_rows)?;
                step();
                let stances =
                    score_stances(data, &settings, &examples, &train, &train_rows, &test_rows)?;
                if !settings.is_empty() {
                    step();
                }
                Ok(FoldScores { held_out, scores, stances })
            })
            .collect::<Result<_>>()?;

        let n = data.texts.len();
        let mut scores = vec![vec![Vec::new(); n]; grid.len()];
        let unscored = |setting| ScoredStances { setting, probabilities: vec![Vec::new(); n] };
        let mut stances: Vec<ScoredStances> = settings.into_iter().map(unscored).collect();
        for fold in of_folds {
            for (scores, of_fold) in scores.iter_mut().zip(fold.scores) {
                for (&row, score) in fold.held_out.iter().zip(of_fold) {
                    scores[row] = score;
                }
            }
            for (scored, of_fold) in stances.iter_mut().zip(fold.stances) {
                for (&row, found) in fold.held_out.iter().zip(of_fold) {
                    scored.probabilities[row] = found;
                }
            }
        }
        Ok(CrossValidation { folds, grid: grid.to_vec(), scores, examples, stances })
    }

    /// Chooses on the out-of-fold scores of `rows`: C (least log-loss; by frame, or one with a
    /// single choice), then calibration and threshold at that C, and the stance setting with the
    /// least log-loss.
    pub(super) fn choose(
        &self,
        data: &TrainingData<'_>,
        rows: &[usize],
        calibrate: bool,
        rule: ThresholdRule,
    ) -> Result<Choices> {
        let frames = data.codebook.frames.len();
        let fixed = match rule {
            ThresholdRule::Fixed(threshold) => threshold,
            ThresholdRule::Auto => 0.5,
        };
        let mut choices = Choices::without_validation(frames, self.grid[0], fixed);
        choices.stance = self.choose_stance(rows);
        if data.codebook.choice == Choice::Single {
            let class = data.class();
            let class: Vec<usize> = rows.iter().map(|&row| class[row]).collect();
            let at = |c: usize| rows.iter().flat_map(move |&row| self.scores[c][row].clone());
            let loss = |c: usize| {
                let scores: Vec<f64> = at(c).collect();
                let line = Calibration::temperature(&scores, frames, &class);
                softmax_loss(&scores, line.slope, &class)
            };
            let best = least(self.grid.len(), loss);
            choices.c = vec![self.grid[best]; frames];
            if calibrate {
                let scores: Vec<f64> = at(best).collect();
                let line = Calibration::temperature(&scores, frames, &class);
                choices.calibration = vec![line; frames];
            }
            return Ok(choices);
        }
        for frame in 0..frames {
            let positive = data.positive(frame);
            let positive: Vec<bool> = rows.iter().map(|&row| positive[row]).collect();
            let at = |c: usize| -> Vec<f64> {
                rows.iter().map(|&row| self.scores[c][row][frame]).collect()
            };
            let best = least(self.grid.len(), |c| log_loss(&at(c), &positive));
            choices.c[frame] = self.grid[best];
            let scores = at(best);
            let positives = positive.iter().filter(|&&positive| positive).count();
            let negatives = positive.len() - positives;
            if calibrate && positives >= FEWEST_POSITIVES && negatives > 0 {
                choices.calibration[frame] = Calibration::platt(&scores, &positive)?;
            }
            if rule == ThresholdRule::Auto {
                let line = choices.calibration[frame];
                let probabilities: Vec<f64> =
                    scores.iter().map(|&score| line.probability(score)).collect();
                choices.thresholds[frame] = f1_threshold(&probabilities, &positive);
            }
        }
        Ok(choices)
    }

    fn choose_stance(&self, rows: &[usize]) -> Option<StanceSetting> {
        let mut inside = vec![false; self.folds.of_row.len()];
        for &row in rows {
            inside[row] = true;
        }
        let loss = |setting: usize| {
            let probabilities = &self.stances[setting].probabilities;
            let examples = self.examples.iter().filter(|example| inside[example.row]);
            -examples.map(|example| libm::log(self.stance_of(probabilities, example))).sum::<f64>()
        };
        let best = (!self.stances.is_empty()).then(|| least(self.stances.len(), loss));
        best.map(|best| self.stances[best].setting)
    }

    /// The probability given to the true stance.
    fn stance_of(&self, probabilities: &[Vec<f64>], example: &StanceExample) -> f64 {
        let of_row = &probabilities[example.row];
        let stances = of_row.len() / self.scores[0][example.row].len();
        of_row[example.frame * stances + example.stance]
    }

    /// Predicts every fold with what `choose` finds on the others.
    pub(super) fn held_out(
        &self,
        data: &TrainingData<'_>,
        choose: impl Fn(&[usize]) -> Result<Choices> + Sync,
    ) -> Result<OutOfFold> {
        let (frames, stances) = (data.codebook.frames.len(), data.codebook.stances.len());
        let n = data.texts.len();
        let mut found = OutOfFold {
            probabilities: vec![Vec::new(); n],
            labels: vec![LabelSet::default(); n],
            stances: Vec::new(),
        };
        let chosen: Vec<Choices> = (0..self.folds.count)
            .into_par_iter()
            .map(|fold| choose(&self.folds.split(fold).0))
            .collect::<Result<_>>()?;
        let index_of = |c: f64| self.grid.iter().position(|&known| known == c).unwrap_or(0);
        for row in 0..n {
            let choices = &chosen[self.folds.of_row[row]];
            let scores: Vec<f64> = (0..frames)
                .map(|frame| self.scores[index_of(choices.c[frame])][row][frame])
                .collect();
            let choice = data.codebook.choice;
            let probabilities = frame_probabilities(choice, &choices.calibration, &scores);
            let stance_of = |frame: usize| {
                let setting = choices.stance?;
                let scored = self.stances.iter().find(|scored| scored.setting == setting)?;
                let of_frame = &scored.probabilities[row][frame * stances..][..stances];
                Some(largest(of_frame.iter().copied()))
            };
            found.labels[row] = frame_labels(choice, &probabilities, &choices.thresholds)
                .map(|frame| Label { frame, stance: stance_of(frame) })
                .collect();
            found.probabilities[row] = probabilities;
            for label in data.labels[row].iter() {
                if let (Some(truth), Some(said)) = (label.stance, stance_of(label.frame)) {
                    found.stances.push((row, label.frame, truth, said));
                }
            }
        }
        Ok(found)
    }
}

/// Scores of held-out rows by C, each frame warm-started along the rising values of C.
fn score_frames(
    data: &TrainingData<'_>,
    params: &LogisticValidParams,
    grid: &[f64],
    train: &[usize],
    train_rows: &SparseMatrix,
    test_rows: &SparseMatrix,
) -> Result<Vec<BySentence>> {
    let frames = data.codebook.frames.len();
    let mut scores = vec![vec![vec![0.0; frames]; test_rows.rows()]; grid.len()];
    match data.codebook.choice {
        Choice::Multiple => {
            let of_frames: Vec<Vec<Vec<f64>>> = (0..frames)
                .into_par_iter()
                .map(|frame| {
                    let positive = data.positive(frame);
                    let positive: Vec<bool> = train.iter().map(|&row| positive[row]).collect();
                    let mut start: Option<Vec<f64>> = None;
                    grid.iter()
                        .map(|&c| {
                            let model = params.with_c(c).fit_binary(
                                train_rows,
                                &positive,
                                start.as_deref(),
                            )?;
                            start = Some(model.variables());
                            Ok(model.scores(test_rows).to_vec())
                        })
                        .collect::<Result<_>>()
                })
                .collect::<Result<_>>()?;
            for (frame, by_c) in of_frames.into_iter().enumerate() {
                for (c, of_rows) in by_c.into_iter().enumerate() {
                    for (row, score) in of_rows.into_iter().enumerate() {
                        scores[c][row][frame] = score;
                    }
                }
            }
        }
        Choice::Single => {
            let class = data.class();
            let class: Vec<usize> = train.iter().map(|&row| class[row]).collect();
            for (&c, scores) in grid.iter().zip(&mut scores) {
                let (outputs, _) = fit_single(&params.with_c(c), train_rows, frames, &class)?;
                for (row, scores) in test_rows.iter().zip(scores) {
                    for (score, output) in scores.iter_mut().zip(&outputs) {
                        *score = row.dot(&output.weights) + output.intercept;
                    }
                }
            }
        }
    }
    Ok(scores)
}

/// Stance probabilities of held-out rows by setting.
fn score_stances(
    data: &TrainingData<'_>,
    settings: &[StanceSetting],
    examples: &[StanceExample],
    train: &[usize],
    train_rows: &SparseMatrix,
    test_rows: &SparseMatrix,
) -> Result<Vec<BySentence>> {
    let mut position = vec![None; data.texts.len()];
    for (at, &row) in train.iter().enumerate() {
        position[row] = Some(at);
    }
    let examples: Vec<StanceExample> = examples
        .iter()
        .filter_map(|&example| position[example.row].map(|row| StanceExample { row, ..example }))
        .collect();
    let (frames, stances) = (data.codebook.frames.len(), data.codebook.stances.len());
    settings
        .par_iter()
        .map(|&setting| {
            let (model, _) = StanceModel::fit(
                setting,
                train_rows,
                &examples,
                frames,
                stances,
                VALIDATION_TOLERANCE,
            )?;
            let probabilities = test_rows.iter().map(|row| {
                let row: Vec<(u32, f32)> =
                    row.indices.iter().copied().zip(row.values.iter().copied()).collect();
                model.probabilities(&row)
            });
            Ok(probabilities.collect())
        })
        .collect()
}

fn log_loss(scores: &[f64], positive: &[bool]) -> f64 {
    let of = |(&score, &positive): (&f64, &bool)| {
        let z = if positive { -score } else { score };
        z.max(0.0) + libm::log1p(libm::exp(-z.abs()))
    };
    scores.iter().zip(positive).map(of).sum()
}

fn softmax_loss(scores: &[f64], factor: f64, class: &[usize]) -> f64 {
    let frames = scores.len() / class.len().max(1);
    let of = |(row, &class): (&[f64], &usize)| {
        let mut z: Vec<f64> = row.iter().map(|score| factor * score).collect();
        let truth = z[class];
        softmax(&mut z) - truth
    };
    scores.chunks_exact(frames).zip(class).map(of).sum()
}

/// The index with the least value, the first among equals.
fn least(count: usize, value: impl Fn(usize) -> f64) -> usize {
    largest((0..count).map(|index| -value(index)))
}
