//! The gold standard: labels, documents, weights, and the coders behind it.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use super::predictions::Predictions;
use super::scores::{Evaluation, Truth};
use crate::data::{
    Codebook, LabelFile, LabelSchema, LabelSet, LabelledRow, OnError, Skipped, group_indices,
};
use crate::error::{Error, Place, Result, listed};
use crate::stats::{Bootstrap, Clusters, CodeTable, Measure, krippendorff_alpha};

/// The coder whose labels are the gold standard where several people coded a sentence.
pub(super) const GOLD_CODER: &str = "gold";

/// The column whose inverse weighs sentences.
const INCLUSION: &str = "inclusion_probability";

/// Gold labels ready to be scored against.
#[derive(Debug)]
pub struct Gold {
    path: PathBuf,
    file: LabelFile,
    /// The rows of the file that are the gold standard.
    rows: Vec<usize>,
    /// The same with those that the gold standard leaves open: coders who differ may have tied.
    asked: Vec<usize>,
    clusters: Clusters,
    has_documents: bool,
    weights: Vec<f64>,
    /// The inclusion probability of every gold sentence, where it is recorded.
    inclusion: Option<Vec<f64>>,
    coders: Vec<String>,
}

impl Gold {
    /// Reads gold labels.
    ///
    /// Where a sentence is coded by several people, the gold standard is what `gold_coder` says, or
    /// else the coder `gold`; all others, and `gold_coder` too unless the name is `gold`, are the
    /// human coders, whose agreement can be put beside that of the model.
    ///
    /// With a column `inclusion_probability`, π, every sentence counts `1/π`, divided by the mean of
    /// it: so scores are those of what was sampled from, not of the sample (Horvitz & Thompson 1952,
    /// Journal of the American Statistical Association 47:663–685; the ratio is Hájek's).
    ///
    /// # Errors
    ///
    /// Those of [`LabelFile::read_with`]; also when a sentence is coded by several people and none of them
    /// is the gold standard, and when an inclusion probability is not above 0 and at most 1.
    pub fn read(
        paths: &[PathBuf],
        codebook: Option<&Codebook>,
        schema: LabelSchema,
        gold_coder: Option<&str>,
        on_error: OnError,
    ) -> Result<Self> {
        let file = LabelFile::read_with(paths, codebook, schema, on_error)?;
        let (asked, coders) = gold_rows(&file, &paths[0], gold_coder)?;
        let coded = |row: &usize| file.rows[*row].coding.labels().is_some();
        let rows: Vec<usize> = asked.iter().copied().filter(coded).collect();
        let documents = rows.iter().map(|&row| file.rows[row].document.as_deref());
        let has_documents = documents.clone().any(|document| document.is_some());
        let clusters = Clusters::new(group_indices(documents));
        let inclusion = file.extra_columns.iter().position(|column| column == INCLUSION);
        let inclusion =
            inclusion.map(|column| inclusion_probabilities(&file, &rows, column)).transpose()?;
        let weights = match &inclusion {
            Some(inclusion) => weights(inclusion),
            None => vec![1.0; rows.len()],
        };
        let path = paths[0].clone();
        Ok(Gold { path, file, rows, asked, clusters, has_documents, weights, inclusion, coders })
    }

    /// Whether intervals can resample documents; otherwise they resample sentences.
    pub fn has_documents(&self) -> bool {
        self.has_documents
    }

    /// Whether sentences count by the inverse of their inclusion probability.
    pub fn is_weighted(&self) -> bool {
        self.inclusion.is_some()
    }

    /// The recorded inclusion probability of every gold sentence.
    pub(in crate::tasks) fn inclusion(&self) -> Option<&[f64]> {
        self.inclusion.as_deref()
    }

    /// The human coders, where there are several.
    pub fn coders(&self) -> &[String] {
        &self.coders
    }

    /// What to know about how the files were read.
    pub fn notices(&self) -> &[String] {
        &self.file.notices
    }

    /// What was left out of the files.
    pub fn skipped(&self) -> &[Skipped] {
        &self.file.skipped
    }

    /// The frames and stances.
    pub fn codebook(&self) -> &Codebook {
        &self.file.codebook
    }

    pub(super) fn clusters(&self) -> &Clusters {
        &self.clusters
    }

    pub(super) fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// The gold sentences and their labels.
    pub(in crate::tasks) fn coded(&self) -> Vec<(&LabelledRow, &LabelSet)> {
        let row = |&row: &usize| {
            let row = &self.file.rows[row];
            row.coding.labels().map(|labels| (row, labels))
        };
        self.rows.iter().filter_map(row).collect()
    }

    pub(super) fn labels(&self) -> Vec<&LabelSet> {
        self.coded().into_iter().map(|(_, labels)| labels).collect()
    }

