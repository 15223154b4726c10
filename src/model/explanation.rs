//! What made the classifier say so: the exact account of a prediction, and the strongest weights.

use std::borrow::Cow;
use std::ops::Range;

use super::classifier::{Classifier, Prediction, StanceDetail};

/// A term and its weight.
type WeighedTerm<'a> = (Cow<'a, str>, f64);

/// What a term of a sentence adds to the log-odds of each frame and to the scores of each stance.
#[derive(Debug, Clone, PartialEq)]
pub struct Contribution {
    /// The n-gram.
    pub term: String,
    /// Byte ranges of the sentence where it stands.
    pub places: Vec<Range<usize>>,
    /// By frame: what it adds to the calibrated log-odds.
    pub frames: Vec<f64>,
    /// By frame, for each of its [`StanceScore`]s: what it adds to the score.
    pub stances: Vec<Vec<f64>>,
}

/// How much speaks for a stance rather than the others, given the frame.
///
/// With `x` the sentence's row, `w_fs` and `b_fs` weights and intercept of stance `s` towards frame
/// `f`, and `π_s` the share of the stance in training, `z_s = w_fs·x + b_fs − ln π_s`, and the score
/// is `z_s` less the mean of `z` over the stances that training saw with the frame. A term so adds
/// its value times `w_fs`, less the mean of this over the same stances. The probability of a stance
/// is proportional to `π_s exp z_s`, and the stance with the largest `z_s` is the one given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StanceScore {
    /// The stance, by its place in the codebook.
    pub stance: usize,
    /// The score of a sentence without a known term.
    pub base: f64,
    /// `base` and the contributions of all terms sum to this.
    pub score: f64,
}

/// The exact account of a prediction: for every frame, `base` and the contributions of all terms
/// sum to its log-odds.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// What was predicted.
    pub prediction: Prediction,
    /// By frame: the log-odds of a sentence without a known term.
    pub base: Vec<f64>,
    /// By frame: the calibrated log-odds (with a single choice: the log of the unnormalised
    /// probability).
    pub log_odds: Vec<f64>,
    /// By frame: the stances that training saw with it, empty where fewer than two.
    pub stances: Vec<Vec<StanceScore>>,
    /// Every known term of the sentence.
    pub contributions: Vec<Contribution>,
}

impl Classifier {
    /// Classifies a sentence and accounts for it.
    pub fn explain(&self, sentence: &str) -> Explanation {
        let evidence = self.tfidf.evidence(sentence);
        let (found, signals) = self.tfidf.values_by_appearance(sentence);
        let frames = self.codebook.frames.len();
        let mut scores = vec![0.0; frames];
        self.frames.score_found(&self.tfidf, &found, &signals, 0, &mut scores);
        let calibrated = |score: &[f64]| -> Vec<f64> {
            score.iter().zip(&self.calibration).map(|(&s, line)| line.log_odds(s)).collect()
        };
        let contributions = evidence
            .into_iter()
            .map(|of| {
                let frame_part = |frame: usize| {
                    self.calibration[frame].slope * of.value * self.frames.weight(of.column, frame)
                };
                let stance_part = |frame: usize| {
                    let weights = self.stance_weights(of.column, frame).into_iter();
                    weights.map(|weight| of.value * weight).collect()
                };
                Contribution {
                    term: self.tfidf.term(of.column).into_owned(),
                    places: of.places,
                    frames: (0..frames).map(frame_part).collect(),
                    stances: (0..frames).map(stance_part).collect(),
                }
            })
            .collect();
        Explanation {
            prediction: self.predict_found(&found, &signals, StanceDetail::All),
            base: calibrated(&self.frames.intercepts),
            log_odds: calibrated(&scores),
            stances: (0..frames).map(|frame| self.stances(frame, &found, &signals)).collect(),
            contributions,
        }
    }

