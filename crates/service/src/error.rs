//! Errors as the caller sees them: a kind that says what to do next, a message, a hint.

use std::error::Error;
use std::fmt;
use std::num::NonZeroU32;

use crate::{RowErrors, SubmissionId};

/// What every act answers.
pub type Result<T, E = ServiceError> = std::result::Result<T, E>;

/// What the caller must do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// Ask differently: the request is wrong.
    Invalid,
    /// Mend the data: it was understood and refused.
    Refused,
    /// Say who you are.
    Unauthenticated,
    /// Ask someone who may.
    Forbidden,
    /// Name something that exists.
    NotFound,
    /// Do without: it was there and was erased for good.
    Gone,
    /// Look at what is there already.
    Conflict,
    /// Send or ask for less: the request's body is over its limit.
    BodyTooLarge,
    /// Ask for less: a limit on time, memory, rows or bytes was met.
    LimitExceeded,
    /// Wait as long as told, then send it again: there is too much in work, or you come too often.
    Busy,
    /// Wait until the other request about the same thing has ended.
    Locked,
    /// Send the same bytes again: they are not what their checksum says.
    Damaged,
    /// Try again later.
    Unavailable,
    /// Call the operator: stored data is not what it must be.
    Corrupt,
    /// Report a defect.
    Internal,
}

impl ErrorKind {
    /// Every kind.
    pub const ALL: [Self; 15] = [
        Self::Invalid,
        Self::Refused,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::NotFound,
        Self::Gone,
        Self::Conflict,
        Self::BodyTooLarge,
        Self::LimitExceeded,
        Self::Busy,
        Self::Locked,
        Self::Damaged,
        Self::Unavailable,
        Self::Corrupt,
        Self::Internal,
    ];

    /// The kind of that word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// The word for the kind.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Refused => "refused",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not-found",
            Self::Gone => "gone",
            Self::Conflict => "conflict",
            Self::BodyTooLarge => "body-too-large",
            Self::LimitExceeded => "limit-exceeded",
            Self::Busy => "busy",
            Self::Locked => "locked",
            Self::Damaged => "checksum-mismatch",
            Self::Unavailable => "unavailable",
            Self::Corrupt => "corrupt",
            Self::Internal => "internal",
        }
    }
}

/// An error of an act.
#[derive(Debug)]
pub struct ServiceError {
    /// What the caller must do next.
    pub kind: ErrorKind,
    /// What was attempted on what, and why it failed; lowercase, no final stop.
    pub message: String,
    /// A full sentence that says the way out.
    pub hint: Option<String>,
    /// Seconds after which it had better be tried again, where that is known.
    pub retry_after_s: Option<NonZeroU32>,
    /// The submission that is kept although it was refused.
    pub submission: Option<SubmissionId>,
    /// What is wrong with which rows.
    pub rows: Option<RowErrors>,
    /// What caused it; for logs, never for callers.
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

impl ServiceError {
    /// An error of that kind.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            kind,
            message,
            hint: None,
            retry_after_s: None,
            submission: None,
            rows: None,
            source: None,
        }
    }

    /// With the way out.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// With how long to wait before it is tried again.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        let seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
        self.retry_after_s = NonZeroU32::new(seconds);
        self
    }

    /// With its cause.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for ServiceError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn Error + 'static))
    }
}
