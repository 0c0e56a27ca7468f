//! Rollback: readers see again what was published before a run.

use project::DatasetName;

/// What a rollback did to a dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoredDataset {
    /// The dataset.
    pub dataset: DatasetName,
    /// The version that readers saw.
    pub from: i64,
    /// The older version, whose rows they see again.
    pub to: i64,
    /// The version that holds these rows now.
    pub version: i64,
}

/// What a rollback did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollbackReport {
    /// The run that was named.
    pub run: String,
    /// The runs whose work readers see no more, newest first: the one that was named, and those
    /// that published after it.
    pub undone: Vec<String>,
    /// The datasets that were restored, by name.
    pub restored: Vec<RestoredDataset>,
}
