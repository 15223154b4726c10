//! Sentences that show what stands behind a comparison.

use super::Results;
use crate::model::Classifier;
use crate::tasks::explain::{SentenceEvidence, explain};

/// Sentences shown of a frame in a group.
const SHOWN: usize = 1;

/// A sentence of a group, and which words made the model say so.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// The group it stands in.
    pub group: String,
    /// The document it stands in.
    pub document: String,
    /// The date of the document.
    pub date: Option<String>,
    /// Which words made the model say so.
    pub evidence: SentenceEvidence,
}

/// For every frame and group, the sentence that was given the frame with the highest probability; of
/// equal ones the first. None where the results have no texts, or the model gives a sentence other
/// labels than the results: it is not theirs then.
pub fn examples(results: &Results, classifier: &Classifier) -> Vec<Evidence> {
    let mut chosen: Vec<usize> = Vec::new();
    for frame in 0..results.codebook().frames.len() {
        for group in 0..results.groups() {
            let members = results.members(group, None).into_iter();
            let mut with_frame: Vec<usize> =
                members.filter(|&row| results.labels(row).contains(frame)).collect();
            let probability = |row: usize| {
                results
                    .probabilities
                    .as_ref()
                    .map_or(0.0, |probabilities| probabilities[frame][row])
            };
            with_frame.sort_by(|&a, &b| probability(b).total_cmp(&probability(a)));
            let fresh = with_frame.into_iter().filter(|row| !chosen.contains(row)).take(SHOWN);
            chosen.extend(fresh.collect::<Vec<_>>());
        }
    }
    let account = |row: usize| {
        let sentence = results.row(row);
        let evidence = explain(classifier, &sentence.text);
        let said = results.labels(row).display(results.codebook()).to_string();
        (!sentence.text.is_empty() && evidence.labels == said).then(|| Evidence {
            group: results.group_of(row).to_owned(),
            document: sentence.document.clone().unwrap_or_default(),
            date: results.cell(row, "date").filter(|date| !date.is_empty()).map(str::to_owned),
            evidence,
        })
    };
    chosen.into_iter().filter_map(account).collect()
}
