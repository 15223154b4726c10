//! Shares of a frame and of the stances towards it, by group and period.

use super::diagnostics::diagnose;
use super::gold::Coded;
use super::result::undefined;
use super::{
    Cell, Difference, FrameComparison, Options, Results, Shares, StanceShare, WithoutCopies,
};
use crate::stats::{
    Bootstrap, Design, Estimate, Measure, Outcome, Undefined, gold_only, naive_ratio, naive_share,
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

/// A frame, or a stance given a frame, by sentence.
struct Question {
    part: Quantity,
    /// What the part is a share of; `None`: of all sentences.
    whole: Option<Quantity>,
}

/// An estimate with and without correction.
type Estimated = Result<Estimate, Undefined>;

impl Estimates<'_> {
    /// The intervals of coefficients of agreement.
    pub(super) fn bootstrap(&self) -> Bootstrap {
        Bootstrap::default()
    }

    /// A frame in all groups and periods; p-values are not yet corrected.
    pub(super) fn frame(
        &self,
        frame: usize,
        name: &str,
        human_alpha: Option<Measure>,
    ) -> FrameComparison {
        let questions = Questions::new(self, frame);
        let groups = 0..self.results.groups();
        let cell = |group, period| self.cell(&questions, group, period);
        let periods = groups.clone().flat_map(|group| {
            (0..self.results.periods.len()).map(move |period| (group, Some(period)))
        });
        let mut by_group: Vec<Cell> = groups.filter_map(|group| cell(group, None)).collect();
        FrameComparison {
            frame: name.to_owned(),
            human_alpha,
            audit: diagnose(self, &questions.frame.part, &mut by_group),
            groups: by_group,
            periods: periods.filter_map(|(group, period)| cell(group, period)).collect(),
            differences: self.differences(&questions),
        }
    }

    /// The shares of every frame and group in the sentences that are kept.
    pub(super) fn without(&self, is_kept: impl Fn(&usize) -> bool) -> Vec<WithoutCopies> {
        let mut found = Vec::new();
        for (frame, entry) in self.results.codebook().frames.iter().enumerate() {
            let question = Question { part: Quantity::presence(self, frame), whole: None };
            for (group, name) in self.results.groups.iter().enumerate() {
                let members: Vec<usize> =
                    self.results.members(group, None).into_iter().filter(&is_kept).collect();
                found.push(WithoutCopies {
                    frame: entry.name.clone(),
                    group: name.clone(),
                    sentences: members.len(),
                    share: self.shares(&question, &members),
                });
            }
        }
        found
    }

    fn cell(&self, questions: &Questions, group: usize, period: Option<usize>) -> Option<Cell> {
        let members = self.results.members(group, period);
        if members.is_empty() {
            return None;
        }
        let stances = self.results.codebook().stances.iter().zip(&questions.stances);
        Some(Cell {
            group: self.results.groups[group].clone(),
            period: period.map(|period| self.results.periods[period].clone()),
            documents: self.results.count_documents(&members),
            sentences: members.len(),
            gold: self.coded.map_or(0, |coded| coded.count(&members)),
            share: self.shares(&questions.frame, &members),
            stances: stances
                .map(|(stance, question)| StanceShare {
                    stance: stance.name.clone(),
                    share: self.shares(question, &members),
                })
                .collect(),
            net_stance: questions.net.as_ref().map(|net| self.shares(net, &members)),
            diagnostics: None,
        })
    }

    fn shares(&self, question: &Question, members: &[usize]) -> Shares {
        let measure = |estimate: Estimated| match estimate {
            Ok(estimate) => estimate.measure(),
            Err(reason) => undefined(reason),
        };
        let corrected = self.coded.map(|_| self.corrected(question, members));
        Shares {
            naive: measure(self.naive(question, members)),
            tuning: corrected.as_ref().and_then(|of| of.as_ref().ok()?.tuning()),
            corrected: corrected.map(measure),
            gold_only: self.gold_only(question, members).map(measure),
        }
    }

    fn naive(&self, question: &Question, members: &[usize]) -> Estimated {
        let Question { part, whole } = question;
        match whole {
            None => naive_share(&part.counted, self.clusters, members),
            Some(whole) => naive_ratio(&part.counted, &whole.counted, self.clusters, members),
        }
    }

    fn corrected(&self, question: &Question, members: &[usize]) -> Estimated {
        let Question { part, whole } = question;
        let (Some(design), Some(numerator)) = (self.design(), part.outcome()) else {
            return Err(Undefined::NoGold);
        };
        match whole.as_ref().map(Quantity::outcome) {
            None => share(&numerator, &design, members),
            Some(Some(denominator)) => ratio(&numerator, &denominator, &design, members),
            Some(None) => Err(Undefined::NoGold),
        }
    }

    /// `None` for ratios and without gold labels.
    fn gold_only(&self, question: &Question, members: &[usize]) -> Option<Estimated> {
        let outcome = question.part.outcome().filter(|_| question.whole.is_none())?;
        Some(gold_only(&outcome, &self.design()?, members))
    }

    pub(super) fn design(&self) -> Option<Design<'_>> {
        let inclusion = &self.coded?.inclusion;
        Some(Design { inclusion, clusters: self.clusters, target: self.options.target })
    }

    /// Every pair of groups, by share and net stance; none without gold labels, unless naive ones are
    /// asked for.
    fn differences(&self, questions: &Questions) -> Vec<Difference> {
        if self.coded.is_none() && !self.options.naive {
            return Vec::new();
        }
        let estimate = |question: &Question, group| {
            let members = self.results.members(group, None);
            match self.coded {
                Some(_) => self.corrected(question, &members),
                None => self.naive(question, &members),
            }
        };
        let quantities =
            [("share", Some(&questions.frame)), ("net stance", questions.net.as_ref())];
        let mut found = Vec::new();
        for (name, question) in quantities {
            let Some(question) = question else { continue };
            let by_group: Vec<Estimated> =
                (0..self.results.groups()).map(|group| estimate(question, group)).collect();
            for first in 0..by_group.len() {
                for second in first + 1..by_group.len() {
                    let names = [first, second].map(|group| self.results.groups[group].clone());
                    found.push(difference(name, names, &by_group[first], &by_group[second]));
                }
            }
        }
        found
    }
}

