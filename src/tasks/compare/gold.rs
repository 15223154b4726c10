//! Gold labels of some of the sentences compared.

use std::collections::HashMap;

use super::{GoldSummary, Results};
use crate::data::LabelSet;
use crate::error::{Error, ErrorKind, Result};
use crate::tasks::evaluate::Gold;

/// Sample and sentences may differ by so many standard errors before the sample is taken for
/// enriched: a random one does by chance once in some 16,000 times.
const ENRICHED: f64 = 4.0;

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
        if !coded.summary.recorded {
            coded.assume_random(results)?;
        }
        Ok(coded)
    }

    /// Takes the gold sentences of each group for a simple random sample of it, unless they visibly
    /// are none.
    fn assume_random(&mut self, results: &Results) -> Result<()> {
        for group in 0..results.groups() {
            let members = results.members(group, None);
            let drawn: Vec<usize> =
                members.iter().copied().filter(|&row| self.labels[row].is_some()).collect();
            for frame in 0..results.codebook().frames.len() {
                let predicted = |row: &usize| match &results.probabilities {
                    Some(probabilities) => probabilities[frame][*row],
                    None => f64::from(u8::from(results.labels(*row).contains(frame))),
                };
                let all: Vec<f64> = members.iter().map(predicted).collect();
                let sample: Vec<f64> = drawn.iter().map(predicted).collect();
                if let Some((of_sample, of_all)) = enriched(&sample, &all) {
                    return Err(self.refusal(results, group, frame, of_sample, of_all));
                }
            }
            let share = drawn.len() as f64 / members.len() as f64;
            drawn.iter().for_each(|&row| self.inclusion[row] = share);
        }
        Ok(())
    }

    fn refusal(&self, of: &Results, group: usize, frame: usize, sample: f64, all: f64) -> Error {
        ErrorKind::Unsound {
            problem: format!(
                "the gold sentences have no inclusion probabilities and are no random sample: the \
                 model expects `{}` in {:.1}% of those of {} `{}`, but in {:.1}% of all its \
                 sentences",
                of.codebook().frames[frame].name,
                100.0 * sample,
                of.by,
                of.groups[group],
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

/// The means of a sample and of all, where they are too far apart for a random sample.
fn enriched(sample: &[f64], all: &[f64]) -> Option<(f64, f64)> {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (of_sample, of_all) = (mean(sample), mean(all));
    let variance = all.iter().map(|value| (value - of_all).powi(2)).sum::<f64>() / all.len() as f64;
    let share = sample.len() as f64 / all.len() as f64;
    let error = ((1.0 - share) * variance / sample.len() as f64).sqrt();
    (sample.len() > 1 && error > 0.0 && (of_sample - of_all).abs() > ENRICHED * error)
        .then_some((of_sample, of_all))
}
