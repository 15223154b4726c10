//! From articles to a table of tagged sentences.

use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use crate::data::{Codebook, Document, RowFormat};
use crate::error::Result;
use crate::features::Scratch;
use crate::model::{Classifier, Prediction, Scorer, StanceDetail};
use crate::text::{CodePoints, Segmenter};

/// Documents are read and scored together until their files hold so many bytes. Results of a batch
/// are held in memory, so this bounds it; large enough to keep all threads busy.
const BATCH_BYTES: u64 = 4 << 20;

/// And at the most so many documents.
const BATCH: usize = 4096;

/// A scorer is compiled when so many bytes of text have been met: compiling takes as long as
/// classifying them without.
const WORTH_COMPILING: usize = 1 << 15;

/// Sentences of a long text are scored in parallel, so many at a time.
const SENTENCES_AT_ONCE: usize = 64;

/// A tagged sentence.
#[derive(Debug, Clone)]
pub struct TaggedSentence {
    /// Where it stands, in bytes of the document's text.
    pub bytes: Range<usize>,
    /// Where it stands, in code points.
    pub code_points: Range<usize>,
    /// What the classifier says of it.
    pub prediction: Prediction,
}

/// An article with its tagged sentences, in order.
#[derive(Debug, Clone)]
pub struct TaggedDocument {
    /// The article's name.
    pub id: String,
    /// Its text.
    pub text: String,
    /// Its sentences.
    pub sentences: Vec<TaggedSentence>,
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
    scorer: OnceLock<Scorer<'a>>,
    /// Bytes of text met so far.
    met: AtomicUsize,
}

impl<'a> Tagger<'a> {
    /// `detail`: which probabilities of stance are wanted.
    pub fn new(classifier: &'a Classifier, detail: StanceDetail) -> Self {
        let segmenter = Segmenter::new(&classifier.codebook().language);
        let (scorer, met) = (OnceLock::new(), AtomicUsize::new(0));
        Tagger { classifier, segmenter, detail, scorer, met }
    }

    /// Tags the sentences of a text.
    pub fn tag(&self, id: String, text: String) -> TaggedDocument {
        let ranges = self.segmenter.sentences(&text);
        let met = self.met.fetch_add(text.len(), Ordering::Relaxed) + text.len();
        let scorer =
            (met > WORTH_COMPILING).then(|| self.scorer.get_or_init(|| self.classifier.scorer()));
        let predict = |scratch: &mut Scratch, bytes: Range<usize>| match scorer {
            Some(scorer) => scorer.predict(&text[bytes], self.detail, scratch),
            None => self.classifier.predict(&text[bytes]),
        };
        let mut code_points = CodePoints::new(&text);
        let places: Vec<(Range<usize>, Range<usize>)> = ranges
            .into_iter()
            .map(|bytes| {
                let points = code_points.at(bytes.start)..code_points.at(bytes.end);
                (bytes, points)
            })
            .collect();
        let sentences = places
            .into_par_iter()
            .with_min_len(SENTENCES_AT_ONCE)
            .map_init(Scratch::default, |scratch, (bytes, code_points)| TaggedSentence {
                prediction: predict(scratch, bytes.clone()),
                bytes,
                code_points,
            })
            .collect();
        TaggedDocument { id, text, sentences }
    }
}

/// Reads and tags documents in parallel. `finish` makes of each what is kept of it, also in
/// parallel; `consume` gets that in the order given.
///
/// # Errors
///
/// The first document that cannot be read ends it, and so does an error of `consume`.
pub fn classify<T: Send, E: From<crate::error::Error>>(
    tagger: &Tagger<'_>,
    documents: &[Document],
    finish: impl Fn(TaggedDocument) -> T + Sync,
    mut consume: impl FnMut(T) -> Result<(), E>,
) -> Result<(), E> {
    let mut rest = documents;
    while !rest.is_empty() {
        let (batch, after) = rest.split_at(batch_of(rest));
        let tagged: Vec<Result<T>> = batch
            .par_iter()
            .map(|document| Ok(finish(tagger.tag(document.id.clone(), document.read()?))))
            .collect();
        for document in tagged {
            consume(document?)?;
        }
        rest = after;
    }
    Ok(())
}

/// How many of the documents make the next batch, at least 1.
fn batch_of(documents: &[Document]) -> usize {
    let mut bytes = 0;
    let fits = |document: &&Document| {
        let before = bytes;
        bytes += document.size();
        before < BATCH_BYTES
    };
    documents.iter().take(BATCH).take_while(fits).count().max(1)
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

/// Writes a row of the result table for every sentence of a document.
pub fn write_rows(
    codebook: &Codebook,
    document: &TaggedDocument,
    probabilities: ProbabilityColumns,
    format: &RowFormat,
) -> Vec<u8> {
    let mut rows = format.rows();
    for (index, sentence) in document.sentences.iter().enumerate() {
        let TaggedSentence { bytes, code_points, prediction } = sentence;
        rows.text(&format!("{}:{index}", document.id));
        rows.text(&document.id);
        rows.number(index);
        rows.number(code_points.start);
        rows.number(code_points.end);
        rows.text(&document.text[bytes.clone()]);
        rows.text(&prediction.labels.display(codebook).to_string());
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
        rows.end_row();
    }
    rows.finish()
}
