//! The quarantine.

use serde::{Deserialize, Serialize};
use service::{QuarantinePage, QuarantinedRow, ServiceError};
use utoipa::ToSchema;

use super::{TextDto, instant, read, read_instant};

/// A rule that a row broke, so that it did not land.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QuarantinedRowDto {
    /// The submission.
    pub submission: String,
    /// The dataset it was sent to.
    #[schema(example = "raw.dossiers")]
    pub dataset: String,
    /// The submitting agency.
    #[schema(example = "H26")]
    pub agency: String,
    /// The period it was sent for.
    #[schema(example = "2026-09")]
    pub period: String,
    /// The row in the body, from 1.
    pub row: u64,
    /// The column, if the rule is about one.
    pub column: Option<String>,
    /// The rule.
    #[schema(example = "code_list")]
    pub rule: String,
    /// The start of the value; masked where it looks like personal data.
    pub value_excerpt: Option<String>,
    /// What is wrong.
    pub message: TextDto,
    /// When the body was complete.
    #[schema(format = DateTime)]
    pub received_at: String,
}

/// A page of the quarantine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QuarantinePageDto {
    /// The newest submissions first, then by row.
    pub rows: Vec<QuarantinedRowDto>,
    /// How many there are in all.
    pub rows_total: u64,
}

impl From<QuarantinedRow> for QuarantinedRowDto {
    fn from(row: QuarantinedRow) -> Self {
        Self {
            submission: row.submission.to_string(),
            dataset: row.dataset.to_string(),
            agency: row.agency.to_string(),
            period: row.period.to_string(),
            row: row.row,
            column: row.column,
            rule: row.rule,
            value_excerpt: row.value_excerpt,
            message: row.message.into(),
            received_at: instant(row.received_at),
        }
    }
}

impl TryFrom<QuarantinedRowDto> for QuarantinedRow {
    type Error = ServiceError;

    fn try_from(dto: QuarantinedRowDto) -> Result<Self, ServiceError> {
        Ok(Self {
            submission: read(&dto.submission, "a submission id")?,
            dataset: read(&dto.dataset, "a dataset name")?,
            agency: read(&dto.agency, "an agency code")?,
            period: read(&dto.period, "a period code")?,
            row: dto.row,
            column: dto.column,
            rule: dto.rule,
            value_excerpt: dto.value_excerpt,
            message: dto.message.into(),
            received_at: read_instant(&dto.received_at)?,
        })
    }
}

impl From<QuarantinePage> for QuarantinePageDto {
    fn from(page: QuarantinePage) -> Self {
        Self {
            rows: page.rows.into_iter().map(Into::into).collect(),
            rows_total: page.total,
        }
    }
}

impl TryFrom<QuarantinePageDto> for QuarantinePage {
    type Error = ServiceError;

    fn try_from(dto: QuarantinePageDto) -> Result<Self, ServiceError> {
        let rows = dto.rows.into_iter().map(TryInto::try_into);
        Ok(Self {
            rows: rows.collect::<Result<_, _>>()?,
            total: dto.rows_total,
        })
    }
}
