//! Scores of predictions against gold labels.

use std::collections::HashMap;
use std::path::PathBuf;

use serde::Serialize;

use crate::data::{Codebook, Label, LabelFile, LabelSchema, LabelSet, LabelledRow, group_indices};
use crate::error::{Error, Place, Result};
use crate::features::{SignalList, Signals};
use crate::model::Classifier;
use crate::stats::{
    Bootstrap, Clusters, CodeTable, Confusion, Measure, Scored, Undefined, Value,
    average_precision, brier, calibration_error, f1, krippendorff_alpha, roc_auc,
};

/// What was predicted for every sentence of a gold standard.
#[derive(Debug, Clone, Default)]
pub struct Predictions {
    /// The labels given.
    pub labels: Vec<LabelSet>,
    /// A probability a frame, where there are any.
    pub probabilities: Option<Vec<Vec<f64>>>,
    /// For each coded stance of the gold standard: sentence, frame, true stance, and the stance
    /// predicted for that frame. Sentences for which none was predicted are left out.
    pub stances: Vec<(usize, usize, usize, usize)>,
}

/// Scores of a frame.
#[derive(Debug, Clone, Serialize)]
pub struct FrameScores {
    /// The frame.
    pub label: String,
    /// Share of the predicted that are present.
    pub precision: Measure,
    /// Share of the present that are predicted.
    pub recall: Measure,
    /// Harmonic mean of the two.
    pub f1: Measure,
    /// Mean precision along the ranking.
    pub average_precision: Measure,
    /// Chance that a sentence with the frame is ranked above one without.
    pub roc_auc: Measure,
    /// Mean squared error of the probabilities.
    pub brier: Measure,
    /// Expected calibration error over ten bins of equal size.
    pub ece: Measure,
    /// Agreement of predictions and gold, as if the model were a coder.
    pub krippendorff_alpha: Measure,
    /// Sentences with the frame in the gold standard.
    pub support: usize,
    /// Sentences predicted to carry it.
    pub predicted: usize,
}

/// A score over all frames.
#[derive(Debug, Clone, Serialize)]
pub struct Average {
    /// The F1.
    pub f1: Measure,
}

/// Scores of stance, given the frame.
#[derive(Debug, Clone, Serialize)]
pub struct StanceScores {
    /// Share of right stances.
    pub accuracy: Measure,
    /// Mean F1 over the stances that occur.
    pub macro_f1: Measure,
    /// The stances, in the order of the confusion matrix.
    pub labels: Vec<String>,
    /// Rows: true stance; columns: predicted.
    pub confusion: Vec<Vec<usize>>,
    /// Coded stances scored.
    pub support: usize,
}

/// All scores of an evaluation.
#[derive(Debug, Clone, Serialize)]
pub struct Evaluation {
    /// Sentences scored.
    pub sentences: usize,
    /// Documents they stand in; intervals resample these.
    pub documents: usize,
    /// Replicates behind the intervals.
    pub replicates: usize,
    /// By frame.
    pub frames: Vec<FrameScores>,
    /// Mean over frames; a frame without F1 counts 0.
    #[serde(rename = "macro")]
    pub macro_average: Average,
    /// Over all decisions together.
    #[serde(rename = "micro")]
    pub micro_average: Average,
    /// Share of sentences of which every frame is right.
    pub subset_accuracy: Measure,
    /// Stance given frame, where it was coded.
    pub stance: Option<StanceScores>,
}

