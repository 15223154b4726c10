//! From articles to a table of tagged sentences.

use std::ops::Range;

use rayon::prelude::*;
use serde_json::Value;

use crate::data::{Codebook, Document};
use crate::error::Result;
use crate::model::{Classifier, Prediction};
use crate::text::{CodePoints, Segmenter};

/// Documents that are read and scored together. Results of a batch are held in memory, so this
/// bounds it; large enough to keep all threads busy.
const BATCH: usize = 256;

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

/// Tags the sentences of a text.
pub fn tag(classifier: &Classifier, id: String, text: String) -> TaggedDocument {
    let segmenter = Segmenter::new(&classifier.codebook().language);
    let ranges = segmenter.sentences(&text);
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
        .with_min_len(32)
        .map(|(bytes, code_points)| TaggedSentence {
            prediction: classifier.predict(&text[bytes.clone()]),
            bytes,
            code_points,
        })
        .collect();
    TaggedDocument { id, text, sentences }
}

/// Tags articles and hands them over in order. Reading and scoring run in parallel.
///
/// # Errors
///
/// When an article cannot be read, and whatever `consume` returns.
pub fn classify<E: From<crate::error::Error>>(
    classifier: &Classifier,
    documents: &[Document],
    mut consume: impl FnMut(TaggedDocument) -> Result<(), E>,
) -> Result<(), E> {
    for batch in documents.chunks(BATCH) {
        let tagged: Vec<Result<TaggedDocument>> = batch
            .par_iter()
            .map(|document| Ok(tag(classifier, document.id.clone(), document.read()?)))
            .collect();
        for document in tagged {
            consume(document?)?;
        }
    }
    Ok(())
}

/// The column names of the result table.
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

/// The rows of a document in the result table.
pub fn rows<'a>(
    codebook: &'a Codebook,
    document: &'a TaggedDocument,
    probabilities: ProbabilityColumns,
) -> impl Iterator<Item = Vec<Value>> + 'a {
    document.sentences.iter().enumerate().map(move |(index, sentence)| {
        let prediction = &sentence.prediction;
        let mut row: Vec<Value> = vec![
            format!("{}:{index}", document.id).into(),
            document.id.clone().into(),
            index.into(),
            sentence.code_points.start.into(),
            sentence.code_points.end.into(),
            document.text[sentence.bytes.clone()].into(),
            prediction.labels.display(codebook).to_string().into(),
        ];
        row.extend(prediction.frames.iter().map(|&p| rounded(p)));
        if probabilities == ProbabilityColumns::All {
            for (frame, &present) in prediction.frames.iter().enumerate() {
                let stances = &prediction.stances[frame];
                row.extend((0..codebook.stances.len()).map(|stance| match stances.get(stance) {
                    Some(&given) => rounded(present * given),
                    None => Value::Null,
                }));
            }
        }
        row
    })
}

/// Six decimals: more than a probability means, and the same on every machine.
fn rounded(probability: f64) -> Value {
    ((probability * 1e6).round() / 1e6).into()
}
