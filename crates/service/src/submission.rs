//! Submissions: what an agency sends, and what it gets back.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use calendar::{PeriodCode, civil_day};
use chrono::{DateTime, NaiveDate, Utc};
use project::{AgencyCode, DatasetName, Severity};

use crate::{BodyType, Erasure, Restatement, Restriction, Timeliness};

/// The id of a submission: a UUID version 7, so ids sort by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubmissionId(uuid::Uuid);

impl SubmissionId {
    /// Wraps an id.
    pub fn new(id: uuid::Uuid) -> Self {
        Self(id)
    }
}

impl fmt::Display for SubmissionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl FromStr for SubmissionId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        text.parse().map(Self)
    }
}

/// A request to submit data.
#[derive(Debug, Clone)]
pub struct SubmitRequest {
    /// The dataset, of layer `raw`.
    pub dataset: DatasetName,
    /// The agency the data is of; none means the caller's own.
    pub agency: Option<AgencyCode>,
    /// The period the data is for.
    pub period: PeriodCode,
    /// How the body is written.
    pub format: BodyType,
    /// `Idempotency-Key`.
    pub key: Option<String>,
    /// Check everything, land nothing.
    pub dry_run: bool,
    /// What it does to an earlier submission for the same agency, dataset and period.
    pub relation: Option<Relation>,
    /// Totals that the sender counted: `rows`, or the sum of a column, as text.
    pub control_totals: BTreeMap<String, String>,
    /// What is waited for.
    pub ack: Ack,
    /// With a dry run: also which published figures the rows would change.
    pub restatement: bool,
}

impl SubmitRequest {
    /// A request without key, relation and totals, which is answered when its rows are committed.
    pub fn new(dataset: DatasetName, period: PeriodCode, format: impl Into<BodyType>) -> Self {
        Self {
            dataset,
            agency: None,
            period,
            format: format.into(),
            key: None,
            dry_run: false,
            relation: None,
            control_totals: BTreeMap::new(),
            ack: Ack::Committed,
            restatement: false,
        }
    }
}

/// What a submission does to an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// Takes its place: all of its rows go.
    Replaces(SubmissionId),
    /// Takes the place of those of its rows that have the same key.
    Corrects(SubmissionId),
}

impl Relation {
    /// The relation of that word to `target`.
    pub fn new(word: &str, target: SubmissionId) -> Option<Self> {
        match word {
            "replaces" => Some(Self::Replaces(target)),
            "corrects" => Some(Self::Corrects(target)),
            _ => None,
        }
    }

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Replaces(_) => "replaces",
            Self::Corrects(_) => "corrects",
        }
    }

    /// The earlier submission.
    pub fn target(self) -> SubmissionId {
        match self {
            Self::Replaces(target) | Self::Corrects(target) => target,
        }
    }
}

/// The level that an answer waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ack {
    /// Body and manifest are on the store: it will be landed whatever happens.
    Durable,
    /// The rows are in the table.
    #[default]
    Committed,
}

/// What of an earlier submission went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Superseded {
    /// How, and which.
    pub relation: Relation,
    /// Rows that went from the table.
    pub rows: u64,
}

/// A total as the sender declared it and as it was found; a body in which they differ is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlTotal {
    /// `rows`, or the column that was summed up.
    pub name: String,
    /// As the sender wrote it.
    pub declared: String,
    /// As it was found; none while the submission is only durable.
    pub found: Option<String>,
}

/// How a submission ceased to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// The submission that replaced it; none when it was withdrawn.
    pub by: Option<SubmissionId>,
    /// When.
    pub at: DateTime<Utc>,
}

/// A request to withdraw a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WithdrawRequest {
    /// The submission.
    pub id: SubmissionId,
    /// Why, for the history.
    pub reason: String,
}

/// What became of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RowCounts {
    /// Rows in the body.
    pub received: u64,
    /// Rows that are in the table.
    pub landed: u64,
    /// Rows that are in quarantine.
    pub quarantined: u64,
    /// Landed rows with at least one warning.
    pub warned: u64,
}

