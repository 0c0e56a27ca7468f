//! Connectors: how they stand, and what a run of one fetched.

use chrono::{DateTime, Utc};
use project::Text;

use crate::{ErrorKind, RowCounts, SubmissionId};

/// A connector as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectorState {
    /// The name.
    pub name: String,
    /// The title.
    pub title: Text,
    /// The kind of its source: `folder`, `objects`, `http`, `sftp` or `sql`.
    pub kind: String,
    /// When it runs, such as `every 900s` or `cron 30 2 * * *`, in civil time.
    pub schedule: String,
    /// Whether it runs by its schedule.
    pub enabled: bool,
    /// Whether some process runs it now.
    pub running: bool,
    /// How far it has read, in words; what they say depends on its source.
    pub mark: Option<String>,
    /// When it last began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it last came to its end.
    pub ended_at: Option<DateTime<Utc>>,
    /// Pieces of the last run that landed.
    pub landed: u64,
    /// Pieces of the last run that were refused.
    pub refused: u64,
    /// Runs that failed since the last one that did not.
    pub failures: u64,
    /// Why the last one failed.
    pub error: Option<String>,
    /// What is to be done about that; none where it was not kept.
    pub error_kind: Option<ErrorKind>,
    /// When it is due next; none for one that is not enabled.
    pub due_at: Option<DateTime<Utc>>,
}

/// A request to run connectors now, whatever their schedules say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PullRequest {
    /// The connector, enabled or not; none means each one that is enabled.
    pub connector: Option<String>,
    /// Whether it reads everything again, whatever it has read; only of one that is named.
    pub from_start: bool,
}

/// What a run of a connector fetched.
#[derive(Debug, Clone, PartialEq)]
pub struct PullReport {
    /// The connector.
    pub connector: String,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// How long it took.
    pub seconds: f64,
    /// The pieces in the order in which they were taken.
    pub pieces: Vec<PulledPiece>,
    /// Why it stopped before the end; what it took before that is settled.
    pub error: Option<String>,
}

/// What became of a piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PulledPiece {
    /// What people call it: a file's name, a page's address.
    pub name: String,
    /// Whether any of its rows landed.
    pub landed: bool,
    /// Its submission; none if it was refused before it became one.
    pub submission: Option<SubmissionId>,
    /// What became of its rows.
    pub rows: RowCounts,
    /// Why it was refused.
    pub message: Option<String>,
}
