//! Fitting a classifier: cross-validation, choice of C, calibration, thresholds, stance, refit.

use std::fmt;
use std::str::FromStr;

use linfa::ParamGuard;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::calibration::{Calibration, FEWEST_POSITIVES};
use super::classifier::{Classifier, ModelCard};
use super::cross_validation::{Choices, CrossValidation, OutOfFold};
use super::dense;
use super::fitted::FitReport;
use super::linear::{Linear, Output};
use super::logistic::{ClassWeight, LogisticParams, LogisticValidParams, MOST_C, Solver};
use super::stance::{StanceExample, StanceProblem, stance_counts};
use super::threshold::ThresholdRule;
use crate::data::{Choice, Codebook, LabelSet, grouped_stratified_folds};
use crate::error::{Error, Result};
use crate::features::{Ngrams, SparseMatrix, TfidfParams, TfidfValidParams};

/// The weight of the loss against the penalty.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub enum Regularisation {
    /// Chosen for each frame by grouped cross-validation: the one with the least log-loss.
    #[default]
    Auto,
    /// This one, above 0.
    Fixed(f64),
}

impl fmt::Display for Regularisation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Regularisation::Auto => f.write_str("auto"),
            Regularisation::Fixed(c) => write!(f, "{c}"),
        }
    }
}

impl FromStr for Regularisation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "auto" {
            return Ok(Regularisation::Auto);
        }
        text.parse()
            .ok()
            .filter(|c: &f64| *c > 0.0 && *c <= MOST_C)
            .map(Regularisation::Fixed)
            .ok_or_else(|| {
                format!("`{text}` is neither `auto` nor a number above 0, at most {MOST_C:e}")
            })
    }
}

/// What `--C auto` chooses from: steps of the square root of ten.
const C_GRID: [f64; 6] = [0.316, 1.0, 3.16, 10.0, 31.6, 100.0];

/// Fits of cross-validation stop earlier than the final ones: closer to the optimum, scores change
/// in the fourth digit and no choice changes.
pub(super) const VALIDATION_TOLERANCE: f64 = 1e-3;

/// How a classifier is fitted.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassifierParams {
    /// How sentences become numbers.
    pub features: TfidfParams,
    /// The weight of the loss of the frame model.
    pub c: Regularisation,
    /// How much the rows of a class count.
    pub class_weight: ClassWeight,
    /// Which optimiser makes the final fit of the frames. Cross-validation always takes the sparse
    /// one, which reaches the same optimum.
    pub solver: Solver,
    /// Whether probabilities are calibrated.
    pub calibrate: bool,
    /// How thresholds are found.
    pub threshold: ThresholdRule,
    /// Folds of the cross-validation, at least 2.
    pub folds: usize,
    /// Decides ties in dealing the folds.
    pub seed: u64,
}

impl Default for ClassifierParams {
    fn default() -> Self {
        ClassifierParams {
            features: TfidfParams::default(),
            c: Regularisation::Auto,
            class_weight: ClassWeight::Sqrt,
            solver: Solver::Sparse,
            calibrate: true,
            threshold: ThresholdRule::Auto,
            folds: 5,
            seed: 42,
        }
    }
}

/// Coded sentences to train on, one entry each in `texts`, `labels` and `groups`.
#[derive(Debug, Clone)]
pub struct TrainingData<'a> {
    /// The frames and stances.
    pub codebook: &'a Codebook,
    /// The sentences.
    pub texts: Vec<&'a str>,
    /// What each carries.
    pub labels: Vec<&'a LabelSet>,
    /// The document of each, numbered from 0; a document's sentences stay in one fold.
    pub groups: Vec<usize>,
    /// SHA-256 of it all.
    pub digest: String,
}

/// A fitted classifier and how it came about.
#[derive(Debug, Clone)]
pub struct Trained {
    /// The classifier, fitted on all sentences.
    pub classifier: Classifier,
    /// What models trained on other documents said of each sentence.
    pub out_of_fold: Option<OutOfFold>,
    /// How the fit of each frame ended; one for all with a single choice.
    pub frame_fits: Vec<FitReport>,
    /// How the fit of stance ended, where there was one.
    pub stance_fit: Option<FitReport>,
    /// What the person should know.
    pub notes: Vec<String>,
}

