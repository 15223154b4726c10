//! From articles to a table of tagged sentences.

use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::pipeline::in_order;
use crate::data::{
    ArticleRow, Carried, Codebook, ColumnKind, Piece, Pieces, Position, RowFormat, Rows, Skipped,
    Tally, TextPart,
};
use crate::error::Result;
use crate::features::Scratch;
use crate::model::{Classifier, Familiarity, Flags, Prediction, Scorer, StanceDetail};
use crate::text::{CodePoints, Segmenter, code_points};

/// A scorer is compiled when so many bytes of text have been met: compiling takes as long as
/// classifying them without.
const WORTH_COMPILING: usize = 1 << 15;

/// What is tagged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unit {
    /// Every sentence of an article.
    #[default]
    Sentence,
    /// Every article or row, not split.
    Row,
}

/// A tagged sentence, or a tagged row.
#[derive(Debug, Clone, Copy)]
pub struct Tagged<'a> {
    /// The name of its article or row.
    pub id: &'a str,
    /// The document it belongs to.
    pub document: &'a str,
    /// Which sentence of its document it is, from 0.
    pub sentence: usize,
    /// Where it stands in its document: of the first code point, and behind the last.
    pub code_points: (usize, usize),
    /// The sentence.
    pub text: &'a str,
    /// What the classifier says of it.
    pub prediction: &'a Prediction,
    /// The cells of its row that are carried to the result.
    pub carried: Carried<'a>,
    /// What is unlike training in it, where that is asked for.
    pub flags: Option<Flags>,
}

/// Which probabilities a result table holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProbabilityColumns {
    /// `p.<frame>`: that the frame is present.
    #[default]
    Frames,
    /// Also `p.<frame>.<stance>`: that the frame is present and the stance taken; over the stances
    /// they sum to `p.<frame>`.
    All,
}

impl From<ProbabilityColumns> for StanceDetail {
    fn from(columns: ProbabilityColumns) -> Self {
        match columns {
            ProbabilityColumns::Frames => StanceDetail::Given,
            ProbabilityColumns::All => StanceDetail::All,
        }
    }
}

/// Tags texts, with a scorer as soon as it pays. One serves all threads.
pub struct Tagger<'a> {
    classifier: &'a Classifier,
    segmenter: Segmenter,
    detail: StanceDetail,
    unit: Unit,
    familiarity: Option<Familiarity<'a>>,
    scorer: OnceLock<Scorer<'a>>,
    /// Bytes of text met so far.
    met: AtomicUsize,
}

/// Where a text comes from and stands.
#[derive(Clone, Copy)]
struct Origin<'a> {
    id: &'a str,
    document: &'a str,
    carried: Carried<'a>,
    start: Position,
}

impl<'a> Tagger<'a> {
    /// `detail`: which probabilities of stance are wanted.
    pub fn new(classifier: &'a Classifier, detail: StanceDetail, unit: Unit) -> Self {
        let segmenter = Segmenter::new(&classifier.codebook().language);
        let (scorer, met) = (OnceLock::new(), AtomicUsize::new(0));
        Tagger { classifier, segmenter, detail, unit, familiarity: None, scorer, met }
    }

    /// Also tells what is unlike training in every sentence.
    #[must_use]
    pub fn with_flags(self) -> Self {
        let familiarity = Some(Familiarity::new(self.classifier));
        Tagger { familiarity, ..self }
    }

