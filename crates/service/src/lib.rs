//! What can be asked of the system: requests, answers, error kinds and the list of acts. API BOUNDARY.
//!
//! *What is here*: the [`Service`] trait that every door speaks to and `conduct` implements, and the
//! types that cross it. *What is never here*: HTTP, SQL engines, tables, JSON; serialisation happens at
//! the doors. *How it is checked*: the door suite in `tests/it` runs over every implementation.
//! *Where to go next*: `conduct` for what the acts do, `api` for the HTTP door.

mod action;
mod body;
mod call;
mod catalogue;
mod connector;
mod erasure;
mod error;
mod maintenance;
mod obligation;
mod preview;
mod profile;
mod quality;
mod quarantine;
mod query;
mod release;
mod report;
mod restatement;
mod rollback;
mod run;
mod seam;
mod submission;
mod trace;
mod upload;

pub use action::Action;
pub use body::{BodyFormat, BodyType};
pub use call::{AuditRecord, Call, Credential, Door, Principal, Secret};
pub use catalogue::{
    DataFileState, DatasetDetail, DatasetSummary, Direction, LineageAnswer, LineageRequest,
    PartitionState, TableState, TableVersion,
};
pub use connector::{ConnectorState, PullReport, PullRequest, PulledPiece};
pub use erasure::{EraseReport, EraseRequest, Erasure, Restriction};
pub use error::{ErrorKind, Result, ServiceError};
pub use maintenance::{
    MaintainRequest, MaintenanceReport, MaintenanceState, MaintenanceStep, MaintenanceTask,
};
pub use obligation::{
    ExtendRequest, Extension, HandedIn, Obligation, ObligationFilter, ObligationKey, Timeliness,
};
pub use preview::{Impact, Preview, PreviewRequest, Reader, RetypedColumn};
pub use profile::{ColumnProfile, ProfiledBin, ProfiledValue};
pub use quality::RuleOutcome;
pub use quarantine::{
    QuarantineFile, QuarantineFilter, QuarantineFormat, QuarantinePage, QuarantinedRow,
};
pub use query::{At, Batches, QueryAnswer, QueryRequest, Value};
pub use release::{ReleaseReport, ReleaseRequest, ReleasedSubmission};
pub use report::{
    Document, Manifest, ManifestQuery, RenderRequest, Rendition, RenditionFormat, Supersession,
};
pub use restatement::{
    CitingRendition, RestateRequest, RestatedDataset, RestatedFigure, RestatedRow, Restatement,
};
pub use rollback::{RestoredDataset, RollbackReport};
pub use run::{
    Plan, PlanItem, PlannedChange, PlannedRun, RunReport, RunRequest, RunStep, StepState,
};
pub use seam::{ByteStream, Evidence, Service};
pub use submission::{
    Ack, ControlTotal, Ended, Page, Receipt, Relation, RowCounts, RowError, RowErrors, Submission,
    SubmissionId, SubmissionState, SubmitAnswer, SubmitRequest, Superseded, WithdrawRequest,
};
pub use trace::{TraceAnswer, TraceRequest, TraceRole, TraceStop, TracedSubmission};
pub use upload::{Checksum, Upload, UploadId, UploadPart, UploadRequest, UploadState};
