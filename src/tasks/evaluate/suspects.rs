//! Gold labels that models trained on other documents contradict.

use serde::Serialize;

use super::gold::Gold;
use crate::error::{Error, ErrorKind, Result};
use crate::model::ClassifierParams;
use crate::stats::{FEWEST_EXAMPLES, suspects};

/// A gold label that is likely to be wrong.
#[derive(Debug, Clone, PartialEq)]
pub struct Suspect {
    /// The sentence's name.
    pub id: String,
    /// The sentence.
    pub text: String,
    /// The frame.
    pub frame: String,
    /// Whether it was coded as present.
    pub coded: bool,
    /// Probability of its presence, by models trained on other documents.
    pub probability: f64,
    /// The mean probability of the other answer where that is coded.
    pub threshold: f64,
    /// Probability of the answer coded minus that of the other.
    pub margin: f64,
    /// The article.
    pub document: Option<String>,
    /// All labels of the sentence.
    pub labels: String,
}

/// Suspect labels, the likeliest errors first.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Suspects {
    /// How many there are.
    pub count: usize,
    /// Labels judged: sentences times frames that were assessed.
    pub judged: usize,
    /// Frames with too few sentences, with them or without, to be assessed.
    pub not_assessed: Vec<String>,
    /// The labels.
    #[serde(skip)]
    pub labels: Vec<Suspect>,
}

impl Gold {
    /// Finds labels that are likely to be wrong, by confident learning
    /// ([`crate::stats::suspects`]) on out-of-fold probabilities; folds keep documents together.
    /// Frames that exclude each other are judged one by one as well.
    ///
    /// # Errors
    ///
    /// Those of [`ClassifierParams::fit`]; also when nothing can be held out.
    pub fn suspects(
        &self,
        params: &ClassifierParams,
        progress: &(dyn Fn(f64) + Sync),
    ) -> Result<Suspects> {
        let coded = self.coded();
        let rows: Vec<usize> = (0..coded.len()).collect();
        let trained = params.fit(&self.training_data(&rows), progress).map_err(|error| {
            match error.kind() {
                // What `train` can be told instead, `evaluate` cannot.
                ErrorKind::Training { problem, .. } => {
                    Error::training(problem.clone(), "code more documents")
                }
                _ => error,
            }
        })?;
        let held_out = trained
            .out_of_fold
            .ok_or_else(|| Error::training("no document can be held out", "code more documents"))?;
        let mut found = Suspects::default();
        for (frame, name) in self.codebook().frame_names().into_iter().enumerate() {
            let probabilities: Vec<f64> =
                held_out.probabilities.iter().map(|row| row[frame]).collect();
            let present: Vec<bool> =
                coded.iter().map(|(_, labels)| labels.contains(frame)).collect();
            let Ok(of_frame) = suspects(&probabilities, &present) else {
                found.not_assessed.push(name.to_owned());
                continue;
            };
            found.judged += coded.len();
            found.labels.extend(of_frame.into_iter().map(|suspect| {
                let (row, labels) = coded[suspect.unit];
                Suspect {
                    id: row.id.clone(),
                    text: row.text.clone(),
                    frame: name.to_owned(),
                    coded: suspect.coded,
                    probability: suspect.probability,
                    threshold: suspect.threshold,
                    margin: suspect.margin,
                    document: row.document.clone(),
                    labels: labels.display(self.codebook()).to_string(),
                }
            }));
        }
        // Stable: of equal margins, the first frame and sentence come first.
        found.labels.sort_by(|a, b| a.margin.total_cmp(&b.margin));
        found.count = found.labels.len();
        Ok(found)
    }
}

impl Suspects {
    /// Columns of the table.
    pub const COLUMNS: [&'static str; 9] = [
        "id",
        "text",
        "frame",
        "coded",
        "probability",
        "threshold",
        "margin",
        "document",
        "labels",
    ];

    /// What to know of frames that were not assessed.
    pub fn note(&self) -> Option<String> {
        (!self.not_assessed.is_empty()).then(|| {
            format!(
                "not assessed, with fewer than {FEWEST_EXAMPLES} sentences with or without it: `{}`",
                self.not_assessed.join("`, `")
            )
        })
    }
}
