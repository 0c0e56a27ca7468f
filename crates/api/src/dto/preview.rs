//! What a change of the project changes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use service::{Impact, Preview, PreviewRequest, Reader, RetypedColumn, ServiceError, StepState};
use utoipa::ToSchema;

use super::{known, read};

/// A dataset whose contract, code list or SQL means something else than what the lake holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImpactDto {
    /// The dataset.
    pub dataset: String,
    /// Who answers for it.
    pub owner: String,
    /// What changed: `sql`, `contract` or `codes`.
    pub what: Vec<String>,
    /// Columns that are new.
    pub added: Vec<String>,
    /// Columns that are gone.
    pub removed: Vec<String>,
    /// Columns of another type.
    pub retyped: Vec<RetypedColumnDto>,
    /// What is made of it, however far away.
    pub readers: Vec<ReaderDto>,
    /// Whether a column that somebody reads is gone or has a narrower type.
    pub breaking: bool,
    /// What breaks, a sentence each.
    pub breaks: Vec<String>,
}

/// A column of another type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RetypedColumnDto {
    /// The column.
    pub column: String,
    /// Its type in the table.
    pub from: String,
    /// Its type in the contract.
    pub to: String,
}

/// A dataset or a report that is made of another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReaderDto {
    /// `dataset` or `report`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Who answers for it; for a report, who answers for what it reads.
    pub owners: Vec<String>,
}

/// What to compute beside what is published.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewRequestDto {
    /// Dataset patterns with `*` to show; empty shows what changed and what is made of it.
    #[serde(default)]
    pub select: Vec<String>,
}

/// How a dataset would differ from the published one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PreviewDto {
    /// The dataset.
    pub dataset: String,
    /// `built`, `failed` or `skipped`.
    #[schema(example = "built")]
    pub state: String,
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
    pub columns: BTreeMap<String, u64>,
    /// Keys of a few rows that differ; what looks like personal data is masked.
    pub examples: Vec<String>,
}

impl From<Impact> for ImpactDto {
    fn from(impact: Impact) -> Self {
        let retyped = |of: RetypedColumn| RetypedColumnDto {
            column: of.column,
            from: of.from,
            to: of.to,
        };
        let reader = |of: Reader| ReaderDto {
            kind: of.kind,
            name: of.name,
            owners: of.owners,
        };
        Self {
            dataset: impact.dataset.to_string(),
            owner: impact.owner,
            what: impact.what,
            added: impact.added,
            removed: impact.removed,
            retyped: impact.retyped.into_iter().map(retyped).collect(),
            readers: impact.readers.into_iter().map(reader).collect(),
            breaking: !impact.breaks.is_empty(),
            breaks: impact.breaks,
        }
    }
}

impl TryFrom<ImpactDto> for Impact {
    type Error = ServiceError;

    fn try_from(dto: ImpactDto) -> Result<Self, ServiceError> {
        let retyped = |of: RetypedColumnDto| RetypedColumn {
            column: of.column,
            from: of.from,
            to: of.to,
        };
        let reader = |of: ReaderDto| Reader {
            kind: of.kind,
            name: of.name,
            owners: of.owners,
        };
        Ok(Self {
            dataset: read(&dto.dataset, "a dataset name")?,
            owner: dto.owner,
            what: dto.what,
            added: dto.added,
            removed: dto.removed,
            retyped: dto.retyped.into_iter().map(retyped).collect(),
            readers: dto.readers.into_iter().map(reader).collect(),
            breaks: dto.breaks,
        })
    }
}

impl From<PreviewRequestDto> for PreviewRequest {
    fn from(dto: PreviewRequestDto) -> Self {
        Self { select: dto.select }
    }
}

impl From<Preview> for PreviewDto {
    fn from(preview: Preview) -> Self {
        Self {
            dataset: preview.dataset.to_string(),
            state: preview.state.as_str().to_owned(),
            message: preview.message,
            rows_before: preview.rows_before,
            rows_after: preview.rows_after,
            added: preview.added,
            removed: preview.removed,
            changed: preview.changed,
            columns: preview.columns.into_iter().collect(),
            examples: preview.examples,
        }
    }
}

impl TryFrom<PreviewDto> for Preview {
    type Error = ServiceError;

    fn try_from(dto: PreviewDto) -> Result<Self, ServiceError> {
        use StepState::{Built, Failed, Skipped};
        let states = [Built, Failed, Skipped];
        Ok(Self {
            dataset: read(&dto.dataset, "a dataset name")?,
            state: known(&dto.state, "the state of a preview", states, |state| {
                state.as_str()
            })?,
            message: dto.message,
            rows_before: dto.rows_before,
            rows_after: dto.rows_after,
            added: dto.added,
            removed: dto.removed,
            changed: dto.changed,
            columns: dto.columns.into_iter().collect(),
            examples: dto.examples,
        })
    }
}
