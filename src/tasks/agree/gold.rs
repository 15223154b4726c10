//! One coding of every sentence from those of several coders.

use super::Codings;
use crate::data::{Label, LabelSet};
use crate::error::{ErrorKind, Result};
use crate::stats::dawid_skene;

/// How coders' codings become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adjudication {
    /// A frame is present where more than half of those who coded the sentence say so.
    Majority,
    /// A frame is present where its probability under Dawid and Skene's model is above one half:
    /// coders who are more often right weigh more.
    DawidSkene,
}

/// One coding of every sentence.
#[derive(Debug, Clone)]
pub struct Gold {
    /// The sentences that somebody coded.
    pub units: Vec<GoldUnit>,
    /// By frame and coder, how good the coders are under Dawid and Skene's model.
    pub coders: Vec<CoderQuality>,
}

/// A sentence, adjudicated.
#[derive(Debug, Clone)]
pub struct GoldUnit {
    /// The sentence, as an index into [`Codings::units`].
    pub unit: usize,
    /// Its frames and stances; `None` where a frame or the stance towards one is tied.
    pub labels: Option<LabelSet>,
    /// How many coders coded it.
    pub coders: usize,
    /// By frame, the share of coders, or the probability, that it is present.
    pub support: Vec<f64>,
    /// Frames that as many coders gave as did not.
    pub tied: Vec<usize>,
    /// Frames that are given, but two stances towards them have most votes.
    pub tied_stances: Vec<usize>,
}

/// How often a coder is right about a frame, under Dawid and Skene's model.
#[derive(Debug, Clone)]
pub struct CoderQuality {
    /// The frame, as an index into the codebook.
    pub frame: usize,
    /// The coder, as an index into [`Codings::coders`].
    pub coder: usize,
    /// Probability of giving the frame where it is present.
    pub sensitivity: f64,
    /// Probability of not giving it where it is absent.
    pub specificity: f64,
}

impl Codings {
    /// Adjudicates. The stance towards a frame is the one that most of those who gave the frame
    /// gave; where two lead, the sentence stays open.
    ///
    /// # Errors
    ///
    /// Refuses Dawid and Skene's model with fewer than three coders: nothing would tell which of
    /// two is right.
    pub fn adjudicate(&self, how: Adjudication) -> Result<Gold> {
        let frames = self.codebook.frames.len();
        if how == Adjudication::DawidSkene && self.coders.len() < 3 {
            return Err(ErrorKind::Unsound {
                problem: format!(
                    "Dawid and Skene's model cannot tell which of {} coders is right",
                    self.coders.len()
                ),
                remedy: "bring three coders or more, or use --adjudicate majority".to_owned(),
            }
            .into());
        }
        let mut support: Vec<Vec<f64>> = Vec::with_capacity(frames);
        let mut coders = Vec::new();
        for frame in 0..frames {
            let table = self.frame_table(frame);
            if how == Adjudication::Majority {
                let share = |unit| table.counts(unit)[1] / table.codes(unit).max(1) as f64;
                support.push((0..table.units.len()).map(share).collect());
                continue;
            }
            let consensus = dawid_skene(&table);
            support.push(consensus.posterior.iter().map(|shares| shares[1]).collect());
            let coded = |coder: usize| table.units.iter().any(|unit| unit[coder].is_some());
            let answers = consensus.answers.iter().enumerate().filter(|&(coder, _)| coded(coder));
            coders.extend(answers.map(|(coder, answers)| CoderQuality {
                frame,
                coder,
                sensitivity: answers[1][1],
                specificity: answers[0][0],
            }));
        }
        let coded = |unit: &usize| self.units[*unit].codings.iter().any(Option::is_some);
        let units = (0..self.units.len()).filter(coded).map(|unit| {
            let support: Vec<f64> = support.iter().map(|frame| frame[unit]).collect();
            let tied: Vec<usize> =
                (0..frames).filter(|&frame| (support[frame] - 0.5).abs() < 1e-12).collect();
            let (mut labels, mut tied_stances) = (Vec::new(), Vec::new());
            for frame in (0..frames).filter(|&frame| support[frame] > 0.5) {
                match self.leading_stances(unit, frame)[..] {
                    [] => labels.push(Label { frame, stance: None }),
                    [stance] => labels.push(Label { frame, stance: Some(stance) }),
                    _ => tied_stances.push(frame),
                }
            }
            let open = !tied.is_empty() || !tied_stances.is_empty();
            GoldUnit {
                unit,
                labels: (!open).then(|| labels.into_iter().collect()),
                coders: self.units[unit].codings.iter().flatten().count(),
                support,
                tied,
                tied_stances,
            }
        });
        Ok(Gold { units: units.collect(), coders })
    }

    /// The stances towards a frame that most coders took; none where nobody took one.
    fn leading_stances(&self, unit: usize, frame: usize) -> Vec<usize> {
        let mut votes = vec![0_usize; self.codebook.stances.len()];
        for labels in self.units[unit].codings.iter().flatten() {
            if let Some(stance) = labels.stance(frame) {
                votes[stance] += 1;
            }
        }
        let most = votes.iter().copied().max().unwrap_or(0);
        (0..votes.len()).filter(|&stance| most > 0 && votes[stance] == most).collect()
    }
}
