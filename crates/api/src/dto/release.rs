//! Releases of quarantined rows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use service::{ErrorKind, ReleaseReport, ReleaseRequest, ReleasedSubmission, ServiceError};
use utoipa::ToSchema;

use super::read;

/// Which quarantined rows to judge again; what is left out is not asked about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleaseDto {
    /// Rows that were sent to that dataset.
    #[schema(example = "raw.dossiers")]
    pub dataset: String,
    /// Of that agency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "H26")]
    pub agency: Option<String>,
    /// For that period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "2026-09")]
    pub period: Option<String>,
    /// Of that submission.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submission: Option<String>,
}

/// What became of the quarantined rows of a submission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReleasedSubmissionDto {
    /// The submission.
    pub submission: String,
    /// Rows that landed now.
    pub released: u64,
    /// Rows that still break rules.
    pub held: u64,
    /// How many of these break which rule.
    pub rules: BTreeMap<String, u64>,
    /// Rows that would land, but the submission or a correction of it has rows of their keys by now.
    pub superseded: u64,
    /// Why none of its rows was judged; none if they were.
    pub passed_over: Option<String>,
    /// The table's version that holds the rows that landed; none if none did.
    pub table_version: Option<i64>,
}

/// What a release did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReleaseReportDto {
    /// Its id.
    pub id: String,
    /// The dataset.
    pub dataset: String,
    /// The contract's version that judged the rows.
    #[schema(example = "1.1.0")]
    pub contract_version: String,
    /// Rows that landed.
    pub released: u64,
    /// Rows that still break rules.
    pub held: u64,
    /// Every submission that had rows in quarantine.
    pub submissions: Vec<ReleasedSubmissionDto>,
}

impl From<ReleaseRequest> for ReleaseDto {
    fn from(request: ReleaseRequest) -> Self {
        Self {
            dataset: request.dataset.to_string(),
            agency: request.agency.map(|agency| agency.to_string()),
            period: request.period.map(|period| period.to_string()),
            submission: request.submission.map(|id| id.to_string()),
        }
    }
}

impl TryFrom<ReleaseDto> for ReleaseRequest {
    type Error = ServiceError;

    fn try_from(dto: ReleaseDto) -> Result<Self, ServiceError> {
        let dataset = Some(dto.dataset.as_str());
        let filter = crate::routes::quarantine_filter(|name| match name {
            "dataset" => dataset,
            "agency" => dto.agency.as_deref(),
            "period" => dto.period.as_deref(),
            "submission" => dto.submission.as_deref(),
            _ => None,
        })?;
        let dataset = filter.dataset.ok_or_else(|| {
            ServiceError::new(ErrorKind::Invalid, "the release names no dataset")
                .hint("Add `dataset`, such as `raw.dossiers`.")
        })?;
        Ok(Self {
            dataset,
            agency: filter.agency,
            period: filter.period,
            submission: filter.submission,
        })
    }
}

impl From<ReleasedSubmission> for ReleasedSubmissionDto {
    fn from(of: ReleasedSubmission) -> Self {
        Self {
            submission: of.submission.to_string(),
            released: of.released,
            held: of.held,
            rules: of.rules.into_iter().collect(),
            superseded: of.superseded,
            passed_over: of.passed_over,
            table_version: of.table_version,
        }
    }
}

impl TryFrom<ReleasedSubmissionDto> for ReleasedSubmission {
    type Error = ServiceError;

    fn try_from(dto: ReleasedSubmissionDto) -> Result<Self, ServiceError> {
        Ok(Self {
            submission: read(&dto.submission, "a submission id")?,
            released: dto.released,
            held: dto.held,
            rules: dto.rules.into_iter().collect(),
            superseded: dto.superseded,
            passed_over: dto.passed_over,
            table_version: dto.table_version,
        })
    }
}

impl From<ReleaseReport> for ReleaseReportDto {
    fn from(report: ReleaseReport) -> Self {
        let rows = |of: fn(&ReleasedSubmission) -> u64| report.submissions.iter().map(of).sum();
        Self {
            released: rows(|of| of.released),
            held: rows(|of| of.held),
            id: report.id,
            dataset: report.dataset.to_string(),
            contract_version: report.contract_version,
            submissions: report.submissions.into_iter().map(Into::into).collect(),
        }
    }
}

impl TryFrom<ReleaseReportDto> for ReleaseReport {
    type Error = ServiceError;

    fn try_from(dto: ReleaseReportDto) -> Result<Self, ServiceError> {
        let submissions = dto.submissions.into_iter().map(TryInto::try_into);
        Ok(Self {
            id: dto.id,
            dataset: read(&dto.dataset, "a dataset name")?,
            contract_version: dto.contract_version,
            submissions: submissions.collect::<Result<_, _>>()?,
        })
    }
}
