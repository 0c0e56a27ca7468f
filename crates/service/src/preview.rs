//! What a change of the project changes: who reads it, and which rows come out otherwise.

use project::DatasetName;

use crate::StepState;

/// A dataset whose contract, code list or SQL means something else than what the lake holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Impact {
    /// The dataset.
    pub dataset: DatasetName,
    /// Who answers for it.
    pub owner: String,
    /// What changed: `sql`, `contract` or `codes`.
    pub what: Vec<String>,
    /// Columns that are new.
    pub added: Vec<String>,
    /// Columns that are gone.
    pub removed: Vec<String>,
    /// Columns of another type.
    pub retyped: Vec<RetypedColumn>,
    /// What is made of it, however far away.
    pub readers: Vec<Reader>,
    /// What breaks, a sentence each; empty if nothing does.
    pub breaks: Vec<String>,
}

/// A column of another type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetypedColumn {
    /// The column.
    pub column: String,
    /// Its type in the table.
    pub from: String,
    /// Its type in the contract.
    pub to: String,
}

/// A dataset or a report that is made of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    /// `dataset` or `report`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Who answers for it; for a report, who answers for what it reads.
    pub owners: Vec<String>,
}

/// A request to compute what changed beside what is published.
#[derive(Debug, Clone, Default)]
pub struct PreviewRequest {
    /// Dataset patterns with `*` to show; empty shows what changed and what is made of it.
    pub select: Vec<String>,
}

/// How a dataset would differ from the published one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The dataset.
    pub dataset: DatasetName,
    /// `Built` if its rows were compared, `Failed` if it cannot be computed or breaks its contract,
    /// `Skipped` if something that it reads failed.
    pub state: StepState,
    /// Why it failed or was skipped, and warnings of its rules.
    pub message: Option<String>,
    /// The published rows.
    pub rows_before: u64,
    /// The rows that it would have.
    pub rows_after: u64,
    /// Rows whose key is new.
    pub added: u64,
    /// Rows whose key is gone.
    pub removed: u64,
    /// Rows of one key with other values.
    pub changed: u64,
    /// Columns with other values, and in how many of the changed rows.
    pub columns: Vec<(String, u64)>,
    /// Keys of a few rows that differ; what looks like personal data is masked.
    pub examples: Vec<String>,
}
