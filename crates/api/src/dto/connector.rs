//! Connectors.

use serde::{Deserialize, Serialize};
use service::{
    ConnectorState, ErrorKind, PullReport, PullRequest, PulledPiece, Result, ServiceError,
};
use utoipa::ToSchema;

use super::{RowCountsDto, TextDto, instant, read, read_instant};

/// A connector as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConnectorDto {
    /// The name.
    #[schema(example = "province-inbox")]
    pub name: String,
    /// The title.
    pub title: TextDto,
    /// The kind of its source: `folder`, `objects`, `http`, `sftp` or `sql`.
    #[schema(example = "folder")]
    pub kind: String,
    /// When it runs, in civil time.
    #[schema(example = "every 900s")]
    pub schedule: String,
    /// Whether it runs by its schedule.
    pub enabled: bool,
    /// Whether some process runs it now.
    pub running: bool,
    /// How far it has read, in words; what they say depends on its source.
    pub mark: Option<String>,
    /// When it last began.
    #[schema(format = DateTime)]
    pub started_at: Option<String>,
    /// When it last came to its end.
    #[schema(format = DateTime)]
    pub ended_at: Option<String>,
    /// Pieces of the last run that landed.
    pub landed: u64,
    /// Pieces of the last run that were refused.
    pub refused: u64,
    /// Runs that failed since the last one that did not.
    pub failures: u64,
    /// Why the last one failed.
    pub error: Option<String>,
    /// What is to be done about that, in the words of an error's `type`: `invalid` is for whoever
    /// declared it, `unavailable` will be tried again.
    #[schema(example = "unavailable")]
    pub error_kind: Option<String>,
    /// When it is due next; null for one that is not enabled.
    #[schema(format = DateTime)]
    pub due_at: Option<String>,
}

/// Which connectors to run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PullRequestDto {
    /// The connector, enabled or not; left out, each one that is enabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connector: Option<String>,
    /// Whether it reads everything again, whatever it has read; only of one that is named.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub from_start: bool,
}

/// What became of a piece: a file, an object, a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PulledPieceDto {
    /// Its name.
    #[schema(example = "H26/raw.dossiers/2026-09/dossiers.csv")]
    pub name: String,
    /// Whether any of its rows landed; else it was refused.
    pub landed: bool,
    /// Its submission; null if it was refused before it became one.
    pub submission: Option<String>,
    /// What became of its rows.
    pub rows: RowCountsDto,
    /// Why it was refused.
    pub message: Option<String>,
}

/// What a run of a connector fetched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PullReportDto {
    /// The connector.
    pub connector: String,
    /// When it began.
    #[schema(format = DateTime)]
    pub started_at: String,
    /// How long it took.
    pub seconds: f64,
    /// The first thousand pieces in the order in which they were taken.
    pub pieces: Vec<PulledPieceDto>,
    /// Why it stopped before the end; what it took before that is settled.
    pub error: Option<String>,
}

impl From<ConnectorState> for ConnectorDto {
    fn from(state: ConnectorState) -> Self {
        Self {
            name: state.name,
            title: state.title.into(),
            kind: state.kind,
            schedule: state.schedule,
            enabled: state.enabled,
            running: state.running,
            mark: state.mark,
            started_at: state.started_at.map(instant),
            ended_at: state.ended_at.map(instant),
            landed: state.landed,
            refused: state.refused,
            failures: state.failures,
            error: state.error,
            error_kind: state.error_kind.map(|kind| kind.as_str().to_owned()),
            due_at: state.due_at.map(instant),
        }
    }
}

impl TryFrom<ConnectorDto> for ConnectorState {
    type Error = ServiceError;

    fn try_from(dto: ConnectorDto) -> Result<Self> {
        let at = |text: Option<String>| text.as_deref().map(read_instant).transpose();
        Ok(Self {
            name: dto.name,
            title: dto.title.into(),
            kind: dto.kind,
            schedule: dto.schedule,
            enabled: dto.enabled,
            running: dto.running,
            mark: dto.mark,
            started_at: at(dto.started_at)?,
            ended_at: at(dto.ended_at)?,
            landed: dto.landed,
            refused: dto.refused,
            failures: dto.failures,
            error: dto.error,
            error_kind: dto.error_kind.as_deref().and_then(ErrorKind::of),
            due_at: at(dto.due_at)?,
        })
    }
}

impl From<PullRequest> for PullRequestDto {
    fn from(request: PullRequest) -> Self {
        Self {
            connector: request.connector,
            from_start: request.from_start,
        }
    }
}

impl From<PullRequestDto> for PullRequest {
    fn from(dto: PullRequestDto) -> Self {
        Self {
            connector: dto.connector,
            from_start: dto.from_start,
        }
    }
}

impl From<PullReport> for PullReportDto {
    fn from(report: PullReport) -> Self {
        let piece = |piece: PulledPiece| PulledPieceDto {
            name: piece.name,
            landed: piece.landed,
            submission: piece.submission.map(|id| id.to_string()),
            rows: piece.rows.into(),
            message: piece.message,
        };
        Self {
            connector: report.connector,
            started_at: instant(report.started_at),
            seconds: report.seconds,
            pieces: report.pieces.into_iter().map(piece).collect(),
            error: report.error,
        }
    }
}

impl TryFrom<PulledPieceDto> for PulledPiece {
    type Error = ServiceError;

    fn try_from(dto: PulledPieceDto) -> Result<Self> {
        let id = dto.submission.as_deref();
        Ok(Self {
            name: dto.name,
            landed: dto.landed,
            submission: id.map(|id| read(id, "a submission's id")).transpose()?,
            rows: dto.rows.into(),
            message: dto.message,
        })
    }
}

impl TryFrom<PullReportDto> for PullReport {
    type Error = ServiceError;

    fn try_from(dto: PullReportDto) -> Result<Self> {
        let pieces = dto.pieces.into_iter().map(TryInto::try_into);
        Ok(Self {
            connector: dto.connector,
            started_at: read_instant(&dto.started_at)?,
            seconds: dto.seconds,
            pieces: pieces.collect::<Result<_>>()?,
            error: dto.error,
        })
    }
}
