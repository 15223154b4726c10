//! Stance towards a frame, given that the frame is present.

use linfa::ParamGuard;

use super::fitted::{FitReport, largest};
use super::linear::{Linear, Output};
use super::logistic::{ClassWeight, LogisticParams};
use super::objective::softmax;
use crate::error::Result;
use crate::features::SparseMatrix;

/// The log-odds of a stance that no training sentence takes: a probability of about 1e-13.
const NEVER: f64 = -30.0;

/// A sentence with a frame: its row, the frame, and the stance towards it.
#[derive(Debug, Clone, Copy)]
pub(super) struct StanceExample {
    pub(super) row: usize,
    pub(super) frame: usize,
    pub(super) stance: usize,
}

/// Linear outputs frame by frame: for frame `f` and stance `s`, output `f · stances + s`.
#[derive(Debug, Clone)]
pub(crate) struct StanceModel {
    pub(super) linear: Linear,
    pub(super) stances: usize,
    /// The share of each stance among the examples.
    pub(super) shares: Vec<f64>,
}

impl StanceModel {
    /// The stance taken: the one whose probability is largest against its share of the examples,
    /// as if all stances were equally frequent. (The likeliest would nearly always be a frequent
    /// one.)
    pub(super) fn decide(probabilities: &[f64], shares: &[f64]) -> usize {
        let against = |(p, &share): (&f64, &f64)| if share > 0.0 { p / share } else { 0.0 };
        largest(probabilities.iter().zip(shares).map(against))
    }

    /// The probabilities of all stances towards each frame, frames × stances.
    pub(super) fn probabilities(&self, row: impl IntoIterator<Item = (u32, f32)>) -> Vec<f64> {
        let mut scores = self.linear.scores(row);
        for frame in scores.chunks_exact_mut(self.stances) {
            softmax(frame);
        }
        scores
    }
}

/// Sentences whose frame and stance are known, made ready to be fitted with any C.
///
/// The weights of a frame are those shared by all frames plus its own, `w₀ + w_f`, each with an L2
/// penalty, so that a frame with few examples borrows from the others. This is logistic regression
/// on features that stand once shared and once crossed with the frame; what is fitted are the sums,
/// tied to each other by the penalty ([`LogisticValidParams::fit_tied`]). All stances weigh the
/// same in the loss; the intercepts then give each back its share, so that probabilities are those
/// of sentences as they come.
///
/// # References
///
/// Evgeniou & Pontil 2004, Regularized multi-task learning, KDD; Daumé III 2007, Frustratingly easy
/// domain adaptation, ACL.
///
/// [`LogisticValidParams::fit_tied`]: super::logistic::LogisticValidParams::fit_tied
pub(super) struct StanceProblem {
    frames: usize,
    stances: usize,
    /// Columns of the rows it was made from.
    columns: usize,
    /// One row an example: its features and a constant, in the block of its frame.
    blocks: SparseMatrix,
    /// The columns that stand in any example, as they follow each other in every block. The
    /// weights of the others are 0 without being fitted.
    kept: Vec<u32>,
    /// The stances that occur. One that does not is never given.
    seen: Vec<usize>,
    /// For each example, the position of its stance in `seen`.
    class: Vec<usize>,
    shares: Vec<f64>,
}

impl StanceProblem {
    /// `frames` and `stances` are how many there are.
    pub(super) fn new(
        rows: &SparseMatrix,
        examples: &[StanceExample],
        frames: usize,
        stances: usize,
    ) -> Self {
        // Frame by frame, so that neighbouring rows share the columns of their frame.
        let mut examples = examples.to_vec();
        examples.sort_by_key(|example| example.frame);
        let selected: Vec<usize> = examples.iter().map(|example| example.row).collect();
        let (compact, kept) = rows.select(&selected).compact();
        let constant = kept.len();
        let mut blocks = SparseMatrix::new((constant + 1) * frames);
        for (row, example) in compact.iter().zip(&examples) {
            let shift = ((constant + 1) * example.frame) as u32;
            let features = row.iter().map(|(column, value)| (column + shift, value));
            blocks.push_row(features.chain([(constant as u32 + shift, 1.0)]));
        }
        let occurs = |&s: &usize| examples.iter().any(|example| example.stance == s);
        let seen: Vec<usize> = (0..stances).filter(occurs).collect();
        let position = |of: &StanceExample| seen.iter().position(|&stance| stance == of.stance);
        let class = examples.iter().filter_map(position).collect();
        let shares = stance_shares(&stance_counts(&examples, frames, stances), stances);
        let columns = rows.columns();
        StanceProblem { frames, stances, columns, blocks, kept, seen, class, shares }
    }

