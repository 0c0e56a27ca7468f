//! Maintenance.

use serde::{Deserialize, Serialize};
use service::{
    MaintainRequest, MaintenanceReport, MaintenanceState, MaintenanceStep, MaintenanceTask,
    ServiceError,
};
use utoipa::ToSchema;

use super::{instant, known, read, read_instant};

/// What to maintain.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MaintainDto {
    /// Dataset patterns with `*`, such as `raw.*`; empty maintains every table.
    #[serde(default)]
    pub select: Vec<String>,
    /// Whether files that nobody needs are deleted; otherwise it is only told which they are.
    #[serde(default)]
    pub delete: bool,
    /// Whether evidence that is past its retention is erased; otherwise it is only told how much it
    /// is. It takes whoever may erase.
    #[serde(default)]
    pub erase: bool,
    /// For how many hours every version stays readable; by default the setting of the system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_hours: Option<u64>,
}

/// A task on a table that had something to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MaintenanceStepDto {
    /// The table's dataset.
    pub dataset: String,
    /// `compact`, `checkpoint`, `vacuum` or `erase`; the last is about evidence received for the
    /// dataset.
    #[schema(example = "compact")]
    pub task: String,
    /// `done`, `dry_run` or `failed`.
    #[schema(example = "done")]
    pub state: String,
    /// The table's version after it.
    pub version: Option<i64>,
    /// Files that left the newest version, or bodies that left the store; in a dry run, that would.
    pub files_removed: u64,
    /// Files that took their place.
    pub files_added: u64,
    /// The size of the files removed.
    pub bytes_removed: u64,
    /// The size of the files added.
    pub bytes_added: u64,
    /// How long it took.
    pub seconds: f64,
    /// Why it failed.
    pub message: Option<String>,
}

/// What maintenance did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MaintenanceDto {
    /// Its id, as in `system.maintenance`.
    pub id: String,
    /// When it began.
    #[schema(format = DateTime)]
    pub started_at: String,
    /// How long it took.
    pub seconds: f64,
    /// The steps, table by table; a table that needed nothing has none.
    pub steps: Vec<MaintenanceStepDto>,
}

impl From<MaintainDto> for MaintainRequest {
    fn from(dto: MaintainDto) -> Self {
        Self {
            select: dto.select,
            delete: dto.delete,
            erase: dto.erase,
            keep_hours: dto.keep_hours,
        }
    }
}

impl From<MaintainRequest> for MaintainDto {
    fn from(request: MaintainRequest) -> Self {
        Self {
            select: request.select,
            delete: request.delete,
            erase: request.erase,
            keep_hours: request.keep_hours,
        }
    }
}

impl From<MaintenanceReport> for MaintenanceDto {
    fn from(report: MaintenanceReport) -> Self {
        let step = |step: MaintenanceStep| MaintenanceStepDto {
            dataset: step.dataset.to_string(),
            task: step.task.as_str().to_owned(),
            state: step.state.as_str().to_owned(),
            version: step.version,
            files_removed: step.files_removed,
            files_added: step.files_added,
            bytes_removed: step.bytes_removed,
            bytes_added: step.bytes_added,
            seconds: step.seconds,
            message: step.message,
        };
        Self {
            id: report.id,
            started_at: instant(report.started_at),
            seconds: report.seconds,
            steps: report.steps.into_iter().map(step).collect(),
        }
    }
}

impl TryFrom<MaintenanceStepDto> for MaintenanceStep {
    type Error = ServiceError;

    fn try_from(dto: MaintenanceStepDto) -> Result<Self, ServiceError> {
        let tasks = MaintenanceTask::ALL;
        let states = MaintenanceState::ALL;
        Ok(Self {
            dataset: read(&dto.dataset, "a dataset name")?,
            task: known(&dto.task, "a task of maintenance", tasks, |task| {
                task.as_str()
            })?,
            state: known(&dto.state, "the state of a task", states, |state| {
                state.as_str()
            })?,
            version: dto.version,
            files_removed: dto.files_removed,
            files_added: dto.files_added,
            bytes_removed: dto.bytes_removed,
            bytes_added: dto.bytes_added,
            seconds: dto.seconds,
            message: dto.message,
        })
    }
}

impl TryFrom<MaintenanceDto> for MaintenanceReport {
    type Error = ServiceError;

    fn try_from(dto: MaintenanceDto) -> Result<Self, ServiceError> {
        let steps = dto.steps.into_iter().map(TryInto::try_into);
        Ok(Self {
            id: dto.id,
            started_at: read_instant(&dto.started_at)?,
            seconds: dto.seconds,
            steps: steps.collect::<Result<_, _>>()?,
        })
    }
}
