//! Shares of a frame and of the stances towards it, by group and period.

use super::diagnostics::diagnose;
use super::gold::Coded;
use super::result::undefined;
use super::{
    Cell, Difference, FrameComparison, Options, Results, Shares, StanceShare, WithoutCopies,
};
use crate::stats::{
    Design, Estimate, Measure, Outcome, Target, Undefined, gold_only, naive_ratio, naive_share,
    ratio, share,
};

/// What estimating needs.
pub(super) struct Estimates<'a> {
    pub(super) results: &'a Results,
    pub(super) coded: Option<&'a Coded<'a>>,
    /// By sentence, the document or group of copies it stands in.
    pub(super) clusters: &'a [usize],
    pub(super) options: &'a Options,
}

/// A quantity by sentence.
pub(super) struct Quantity {
    /// By the labels given.
    pub(super) counted: Vec<f64>,
    /// What the model says best: a probability, where there is one.
    pub(super) predicted: Vec<f64>,
    pub(super) coded: Option<Vec<Option<f64>>>,
}

/// How often `part` is met, in all sentences or as a share of `whole`.
#[derive(Clone, Copy)]
struct Question<'a> {
    part: &'a Quantity,
    whole: Option<&'a Quantity>,
}

type Estimated = Result<Estimate, Undefined>;

/// The answer to a question for some sentences.
struct Answer {
    naive: Estimated,
    corrected: Option<Estimated>,
    gold_only: Option<Estimated>,
    /// What it can be.
    possible: [f64; 2],
    /// Whether a count can be off only by the classifier's errors: all sentences are there.
    counts_all: bool,
}

/// The answers that groups are compared by.
struct Compared {
    share: Answer,
    net_stance: Option<Answer>,
}