impl TrainingData<'_> {
    fn frames(&self) -> usize {
        self.codebook.frames.len()
    }

    /// By sentence, whether a frame is present.
    pub(super) fn positive(&self, frame: usize) -> Vec<bool> {
        self.labels.iter().map(|labels| labels.contains(frame)).collect()
    }

    /// By sentence, its only frame.
    pub(super) fn class(&self) -> Vec<usize> {
        self.labels
            .iter()
            .map(|labels| labels.iter().next().map_or(0, |label| label.frame))
            .collect()
    }

    /// All (sentence, frame, stance) that are coded.
    pub(super) fn stance_examples(&self) -> Vec<StanceExample> {
        let mut examples = Vec::new();
        for (row, labels) in self.labels.iter().enumerate() {
            for label in labels.iter() {
                let frame = label.frame;
                examples.extend(label.stance.map(|stance| StanceExample { row, frame, stance }));
            }
        }
        examples
    }

    /// Every frame must be present in some sentences and absent from others.
    fn check_classes(&self) -> Result<()> {
        for (frame, name) in self.codebook.frame_names().into_iter().enumerate() {
            let positives = self.positive(frame).iter().filter(|&&positive| positive).count();
            if positives == 0 {
                return Err(Error::training(
                    format!("no sentence carries the frame `{name}`"),
                    "code some that do, or take the frame out of the codebook",
                ));
            }
            if positives == self.labels.len() {
                return Err(Error::training(
                    format!("every sentence carries the frame `{name}`, so nothing tells it apart"),
                    "add sentences without it",
                ));
            }
        }
        Ok(())
    }
}

impl ClassifierParams {
    /// Fits a classifier.
    ///
    /// Folds are dealt by document and stratified over frames and stances. Out-of-fold scores
    /// decide C, calibration and thresholds; then everything is refitted
    /// on all sentences. `progress` is called with the share done, from any thread.
    ///
    /// # Errors
    ///
    /// When a frame is on every sentence or on none, when cross-validation is needed and cannot be
    /// had (a frame in one document only), or when no n-gram is left.
    pub fn fit(&self, data: &TrainingData<'_>, progress: &(dyn Fn(f64) + Sync)) -> Result<Trained> {
        let features = self.features.check_ref()?;
        data.check_classes()?;
        let mut notes = Vec::new();
        let ngrams = Ngrams::count(features, &data.texts)?;
        let all: Vec<usize> = (0..data.texts.len()).collect();
        if self.solver == Solver::Linfa {
            // Refuse before the long work of cross-validation, not after it.
            dense::check_size(all.len(), ngrams.fit(&all)?.columns())?;
        }
        let grid = match self.c {
            Regularisation::Auto => C_GRID.to_vec(),
            Regularisation::Fixed(c) => vec![c],
        };
        let validation = self.cross_validate(data, &ngrams, &grid, progress, &mut notes)?;
        let choices = match &validation {
            Some(validation) => self.choose(data, validation, &mut notes)?,
            None => {
                let stance = (!data.stance_examples().is_empty()).then_some(grid[0]);
                let threshold = self.fixed_threshold();
                Choices { stance, ..Choices::untried(data.frames(), grid[0], threshold) }
            }
        };
        let out_of_fold = validation
            .as_ref()
            .map(|validation| {
                validation.held_out(data, |rows| self.choose_on(data, validation, rows))
            })
            .transpose()?;
        let tfidf = ngrams.fit(&all)?;
        let rows = ngrams.transform(&tfidf, &all);
        let (frames, frame_fits) = self.fit_frames(data, &rows, &choices)?;
        let (stance, stance_fit) = match choices.stance {
            Some(c) => {
                let examples = data.stance_examples();
                let stances = data.codebook.stances.len();
                let problem = StanceProblem::new(&rows, &examples, data.frames(), stances);
                let (model, fit) = problem.fit(c, 1e-6, &mut None)?;
                (Some(model), fit)
            }
            None => (None, None),
        };
        for (frame, fit) in frame_fits.iter().enumerate().filter(|(_, fit)| !fit.converged) {
            let name = match data.codebook.choice {
                Choice::Multiple => &data.codebook.frames[frame].name,
                Choice::Single => "all frames",
            };
            notes.push(format!(
                "the fit of {name} did not converge ({fit}); try a smaller `--C` or `--solver sparse`"
            ));
        }
        let card =
            self.card(features, data, &choices, validation.as_ref().map_or(0, |v| v.folds.count));
        let classifier = Classifier {
            codebook: data.codebook.clone(),
            tfidf,
            frames,
            calibration: choices.calibration,
            thresholds: choices.thresholds,
            stance,
            card,
        };
        progress(1.0);
        Ok(Trained { classifier, out_of_fold, frame_fits, stance_fit, notes })
    }

