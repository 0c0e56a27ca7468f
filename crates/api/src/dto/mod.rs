//! The JSON forms of what crosses the service. Domain types know no JSON; these know both.

mod access;
mod at;
mod audit;
mod catalogue;
mod connector;
mod erasure;
mod lineage;
mod maintenance;
mod obligation;
mod preview;
mod profile;
mod quality;
mod quarantine;
mod query;
mod release;
mod rendition;
mod report;
mod restatement;
mod rollback;
mod run;
mod submission;
mod trace;
mod upload;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use service::{ErrorKind, ServiceError};
use utoipa::ToSchema;

pub use access::{CodeDto, NewTokenDto, PrincipalDto, TokenDto};
pub use at::at_from_text;
pub use audit::AuditRecordDto;
pub use catalogue::{
    ColumnDto, DataFileDto, DatasetDetailDto, DatasetDto, PartitionDto, PartitionValueDto,
    TableStateDto, TableVersionDto,
};
pub use connector::{ConnectorDto, PullReportDto, PullRequestDto, PulledPieceDto};
pub use erasure::{EraseDto, EraseReportDto, ErasureDto};
pub use lineage::{ColumnRefDto, EdgeDto, LineageDto, NodeDto};
pub use maintenance::{MaintainDto, MaintenanceDto, MaintenanceStepDto};
pub use obligation::{ExtendDto, ExtensionDto, ObligationDto};
pub use preview::{ImpactDto, PreviewDto, PreviewRequestDto, ReaderDto, RetypedColumnDto};
pub use profile::{ColumnProfileDto, ProfiledBinDto, ProfiledValueDto};
pub use quality::RuleOutcomeDto;
pub use quarantine::{QuarantinePageDto, QuarantinedRowDto};
pub use query::QueryDto;
pub use release::{ReleaseDto, ReleaseReportDto, ReleasedSubmissionDto};
pub use rendition::{ManifestDto, ManifestQueryDto, RenderDto, RenditionDto, SupersessionDto};
pub use report::{BlockDto, ParameterDto, ReportColumnDto, ReportDto};
pub use restatement::{
    CitingRenditionDto, RestatedDatasetDto, RestatedFigureDto, RestatedRowDto, RestatementDto,
};
pub use rollback::{RestoredDatasetDto, RollbackDto};
pub use run::{PlanDto, PlanItemDto, RunDto, RunRequestDto, RunStepDto};
pub(crate) use submission::sealed;
pub use submission::{
    ControlTotalDto, EvidenceDto, ProofDto, ReceiptDto, RowCountsDto, RowErrorDto, RowErrorsDto,
    SubmissionDto, SubmitAnswerDto, SupersedesDto, WithdrawalDto, WithdrawnDto,
};
pub use trace::{TraceDto, TraceRequestDto, TraceStopDto, TracedSubmissionDto};
pub use upload::UploadDto;

/// A text in the two languages of the system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TextDto {
    /// Vietnamese.
    pub vi: String,
    /// English.
    pub en: String,
}

impl From<project::Text> for TextDto {
    fn from(text: project::Text) -> Self {
        Self {
            vi: text.vi,
            en: text.en,
        }
    }
}

impl From<TextDto> for project::Text {
    fn from(text: TextDto) -> Self {
        Self {
            vi: text.vi,
            en: text.en,
        }
    }
}

/// An instant as ISO 8601 in UTC.
pub(crate) fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

pub(crate) fn read_instant(text: &str) -> Result<DateTime<Utc>, ServiceError> {
    read(text, "an instant")
}

/// Reads a word that a server sent.
fn read<T: std::str::FromStr>(text: &str, what: &str) -> Result<T, ServiceError> {
    text.parse().map_err(|_| unread(text, what))
}

/// Finds a word that a server sent among those known here.
fn known<T>(
    text: &str,
    what: &str,
    all: impl IntoIterator<Item = T>,
    word: impl Fn(&T) -> &str,
) -> Result<T, ServiceError> {
    all.into_iter()
        .find(|one| word(one) == text)
        .ok_or_else(|| unread(text, what))
}

fn unread(text: &str, what: &str) -> ServiceError {
    ServiceError::new(
        ErrorKind::Invalid,
        format!("the server sent `{text}`, which is not {what}"),
    )
    .hint("Use a client of the server's version.")
}

#[cfg(test)]
mod tests;
