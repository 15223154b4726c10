//! Which words made the model say so.

use std::borrow::Cow;

use serde::Serialize;

use crate::data::Codebook;
use crate::model::{Classifier, Contribution, Explanation, StanceScore};

/// A term and what it adds to a frame's log-odds or a stance's score.
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
    /// The stances that training saw with the frame; empty where that is not given, or fewer than
    /// two were seen.
    pub stances: Vec<StanceEvidence>,
}

/// A stance towards a frame of a sentence, accounted for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StanceEvidence {
    /// The stance.
    pub stance: String,
    /// How much speaks for it rather than the others ([`StanceScore`]); `base` and the weights of
    /// all terms sum to this. The largest is given, unless one is that training never saw with
    /// the frame.
    pub score: f64,
    /// The score of a sentence without a known term.
    pub base: f64,
    /// All known terms, the strongest for the stance first.
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
    /// The stances that training saw with the frame; empty where fewer than two.
    pub stances: Vec<StanceTerms>,
}

/// A stance towards a frame and its strongest terms.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StanceTerms {
    /// The stance.
    pub stance: String,
    /// Strongest first; weights are those of the model less the mean of the frame's stances.
    pub terms: Vec<Term>,
}

/// Accounts for a sentence.
pub fn explain(classifier: &Classifier, text: &str) -> SentenceEvidence {
    let codebook = classifier.codebook();
    let explanation = classifier.explain(text);
    let code_points = code_points(text);
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
            terms: terms(&explanation, &code_points, |of| of.frames[frame]),
            stances: match labels.contains(frame) {
                true => stances(codebook, &explanation, frame, &code_points),
                false => Vec::new(),
            },
        })
        .collect();
    SentenceEvidence { text: text.to_owned(), labels: labels.display(codebook).to_string(), frames }
}

fn stances(
    codebook: &Codebook,
    explanation: &Explanation,
    frame: usize,
    code_points: &[usize],
) -> Vec<StanceEvidence> {
    let evidence = |(at, of): (usize, &StanceScore)| StanceEvidence {
        stance: codebook.stances[of.stance].name.clone(),
        score: of.score,
        base: of.base,
        terms: terms(explanation, code_points, |term| term.stances[frame][at]),
    };
    explanation.stances[frame].iter().enumerate().map(evidence).collect()
}

/// By byte of a text and for its end, the code points before it.
fn code_points(text: &str) -> Vec<usize> {
    let mut before = Vec::with_capacity(text.len() + 1);
    for (count, character) in text.chars().enumerate() {
        before.resize(before.len() + character.len_utf8(), count);
    }
    before.push(text.chars().count());
    before
}

/// `code_points` are those before each byte of the sentence.
fn terms(
    explanation: &Explanation,
    code_points: &[usize],
    weight: impl Fn(&Contribution) -> f64,
) -> Vec<Term> {
    let mut terms: Vec<Term> = explanation
        .contributions
        .iter()
        .map(|contribution| {
            let places = contribution.places.iter();
            let places = places.map(|place| [code_points[place.start], code_points[place.end]]);
            Term {
                places: places.collect(),
                term: contribution.term.clone(),
                weight: weight(contribution),
            }
        })
        .collect();
    terms.sort_by(|a, b| b.weight.total_cmp(&a.weight).then_with(|| a.term.cmp(&b.term)));
    terms
}

/// The model's strongest terms for every frame, and for every stance towards it.
pub fn strongest_terms(classifier: &Classifier, count: usize) -> Vec<FrameTerms> {
    let codebook = classifier.codebook();
    let term = |(term, weight): (Cow<'_, str>, f64)| Term {
        term: term.into_owned(),
        weight,
        places: Vec::new(),
    };
    let terms = |of: Vec<(Cow<'_, str>, f64)>| of.into_iter().map(term).collect();
    let of_frame = |frame: usize| FrameTerms {
        frame: codebook.frames[frame].name.clone(),
        terms: terms(classifier.strongest_terms(frame, count)),
        stances: classifier
            .strongest_stance_terms(frame, count)
            .into_iter()
            .map(|(stance, of)| StanceTerms {
                stance: codebook.stances[stance].name.clone(),
                terms: terms(of),
            })
            .collect(),
    };
    (0..codebook.frames.len()).map(of_frame).collect()
}

/// A word of a sentence, or the blanks between two, and what it adds.
#[derive(Debug, Clone, PartialEq)]
pub struct Stretch<'a> {
    /// As it stands in the sentence.
    pub text: String,
    /// Whether it is the blanks between words.
    pub is_blank: bool,
    /// Its part of what all terms add.
    pub weight: f64,
    /// The terms that stand on it.
    pub terms: Vec<&'a Term>,
}

/// Cuts a sentence into words and blanks. What a term adds is spread evenly over the characters of
/// its places, blanks left out, so that all words together have what all terms have.
pub fn stretches<'a>(text: &str, terms: &'a [Term]) -> Vec<Stretch<'a>> {
    let characters: Vec<char> = text.chars().collect();
    let runs = characters.chunk_by(|a, b| a.is_whitespace() == b.is_whitespace());
    let mut found: Vec<Stretch<'a>> = Vec::new();
    let mut stretch_of = Vec::with_capacity(characters.len());
    for run in runs {
        stretch_of.resize(stretch_of.len() + run.len(), found.len());
        let (text, is_blank) = (run.iter().collect(), run[0].is_whitespace());
        found.push(Stretch { text, is_blank, weight: 0.0, terms: Vec::new() });
    }
    for term in terms {
        let of_place = |&[start, end]: &[usize; 2]| start..end.min(characters.len());
        let all = term.places.iter().flat_map(of_place);
        let mut covered: Vec<usize> =
            all.filter(|&at| !characters[at].is_whitespace()).map(|at| stretch_of[at]).collect();
        covered.sort_unstable();
        for of_stretch in covered.chunk_by(|a, b| a == b) {
            let stretch = &mut found[of_stretch[0]];
            stretch.weight += term.weight * of_stretch.len() as f64 / covered.len() as f64;
            stretch.terms.push(term);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlapping_terms_add_up() {
        let term =
            |term: &str, weight, place| Term { term: term.to_owned(), weight, places: vec![place] };
        let terms = [
            term("café", 0.4, [0, 4]),
            term("café walls", 0.1, [0, 10]),
            term("walls", -0.3, [5, 10]),
        ];
        let stretches = stretches("café walls fall", &terms);
        // .4 and four of the nine letters of .1.
        assert!((stretches[0].weight - (0.4 + 0.1 * 4.0 / 9.0)).abs() < 1e-12);
        let sum: f64 = stretches.iter().map(|stretch| stretch.weight).sum();
        assert!((sum - 0.2).abs() < 1e-12);
    }

    #[test]
    fn words_and_base_sum_to_the_log_odds() {
        let classifier = Classifier::built_in().unwrap();
        let text = "We must  break through “bottlenecks” in core technologies, à notre façon.";
        let evidence = explain(&classifier, text);
        assert!(evidence.frames[0].present);
        for frame in &evidence.frames {
            let stretches = stretches(text, &frame.terms);
            let joined: String = stretches.iter().map(|stretch| stretch.text.as_str()).collect();
            assert_eq!(joined, text);
            let sum: f64 = stretches.iter().map(|stretch| stretch.weight).sum();
            assert!((frame.base + sum - frame.log_odds).abs() < 1e-9);
        }
        assert!(evidence.frames.iter().all(|frame| frame.present != frame.stances.is_empty()));
    }
}
