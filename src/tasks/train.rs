//! From label files to a classifier and its scores on held-out documents.

use std::path::PathBuf;

use sha2::{Digest, Sha256};

use crate::data::{
    Choice, Codebook, LabelFile, LabelSchema, LabelSet, LabelledRow, OnError, Skipped,
    group_indices,
};
use crate::error::{Error, Place, Result};
use crate::features::{COPY_THRESHOLD, SignalList, near_duplicates};
use crate::model::{ClassifierParams, OutOfFold, Trained, TrainingData};
use crate::stats::{Bootstrap, Clusters};
use crate::tasks::evaluate::{Evaluation, Predictions, Truth};

/// What keeps sentences in one fold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum GroupBy {
    /// The column `document` where there is one, else nothing. Documents that are copies of each
    /// other (see [`near_duplicates`]) count as one.
    #[default]
    Document,
    /// The column of this name.
    Column(String),
    /// Nothing: every sentence stands for itself.
    Nothing,
}

/// What to train on and how.
#[derive(Debug, Clone)]
pub struct Train {
    /// The label files.
    pub labels: Vec<PathBuf>,
    /// The frames and stances; without one they come from the data.
    pub codebook: Option<Codebook>,
    /// How to fit.
    pub params: ClassifierParams,
    /// Whether the codebook's signals are features.
    pub signals: bool,
    /// What keeps sentences in one fold.
    pub group_by: GroupBy,
    /// Intervals of the cross-validated scores.
    pub bootstrap: Bootstrap,
    /// What becomes of rows and files at fault.
    pub on_error: OnError,
}

/// A trained classifier and its scores on documents it was not trained on.
#[derive(Debug)]
pub struct TrainingResult {
    /// The classifier and how it came about.
    pub trained: Trained,
    /// Scores of out-of-fold predictions, where there could be any.
    pub scores: Option<Evaluation>,
    /// What was left out of the label files.
    pub skipped: Vec<Skipped>,
}

impl Train {
    /// Reads, fits and scores. `progress` is called with the share done, from any thread.
    ///
    /// # Errors
    ///
    /// Those of reading label files ([`LabelFile::read`]) and of fitting
    /// ([`ClassifierParams::fit`]); also when the column to group by is missing.
    pub fn run(&self, progress: &(dyn Fn(f64) + Sync)) -> Result<TrainingResult> {
        let (codebook, schema) = (self.codebook.as_ref(), LabelSchema::WithText);
        let file = LabelFile::read_with(&self.labels, codebook, schema, self.on_error)?;
        let gold = file.gold()?;
        let mut notes = file.notices.clone();
        let groups = self.groups(&file, &gold, &mut notes)?;
        let data = TrainingData {
            codebook: &file.codebook,
            texts: gold.iter().map(|(row, _)| row.text.as_str()).collect(),
            labels: gold.iter().map(|(_, labels)| *labels).collect(),
            digest: digest(&file.codebook, &gold),
            groups,
        };
        let mut params = self.params.clone();
        if self.signals {
            params.features = params.features.signals(SignalList::of_codebook(&file.codebook));
        }
        let place = Place::file(&self.labels[0]);
        let mut trained = params.fit(&data, progress).map_err(|error| error.in_file(place))?;
        let scores = trained.out_of_fold.as_ref().map(|held_out| self.score(&data, held_out));
        if let Some(scores) = &scores {
            trained.classifier.set_scores(scores.summary());
        }
        notes.append(&mut trained.notes);
        trained.notes = notes;
        Ok(TrainingResult { trained, scores, skipped: file.skipped })
    }

    fn groups(
        &self,
        file: &LabelFile,
        gold: &[(&LabelledRow, &LabelSet)],
        notes: &mut Vec<String>,
    ) -> Result<Vec<usize>> {
        let documents = gold.iter().any(|(row, _)| row.document.is_some());
        match &self.group_by {
            GroupBy::Nothing => {}
            GroupBy::Column(name) if name != "document" => {
                let place = Place::file(&self.labels[0]).line(1);
                let column = file.extra_columns.iter().position(|known| known == name);
                let column = column.ok_or_else(|| {
                    Error::data(
                        place,
                        format!("there is no column `{name}` to group by"),
                        "name a column of the label file with `--group-by`, or `none`",
                    )
                })?;
                let name = |row: &'_ LabelledRow| row.extra[column].clone();
                let names: Vec<String> = gold.iter().map(|(row, _)| name(row)).collect();
                return Ok(group_indices(
                    names.iter().map(|name| (!name.is_empty()).then_some(name.as_str())),
                ));
            }
            GroupBy::Document | GroupBy::Column(_) if documents => {
                let documents = group_indices(gold.iter().map(|(row, _)| row.document.as_deref()));
                return Ok(bound_by_copies(&documents, gold, notes));
            }
            GroupBy::Document | GroupBy::Column(_) => notes.push(
                "there is no column `document`: folds and intervals treat every sentence as \
                 independent, which flatters the scores where sentences share articles"
                    .to_owned(),
            ),
        }
        Ok((0..gold.len()).collect())
    }

    fn score(&self, data: &TrainingData<'_>, held_out: &OutOfFold) -> Evaluation {
        let predictions = Predictions {
            labels: held_out.labels.clone(),
            probabilities: Some(held_out.probabilities.clone()),
            stances: held_out.stances.clone(),
            notices: Vec::new(),
        };
        let clusters = Clusters::new(data.groups.clone());
        let truth = Truth {
            codebook: data.codebook,
            labels: &data.labels,
            clusters: &clusters,
            weights: &vec![1.0; data.labels.len()],
        };
        Evaluation::score(&truth, &predictions, &self.bootstrap)
    }
}

/// Brings documents together with their copies: a wire report in several outlets would be learnt from
/// in one and scored in the other.
fn bound_by_copies(
    documents: &[usize],
    gold: &[(&LabelledRow, &LabelSet)],
    notes: &mut Vec<String>,
) -> Vec<usize> {
    let count = documents.iter().max().map_or(0, |&last| last + 1);
    let mut texts = vec![String::new(); count];
    for (&document, (row, _)) in documents.iter().zip(gold) {
        texts[document] += &row.text;
        texts[document].push('\n');
    }
    let groups = near_duplicates(&texts, COPY_THRESHOLD);
    let copies = count - groups.iter().max().map_or(0, |&last| last + 1);
    if copies > 0 {
        notes.push(format!(
            "{copies} of {count} documents are copies of others, and stay in one fold with them"
        ));
    }
    documents.iter().map(|&document| groups[document]).collect()
}

/// SHA-256 of what decides a model: the codebook's names and every sentence's id, text, labels and
/// document, in hexadecimal.
fn digest(codebook: &Codebook, gold: &[(&LabelledRow, &LabelSet)]) -> String {
    let mut hash = Sha256::new();
    let mut field = |text: &str| {
        // The length first, so that no two fields can be told apart differently.
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    };
    field(match codebook.choice {
        Choice::Multiple => "multiple",
        Choice::Single => "single",
    });
    for name in codebook.frame_names().into_iter().chain(codebook.stance_names()) {
        field(name);
    }
    for (row, labels) in gold {
        field(&row.id);
        field(&row.text);
        field(&labels.display(codebook).to_string());
        field(row.document.as_deref().unwrap_or_default());
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
