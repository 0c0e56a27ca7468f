//! Releases: quarantined rows that the contract in force lets land.

use calendar::PeriodCode;
use project::{AgencyCode, DatasetName};

use crate::SubmissionId;

/// A request to judge quarantined rows again; what is none is not asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseRequest {
    /// Rows that were sent to that dataset.
    pub dataset: DatasetName,
    /// Of that agency.
    pub agency: Option<AgencyCode>,
    /// For that period.
    pub period: Option<PeriodCode>,
    /// Of that submission.
    pub submission: Option<SubmissionId>,
}

/// What became of the quarantined rows of a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleasedSubmission {
    /// The submission.
    pub submission: SubmissionId,
    /// Rows that landed now.
    pub released: u64,
    /// Rows that still break rules.
    pub held: u64,
    /// How many of these break which rule.
    pub rules: Vec<(String, u64)>,
    /// Rows that would land, but the submission or a correction of it has rows of their keys by now.
    pub superseded: u64,
    /// Why none of its rows was judged; none if they were.
    pub passed_over: Option<String>,
    /// The table's version that holds the rows that landed; none if none did.
    pub table_version: Option<i64>,
}

/// What a release did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseReport {
    /// Its id.
    pub id: String,
    /// The dataset.
    pub dataset: DatasetName,
    /// The contract's version that judged the rows.
    pub contract_version: String,
    /// Every submission that had rows in quarantine.
    pub submissions: Vec<ReleasedSubmission>,
}