/// What an agency can show for its submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The submission.
    pub id: SubmissionId,
    /// The agency.
    pub agency: AgencyCode,
    /// The dataset.
    pub dataset: DatasetName,
    /// The period.
    pub period: PeriodCode,
    /// The contract's version that judged the rows.
    pub contract_version: String,
    /// The SHA-256 of the body in hex.
    pub evidence_sha256: String,
    /// The size of the body.
    pub evidence_size_bytes: u64,
    /// What became of the rows.
    pub rows: RowCounts,
    /// When the body was complete.
    pub received_at: DateTime<Utc>,
    /// The last civil day on which it was on time; none if its dataset has no deadline.
    pub due_on: Option<NaiveDate>,
    /// The table's version that holds the rows; none for a dry run.
    pub table_version: Option<i64>,
    /// When that version was committed; none for a dry run.
    pub committed_at: Option<DateTime<Utc>>,
    /// What it superseded.
    pub supersedes: Option<Superseded>,
    /// The totals that the sender declared.
    pub control_totals: Vec<ControlTotal>,
}

impl Receipt {
    /// Whether it came in time; none if its dataset has no deadline.
    pub fn timeliness(&self) -> Option<Timeliness> {
        let due_on = self.due_on?;
        let in_time = civil_day(self.received_at) <= due_on;
        Some(if in_time {
            Timeliness::OnTime
        } else {
            Timeliness::Late
        })
    }
}

/// One thing wrong with one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowError {
    /// The row in the body, from 1; 0 speaks of the body as a whole.
    pub row: u64,
    /// The column, if it is about one.
    pub column: Option<String>,
    /// The rule.
    pub rule: String,
    /// Whether the row was refused or only marked.
    pub severity: Severity,
    /// The start of the value; masked where it looks like personal data.
    pub value_excerpt: Option<String>,
    /// What is wrong, in English.
    pub message: String,
}

/// A bounded list of row errors.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RowErrors {
    /// The first ones.
    pub errors: Vec<RowError>,
    /// How many there are in all.
    pub total: u64,
}

/// Where a submission stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubmissionState {
    /// The evidence is kept; the rows are not in the table yet.
    Durable,
    /// The rows are in the table.
    Committed,
    /// No row landed.
    Refused,
}

impl SubmissionState {
    /// The word for the state.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Durable => "durable",
            Self::Committed => "committed",
            Self::Refused => "refused",
        }
    }
}

/// A submission with its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// Where it stands.
    pub state: SubmissionState,
    /// The receipt; counts are zero while it is only durable.
    pub receipt: Receipt,
    /// Who sent it.
    pub principal: String,
    /// How the body is written.
    pub format: BodyType,
    /// Why it was refused as a whole; none otherwise.
    pub refusal: Option<String>,
    /// The `Idempotency-Key` that it came with.
    pub key: Option<String>,
    /// How it ceased to count.
    pub ended: Option<Ended>,
    /// Why its evidence is restricted; none if it is not, or not judged yet.
    pub restricted: Option<Restriction>,
    /// That its evidence was erased.
    pub erased: Option<Erasure>,
    /// The signed receipt as a JSON document of its own; none before it is committed.
    pub sealed: Option<String>,
}

/// What `submit` answers when it did not refuse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubmitAnswer {
    /// The receipt.
    pub receipt: Receipt,
    /// The first row errors.
    pub errors: RowErrors,
    /// Whether this is the answer of an earlier submission with the same key and body.
    pub replayed: bool,
    /// Whether nothing landed because that was asked for.
    pub dry_run: bool,
    /// The signed receipt as a JSON document of its own; none before it is committed.
    pub sealed: Option<String>,
    /// Which published figures its rows would change, if a dry run was asked for that.
    pub restatement: Option<Restatement>,
}

/// A page of a longer list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// How many to pass over.
    pub offset: u64,
    /// How many to answer; implementations cap it at 1,000.
    pub limit: u64,
}
