//! Tracing: from figures to the submissions behind them.

use std::collections::BTreeMap;

use project::DatasetName;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use service::{
    ErrorKind, ServiceError, TraceAnswer, TraceRequest, TraceRole, TraceStop, TracedSubmission,
};
use utoipa::ToSchema;

use super::{at, known, read};

/// Which figures are asked about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TraceRequestDto {
    /// A computed dataset, or one that takes submissions.
    #[schema(example = "served.dossiers_by_agency")]
    pub dataset: String,
    /// A condition over the dataset's columns, as SQL: it chooses rows.
    #[serde(rename = "where")]
    #[schema(example = "agency_code = 'H26' and period = '2026-09'")]
    pub condition: String,
    /// The column whose values are asked about; left out, it is the rows as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "received_total")]
    pub column: Option<String>,
    /// The moment to read at instead of now: a time, a day (its end, in Vietnam), the id of a
    /// run, versions by dataset, or the version of the dataset that is asked about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Value, example = json!("2026-10-14T17:00:00+07:00"))]
    pub at: Option<Json>,
}

/// A submission behind a figure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TracedSubmissionDto {
    /// The submission.
    pub id: String,
    /// The dataset that it was for.
    #[schema(example = "raw.dossiers")]
    pub dataset: String,
    /// The agency that it speaks for.
    #[schema(example = "H26")]
    pub agency: String,
    /// The period that it is about.
    #[schema(example = "2026-09")]
    pub period: String,
    /// The SHA-256 of its evidence in hex.
    pub evidence_sha256: String,
    /// `value`: its rows are in the value; `presence`: they are not, but without them the row that
    /// holds it might not be there; `hiding`: they keep rows of others out of it.
    #[schema(example = "value")]
    pub role: String,
    /// How many of its rows are behind the figure.
    pub rows: u64,
    /// Where its receipt is.
    #[schema(example = "/api/v1/submissions/0192f0c1-7a3b-7000-8000-000000000001/receipt")]
    pub receipt: String,
}

/// Why an answer may name more submissions than are behind the figure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TraceStopDto {
    /// The dataset whose SQL it is in.
    pub dataset: String,
    /// The operator, in words.
    pub operator: String,
}

/// What is behind figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TraceDto {
    /// The dataset that was asked about.
    pub dataset: String,
    /// The run that computed the figures; none for a dataset that takes submissions.
    pub run: Option<String>,
    /// How many rows of the dataset the condition chose.
    pub rows: u64,
    /// Whether no operator stopped the way back. If one did, every submission that is behind the
    /// figure is still among those named.
    pub exact: bool,
    /// What stopped it.
    pub stops: Vec<TraceStopDto>,
    /// Whether the figures came out the same when they were computed again from the submissions
    /// that are named and no others.
    pub verified: bool,
    /// The submissions, by dataset, agency and period.
    pub submissions: Vec<TracedSubmissionDto>,
    /// The version of every dataset that was read on the way.
    #[schema(example = json!({"served.dossiers_by_agency": 3, "raw.dossiers": 12}))]
    pub versions: BTreeMap<String, i64>,
}

impl From<TraceRequest> for TraceRequestDto {
    fn from(request: TraceRequest) -> Self {
        let at = at::to_json(&request.at);
        Self {
            dataset: request.dataset.to_string(),
            condition: request.condition,
            column: request.column,
            at,
        }
    }
}

impl TryFrom<TraceRequestDto> for TraceRequest {
    type Error = ServiceError;

    fn try_from(dto: TraceRequestDto) -> Result<Self, ServiceError> {
        let dataset = dto.dataset.parse().map_err(|error: project::NameError| {
            ServiceError::new(ErrorKind::Invalid, error.to_string())
                .hint("`GET /api/v1/datasets` lists the datasets.")
        })?;
        let at = dto.at.as_ref().map(at::from_json).transpose()?;
        Ok(Self {
            dataset,
            condition: dto.condition,
            column: dto.column,
            at: at.unwrap_or_default(),
        })
    }
}

impl From<TracedSubmission> for TracedSubmissionDto {
    fn from(of: TracedSubmission) -> Self {
        Self {
            receipt: format!("/api/v1/submissions/{}/receipt", of.id),
            id: of.id.to_string(),
            dataset: of.dataset.to_string(),
            agency: of.agency.to_string(),
            period: of.period.to_string(),
            evidence_sha256: of.evidence_sha256,
            role: of.role.as_str().to_owned(),
            rows: of.rows,
        }
    }
}

impl TryFrom<TracedSubmissionDto> for TracedSubmission {
    type Error = ServiceError;

    fn try_from(dto: TracedSubmissionDto) -> Result<Self, ServiceError> {
        Ok(Self {
            id: read(&dto.id, "a submission id")?,
            dataset: read(&dto.dataset, "a dataset name")?,
            agency: read(&dto.agency, "an agency code")?,
            period: read(&dto.period, "a period code")?,
            evidence_sha256: dto.evidence_sha256,
            role: known(&dto.role, "a role", TraceRole::ALL, |role| role.as_str())?,
            rows: dto.rows,
        })
    }
}

impl From<TraceStop> for TraceStopDto {
    fn from(stop: TraceStop) -> Self {
        Self {
            dataset: stop.dataset.to_string(),
            operator: stop.operator,
        }
    }
}

impl TryFrom<TraceStopDto> for TraceStop {
    type Error = ServiceError;

    fn try_from(dto: TraceStopDto) -> Result<Self, ServiceError> {
        Ok(Self {
            dataset: read(&dto.dataset, "a dataset name")?,
            operator: dto.operator,
        })
    }
}

impl From<TraceAnswer> for TraceDto {
    fn from(answer: TraceAnswer) -> Self {
        let version = |(name, version): (DatasetName, i64)| (name.to_string(), version);
        Self {
            dataset: answer.dataset.to_string(),
            run: answer.run,
            rows: answer.rows,
            exact: answer.exact,
            stops: answer.stops.into_iter().map(Into::into).collect(),
            verified: answer.verified,
            submissions: answer.submissions.into_iter().map(Into::into).collect(),
            versions: answer.versions.into_iter().map(version).collect(),
        }
    }
}

impl TryFrom<TraceDto> for TraceAnswer {
    type Error = ServiceError;

    fn try_from(dto: TraceDto) -> Result<Self, ServiceError> {
        let version = |(name, version): (String, i64)| -> Result<(DatasetName, i64), ServiceError> {
            Ok((read(&name, "a dataset name")?, version))
        };
        let stops = dto.stops.into_iter().map(TryInto::try_into);
        let submissions = dto.submissions.into_iter().map(TryInto::try_into);
        let versions = dto.versions.into_iter().map(version);
        Ok(Self {
            dataset: read(&dto.dataset, "a dataset name")?,
            run: dto.run,
            rows: dto.rows,
            exact: dto.exact,
            stops: stops.collect::<Result<_, _>>()?,
            verified: dto.verified,
            submissions: submissions.collect::<Result<_, _>>()?,
            versions: versions.collect::<Result<_, _>>()?,
        })
    }
}
