//! Where predictions come from: a model, the signals of a codebook, a file.

use std::collections::HashMap;
use std::path::Path;

use rayon::prelude::*;

use super::gold::Gold;
use crate::data::{Codebook, Label, LabelFile, LabelSchema, LabelSet, LabelledRow};
use crate::error::{Error, Place, Result};
use crate::features::{SignalList, Signals};
use crate::model::Classifier;

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
    /// What to know about how a file of them was read.
    pub notices: Vec<String>,
}

impl Predictions {
    /// Those of some sentences, in their order.
    pub(super) fn of_rows(&self, rows: &[usize]) -> Self {
        let position: HashMap<usize, usize> =
            rows.iter().enumerate().map(|(position, &row)| (row, position)).collect();
        let stance = |&(row, frame, truth, said): &(usize, usize, usize, usize)| {
            position.get(&row).map(|&row| (row, frame, truth, said))
        };
        Predictions {
            labels: rows.iter().map(|&row| self.labels[row].clone()).collect(),
            probabilities: self
                .probabilities
                .as_ref()
                .map(|of| rows.iter().map(|&row| of[row].clone()).collect()),
            stances: self.stances.iter().filter_map(stance).collect(),
            notices: self.notices.clone(),
        }
    }
}

/// Where the frames and stances of a gold standard stand in a model's codebook.
struct Translation {
    /// By frame of the gold standard, that of the model.
    frames: Vec<usize>,
    /// By stance of the model, that of the gold standard.
    stances: Vec<Option<usize>>,
}

impl Translation {
    fn new(gold: &Codebook, model: &Codebook) -> Result<Self> {
        let frame = |name: &str| {
            model.frame(name).ok_or_else(|| {
                Error::training(
                    format!("the model knows no frame `{name}`"),
                    format!("its frames are `{}`", model.frame_names().join("`, `")),
                )
            })
        };
        Ok(Translation {
            frames: gold.frame_names().into_iter().map(frame).collect::<Result<_>>()?,
            stances: model.stance_names().into_iter().map(|name| gold.stance(name)).collect(),
        })
    }
}

impl Gold {
    /// What a model says of the gold sentences. Stance is asked for given the frame: for every stance
    /// in the gold labels, the one the model takes towards that frame.
    ///
    /// # Errors
    ///
    /// When the model does not know a frame of the gold standard.
    pub fn predict(&self, classifier: &Classifier) -> Result<Predictions> {
        let names = Translation::new(self.codebook(), classifier.codebook())?;
        let coded = self.coded();
        let said: Vec<_> = coded.par_iter().map(|(row, _)| classifier.predict(&row.text)).collect();
        let mut predictions = Predictions::default();
        for (row, ((_, labels), said)) in coded.iter().zip(&said).enumerate() {
            for label in labels.iter() {
                let stance = classifier.stance_given(names.frames[label.frame], said);
                if let (Some(truth), Some(Some(stance))) =
                    (label.stance, stance.map(|stance| names.stances[stance]))
                {
                    predictions.stances.push((row, label.frame, truth, stance));
                }
            }
            let given =
                names.frames.iter().enumerate().filter(|&(_, &of)| said.labels.contains(of));
            let label = |(frame, &of): (usize, &usize)| {
                let stance = said.labels.stance(of).and_then(|stance| names.stances[stance]);
                Label { frame, stance }
            };
            predictions.labels.push(given.map(label).collect());
        }
        let probabilities = |said: &crate::model::Prediction| {
            names.frames.iter().map(|&frame| said.frames[frame]).collect()
        };
        predictions.probabilities = Some(said.iter().map(probabilities).collect());
        Ok(predictions)
    }

    /// What the bare word lists of a codebook say: a frame is given where one of its signals stands
    /// in the sentence. They say nothing of stance and give no probabilities.
    ///
    /// # Errors
    ///
    /// When the codebook has no signals, or one that cannot be read.
    pub fn predict_by_signals(&self, codebook: &Codebook) -> Result<Predictions> {
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
        Ok(Predictions { labels: labels.collect(), ..Predictions::default() })
    }

    /// Reads a file of predictions: a label file with the ids of the gold sentences, and the
    /// columns `p.<frame>` where it has them. Its stance for a frame counts where the frame itself
    /// was predicted.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, a gold sentence has no prediction, or a probability is no
    /// number from 0 to 1.
    pub fn read_predictions(&self, path: &Path) -> Result<Predictions> {
        let paths = [path.to_owned()];
        let file = LabelFile::read(&paths, Some(self.codebook()), LabelSchema::CodesOnly)?;
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
            notices: file.notices.clone(),
            ..Predictions::default()
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
        Ok(predictions)
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
