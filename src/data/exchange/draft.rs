//! Rows as they come from a tool, by names; checked in one place when all are there.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Empty, Imported};
use crate::data::codebook::is_name;
use crate::data::{Choice, Codebook, Coding, Label, LabelFile, LabelSet, LabelledRow};
use crate::error::{Error, Place, Result, listed};

/// A label by its names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Code {
    pub(super) frame: String,
    pub(super) stance: Option<String>,
}

impl Code {
    /// A label of these names.
    pub(super) fn new(frame: &str, stance: Option<&str>, place: &Place) -> Result<Self> {
        let (frame, stance) = (frame.trim(), stance.map(str::trim));
        for name in std::iter::once(frame).chain(stance) {
            if !is_name(name) {
                return Err(Error::data(
                    place.clone(),
                    format!("`{name}` cannot name a frame or stance"),
                    "rename the label: label files write `frame:stance` joined by `|`, and `?` for \
                     not coded",
                ));
            }
        }
        Ok(Code { frame: frame.to_owned(), stance: stance.map(str::to_owned) })
    }

    /// Parses `frame:stance` or `frame`.
    pub(super) fn parse(text: &str, place: &Place) -> Result<Self> {
        match text.split_once(':') {
            Some((frame, stance)) => Self::new(frame, Some(stance), place),
            None => Self::new(text, None, place),
        }
    }
}

/// The labels a coder gave a sentence; `None` where it was not coded.
pub(super) type Codes = Option<Vec<Code>>;

/// A row of a tool's file.
#[derive(Debug, Clone)]
pub(super) struct DraftRow {
    pub(super) place: Place,
    pub(super) id: String,
    pub(super) text: String,
    pub(super) coder: String,
    pub(super) document: Option<String>,
    pub(super) codes: Codes,
    /// Other columns, name and cell.
    pub(super) extra: Vec<(String, String)>,
}

/// Columns that a label file has of its own.
const OWN_COLUMNS: [&str; 5] = ["id", "text", "labels", "coder", "document"];

/// The rows read so far, and what to say about them.
#[derive(Debug)]
pub(super) struct Draft {
    empty: Empty,
    empty_rows: usize,
    rows: Vec<DraftRow>,
    /// What was met, and how often.
    counts: BTreeMap<&'static str, usize>,
    notes: Vec<String>,
}

impl Draft {
    pub(super) fn new(empty: Empty) -> Self {
        Draft { empty, empty_rows: 0, rows: Vec::new(), counts: BTreeMap::new(), notes: Vec::new() }
    }

    /// What it means that a sentence has no label.
    pub(super) fn empty(&mut self) -> Codes {
        self.empty_rows += 1;
        match self.empty {
            Empty::Absent => Some(Vec::new()),
            Empty::NotCoded => None,
        }
    }

    /// The labels, or what it means that there are none.
    pub(super) fn codes(&mut self, codes: Vec<Code>) -> Codes {
        if codes.is_empty() { self.empty() } else { Some(codes) }
    }

    pub(super) fn push(&mut self, row: DraftRow) {
        self.rows.push(row);
    }

