//! Entries of the audit journal.

use serde::{Deserialize, Serialize};
use service::{AuditRecord, ServiceError};
use utoipa::ToSchema;

use super::{instant, read_instant};

/// An entry: the attempt of an act, or its effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditRecordDto {
    /// The position in the journal, from 1.
    pub sequence: u64,
    /// When it was written.
    #[schema(format = DateTime)]
    pub at: String,
    /// `attempt` or `effect`.
    pub phase: String,
    /// The act.
    pub action: String,
    /// What it was about: a dataset, a submission, a report.
    pub resource: String,
    /// The principal's name; empty if unknown.
    pub principal: String,
    /// The door.
    pub door: String,
    /// The peer's address; empty for the command line.
    pub peer: String,
    /// `allowed`, `denied`, `done` or `failed`.
    pub outcome: String,
    /// What else is to be known, as JSON text.
    pub detail: String,
    /// Ties the attempt to its effect.
    pub correlation_id: String,
}

impl From<AuditRecord> for AuditRecordDto {
    fn from(record: AuditRecord) -> Self {
        Self {
            sequence: record.sequence,
            at: instant(record.at),
            phase: record.phase,
            action: record.action,
            resource: record.resource,
            principal: record.principal,
            door: record.door,
            peer: record.peer,
            outcome: record.outcome,
            detail: record.detail,
            correlation_id: record.correlation_id,
        }
    }
}

impl TryFrom<AuditRecordDto> for AuditRecord {
    type Error = ServiceError;

    fn try_from(dto: AuditRecordDto) -> Result<Self, ServiceError> {
        Ok(Self {
            sequence: dto.sequence,
            at: read_instant(&dto.at)?,
            phase: dto.phase,
            action: dto.action,
            resource: dto.resource,
            principal: dto.principal,
            door: dto.door,
            peer: dto.peer,
            outcome: dto.outcome,
            detail: dto.detail,
            correlation_id: dto.correlation_id,
        })
    }
}
