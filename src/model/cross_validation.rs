//! Scores of sentences by models that were trained on other documents, and what they decide.

use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::calibration::{Calibration, FEWEST_POSITIVES};
use super::classifier::{calibrate, frame_labels};
use super::fitted::largest;
use super::linear::Output;
use super::logistic::LogisticValidParams;
use super::objective::{softmax, softplus};
use super::stance::{StanceExample, StanceModel, StanceProblem, stance_counts, stance_shares};
use super::threshold::{ThresholdRule, f1_threshold};
use super::training::{TrainingData, VALIDATION_TOLERANCE, fit_single};
use crate::data::{Choice, Folds, Label, LabelSet};
use crate::error::Result;
use crate::features::{Ngrams, SparseMatrix, SparseRow};

/// The weights of the loss that stance models are tried with.
const STANCE_GRID: [f64; 5] = [0.316, 1.0, 3.16, 10.0, 31.6];

/// Out-of-fold scores for every setting tried.
pub(super) struct CrossValidation {
    pub(super) folds: Folds,
    grid: Vec<f64>,
    /// A path for each frame, of one score a sentence; or one path for all frames together.
    frames: Vec<Path>,
    examples: Vec<StanceExample>,
    /// A path of frames × stances probabilities a sentence; empty where no stance is coded.
    stances: Path,
}

/// Several values for each sentence.
type BySentence = Vec<Vec<f64>>;

/// What models with the first values of C in the grid, as many as were tried, say of sentences
/// held out.
type Path = Vec<BySentence>;

/// What out-of-fold scores decide.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Choices {
    /// By frame.
    pub(super) c: Vec<f64>,
    pub(super) calibration: Vec<Calibration>,
    pub(super) thresholds: Vec<f64>,
    /// The C of the stance model, where there is one.
    pub(super) stance: Option<f64>,
}

impl Choices {
    /// What stands where nothing has been decided.
    pub(super) fn untried(frames: usize, c: f64, threshold: f64) -> Self {
        Choices {
            c: vec![c; frames],
            calibration: vec![Calibration::NONE; frames],
            thresholds: vec![threshold; frames],
            stance: None,
        }
    }
}

/// What models trained on other documents say of every sentence. C, calibration and
/// thresholds, too, are chosen on the other folds.
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

/// The rows of one fold.
struct FoldRows {
    train: Vec<usize>,
    held_out: Vec<usize>,
    train_rows: SparseMatrix,
    test_rows: SparseMatrix,
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

    /// Fits and scores every fold, with rising C until held-out sentences fare worse.
    pub(super) fn run(
        data: &TrainingData<'_>,
        ngrams: &Ngrams,
        folds: Folds,
        grid: &[f64],
        params: &LogisticValidParams,
        progress: &(dyn Fn(f64) + Sync),
    ) -> Result<Self> {
        let of_folds: Vec<FoldRows> = (0..folds.count)
            .into_par_iter()
            .map(|fold| {
                let (train, held_out) = folds.split(fold);
                let tfidf = ngrams.fit(&train)?;
                let train_rows = ngrams.transform(&tfidf, &train);
                let test_rows = ngrams.transform(&tfidf, &held_out);
                Ok(FoldRows { train, held_out, train_rows, test_rows })
            })
            .collect::<Result<_>>()?;
        let examples = data.stance_examples();
        let questions = match data.codebook.choice {
            Choice::Multiple => data.codebook.frames.len(),
            Choice::Single => 1,
        };
        let done = AtomicUsize::new(0);
        let stance_steps = if examples.is_empty() { 0 } else { STANCE_GRID.len() };
        let all = ((questions * grid.len() + stance_steps) * of_folds.len()) as f64;
        // Never quite 1: the last fit is still to come.
        let step = |count: usize| {
            progress((done.fetch_add(count, Ordering::Relaxed) + count) as f64 / (all + 1.0));
        };
        let mut validation = CrossValidation {
            folds,
            grid: grid.to_vec(),
            frames: Vec::new(),
            examples,
            stances: Vec::new(),
        };
        validation.frames = validation.frame_paths(data, questions, &of_folds, params, &step)?;
        if !validation.examples.is_empty() {
            validation.stances = validation.stance_path(data, &of_folds, &step)?;
        }
        Ok(validation)
    }

