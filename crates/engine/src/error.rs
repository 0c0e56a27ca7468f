//! What can go wrong with a statement, named by what the caller must do.

use datafusion::error::DataFusionError;

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
    pub(crate) fn running(error: DataFusionError, memory_bytes: u64) -> Self {
        let root = error.find_root();
        let text = sentence(&root.strip_backtrace());
        match root {
            _ if text.contains("max_temp_directory_size") => Self::Limit {
                limit: "query.spill_bytes",
                message: "the query met the limit `query.spill_bytes` on temporary disk".to_owned(),
            },
            DataFusionError::ResourcesExhausted(_) => Self::Limit {
                limit: "query.memory_bytes",
                message: format!(
                    "the query met the limit `query.memory_bytes` of {memory_bytes} bytes"
                ),
            },
            DataFusionError::ArrowError(..) | DataFusionError::Execution(_) => Self::invalid(
                format!("the statement failed on a value: {text}"),
                "Guard the expression, for instance with `try_cast`, `nullif` or a filter.",
            ),
            _ => Self::Failed(error),
        }
    }
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
