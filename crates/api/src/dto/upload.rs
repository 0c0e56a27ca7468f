//! Uploads.

use serde::{Deserialize, Serialize};
use service::{ServiceError, Upload, UploadState};
use utoipa::ToSchema;

use super::{SubmitAnswerDto, instant, read, read_instant, unread};
use crate::Problem;

/// An upload as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UploadDto {
    /// The upload.
    #[schema(example = "0192f0c1-7a3b-7000-8000-000000000002")]
    pub id: String,
    /// `receiving`: bytes are missing; `landing`: it is complete and is checked and landed; `done`:
    /// `answer` tells what became of it; `refused`: `problem` does.
    #[schema(example = "done")]
    pub state: String,
    /// How many bytes it has.
    pub length: u64,
    /// How many of them are kept.
    pub offset: u64,
    /// When it is given up, or forgotten once it is done, unless more of it comes before.
    #[schema(format = DateTime)]
    pub expires_at: String,
    /// `Upload-Metadata` as it was given.
    pub metadata: String,
    /// The submission that it became, whether rows of it landed or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submission: Option<String>,
    /// Whether the answer is that of an earlier submission with the same key and body.
    #[serde(default)]
    pub replayed: bool,
    /// Whether nothing landed because that was asked for.
    #[serde(default)]
    pub dry_run: bool,
    /// What a body that came at once would be answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<SubmitAnswerDto>,
    /// The problem that a body that came at once would be answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

impl From<Upload> for UploadDto {
    fn from(upload: Upload) -> Self {
        let mut dto = Self {
            id: upload.id.to_string(),
            state: upload.state.as_str().to_owned(),
            length: upload.length,
            offset: upload.offset,
            expires_at: instant(upload.expires_at),
            metadata: upload.metadata,
            submission: None,
            replayed: false,
            dry_run: false,
            answer: None,
            problem: None,
        };
        match upload.state {
            UploadState::Receiving | UploadState::Landing => {}
            UploadState::Done(answer) => {
                let kept = !answer.dry_run;
                dto.submission = kept.then(|| answer.receipt.id.to_string());
                (dto.replayed, dto.dry_run) = (answer.replayed, answer.dry_run);
                dto.answer = Some((*answer).into());
            }
            UploadState::Refused(error) => {
                dto.submission = error.submission.map(|id| id.to_string());
                dto.problem = Some((*error).into());
            }
        }
        dto
    }
}

impl TryFrom<UploadDto> for Upload {
    type Error = ServiceError;

    fn try_from(dto: UploadDto) -> Result<Self, ServiceError> {
        let state = match (dto.state.as_str(), dto.answer, dto.problem) {
            ("receiving", None, None) => UploadState::Receiving,
            ("landing", None, None) => UploadState::Landing,
            ("done", Some(answer), None) => {
                let answer = answer.into_answer(dto.replayed, dto.dry_run)?;
                UploadState::Done(Box::new(answer))
            }
            ("refused", None, Some(problem)) => {
                UploadState::Refused(Box::new(problem.into_error()))
            }
            (other, ..) => return Err(unread(other, "a state of an upload")),
        };
        Ok(Self {
            id: read(&dto.id, "an upload id")?,
            length: dto.length,
            offset: dto.offset,
            metadata: dto.metadata,
            expires_at: read_instant(&dto.expires_at)?,
            state,
        })
    }
}
