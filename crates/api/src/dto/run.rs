//! Runs and plans.

use serde::{Deserialize, Serialize};
use service::{
    Plan, PlanItem, PlannedChange, PlannedRun, RunReport, RunRequest, RunStep, ServiceError,
    StepState,
};
use std::collections::BTreeMap;
use utoipa::ToSchema;

use super::ImpactDto;
use super::{instant, known, read, read_instant};

/// What to run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RunRequestDto {
    /// Dataset patterns with `*`, such as `served.*`; empty runs what is due.
    #[serde(default)]
    pub select: Vec<String>,
}

/// A transformation in a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RunStepDto {
    /// The target.
    pub dataset: String,
    /// `built`, `up_to_date`, `failed` or `skipped`.
    #[schema(example = "built")]
    pub state: String,
    /// The versions it read, by dataset.
    pub inputs: BTreeMap<String, i64>,
    /// The version it made, or found up to date.
    pub version: Option<i64>,
    /// The rows written.
    pub rows: u64,
    /// How long it took.
    pub seconds: f64,
    /// Why it failed or was skipped, and warnings of its rules.
    pub message: Option<String>,
    /// What was computed anew: `windows: …`, or `full: …` and why; null if nothing was looked at.
    #[serde(default)]
    #[schema(example = "windows: period 2026-09")]
    pub scope: Option<String>,
}

/// A run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RunDto {
    /// The run's id; null if everything was up to date, for then nothing is kept of the run.
    pub id: Option<String>,
    /// When it began.
    #[schema(format = DateTime)]
    pub started_at: String,
    /// How long it took; of a run read back, the work of its transformations in all.
    pub seconds: f64,
    /// The transformations in the order they ran.
    pub steps: Vec<RunStepDto>,
}

/// A dataset that differs between the project and the lake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlanItemDto {
    /// The dataset.
    pub dataset: String,
    /// `create`, `add_columns`, `rebuild`, `load_codes`, `describe` or `refused`.
    #[schema(example = "add_columns")]
    pub change: String,
    /// The new columns of `add_columns`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<Vec<String>>,
    /// Why a change is `refused`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What must change, or was changed, for the lake to be what the project says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlanDto {
    /// The differences; empty if there are none.
    pub items: Vec<PlanItemDto>,
    /// What the next run computes anew, inputs before what reads them.
    #[serde(default)]
    pub runs: Vec<PlannedRunDto>,
    /// What changed of datasets that are there, and who reads them; new SQL is among it.
    #[serde(default)]
    pub impacts: Vec<ImpactDto>,
}

/// A transformation that is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlannedRunDto {
    /// The target.
    pub dataset: String,
    /// What is computed anew: `windows: …`, `full: …` and why, or `after: …` the datasets that it
    /// reads and that are due themselves.
    #[schema(example = "windows: period 2026-09")]
    pub scope: String,
    /// The rows of the table now.
    pub rows: u64,
}

impl From<RunRequestDto> for RunRequest {
    fn from(dto: RunRequestDto) -> Self {
        Self { select: dto.select }
    }
}

impl From<RunReport> for RunDto {
    fn from(run: RunReport) -> Self {
        let step = |step: RunStep| RunStepDto {
            dataset: step.dataset.to_string(),
            state: step.state.as_str().to_owned(),
            inputs: step
                .inputs
                .iter()
                .map(|(name, v)| (name.to_string(), *v))
                .collect(),
            version: step.version,
            rows: step.rows,
            seconds: step.seconds,
            message: step.message,
            scope: step.scope,
        };
        Self {
            id: run.id,
            started_at: instant(run.started_at),
            seconds: run.seconds,
            steps: run.steps.into_iter().map(step).collect(),
        }
    }
}

impl TryFrom<RunStepDto> for RunStep {
    type Error = ServiceError;

    fn try_from(dto: RunStepDto) -> Result<Self, ServiceError> {
        use StepState::{Built, Failed, Skipped, UpToDate};
        let states = [Built, UpToDate, Failed, Skipped];
        let inputs = dto.inputs.iter().map(|(name, version)| {
            Ok::<_, ServiceError>((read(name, "a dataset name")?, *version))
        });
        Ok(Self {
            dataset: read(&dto.dataset, "a dataset name")?,
            state: known(&dto.state, "the state of a step", states, |state| {
                state.as_str()
            })?,
            inputs: inputs.collect::<Result<_, _>>()?,
            version: dto.version,
            rows: dto.rows,
            seconds: dto.seconds,
            message: dto.message,
            scope: dto.scope,
        })
    }
}

impl TryFrom<RunDto> for RunReport {
    type Error = ServiceError;

    fn try_from(dto: RunDto) -> Result<Self, ServiceError> {
        Ok(Self {
            id: dto.id,
            started_at: read_instant(&dto.started_at)?,
            seconds: dto.seconds,
            steps: dto
                .steps
                .into_iter()
                .map(TryInto::try_into)
                .collect::<Result<_, _>>()?,
        })
    }
}

impl From<PlanItem> for PlanItemDto {
    fn from(item: PlanItem) -> Self {
        let (change, columns, reason) = match item.change {
            PlannedChange::Create => ("create", None, None),
            PlannedChange::AddColumns(columns) => ("add_columns", Some(columns), None),
            PlannedChange::Rebuild => ("rebuild", None, None),
            PlannedChange::LoadCodes => ("load_codes", None, None),
            PlannedChange::Describe => ("describe", None, None),
            PlannedChange::Refused(reason) => ("refused", None, Some(reason)),
        };
        Self {
            dataset: item.dataset.to_string(),
            change: change.to_owned(),
            columns,
            reason,
        }
    }
}

impl TryFrom<PlanItemDto> for PlanItem {
    type Error = ServiceError;

    fn try_from(dto: PlanItemDto) -> Result<Self, ServiceError> {
        let change = match dto.change.as_str() {
            "create" => PlannedChange::Create,
            "add_columns" => PlannedChange::AddColumns(dto.columns.unwrap_or_default()),
            "rebuild" => PlannedChange::Rebuild,
            "load_codes" => PlannedChange::LoadCodes,
            "describe" => PlannedChange::Describe,
            "refused" => PlannedChange::Refused(dto.reason.unwrap_or_default()),
            other => return Err(super::unread(other, "a planned change")),
        };
        Ok(Self {
            dataset: read(&dto.dataset, "a dataset name")?,
            change,
        })
    }
}

impl From<Plan> for PlanDto {
    fn from(plan: Plan) -> Self {
        let run = |run: PlannedRun| PlannedRunDto {
            dataset: run.dataset.to_string(),
            scope: run.scope,
            rows: run.rows,
        };
        Self {
            items: plan.items.into_iter().map(Into::into).collect(),
            runs: plan.runs.into_iter().map(run).collect(),
            impacts: plan.impacts.into_iter().map(Into::into).collect(),
        }
    }
}

impl TryFrom<PlanDto> for Plan {
    type Error = ServiceError;

    fn try_from(dto: PlanDto) -> Result<Self, ServiceError> {
        let items = dto.items.into_iter().map(TryInto::try_into);
        let run = |run: PlannedRunDto| {
            Ok::<_, ServiceError>(PlannedRun {
                dataset: read(&run.dataset, "a dataset name")?,
                scope: run.scope,
                rows: run.rows,
            })
        };
        Ok(Self {
            items: items.collect::<Result<_, _>>()?,
            runs: dto.runs.into_iter().map(run).collect::<Result<_, _>>()?,
            impacts: dto
                .impacts
                .into_iter()
                .map(TryInto::try_into)
                .collect::<Result<_, _>>()?,
        })
    }
}