impl Estimates<'_> {
    /// A frame in all groups and periods; p-values are not yet corrected.
    pub(super) fn frame(
        &self,
        frame: usize,
        name: &str,
        human_alpha: Option<Measure>,
    ) -> FrameComparison {
        let quantities = Quantities::new(self, frame);
        let groups = 0..self.results.groups();
        let (mut by_group, compared): (Vec<Cell>, Vec<Compared>) =
            groups.clone().filter_map(|group| self.cell(&quantities, group, None)).unzip();
        let periods = groups.flat_map(|group| {
            (0..self.results.periods.len()).map(move |period| (group, Some(period)))
        });
        let cell = |(group, period)| self.cell(&quantities, group, period).map(|(cell, _)| cell);
        FrameComparison {
            frame: name.to_owned(),
            human_alpha,
            audit: diagnose(self, &quantities.frame, &mut by_group),
            groups: by_group,
            periods: periods.filter_map(cell).collect(),
            differences: self.differences(&compared),
        }
    }

    /// The shares of every frame and group in the sentences that are kept.
    pub(super) fn without(&self, is_kept: impl Fn(&usize) -> bool) -> Vec<WithoutCopies> {
        let mut found = Vec::new();
        for (frame, entry) in self.results.codebook().frames.iter().enumerate() {
            let presence = Quantity::presence(self, frame);
            for (group, name) in self.results.groups.iter().enumerate() {
                let members: Vec<usize> =
                    self.results.members(group, None).into_iter().filter(&is_kept).collect();
                let answer = self.answer(Question { part: &presence, whole: None }, &members);
                found.push(WithoutCopies {
                    frame: entry.name.clone(),
                    group: name.clone(),
                    sentences: members.len(),
                    share: answer.shares(),
                });
            }
        }
        found
    }

    fn cell(
        &self,
        quantities: &Quantities,
        group: usize,
        period: Option<usize>,
    ) -> Option<(Cell, Compared)> {
        let members = self.results.members(group, period);
        if members.is_empty() {
            return None;
        }
        let given = |part| {
            self.answer(Question { part, whole: Some(&quantities.frame_with_stance) }, &members)
        };
        let compared = Compared {
            share: self.answer(Question { part: &quantities.frame, whole: None }, &members),
            net_stance: quantities.net.as_ref().map(given),
        };
        let stances = self.results.codebook().stances.iter().zip(&quantities.stances);
        let cell = Cell {
            group: self.results.groups[group].clone(),
            period: period.map(|period| self.results.periods[period].clone()),
            documents: self.results.count_documents(&members),
            sentences: members.len(),
            gold: self.coded.map_or(0, |coded| coded.count(&members)),
            share: compared.share.shares(),
            stances: stances
                .map(|(stance, part)| StanceShare {
                    stance: stance.name.clone(),
                    share: given(part).shares(),
                })
                .collect(),
            net_stance: compared.net_stance.as_ref().map(Answer::shares),
            diagnostics: None,
        };
        Some((cell, compared))
    }

    fn answer(&self, question: Question<'_>, members: &[usize]) -> Answer {
        let Question { part, whole } = question;
        let possible = [if part.counted.iter().any(|&of| of < 0.0) { -1.0 } else { 0.0 }, 1.0];
        let counts_all = self.options.target == Target::Corpus;
        let naive = match whole {
            None => naive_share(&part.counted, self.clusters, members),
            Some(whole) => naive_ratio(&part.counted, &whole.counted, self.clusters, members),
        };
        let Some((design, outcome)) = self.design().zip(part.outcome()) else {
            return Answer { naive, corrected: None, gold_only: None, possible, counts_all };
        };
        let corrected = match whole {
            None => share(&outcome, &design, members),
            Some(whole) => match whole.outcome() {
                Some(whole) => ratio(&outcome, &whole, &design, members),
                None => Err(Undefined::NoGold),
            },
        };
        let gold_only = whole.is_none().then(|| gold_only(&outcome, &design, members));
        Answer { naive, corrected: Some(corrected), gold_only, possible, counts_all }
    }

    pub(super) fn design(&self) -> Option<Design<'_>> {
        let inclusion = &self.coded?.inclusion;
        Some(Design { inclusion, clusters: self.clusters, target: self.options.target })
    }

    /// Every pair of groups, by share and net stance; none without gold labels, unless naive ones are
    /// asked for, and none of counts of all there is.
    fn differences(&self, groups: &[Compared]) -> Vec<Difference> {
        let counts = self.options.naive && self.options.target == Target::Process;
        if self.coded.is_none() && !counts {
            return Vec::new();
        }
        let shares: Vec<&Answer> = groups.iter().map(|of| &of.share).collect();
        let stances: Vec<&Answer> = groups.iter().filter_map(|of| of.net_stance.as_ref()).collect();
        let mut found = Vec::new();
        for (quantity, answers) in [("share", shares), ("net stance", stances)] {
            for (first, a) in answers.iter().enumerate() {
                for (second, b) in answers.iter().enumerate().skip(first + 1) {
                    let names = [first, second].map(|group| self.results.groups[group].clone());
                    found.push(difference(quantity, names, a, b));
                }
            }
        }
        found
    }
}

impl Answer {
    /// The corrected estimate where there is one, or else the naive one.
    fn best(&self) -> Result<&Estimate, Undefined> {
        match &self.corrected {
            Some(corrected) => corrected.as_ref().map_err(|reason| *reason),
            None => match &self.naive {
                // None or all of the sentences: their labels do not say how far that can be trusted.
                Ok(naive) if naive.measure().std_error == Some(0.0) => Err(Undefined::NoVariation),
                naive => naive.as_ref().map_err(|reason| *reason),
            },
        }
    }

    fn shares(&self) -> Shares {
        let measure = |estimate: &Estimated| match estimate {
            Ok(estimate) => estimate.measure().within(self.possible),
            Err(reason) => undefined(*reason),
        };
        let mut naive = measure(&self.naive);
        if self.counts_all || naive.std_error == Some(0.0) {
            naive = Measure::bare(naive.value);
        }
        Shares {
            naive,
            corrected: self.corrected.as_ref().map(measure),
            gold_only: self.gold_only.as_ref().map(measure),
            tuning: self.corrected.as_ref().and_then(|of| of.as_ref().ok()?.tuning()),
        }
    }
}

