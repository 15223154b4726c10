//! How inputs are read, and what was found out about them on the way.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use encoding_rs::Encoding;

use super::document::DocumentKind;
use super::encoding::{by_name, name};
use super::metadata::Metadata;
use crate::error::{Error, Place, Result};

/// How the articles of one run are read. Clones gather their notices in one place.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// What all texts are in; where it is not known, each is looked at.
    pub(super) encoding: Option<&'static Encoding>,
    /// What inputs hold whose names do not say it.
    pub(super) kind: Option<DocumentKind>,
    pub(super) metadata: Arc<Metadata>,
    notices: Arc<Mutex<BTreeSet<String>>>,
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

    /// What to know about how files were read, sorted; complete when all were. A file whose header
    /// is read twice is told once.
    pub fn notices(&self) -> Vec<String> {
        let notices = self.notices.lock().unwrap_or_else(PoisonError::into_inner);
        notices.iter().cloned().collect()
    }

    pub(super) fn note_encoding(&self, place: &Place, encoding: &'static Encoding) {
        self.note(format!("{place}: read as {}", name(encoding)));
    }

    pub(super) fn note(&self, notice: String) {
        self.notices.lock().unwrap_or_else(PoisonError::into_inner).insert(notice);
    }
}
