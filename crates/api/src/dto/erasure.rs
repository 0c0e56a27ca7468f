//! Erasing evidence.

use serde::{Deserialize, Serialize};
use service::{EraseReport, Erasure, ServiceError};
use utoipa::ToSchema;

use super::{EvidenceDto, instant, read, read_instant};

/// A request to erase the evidence of a submission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EraseDto {
    /// Why, for the history; it must not be empty, and must name nobody.
    #[serde(default)]
    #[schema(example = "citizen ids were sent by mistake")]
    pub reason: String,
    /// Whether it may be erased although other submissions brought the same bytes: it is their
    /// evidence too.
    #[serde(default)]
    pub others: bool,
}

/// That evidence was erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErasureDto {
    /// When.
    #[schema(format = DateTime)]
    pub at: String,
    /// Who erased it.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// What an erasure did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EraseReportDto {
    /// The submissions whose evidence is gone with it, the one that was named first.
    pub submissions: Vec<String>,
    /// What is known of the bytes that are gone.
    pub evidence: EvidenceDto,
    /// Rows that landed from them. Erasing takes none out of its table; withdrawing does.
    pub rows_landed: u64,
    /// When, by whom and why.
    pub erased: ErasureDto,
}

impl From<Erasure> for ErasureDto {
    fn from(erasure: Erasure) -> Self {
        Self {
            at: instant(erasure.at),
            by: erasure.principal,
            reason: erasure.reason,
        }
    }
}

impl TryFrom<ErasureDto> for Erasure {
    type Error = ServiceError;

    fn try_from(dto: ErasureDto) -> Result<Self, ServiceError> {
        Ok(Self {
            at: read_instant(&dto.at)?,
            principal: dto.by,
            reason: dto.reason,
        })
    }
}

impl From<EraseReport> for EraseReportDto {
    fn from(report: EraseReport) -> Self {
        let ids = report.submissions.iter().map(ToString::to_string);
        Self {
            submissions: ids.collect(),
            evidence: EvidenceDto {
                sha256: report.sha256,
                size_bytes: report.size_bytes,
            },
            rows_landed: report.rows_landed,
            erased: report.erasure.into(),
        }
    }
}

impl TryFrom<EraseReportDto> for EraseReport {
    type Error = ServiceError;

    fn try_from(dto: EraseReportDto) -> Result<Self, ServiceError> {
        let ids = dto.submissions.iter().map(|id| read(id, "a submission id"));
        Ok(Self {
            submissions: ids.collect::<Result<_, _>>()?,
            sha256: dto.evidence.sha256,
            size_bytes: dto.evidence.size_bytes,
            rows_landed: dto.rows_landed,
            erasure: dto.erased.try_into()?,
        })
    }
}