    fn fixed_threshold(&self) -> f64 {
        match self.threshold {
            ThresholdRule::Fixed(threshold) => threshold,
            ThresholdRule::Auto => 0.5,
        }
    }

    /// Whether anything asked for can only be found on held-out sentences.
    fn needs_validation(&self, data: &TrainingData<'_>) -> bool {
        let single = data.codebook.choice == Choice::Single;
        self.c == Regularisation::Auto
            || self.calibrate
            || (self.threshold == ThresholdRule::Auto && !single)
    }

    fn cross_validate(
        &self,
        data: &TrainingData<'_>,
        ngrams: &Ngrams,
        grid: &[f64],
        progress: &(dyn Fn(f64) + Sync),
        notes: &mut Vec<String>,
    ) -> Result<Option<CrossValidation>> {
        if self.folds < 2 {
            return Err(Error::parameter("folds", "there must be at least 2"));
        }
        let stances = data.codebook.stances.len();
        let labels: Vec<Vec<usize>> = data
            .labels
            .iter()
            .map(|labels| {
                let frames = data.frames();
                labels
                    .iter()
                    .flat_map(|label| {
                        let stance = label.stance.map(|s| frames + label.frame * stances + s);
                        std::iter::once(label.frame).chain(stance)
                    })
                    .collect()
            })
            .collect();
        let kinds = data.frames() * (1 + stances);
        let folds = grouped_stratified_folds(&data.groups, &labels, kinds, self.folds, self.seed);
        let obstacle = CrossValidation::obstacle(data, &folds);
        match obstacle {
            None => {
                let params = LogisticParams::default()
                    .class_weight(self.class_weight)
                    .tolerance(VALIDATION_TOLERANCE)
                    .check()?;
                CrossValidation::run(data, ngrams, folds, grid, &params, progress).map(Some)
            }
            Some(obstacle) if self.needs_validation(data) => Err(Error::training(
                format!("{obstacle}, so nothing can be tried on documents it was not trained on"),
                "code more documents, or give `--C 1.0 --no-calibration --threshold 0.5`",
            )),
            Some(obstacle) => {
                notes.push(format!("no cross-validated scores: {obstacle}"));
                Ok(None)
            }
        }
    }

    fn logistic(&self, c: f64, solver: Solver) -> Result<LogisticValidParams> {
        LogisticParams::default().c(c).class_weight(self.class_weight).solver(solver).check()
    }

    /// What the out-of-fold scores of all sentences decide.
    fn choose(
        &self,
        data: &TrainingData<'_>,
        validation: &CrossValidation,
        notes: &mut Vec<String>,
    ) -> Result<Choices> {
        let all: Vec<usize> = (0..data.texts.len()).collect();
        let choices = self.choose_on(data, validation, &all)?;
        if self.calibrate && data.codebook.choice == Choice::Multiple {
            for (frame, name) in data.codebook.frame_names().into_iter().enumerate() {
                let positives = data.positive(frame).iter().filter(|&&p| p).count();
                if positives < FEWEST_POSITIVES {
                    notes.push(format!(
                        "`{name}` is on {positives} sentences only, fewer than \
                         {FEWEST_POSITIVES}: its probabilities are not calibrated"
                    ));
                }
            }
        }
        Ok(choices)
    }

