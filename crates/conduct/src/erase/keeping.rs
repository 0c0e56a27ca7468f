//! Bodies on their way in this process: kept already, and not yet in the books.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The hashes of bodies that are being kept. Cheap to clone; clones share one list.
#[derive(Debug, Clone, Default)]
pub(crate) struct Keeping(Arc<Mutex<HashMap<String, usize>>>);

/// A body that is being kept, until dropped.
#[derive(Debug)]
pub(crate) struct Held {
    keeping: Keeping,
    sha256: String,
}

impl Keeping {
    /// Says that such a body is being kept.
    pub(crate) fn hold(&self, sha256: &str) -> Held {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *held.entry(sha256.to_owned()).or_default() += 1;
        Held {
            keeping: self.clone(),
            sha256: sha256.to_owned(),
        }
    }

    /// Whether such a body is being kept.
    pub(crate) fn holds(&self, sha256: &str) -> bool {
        self.count(sha256) > 0
    }

    fn count(&self, sha256: &str) -> usize {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.get(sha256).copied().unwrap_or_default()
    }
}

impl Held {
    pub(crate) fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Whether no other with the same bytes is being kept.
    pub(crate) fn is_alone(&self) -> bool {
        self.keeping.count(&self.sha256) == 1
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut held = self
            .keeping
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = held.get_mut(&self.sha256) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.sha256);
            }
        }
    }
}
