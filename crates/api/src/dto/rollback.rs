//! Rollbacks.

use serde::{Deserialize, Serialize};
use service::{RestoredDataset, RollbackReport, ServiceError};
use utoipa::ToSchema;

use super::read;

/// What a rollback did to a dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RestoredDatasetDto {
    /// The dataset.
    #[schema(example = "served.dossiers_by_agency")]
    pub dataset: String,
    /// The version that readers saw.
    pub from: i64,
    /// The older version, whose rows they see again.
    pub to: i64,
    /// The version that holds these rows now.
    pub version: i64,
}

/// What a rollback did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RollbackDto {
    /// The run that was named.
    pub run: String,
    /// The runs whose work readers see no more, newest first: the one that was named, and those
    /// that published after it.
    pub undone: Vec<String>,
    /// The datasets that were restored, by name.
    pub restored: Vec<RestoredDatasetDto>,
}

impl From<RestoredDataset> for RestoredDatasetDto {
    fn from(of: RestoredDataset) -> Self {
        Self {
            dataset: of.dataset.to_string(),
            from: of.from,
            to: of.to,
            version: of.version,
        }
    }
}

impl TryFrom<RestoredDatasetDto> for RestoredDataset {
    type Error = ServiceError;

    fn try_from(dto: RestoredDatasetDto) -> Result<Self, ServiceError> {
        Ok(Self {
            dataset: read(&dto.dataset, "a dataset name")?,
            from: dto.from,
            to: dto.to,
            version: dto.version,
        })
    }
}

impl From<RollbackReport> for RollbackDto {
    fn from(report: RollbackReport) -> Self {
        Self {
            run: report.run,
            undone: report.undone,
            restored: report.restored.into_iter().map(Into::into).collect(),
        }
    }
}

impl TryFrom<RollbackDto> for RollbackReport {
    type Error = ServiceError;

    fn try_from(dto: RollbackDto) -> Result<Self, ServiceError> {
        let restored = dto.restored.into_iter().map(TryInto::try_into);
        Ok(Self {
            run: dto.run,
            undone: dto.undone,
            restored: restored.collect::<Result<_, _>>()?,
        })
    }
}
