//! Obligations: what an agency owes for a period, until when, and who extended it.

use std::fmt;

use calendar::{Deadline, PeriodCode, Standing};
use chrono::{DateTime, NaiveDate, Utc};
use project::{AgencyCode, DatasetName};

/// Whether a submission came in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timeliness {
    /// Its body was complete on the day that it was due, or before.
    OnTime,
    /// It was complete later, and taken all the same.
    Late,
}

impl Timeliness {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OnTime => "on_time",
            Self::Late => "late",
        }
    }
}

/// What is owed: an agency's data of a dataset for a period.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObligationKey {
    /// The dataset.
    pub dataset: DatasetName,
    /// The period.
    pub period: PeriodCode,
    /// The agency.
    pub agency: AgencyCode,
}

impl fmt::Display for ObligationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            dataset,
            period,
            agency,
        } = self;
        write!(
            f,
            "dataset `{dataset}` for agency `{agency}` in period `{period}`"
        )
    }
}

/// An act that moved the deadline of one obligation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    /// Whose deadline.
    pub of: ObligationKey,
    /// The extensions of an obligation are numbered from 1.
    pub number: u32,
    /// The day that it was due before.
    pub before: NaiveDate,
    /// The day that it is due since.
    pub until: NaiveDate,
    /// Why.
    pub reason: String,
    /// Who extended it.
    pub principal: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// A request to move a deadline; it is moved to a later day only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtendRequest {
    /// Whose deadline.
    pub of: ObligationKey,
    /// The last civil day on which the data is to be on time.
    pub until: NaiveDate,
    /// Why, for the history.
    pub reason: String,
}

/// Which obligations are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ObligationFilter {
    /// Of that dataset; none is every one that has a deadline.
    pub dataset: Option<DatasetName>,
    /// For that period; none is the month that ended last.
    pub period: Option<PeriodCode>,
    /// Of that agency; none is every one that the caller may see.
    pub agency: Option<AgencyCode>,
}

/// What an agency has handed in for a period and not taken back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HandedIn {
    /// Committed submissions that count.
    pub submissions: u64,
    /// When the first of them was complete.
    pub first_received_at: Option<DateTime<Utc>>,
}

/// An obligation as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obligation {
    /// What is owed.
    pub of: ObligationKey,
    /// Its days.
    pub deadline: Deadline,
    /// What becomes of data that comes now.
    pub standing: Standing,
    /// What was handed in.
    pub handed_in: HandedIn,
    /// How its deadline was moved, in order.
    pub extensions: Vec<Extension>,
}
