//! Submissions, receipts, row errors.

use project::Severity;
use serde::{Deserialize, Serialize};
use service::{
    BodyType, ControlTotal, Ended, Receipt, Relation, Restriction, RowCounts, RowError, RowErrors,
    ServiceError, Submission, SubmissionState, SubmitAnswer, Superseded,
};
use utoipa::ToSchema;

use super::{ErasureDto, RestatementDto, instant, known, read, read_instant, unread};

/// The bytes that were received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EvidenceDto {
    /// Their SHA-256 in hex.
    pub sha256: String,
    /// Their number.
    pub size_bytes: u64,
}

/// What became of the rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RowCountsDto {
    /// Rows in the body.
    pub received: u64,
    /// Rows that are in the table.
    pub landed: u64,
    /// Rows that are in quarantine.
    pub quarantined: u64,
    /// Landed rows with at least one warning.
    pub warned: u64,
}

/// What an agency can show for its submission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReceiptDto {
    /// The submission.
    #[schema(example = "0192f0c1-7a3b-7000-8000-000000000001")]
    pub id: String,
    /// The agency.
    #[schema(example = "H26.01")]
    pub agency: String,
    /// The dataset.
    #[schema(example = "raw.dossiers")]
    pub dataset: String,
    /// The period.
    #[schema(example = "2026-09")]
    pub period: String,
    /// The contract's version that judged the rows.
    #[schema(example = "1.0.0")]
    pub contract_version: String,
    /// The bytes that were received.
    pub evidence: EvidenceDto,
    /// What became of the rows.
    pub rows: RowCountsDto,
    /// When the body was complete.
    #[schema(format = DateTime)]
    pub received_at: String,
    /// `on_time` or `late`; left out if the dataset has no deadline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "on_time")]
    pub timeliness: Option<String>,
    /// The last civil day on which it was on time; left out if the dataset has no deadline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = Date)]
    pub due_on: Option<String>,
    /// The table's version that holds the rows; none for a dry run.
    pub table_version: Option<i64>,
    /// When that version was committed; none for a dry run.
    #[schema(format = DateTime)]
    pub committed_at: Option<String>,
    /// What it superseded; none if nothing.
    pub supersedes: Option<SupersedesDto>,
    /// The totals that the sender declared.
    pub control_totals: Vec<ControlTotalDto>,
    /// The signature of the receipt; none before it is committed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<ProofDto>,
}

/// What of an earlier submission went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SupersedesDto {
    /// `replaces`: all of its rows went; `corrects`: those with the same keys.
    #[schema(example = "corrects")]
    pub relation: String,
    /// The earlier submission.
    pub submission: String,
    /// Rows that went from the table.
    pub rows: u64,
}

/// A total as it was declared and found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ControlTotalDto {
    /// `rows`, or the column that was summed up.
    pub name: String,
    /// As the sender wrote it.
    pub declared: String,
    /// As it was found.
    pub found: Option<String>,
}

/// A signature, and the exact bytes that it is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProofDto {
    /// `Ed25519`.
    #[schema(example = "Ed25519")]
    pub algorithm: String,
    /// Which of `/api/v1/keys` signed.
    pub key_id: String,
    /// The bytes that were signed, in base64: the receipt without this member.
    pub payload: String,
    /// The signature, in base64.
    pub signature: String,
}

/// One thing wrong with one row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RowErrorDto {
    /// The row in the body, from 1; 0 speaks of the body as a whole.
    pub row: u64,
    /// The column, if it is about one.
    pub column: Option<String>,
    /// The rule.
    #[schema(example = "code_list")]
    pub rule: String,
    /// `error`: the row was refused; `warning`: it landed.
    #[schema(example = "error")]
    pub severity: String,
    /// The start of the value; masked where it looks like personal data.
    pub value_excerpt: Option<String>,
    /// What is wrong.
    pub message: String,
}

/// A page of row errors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RowErrorsDto {
    /// The row errors of the page.
    pub errors: Vec<RowErrorDto>,
    /// How many there are in all.
    pub errors_total: u64,
}

/// The receipt, and the first row errors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SubmitAnswerDto {
    /// The receipt.
    #[serde(flatten)]
    pub receipt: ReceiptDto,
    /// The first row errors and warnings.
    pub errors: Vec<RowErrorDto>,
    /// How many there are in all.
    pub errors_total: u64,
    /// Which published figures the rows would change; there if `restatement` asked for it and a row
    /// would land.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restatement: Option<RestatementDto>,
}

/// A withdrawal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WithdrawalDto {
    /// Why, for the history; it must not be empty.
    #[serde(default)]
    #[schema(example = "sent for the wrong period")]
    pub reason: String,
}

/// What a withdrawal answers: the submission; after a dry run what it would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum WithdrawnDto {
    /// It is withdrawn.
    Submission(Box<SubmissionDto>),
    /// It would change this.
    Restatement(Box<RestatementDto>),
}

