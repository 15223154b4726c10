//! Input cut into pieces that can be worked on in parallel, whatever its size.
//!
//! Short articles are gathered, a long one is cut between paragraphs, a table between rows. Cutting
//! is all that is done one after another; reading short articles, parsing rows and what follows
//! are left to whoever works on a piece.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use memchr::memchr_iter;

use super::article_table::{ArticleTables, Carried, Source};
use super::document::{Document, DocumentKind};
use super::input::{LONGEST, PIECE_BYTES, ReadAhead};
use super::row_chunk::{RowChunk, RowChunks};
use super::skip::{Extent, OnError, Skipped};
use crate::error::{Error, Place, Result};
use crate::text::{Layout, decode_part, decode_slice};

/// Short articles in a piece, at the most.
const PIECE_DOCUMENTS: usize = 512;

/// Some of the input.
#[derive(Debug)]
pub enum Piece {
    /// Articles that are still to be read.
    Articles(Vec<Document>),
    /// Part of a long article.
    Part(TextPart),
    /// Rows of a table that are still to be parsed.
    Rows(RowChunk),
    /// A file that is left out.
    Skipped(Skipped),
    /// What an earlier run did already. Parts of a long article and of a table still tell the next
    /// where it begins.
    Passed(Box<Piece>),
}

impl Piece {
    /// How many bytes of the input it is.
    pub fn bytes(&self) -> u64 {
        let bytes = match self {
            Piece::Passed(piece) => return piece.bytes(),
            Piece::Articles(documents) => documents.iter().filter_map(Document::size).sum(),
            Piece::Part(part) => part.bytes.len(),
            Piece::Rows(rows) => rows.len(),
            Piece::Skipped(_) => 0,
        };
        bytes as u64
    }
}

/// How much of a long article stands before a part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Position {
    /// In sentences.
    pub sentences: usize,
    /// In code points.
    pub code_points: usize,
}

/// Some paragraphs of a long article.
///
/// Where its sentences stand in the article is only known when the parts before it are split into
/// sentences: each part hands that on to the next.
#[derive(Debug)]
pub struct TextPart {
    /// The article's name.
    pub id: String,
    sources: Vec<Source>,
    /// How the article's lines are broken.
    pub layout: Layout,
    bytes: Vec<u8>,
    place: Place,
    /// The line that it begins in.
    line: u64,
    on_error: OnError,
    /// What is missing behind it.
    fault: Option<Skipped>,
    before: Option<Receiver<Position>>,
    after: SyncSender<Position>,
}

impl TextPart {
    /// The cells that are carried to the result.
    pub fn carried(&self) -> Carried<'_> {
        Carried::fixed(&self.sources)
    }

    /// The paragraphs, and what is left out behind them: with it the article ends.
    ///
    /// # Errors
    ///
    /// When they are not UTF-8, and that ends the run.
    pub fn text(&self) -> Result<(&str, Option<Skipped>)> {
        let decoded = match self.before {
            None => decode_slice(&self.bytes, &self.place),
            Some(_) => decode_part(&self.bytes, &self.place, self.line),
        };
        match decoded {
            Ok(text) => Ok((text, self.fault.clone())),
            Err(error) => {
                let valid = self.bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
                let is_first = self.before.is_none();
                let (length, extent) = cut_before_fault(
                    valid.as_bytes(),
                    self.line,
                    match is_first {
                        true => None,
                        false => Some(self.layout),
                    },
                );
                let skipped = self.on_error.skip(error, extent, Some(self.id.clone()))?;
                Ok((&valid[..length], Some(skipped)))
            }
        }
    }

    /// Where this part begins, given how long it is, unless the article ends with it: waits for the
    /// part before, and tells the part after. `None` where the part before was given up.
    pub fn place(&self, length: Option<Position>) -> Option<Position> {
        let start = match &self.before {
            Some(before) => before.recv().ok()?,
            None => Position::default(),
        };
        if let Some(length) = length {
            // After the last part nobody asks.
            let _ = self.after.send(Position {
                sentences: start.sentences + length.sentences,
                code_points: start.code_points + length.code_points,
            });
        }
        Some(start)
    }
}

/// How much stays of the bytes before a fault, and what is missing then: whole paragraphs stay of an
/// article of which parts were handed on, so that its `layout` is known; of another nothing does.
fn cut_before_fault(bytes: &[u8], line: u64, layout: Option<Layout>) -> (usize, Extent) {
    let Some(layout) = layout else { return (0, Extent::File) };
    let length = layout.last_break(bytes).unwrap_or(0);
    let line = line + memchr_iter(b'\n', &bytes[..length]).count() as u64;
    (length, Extent::Rest { line })
}

/// The pieces of articles and tables, in order.
pub struct Pieces {
    documents: VecDeque<Document>,
    tables: ArticleTables,
    /// Whether articles are kept whole, however long.
    whole: bool,
    open: Option<Open>,
    failed: bool,
    /// How many pieces are still to come that an earlier run did.
    passed: usize,
}

enum Open {
    Text(TextParts),
    Table(RowChunks),
}

impl Pieces {
    /// Cuts the documents; `tables` are those among them that are tables. Articles are kept whole,
    /// however long, where `whole` says so.
    pub fn new(mut documents: Vec<Document>, tables: ArticleTables, whole: bool) -> Self {
        for document in &mut documents {
            document.sources = tables.sources_of(document);
        }
        Pieces { documents: documents.into(), tables, whole, open: None, failed: false, passed: 0 }
    }

    /// The same where an earlier run did the first `count`. Where a piece is cut depends on nothing
    /// but the input, so that the same input gives the same pieces.
    #[must_use]
    pub fn passing(self, count: usize) -> Self {
        Pieces { passed: count, ..self }
    }

