//! What is written down of an upload: what it is to become, for whom, and what became of it.

use std::collections::BTreeMap;
use std::net::IpAddr;

use chrono::{DateTime, Utc};
use project::AgencyCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use service::{
    Ack, BodyType, Call, Door, ErrorKind, Principal, Relation, ServiceError, SubmissionId,
    SubmitAnswer, SubmitRequest, UploadId, UploadRequest,
};

/// An upload, as it was begun.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub principal: Principal,
    /// Through which door, from where: as the journal shows the submission. It holds no credential.
    pub call: Call,
    pub agency: AgencyCode,
    /// What is submitted when it is complete; it has a key.
    pub submit: SubmitRequest,
    pub length: u64,
    pub metadata: String,
}

/// What became of one.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It is kept as a submission, landed or refused.
    Submission { id: SubmissionId, replayed: bool },
    /// It became none.
    Refused(Refusal),
    /// It was a dry run; that is told from memory, and done again after a restart.
    Rehearsed(Box<SubmitAnswer>),
}

/// An error that can be told again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Refusal {
    kind: String,
    message: String,
    hint: Option<String>,
}

impl Record {
    pub(crate) fn new(
        id: UploadId,
        principal: Principal,
        call: &Call,
        agency: AgencyCode,
        request: UploadRequest,
    ) -> Self {
        let UploadRequest {
            mut submit,
            length,
            metadata,
        } = request;
        submit.agency = Some(agency.clone());
        // Tried again after a crash, it must be known again.
        submit.key.get_or_insert_with(|| format!("upload-{id}"));
        Self {
            principal,
            call: Call {
                credential: None,
                ..call.clone()
            },
            agency,
            submit,
            length,
            metadata,
        }
    }

    pub(crate) fn to_json(&self) -> Option<Value> {
        let Self {
            principal, submit, ..
        } = self;
        let written = Written {
            principal: principal.name.clone(),
            role: principal.role.clone(),
            of_agency: principal.agency.as_ref().map(ToString::to_string),
            door: self.call.door.as_str().to_owned(),
            peer: self.call.peer,
            user_agent: self.call.user_agent.clone(),
            correlation_id: self.call.correlation_id.clone(),
            agency: self.agency.to_string(),
            dataset: submit.dataset.to_string(),
            period: submit.period.to_string(),
            format: submit.format.to_string(),
            key: submit.key.clone(),
            dry_run: submit.dry_run,
            relation: submit
                .relation
                .map(|relation| (relation.as_str().to_owned(), relation.target().to_string())),
            control_totals: submit.control_totals.clone(),
            durable: submit.ack == Ack::Durable,
            metadata: self.metadata.clone(),
        };
        serde_json::to_value(written).ok()
    }

    /// None if it was written by another release, or is damaged.
    pub(crate) fn from_json(value: Value, length: u64) -> Option<Self> {
        let written: Written = serde_json::from_value(value).ok()?;
        let agency: AgencyCode = written.agency.parse().ok()?;
        let relation = match &written.relation {
            None => None,
            Some((word, target)) => Some(Relation::new(word, target.parse().ok()?)?),
        };
        let of_agency = written.of_agency.map(|agency| agency.parse()).transpose();
        let format = BodyType::from_media_type(&written.format)?;
        Some(Self {
            principal: Principal {
                name: written.principal,
                role: written.role,
                agency: of_agency.ok()?,
            },
            call: Call {
                credential: None,
                door: [Door::Http, Door::Page, Door::Cli]
                    .into_iter()
                    .find(|door| door.as_str() == written.door)?,
                peer: written.peer,
                user_agent: written.user_agent,
                correlation_id: written.correlation_id,
            },
            submit: SubmitRequest {
                agency: Some(agency.clone()),
                key: written.key,
                dry_run: written.dry_run,
                relation,
                control_totals: written.control_totals,
                ack: if written.durable {
                    Ack::Durable
                } else {
                    Ack::Committed
                },
                ..SubmitRequest::new(
                    written.dataset.parse().ok()?,
                    written.period.parse().ok()?,
                    format,
                )
            },
            agency,
            length,
            metadata: written.metadata,
        })
    }
}

#[derive(Serialize, Deserialize)]
struct Written {
    principal: String,
    role: String,
    of_agency: Option<String>,
    door: String,
    peer: Option<IpAddr>,
    user_agent: Option<String>,
    correlation_id: String,
    agency: String,
    dataset: String,
    period: String,
    format: String,
    key: Option<String>,
    dry_run: bool,
    relation: Option<(String, String)>,
    control_totals: BTreeMap<String, String>,
    durable: bool,
    metadata: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WrittenOutcome {
    Submission { id: String, replayed: bool },
    Refused(Refusal),
}

impl Outcome {
    /// None for a dry run.
    pub(crate) fn to_json(&self) -> Option<Value> {
        let written = match self {
            Self::Submission { id, replayed } => WrittenOutcome::Submission {
                id: id.to_string(),
                replayed: *replayed,
            },
            Self::Refused(refusal) => WrittenOutcome::Refused(refusal.clone()),
            Self::Rehearsed(_) => return None,
        };
        serde_json::to_value(written).ok()
    }

    pub(crate) fn from_json(value: Value) -> Option<Self> {
        Some(match serde_json::from_value(value).ok()? {
            WrittenOutcome::Submission { id, replayed } => Self::Submission {
                id: id.parse().ok()?,
                replayed,
            },
            WrittenOutcome::Refused(refusal) => Self::Refused(refusal),
        })
    }
}

impl Refusal {
    pub(crate) fn of(error: &ServiceError) -> Self {
        Self {
            kind: error.kind.as_str().to_owned(),
            message: error.message.clone(),
            hint: error.hint.clone(),
        }
    }

    pub(crate) fn error(&self) -> ServiceError {
        let mut kinds = ErrorKind::ALL.into_iter();
        let kind = kinds.find(|kind| kind.as_str() == self.kind);
        let mut error = ServiceError::new(kind.unwrap_or(ErrorKind::Internal), &*self.message);
        error.hint.clone_from(&self.hint);
        error
    }
}

/// An instant as the log of an upload stamps it.
pub(crate) fn stamp(at: DateTime<Utc>) -> i64 {
    at.timestamp_micros()
}
