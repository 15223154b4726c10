//! `framescope explain`.

use std::fmt::Write as _;

use clap::Args;
use framescope::report;
use framescope::tasks::explain::{FrameEvidence, SentenceEvidence, explain, strongest_terms};
use owo_colors::OwoColorize;

use super::{Failure, ModelArgs, OutputArgs, Printer};

/// Shows which words made the model say so
///
/// For every sentence given: the frames, and the terms that speak for and against each. The base
/// and the weights of all terms sum to the log-odds exactly. Without a text: the model's strongest
/// terms for every frame.
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
        let shown: Vec<String> = sentences.iter().map(|sentence| self.show(sentence)).collect();
        self.output.write(&shown.concat(), printer)
    }

    fn show(&self, sentence: &SentenceEvidence) -> String {
        let mut text = format!("{}\n", sentence.text.bold());
        for frame in &sentence.frames {
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
            text += &self.terms_of(frame);
        }
        text.push('\n');
        text
    }

    /// The terms that matter most, either way, then the rest in one line.
    fn terms_of(&self, frame: &FrameEvidence) -> String {
        let mut terms: Vec<_> = frame.terms.iter().collect();
        terms.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()));
        let (shown, rest) = terms.split_at(self.terms.min(terms.len()));
        let mut text = String::new();
        for term in shown {
            let _ = writeln!(text, "    {:+.3}  {}", term.weight, term.term);
        }
        if !rest.is_empty() {
            let sum: f64 = rest.iter().map(|term| term.weight).sum();
            let _ = writeln!(text, "    {sum:+.3}  {} other terms", rest.len());
        }
        let _ = writeln!(text, "    {:+.3}  base", frame.base);
        let _ = writeln!(text, "    {:+.3}  log-odds", frame.log_odds);
        text
    }
}
