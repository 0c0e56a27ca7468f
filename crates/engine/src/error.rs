//! What can go wrong with a statement, named by what the caller must do.

use std::error::Error;
use std::io;

use datafusion::error::DataFusionError;

use crate::QueryLimits;

/// The setting of the memory of all queries together.
pub(crate) const MEMORY_BYTES: &str = "memory.bytes";
/// The setting of the temporary disk of all queries together.
const ALL_SPILL_BYTES: &str = "memory.spill_bytes";
/// The setting of the temporary disk of one query.
pub(crate) const QUERY_SPILL_BYTES: &str = "query.spill_bytes";

/// What the engine answers.
pub type Result<T, E = EngineError> = std::result::Result<T, E>;

/// An error of the engine.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The statement or a parameter is wrong.
    #[error("{message}")]
    Invalid {
        /// What is wrong.
        message: String,
        /// The way out.
        hint: String,
    },
    /// A limit was met.
    #[error("{message}")]
    Limit {
        /// The limit's name in the settings.
        limit: &'static str,
        /// Which limit, its value, and what met it.
        message: String,
    },
    /// A limit was met that all queries share: another moment may have room.
    #[error("{message}")]
    Busy {
        /// The limit's name in the settings.
        limit: &'static str,
        /// Which limit, its value, and what met it.
        message: String,
    },
    /// Stored data or the machine failed.
    #[error("cannot run the statement: {0}")]
    Failed(#[source] DataFusionError),
}

impl EngineError {
    /// A wrong statement.
    pub(crate) fn invalid(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Invalid {
            message: message.into(),
            hint: hint.into(),
        }
    }

    /// An error met while planning: the statement's fault unless it says otherwise.
    pub(crate) fn planning(error: DataFusionError) -> Self {
        let root = error.find_root();
        let text = sentence(&root.strip_backtrace());
        match root {
            DataFusionError::SQL(..) => Self::invalid(
                format!("the SQL cannot be read: {text}"),
                "Mend the statement there.",
            ),
            DataFusionError::Plan(_)
            | DataFusionError::SchemaError(..)
            | DataFusionError::NotImplemented(_)
            | DataFusionError::Configuration(_)
            | DataFusionError::Execution(_)
            | DataFusionError::ArrowError(..)
            | DataFusionError::Diagnostic(..)
            | DataFusionError::Collection(_) => Self::invalid(
                format!("the SQL cannot be planned: {text}"),
                "Compare its names and types with the datasets' contracts.",
            ),
            _ => Self::Failed(error),
        }
    }

    /// An error met while running: a limit, the data under the statement, or the machine.
    pub(crate) fn running(error: DataFusionError, limits: &QueryLimits) -> Self {
        let root = error.find_root();
        let text = sentence(&root.strip_backtrace());
        let names = |limit: &str| text.contains(&format!("`{limit}`"));
        let lack = lack(&error);
        match root {
            _ if names(QUERY_SPILL_BYTES) => Self::Limit {
                limit: QUERY_SPILL_BYTES,
                message: format!(
                    "the query met the limit `{QUERY_SPILL_BYTES}` of {} bytes on temporary disk",
                    limits.spill_bytes
                ),
            },
            // The words of the engine's own disk manager, which keeps the quota of all.
            _ if text.contains("max_temp_directory_size") => Self::Busy {
                limit: ALL_SPILL_BYTES,
                message: format!(
                    "all queries together met the limit `{ALL_SPILL_BYTES}` on temporary disk"
                ),
            },
            _ if lack.is_some() => Self::Busy {
                limit: ALL_SPILL_BYTES,
                message: format!(
                    "the disk for temporary files {}, before the limit `{ALL_SPILL_BYTES}` is met",
                    lack.unwrap_or_default()
                ),
            },
            DataFusionError::ResourcesExhausted(_) if names(MEMORY_BYTES) => Self::Busy {
                limit: MEMORY_BYTES,
                message: format!("all queries together met the limit `{MEMORY_BYTES}`"),
            },
            DataFusionError::ResourcesExhausted(_) => Self::Limit {
                limit: limits.memory_name,
                message: format!(
                    "the query met the limit `{}` of {} bytes",
                    limits.memory_name, limits.memory_bytes
                ),
            },
            DataFusionError::ArrowError(..) | DataFusionError::Execution(_) => Self::invalid(
                format!("the statement failed on a value: {text}"),
                "Guard the expression, for instance with `try_cast`, `nullif` or a filter.",
            ),
            _ => Self::Failed(error),
        }
    }

    /// An end that was put to the query because the process held too much memory.
    pub(crate) fn ended(message: String) -> Self {
        Self::Busy {
            limit: MEMORY_BYTES,
            message,
        }
    }

    /// Whether a plan that spills more could have met no limit.
    pub(crate) fn is_memory(&self, limits: &QueryLimits) -> bool {
        match self {
            Self::Limit { limit, .. } => *limit == limits.memory_name,
            Self::Busy { limit, .. } => *limit == MEMORY_BYTES,
            Self::Invalid { .. } | Self::Failed(_) => false,
        }
    }
}

/// What keeps the disk from taking what is written, if that is what went wrong. A statement writes
/// nothing but temporary files.
fn lack(error: &DataFusionError) -> Option<&'static str> {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
        match kind {
            Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => {
                return Some("is full");
            }
            Some(io::ErrorKind::FileTooLarge) => return Some("lets no file grow further"),
            _ => cause = error.source(),
        }
    }
    None
}

/// The engine's message without the class of error it puts in front of it.
fn sentence(text: &str) -> String {
    const CLASSES: [&str; 5] = [
        "Error during planning: ",
        "SQL error: ",
        "Schema error: ",
        "Execution error: ",
        "Arrow error: ",
    ];
    let mut text = text.trim();
    while let Some(rest) = CLASSES.iter().find_map(|class| text.strip_prefix(class)) {
        text = rest;
    }
    let text = text
        .strip_prefix("ParserError(\"")
        .and_then(|t| t.strip_suffix("\")"))
        .unwrap_or(text);
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines.join(" ").trim_end_matches('.').to_owned()
}
