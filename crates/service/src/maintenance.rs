//! Maintenance: small files put together, checkpoints, files that nobody needs any more.

use chrono::{DateTime, Utc};
use project::DatasetName;

/// A request to maintain tables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MaintainRequest {
    /// Dataset patterns with `*`, such as `raw.*`; empty maintains every table.
    pub select: Vec<String>,
    /// Whether files that nobody needs are deleted; otherwise it is only told which they are.
    pub delete: bool,
    /// Whether evidence that is past its retention is erased; otherwise it is only told how much
    /// it is. It takes whoever may `erase`.
    pub erase: bool,
    /// For how many hours every version stays readable, and a file that no commit names is taken
    /// for the work of a running job; by default the system's setting.
    pub keep_hours: Option<u64>,
}

/// What is done to a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaintenanceTask {
    /// Small files are put together in the order of the contract's sort keys.
    Compact,
    /// The state is written in one piece, so that opening the table reads less of its log.
    Checkpoint,
    /// Files of no version that is needed are deleted.
    Vacuum,
    /// Evidence that is past its retention is erased.
    Erase,
}

impl MaintenanceTask {
    /// Every task, in the order in which they are done.
    pub const ALL: [Self; 4] = [Self::Compact, Self::Checkpoint, Self::Vacuum, Self::Erase];
    /// Those on a table.
    pub const OF_TABLES: [Self; 3] = [Self::Compact, Self::Checkpoint, Self::Vacuum];

    /// The word for the task.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Compact => "compact",
            Self::Checkpoint => "checkpoint",
            Self::Vacuum => "vacuum",
            Self::Erase => "erase",
        }
    }
}

/// What became of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaintenanceState {
    /// It was done.
    Done,
    /// It was only looked what would be done.
    DryRun,
    /// It failed; the table holds what it held.
    Failed,
}

impl MaintenanceState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Done, Self::DryRun, Self::Failed];

    /// The word for the state.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::DryRun => "dry_run",
            Self::Failed => "failed",
        }
    }
}

/// A task on a table that had something to do.
#[derive(Debug, Clone, PartialEq)]
pub struct MaintenanceStep {
    /// The table's dataset.
    pub dataset: DatasetName,
    /// The task.
    pub task: MaintenanceTask,
    /// What became of it.
    pub state: MaintenanceState,
    /// The table's version after it.
    pub version: Option<i64>,
    /// Files that left the newest version, or bodies that left the store; in a dry run, that would.
    pub files_removed: u64,
    /// Files that took their place.
    pub files_added: u64,
    /// The size of the files removed.
    pub bytes_removed: u64,
    /// The size of the files added.
    pub bytes_added: u64,
    /// How long it took.
    pub seconds: f64,
    /// Why it failed.
    pub message: Option<String>,
}

/// What maintenance did. Tables that needed nothing have no step.
#[derive(Debug, Clone, PartialEq)]
pub struct MaintenanceReport {
    /// Its id, as in `system.maintenance`.
    pub id: String,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// How long it took.
    pub seconds: f64,
    /// The steps, table by table, and what became of evidence behind them.
    pub steps: Vec<MaintenanceStep>,
}
