//! The page: sections of paragraphs, figures and tables, and the template that writes them.

use askama::Template;

/// The whole page.
#[derive(Template)]
#[template(path = "report.html")]
pub(super) struct Page<'a> {
    pub(super) title: &'a str,
    pub(super) version: &'a str,
    pub(super) subtitle: String,
    pub(super) sections: Vec<Section>,
}

/// A part of the page with its heading.
pub(super) struct Section {
    /// Unique on the page.
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) blocks: Vec<Block>,
}

/// What a section is made of.
pub(super) enum Block {
    /// A paragraph.
    Text(String),
    /// A paragraph that must not be missed.
    Warning { title: &'static str, text: String },
    /// Sentences below each other.
    List(Vec<String>),
    /// Charts with the numbers behind them.
    Figure(Figure),
    /// A table that is always open.
    Table(Table),
    /// A table behind a line to click.
    Folded(Table),
    /// A sentence and what in it spoke for its labels.
    Sentence(Sentence),
    /// Text to copy as it stands.
    Verbatim(String),
}

impl Block {
    /// A table, folded away where it is long.
    pub(super) fn table(table: Table) -> Self {
        const LONGEST: usize = 40;
        if table.rows.len() > LONGEST { Block::Folded(table) } else { Block::Table(table) }
    }
}

/// Small charts side by side.
pub(super) struct Figure {
    /// A heading with the hue of its frame.
    pub(super) heading: Option<Heading>,
    /// What is to be seen, and how it is drawn.
    pub(super) caption: String,
    /// What solid and hollow shapes mean.
    pub(super) legend: Vec<Key>,
    /// The charts.
    pub(super) panels: Vec<Panel>,
    /// Whether a panel is as wide as the page.
    pub(super) wide: bool,
    /// The numbers.
    pub(super) table: Table,
}

/// The heading of a figure.
pub(super) struct Heading {
    pub(super) text: String,
    /// A drawing of the frame's shape.
    pub(super) chip: String,
}

/// A line of a legend.
pub(super) struct Key {
    /// A drawing.
    pub(super) mark: String,
    pub(super) text: &'static str,
}

/// A chart.
pub(super) struct Panel {
    pub(super) title: String,
    /// A drawing of the frame's shape, or nothing.
    pub(super) chip: String,
    pub(super) svg: String,
}

/// A table; its first columns hold names, the others numbers.
pub(super) struct Table {
    pub(super) caption: String,
    pub(super) header: Vec<String>,
    pub(super) names: usize,
    pub(super) rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table.
    pub(super) fn new<'a>(
        caption: impl Into<String>,
        names: usize,
        header: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let header = header.into_iter().map(str::to_owned).collect();
        Table { caption: caption.into(), header, names, rows: Vec::new() }
    }
}

/// A sentence with its evidence.
pub(super) struct Sentence {
    /// Where it stands: group, document, date.
    pub(super) place: Vec<String>,
    /// Its labels.
    pub(super) labels: String,
    /// By frame shown.
    pub(super) frames: Vec<Evidence>,
}

/// What spoke for a frame and against it.
pub(super) struct Evidence {
    /// The frame, its stance, and how the decision fell.
    pub(super) verdict: String,
    pub(super) pieces: Vec<Piece>,
    pub(super) table: Table,
}

/// A piece of a sentence.
pub(super) struct Piece {
    pub(super) text: String,
    /// The class of its tint; empty where nothing is known of it.
    pub(super) class: String,
    /// The exact numbers.
    pub(super) title: String,
}
