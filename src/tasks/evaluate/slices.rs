//! Scores by group of sentences, and whether a model errs differently on them.

use std::collections::BTreeSet;

use serde::Serialize;

use super::gold::Gold;
use super::predictions::Predictions;
use super::scores::{Evaluation, FrameColumn, Truth};
use crate::data::group_indices;
use crate::error::Result;
use crate::stats::{
    Bootstrap, Clusters, Confusion, Randomisation, Undefined, Value, holm, homogeneity_statistic,
    serialize_value,
};

/// Scores by the values of a column.
#[derive(Debug, Clone, Serialize)]
pub struct Slices {
    /// The column.
    pub column: String,
    /// One for each value, sorted.
    pub slices: Vec<Slice>,
    /// By frame, whether error rates differ.
    pub tests: Vec<SliceTest>,
    /// Permutations behind the tests.
    pub permutations: usize,
}

/// The sentences with one value.
#[derive(Debug, Clone, Serialize)]
pub struct Slice {
    /// The value; empty where the cell is.
    pub value: String,
    /// Their scores; intervals resample the documents of the slice.
    #[serde(flatten)]
    pub scores: Evaluation,
}

/// Whether the error rates of a frame differ between slices.
#[derive(Debug, Clone, Serialize)]
pub struct SliceTest {
    /// The frame.
    pub label: String,
    /// Pearson's χ² of false positives among the absent plus that of misses among the present.
    #[serde(serialize_with = "serialize_value")]
    pub statistic: Value,
    /// The share of permutations of whole documents with a statistic as large.
    #[serde(serialize_with = "serialize_value")]
    pub p: Value,
    /// Adjusted by Holm over the frames.
    #[serde(serialize_with = "serialize_value")]
    pub p_holm: Value,
}

impl Gold {
    /// Scores by the values of a column of the gold labels.
    ///
    /// For each frame, a permutation test of the hypothesis that false-positive and miss rate are the
    /// same in all slices: the statistic is the sum of Pearson's χ² for the two (by weight), and whole
    /// documents change slices, so that the likeness of sentences within one does not look like a
    /// difference between slices. The test takes documents for exchangeable: it is exact where slices
    /// are alike in all that documents are, and approximate where only the error rates are.
    ///
    /// # Degenerate cases
    ///
    /// The test is undefined where a document has sentences of two slices, and where there is one
    /// slice only.
    ///
    /// # Errors
    ///
    /// When there is no such column.
    pub fn slices(
        &self,
        predictions: &Predictions,
        column: &str,
        bootstrap: &Bootstrap,
    ) -> Result<Slices> {
        let cells = self.column(column)?;
        let values: Vec<&str> =
            cells.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
        // Every cell is one of the values.
        let of_row: Vec<usize> =
            cells.iter().map(|cell| values.partition_point(|value| value < cell)).collect();
        let slice = |(index, value): (usize, &&str)| {
            let rows: Vec<usize> = (0..of_row.len()).filter(|&row| of_row[row] == index).collect();
            Slice {
                value: (*value).to_owned(),
                scores: self.score_rows(&rows, predictions, bootstrap),
            }
        };
        let test = Randomisation { draws: Randomisation::DRAWS, seed: bootstrap.seed };
        Ok(Slices {
            column: column.to_owned(),
            slices: values.iter().enumerate().map(slice).collect(),
            tests: self.slice_tests(&of_row, values.len(), predictions, &test),
            permutations: test.draws,
        })
    }

    fn score_rows(
        &self,
        rows: &[usize],
        predictions: &Predictions,
        bootstrap: &Bootstrap,
    ) -> Evaluation {
        let all = self.labels();
        let labels: Vec<_> = rows.iter().map(|&row| all[row]).collect();
        let documents: Vec<String> =
            rows.iter().map(|&row| self.clusters().of_unit()[row].to_string()).collect();
        let clusters =
            Clusters::new(group_indices(documents.iter().map(|name| Some(name.as_str()))));
        let weights: Vec<f64> = rows.iter().map(|&row| self.weights()[row]).collect();
        let truth = Truth {
            codebook: self.codebook(),
            labels: &labels,
            clusters: &clusters,
            weights: &weights,
        };
        let mut scores = Evaluation::score(&truth, &predictions.of_rows(rows), bootstrap);
        scores.weighted = self.is_weighted();
        scores
    }

    fn slice_tests(
        &self,
        of_row: &[usize],
        slices: usize,
        predictions: &Predictions,
        test: &Randomisation,
    ) -> Vec<SliceTest> {
        let labels = self.labels();
        let truth = self.truth(&labels);
        let frames = self.codebook().frames.len();
        let counts: Vec<Vec<Confusion>> = (0..frames)
            .map(|frame| FrameColumn::new(frame, &truth, predictions).by_cluster(&truth))
            .collect();
        let statistics = |groups: &[usize]| -> Vec<Value> {
            counts.iter().map(|of| Ok(between(of, groups, slices))).collect()
        };
        let of_cluster = self.slice_of_cluster(of_row);
        let (statistic, p) = match &of_cluster {
            Ok(groups) if slices > 1 => (statistics(groups), test.permuted(groups, statistics)),
            Ok(_) => (vec![Err(Undefined::NoVariation); frames], Vec::new()),
            Err(reason) => (vec![Err(*reason); frames], Vec::new()),
        };
        let p = if p.is_empty() { statistic.clone() } else { p };
        let adjusted = holm(&p);
        let name = |frame: usize| self.codebook().frames[frame].name.clone();
        (0..frames)
            .map(|frame| SliceTest {
                label: name(frame),
                statistic: statistic[frame],
                p: p[frame],
                p_holm: adjusted[frame],
            })
            .collect()
    }

    /// The slice of every document.
    fn slice_of_cluster(&self, of_row: &[usize]) -> Result<Vec<usize>, Undefined> {
        let mut slices: Vec<Option<usize>> = vec![None; self.clusters().count()];
        for (&cluster, &slice) in self.clusters().of_unit().iter().zip(of_row) {
            if slices[cluster].is_some_and(|known| known != slice) {
                return Err(Undefined::DividedDocuments);
            }
            slices[cluster] = Some(slice);
        }
        // Every cluster has a unit.
        Ok(slices.into_iter().flatten().collect())
    }
}

/// How far groups of documents are apart in both error rates.
fn between(by_cluster: &[Confusion], groups: &[usize], slices: usize) -> f64 {
    let mut counts = vec![Confusion::default(); slices];
    for (of_cluster, &group) in by_cluster.iter().zip(groups) {
        counts[group].add(of_cluster, 1.0);
    }
    let of = |part: fn(&Confusion) -> (f64, f64)| {
        homogeneity_statistic(&counts.iter().map(part).collect::<Vec<_>>())
    };
    of(|counts| (counts.false_positive, counts.false_positive + counts.true_negative))
        + of(|counts| (counts.false_negative, counts.false_negative + counts.true_positive))
}
