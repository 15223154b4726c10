//! `framescope explain`.

use std::fmt::Write as _;

use clap::Args;
use framescope::report;
use framescope::tasks::explain::{
    FrameEvidence, SentenceEvidence, Stretch, Term, explain, stretches, strongest_terms,
};
use owo_colors::{OwoColorize, Style, XtermColors};

use super::{Failure, ModelArgs, OutputArgs, Printer};

/// Terms shown of a stance, at most.
const STANCE_TERMS: usize = 5;

/// Nearly the blue of Okabe and Ito, which the colour-blind tell from their vermilion.
const FOR: XtermColors = XtermColors::LochmaraBlue;

/// Nearly their vermilion.
const AGAINST: XtermColors = XtermColors::TennOrange;

/// Shows which words made the model say so
///
/// For every sentence given: the frames, and the terms that speak for and against each; for a frame
/// that is given, also those for and against its stance rather than the others. The base and the
/// weights of all terms sum to the log-odds (of a stance: to its score) exactly. On a terminal,
/// words that speak for the frame are underlined, those against it struck through, the strongest
/// bold. Without a text: the model's strongest terms for every frame and for each stance towards it.
#[derive(Args)]
#[command(after_help = "Examples:\n  framescope explain \"Core technologies must be in our own \
    hands.\"\n  framescope explain --terms 30")]
pub(super) struct Explain {
    /// Sentences
    text: Vec<String>,
    #[command(flatten)]
    model: ModelArgs,
    /// How many terms to show
    #[arg(long, value_name = "N", default_value_t = 15)]
    terms: usize,
    /// Print JSON: all terms of every sentence, with their places
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    output: OutputArgs,
}

impl Explain {
    pub(super) fn run(self, printer: &Printer) -> Result<(), Failure> {
        let model = self.model.open()?;
        if self.text.is_empty() {
            let frames = strongest_terms(&model, self.terms);
            return match self.json {
                true => self.output.write_json(&serde_json::json!({ "frames": frames }), printer),
                false => self.output.write(&report::strongest_terms(&frames), printer),
            };
        }
        let sentences: Vec<SentenceEvidence> =
            self.text.iter().map(|text| explain(&model, text)).collect();
        if self.json {
            return self.output.write_json(&serde_json::json!({ "sentences": sentences }), printer);
        }
        let width = (self.output.output.is_none() && printer.styles()).then(|| printer.width());
        let shown: Vec<String> =
            sentences.iter().map(|sentence| self.show(sentence, width)).collect();
        self.output.write(&shown.concat(), printer)
    }

    /// With its words highlighted where a width is given.
    fn show(&self, sentence: &SentenceEvidence, width: Option<usize>) -> String {
        let mut text = format!("{}\n", sentence.text.bold());
        let frames = sentence.frames.iter();
        let words: Vec<_> = frames.map(|of| stretches(&sentence.text, &of.terms)).collect();
        let strongest = words.iter().flatten().map(|word| word.weight.abs()).fold(0.0, f64::max);
        for (frame, words) in sentence.frames.iter().zip(&words) {
            let verdict = match (frame.present, &frame.stance) {
                (true, Some(stance)) => format!("present, {stance}"),
                (true, None) => "present".to_owned(),
                (false, _) => "absent".to_owned(),
            };
            let _ = writeln!(
                text,
                "\n  {}  {verdict}  (probability {:.3}, given from {:.3})",
                frame.frame.bold(),
                frame.probability,
                frame.threshold
            );
            if let Some(width) = width {
                text += &highlighted(words, strongest, width);
            }
            let base_and_sum = [("base", frame.base), ("log-odds", frame.log_odds)];
            text += &account(&frame.terms, self.terms, base_and_sum);
            text += &self.stance_of(frame);
        }
        text.push('\n');
        text
    }

    /// What speaks for the stance given rather than the others.
    fn stance_of(&self, frame: &FrameEvidence) -> String {
        let given = frame.stances.iter().find(|of| Some(&of.stance) == frame.stance.as_ref());
        given.map_or_else(String::new, |of| {
            let count = self.terms.min(STANCE_TERMS);
            format!(
                "    {} rather than another stance:\n{}",
                of.stance,
                account(&of.terms, count, [("base", of.base), ("score", of.score)])
            )
        })
    }
}

/// The terms that matter most, either way, then the rest in one line, then base and sum.
fn account(terms: &[Term], count: usize, base_and_sum: [(&str, f64); 2]) -> String {
    let mut terms: Vec<_> = terms.iter().collect();
    terms.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()));
    let (shown, rest) = terms.split_at(count.min(terms.len()));
    let mut text = String::new();
    for term in shown {
        let _ = writeln!(text, "    {:+.3}  {}", term.weight, term.term);
    }
    if !rest.is_empty() {
        let sum: f64 = rest.iter().map(|term| term.weight).sum();
        let _ = writeln!(text, "    {sum:+.3}  {} other terms", rest.len());
    }
    for (name, value) in base_and_sum {
        let _ = writeln!(text, "    {value:+.3}  {name}");
    }
    text
}

/// A sentence whose words look the stronger the more they add. All frames of a sentence have one
/// scale, so that they can be compared.
fn highlighted(words: &[Stretch<'_>], strongest: f64, width: usize) -> String {
    let shown: String = words
        .iter()
        .map(|word| match word.is_blank {
            true => " ".to_owned(),
            false => word.text.style(style(word.weight, strongest)).to_string(),
        })
        .collect();
    // A line may end between words only: a style must not run on over the indent of the next.
    let options = textwrap::Options::new(width)
        .initial_indent("    ")
        .subsequent_indent("    ")
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
        .break_words(false);
    textwrap::wrap(&shown, options).join("\n") + "\n"
}

/// Tells for from against without colour, too.
fn style(weight: f64, strongest: f64) -> Style {
    let style = match weight {
        weak if weak.abs() <= strongest / 8.0 => return Style::new(),
        weight if weight > 0.0 => Style::new().underline().color(FOR),
        _ => Style::new().strikethrough().color(AGAINST),
    };
    if weight.abs() >= strongest / 2.0 { style.bold() } else { style }
}
