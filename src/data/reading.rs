//! How inputs are read, and what was found out about them on the way.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// How the articles of one run are read. Clones gather their notices in one place.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    notices: Arc<Mutex<BTreeSet<String>>>,
}

impl Reading {
    /// What to know about how files were read, sorted; complete when all were. A file whose header
    /// is read twice is told once.
    pub fn notices(&self) -> Vec<String> {
        let notices = self.notices.lock().unwrap_or_else(PoisonError::into_inner);
        notices.iter().cloned().collect()
    }

    pub(super) fn note(&self, notice: String) {
        self.notices.lock().unwrap_or_else(PoisonError::into_inner).insert(notice);
    }
}