    pub(super) fn truth<'a>(&'a self, labels: &'a [&'a LabelSet]) -> Truth<'a> {
        let Gold { clusters, weights, .. } = self;
        Truth { codebook: self.codebook(), labels, clusters, weights }
    }

    /// By gold sentence, the cell of a column that the program does not need itself.
    ///
    /// # Errors
    ///
    /// When there is no such column.
    pub(super) fn column(&self, name: &str) -> Result<Vec<&str>> {
        let known = self.file.extra_columns.iter().position(|column| column == name);
        let Some(column) = known else {
            return Err(Error::data(
                Place::file(&self.path),
                format!("there is no column `{name}`"),
                format!("the columns are {}", listed(&self.file.extra_columns)),
            ));
        };
        Ok(self.rows.iter().map(|&row| self.file.rows[row].extra[column].as_str()).collect())
    }

    /// Scores predictions, beside the agreement of the human coders where there are several.
    pub fn score(&self, predictions: &Predictions, bootstrap: &Bootstrap) -> Evaluation {
        let labels = self.labels();
        let mut scores = Evaluation::score(&self.truth(&labels), predictions, bootstrap);
        scores.weighted = self.is_weighted();
        for (frame, scores) in scores.frames.iter_mut().enumerate() {
            scores.coder_alpha = self.coder_alpha(frame, bootstrap);
        }
        scores
    }

    /// Krippendorff's alpha of the human coders on the gold sentences and those on which they could
    /// not settle: leaving these out would make any coders agree.
    pub(in crate::tasks) fn coder_alpha(
        &self,
        frame: usize,
        bootstrap: &Bootstrap,
    ) -> Option<Measure> {
        if self.coders.len() < 2 {
            return None;
        }
        let coder: HashMap<&str, usize> =
            self.coders.iter().enumerate().map(|(index, name)| (name.as_str(), index)).collect();
        let unit: HashMap<&str, usize> = self
            .asked
            .iter()
            .enumerate()
            .map(|(unit, &row)| (self.file.rows[row].id.as_str(), unit))
            .collect();
        let mut units = vec![vec![None; self.coders.len()]; self.asked.len()];
        for row in &self.file.rows {
            if let (Some(&unit), Some(&coder), Some(labels)) =
                (unit.get(row.id.as_str()), coder.get(row.coder.as_str()), row.coding.labels())
            {
                units[unit][coder] = Some(usize::from(labels.contains(frame)));
            }
        }
        let table = CodeTable { coders: self.coders.len(), values: 2, units };
        let alpha = |draws: &[u32]| vec![krippendorff_alpha(&table, draws)];
        let documents = self.asked.iter().map(|&row| self.file.rows[row].document.as_deref());
        let clusters = Clusters::new(group_indices(documents));
        bootstrap.measures(&clusters, alpha).into_iter().next()
    }
}

/// The rows of the gold standard, also where it leaves a sentence open, and the human coders where
/// there are several.
fn gold_rows(
    file: &LabelFile,
    path: &Path,
    gold_coder: Option<&str>,
) -> Result<(Vec<usize>, Vec<String>)> {
    let coded = |row: &usize| file.rows[*row].coding.labels().is_some();
    let mut first: HashMap<&str, &str> = HashMap::new();
    let again = file
        .rows
        .iter()
        .filter(|row| row.coding.labels().is_some())
        .find_map(|row| first.insert(&row.id, &row.coder).map(|first| (row, first)));
    let coders = file.coders();
    let Some(chosen) = gold_coder.or_else(|| again.map(|_| GOLD_CODER)) else {
        return Ok(((0..file.rows.len()).collect(), Vec::new()));
    };
    if let (None, Some((row, first))) = (gold_coder, again)
        && !coders.contains(&GOLD_CODER)
    {
        return Err(Error::data(
            row.place.column("coder"),
            format!("`{}` is coded by `{first}` and by `{}`", row.id, row.coder),
            "keep one row for each sentence, with the labels agreed on, or say with `--gold-coder` \
             whose labels are the gold standard",
        ));
    }
    let rows: Vec<usize> =
        (0..file.rows.len()).filter(|&row| file.rows[row].coder == chosen).collect();
    if !rows.iter().any(coded) {
        return Err(Error::data(
            Place::file(path),
            format!("no sentence is coded by `{chosen}`"),
            format!("the coders are {}", listed(&coders)),
        ));
    }
    let ids: BTreeSet<&str> = rows.iter().map(|&row| file.rows[row].id.as_str()).collect();
    let people: BTreeSet<&str> = file
        .rows
        .iter()
        .filter(|row| ids.contains(row.id.as_str()) && row.coder != GOLD_CODER)
        .map(|row| row.coder.as_str())
        .collect();
    Ok((rows, people.into_iter().map(str::to_owned).collect()))
}

fn inclusion_probabilities(file: &LabelFile, rows: &[usize], column: usize) -> Result<Vec<f64>> {
    let probability = |&row: &usize| {
        let row = &file.rows[row];
        let cell = &row.extra[column];
        cell.parse().ok().filter(|&p: &f64| p > 0.0 && p <= 1.0).ok_or_else(|| {
            Error::data(
                row.place.column(INCLUSION),
                format!("`{cell}` is no inclusion probability"),
                "give a number above 0, at most 1, for every gold sentence",
            )
        })
    };
    rows.iter().map(probability).collect()
}

/// `1/π`, divided by its mean.
fn weights(inclusion: &[f64]) -> Vec<f64> {
    let mut weights: Vec<f64> = inclusion.iter().map(|p| 1.0 / p).collect();
    let mean = weights.iter().sum::<f64>() / weights.len() as f64;
    weights.iter_mut().for_each(|weight| *weight /= mean);
    weights
}
