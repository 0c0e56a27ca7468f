//! A file that whoever wrote it gives away.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use object_store::{Extensions, PutMultipartOptions};

/// Goes with the options of an upload: a store that is a folder of the same disk takes the file itself, by
/// a name of its own, and says so; then no part is to be sent. Every other store takes no notice.
#[derive(Debug, Clone)]
pub(crate) struct GivenFile {
    path: PathBuf,
    taken: Arc<AtomicBool>,
}

impl GivenFile {
    pub(crate) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            taken: Arc::default(),
        }
    }

    pub(crate) fn options(&self) -> PutMultipartOptions {
        let mut extensions = Extensions::new();
        extensions.insert(self.clone());
        PutMultipartOptions {
            extensions,
            ..PutMultipartOptions::default()
        }
    }

    pub(crate) fn is_taken(&self) -> bool {
        self.taken.load(Ordering::Relaxed)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn take(&self) {
        self.taken.store(true, Ordering::Relaxed);
    }
}