    fn advance(&mut self) -> Result<Option<Piece>> {
        loop {
            let piece = match &mut self.open {
                Some(Open::Text(parts)) => parts.next_part()?.map(Piece::Part),
                Some(Open::Table(rows)) => rows.next_chunk()?.map(Piece::Rows),
                None => None,
            };
            if piece.is_some() {
                return Ok(piece);
            }
            self.open = None;
            let short = self.short_articles();
            if !short.is_empty() {
                return Ok(Some(Piece::Articles(short)));
            }
            let Some(document) = self.documents.pop_front() else { return Ok(None) };
            if let Some(skipped) = self.tables.skipped.remove(&document.path) {
                return Ok(Some(Piece::Skipped(skipped)));
            }
            match self.begin(&document) {
                Ok(open) => self.open = Some(open),
                Err(error) => return Ok(Some(Piece::Skipped(document.skip(error)?))),
            }
        }
    }

    fn begin(&mut self, document: &Document) -> Result<Open> {
        Ok(match document.kind {
            DocumentKind::Table(format) => Open::Table(self.tables.rows(document, format)?),
            _ => Open::Text(TextParts::open(document.clone())?),
        })
    }

    /// Takes short articles off the front.
    fn short_articles(&mut self) -> Vec<Document> {
        let (mut bytes, mut short) = (0, Vec::new());
        while let Some(document) = self.documents.front() {
            let size = document.size().unwrap_or(LONGEST);
            let is_short = match document.kind {
                DocumentKind::Table(_) => false,
                DocumentKind::Text => size <= PIECE_BYTES || self.whole,
                // A page cannot be cut.
                #[cfg(feature = "html")]
                DocumentKind::Html => true,
            };
            if !is_short || bytes >= PIECE_BYTES || short.len() >= PIECE_DOCUMENTS {
                break;
            }
            bytes += size;
            short.extend(self.documents.pop_front());
        }
        short
    }
}

impl Iterator for Pieces {
    type Item = Result<Piece>;

    fn next(&mut self) -> Option<Result<Piece>> {
        if self.failed {
            return None;
        }
        let piece = self.advance().transpose();
        self.failed = matches!(piece, Some(Err(_)));
        if self.passed > 0 {
            self.passed -= 1;
            return piece.map(|piece| piece.map(|piece| Piece::Passed(Box::new(piece))));
        }
        piece
    }
}

/// A long article, cut between paragraphs.
struct TextParts {
    document: Document,
    input: ReadAhead,
    layout: Option<Layout>,
    /// Whether a fault ended it.
    ended: bool,
    before: Option<Receiver<Position>>,
}

impl TextParts {
    fn open(document: Document) -> Result<Self> {
        let input = ReadAhead::open(&document.path, &document.reading)?;
        Ok(TextParts { document, input, layout: None, ended: false, before: None })
    }

    fn next_part(&mut self) -> Result<Option<TextPart>> {
        if self.ended {
            return Ok(None);
        }
        match self.cut() {
            Ok(None) => Ok(None),
            Ok(Some((length, layout))) => Ok(Some(self.part(length, layout, None))),
            Err(error) => self.last_part(error).map(Some),
        }
    }

    /// How long the next part is.
    fn cut(&mut self) -> Result<Option<(usize, Layout)>> {
        let mut wanted = PIECE_BYTES;
        loop {
            self.input.fill(&self.document.path, wanted)?;
            if self.input.bytes.is_empty() && self.before.is_some() {
                return Ok(None);
            }
            let layout = self.layout()?;
            if self.input.at_end {
                return Ok(Some((self.input.bytes.len(), layout)));
            }
            match layout.last_break(&self.input.bytes) {
                Some(length) => return Ok(Some((length, layout))),
                None if wanted >= LONGEST => return Err(self.too_long()),
                None => wanted *= 2,
            }
        }
    }

    /// What stays of the text before a fault, and the fault.
    fn last_part(&mut self, error: Error) -> Result<TextPart> {
        self.ended = true;
        let (length, extent) = cut_before_fault(&self.input.bytes, self.input.line, self.layout);
        let id = Some(self.document.id.clone());
        let fault = self.input.on_error().skip(error, extent, id)?;
        Ok(self.part(length, self.layout.unwrap_or_else(|| Layout::of("")), Some(fault)))
    }

    fn part(&mut self, length: usize, layout: Layout, fault: Option<Skipped>) -> TextPart {
        let line = self.input.line;
        let bytes = self.input.take(length);
        self.layout = Some(layout);
        let (after, next_before) = sync_channel(1);
        let before = self.before.replace(next_before);
        let (id, place) = (self.document.id.clone(), self.input.place.clone());
        let (sources, on_error) = (self.document.sources.clone(), self.input.on_error());
        TextPart { id, sources, layout, bytes, place, line, on_error, fault, before, after }
    }

    /// That of the first whole lines, where it is not known yet.
    fn layout(&self) -> Result<Layout> {
        if let Some(layout) = self.layout {
            return Ok(layout);
        }
        let bytes = &self.input.bytes[..self.input.bytes.len().min(PIECE_BYTES)];
        let lines = match self.input.at_end && bytes.len() == self.input.bytes.len() {
            true => bytes.len(),
            false => bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1),
        };
        Ok(Layout::of(decode_slice(&bytes[..lines], &self.input.place)?))
    }

    fn too_long(&self) -> Error {
        Error::data(
            self.input.place.line(self.input.line),
            format!("there is no end of a paragraph within {} MB", LONGEST >> 20),
            "break the text into lines, or leave this file out",
        )
    }
}
