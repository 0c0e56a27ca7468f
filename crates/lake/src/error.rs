//! What can go wrong with the lake, named by what the caller must do next.

use std::error::Error;
use std::fmt;
use std::io::ErrorKind;

use deltalake::DeltaTableError;
use deltalake::datafusion::error::DataFusionError;

/// A failure of the lake. The variant says what to do; the text names the object.
#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    /// The object, table or version is not there: check the name.
    #[error(transparent)]
    NotFound(Fault),
    /// Somebody else was first: read the newest state and decide again.
    #[error(transparent)]
    Conflict(Fault),
    /// The store does not answer or refuses (network, permissions, a full disk): repair, then
    /// try again. What was asked may have happened all the same.
    #[error(transparent)]
    Unavailable(Fault),
    /// What is stored contradicts itself: restore from a copy.
    #[error(transparent)]
    Corrupt(Fault),
    /// What was asked cannot be done as asked: change the request.
    #[error(transparent)]
    Invalid(Fault),
    /// A fault of this program.
    #[error(transparent)]
    Internal(Fault),
}

/// The text of a failure and, where there is one, the error below it.
#[derive(Debug)]
pub struct Fault {
    message: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl Fault {
    fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            source: None,
        }
    }

    fn of(doing: &str, source: impl Error + Send + Sync + 'static) -> Self {
        Self {
            message: format!("{doing}: {source}"),
            source: Some(Box::new(source)),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Fault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn Error + 'static))
    }
}

/// What every function of this crate returns.
pub type Result<T, E = LakeError> = std::result::Result<T, E>;

impl LakeError {
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::NotFound(Fault::new(message))
    }

    pub(crate) fn conflict(message: impl Into<String>) -> Self {
        Self::Conflict(Fault::new(message))
    }

    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self::Unavailable(Fault::new(message))
    }

    pub(crate) fn corrupt(message: impl Into<String>) -> Self {
        Self::Corrupt(Fault::new(message))
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid(Fault::new(message))
    }

    pub(crate) fn internal(doing: &str, source: impl Error + Send + Sync + 'static) -> Self {
        Self::Internal(Fault::of(doing, source))
    }

    pub(crate) fn refused(doing: &str, source: impl Error + Send + Sync + 'static) -> Self {
        Self::Invalid(Fault::of(doing, source))
    }

    pub(crate) fn damaged(doing: &str, source: impl Error + Send + Sync + 'static) -> Self {
        Self::Corrupt(Fault::of(doing, source))
    }

    /// An error of the object store while `doing` something to a named object.
    pub(crate) fn store(doing: &str, error: object_store::Error) -> Self {
        use object_store::Error as E;
        if let Some(reason) = disk_reason(&error) {
            return Self::Unavailable(Fault {
                message: format!("{doing}: {reason}"),
                source: Some(Box::new(error)),
            });
        }
        match error {
            E::NotFound { .. } => Self::NotFound(Fault::of(doing, error)),
            E::AlreadyExists { .. } | E::Precondition { .. } => {
                Self::Conflict(Fault::of(doing, error))
            }
            E::InvalidPath { .. } | E::UnknownConfigurationKey { .. } => {
                Self::Invalid(Fault::of(doing, error))
            }
            E::NotImplemented { .. } | E::NotSupported { .. } | E::JoinError { .. } => {
                Self::Internal(Fault::of(doing, error))
            }
            _ => Self::Unavailable(Fault::of(doing, error)),
        }
    }

    /// An error of a file of this machine while `doing` something to it.
    pub(crate) fn file(doing: &str, error: std::io::Error) -> Self {
        match error.kind() {
            ErrorKind::NotFound => Self::NotFound(Fault::of(doing, error)),
            kind => {
                let reason = reason_of(kind).map_or_else(|| error.to_string(), str::to_owned);
                let message = format!("{doing}: {reason}");
                Self::Unavailable(Fault {
                    message,
                    source: Some(Box::new(error)),
                })
            }
        }
    }

    /// An error of the Delta library while `doing` something to a named table.
    pub(crate) fn delta(doing: &str, error: DeltaTableError) -> Self {
        use DeltaTableError as E;
        let text = error.to_string();
        match error {
            E::ObjectStore { source } => Self::store(doing, source),
            E::NotATable(_) | E::InvalidVersion(_) | E::NotInitialized => {
                Self::NotFound(Fault::of(doing, error))
            }
            E::SchemaMismatch { .. } | E::InvalidData { .. } => {
                Self::Invalid(Fault::of(doing, error))
            }
            E::VersionAlreadyExists(_) => Self::Conflict(Fault::of(doing, error)),
            // The kernel's own errors do not expose their cause, only its text.
            _ if text.contains("object store") => Self::Unavailable(Fault::of(doing, error)),
            E::Parquet { .. }
            | E::InvalidJsonLog { .. }
            | E::InvalidStatsJson { .. }
            | E::MetadataError(_)
            | E::KernelError(_)
            | E::Kernel { .. } => Self::Corrupt(Fault::of(doing, error)),
            _ => Self::Internal(Fault::of(doing, error)),
        }
    }

    /// An error that came up through the query engine while `doing` something; one of ours comes
    /// out as it went in.
    pub(crate) fn stream(doing: &str, error: DataFusionError) -> Self {
        match error {
            DataFusionError::External(inner) => match inner.downcast::<Self>() {
                Ok(ours) => *ours,
                Err(other) => Self::internal(doing, DataFusionError::External(other)),
            },
            other => Self::internal(doing, other),
        }
    }

    /// The same error where a thing that is missing was not asked for: the place is unusable.
    pub(crate) fn or_unavailable(self) -> Self {
        match self {
            Self::NotFound(fault) => Self::Unavailable(fault),
            other => other,
        }
    }

    /// The same error for another waiter; the error below it stays with the first.
    pub(crate) fn again(&self) -> Self {
        let message = Fault::new(self.to_string());
        match self {
            Self::NotFound(_) => Self::NotFound(message),
            Self::Conflict(_) => Self::Conflict(message),
            Self::Unavailable(_) => Self::Unavailable(message),
            Self::Corrupt(_) => Self::Corrupt(message),
            Self::Invalid(_) => Self::Invalid(message),
            Self::Internal(_) => Self::Internal(message),
        }
    }

    /// Whether trying the same again may help.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

fn disk_reason(error: &object_store::Error) -> Option<&'static str> {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<std::io::Error>() {
            return reason_of(io.kind());
        }
        cause = error.source();
    }
    None
}

fn reason_of(kind: ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            Some("the disk is full; free space on it and try again")
        }
        ErrorKind::ReadOnlyFilesystem => {
            Some("the disk is read-only; mount it writable or choose another place")
        }
        ErrorKind::PermissionDenied => {
            Some("this account may not write there; change the owner or the mode of the folder")
        }
        ErrorKind::NotADirectory => {
            Some("a part of the path is a file, not a folder; move it away or choose another place")
        }
        _ => None,
    }
}