    /// Tags a piece of input and calls `visit` with every sentence or row, in order. Handed back is
    /// what there is beside these.
    ///
    /// # Errors
    ///
    /// When an article or row of it cannot be read, and that ends the run.
    pub fn tag(&self, piece: Piece, mut visit: impl FnMut(&Tagged<'_>)) -> Result<Rest> {
        let (scratch, prediction) = (Scratch::default(), Prediction::default());
        let mut thread = Thread { tagger: self, scratch, prediction, empty: 0 };
        let skipped = match piece {
            Piece::Articles(documents) => {
                let (mut buffer, mut skipped) = (Vec::new(), Vec::new());
                for document in documents {
                    let origin = Origin::article(&document.id, document.carried());
                    match document.read(&mut buffer) {
                        Ok(text) => thread.tag_whole(origin, text, &mut visit),
                        Err(error) => skipped.push(document.skip(error)?),
                    }
                }
                skipped
            }
            Piece::Skipped(skipped) => vec![skipped],
            Piece::Part(part) => thread.tag_part(&part, &mut visit)?,
            Piece::Rows(rows) => rows.parse(|&ArticleRow { id, document, text, carried }| {
                let document = document.filter(|_| self.unit == Unit::Row).unwrap_or(id);
                let origin = Origin { id, document, carried, start: Position::default() };
                thread.tag_whole(origin, text, &mut visit);
            })?,
            Piece::Passed(piece) => {
                match *piece {
                    Piece::Part(part) => thread.place(&part).map(drop)?,
                    Piece::Rows(rows) => rows.pass(),
                    _ => {}
                }
                Vec::new()
            }
        };
        Ok(Rest { empty: thread.empty, skipped })
    }

    /// The scorer, once enough text was met.
    fn scorer(&self, text: &str) -> Option<&Scorer<'a>> {
        let met = self.met.fetch_add(text.len(), Ordering::Relaxed) + text.len();
        (met > WORTH_COMPILING).then(|| self.scorer.get_or_init(|| self.classifier.scorer()))
    }
}

impl<'a> Origin<'a> {
    fn article(id: &'a str, carried: Carried<'a>) -> Self {
        Origin { id, document: id, carried, start: Position::default() }
    }
}

/// A part of a long article.
struct Placed<'p> {
    text: &'p str,
    /// Its sentences.
    ranges: Vec<Range<usize>>,
    /// Where it begins; `None` where what stands before it was given up.
    start: Option<Position>,
    /// What is left out behind it.
    skipped: Option<Skipped>,
}

/// A tagger with buffers that are used again.
struct Thread<'t, 'a> {
    tagger: &'t Tagger<'a>,
    scratch: Scratch,
    prediction: Prediction,
    /// How many articles held no sentence.
    empty: usize,
}

impl Thread<'_, '_> {
    fn tag_part(
        &mut self,
        part: &TextPart,
        visit: &mut impl FnMut(&Tagged<'_>),
    ) -> Result<Vec<Skipped>> {
        let Placed { text, ranges, start, skipped } = self.place(part)?;
        // What follows a fault is missing, and was said to be.
        let Some(start) = start else { return Ok(Vec::new()) };
        let origin = Origin { start, ..Origin::article(&part.id, part.carried()) };
        self.tag(origin, text, &ranges, visit);
        Ok(skipped.into_iter().collect())
    }

    /// Finds the sentences of a part, and tells the part behind it where it begins.
    fn place<'p>(&self, part: &'p TextPart) -> Result<Placed<'p>> {
        let (text, skipped) = part.text()?;
        let ranges = self.tagger.segmenter.sentences_in(text, part.layout);
        let length = Position { sentences: ranges.len(), code_points: code_points(text) };
        let start = part.place(skipped.is_none().then_some(length));
        Ok(Placed { text, ranges, start, skipped })
    }

    fn tag_whole(&mut self, origin: Origin<'_>, text: &str, visit: &mut impl FnMut(&Tagged<'_>)) {
        match self.tagger.unit {
            Unit::Sentence => {
                let ranges = self.tagger.segmenter.sentences(text);
                self.empty += usize::from(ranges.is_empty());
                self.tag(origin, text, &ranges, visit);
            }
            Unit::Row => self.tag(origin, text, &[Range { start: 0, end: text.len() }], visit),
        }
    }

    fn tag(
        &mut self,
        origin: Origin<'_>,
        text: &str,
        ranges: &[Range<usize>],
        visit: &mut impl FnMut(&Tagged<'_>),
    ) {
        let Thread { tagger, scratch, prediction, .. } = self;
        let scorer = tagger.scorer(text);
        let mut code_points = CodePoints::new(text);
        for (index, range) in ranges.iter().enumerate() {
            let mut at = |byte| origin.start.code_points + code_points.at(byte);
            let code_points = (at(range.start), at(range.end));
            let text = &text[range.clone()];
            match scorer {
                Some(scorer) => scorer.predict_into(text, tagger.detail, scratch, prediction),
                None => *prediction = tagger.classifier.predict(text),
            }
            visit(&Tagged {
                id: origin.id,
                document: origin.document,
                sentence: origin.start.sentences + index,
                code_points,
                text,
                prediction,
                carried: origin.carried,
                flags: tagger.familiarity.as_ref().map(|familiarity| familiarity.flags(text)),
            });
        }
    }
}

