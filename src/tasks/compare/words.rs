//! Copies of documents, and the words that distinguish groups.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::shares::Estimates;
use super::{Copies, GroupWords, Results, WithoutCopies, Word};
use crate::features::near_duplicates;
use crate::stats::{KeyTerm, Sensitivity, TermCounts, log_odds, sensitivity};
use crate::text::words;

/// Fewer documents than this make a word one article's rather than a group's.
const FEWEST_DOCUMENTS: u32 = 3;

/// Words shown for each group.
const SHOWN: usize = 20;

/// Documents brought together with their copies.
pub(super) struct CopyClusters {
    /// By sentence, the group of copies its document is in.
    pub(super) clusters: Vec<usize>,
    /// By document: its cluster, its group, whether it is a later copy of an earlier document.
    of_document: Vec<usize>,
    later: Vec<bool>,
    groups: Vec<usize>,
}

/// Finds copies; `None` where there are no texts or documents.
pub(super) fn copies(results: &Results, threshold: f64) -> Option<CopyClusters> {
    let count = results.documents.iter().max()? + 1;
    if !results.has_documents {
        return None;
    }
    let mut texts = vec![String::new(); count];
    let mut dates = vec![""; count];
    let mut groups = vec![0; count];
    for sentence in 0..results.rows() {
        let document = results.documents[sentence];
        texts[document] += &results.row(sentence).text;
        texts[document].push('\n');
        dates[document] = results.cell(sentence, "date").unwrap_or_default();
        groups[document] = results.group[sentence];
    }
    if texts.iter().all(|text| text.trim().is_empty()) {
        return None;
    }
    let of_document = near_duplicates(&texts, threshold);
    // The earliest comes first; of the same day, or without a date, the one that stands first.
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by_key(|&document| (dates[document].is_empty(), dates[document], document));
    let (mut seen, mut later) = (BTreeSet::new(), vec![false; count]);
    order.iter().for_each(|&document| later[document] = !seen.insert(of_document[document]));
    let clusters = results.documents.iter().map(|&document| of_document[document]).collect();
    Some(CopyClusters { clusters, of_document, later, groups })
}

impl CopyClusters {
    /// What was found, and the shares without later copies.
    pub(super) fn summary(&self, of: &Estimates<'_>) -> Copies {
        let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (document, &cluster) in self.of_document.iter().enumerate() {
            members.entry(cluster).or_default().push(document);
        }
        let clusters: Vec<&Vec<usize>> = members.values().filter(|of| of.len() > 1).collect();
        let across = |of: &&&Vec<usize>| {
            of.iter().any(|&document| self.groups[document] != self.groups[of[0]])
        };
        let is_first = |sentence: &usize| !self.later[of.results.documents[*sentence]];
        let without = of.without(is_first);
        Copies {
            clusters: clusters.len(),
            documents: clusters.iter().map(|of| of.len()).sum(),
            across_groups: clusters.iter().filter(across).count(),
            later: self.later.iter().filter(|&&later| later).count(),
            without: if clusters.is_empty() { Vec::<WithoutCopies>::new() } else { without },
        }
    }
}

/// The words that distinguish each group from all others: in all sentences, and in those of each
/// frame.
pub(super) fn distinguishing(results: &Results, prior: f64) -> Vec<GroupWords> {
    if results.groups() < 2 {
        return Vec::new();
    }
    let frames = results.codebook().frames.iter().enumerate();
    let mut found = of_sentences(results, None, prior, |_| true);
    for (frame, entry) in frames {
        let name = Some(entry.name.as_str());
        found.extend(of_sentences(results, name, prior, |row| results.labels(row).contains(frame)));
    }
    found
}

fn of_sentences(
    results: &Results,
    frame: Option<&str>,
    prior: f64,
    is_in: impl Fn(usize) -> bool,
) -> Vec<GroupWords> {
    /// What is counted of a word; the last document it was seen in.
    struct Seen {
        by_group: Vec<f64>,
        documents: u32,
        last: usize,
    }
    let mut counts: HashMap<String, Seen> = HashMap::new();
    for sentence in (0..results.rows()).filter(|&sentence| is_in(sentence)) {
        let document = results.documents[sentence];
        let lower = results.row(sentence).text.to_lowercase();
        for word in words(&lower).map(|at| &lower[at]) {
            let seen = match counts.get_mut(word) {
                Some(seen) => seen,
                None => counts.entry(word.to_owned()).or_insert_with(|| Seen {
                    by_group: vec![0.0; results.groups()],
                    documents: 0,
                    last: usize::MAX,
                }),
            };
            seen.by_group[results.group[sentence]] += 1.0;
            // Sentences of a document stand together.
            seen.documents += u32::from(seen.last != document);
            seen.last = document;
        }
    }
    let mut terms: Vec<TermCounts> = counts
        .into_iter()
        .map(|(term, Seen { by_group, documents, .. })| TermCounts { term, by_group, documents })
        .collect();
    terms.sort_unstable_by(|a, b| a.term.cmp(&b.term));
    let by_group = log_odds(&terms, results.groups(), prior, FEWEST_DOCUMENTS, None);
    let stay = sensitivity(&terms, results.groups(), prior, FEWEST_DOCUMENTS, None, SHOWN);
    let group_words =
        |(group, (terms, stay)): (usize, (Vec<KeyTerm>, [Sensitivity; 2]))| GroupWords {
            group: results.groups[group].clone(),
            frame: frame.map(str::to_owned),
            words: terms
                .into_iter()
                .take_while(|term| term.z > 0.0)
                .take(SHOWN)
                .map(word)
                .collect(),
            stay: stay.map(|at| at.overlap.ok()),
        };
    by_group.into_iter().zip(stay).enumerate().map(group_words).collect()
}

fn word(term: KeyTerm) -> Word {
    Word {
        word: term.term,
        log_odds: term.log_odds,
        z: term.z,
        p_adjusted: term.p_adjusted,
        counts: term.counts,
        documents: term.documents,
    }
}
