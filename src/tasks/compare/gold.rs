//! Gold labels of some of the sentences compared.

use std::collections::HashMap;

use super::{GoldSummary, Results};
use crate::data::LabelSet;
use crate::error::{Error, ErrorKind, Result};
use crate::tasks::evaluate::Gold;

/// Sample and sentences may differ by so many standard errors before the sample is taken for
/// enriched: a random one does by chance once in some 16,000 times.
const ENRICHED: f64 = 4.0;

/// The same for all groups together: of five such tests a random sample fails one in some 400 times.
const ENRICHED_OVERALL: f64 = 3.5;

/// Coded sentences stand for at most so many times the sentences that there are. Two samples stand for
/// twice as many.
const MOST_STOOD_FOR: f64 = 3.0;

/// What was coded of the sentences compared.
pub(super) struct Coded<'a> {
    /// By sentence, its gold labels.
    labels: Vec<Option<&'a LabelSet>>,
    /// By frame or stance of the results, that of the gold labels.
    frames: Vec<Option<usize>>,
    stances: Vec<Option<usize>>,
    /// By sentence, its inclusion probability; 1 where it was not drawn.
    pub(super) inclusion: Vec<f64>,
    pub(super) summary: GoldSummary,
}

impl<'a> Coded<'a> {
    pub(super) fn new(results: &Results, gold: &'a Gold) -> Result<Self> {
        let rows: HashMap<&str, usize> =
            (0..results.rows()).map(|row| (results.row(row).id.as_str(), row)).collect();
        let mut labels = vec![None; results.rows()];
        let mut inclusion = vec![1.0; results.rows()];
        let mut unmatched = 0;
        for (index, (row, coded)) in gold.coded().into_iter().enumerate() {
            let Some(&sentence) = rows.get(row.id.as_str()) else {
                unmatched += 1;
                continue;
            };
            labels[sentence] = Some(coded);
            if let Some(probabilities) = gold.inclusion() {
                inclusion[sentence] = probabilities[index];
            }
        }
        let sentences = labels.iter().flatten().count();
        if sentences == 0 {
            return Err(ErrorKind::Unsound {
                problem: "none of the gold sentences stands in the results".to_owned(),
                remedy: "code sentences of the articles compared (`framescope sample`), and keep \
                         their ids"
                    .to_owned(),
            }
            .into());
        }
        let names = gold.codebook();
        let summary = GoldSummary {
            sentences,
            unmatched,
            recorded: gold.is_weighted(),
            coders: gold.coders().to_vec(),
        };
        let codebook = results.codebook();
        let mut coded = Coded {
            labels,
            frames: codebook.frame_names().iter().map(|name| names.frame(name)).collect(),
            stances: codebook.stance_names().iter().map(|name| names.stance(name)).collect(),
            inclusion,
            summary,
        };
        match coded.summary.recorded {
            true => coded.check_probabilities()?,
            false => coded.assume_random(results)?,
        }
        Ok(coded)
    }

    /// Each coded sentence stands for `1/π`: all of them for about as many as there are, or, where some
    /// of those drawn were not coded, for fewer.
    fn check_probabilities(&self) -> Result<()> {
        let drawn = self.labels.iter().zip(&self.inclusion).filter(|(labels, _)| labels.is_some());
        let stood_for: f64 = drawn.map(|(_, inclusion)| 1.0 / inclusion).sum();
        let there_are = self.labels.len();
        if stood_for <= MOST_STOOD_FOR * there_are as f64 {
            return Ok(());
        }
        Err(ErrorKind::Unsound {
            problem: format!(
                "by their inclusion probabilities the gold sentences stand for {stood_for:.0} \
                 sentences, but there are {there_are}"
            ),
            remedy:
                "give the results that the sample was drawn from, and the probabilities that it \
                     was drawn with"
                    .to_owned(),
        }
        .into())
    }

