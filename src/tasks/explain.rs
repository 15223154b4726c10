//! Which words made the model say so.

use std::borrow::Cow;

use serde::Serialize;

use crate::model::{Classifier, Explanation};
use crate::text::CodePoints;

/// A term and what it adds to a frame's log-odds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Term {
    /// The n-gram.
    pub term: String,
    /// What it adds.
    pub weight: f64,
    /// Where it stands, in code points, start and end.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<[usize; 2]>,
}

/// A frame of a sentence, accounted for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FrameEvidence {
    /// The frame.
    pub frame: String,
    /// Whether it is given.
    pub present: bool,
    /// The stance given with it.
    pub stance: Option<String>,
    /// Its probability.
    pub probability: f64,
    /// The probability from which it is given; with a single choice the largest decides.
    pub threshold: f64,
    /// `base` and the weights of all terms sum to this.
    pub log_odds: f64,
    /// The log-odds of a sentence without a known term.
    pub base: f64,
    /// All known terms, the strongest for the frame first.
    pub terms: Vec<Term>,
}

/// A sentence, accounted for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SentenceEvidence {
    /// The sentence.
    pub text: String,
    /// The labels given, in the grammar of label files.
    pub labels: String,
    /// By frame.
    pub frames: Vec<FrameEvidence>,
}

/// A frame and its strongest terms.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FrameTerms {
    /// The frame.
    pub frame: String,
    /// Strongest first; weights are those of the model, before calibration.
    pub terms: Vec<Term>,
}

/// Accounts for a sentence.
pub fn explain(classifier: &Classifier, text: &str) -> SentenceEvidence {
    let codebook = classifier.codebook();
    let explanation = classifier.explain(text);
    let labels = &explanation.prediction.labels;
    let frames = codebook
        .frames
        .iter()
        .enumerate()
        .map(|(frame, entry)| FrameEvidence {
            frame: entry.name.clone(),
            present: labels.contains(frame),
            stance: labels.stance(frame).map(|stance| codebook.stances[stance].name.clone()),
            probability: explanation.prediction.frames[frame],
            threshold: classifier.thresholds()[frame],
            log_odds: explanation.log_odds[frame],
            base: explanation.base[frame],
            terms: terms(&explanation, frame, text),
        })
        .collect();
    SentenceEvidence { text: text.to_owned(), labels: labels.display(codebook).to_string(), frames }
}

fn terms(explanation: &Explanation, frame: usize, text: &str) -> Vec<Term> {
    let mut terms: Vec<Term> = explanation
        .contributions
        .iter()
        .map(|contribution| {
            let mut code_points = CodePoints::new(text);
            let places = contribution.places.iter().map(|place| {
                // Places of one term may overlap only in character n-grams; start over then.
                if place.start < code_points.byte() {
                    code_points = CodePoints::new(text);
                }
                [code_points.at(place.start), code_points.at(place.end)]
            });
            Term {
                places: places.collect(),
                term: contribution.term.clone(),
                weight: contribution.frames[frame],
            }
        })
        .collect();
    terms.sort_by(|a, b| b.weight.total_cmp(&a.weight).then_with(|| a.term.cmp(&b.term)));
    terms
}

/// The model's strongest terms for every frame.
pub fn strongest_terms(classifier: &Classifier, count: usize) -> Vec<FrameTerms> {
    let term = |(term, weight): (Cow<str>, f64)| Term {
        term: term.into_owned(),
        weight,
        places: Vec::new(),
    };
    classifier
        .codebook()
        .frames
        .iter()
        .enumerate()
        .map(|(frame, entry)| FrameTerms {
            frame: entry.name.clone(),
            terms: classifier.strongest_terms(frame, count).into_iter().map(term).collect(),
        })
        .collect()
}
