//! Codings of sentences, brought together by sentence and coder.

use std::collections::HashMap;
use std::path::PathBuf;

use crate::data::{Codebook, LabelFile, LabelSchema, LabelSet, OnError, Skipped, group_indices};
use crate::error::{Error, Place, Result};
use crate::stats::{Clusters, CodeTable};

/// Sentences by id, each with a coding (or none) of every coder.
#[derive(Debug, Clone)]
pub struct Codings {
    /// Frames and stances.
    pub codebook: Codebook,
    /// The coders, sorted.
    pub coders: Vec<String>,
    /// The sentences, in order of first appearance.
    pub units: Vec<CodedUnit>,
    /// Further columns, where all coders' rows of a sentence agree on them throughout: source, date,
    /// inclusion probability.
    pub carried: Vec<String>,
    /// What to know about how the files were read.
    pub notices: Vec<String>,
    /// What was left out of the files.
    pub skipped: Vec<Skipped>,
    pub(super) clusters: Clusters,
}

/// A sentence and what each coder said of it.
#[derive(Debug, Clone)]
pub struct CodedUnit {
    /// Its name.
    pub id: String,
    /// The sentence; empty in files without texts.
    pub text: String,
    /// The article it stands in.
    pub document: Option<String>,
    /// By coder.
    pub codings: Vec<Option<LabelSet>>,
    /// The cells of [`Codings::carried`].
    pub carried: Vec<String>,
}

impl Codings {
    /// Reads codings. Coders are the values of the column `coder`, or files.
    ///
    /// # Errors
    ///
    /// Those of [`LabelFile::read_with`]; also with fewer than two coders.
    pub fn read(paths: &[PathBuf], codebook: Option<&Codebook>, on_error: OnError) -> Result<Self> {
        let file = LabelFile::read_with(paths, codebook, LabelSchema::CodesOnly, on_error)?;
        let coders: Vec<String> = file.coders().into_iter().map(str::to_owned).collect();
        if coders.len() < 2 {
            let only = coders.first().map_or("", String::as_str);
            return Err(Error::data(
                paths.first().map_or_else(Place::default, Place::file),
                format!("there is one coder only (`{only}`)"),
                "give a column `coder`, or a file for each coder",
            ));
        }
        let coder_index: HashMap<&str, usize> =
            coders.iter().enumerate().map(|(index, name)| (name.as_str(), index)).collect();
        let mut unit_index: HashMap<&str, usize> = HashMap::new();
        let mut units: Vec<CodedUnit> = Vec::new();
        let mut agreed = vec![true; file.extra_columns.len()];
        for row in &file.rows {
            let at = *unit_index.entry(&row.id).or_insert_with(|| {
                units.push(CodedUnit {
                    id: row.id.clone(),
                    text: String::new(),
                    document: None,
                    codings: vec![None; coders.len()],
                    carried: row.extra.clone(),
                });
                units.len() - 1
            });
            let unit = &mut units[at];
            if unit.text.is_empty() {
                unit.text.clone_from(&row.text);
            }
            if unit.document.is_none() {
                unit.document.clone_from(&row.document);
            }
            for (agreed, (first, cell)) in
                agreed.iter_mut().zip(unit.carried.iter().zip(&row.extra))
            {
                *agreed &= first == cell;
            }
            unit.codings[coder_index[row.coder.as_str()]] = row.coding.labels().cloned();
        }
        let documents = units.iter().map(|unit| unit.document.as_deref());
        let clusters = Clusters::new(group_indices(documents));
        let mut keep = agreed.iter();
        let mut carried = file.extra_columns;
        carried.retain(|_| keep.next() == Some(&true));
        for unit in &mut units {
            let mut keep = agreed.iter();
            unit.carried.retain(|_| keep.next() == Some(&true));
        }
        let LabelFile { codebook, notices, skipped, .. } = file;
        Ok(Codings { codebook, coders, units, carried, notices, skipped, clusters })
    }

    /// Whether the files say which document a sentence stands in.
    pub fn has_documents(&self) -> bool {
        self.units.iter().any(|unit| unit.document.is_some())
    }

    /// Whether a frame is present (1) or not (0).
    pub fn frame_table(&self, frame: usize) -> CodeTable {
        self.table(2, |labels| Some(usize::from(labels.contains(frame))))
    }

    /// The stance of those who gave the frame and a stance.
    pub fn stance_table(&self, frame: usize) -> CodeTable {
        self.table(self.codebook.stances.len(), |labels| labels.stance(frame))
    }

    /// The whole set of frames, as an index into the sets that occur.
    pub fn set_table(&self) -> (CodeTable, Vec<Vec<bool>>) {
        let frames = self.codebook.frames.len();
        let mut sets: Vec<Vec<bool>> = Vec::new();
        let mut index: HashMap<Vec<bool>, usize> = HashMap::new();
        for labels in self.units.iter().flat_map(|unit| unit.codings.iter().flatten()) {
            let set: Vec<bool> = (0..frames).map(|frame| labels.contains(frame)).collect();
            index.entry(set).or_insert_with_key(|set| {
                sets.push(set.clone());
                sets.len() - 1
            });
        }
        let set = |labels: &LabelSet| (0..frames).map(|frame| labels.contains(frame)).collect();
        let table = self.table(sets.len(), |labels| index.get::<Vec<bool>>(&set(labels)).copied());
        (table, sets)
    }

    fn table(&self, values: usize, code: impl Fn(&LabelSet) -> Option<usize>) -> CodeTable {
        let unit = |unit: &CodedUnit| {
            unit.codings.iter().map(|coding| coding.as_ref().and_then(&code)).collect()
        };
        CodeTable {
            coders: self.coders.len(),
            values,
            units: self.units.iter().map(unit).collect(),
        }
    }
}