fn difference(
    quantity: &str,
    groups: [String; 2],
    first: &Estimated,
    second: &Estimated,
) -> Difference {
    let both = match (first, second) {
        (Ok(first), Ok(second)) => Ok((first, second)),
        (Err(reason), _) | (_, Err(reason)) => Err(*reason),
    };
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
        difference: difference.map_or_else(undefined, |difference| difference.measure()),
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

/// What is asked of a frame.
struct Questions {
    frame: Question,
    /// By stance, given the frame.
    stances: Vec<Question>,
    /// Support less opposition, given the frame.
    net: Option<Question>,
}

impl Questions {
    fn new(of: &Estimates<'_>, frame: usize) -> Self {
        let codebook = of.results.codebook();
        let presence = Quantity::presence(of, frame);
        let one_of = |wanted: usize| -> Vec<f64> {
            (0..codebook.stances.len()).map(|s| f64::from(u8::from(s == wanted))).collect()
        };
        let given = |value: &[f64]| Question::given_frame(of, frame, value);
        let net = match (codebook.stance("support"), codebook.stance("oppose")) {
            (Some(support), Some(oppose)) => {
                let mut value = one_of(support);
                value[oppose] = -1.0;
                Some(given(&value))
            }
            _ => None,
        };
        Questions {
            frame: Question { part: presence, whole: None },
            stances: (0..codebook.stances.len()).map(|stance| given(&one_of(stance))).collect(),
            net,
        }
    }
}

impl Question {
    /// The value of the stance towards a frame, given the frame.
    fn given_frame(of: &Estimates<'_>, frame: usize, value: &[f64]) -> Self {
        let sentences = 0..of.results.rows();
        let stance = |sentence| of.results.labels(sentence).stance(frame);
        let counted: Vec<f64> =
            sentences.clone().map(|row| stance(row).map_or(0.0, |stance| value[stance])).collect();
        let given: Vec<f64> = sentences
            .map(|row| f64::from(u8::from(of.results.labels(row).contains(frame))))
            .collect();
        let coded = of.coded.map(|coded| coded.stance(frame, value));
        // Where the stance is not coded, the frame does not count either: their ratio is asked for.
        let with_stance = of.coded.zip(coded.as_ref()).map(|(coded, stances)| {
            let presence = coded.presence(frame).into_iter().zip(stances);
            presence.map(|(present, stance)| stance.and(present)).collect()
        });
        Question {
            part: Quantity { predicted: counted.clone(), counted, coded },
            whole: Some(Quantity { predicted: given.clone(), counted: given, coded: with_stance }),
        }
    }
}

impl Quantity {
    /// Whether a frame is present.
    fn presence(of: &Estimates<'_>, frame: usize) -> Self {
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

    fn outcome(&self) -> Option<Outcome<'_>> {
        Some(Outcome { predicted: &self.predicted, coded: self.coded.as_deref()? })
    }
}
