//! How inputs are read, and what was found out about them on the way.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use encoding_rs::Encoding;

use super::document::DocumentKind;
use super::encoding::{by_name, name};
use super::metadata::Metadata;
use super::skip::OnError;
use crate::error::{Error, Place, Result};

/// How the articles of one run are read. Clones gather their notices in one place.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// What all texts are in; where it is not known, each is looked at.
    pub(super) encoding: Option<&'static Encoding>,
    /// What inputs hold whose names do not say it.
    pub(super) kind: Option<DocumentKind>,
    pub(super) metadata: Arc<Metadata>,
    /// What becomes of articles, rows and files at fault.
    pub(crate) on_error: OnError,
    notices: Arc<Mutex<Notices>>,
}

/// So many files of an encoding are named; of the others it is said how many they are.
const NAMED: usize = 20;

/// What is said of files, of each once: the header of a table is read twice.
#[derive(Debug, Default)]
struct Notices {
    single: BTreeSet<String>,
    /// Files by what they were read as.
    encodings: BTreeMap<String, BTreeSet<String>>,
}

impl Reading {
    /// The same for texts that are all in an encoding, by its name on the web (`gbk`, `utf-16le`).
    ///
    /// # Errors
    ///
    /// When no encoding goes by this name.
    pub fn with_encoding(self, wanted: &str) -> Result<Self> {
        let unknown = || {
            let known = "utf-8, utf-16le, gb18030, big5, shift_jis, windows-1252";
            Error::parameter(
                "encoding",
                format!("`{wanted}` is none framescope knows; try {known}"),
            )
        };
        Ok(Reading { encoding: Some(by_name(wanted).ok_or_else(unknown)?), ..self })
    }

    /// The same for standard input, and files whose endings say nothing, that hold this.
    #[must_use]
    pub fn with_kind(self, kind: DocumentKind) -> Self {
        Reading { kind: Some(kind), ..self }
    }

    /// The same for articles of which more is known than their texts.
    #[must_use]
    pub fn with_metadata(self, metadata: Metadata) -> Self {
        Reading { metadata: Arc::new(metadata), ..self }
    }

    /// The same, with articles, rows and files at fault left out or ending the run.
    #[must_use]
    pub fn on_error(self, on_error: OnError) -> Self {
        Reading { on_error, ..self }
    }

    /// What to know about how files were read, sorted; complete when all were.
    pub fn notices(&self) -> Vec<String> {
        let notices = self.lock();
        let named = notices.encodings.iter().flat_map(|(encoding, files)| {
            files.iter().take(NAMED).map(move |file| format!("{file}: read as {encoding}"))
        });
        let named: BTreeSet<String> = named.chain(notices.single.iter().cloned()).collect();
        let more = notices.encodings.iter().filter_map(|(encoding, files)| {
            let more = files.len().checked_sub(NAMED).filter(|&more| more > 0)?;
            let plural = if more == 1 { "" } else { "s" };
            Some(format!("{more} more file{plural} read as {encoding}"))
        });
        named.into_iter().chain(more).collect()
    }

    pub(super) fn note_encoding(&self, place: &Place, encoding: &'static Encoding) {
        let mut notices = self.lock();
        notices.encodings.entry(name(encoding).to_owned()).or_default().insert(place.to_string());
    }

    pub(super) fn note(&self, notice: String) {
        self.lock().single.insert(notice);
    }

    fn lock(&self) -> MutexGuard<'_, Notices> {
        self.notices.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