    /// What the out-of-fold scores of some sentences decide.
    fn choose_on(
        &self,
        data: &TrainingData<'_>,
        validation: &CrossValidation,
        rows: &[usize],
    ) -> Result<Choices> {
        validation.choose(data, rows, self.calibrate, self.threshold)
    }

    fn fit_frames(
        &self,
        data: &TrainingData<'_>,
        rows: &SparseMatrix,
        choices: &Choices,
    ) -> Result<(Linear, Vec<FitReport>)> {
        match data.codebook.choice {
            Choice::Multiple => {
                let fits = (0..data.frames())
                    .into_par_iter()
                    .map(|frame| {
                        let params = self.logistic(choices.c[frame], self.solver)?;
                        let model = params.fit_binary(rows, &data.positive(frame), None)?;
                        let weights = model.weights().to_vec();
                        let output = Output { weights, intercept: model.intercept() };
                        Ok((output, model.report().clone()))
                    })
                    .collect::<Result<Vec<_>>>()?;
                let (outputs, reports): (Vec<_>, Vec<_>) = fits.into_iter().unzip();
                Ok((Linear::from_outputs(rows.columns(), &outputs), reports))
            }
            Choice::Single => {
                let params = self.logistic(choices.c[0], self.solver)?;
                let (outputs, report) =
                    fit_single(&params, rows, data.frames(), &data.class(), &mut None)?;
                Ok((Linear::from_outputs(rows.columns(), &outputs), vec![report]))
            }
        }
    }

    fn card(
        &self,
        features: &TfidfValidParams,
        data: &TrainingData<'_>,
        choices: &Choices,
        folds: usize,
    ) -> ModelCard {
        let (frames, stances) = (data.frames(), data.codebook.stances.len());
        let mut frame_counts = vec![0; frames];
        for label in data.labels.iter().flat_map(|labels| labels.iter()) {
            frame_counts[label.frame] += 1;
        }
        let stance_counts = stance_counts(&data.stance_examples(), frames, stances);
        ModelCard {
            signals: features.has_signals(),
            features: features.clone(),
            c: choices.c.clone(),
            c_chosen: self.c == Regularisation::Auto,
            class_weight: self.class_weight,
            solver: self.solver,
            calibrated: choices.calibration.iter().map(|&line| line != Calibration::NONE).collect(),
            threshold: self.threshold,
            stance_c: choices.stance,
            folds,
            seed: self.seed,
            sentences: data.texts.len(),
            documents: data.groups.iter().max().map_or(0, |&last| last + 1),
            frame_counts,
            stance_counts,
            data_digest: data.digest.clone(),
            scores: None,
        }
    }
}

/// Fits frames that exclude each other, an output each.
///
/// Two classes are one question, as in scikit-learn: a binary model, half of it on either side, so
/// that the softmax of both sides is its probability. `start` is where to begin, and is left where
/// the fit ended.
pub(super) fn fit_single(
    params: &LogisticValidParams,
    rows: &SparseMatrix,
    classes: usize,
    class: &[usize],
    start: &mut Option<Vec<f64>>,
) -> Result<(Vec<Output>, FitReport)> {
    if classes == 2 {
        let positive: Vec<bool> = class.iter().map(|&class| class == 1).collect();
        let model = params.fit_binary(rows, &positive, start.as_deref())?;
        *start = Some(model.variables());
        let half = |sign: f64| {
            let weights = model.weights().iter().map(|weight| 0.5 * sign * weight).collect();
            Output { weights, intercept: 0.5 * sign * model.intercept() }
        };
        return Ok((vec![half(-1.0), half(1.0)], model.report().clone()));
    }
    let model = params.fit_softmax(rows, classes, class, start.as_deref())?;
    *start = Some(model.variables());
    let outputs = (0..classes)
        .map(|class| Output {
            weights: model.weights().column(class).to_vec(),
            intercept: model.intercepts()[class],
        })
        .collect();
    Ok((outputs, model.report().clone()))
}
