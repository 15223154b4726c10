//! Two models, or files of predictions, on the same gold sentences.

use serde::Serialize;

use super::gold::Gold;
use super::predictions::Predictions;
use super::scores::{FrameColumn, Truth, overall};
use crate::stats::{
    Bootstrap, Confusion, McNemar, Measure, Randomisation, Scored, Undefined, Value,
    average_precision, holm, mcnemar, serialize_value,
};

/// A score of two systems.
#[derive(Debug, Clone, Serialize)]
pub struct Difference {
    /// Of the one evaluated.
    #[serde(serialize_with = "serialize_value")]
    pub this: Value,
    /// Of the other.
    #[serde(serialize_with = "serialize_value")]
    pub other: Value,
    /// The first minus the second, with its interval: both are scored on the same replicates.
    pub difference: Measure,
    /// By approximate randomisation, where the difference is tested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<TestResult>,
}

/// The p-value of a difference.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct TestResult {
    /// Two-sided.
    #[serde(serialize_with = "serialize_value")]
    pub p: Value,
    /// Adjusted by Holm over the frames; for scores over all frames, the same.
    #[serde(serialize_with = "serialize_value")]
    pub p_holm: Value,
}

/// A frame in both systems.
#[derive(Debug, Clone, Serialize)]
pub struct FrameComparison {
    /// The frame.
    pub label: String,
    /// Share of the predicted that are present.
    pub precision: Difference,
    /// Share of the present that are predicted.
    pub recall: Difference,
    /// Harmonic mean of the two.
    pub f1: Difference,
    /// Mean precision along the ranking.
    pub average_precision: Difference,
    /// McNemar's test of right decisions; `None` where the two never differ in that.
    pub mcnemar: Option<McNemar>,
}

/// Two systems on the same gold sentences.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    /// The other system's name.
    pub other: String,
    /// By frame.
    pub frames: Vec<FrameComparison>,
    /// Mean F1 over frames; a frame without F1 counts 0.
    pub macro_f1: Difference,
    /// F1 over all decisions together.
    pub micro_f1: Difference,
    /// Share of sentences of which every frame is right.
    pub subset_accuracy: Difference,
    /// Share of decisions that are wrong.
    pub hamming_loss: Difference,
    /// McNemar's test of sentences of which every frame is right.
    pub mcnemar: Option<McNemar>,
    /// Draws behind the tests.
    pub draws: usize,
}

/// One system's decisions, counted by document.
struct System {
    columns: Vec<FrameColumn>,
    /// By frame and document.
    counts: Vec<Vec<Confusion>>,
    /// By document, the weight of the sentences of which every frame is right.
    right: Vec<f64>,
}

impl System {
    fn new(truth: &Truth<'_>, predictions: &Predictions) -> Self {
        let columns: Vec<FrameColumn> = (0..truth.codebook.frames.len())
            .map(|frame| FrameColumn::new(frame, truth, predictions))
            .collect();
        let counts = columns.iter().map(|column| column.by_cluster(truth)).collect();
        let mut right = vec![0.0; truth.clusters.count()];
        for (row, &cluster) in truth.clusters.of_unit().iter().enumerate() {
            if columns.iter().all(|column| column.is_right(row)) {
                right[cluster] += truth.weights[row];
            }
        }
        System { columns, counts, right }
    }

    fn is_right(&self, row: usize) -> bool {
        self.columns.iter().all(|column| column.is_right(row))
    }
}

/// Precision, recall and F1 of every frame, then the four scores over all of them.
fn scores<'a>(
    documents: impl Iterator<Item = (usize, &'a System, f64)>,
    frames: usize,
) -> Vec<Value> {
    let (mut counts, mut right) = (vec![Confusion::default(); frames], 0.0);
    for (document, system, times) in documents {
        for (total, of_frame) in counts.iter_mut().zip(&system.counts) {
            total.add(&of_frame[document], times);
        }
        right += times * system.right[document];
    }
    let of_frame = |counts: &Confusion| [counts.precision(), counts.recall(), counts.f1()];
    counts.iter().flat_map(of_frame).chain(overall(&counts, right)).collect()
}

fn minus(this: &[Value], other: &[Value]) -> Vec<Value> {
    this.iter().zip(other).map(|(&this, &other)| Ok(this? - other?)).collect()
}