    /// The path of each frame, or of all frames in one where they exclude each other.
    fn frame_paths(
        &self,
        data: &TrainingData<'_>,
        questions: usize,
        of_folds: &[FoldRows],
        params: &LogisticValidParams,
        step: &(dyn Fn(usize) + Sync),
    ) -> Result<Vec<Path>> {
        let frames = data.codebook.frames.len();
        let starts = vec![vec![None; questions]; of_folds.len()];
        match data.codebook.choice {
            Choice::Multiple => {
                let positive: Vec<Vec<bool>> =
                    (0..frames).map(|frame| data.positive(frame)).collect();
                let fit = |fold: &FoldRows, c, open: &[usize], starts: &mut Vec<Option<_>>| {
                    let answers = |&frame: &usize| -> Vec<bool> {
                        fold.train.iter().map(|&row| positive[frame][row]).collect()
                    };
                    let answers: Vec<Vec<bool>> = open.iter().map(answers).collect();
                    let answers: Vec<&[bool]> = answers.iter().map(Vec::as_slice).collect();
                    let begin: Vec<Option<&[f64]>> =
                        open.iter().map(|&frame| starts[frame].as_deref()).collect();
                    let models =
                        params.with_c(c).fit_questions(&fold.train_rows, &answers, &begin)?;
                    let mut found = Vec::new();
                    for (&frame, model) in open.iter().zip(models) {
                        starts[frame] = Some(model.variables());
                        let scores = model.scores(&fold.test_rows);
                        found.push(scores.iter().map(|&score| vec![score]).collect());
                    }
                    Ok(found)
                };
                let loss = |frame: usize, scores: &BySentence, rows: &[usize]| {
                    rows.iter().map(|&row| log_loss(scores[row][0], positive[frame][row])).sum()
                };
                self.paths(&self.grid, of_folds, starts, questions, fit, loss, step)
            }
            Choice::Single => {
                let class = data.class();
                let fit = |fold: &FoldRows, c, _: &[usize], starts: &mut Vec<Option<_>>| {
                    let class: Vec<usize> = fold.train.iter().map(|&row| class[row]).collect();
                    let params = params.with_c(c);
                    let (outputs, _) =
                        fit_single(&params, &fold.train_rows, frames, &class, &mut starts[0])?;
                    let score = |row: SparseRow<'_>| {
                        let of = |output: &Output| row.dot(&output.weights) + output.intercept;
                        outputs.iter().map(of).collect()
                    };
                    Ok(vec![fold.test_rows.iter().map(score).collect()])
                };
                let loss =
                    |_, scores: &BySentence, rows: &[usize]| single_loss(scores, &class, rows);
                self.paths(&self.grid, of_folds, starts, questions, fit, loss, step)
            }
        }
    }

    /// The path of the stance model.
    fn stance_path(
        &self,
        data: &TrainingData<'_>,
        of_folds: &[FoldRows],
        step: &(dyn Fn(usize) + Sync),
    ) -> Result<Path> {
        let (frames, stances) = (data.codebook.frames.len(), data.codebook.stances.len());
        let problem_of = |fold: &FoldRows| {
            let mut position = vec![None; data.texts.len()];
            for (at, &row) in fold.train.iter().enumerate() {
                position[row] = Some(at);
            }
            let of_fold = |&example: &StanceExample| {
                position[example.row].map(|row| StanceExample { row, ..example })
            };
            let examples: Vec<StanceExample> = self.examples.iter().filter_map(of_fold).collect();
            StanceProblem::new(&fold.train_rows, &examples, frames, stances)
        };
        let problems: Vec<_> = of_folds.par_iter().map(|fold| (problem_of(fold), None)).collect();
        let fit = |fold: &FoldRows, c, _: &[usize], state: &mut (StanceProblem, Option<_>)| {
            let (problem, start) = state;
            let (model, _) = problem.fit(c, VALIDATION_TOLERANCE, start)?;
            let found = fold.test_rows.iter().map(|row| model.probabilities(row.iter()));
            Ok(vec![found.collect()])
        };
        let loss = |_, probabilities: &BySentence, rows: &[usize]| {
            self.stance_loss(probabilities, rows, data.codebook.stances.len())
        };
        let paths = self.paths(&STANCE_GRID, of_folds, problems, 1, fit, loss, step)?;
        Ok(paths.into_iter().next().unwrap_or_default())
    }

    /// Fits with rising C, every fold beginning where it ended before. A question stays open for as
    /// long as any choice could still fall on the last C: until the loss has risen on all sentences
    /// and on those of any folds but one. `states` holds what each fold keeps from one C to the
    /// next; `fit` is told the C and the open questions, `loss` the question.
    #[expect(clippy::too_many_arguments, reason = "each names one thing that is walked along")]
    fn paths<S: Send>(
        &self,
        grid: &[f64],
        of_folds: &[FoldRows],
        mut states: Vec<S>,
        questions: usize,
        fit: impl Fn(&FoldRows, f64, &[usize], &mut S) -> Result<Vec<BySentence>> + Sync,
        loss: impl Fn(usize, &BySentence, &[usize]) -> f64,
        step: &(dyn Fn(usize) + Sync),
    ) -> Result<Vec<Path>> {
        let sentences = self.folds.of_row.len();
        let subsets: Vec<Vec<usize>> = of_folds
            .iter()
            .map(|fold| fold.train.clone())
            .chain([(0..sentences).collect()])
            .collect();
        let mut least_losses = vec![vec![f64::INFINITY; subsets.len()]; questions];
        let mut paths: Vec<Path> = vec![Vec::new(); questions];
        let mut open: Vec<usize> = (0..questions).collect();
        for &c in grid {
            let found: Vec<Vec<BySentence>> = of_folds
                .par_iter()
                .zip(&mut states)
                .map(|(fold, state)| {
                    let found = fit(fold, c, &open, state);
                    step(questions);
                    found
                })
                .collect::<Result<_>>()?;
            let mut tried: Vec<BySentence> = vec![vec![Vec::new(); sentences]; open.len()];
            for (fold, found) in of_folds.iter().zip(found) {
                for (by_sentence, found) in tried.iter_mut().zip(found) {
                    for (&row, value) in fold.held_out.iter().zip(found) {
                        by_sentence[row] = value;
                    }
                }
            }
            let mut still_open = Vec::new();
            for (question, by_sentence) in open.into_iter().zip(tried) {
                let mut fares_better = false;
                for (rows, least) in subsets.iter().zip(&mut least_losses[question]) {
                    let loss = loss(question, &by_sentence, rows);
                    fares_better |= loss < *least;
                    *least = least.min(loss);
                }
                paths[question].push(by_sentence);
                if fares_better {
                    still_open.push(question);
                }
            }
            open = still_open;
            if open.is_empty() {
                break;
            }
        }
        Ok(paths)
    }

    /// Chooses on the out-of-fold scores of `rows`: C (least log-loss; by frame, or one with a
    /// single choice), then calibration and threshold at that C, and the C of stance with the
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
        let mut choices = Choices::untried(frames, self.grid[0], fixed);
        choices.stance = self.choose_stance(rows, data.codebook.stances.len());
        if data.codebook.choice == Choice::Single {
            let class = data.class();
            let best = least(self.frames[0].iter().map(|scores| single_loss(scores, &class, rows)));
            choices.c = vec![self.grid[best]; frames];
            if calibrate {
                let (scores, class) = picked(&self.frames[0][best], &class, rows);
                let line = Calibration::temperature(&scores, frames, &class);
                choices.calibration = vec![line; frames];
            }
            return Ok(choices);
        }
        for frame in 0..frames {
            let positive = data.positive(frame);
            let loss = |scores: &BySentence| {
                rows.iter().map(|&row| log_loss(scores[row][0], positive[row])).sum()
            };
            let best = least(self.frames[frame].iter().map(loss));
            choices.c[frame] = self.grid[best];
            let (scores, positive) = picked(&self.frames[frame][best], &positive, rows);
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

    fn choose_stance(&self, rows: &[usize], stances: usize) -> Option<f64> {
        let losses = self.stances.iter().map(|found| self.stance_loss(found, rows, stances));
        (!self.stances.is_empty()).then(|| STANCE_GRID[least(losses)])
    }

    /// The log-loss of the stances coded in `rows`.
    fn stance_loss(&self, probabilities: &BySentence, rows: &[usize], stances: usize) -> f64 {
        let mut inside = vec![false; self.folds.of_row.len()];
        for &row in rows {
            inside[row] = true;
        }
        let coded = self.examples.iter().filter(|example| inside[example.row]);
        let given = |of: &StanceExample| probabilities[of.row][of.frame * stances + of.stance];
        coded.map(|example| -libm::log(given(example))).sum()
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
        let shares = stance_shares(&stance_counts(&self.examples, frames, stances), stances);
        let index_of = |c: f64| self.grid.iter().position(|&known| known == c).unwrap_or(0);
        for row in 0..n {
            let choices = &chosen[self.folds.of_row[row]];
            let choice = data.codebook.choice;
            let mut probabilities: Vec<f64> = match choice {
                Choice::Multiple => (0..frames)
                    .map(|frame| self.frames[frame][index_of(choices.c[frame])][row][0])
                    .collect(),
                Choice::Single => self.frames[0][index_of(choices.c[0])][row].clone(),
            };
            calibrate(choice, &choices.calibration, &mut probabilities);
            let stance_of = |frame: usize| {
                let c = choices.stance?;
                let probabilities = &self.stances[STANCE_GRID.iter().position(|&k| k == c)?][row];
                let of_frame = &probabilities[frame * stances..][..stances];
                Some(StanceModel::decide(of_frame, &shares))
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

/// The values of some sentences, all in one, and what else is known of them.
fn picked<T: Copy>(values: &BySentence, known: &[T], rows: &[usize]) -> (Vec<f64>, Vec<T>) {
    let of_rows = rows.iter().flat_map(|&row| values[row].iter().copied()).collect();
    (of_rows, rows.iter().map(|&row| known[row]).collect())
}

fn log_loss(score: f64, positive: bool) -> f64 {
    softplus(if positive { -score } else { score })
}

/// The log-loss of frames that exclude each other, after a common factor has been fitted.
fn single_loss(scores: &BySentence, class: &[usize], rows: &[usize]) -> f64 {
    let (scores, class) = picked(scores, class, rows);
    let frames = scores.len() / class.len().max(1);
    let line = Calibration::temperature(&scores, frames, &class);
    let of = |(row, &class): (&[f64], &usize)| {
        let mut z: Vec<f64> = row.iter().map(|score| line.slope * score).collect();
        let truth = z[class];
        softmax(&mut z) - truth
    };
    scores.chunks_exact(frames).zip(&class).map(of).sum()
}

/// The index of the least value, the first among equals.
fn least(values: impl IntoIterator<Item = f64>) -> usize {
    largest(values.into_iter().map(|value| -value))
}
