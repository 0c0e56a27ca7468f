//! The quarantine: rows that did not land, why, and how they come back.

use calendar::PeriodCode;
use chrono::{DateTime, Utc};
use project::{AgencyCode, DatasetName, Text};

use crate::{ByteStream, SubmissionId};

/// Which rows are asked for; what is none is not asked about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QuarantineFilter {
    /// Sent to that dataset.
    pub dataset: Option<DatasetName>,
    /// Of that agency.
    pub agency: Option<AgencyCode>,
    /// For that period.
    pub period: Option<PeriodCode>,
    /// That broke that rule.
    pub rule: Option<String>,
    /// Of that submission.
    pub submission: Option<SubmissionId>,
}

/// A rule that a row broke, so that it did not land.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantinedRow {
    /// The submission.
    pub submission: SubmissionId,
    /// The dataset it was sent to.
    pub dataset: DatasetName,
    /// The submitting agency.
    pub agency: AgencyCode,
    /// The period it was sent for.
    pub period: PeriodCode,
    /// The row in the body, from 1.
    pub row: u64,
    /// The column, if the rule is about one.
    pub column: Option<String>,
    /// The rule.
    pub rule: String,
    /// The start of the value; masked where it looks like personal data.
    pub value_excerpt: Option<String>,
    /// What is wrong.
    pub message: Text,
    /// When the body was complete.
    pub received_at: DateTime<Utc>,
}

/// A page of the quarantine.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QuarantinePage {
    /// The newest submissions first, then by row.
    pub rows: Vec<QuarantinedRow>,
    /// How many there are in all.
    pub total: u64,
}

/// The forms of a file of refused rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuarantineFormat {
    /// UTF-8 with a byte order mark, as spreadsheets expect it, and no cell that one would take for
    /// a formula.
    Csv,
    /// A workbook in which every cell is text.
    Xlsx,
}

impl QuarantineFormat {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Csv, Self::Xlsx];

    /// How the names of its files end.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
        }
    }

    /// The media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }
}

/// The refused rows of a submission as a file that can be mended and sent back.
pub struct QuarantineFile {
    /// The form.
    pub format: QuarantineFormat,
    /// The file.
    pub bytes: ByteStream,
}