impl Evaluation {
    /// Scores predictions against gold labels, with intervals by bootstrap over clusters.
    pub fn score(
        codebook: &Codebook,
        gold: &[&LabelSet],
        predictions: &Predictions,
        clusters: &Clusters,
        bootstrap: &Bootstrap,
    ) -> Self {
        let columns: Vec<FrameColumn> = (0..codebook.frames.len())
            .map(|frame| FrameColumn::new(frame, gold, predictions))
            .collect();
        let frames = codebook
            .frames
            .iter()
            .zip(&columns)
            .map(|(frame, column)| column.scores(&frame.name, clusters, bootstrap))
            .collect();
        let overall = bootstrap.measures(clusters, |weights| {
            let counts: Vec<Confusion> = columns.iter().map(|c| c.confusion(weights)).collect();
            let f1s = counts.iter().map(|counts| counts.f1().unwrap_or(0.0));
            let sum = |part: fn(&Confusion) -> f64| counts.iter().map(part).sum::<f64>();
            let right = (0..gold.len()).filter(|&row| columns.iter().all(|c| c.is_right(row)));
            let total: f64 = weights.iter().map(|&weight| f64::from(weight)).sum();
            vec![
                Ok(f1s.sum::<f64>() / counts.len() as f64),
                f1(
                    sum(|counts| counts.true_positive),
                    sum(|counts| counts.false_positive),
                    sum(|counts| counts.false_negative),
                ),
                match total > 0.0 {
                    true => Ok(right.map(|row| f64::from(weights[row])).sum::<f64>() / total),
                    false => Err(Undefined::NoOverlap),
                },
            ]
        });
        Evaluation {
            sentences: gold.len(),
            documents: clusters.count(),
            replicates: bootstrap.replicates,
            frames,
            macro_average: Average { f1: overall[0] },
            micro_average: Average { f1: overall[1] },
            subset_accuracy: overall[2],
            stance: StanceScores::score(codebook, gold, predictions, clusters, bootstrap),
        }
    }

    /// The main figures, for the model file: values rounded to four decimals, so that they do not
    /// depend on the last bits of anyone's arithmetic.
    pub(super) fn summary(&self) -> serde_json::Value {
        let round = |measure: &Measure| {
            let value = measure.value.ok().map(|value| (value * 1e4).round() / 1e4);
            serde_json::json!(value)
        };
        let frames: serde_json::Map<String, serde_json::Value> = self
            .frames
            .iter()
            .map(|frame| {
                let scores = serde_json::json!({
                    "f1": round(&frame.f1),
                    "average_precision": round(&frame.average_precision),
                    "support": frame.support,
                });
                (frame.label.clone(), scores)
            })
            .collect();
        serde_json::json!({
            "frames": frames,
            "macro_f1": round(&self.macro_average.f1),
            "micro_f1": round(&self.micro_average.f1),
            "stance_macro_f1": self.stance.as_ref().map(|stance| round(&stance.macro_f1)),
        })
    }
}

/// One frame's column of the label matrix, gold and predicted.
struct FrameColumn {
    gold: Vec<bool>,
    predicted: Vec<bool>,
    scored: Option<Scored>,
    codes: CodeTable,
}

impl FrameColumn {
    fn new(frame: usize, gold: &[&LabelSet], predictions: &Predictions) -> Self {
        let gold: Vec<bool> = gold.iter().map(|labels| labels.contains(frame)).collect();
        let predicted: Vec<bool> =
            predictions.labels.iter().map(|labels| labels.contains(frame)).collect();
        let scored = predictions.probabilities.as_ref().map(|probabilities| {
            let of_frame: Vec<f64> = probabilities.iter().map(|row| row[frame]).collect();
            Scored::new(&of_frame, &gold)
        });
        let code = |present: &bool| Some(usize::from(*present));
        let units = gold.iter().zip(&predicted).map(|(a, b)| vec![code(a), code(b)]).collect();
        FrameColumn { codes: CodeTable { coders: 2, values: 2, units }, gold, predicted, scored }
    }

    fn confusion(&self, weights: &[u32]) -> Confusion {
        Confusion::count(&self.gold, &self.predicted, weights)
    }

    fn is_right(&self, row: usize) -> bool {
        self.gold[row] == self.predicted[row]
    }

    fn scores(&self, label: &str, clusters: &Clusters, bootstrap: &Bootstrap) -> FrameScores {
        let measures = bootstrap.measures(clusters, |weights| {
            let counts = self.confusion(weights);
            let ranked = |score: fn(&Scored, &[u32]) -> Value| match &self.scored {
                Some(scored) => score(scored, weights),
                None => Err(Undefined::NoProbabilities),
            };
            vec![
                counts.precision(),
                counts.recall(),
                counts.f1(),
                ranked(average_precision),
                ranked(roc_auc),
                ranked(brier),
                ranked(calibration_error),
                krippendorff_alpha(&self.codes, weights),
            ]
        });
        let count = |flags: &[bool]| flags.iter().filter(|&&flag| flag).count();
        FrameScores {
            label: label.to_owned(),
            precision: measures[0],
            recall: measures[1],
            f1: measures[2],
            average_precision: measures[3],
            roc_auc: measures[4],
            brier: measures[5],
            ece: measures[6],
            krippendorff_alpha: measures[7],
            support: count(&self.gold),
            predicted: count(&self.predicted),
        }
    }
}