    /// Takes the gold sentences of each group for a simple random sample of it, unless they visibly
    /// are none.
    fn assume_random(&mut self, results: &Results) -> Result<()> {
        let groups: Vec<[Vec<usize>; 2]> = (0..results.groups())
            .map(|group| {
                let members = results.members(group, None);
                let drawn = members.iter().copied().filter(|&row| self.labels[row].is_some());
                [drawn.collect(), members]
            })
            .collect();
        let frames = 0..results.codebook().frames.len();
        let predicted = |frame: usize, row: usize| match &results.probabilities {
            Some(probabilities) => probabilities[frame][row],
            None => f64::from(u8::from(results.labels(row).contains(frame))),
        };
        for frame in frames.clone() {
            let of_group =
                |group: &[Vec<usize>; 2]| Excess::new(group, |row| predicted(frame, row));
            let excesses: Vec<Excess> = groups.iter().map(of_group).collect();
            for (group, excess) in excesses.iter().enumerate() {
                if excess.is_beyond(ENRICHED) {
                    let whose = format!("of {} `{}`", results.by, results.groups[group]);
                    return Err(self.refusal(results, Some(frame), &whose, excess));
                }
            }
            let all = Excess::sum(&excesses);
            if all.is_beyond(ENRICHED_OVERALL) {
                return Err(self.refusal(results, Some(frame), "of all groups", &all));
            }
        }
        let any = |row| frames.clone().map(|frame| predicted(frame, row)).sum();
        let excesses: Vec<Excess> = groups.iter().map(|group| Excess::new(group, any)).collect();
        let all = Excess::sum(&excesses);
        if all.is_beyond(ENRICHED_OVERALL) {
            return Err(self.refusal(results, None, "of all groups", &all));
        }
        for [drawn, members] in &groups {
            let share = drawn.len() as f64 / members.len() as f64;
            drawn.iter().for_each(|&row| self.inclusion[row] = share);
        }
        Ok(())
    }

    fn refusal(&self, of: &Results, frame: Option<usize>, whose: &str, excess: &Excess) -> Error {
        let frame = frame.map(|frame| format!("`{}`", of.codebook().frames[frame].name));
        let [sample, all] = excess.means();
        ErrorKind::Unsound {
            problem: format!(
                "the gold sentences have no inclusion probabilities and are no random sample: the \
                 model expects {} in {:.1}% of those {whose}, but in {:.1}% of all sentences {whose}",
                frame.as_deref().unwrap_or("frames"),
                100.0 * sample,
                100.0 * all,
            ),
            remedy: "draw with `framescope sample`, which records them in the column \
                     `inclusion_probability`, or add that column"
                .to_owned(),
        }
        .into()
    }

    /// How many of some sentences were coded.
    pub(super) fn count(&self, members: &[usize]) -> usize {
        members.iter().filter(|&&sentence| self.labels[sentence].is_some()).count()
    }

    /// By sentence, whether a frame was coded as present.
    pub(super) fn presence(&self, frame: usize) -> Vec<Option<f64>> {
        let present = |labels: &LabelSet| {
            f64::from(u8::from(self.frames[frame].is_some_and(|frame| labels.contains(frame))))
        };
        self.labels.iter().map(|labels| labels.map(present)).collect()
    }

    /// By sentence, the sum over the stance coded towards a frame of `value` by stance of the
    /// results; 0 where the frame is absent. Not coded where the frame was given without a stance.
    pub(super) fn stance(&self, frame: usize, value: &[f64]) -> Vec<Option<f64>> {
        let of = |labels: &LabelSet| {
            let frame = self.frames[frame]?;
            if !labels.contains(frame) {
                return Some(0.0);
            }
            let said = labels.stance(frame)?;
            let known = self.stances.iter().position(|&stance| stance == Some(said));
            Some(known.map_or(0.0, |stance| value[stance]))
        };
        self.labels.iter().map(|labels| labels.and_then(of)).collect()
    }
}

/// How much more of something stands in a sample than a random one of its size would have.
#[derive(Clone, Copy, Default)]
struct Excess {
    sentences: f64,
    found: f64,
    expected: f64,
    /// Of what is found.
    variance: f64,
}

impl Excess {
    /// In a group, given as those drawn and all members.
    fn new([drawn, members]: &[Vec<usize>; 2], value: impl Fn(usize) -> f64) -> Self {
        let all = members.len() as f64;
        let mean = members.iter().map(|&row| value(row)).sum::<f64>() / all;
        let square = members.iter().map(|&row| (value(row) - mean).powi(2)).sum::<f64>() / all;
        let sentences = drawn.len() as f64;
        Excess {
            sentences,
            found: drawn.iter().map(|&row| value(row)).sum(),
            expected: sentences * mean,
            variance: sentences * (1.0 - sentences / all) * square,
        }
    }

    /// In several groups, each with as many drawn as there are.
    fn sum(groups: &[Excess]) -> Self {
        groups.iter().fold(Excess::default(), |sum, of| Excess {
            sentences: sum.sentences + of.sentences,
            found: sum.found + of.found,
            expected: sum.expected + of.expected,
            variance: sum.variance + of.variance,
        })
    }

    fn is_beyond(&self, errors: f64) -> bool {
        let error = self.variance.sqrt();
        self.sentences > 1.0 && error > 0.0 && (self.found - self.expected).abs() > errors * error
    }

    /// By sentence: what is found and what is expected.
    fn means(&self) -> [f64; 2] {
        [self.found, self.expected].map(|of| of / self.sentences)
    }
}
