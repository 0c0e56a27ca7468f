//! Failures of a command, and the exit code of each kind: the one place.

use std::process::ExitCode;

use service::{ErrorKind, ServiceError};

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Checks failed or data was refused: exit 1. What there was to say was said.
    Refused,
    /// The command was called wrongly: exit 2.
    Usage(String),
    /// What it needs is not there, or is held: exit 3.
    Unavailable(String),
    /// The service's answer.
    Service(Box<ServiceError>),
    /// Anything else.
    Other(anyhow::Error),
}

/// What a command answers.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Self {
        Self::Service(Box::new(error))
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Other(error)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Other(error.into())
    }
}

impl Failure {
    /// The message, the hint and the exit code.
    pub(crate) fn told(self) -> (String, Option<String>, ExitCode) {
        match self {
            Self::Refused => (String::new(), None, ExitCode::from(1)),
            Self::Usage(message) => (message, None, ExitCode::from(2)),
            Self::Unavailable(message) => (message, None, ExitCode::from(3)),
            Self::Other(error) => (format!("{error:#}"), None, ExitCode::from(3)),
            Self::Service(error) => {
                let code = exit_code(error.kind);
                (error.message, error.hint, ExitCode::from(code))
            }
        }
    }
}

fn exit_code(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::Refused
        | ErrorKind::Conflict
        | ErrorKind::Gone
        | ErrorKind::Forbidden
        | ErrorKind::Unauthenticated
        | ErrorKind::BodyTooLarge
        | ErrorKind::LimitExceeded => 1,
        ErrorKind::Invalid | ErrorKind::NotFound => 2,
        ErrorKind::Busy
        | ErrorKind::Locked
        | ErrorKind::Damaged
        | ErrorKind::Unavailable
        | ErrorKind::Corrupt
        | ErrorKind::Internal => 3,
    }
}