impl Gold {
    /// Puts another system's scores beside those of this one.
    ///
    /// Intervals are percentile intervals of the difference, both systems scored on the same
    /// bootstrap replicates of documents. F1 and the scores over all frames are tested by approximate
    /// randomisation: all outputs for a document change places with probability ½
    /// ([`Randomisation::paired`]), adjusted by Holm over the frames. McNemar's test counts sentences,
    /// not weighted.
    pub fn compare(
        &self,
        this: &Predictions,
        other: &Predictions,
        name: &str,
        bootstrap: &Bootstrap,
    ) -> Comparison {
        let labels = self.labels();
        let truth = self.truth(&labels);
        let frames = self.codebook().frames.len();
        let systems = [System::new(&truth, this), System::new(&truth, other)];
        let documents = self.clusters().count();
        let values = systems
            .each_ref()
            .map(|system| scores((0..documents).map(|document| (document, system, 1.0)), frames));
        let differences = bootstrap_difference(&truth, &systems, bootstrap);
        let test = Randomisation { draws: Randomisation::DRAWS, seed: bootstrap.seed };
        let p = test.paired(documents, |swap| {
            let sides = [0, 1].map(|side| {
                let of =
                    |document: usize| (document, &systems[side ^ usize::from(swap[document])], 1.0);
                scores((0..documents).map(of), frames)
            });
            minus(&sides[0], &sides[1])
        });
        let difference = |index: usize, test: Option<TestResult>| Difference {
            this: values[0][index],
            other: values[1][index],
            difference: differences[index],
            test,
        };
        let f1_of = |frame: usize| 3 * frame + 2;
        let adjusted = holm(&(0..frames).map(|frame| p[f1_of(frame)]).collect::<Vec<_>>());
        let frame = |frame: usize| FrameComparison {
            label: self.codebook().frames[frame].name.clone(),
            precision: difference(3 * frame, None),
            recall: difference(3 * frame + 1, None),
            f1: difference(
                f1_of(frame),
                Some(TestResult { p: p[f1_of(frame)], p_holm: adjusted[frame] }),
            ),
            average_precision: ranking_difference(&truth, &systems, frame, bootstrap),
            mcnemar: self.mcnemar(|row| systems.each_ref().map(|s| s.columns[frame].is_right(row))),
        };
        let over_all = |offset: usize| {
            let index = 3 * frames + offset;
            difference(index, Some(TestResult { p: p[index], p_holm: p[index] }))
        };
        Comparison {
            other: name.to_owned(),
            frames: (0..frames).map(frame).collect(),
            macro_f1: over_all(0),
            micro_f1: over_all(1),
            subset_accuracy: over_all(2),
            hamming_loss: over_all(3),
            mcnemar: self.mcnemar(|row| systems.each_ref().map(|system| system.is_right(row))),
            draws: test.draws,
        }
    }

    fn mcnemar(&self, right: impl Fn(usize) -> [bool; 2]) -> Option<McNemar> {
        let rows = 0..self.clusters().units();
        let count = |of: [bool; 2]| rows.clone().filter(|&row| right(row) == of).count() as u64;
        mcnemar(count([true, false]), count([false, true])).ok()
    }
}

fn bootstrap_difference(
    truth: &Truth<'_>,
    systems: &[System; 2],
    bootstrap: &Bootstrap,
) -> Vec<Measure> {
    let documents = truth.clusters.count();
    // A document is drawn as often as any of its sentences.
    let mut sentence_of = vec![0; documents];
    for (row, &cluster) in truth.clusters.of_unit().iter().enumerate() {
        sentence_of[cluster] = row;
    }
    bootstrap.measures(truth.clusters, |draws| {
        let sides = systems.each_ref().map(|system| {
            let of = |document: usize| (document, system, f64::from(draws[sentence_of[document]]));
            scores((0..documents).map(of), truth.codebook.frames.len())
        });
        minus(&sides[0], &sides[1])
    })
}

/// The difference in average precision. It is not tested: ranks mix the scales of two systems when
/// documents change places.
fn ranking_difference(
    truth: &Truth<'_>,
    systems: &[System; 2],
    frame: usize,
    bootstrap: &Bootstrap,
) -> Difference {
    let scored = systems.each_ref().map(|system| system.columns[frame].scored.as_ref());
    let of = |scored: Option<&Scored>, weights: &[f64]| {
        scored.map_or(Err(Undefined::NoProbabilities), |scored| average_precision(scored, weights))
    };
    let both = |weights: &[f64]| scored.map(|scored| of(scored, weights));
    let [this, other] = both(truth.weights);
    let measures = bootstrap.measures(truth.clusters, |draws| {
        let [this, other] = both(&truth.drawn(draws));
        minus(&[this], &[other])
    });
    let difference = measures.into_iter().next();
    Difference {
        this,
        other,
        difference: difference.unwrap_or(Measure::bare(Err(Undefined::NoProbabilities))),
        test: None,
    }
}
