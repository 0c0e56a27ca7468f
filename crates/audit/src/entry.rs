//! An entry: an attempt or its effect, before the journal has given it a place and a time.

use std::net::IpAddr;

use service::{Action, Door};

/// Whether the entry is written before the act or after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Before: someone wants to act, and the decision has fallen.
    Attempt,
    /// After: what came of it.
    Effect,
}

impl Phase {
    /// The word in the journal.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Attempt => "attempt",
            Self::Effect => "effect",
        }
    }
}

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The attempt may go on.
    Allowed,
    /// The attempt ends here.
    Denied,
    /// The act was done.
    Done,
    /// The act failed.
    Failed,
}

impl Outcome {
    /// The word in the journal.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Denied => "denied",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

/// What is to be written down. No field may hold a secret. Texts over the journal's bounds are
/// kept as their start, their size and their SHA-256; no entry is refused for its length.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Before or after the act.
    pub phase: Phase,
    /// The act.
    pub action: Action,
    /// What it is about: a dataset, a submission, a report.
    pub resource: String,
    /// The principal's name; empty if unknown.
    pub principal: String,
    /// The door.
    pub door: Door,
    /// The peer's address, where there is one.
    pub peer: Option<IpAddr>,
    /// How it went.
    pub outcome: Outcome,
    /// What else is to be known, as JSON text; empty if nothing.
    pub detail: String,
    /// Ties the attempt to its effect.
    pub correlation_id: String,
}
