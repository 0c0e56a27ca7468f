//! Runs of transformations, and plans: what the lake lacks of the project.

use chrono::{DateTime, Utc};
use project::DatasetName;

use crate::Impact;

/// A request to run transformations.
#[derive(Debug, Clone, Default)]
pub struct RunRequest {
    /// Dataset patterns with `*`, such as `served.*`; empty runs what has changed inputs, whatever its
    /// header says of when.
    pub select: Vec<String>,
}

/// What became of a transformation in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepState {
    /// It ran and its answer is published.
    Built,
    /// Nothing it reads has changed; it did not run.
    UpToDate,
    /// It failed; what was published before still is.
    Failed,
    /// Something it reads failed; it did not run.
    Skipped,
}

impl StepState {
    /// The word for the state.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Built => "built",
            Self::UpToDate => "up_to_date",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// A transformation in a run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunStep {
    /// The target.
    pub dataset: DatasetName,
    /// What became of it.
    pub state: StepState,
    /// The versions it read.
    pub inputs: Vec<(DatasetName, i64)>,
    /// The version it made, or found up to date.
    pub version: Option<i64>,
    /// The rows written.
    pub rows: u64,
    /// How long it took.
    pub seconds: f64,
    /// Why it failed or was skipped, and warnings of its rules.
    pub message: Option<String>,
    /// What was computed anew, `windows: …` or `full: …` with the reason; none if nothing was looked
    /// at.
    pub scope: Option<String>,
}

/// A run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunReport {
    /// The run's id; none if everything was up to date, for then nothing is kept of the run.
    pub id: Option<String>,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// How long it took; read from the ledger, the work of its transformations in all.
    pub seconds: f64,
    /// The transformations in the order they ran.
    pub steps: Vec<RunStep>,
}

/// A difference between the project and the lake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlannedChange {
    /// The table is not there.
    Create,
    /// Nullable columns are new.
    AddColumns(Vec<String>),
    /// The major version rose: the table gets a new schema and begins empty.
    Rebuild,
    /// The code list's rows differ.
    LoadCodes,
    /// The contract's words or minor version changed; no table changes.
    Describe,
    /// The change would break readers and is refused.
    Refused(String),
}

/// A dataset that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanItem {
    /// The dataset.
    pub dataset: DatasetName,
    /// How.
    pub change: PlannedChange,
}

/// What must change for the lake to be what the project says; empty if nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// The differences.
    pub items: Vec<PlanItem>,
    /// What the next run computes anew, inputs before what reads them.
    pub runs: Vec<PlannedRun>,
    /// What changed of datasets that are there, and who reads them. New SQL is among it, though
    /// nothing must be applied for it.
    pub impacts: Vec<Impact>,
}

/// A transformation that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedRun {
    /// The target.
    pub dataset: DatasetName,
    /// What is computed anew, as [`RunStep::scope`] says it; `after: …` names the datasets that are
    /// due themselves and that it reads, for what they change is not known before.
    pub scope: String,
    /// The rows of the table now.
    pub rows: u64,
}