impl StanceScores {
    fn score(
        codebook: &Codebook,
        gold: &[&LabelSet],
        predictions: &Predictions,
        clusters: &Clusters,
        bootstrap: &Bootstrap,
    ) -> Option<Self> {
        let coded = gold.iter().any(|labels| labels.iter().any(|label| label.stance.is_some()));
        if !coded || predictions.stances.is_empty() {
            return None;
        }
        let stances = codebook.stances.len();
        let pairs = &predictions.stances;
        let matrix = |weights: &[u32]| {
            let mut matrix = vec![vec![0_u32; stances]; stances];
            for &(row, _, truth, said) in pairs {
                matrix[truth][said] += weights[row];
            }
            matrix
        };
        let measures = bootstrap.measures(clusters, |weights| {
            let matrix = matrix(weights);
            let row_sum = |s: usize| f64::from(matrix[s].iter().sum::<u32>());
            let column_sum = |s: usize| f64::from(matrix.iter().map(|row| row[s]).sum::<u32>());
            let right = |s: usize| f64::from(matrix[s][s]);
            let total: f64 = (0..stances).map(row_sum).sum();
            if total == 0.0 {
                return vec![Err(Undefined::NoStance); 2];
            }
            let f1s: Vec<f64> = (0..stances)
                .filter(|&s| row_sum(s) > 0.0)
                .map(|s| 2.0 * right(s) / (row_sum(s) + column_sum(s)))
                .collect();
            vec![
                Ok((0..stances).map(right).sum::<f64>() / total),
                Ok(f1s.iter().sum::<f64>() / f1s.len() as f64),
            ]
        });
        let confusion = matrix(&vec![1; gold.len()]);
        Some(StanceScores {
            accuracy: measures[0],
            macro_f1: measures[1],
            labels: codebook.stance_names().into_iter().map(str::to_owned).collect(),
            confusion: confusion
                .into_iter()
                .map(|row| row.into_iter().map(|count| count as usize).collect())
                .collect(),
            support: pairs.len(),
        })
    }
}

/// Gold labels ready to be scored against.
#[derive(Debug)]
pub struct Gold {
    file: LabelFile,
    clusters: Clusters,
    has_documents: bool,
}

impl Gold {
    /// Reads gold labels.
    ///
    /// # Errors
    ///
    /// Those of [`LabelFile::read`] and [`LabelFile::gold`].
    pub fn read(
        paths: &[PathBuf],
        codebook: Option<&Codebook>,
        schema: LabelSchema,
    ) -> Result<Self> {
        let file = LabelFile::read(paths, codebook, schema)?;
        let gold = file.gold()?;
        let documents = gold.iter().map(|(row, _)| row.document.as_deref());
        let has_documents = documents.clone().any(|document| document.is_some());
        let clusters = Clusters::new(group_indices(documents));
        Ok(Gold { file, clusters, has_documents })
    }

    /// Whether intervals can resample documents; otherwise they resample sentences.
    pub fn has_documents(&self) -> bool {
        self.has_documents
    }

    /// The frames and stances.
    pub fn codebook(&self) -> &Codebook {
        &self.file.codebook
    }

    fn coded(&self) -> Vec<(&LabelledRow, &LabelSet)> {
        self.file.gold().unwrap_or_default()
    }

    /// Scores a model on the gold sentences.
    pub fn evaluate_model(&self, classifier: &Classifier, bootstrap: &Bootstrap) -> Evaluation {
        use rayon::prelude::*;
        let coded = self.coded();
        let texts: Vec<&str> = coded.iter().map(|(row, _)| row.text.as_str()).collect();
        let predicted: Vec<_> = texts.par_iter().map(|text| classifier.predict(text)).collect();
        let mut predictions = Predictions::default();
        for (row, ((_, labels), predicted)) in coded.iter().zip(&predicted).enumerate() {
            for label in labels.iter() {
                if let (Some(truth), Some(said)) =
                    (label.stance, classifier.stance_given(label.frame, predicted))
                {
                    predictions.stances.push((row, label.frame, truth, said));
                }
            }
        }
        predictions.probabilities = Some(predicted.iter().map(|p| p.frames.clone()).collect());
        predictions.labels = predicted.into_iter().map(|p| p.labels).collect();
        self.score(&predictions, bootstrap)
    }

