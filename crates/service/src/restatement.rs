//! What data that is not taken yet would change of published figures.

use chrono::{DateTime, Utc};
use project::DatasetName;

use crate::{StepState, SubmissionId};

/// What would be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestateRequest {
    /// The rows of a submission and of its corrections would go.
    Withdrawal(SubmissionId),
    /// What landed or went since the last run.
    Waiting,
}

/// The published figures that a run would change, and who cited them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Restatement {
    /// The computed datasets whose rows change, inputs before what reads them; those alone that the
    /// caller may see.
    pub datasets: Vec<RestatedDataset>,
    /// How many others change.
    pub hidden: u64,
    /// Received datasets with other rows that no run has taken yet. They are not in the figures.
    pub waiting: Vec<DatasetName>,
    /// The first renditions that would show other figures, newest first; none for who may not read
    /// renditions.
    pub renditions: Vec<CitingRendition>,
    /// How many there are in all.
    pub renditions_total: u64,
    /// Renditions that were not looked at, being too many or not to be made again.
    pub renditions_unknown: u64,
}

/// A computed dataset whose rows change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestatedDataset {
    /// The dataset.
    pub dataset: DatasetName,
    /// `Built` if its rows were compared; `Failed` if a run would publish nothing of it; `Skipped`
    /// if something that it reads failed.
    pub state: StepState,
    /// Why it failed or was skipped, and warnings of its rules.
    pub message: Option<String>,
    /// What was computed: windows, or everything and why.
    pub scope: Option<String>,
    /// Rows whose key is new.
    pub added: u64,
    /// Rows whose key is gone.
    pub removed: u64,
    /// Rows of one key with other values.
    pub changed: u64,
    /// The first rows by key; none of a dataset without one.
    pub rows: Vec<RestatedRow>,
}

/// A row of a published dataset that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestatedRow {
    /// `added`, `removed` or `changed`.
    pub how: String,
    /// The key's columns and their values; what looks like personal data is masked.
    pub key: Vec<(String, String)>,
    /// The values that differ.
    pub figures: Vec<RestatedFigure>,
}

/// A value as it is published and as it would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestatedFigure {
    /// The column.
    pub column: String,
    /// As it is published; none if there is none.
    pub before: Option<String>,
    /// As it would be; none if there would be none.
    pub after: Option<String>,
    /// After less before, exactly; none unless both are numbers.
    pub difference: Option<String>,
    /// The difference as a share of the value before, to six places; none if that is 0.
    pub relative: Option<String>,
}

/// A rendition that would show other figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CitingRendition {
    /// The rendition.
    pub id: String,
    /// The report.
    pub report: String,
    /// Its parameters.
    pub params: Vec<(String, String)>,
    /// When it was rendered.
    pub rendered_at: DateTime<Utc>,
}