/// A submission with its state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SubmissionDto {
    /// `durable`: the evidence is kept; `committed`: the rows are in the table; `refused`: no row
    /// landed.
    #[schema(example = "committed")]
    pub state: String,
    /// The receipt; counts are zero while it is only durable.
    pub receipt: ReceiptDto,
    /// Who sent it.
    pub principal: String,
    /// The media type of the body, with what its sender declared.
    #[schema(example = "text/csv; charset=windows-1258; compression=gzip")]
    pub format: String,
    /// Why it was refused as a whole; none otherwise.
    pub refusal: Option<String>,
    /// The `Idempotency-Key` that it came with.
    pub key: Option<String>,
    /// When it ceased to count; none while it does.
    #[schema(format = DateTime)]
    pub ended_at: Option<String>,
    /// The submission that replaced it; none when it was withdrawn.
    pub ended_by: Option<String>,
    /// Why its evidence is restricted, with a retention of its own: `classified`, its contract says
    /// so; `personal_data`, judging hid values that look personal; `unread`, it was refused before it
    /// was read to its end. Left out if it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "personal_data")]
    pub restricted: Option<String>,
    /// That its evidence was erased; left out if it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erased: Option<ErasureDto>,
}

/// A receipt with its signature.
pub(crate) fn sealed(receipt: Receipt, sealed: Option<&str>) -> ReceiptDto {
    #[derive(Deserialize)]
    struct Sealed {
        proof: ProofDto,
    }
    let proof = sealed.and_then(|text| serde_json::from_str::<Sealed>(text).ok());
    ReceiptDto {
        proof: proof.map(|sealed| sealed.proof),
        ..receipt.into()
    }
}

/// The signed document of a receipt that was received.
fn document(receipt: &ReceiptDto) -> Option<String> {
    receipt.proof.as_ref()?;
    serde_json::to_string(receipt).ok()
}

impl From<Superseded> for SupersedesDto {
    fn from(superseded: Superseded) -> Self {
        Self {
            relation: superseded.relation.as_str().to_owned(),
            submission: superseded.relation.target().to_string(),
            rows: superseded.rows,
        }
    }
}

impl TryFrom<SupersedesDto> for Superseded {
    type Error = ServiceError;

    fn try_from(dto: SupersedesDto) -> Result<Self, ServiceError> {
        let target = read(&dto.submission, "a submission id")?;
        let relation = Relation::new(&dto.relation, target);
        Ok(Self {
            relation: relation.ok_or_else(|| unread(&dto.relation, "a relation"))?,
            rows: dto.rows,
        })
    }
}

impl From<ControlTotal> for ControlTotalDto {
    fn from(total: ControlTotal) -> Self {
        let ControlTotal {
            name,
            declared,
            found,
        } = total;
        Self {
            name,
            declared,
            found,
        }
    }
}

impl From<ControlTotalDto> for ControlTotal {
    fn from(dto: ControlTotalDto) -> Self {
        let ControlTotalDto {
            name,
            declared,
            found,
        } = dto;
        Self {
            name,
            declared,
            found,
        }
    }
}

impl From<RowCounts> for RowCountsDto {
    fn from(rows: RowCounts) -> Self {
        Self {
            received: rows.received,
            landed: rows.landed,
            quarantined: rows.quarantined,
            warned: rows.warned,
        }
    }
}

impl From<RowCountsDto> for RowCounts {
    fn from(dto: RowCountsDto) -> Self {
        Self {
            received: dto.received,
            landed: dto.landed,
            quarantined: dto.quarantined,
            warned: dto.warned,
        }
    }
}

impl From<Receipt> for ReceiptDto {
    fn from(receipt: Receipt) -> Self {
        let timeliness = receipt.timeliness().map(|word| word.as_str().to_owned());
        Self {
            id: receipt.id.to_string(),
            agency: receipt.agency.to_string(),
            dataset: receipt.dataset.to_string(),
            period: receipt.period.to_string(),
            contract_version: receipt.contract_version,
            evidence: EvidenceDto {
                sha256: receipt.evidence_sha256,
                size_bytes: receipt.evidence_size_bytes,
            },
            rows: receipt.rows.into(),
            received_at: instant(receipt.received_at),
            timeliness,
            due_on: receipt.due_on.map(|day| day.to_string()),
            table_version: receipt.table_version,
            committed_at: receipt.committed_at.map(instant),
            supersedes: receipt.supersedes.map(Into::into),
            control_totals: receipt.control_totals.into_iter().map(Into::into).collect(),
            proof: None,
        }
    }
}

impl TryFrom<ReceiptDto> for Receipt {
    type Error = ServiceError;