    /// The terms with the largest weights for a frame, and their weights, strongest first.
    pub fn strongest_terms(&self, frame: usize, count: usize) -> Vec<WeighedTerm<'_>> {
        let columns = 0..self.tfidf.columns();
        self.strongest(columns.map(|column| self.frames.weight(column, frame)).collect(), count)
    }

    /// For every stance that training saw with a frame, the terms that speak most for it rather
    /// than the others, strongest first: a weight is that of the stance towards the frame less the
    /// mean of these stances ([`StanceScore`]). Empty where training saw fewer than two.
    pub fn strongest_stance_terms(
        &self,
        frame: usize,
        count: usize,
    ) -> Vec<(usize, Vec<WeighedTerm<'_>>)> {
        let columns = 0..self.tfidf.columns();
        let weights: Vec<Vec<f64>> =
            columns.map(|column| self.stance_weights(column, frame)).collect();
        let of = |(at, stance): (usize, usize)| {
            (stance, self.strongest(weights.iter().map(|weights| weights[at]).collect(), count))
        };
        self.rival_stances(frame).into_iter().enumerate().map(of).collect()
    }

    /// `weights` are by column.
    fn strongest(&self, weights: Vec<f64>, count: usize) -> Vec<WeighedTerm<'_>> {
        let mut columns: Vec<usize> =
            (0..weights.len()).filter(|&column| weights[column] > 0.0).collect();
        columns.sort_by(|&a, &b| weights[b].total_cmp(&weights[a]).then(a.cmp(&b)));
        columns.truncate(count);
        columns.into_iter().map(|column| (self.tfidf.term(column), weights[column])).collect()
    }

    /// The stances that training saw with a frame, if there are several.
    fn rival_stances(&self, frame: usize) -> Vec<usize> {
        let Some(counts) = self.stance.as_ref().and(self.card.stance_counts.get(frame)) else {
            return Vec::new();
        };
        let seen: Vec<usize> = (0..counts.len()).filter(|&stance| counts[stance] > 0).collect();
        if seen.len() > 1 { seen } else { Vec::new() }
    }

    /// The weights of a column for the rival stances of a frame, less their mean.
    fn stance_weights(&self, column: usize, frame: usize) -> Vec<f64> {
        let Some(model) = &self.stance else { return Vec::new() };
        let weight = |stance| model.linear.weight(column, frame * model.stances + stance);
        centred(self.rival_stances(frame).into_iter().map(weight))
    }

    fn stances(
        &self,
        frame: usize,
        found: &[Vec<(u32, f64)>; 2],
        signals: &[usize],
    ) -> Vec<StanceScore> {
        let Some(model) = &self.stance else { return Vec::new() };
        let first = frame * model.stances;
        let mut scores = vec![0.0; model.stances];
        model.linear.score_found(&self.tfidf, found, signals, first, &mut scores);
        let rivals = self.rival_stances(frame);
        let against_shares = |scores: &[f64]| {
            centred(rivals.iter().map(|&stance| scores[stance] - libm::log(model.shares[stance])))
        };
        let base = against_shares(&model.linear.intercepts[first..first + model.stances]);
        let scores = base.into_iter().zip(against_shares(&scores));
        let of = |(&stance, (base, score))| StanceScore { stance, base, score };
        rivals.iter().zip(scores).map(of).collect()
    }
}

/// Values less their mean.
fn centred(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    values.iter_mut().for_each(|value| *value -= mean);
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stance_scores_are_sums_and_give_the_probabilities() {
        let classifier = Classifier::built_in().unwrap();
        let shares = &classifier.stance.as_ref().unwrap().shares;
        for sentence in ["Tariffs must not shut our “green” exports out.", "We must open up.", ""]
        {
            let explanation = classifier.explain(sentence);
            for (frame, scores) in explanation.stances.iter().enumerate() {
                assert_eq!(scores.len(), 3);
                assert!(scores.iter().map(|of| of.score).sum::<f64>().abs() < 1e-9);
                let mut odds = Vec::new();
                for (at, of) in scores.iter().enumerate() {
                    let terms = explanation.contributions.iter();
                    let sum: f64 = terms.map(|term| term.stances[frame][at]).sum();
                    assert!((of.base + sum - of.score).abs() < 1e-9);
                    odds.push(shares[of.stance] * of.score.exp());
                }
                let all: f64 = odds.iter().sum();
                let probabilities = &explanation.prediction.stances[frame];
                for (of, odds) in scores.iter().zip(&odds) {
                    assert!((odds / all - probabilities[of.stance]).abs() < 1e-9);
                }
                let best = scores.iter().max_by(|a, b| a.score.total_cmp(&b.score)).unwrap();
                let given = classifier.stance_given(frame, &explanation.prediction);
                assert_eq!(given, Some(best.stance));
            }
        }
    }

    #[test]
    fn a_stance_without_rivals_has_no_terms() {
        let mut classifier = Classifier::built_in().unwrap();
        classifier.card.stance_counts[0] = vec![0, 4, 0];
        assert!(classifier.strongest_stance_terms(0, 5).is_empty());
        assert!(classifier.explain("We must open up.").stances[0].is_empty());
        classifier.card.stance_counts[1] = vec![3, 4, 0];
        let [(0, support), (1, oppose)] = &classifier.strongest_stance_terms(1, 5)[..] else {
            panic!("two stances were seen");
        };
        assert!(support.iter().all(|term| !oppose.contains(term)));
        classifier.stance = None;
        assert!(classifier.strongest_stance_terms(1, 5).is_empty());
    }
}
