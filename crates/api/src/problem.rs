//! Problem details (RFC 9457): the one place where errors become answers, and back.

use std::error::Error;
use std::num::NonZeroU32;

use axum::Json;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use service::{ErrorKind, RowErrors, ServiceError};
use utoipa::ToSchema;

use crate::dto::RowErrorDto;

/// The media type of a problem.
pub const PROBLEM_MEDIA_TYPE: &str = "application/problem+json";

/// What the types of problems begin with.
const TYPE_PREFIX: &str = "urn:dtm:problem:";

/// Seconds after which a client may try again what was unavailable, where nobody knows better.
const RETRY_AFTER_S: u32 = 5;

/// The status of an upload's part that is not what its checksum says, by the tus protocol.
const CHECKSUM_MISMATCH: u16 = 460;

/// What went wrong and the way out.
///
/// As an answer it has no body of its own yet: the outermost layer writes it, because only that
/// layer is certain to know the correlation id. Anything between may take it from the answer's
/// extensions and show it in another form, as the pages do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// What kind of problem it is: `urn:dtm:problem:` and a word.
    #[serde(rename = "type")]
    pub problem_type: String,
    /// The kind in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What was attempted on what, and why it failed.
    pub detail: String,
    /// The way out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The submission that is kept although it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submission: Option<String>,
    /// The first things that are wrong with the rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errors: Option<Vec<RowErrorDto>>,
    /// How many things are wrong with the rows in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errors_total: Option<u64>,
    /// Ties this answer to the log and to the audit journal.
    #[serde(default)]
    pub correlation_id: String,
    /// What `Retry-After` says.
    #[serde(skip)]
    pub retry_after_s: Option<NonZeroU32>,
}

/// The title and status of a kind of error.
fn face(kind: ErrorKind) -> (&'static str, StatusCode) {
    match kind {
        ErrorKind::Invalid => ("The request is wrong", StatusCode::BAD_REQUEST),
        ErrorKind::Refused => ("The data is refused", StatusCode::UNPROCESSABLE_ENTITY),
        ErrorKind::Unauthenticated => ("Credentials are needed", StatusCode::UNAUTHORIZED),
        ErrorKind::Forbidden => ("This is not allowed", StatusCode::FORBIDDEN),
        ErrorKind::NotFound => ("There is no such thing", StatusCode::NOT_FOUND),
        ErrorKind::Gone => ("This was erased", StatusCode::GONE),
        ErrorKind::Conflict => ("This conflicts with what is there", StatusCode::CONFLICT),
        ErrorKind::BodyTooLarge => ("The body is too large", StatusCode::PAYLOAD_TOO_LARGE),
        ErrorKind::LimitExceeded => ("A limit was met", StatusCode::UNPROCESSABLE_ENTITY),
        ErrorKind::Busy => ("There is too much to do now", StatusCode::TOO_MANY_REQUESTS),
        ErrorKind::Locked => ("Another request is at work on this", StatusCode::LOCKED),
        ErrorKind::Damaged => (
            "The bytes arrived damaged",
            StatusCode::from_u16(CHECKSUM_MISMATCH).unwrap_or(StatusCode::BAD_REQUEST),
        ),
        ErrorKind::Unavailable => ("Not available now", StatusCode::SERVICE_UNAVAILABLE),
        ErrorKind::Corrupt => ("Stored data is damaged", StatusCode::INTERNAL_SERVER_ERROR),
        ErrorKind::Internal => ("Something broke", StatusCode::INTERNAL_SERVER_ERROR),
    }
}