    fn try_from(dto: ReceiptDto) -> Result<Self, ServiceError> {
        let due_on = dto.due_on.as_deref().map(|day| read(day, "a day"));
        Ok(Self {
            id: read(&dto.id, "a submission id")?,
            agency: read(&dto.agency, "an agency code")?,
            dataset: read(&dto.dataset, "a dataset name")?,
            period: read(&dto.period, "a period code")?,
            contract_version: dto.contract_version,
            evidence_sha256: dto.evidence.sha256,
            evidence_size_bytes: dto.evidence.size_bytes,
            rows: dto.rows.into(),
            received_at: read_instant(&dto.received_at)?,
            due_on: due_on.transpose()?,
            table_version: dto.table_version,
            committed_at: dto.committed_at.as_deref().map(read_instant).transpose()?,
            supersedes: dto.supersedes.map(TryInto::try_into).transpose()?,
            control_totals: dto.control_totals.into_iter().map(Into::into).collect(),
        })
    }
}

impl From<RowError> for RowErrorDto {
    fn from(error: RowError) -> Self {
        Self {
            row: error.row,
            column: error.column,
            rule: error.rule,
            severity: error.severity.as_str().to_owned(),
            value_excerpt: error.value_excerpt,
            message: error.message,
        }
    }
}

impl From<RowErrorDto> for RowError {
    fn from(dto: RowErrorDto) -> Self {
        let warning = dto.severity == "warning";
        Self {
            row: dto.row,
            column: dto.column,
            rule: dto.rule,
            severity: if warning {
                Severity::Warning
            } else {
                Severity::Error
            },
            value_excerpt: dto.value_excerpt,
            message: dto.message,
        }
    }
}

impl From<RowErrors> for RowErrorsDto {
    fn from(rows: RowErrors) -> Self {
        let errors = rows.errors.into_iter().map(Into::into).collect();
        Self {
            errors,
            errors_total: rows.total,
        }
    }
}

impl From<RowErrorsDto> for RowErrors {
    fn from(dto: RowErrorsDto) -> Self {
        let errors = dto.errors.into_iter().map(Into::into).collect();
        Self {
            errors,
            total: dto.errors_total,
        }
    }
}

impl From<SubmitAnswer> for SubmitAnswerDto {
    fn from(answer: SubmitAnswer) -> Self {
        let RowErrorsDto {
            errors,
            errors_total,
        } = answer.errors.into();
        Self {
            receipt: sealed(answer.receipt, answer.sealed.as_deref()),
            errors,
            errors_total,
            restatement: answer.restatement.map(Into::into),
        }
    }
}

impl SubmitAnswerDto {
    /// The answer; that it was a replay or a dry run is in the status and the request.
    pub fn into_answer(self, replayed: bool, dry_run: bool) -> Result<SubmitAnswer, ServiceError> {
        let errors = RowErrorsDto {
            errors: self.errors,
            errors_total: self.errors_total,
        }
        .into();
        Ok(SubmitAnswer {
            sealed: document(&self.receipt),
            receipt: self.receipt.try_into()?,
            errors,
            replayed,
            dry_run,
            restatement: self.restatement.map(TryInto::try_into).transpose()?,
        })
    }
}

impl From<Submission> for SubmissionDto {
    fn from(submission: Submission) -> Self {
        Self {
            state: submission.state.as_str().to_owned(),
            receipt: sealed(submission.receipt, submission.sealed.as_deref()),
            principal: submission.principal,
            format: submission.format.to_string(),
            refusal: submission.refusal,
            key: submission.key,
            ended_at: submission.ended.map(|ended| instant(ended.at)),
            ended_by: submission
                .ended
                .and_then(|ended| ended.by)
                .map(|by| by.to_string()),
            restricted: submission.restricted.map(|why| why.as_str().to_owned()),
            erased: submission.erased.map(Into::into),
        }
    }
}

impl TryFrom<SubmissionDto> for Submission {
    type Error = ServiceError;

    fn try_from(dto: SubmissionDto) -> Result<Self, ServiceError> {
        use SubmissionState::{Committed, Durable, Refused};
        let states = [Durable, Committed, Refused];
        let ended_by = dto
            .ended_by
            .as_deref()
            .map(|id| read(id, "a submission id"));
        let ended_by = ended_by.transpose()?;
        let why = |word: &str| known(word, "a restriction", Restriction::ALL, |why| why.as_str());
        let restricted = dto.restricted.as_deref().map(why);
        let ended_at = dto.ended_at.as_deref().map(read_instant).transpose()?;
        Ok(Self {
            sealed: document(&dto.receipt),
            state: known(&dto.state, "a submission's state", states, |s| s.as_str())?,
            receipt: dto.receipt.try_into()?,
            principal: dto.principal,
            format: BodyType::from_media_type(&dto.format)
                .ok_or_else(|| unread(&dto.format, "a body's media type"))?,
            refusal: dto.refusal,
            key: dto.key,
            ended: ended_at.map(|at| Ended { by: ended_by, at }),
            restricted: restricted.transpose()?,
            erased: dto.erased.map(TryInto::try_into).transpose()?,
        })
    }
}