    /// Says that something happened once more.
    pub(super) fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    /// Says something, once.
    pub(super) fn note(&mut self, note: String) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// Turns names into a codebook's and checks that no coder coded a sentence twice.
    pub(super) fn finish(mut self, codebook: Option<&Codebook>) -> Result<Imported> {
        let codebook = codebook.cloned().unwrap_or_else(|| self.found_codebook());
        let (mut extra_columns, mut taken) = (Vec::new(), BTreeSet::new());
        let mut column_of = HashMap::new();
        for (name, _) in self.rows.iter().flat_map(|row| &row.extra) {
            if OWN_COLUMNS.contains(&name.as_str()) {
                taken.insert(name.clone());
            } else if !column_of.contains_key(name) {
                column_of.insert(name.clone(), extra_columns.len());
                extra_columns.push(name.clone());
            }
        }
        let mut first_seen: HashMap<(String, String), Place> = HashMap::new();
        let mut rows = Vec::new();
        for row in std::mem::take(&mut self.rows) {
            let coding = coding(&row, &codebook)?;
            if row.id.is_empty() {
                let problem = "the id is empty";
                return Err(Error::data(row.place, problem, "name the sentence"));
            }
            let key = (row.id.clone(), row.coder.clone());
            if let Some(first) = first_seen.insert(key, row.place.clone()) {
                let (id, coder) = (&row.id, &row.coder);
                return Err(Error::data(
                    row.place,
                    format!("`{id}` by coder `{coder}` stands twice (first: {first})"),
                    "keep one coding for each sentence and coder",
                ));
            }
            let mut extra = vec![String::new(); extra_columns.len()];
            for (name, cell) in row.extra {
                if let Some(&column) = column_of.get(&name) {
                    extra[column] = cell;
                }
            }
            let DraftRow { place, id, text, coder, document, .. } = row;
            rows.push(LabelledRow { place, id, text, coding, coder, document, extra });
        }
        if !taken.is_empty() {
            let names = listed(taken);
            self.note(format!("left out, since label files have columns of the name: {names}"));
        }
        Ok(Imported {
            file: LabelFile {
                codebook,
                rows,
                extra_columns,
                notices: Vec::new(),
                input_digest: None,
                skipped: Vec::new(),
            },
            notes: self.notes(),
        })
    }

    fn notes(self) -> Vec<String> {
        let mut notes = self.notes;
        let count = |(what, n): (&&str, &usize)| format!("{what}: {n}");
        notes.extend(self.counts.iter().map(count));
        if self.empty_rows > 0 {
            let n = self.empty_rows;
            notes.push(match self.empty {
                Empty::Absent => format!(
                    "sentences without a label, read as coded with no frame: {n} (where they were \
                     not coded yet, say --empty not-coded)"
                ),
                Empty::NotCoded => format!("sentences without a label, read as not coded: {n}"),
            });
        }
        notes
    }

    /// The frames and stances that were met, sorted by name.
    fn found_codebook(&self) -> Codebook {
        let codes = || self.rows.iter().filter_map(|row| row.codes.as_ref()).flatten();
        let frames: BTreeSet<&String> = codes().map(|code| &code.frame).collect();
        let stances: BTreeSet<&String> = codes().filter_map(|code| code.stance.as_ref()).collect();
        let names = |set: BTreeSet<&String>| set.into_iter().cloned().collect();
        Codebook::from_names(Choice::Multiple, names(frames), names(stances))
    }
}

/// The coding of a row in a codebook's terms.
fn coding(row: &DraftRow, codebook: &Codebook) -> Result<Coding> {
    let fail = |problem, remedy: String| Error::data(row.place.clone(), problem, remedy);
    let unknown = |kind, name: &str, known: Vec<&str>| {
        let known = listed(known);
        fail(format!("unknown {kind} `{name}`"), format!("the codebook has {known}"))
    };
    let Some(codes) = &row.codes else { return Ok(Coding::NotCoded) };
    let mut labels: Vec<Label> = Vec::new();
    for code in codes {
        let name = &code.frame;
        let frame =
            codebook.frame(name).ok_or_else(|| unknown("frame", name, codebook.frame_names()))?;
        let stance = match &code.stance {
            None => None,
            Some(name) => Some(
                codebook
                    .stance(name)
                    .ok_or_else(|| unknown("stance", name, codebook.stance_names()))?,
            ),
        };
        let label = Label { frame, stance };
        if labels.iter().any(|known| known.frame == frame && *known != label) {
            let problem = format!("`{}`: frame `{name}` has two stances", row.id);
            return Err(fail(problem, "give each frame one stance in a sentence".to_owned()));
        }
        labels.push(label);
    }
    Ok(Coding::Coded(labels.into_iter().collect()))
}

/// The labels of a coding as `frame:stance`.
pub(super) fn names(labels: &LabelSet, codebook: &Codebook) -> Vec<String> {
    labels
        .iter()
        .map(|label| {
            let frame = &codebook.frames[label.frame].name;
            match label.stance {
                Some(stance) => format!("{frame}:{}", codebook.stances[stance].name),
                None => frame.clone(),
            }
        })
        .collect()
}
