//! What can keep the log from being written, read or believed.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// What the log answers.
pub type Result<T, E = LogError> = std::result::Result<T, E>;

/// Where in the log something is wrong, and what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The file, from the root of the log.
    pub path: String,
    /// The index of the entry, from 0, where it is one entry's.
    pub entry: Option<u64>,
    /// The byte of the file, from 0, from which on it is not what was written, as near as can be
    /// told: for a hash or an entry where that begins.
    pub offset: Option<u64>,
    /// What is wrong.
    pub message: String,
}

impl Damage {
    /// Of a file as a whole.
    pub fn of(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            entry: None,
            offset: None,
            message: message.into(),
        }
    }

    /// At that byte of the file.
    #[must_use]
    pub fn at(mut self, offset: u64) -> Self {
        self.offset = Some(offset);
        self
    }

    /// In that entry.
    #[must_use]
    pub fn in_entry(mut self, entry: u64) -> Self {
        self.entry = Some(entry);
        self
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.path)?;
        if let Some(entry) = self.entry {
            write!(f, " entry {entry}")?;
        }
        if let Some(offset) = self.offset {
            write!(f, " byte {offset}")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// An error of the transparency log.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LogError {
    /// The store refuses. Whether a write had its effect is not known.
    #[error("cannot {doing} `{path}` of the audit log: {source}")]
    Unavailable {
        /// What was attempted: `write`, `read`, `list`.
        doing: &'static str,
        /// The file, from the root of the log.
        path: String,
        /// What the store said.
        source: Arc<dyn Error + Send + Sync>,
    },
    /// A file is not what was written, or is gone.
    #[error("the audit log is damaged at {0}")]
    Damaged(Damage),
    /// Another sequencer has put the head that this one was to put.
    #[error("cannot put head {number} of the audit log: another sequencer has put it")]
    Overtaken {
        /// The number of the head.
        number: u64,
    },
    /// A file that is to be written exists with other bytes.
    #[error("cannot write `{path}` of the audit log: it exists with other bytes")]
    Occupied {
        /// The file.
        path: String,
    },
    /// The sequencer met an error before and does not know where the log stands.
    #[error("the sequencer of the audit log must be opened again after an error")]
    MustReopen,
    /// An entry that does not follow the newest one.
    #[error("cannot append entry {given} to the audit log: entry {expected} is next")]
    OutOfOrder {
        /// The sequence that is next.
        expected: u64,
        /// The sequence that was given.
        given: u64,
    },
    /// An entry that is in the log with other bytes.
    #[error("cannot append entry {sequence} to the audit log: it is there with other bytes")]
    Rewritten {
        /// Its sequence.
        sequence: u64,
    },
    /// The log is shorter than one of its checkpoints.
    #[error("the audit log was rolled back: it has {found} entries, a checkpoint of it {signed}")]
    RolledBack {
        /// What the newest checkpoint of the log says.
        found: u64,
        /// What the other checkpoint says.
        signed: u64,
    },
    /// Two signed checkpoints of which neither is a beginning of the other.
    #[error(
        "the audit log forked: checkpoints were signed over two different first {size} entries"
    )]
    Forked {
        /// How many first entries differ.
        size: u64,
    },
    /// A text that should be a key, a checkpoint, a proof or an entry is none.
    #[error("cannot read the {kind}: {message}")]
    Unreadable {
        /// What it should be.
        kind: &'static str,
        /// What is wrong.
        message: String,
    },
    /// A text was read and its signatures or hashes do not hold.
    #[error("cannot believe the {kind}: {message}")]
    Unproven {
        /// What it is.
        kind: &'static str,
        /// What does not hold.
        message: String,
    },
}

impl LogError {
    /// The way out, as a full sentence.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unavailable { .. } => "Mend the store; what is in the journal waits for it.",
            Self::Damaged(_) | Self::RolledBack { .. } | Self::Forked { .. } => {
                "Keep the files as evidence and compare them with a copy."
            }
            Self::Overtaken { .. } | Self::MustReopen => "Open the sequencer again.",
            Self::Occupied { .. } | Self::Rewritten { .. } => {
                "Find out which other journal is sequenced into this log, and stop it."
            }
            Self::OutOfOrder { .. } => "Append from the sequence that the log asks for.",
            Self::Unreadable { .. } => "Give the text as it was issued.",
            Self::Unproven { .. } => "Check that the keys are those of this log.",
        }
    }

    pub(crate) fn unreadable(kind: &'static str, message: impl Into<String>) -> Self {
        Self::Unreadable {
            kind,
            message: message.into(),
        }
    }

    pub(crate) fn unproven(kind: &'static str, message: impl Into<String>) -> Self {
        Self::Unproven {
            kind,
            message: message.into(),
        }
    }
}

impl From<Damage> for LogError {
    fn from(damage: Damage) -> Self {
        Self::Damaged(damage)
    }
}