impl Problem {
    fn new(word: &str, title: &str, status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            problem_type: format!("{TYPE_PREFIX}{word}"),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            hint: None,
            submission: None,
            errors: None,
            errors_total: None,
            correlation_id: String::new(),
            retry_after_s: None,
        }
    }

    /// A problem of HTTP itself: the request never became a call.
    pub fn of_status(status: StatusCode, detail: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or("Not understood");
        let word = title.to_ascii_lowercase().replace(' ', "-");
        Self::new(&word, title, status, detail)
    }

    /// With the way out.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The error that a service somewhere else answered.
    pub fn into_error(self) -> ServiceError {
        let word = self
            .problem_type
            .strip_prefix(TYPE_PREFIX)
            .unwrap_or_default();
        let kind = ErrorKind::ALL
            .into_iter()
            .find(|kind| kind.as_str() == word);
        let mut error = ServiceError::new(kind.unwrap_or(kind_of(self.status)), self.detail);
        error.hint = self.hint;
        error.retry_after_s = self.retry_after_s;
        error.submission = self.submission.and_then(|id| id.parse().ok());
        error.rows = self.errors.map(|errors| RowErrors {
            total: self.errors_total.unwrap_or(errors.len() as u64),
            errors: errors.into_iter().map(Into::into).collect(),
        });
        error
    }

    /// The complete answer; headers that the problem came with are kept.
    pub(crate) fn write(&self, answer: Response) -> Response {
        let (mut parts, _) = answer.into_parts();
        parts.headers.remove(CONTENT_LENGTH);
        let mut written = (parts.status, Json(self)).into_response();
        let media_type = HeaderValue::from_static(PROBLEM_MEDIA_TYPE);
        parts.headers.insert(CONTENT_TYPE, media_type);
        if parts.status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            parts.headers.insert(WWW_AUTHENTICATE, scheme);
        }
        let told = self.retry_after_s.map(NonZeroU32::get);
        let usual = (parts.status == StatusCode::SERVICE_UNAVAILABLE).then_some(RETRY_AFTER_S);
        if let Some(seconds) = told.or(usual) {
            parts.headers.insert(RETRY_AFTER, seconds.into());
        }
        *written.headers_mut() = parts.headers;
        *written.extensions_mut() = parts.extensions;
        written
    }
}

/// The kind behind a status whose problem type is not known here.
fn kind_of(status: u16) -> ErrorKind {
    match status {
        401 => ErrorKind::Unauthenticated,
        403 => ErrorKind::Forbidden,
        404 => ErrorKind::NotFound,
        409 => ErrorKind::Conflict,
        410 => ErrorKind::Gone,
        413 => ErrorKind::BodyTooLarge,
        423 => ErrorKind::Locked,
        429 => ErrorKind::Busy,
        CHECKSUM_MISMATCH => ErrorKind::Damaged,
        502..=504 => ErrorKind::Unavailable,
        400..=499 => ErrorKind::Invalid,
        _ => ErrorKind::Internal,
    }
}

impl From<ServiceError> for Problem {
    /// Logs what the caller must not see.
    fn from(error: ServiceError) -> Self {
        let (title, status) = face(error.kind);
        if let Some(source) = error.source.as_deref() {
            let chain = chain(source);
            if status.is_server_error() {
                tracing::error!(error = %error.message, cause = %chain, "a request failed");
            } else {
                tracing::debug!(error = %error.message, cause = %chain, "a request was refused");
            }
        } else if status.is_server_error() {
            tracing::error!(error = %error.message, "a request failed");
        }
        let mut problem = Self::new(error.kind.as_str(), title, status, error.message);
        problem.hint = error.hint;
        problem.retry_after_s = error.retry_after_s;
        problem.submission = error.submission.map(|id| id.to_string());
        if let Some(rows) = error.rows {
            problem.errors_total = Some(rows.total);
            problem.errors = Some(rows.errors.into_iter().map(Into::into).collect());
        }
        problem
    }
}

/// For functions whose error would be larger than what they answer.
impl From<ServiceError> for Box<Problem> {
    fn from(error: ServiceError) -> Self {
        Self::new(error.into())
    }
}

impl From<Box<Problem>> for Problem {
    fn from(problem: Box<Problem>) -> Self {
        *problem
    }
}

fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status);
        let mut answer = status
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            .into_response();
        answer.extensions_mut().insert(self);
        answer
    }
}

#[cfg(test)]
mod tests;