    /// Scores the bare word lists of a codebook: a frame is given where one of its signals stands
    /// in the sentence. They say nothing of stance and give no probabilities.
    ///
    /// # Errors
    ///
    /// When the codebook has no signals, or one that cannot be read.
    pub fn evaluate_signals(
        &self,
        codebook: &Codebook,
        bootstrap: &Bootstrap,
    ) -> Result<Evaluation> {
        let lists = SignalList::of_codebook(codebook);
        if lists.is_empty() {
            return Err(Error::training(
                "the codebook has no signals",
                "add `signals = [\"…\"]` to its frames, or name another with `--codebook`",
            ));
        }
        let signals = Signals::new(&lists)?;
        let labels = self.coded().into_iter().map(|(row, _)| {
            let found = signals.find(&row.text.to_lowercase());
            found.into_iter().map(|(frame, _)| Label { frame, stance: None }).collect()
        });
        let predictions = Predictions { labels: labels.collect(), ..Predictions::default() };
        Ok(self.score(&predictions, bootstrap))
    }

    /// Scores a file of predictions: a label file with the ids of the gold sentences, and the
    /// columns `p.<frame>` where it has them. Its stance for a frame counts where the frame itself
    /// was predicted.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, a gold sentence has no prediction, or a probability is no
    /// number from 0 to 1.
    pub fn evaluate_file(&self, path: &PathBuf, bootstrap: &Bootstrap) -> Result<Evaluation> {
        let paths = std::slice::from_ref(path);
        let file = LabelFile::read(paths, Some(self.codebook()), LabelSchema::CodesOnly)?;
        let predicted = file.gold()?;
        let by_id: HashMap<&str, (&LabelledRow, &LabelSet)> =
            predicted.iter().map(|&(row, labels)| (row.id.as_str(), (row, labels))).collect();
        let names = self.codebook().frame_names();
        let columns: Option<Vec<usize>> = names
            .iter()
            .map(|name| file.extra_columns.iter().position(|c| *c == format!("p.{name}")))
            .collect();
        let mut predictions = Predictions {
            probabilities: columns.as_ref().map(|_| Vec::new()),
            ..Default::default()
        };
        for (index, (row, labels)) in self.coded().into_iter().enumerate() {
            let Some(&(said_row, said)) = by_id.get(row.id.as_str()) else {
                return Err(Error::data(
                    Place::file(path),
                    format!("there is no prediction for `{}` ({})", row.id, row.place),
                    "predict every gold sentence, under its id",
                ));
            };
            for label in labels.iter() {
                if let (Some(truth), Some(stance)) = (label.stance, said.stance(label.frame)) {
                    predictions.stances.push((index, label.frame, truth, stance));
                }
            }
            if let (Some(columns), Some(all)) = (&columns, &mut predictions.probabilities) {
                all.push(probabilities(said_row, columns, &names)?);
            }
            predictions.labels.push(said.clone());
        }
        Ok(self.score(&predictions, bootstrap))
    }

    fn score(&self, predictions: &Predictions, bootstrap: &Bootstrap) -> Evaluation {
        let gold: Vec<&LabelSet> = self.coded().into_iter().map(|(_, labels)| labels).collect();
        Evaluation::score(self.codebook(), &gold, predictions, &self.clusters, bootstrap)
    }
}

fn probabilities(row: &LabelledRow, columns: &[usize], names: &[&str]) -> Result<Vec<f64>> {
    columns
        .iter()
        .zip(names)
        .map(|(&column, name)| {
            let cell = &row.extra[column];
            cell.parse().ok().filter(|p| (0.0..=1.0).contains(p)).ok_or_else(|| {
                Error::data(
                    row.place.column(&format!("p.{name}")),
                    format!("`{cell}` is no probability"),
                    "give a number from 0 to 1",
                )
            })
        })
        .collect()
}
