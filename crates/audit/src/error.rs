//! What can keep an entry from being written or read.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What the journal answers.
pub type Result<T, E = AuditError> = std::result::Result<T, E>;

/// An error of the journal. An act whose entry cannot be written must not happen.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AuditError {
    /// The disk refuses.
    #[error("cannot {doing} the audit journal at `{}`: {source}", path.display())]
    Unavailable {
        /// What was attempted: `write`, `read`, …
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the disk said; shared, for one write serves many entries.
        source: Arc<io::Error>,
    },
    /// A file of the journal is not what was written.
    #[error("the audit journal is damaged at `{}`{}: {message}", file.display(), of_line(*line))]
    Corrupt {
        /// The file.
        file: PathBuf,
        /// The line, from 1; 0 speaks of the file as a whole.
        line: u64,
        /// What is wrong.
        message: String,
    },
    /// The journal is closed, or its writer died.
    #[error("the audit journal is closed")]
    Closed,
}

fn of_line(line: u64) -> String {
    if line == 0 {
        String::new()
    } else {
        format!(" line {line}")
    }
}

impl AuditError {
    /// The way out, as a full sentence.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unavailable { .. } => {
                "Free space on the disk or mend it; nothing is done that cannot be recorded."
            }
            Self::Corrupt { .. } => {
                "Keep the folder as evidence and restore the journal from a copy."
            }
            Self::Closed => "Start the service again.",
        }
    }

    pub(crate) fn unavailable(doing: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Unavailable {
            doing,
            path: path.to_owned(),
            source: Arc::new(source),
        }
    }

    /// An error of reading: either the disk's, or the file's own.
    pub(crate) fn unread(path: &Path, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::InvalidData => Self::corrupt(path, 0, source.to_string()),
            _ => Self::unavailable("read", path, source),
        }
    }

    pub(crate) fn corrupt(file: &Path, line: u64, message: impl Into<String>) -> Self {
        Self::Corrupt {
            file: file.to_owned(),
            line,
            message: message.into(),
        }
    }
}
