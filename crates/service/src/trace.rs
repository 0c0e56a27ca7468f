//! Tracing: from figures to the submissions behind them.

use std::collections::BTreeMap;

use calendar::PeriodCode;
use project::{AgencyCode, DatasetName};

use crate::{At, SubmissionId};

/// Which figures are asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceRequest {
    /// A computed dataset, or one that takes submissions.
    pub dataset: DatasetName,
    /// A condition over the dataset's columns, as SQL: it chooses rows.
    pub condition: String,
    /// The column whose values are asked about; none is the rows as a whole.
    pub column: Option<String>,
    /// The moment to read at.
    pub at: At,
}

/// What a submission is to a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TraceRole {
    /// Its rows are in the value.
    Value,
    /// Its rows are not in the value, but without them the row that holds it might not be there.
    Presence,
    /// Its rows keep rows of others out of it: newer ones of the same thing, or such that must not
    /// be there.
    Hiding,
}

impl TraceRole {
    /// Every role.
    pub const ALL: [Self; 3] = [Self::Value, Self::Presence, Self::Hiding];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Value => "value",
            Self::Presence => "presence",
            Self::Hiding => "hiding",
        }
    }
}

/// A submission behind a figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TracedSubmission {
    /// The submission.
    pub id: SubmissionId,
    /// The dataset that it was for.
    pub dataset: DatasetName,
    /// The agency that it speaks for.
    pub agency: AgencyCode,
    /// The period that it is about.
    pub period: PeriodCode,
    /// The SHA-256 of its evidence, in hex.
    pub evidence_sha256: String,
    /// What it is to the figure.
    pub role: TraceRole,
    /// How many of its rows are behind the figure.
    pub rows: u64,
}

/// Why an answer may name more submissions than are behind the figure.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TraceStop {
    /// The dataset whose SQL it is in.
    pub dataset: DatasetName,
    /// The operator, in words.
    pub operator: String,
}

/// What is behind figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceAnswer {
    /// The dataset that was asked about.
    pub dataset: DatasetName,
    /// The run that computed the figures; none for a dataset that takes submissions.
    pub run: Option<String>,
    /// How many rows of the dataset the condition chose.
    pub rows: u64,
    /// Whether no operator stopped the way back. If one did, every submission that is behind the
    /// figure is still among those named.
    pub exact: bool,
    /// What stopped it.
    pub stops: Vec<TraceStop>,
    /// Whether the figures came out the same when they were computed again from the submissions
    /// that are named and no others.
    pub verified: bool,
    /// The submissions, by dataset, agency and period.
    pub submissions: Vec<TracedSubmission>,
    /// The version of every dataset that was read on the way.
    pub versions: BTreeMap<DatasetName, i64>,
}