fn difference(quantity: &str, groups: [String; 2], first: &Answer, second: &Answer) -> Difference {
    let [least, most] = first.possible;
    let possible = [least - most, most - least];
    let both = first.best().and_then(|first| Ok((first, second.best()?)));
    let difference = both.map(|(first, second)| first.difference(second));
    let ratio = (quantity == "share").then(|| {
        let log_ratio = both.and_then(|(first, second)| first.log_ratio(second));
        log_ratio.map_or_else(undefined, |log_ratio| exponentiated(&log_ratio.measure()))
    });
    Difference {
        quantity: quantity.to_owned(),
        groups,
        ratio,
        p: difference.as_ref().map_err(|reason| *reason).and_then(Estimate::p_value),
        p_adjusted: Err(Undefined::NoDifference),
        difference: difference
            .map_or_else(undefined, |difference| difference.measure().within(possible)),
    }
}

/// A ratio from its logarithm. It has no standard error of its own: its interval is not symmetric.
fn exponentiated(logarithm: &Measure) -> Measure {
    Measure {
        value: logarithm.value.map(f64::exp),
        interval: logarithm.interval.map(|ends| ends.map(f64::exp)),
        std_error: None,
        ..*logarithm
    }
}

/// What is asked of a frame, by sentence.
struct Quantities {
    frame: Quantity,
    /// The frame where its stance is known, too: what stances are shares of.
    frame_with_stance: Quantity,
    stances: Vec<Quantity>,
    /// Support less opposition.
    net: Option<Quantity>,
}

impl Quantities {
    fn new(of: &Estimates<'_>, frame: usize) -> Self {
        let codebook = of.results.codebook();
        let presence = Quantity::presence(of, frame);
        let stance = |wanted: &dyn Fn(usize) -> f64| {
            let value: Vec<f64> = (0..codebook.stances.len()).map(wanted).collect();
            Quantity::stance(of, frame, &value)
        };
        let one = |wanted: usize| stance(&|stance| f64::from(u8::from(stance == wanted)));
        let net =
            codebook.stance("support").zip(codebook.stance("oppose")).map(|(for_, against)| {
                stance(&|of| f64::from(u8::from(of == for_)) - f64::from(u8::from(of == against)))
            });
        // Where the stance was not coded, the frame does not count either: their ratio is asked for.
        let known = stance(&|_| 1.0).coded;
        let coded = presence.coded.iter().flatten().zip(known.iter().flatten());
        let coded: Vec<Option<f64>> = coded.map(|(present, known)| known.and(*present)).collect();
        let frame_with_stance = Quantity {
            counted: presence.counted.clone(),
            predicted: presence.counted.clone(),
            coded: known.as_ref().map(|_| coded),
        };
        let stances = (0..codebook.stances.len()).map(one).collect();
        Quantities { frame: presence, frame_with_stance, stances, net }
    }
}

impl Quantity {
    /// Whether a frame is present.
    pub(super) fn presence(of: &Estimates<'_>, frame: usize) -> Self {
        let results = of.results;
        let counted: Vec<f64> = (0..results.rows())
            .map(|row| f64::from(u8::from(results.labels(row).contains(frame))))
            .collect();
        let predicted = match &results.probabilities {
            Some(probabilities) => probabilities[frame].clone(),
            None => counted.clone(),
        };
        Quantity { counted, predicted, coded: of.coded.map(|coded| coded.presence(frame)) }
    }

    /// The value, by stance, of the stance taken towards a frame; 0 where none is.
    fn stance(of: &Estimates<'_>, frame: usize, value: &[f64]) -> Self {
        let counted: Vec<f64> = (0..of.results.rows())
            .map(|row| of.results.labels(row).stance(frame).map_or(0.0, |stance| value[stance]))
            .collect();
        let coded = of.coded.map(|coded| coded.stance(frame, value));
        Quantity { predicted: counted.clone(), counted, coded }
    }

    fn outcome(&self) -> Option<Outcome<'_>> {
        Some(Outcome { predicted: &self.predicted, coded: self.coded.as_deref()? })
    }
}