    /// Fits, beginning at `start`, empty or what an earlier fit left there.
    pub(super) fn fit(
        &self,
        c: f64,
        tolerance: f64,
        start: &mut Option<Vec<f64>>,
    ) -> Result<(StanceModel, Option<FitReport>)> {
        let never = Output { weights: vec![0.0; self.columns], intercept: NEVER };
        let mut outputs = vec![never; self.frames * self.stances];
        let at = |frame: usize, stance: usize| frame * self.stances + stance;
        if let [only] = self.seen[..] {
            (0..self.frames).for_each(|frame| outputs[at(frame, only)].intercept = 0.0);
        }
        let mut report = None;
        if self.seen.len() > 1 {
            let params = LogisticParams::default()
                .c(c)
                .class_weight(ClassWeight::Balanced)
                .tolerance(tolerance)
                .check()?;
            let (blocks, classes) = (self.frames, self.seen.len());
            let model =
                params.fit_tied(&self.blocks, blocks, classes, &self.class, start.as_deref())?;
            for (frame, first) in (0..blocks).map(|frame| (frame, frame * (self.kept.len() + 1))) {
                for (class, &stance) in self.seen.iter().enumerate() {
                    let fitted = model.weights().column(class);
                    let output = &mut outputs[at(frame, stance)];
                    for (index, &column) in self.kept.iter().enumerate() {
                        output.weights[column as usize] = fitted[first + index];
                    }
                    let intercept = model.intercepts()[class] + fitted[first + self.kept.len()];
                    output.intercept = intercept + libm::log(self.shares[stance]);
                }
            }
            *start = Some(model.variables());
            report = Some(model.report().clone());
        }
        let linear = Linear::from_outputs(self.columns, &outputs);
        Ok((StanceModel { linear, stances: self.stances, shares: self.shares.clone() }, report))
    }
}

/// The share of each stance among examples; `counts` are by frame and stance.
pub(super) fn stance_shares(counts: &[Vec<usize>], stances: usize) -> Vec<f64> {
    let of = |stance: usize| counts.iter().map(|counts| counts[stance] as f64).sum::<f64>();
    let all: f64 = (0..stances).map(of).sum();
    (0..stances).map(|stance| of(stance) / all.max(1.0)).collect()
}

/// How many examples there are, by frame and stance.
pub(super) fn stance_counts(
    examples: &[StanceExample],
    frames: usize,
    stances: usize,
) -> Vec<Vec<usize>> {
    let mut counts = vec![vec![0; stances]; frames];
    for example in examples {
        counts[example.frame][example.stance] += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Column 0 means stance 0 towards frame 0 but stance 1 towards frame 1.
    fn problem() -> (SparseMatrix, Vec<StanceExample>) {
        let mut rows = SparseMatrix::new(3);
        let mut examples = Vec::new();
        for row in 0..40 {
            let (frame, column) = (row % 2, (row / 2) % 2);
            rows.push_row([(column as u32, 1.0), (2, 0.1)]);
            examples.push(StanceExample { row, frame, stance: (frame + column) % 2 });
        }
        (rows, examples)
    }

    #[test]
    fn frames_are_told_apart() {
        let (rows, examples) = problem();
        let problem = StanceProblem::new(&rows, &examples, 2, 3);
        let (model, report) = problem.fit(10.0, 1e-6, &mut None).unwrap();
        assert!(report.unwrap().converged);
        let p = model.probabilities([(0, 1.0), (2, 0.1)]);
        assert!(p[0] > 0.8 && p[3 + 1] > 0.8, "{p:?}");
        assert!(p[2] < 1e-9, "a stance without examples is never given");
        assert!((p[..3].iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn tied_blocks_equal_shared_and_crossed_features() {
        let (rows, mut examples) = problem();
        examples.retain(|example| example.row % 7 != 0 && (example.row != 12));
        let (tied, _) =
            StanceProblem::new(&rows, &examples, 2, 2).fit(3.0, 1e-10, &mut None).unwrap();
        // The same with every feature written twice: shared, and own with a column for the frame.
        let mut crossed = SparseMatrix::new(3 * 3 + 2);
        let own = |row: &[(u32, f32)], frame: usize| -> Vec<(u32, f32)> {
            let shift = 3 + 3 * frame as u32;
            let own = row.iter().map(|(column, value)| (column + shift, *value));
            row.iter().copied().chain(own).chain([(9 + frame as u32, 1.0)]).collect()
        };
        for example in &examples {
            let row: Vec<(u32, f32)> = rows.row(example.row).iter().collect();
            crossed.push_row(own(&row, example.frame));
        }
        let class: Vec<usize> = examples.iter().map(|example| example.stance).collect();
        let params = LogisticParams::default().c(3.0).class_weight(ClassWeight::Balanced);
        let params = params.tolerance(1e-10).check().unwrap();
        let plain = params.fit_softmax(&crossed, 2, &class, None).unwrap();
        for frame in 0..2 {
            let row = [(1, 1.0), (2, 0.1)];
            let mut written = SparseMatrix::new(11);
            written.push_row(own(&row, frame));
            let expected = plain.probabilities(&written)[(0, 0)];
            // Undo what gives each stance back its share.
            let p = tied.probabilities(row);
            let [first, second] = [0, 1].map(|stance| p[frame * 2 + stance] / tied.shares[stance]);
            assert!((first / (first + second) - expected).abs() < 1e-6);
            let decided = StanceModel::decide(&p[frame * 2..][..2], &tied.shares);
            assert_eq!(decided, usize::from(expected < 0.5));
        }
    }

    #[test]
    fn the_only_stance_is_always_taken() {
        let (rows, mut examples) = problem();
        examples.retain(|example| example.stance == 1);
        let problem = StanceProblem::new(&rows, &examples, 2, 2);
        let (model, _) = problem.fit(1.0, 1e-6, &mut None).unwrap();
        assert!(model.probabilities([(1, 1.0)])[1] > 1.0 - 1e-9);
    }
}
