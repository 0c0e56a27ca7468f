//! The errors of the crates below as the caller sees them: the one place where kinds are chosen.

use audit::log::LogError;
use books::BooksError;
use engine::EngineError;
use ingest::IngestError;
use lake::LakeError;
use service::{ErrorKind, RowError, RowErrors, ServiceError};

/// An error of the lake.
pub(crate) fn lake(error: LakeError) -> ServiceError {
    let kind = match &error {
        LakeError::NotFound { .. } => ErrorKind::NotFound,
        LakeError::Conflict { .. } => ErrorKind::Conflict,
        LakeError::Unavailable { .. } => ErrorKind::Unavailable,
        LakeError::Corrupt { .. } => ErrorKind::Corrupt,
        LakeError::Invalid { .. } => ErrorKind::Invalid,
        LakeError::Internal { .. } => ErrorKind::Internal,
    };
    shown(kind, error)
}

/// An error of the control database.
pub(crate) fn books(error: BooksError) -> ServiceError {
    let kind = match &error {
        BooksError::Address { .. } => ErrorKind::Invalid,
        BooksError::NotFound { .. } => ErrorKind::NotFound,
        BooksError::Conflict { .. } => ErrorKind::Conflict,
        BooksError::Unavailable { .. } => ErrorKind::Unavailable,
        BooksError::Corrupt { .. } => ErrorKind::Corrupt,
        BooksError::Newer { .. } => ErrorKind::Unavailable,
    };
    shown(kind, error)
}

/// An error of the journal: without an entry there is no act.
pub(crate) fn audit(error: audit::AuditError) -> ServiceError {
    ServiceError::new(
        ErrorKind::Unavailable,
        format!("cannot write the audit journal: {error}"),
    )
    .hint("Nothing was done. Free the disk or mend the journal's folder, then ask again.")
    .caused_by(error)
}

/// An error of the audit log.
pub(crate) fn log(error: LogError) -> ServiceError {
    let kind = match &error {
        LogError::Unavailable { .. } | LogError::Overtaken { .. } | LogError::MustReopen => {
            ErrorKind::Unavailable
        }
        _ => ErrorKind::Corrupt,
    };
    ServiceError::new(kind, error.to_string())
        .hint(error.hint())
        .caused_by(error)
}

/// An error of a statement.
pub(crate) fn engine(error: EngineError) -> ServiceError {
    match &error {
        EngineError::Invalid { message, hint } => {
            ServiceError::new(ErrorKind::Invalid, message).hint(hint.clone())
        }
        EngineError::Limit { limit, message } => ServiceError::new(
            ErrorKind::LimitExceeded,
            message,
        )
        .hint(format!(
            "Ask for less: filter by period, aggregate, or name fewer columns; the operator sets \
                 `{limit}` in `dtm.toml`."
        )),
        EngineError::Busy { limit, message } => ServiceError::new(
            ErrorKind::Unavailable,
            message,
        )
        .hint(format!(
            "Try again when there is less to do, or ask for less; the operator sets `{limit}` in \
                 `dtm.toml`."
        )),
        EngineError::Failed(_) => shown(ErrorKind::Unavailable, error),
    }
}

/// An error of a body as a whole.
pub(crate) fn body(error: IngestError) -> ServiceError {
    let hint = error.hint();
    let message = error.to_string();
    let mut answer = match error {
        IngestError::Refused {
            rule,
            columns,
            message,
            ..
        } => {
            let row = RowError {
                row: 0,
                column: (!columns.is_empty()).then(|| columns.join(", ")),
                rule: rule.to_owned(),
                severity: project::Severity::Error,
                value_excerpt: None,
                message: message.clone(),
            };
            let mut answer = ServiceError::new(ErrorKind::Refused, message);
            answer.rows = Some(RowErrors {
                errors: vec![row],
                total: 1,
            });
            answer
        }
        IngestError::Limit {
            name: "body_bytes" | "Upload-Length",
            ..
        } => ServiceError::new(ErrorKind::BodyTooLarge, message),
        IngestError::Limit { .. } => ServiceError::new(ErrorKind::Refused, message),
        IngestError::Io { .. } => ServiceError::new(ErrorKind::Unavailable, message),
        IngestError::Sink { source } => match source.downcast::<ServiceError>() {
            Ok(inner) => *inner,
            Err(source) => ServiceError::new(ErrorKind::Internal, message).caused_by(source),
        },
        _ => ServiceError::new(ErrorKind::Internal, message),
    };
    if answer.hint.is_none() {
        answer.hint = hint;
    }
    answer
}

/// An error shown with its own words.
fn shown(kind: ErrorKind, error: impl std::error::Error + Send + Sync + 'static) -> ServiceError {
    let error = ServiceError::new(kind, error.to_string()).caused_by(error);
    match kind {
        ErrorKind::Unavailable => error.hint("Nothing was lost. Try again in a moment."),
        ErrorKind::Corrupt => error.hint("Call the operator: stored data is not what it must be."),
        _ => error,
    }
}
