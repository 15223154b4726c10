//! A comparison as one HTML file that needs nothing else: no network, no script.

mod about;
mod differences;
mod dots;
mod evidence;
mod heat;
mod numbers;
mod page;
mod periods;
mod reliability;
mod shares;
mod summary;
mod words;

use askama::Template;

use crate::tasks::compare::Comparison;
use crate::tasks::explain::SentenceEvidence;
use numbers::{count, counted, name};
use page::{Page, Section};

/// What the report says beside the comparison itself.
#[derive(Debug, Clone, Default)]
pub struct ReportContext {
    /// The heading of the page.
    pub title: String,
    /// The command that gives the same numbers again.
    pub command: String,
    /// The version of the program.
    pub version: String,
    /// Files and models that were read, each with its SHA-256.
    pub digests: Vec<(String, String)>,
    /// Sentences to show.
    pub examples: Vec<Example>,
    /// What was done, ready for a paper; paragraphs stand apart by an empty line.
    pub methods: String,
    /// What the reader must know of the data.
    pub notes: Vec<String>,
    /// Whether the shares rest on predicted labels alone.
    pub naive_only: bool,
}

/// A sentence to show with its evidence.
#[derive(Debug, Clone)]
pub struct Example {
    /// The group it stands in.
    pub group: String,
    /// The document it stands in.
    pub document: String,
    /// The date of the document.
    pub date: Option<String>,
    /// Which words made the model say so.
    pub evidence: SentenceEvidence,
}

/// What every section is made from.
#[derive(Clone, Copy)]
struct Source<'a> {
    comparison: &'a Comparison,
    context: &'a ReportContext,
}

impl Source<'_> {
    /// Whether shares are corrected by gold labels.
    fn corrected(&self) -> bool {
        self.comparison.gold.is_some() && !self.context.naive_only
    }
}

/// One self-contained HTML file.
pub fn comparison_html(comparison: &Comparison, context: &ReportContext) -> String {
    let source = Source { comparison, context };
    let sections = [
        Some(summary::section(source)),
        Some(about::data(source)),
        Some(shares::section(source)),
        periods::section(source),
        shares::stance(source),
        Some(differences::section(source)),
        words::section(source),
        shares::copies(source),
        reliability::section(source),
        evidence::section(source),
        Some(about::methods(source)),
        Some(about::provenance(source)),
    ];
    let sections: Vec<Section> = sections.into_iter().flatten().collect();
    let page = Page {
        title: &context.title,
        version: &context.version,
        subtitle: subtitle(comparison),
        sections,
    };
    // The template writes to a string and all it shows is a string: it cannot fail.
    page.render().unwrap_or_default()
}

fn subtitle(comparison: &Comparison) -> String {
    let mut text = format!(
        "{} in {}",
        counted(comparison.sentences, "sentence"),
        counted(comparison.documents, "document"),
    );
    text += &format!(", {} by {}", counted(comparison.groups.len(), "group"), name(&comparison.by));
    if let [first, .., last] = &comparison.periods[..] {
        let periods = count(comparison.periods.len());
        text += &format!(", {periods} periods from {} to {}", name(first), name(last));
    }
    text
}