/// Tags all pieces in parallel. `finish` makes of each what is kept of it, also in parallel;
/// `consume` gets that in order.
///
/// # Errors
///
/// The first piece that cannot be read ends it, and so does an error of `consume`.
pub fn classify<T: Send, E: From<crate::error::Error> + Send>(
    pieces: Pieces,
    finish: impl Fn(Piece) -> Result<T> + Sync,
    mut consume: impl FnMut(T) -> Result<(), E> + Send,
) -> Result<(), E> {
    in_order(pieces, |piece| finish(piece?), |finished| consume(finished?))
}

/// The columns of a result table.
pub fn header(codebook: &Codebook, probabilities: ProbabilityColumns) -> Vec<String> {
    let fixed = ["id", "document", "sentence", "start", "end", "text", "labels"];
    let mut header: Vec<String> = fixed.map(str::to_owned).to_vec();
    header.extend(codebook.frame_names().iter().map(|frame| format!("p.{frame}")));
    if probabilities == ProbabilityColumns::All {
        for frame in codebook.frame_names() {
            let stances = codebook.stance_names();
            header.extend(stances.iter().map(|stance| format!("p.{frame}.{stance}")));
        }
    }
    header
}

/// What the columns of [`header`] hold; those that are carried are texts.
pub fn column_kinds(codebook: &Codebook, probabilities: ProbabilityColumns) -> Vec<ColumnKind> {
    let kind = |name: &String| match name.as_str() {
        "sentence" | "start" | "end" => ColumnKind::Whole,
        name if name.starts_with("p.") => ColumnKind::Real,
        _ => ColumnKind::Text,
    };
    header(codebook, probabilities).iter().map(kind).collect()
}

/// Writes a row of the result table.
pub fn write_row(
    rows: &mut Rows<'_>,
    codebook: &Codebook,
    tagged: &Tagged<'_>,
    unit: Unit,
    probabilities: ProbabilityColumns,
) {
    match unit {
        Unit::Sentence => rows.numbered_text(tagged.id, tagged.sentence),
        Unit::Row => rows.text(tagged.id),
    }
    rows.text(tagged.document);
    rows.number(tagged.sentence);
    rows.number(tagged.code_points.0);
    rows.number(tagged.code_points.1);
    rows.text(tagged.text);
    let prediction = tagged.prediction;
    // Writing to memory cannot fail.
    rows.made_text(|text| _ = prediction.labels.write(codebook, text));
    for &p in &prediction.frames {
        rows.probability(Some(p));
    }
    if probabilities == ProbabilityColumns::All {
        for (frame, &present) in prediction.frames.iter().enumerate() {
            let stances = &prediction.stances[frame];
            for stance in 0..codebook.stances.len() {
                rows.probability(stances.get(stance).map(|&given| present * given));
            }
        }
    }
    for cell in tagged.carried.iter() {
        rows.text(cell);
    }
    if let Some(flags) = tagged.flags {
        rows.made_text(|text| text.push_str(&flags.names().collect::<Vec<_>>().join("|")));
    }
    rows.end_row();
}

/// What there is in a piece of input beside what was tagged.
#[derive(Debug)]
pub struct Rest {
    /// How many articles (or rows of a table) hold no sentence.
    pub empty: usize,
    /// What is left out, in order.
    pub skipped: Vec<Skipped>,
}

/// What became of a piece of input.
#[derive(Debug)]
pub struct Written {
    /// Rows of the result table.
    pub rows: Vec<u8>,
    /// How many they are, and what is left out.
    pub tally: Tally,
}

/// Writes a row of the result table for everything tagged in a piece.
///
/// # Errors
///
/// When an article or row of it cannot be read, and that ends the run.
pub fn write_piece(
    tagger: &Tagger<'_>,
    piece: Piece,
    probabilities: ProbabilityColumns,
    format: &RowFormat,
) -> Result<Written> {
    let mut rows = format.rows();
    let codebook = tagger.classifier.codebook();
    let mut tally = Tally::default();
    let rest = tagger.tag(piece, |tagged| {
        tally.rows += 1;
        tally.outside += usize::from(tagged.flags.is_some_and(Flags::is_outside));
        write_row(&mut rows, codebook, tagged, tagger.unit, probabilities);
    })?;
    let Rest { empty, skipped } = rest;
    Ok(Written { rows: rows.finish(), tally: Tally { empty, skipped, ..tally } })
}
