//! What data that is not taken yet would change of published figures.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use service::{
    CitingRendition, RestatedDataset, RestatedFigure, RestatedRow, Restatement, ServiceError,
    StepState,
};
use utoipa::ToSchema;

use super::{instant, known, read, read_instant};

/// The published figures that a run would change, and who cited them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RestatementDto {
    /// The computed datasets whose rows change; those alone that the caller may see.
    pub datasets: Vec<RestatedDatasetDto>,
    /// How many others change.
    pub hidden: u64,
    /// Received datasets with other rows that no run has taken yet. They are not in the figures.
    pub waiting: Vec<String>,
    /// The first renditions that would show other figures, newest first; none for who may not read
    /// renditions.
    pub renditions: Vec<CitingRenditionDto>,
    /// How many there are in all.
    pub renditions_total: u64,
    /// Renditions that were not looked at, being too many or not to be made again.
    pub renditions_unknown: u64,
}

/// A computed dataset whose rows change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RestatedDatasetDto {
    /// The dataset.
    #[schema(example = "served.dossiers_by_agency")]
    pub dataset: String,
    /// `built`; `failed`, a run would publish nothing of it; or `skipped`.
    #[schema(example = "built")]
    pub state: String,
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
    pub rows: Vec<RestatedRowDto>,
}

/// A row of a published dataset that changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RestatedRowDto {
    /// `added`, `removed` or `changed`.
    #[schema(example = "changed")]
    pub how: String,
    /// The key's columns and their values; what looks like personal data is masked.
    #[schema(example = json!({"period": "2026-09", "agency_code": "H26"}))]
    pub key: BTreeMap<String, String>,
    /// The values that differ.
    pub figures: Vec<RestatedFigureDto>,
}

/// A value as it is published and as it would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RestatedFigureDto {
    /// The column.
    #[schema(example = "resolved")]
    pub column: String,
    /// As it is published; none if there is none.
    #[schema(example = "1234")]
    pub before: Option<String>,
    /// As it would be; none if there would be none.
    #[schema(example = "1240")]
    pub after: Option<String>,
    /// After less before, exactly; none unless both are numbers.
    #[schema(example = "6")]
    pub difference: Option<String>,
    /// The difference as a share of the value before, to six places; none if that is 0.
    #[schema(example = "0.004862")]
    pub relative: Option<String>,
}

/// A rendition that would show other figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CitingRenditionDto {
    /// The rendition.
    pub id: String,
    /// The report.
    #[schema(example = "monthly-summary")]
    pub report: String,
    /// Its parameters.
    #[schema(example = json!({"period": "2026-09"}))]
    pub params: BTreeMap<String, String>,
    /// When it was rendered.
    #[schema(format = DateTime)]
    pub rendered_at: String,
}

impl From<Restatement> for RestatementDto {
    fn from(of: Restatement) -> Self {
        Self {
            datasets: of.datasets.into_iter().map(Into::into).collect(),
            hidden: of.hidden,
            waiting: of.waiting.iter().map(ToString::to_string).collect(),
            renditions: of.renditions.into_iter().map(Into::into).collect(),
            renditions_total: of.renditions_total,
            renditions_unknown: of.renditions_unknown,
        }
    }
}

impl TryFrom<RestatementDto> for Restatement {
    type Error = ServiceError;

    fn try_from(dto: RestatementDto) -> Result<Self, ServiceError> {
        let datasets = dto.datasets.into_iter().map(TryInto::try_into);
        let waiting = dto.waiting.iter().map(|name| read(name, "a dataset name"));
        let renditions = dto.renditions.into_iter().map(TryInto::try_into);
        Ok(Self {
            datasets: datasets.collect::<Result<_, ServiceError>>()?,
            hidden: dto.hidden,
            waiting: waiting.collect::<Result<_, ServiceError>>()?,
            renditions: renditions.collect::<Result<_, ServiceError>>()?,
            renditions_total: dto.renditions_total,
            renditions_unknown: dto.renditions_unknown,
        })
    }
}

impl From<RestatedDataset> for RestatedDatasetDto {
    fn from(of: RestatedDataset) -> Self {
        Self {
            dataset: of.dataset.to_string(),
            state: of.state.as_str().to_owned(),
            message: of.message,
            scope: of.scope,
            added: of.added,
            removed: of.removed,
            changed: of.changed,
            rows: of.rows.into_iter().map(Into::into).collect(),
        }
    }
}

impl TryFrom<RestatedDatasetDto> for RestatedDataset {
    type Error = ServiceError;

    fn try_from(dto: RestatedDatasetDto) -> Result<Self, ServiceError> {
        use StepState::{Built, Failed, Skipped};
        let states = [Built, Failed, Skipped];
        Ok(Self {
            dataset: read(&dto.dataset, "a dataset name")?,
            state: known(&dto.state, "the state of a dataset", states, |state| {
                state.as_str()
            })?,
            message: dto.message,
            scope: dto.scope,
            added: dto.added,
            removed: dto.removed,
            changed: dto.changed,
            rows: dto.rows.into_iter().map(Into::into).collect(),
        })
    }
}

impl From<RestatedRow> for RestatedRowDto {
    fn from(of: RestatedRow) -> Self {
        Self {
            how: of.how,
            key: of.key.into_iter().collect(),
            figures: of.figures.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<RestatedRowDto> for RestatedRow {
    fn from(dto: RestatedRowDto) -> Self {
        Self {
            how: dto.how,
            key: dto.key.into_iter().collect(),
            figures: dto.figures.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<RestatedFigure> for RestatedFigureDto {
    fn from(of: RestatedFigure) -> Self {
        Self {
            column: of.column,
            before: of.before,
            after: of.after,
            difference: of.difference,
            relative: of.relative,
        }
    }
}

impl From<RestatedFigureDto> for RestatedFigure {
    fn from(dto: RestatedFigureDto) -> Self {
        Self {
            column: dto.column,
            before: dto.before,
            after: dto.after,
            difference: dto.difference,
            relative: dto.relative,
        }
    }
}

impl From<CitingRendition> for CitingRenditionDto {
    fn from(of: CitingRendition) -> Self {
        Self {
            id: of.id,
            report: of.report,
            params: of.params.into_iter().collect(),
            rendered_at: instant(of.rendered_at),
        }
    }
}

impl TryFrom<CitingRenditionDto> for CitingRendition {
    type Error = ServiceError;

    fn try_from(dto: CitingRenditionDto) -> Result<Self, ServiceError> {
        Ok(Self {
            id: dto.id,
            report: dto.report,
            params: dto.params.into_iter().collect(),
            rendered_at: read_instant(&dto.rendered_at)?,
        })
    }
}
