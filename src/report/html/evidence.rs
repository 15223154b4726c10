//! Sentences and what in them spoke for their labels.

use super::numbers::{Unit, name};
use super::page::{Block, Evidence, Piece, Section, Sentence, Table};
use super::{Example, Source};
use crate::tasks::explain::{FrameEvidence, Stretch, Term, stretches};

/// Tints, from weak to strong.
const TINTS: f64 = 5.0;

/// Contributions below this have no tint.
const FAINT: f64 = 0.005;

/// Terms named in the title of a word, those that add most; all stand in the table.
const TERMS: usize = 8;

/// Example sentences; nothing where none are given.
pub(super) fn section(source: Source<'_>) -> Option<Section> {
    let examples = &source.context.examples;
    if examples.is_empty() {
        return None;
    }
    let intro = "What made the classifier decide. Words with a + and a whole underline spoke for the \
                 frame, those with a − and a dashed one against it; the stronger the tint, the more. \
                 The table below each sentence has the exact numbers: its base and all contributions \
                 sum to the log-odds.";
    let mut blocks = vec![Block::Text(intro.to_owned())];
    blocks.extend(examples.iter().map(|example| Block::Sentence(sentence(example))));
    Some(Section { id: "examples", title: "Example sentences", blocks })
}

fn sentence(example: &Example) -> Sentence {
    let evidence = &example.evidence;
    let mut place = vec![example.group.clone(), example.document.clone()];
    place.extend(example.date.clone());
    // The frames given; or else the likeliest.
    let mut shown: Vec<&FrameEvidence> = evidence.frames.iter().filter(|of| of.present).collect();
    if shown.is_empty() {
        let likeliest =
            evidence.frames.iter().max_by(|a, b| a.probability.total_cmp(&b.probability));
        shown.extend(likeliest);
    }
    Sentence {
        place,
        labels: evidence.labels.clone(),
        frames: shown.into_iter().map(|frame| of_frame(&evidence.text, frame)).collect(),
    }
}

fn of_frame(text: &str, frame: &FrameEvidence) -> Evidence {
    let stance =
        frame.stance.as_ref().map_or_else(String::new, |stance| format!(": {}", name(stance)));
    let verdict = format!(
        "{}{stance} – {}, probability {} (given from {})",
        name(&frame.frame),
        if frame.present { "given" } else { "not given" },
        Unit::Coefficient.number(frame.probability),
        Unit::Coefficient.number(frame.threshold)
    );
    Evidence { verdict, pieces: pieces(text, frame), table: table(frame) }
}

/// With three decimals, so that sums can be followed.
fn exact(weight: f64) -> String {
    let text = format!("{weight:+.3}");
    match text.strip_prefix('-') {
        Some(rest) => format!("−{rest}"),
        None => text,
    }
}

fn table(frame: &FrameEvidence) -> Table {
    let caption = format!("Contributions to {}", frame.frame);
    let mut table = Table::new(caption, 1, ["term", "contribution to the log-odds"]);
    let mut row = |name: &str, weight: f64| table.rows.push(vec![name.to_owned(), exact(weight)]);
    row("(base: a sentence without a known term)", frame.base);
    frame.terms.iter().for_each(|term| row(&term.term, term.weight));
    row("(sum: the log-odds)", frame.log_odds);
    table
}

/// The terms of a word that add most.
fn title(terms: &[&Term]) -> String {
    let mut terms = terms.to_vec();
    terms.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()));
    let named = |term: &&Term| format!("{} {}", term.term, exact(term.weight));
    terms.iter().take(TERMS).map(named).collect::<Vec<_>>().join("; ")
}

/// The sentence in pieces, each tinted by what it adds.
fn pieces(text: &str, frame: &FrameEvidence) -> Vec<Piece> {
    let stretches = stretches(text, &frame.terms);
    let strongest = stretches.iter().map(|stretch| stretch.weight.abs()).fold(0.0, f64::max);
    let side = |stretch: &Stretch<'_>| {
        let side = if stretch.weight > 0.0 { "for" } else { "against" };
        (stretch.weight.abs() >= FAINT).then_some(side)
    };
    let piece = |(index, stretch): (usize, &Stretch<'_>)| {
        let next = stretches[index + 1..].iter().find(|next| !next.is_blank);
        let class = side(stretch).map_or_else(String::new, |here| {
            let level = (TINTS * stretch.weight.abs() / strongest).ceil();
            // Of neighbours on the same side only the last bears the sign.
            let last = next.and_then(side) != Some(here);
            format!("{here} t{level}{}", if last { " sign" } else { "" })
        });
        Piece { text: stretch.text.clone(), class, title: title(&stretch.terms) }
    };
    stretches.iter().enumerate().map(piece).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(terms: &[(&str, f64, &[[usize; 2]])]) -> FrameEvidence {
        let term = |&(term, weight, places): &(&str, f64, &[[usize; 2]])| Term {
            term: term.to_owned(),
            weight,
            places: places.to_vec(),
        };
        FrameEvidence {
            frame: "security".to_owned(),
            present: true,
            stance: None,
            probability: 0.8,
            threshold: 0.5,
            log_odds: 1.0,
            base: 0.5,
            terms: terms.iter().map(term).collect(),
            stances: Vec::new(),
        }
    }

    #[test]
    fn pieces_join_to_the_sentence_and_bear_its_signs() {
        let text = "café walls fall";
        let terms: &[(&str, f64, &[[usize; 2]])] = &[
            ("café", 0.4, &[[0, 4]]),
            ("café walls", 0.1, &[[0, 10]]),
            ("walls", -0.3, &[[5, 10]]),
        ];
        let pieces = pieces(text, &evidence(terms));
        assert_eq!(pieces.iter().map(|piece| piece.text.as_str()).collect::<String>(), text);
        let classes: Vec<&str> = pieces.iter().map(|piece| piece.class.as_str()).collect();
        assert_eq!(classes, ["for t5 sign", "", "against t3 sign", "", ""]);
        assert_eq!(pieces[0].title, "café +0.400; café walls +0.100");
    }

    #[test]
    fn places_beyond_the_sentence_do_no_harm() {
        let pieces = pieces("ab", &evidence(&[("x", 0.4, &[[1, 9]]), ("y", 0.0, &[])]));
        assert_eq!(pieces.iter().map(|piece| piece.text.as_str()).collect::<String>(), "ab");
        assert_eq!(super::pieces("", &evidence(&[])).len(), 0);
    }
}
