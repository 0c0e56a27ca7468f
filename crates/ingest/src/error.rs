//! What can go wrong with a body as a whole.

use std::error::Error;
use std::io;

use arrow::error::ArrowError;

use crate::personal::harmless;

/// How many characters of a message are told.
const TOLD_CHARS: usize = 4_000;

/// Why a body was not checked to its end. Nothing of it may land then, not even what the sink has
/// already been given.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The body cannot be judged row by row; whoever sent it must mend it.
    #[error("{message}")]
    Refused {
        /// `malformed`, `type`, `unknown_column`, `missing_column` or `duplicate_column`; of
        /// spreadsheets also `ambiguous_column`, `ambiguous_sheet`, `merged_cells` or `other_form`;
        /// of an envelope `wrong_agency`, `wrong_period` or `wrong_envelope`.
        rule: &'static str,
        /// Every column it is about; empty if it is about the body.
        columns: Vec<String>,
        /// What is wrong.
        message: String,
        /// A full sentence that says the way out.
        hint: String,
    },
    /// The body is larger, in some way, than is taken.
    #[error("{}is over the limit `{name}` of {limit}", place(*.row, .column.as_deref()))]
    Limit {
        /// The name of the limit.
        name: &'static str,
        /// Its value.
        limit: u64,
        /// The row that met it, from 1, or 0 for a header; none if it is about the body.
        row: Option<u64>,
        /// The column that met it.
        column: Option<String>,
    },
    /// The spooled body could not be written or read.
    #[error("cannot {action}")]
    Io {
        /// What was attempted on what.
        action: String,
        /// Why it failed.
        source: io::Error,
    },
    /// A predicate failed instead of answering: a defect of whoever compiled it.
    #[error("rule `{rule}` cannot be evaluated")]
    Rule {
        /// The rule's name.
        rule: String,
        /// Why it failed.
        source: ArrowError,
    },
    /// A batch could not be built: a defect of this crate.
    #[error("cannot build a batch of checked rows")]
    Batch {
        /// Why it failed.
        #[from]
        source: ArrowError,
    },
    /// The sink failed.
    #[error("cannot hand on checked rows")]
    Sink {
        /// Why it failed.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl IngestError {
    /// The error of a sink.
    pub fn sink(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Sink {
            source: source.into(),
        }
    }

    /// A full sentence that says the way out, if the sender has one.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Refused { hint, .. } => Some(hint.clone()),
            Self::Limit {
                name: "body_bytes" | "expanded_bytes" | "rows" | "sheet_bytes" | "shared_text_bytes",
                ..
            } => Some("Send the rows as several submissions.".to_owned()),
            Self::Limit {
                name: "row_bytes",
                row: Some(_),
                ..
            } => Some(
                "Look whether a line break is missing or a quote is not closed in that row."
                    .to_owned(),
            ),
            Self::Limit {
                name: "row_bytes" | "cell_bytes",
                row: None,
                ..
            } => Some("Look for a value that is longer than that, and shorten it.".to_owned()),
            Self::Limit {
                name: "expansion_ratio",
                ..
            } => Some("Send the body as it is, without the compression.".to_owned()),
            Self::Limit {
                name: "message_bytes",
                ..
            } => Some("Write record batches and dictionaries of fewer rows.".to_owned()),
            Self::Limit { .. } => {
                Some("Send less in it, or ask the operator to raise the limit.".to_owned())
            }
            _ => None,
        }
    }

    pub(crate) fn io(action: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let action = action.into();
        move |source| Self::Io { action, source }
    }

    /// The error of reading a body: the refusal that a decoder gave, or the disk's.
    pub(crate) fn read(error: io::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(refused) => refused,
            Err(error) => Self::io("read the spooled body")(error),
        }
    }

    /// Whether an error is the disk's, which has a number, and not a decoder's, which has none. To
    /// be sent to a place before the beginning is the decoder's fault, who believed a body that lies.
    pub(crate) fn is_of_disk(error: &io::Error) -> bool {
        error.raw_os_error().is_some() && error.kind() != io::ErrorKind::InvalidInput
    }

    pub(crate) fn refused(
        rule: &'static str,
        columns: Vec<String>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        // Decoders quote what they met.
        let told = |text: &str| {
            let mut told = harmless(text);
            if let Some((end, _)) = told.char_indices().nth(TOLD_CHARS) {
                told.truncate(end);
                told.push('…');
            }
            told
        };
        Self::Refused {
            rule,
            columns,
            message: told(&message.into()),
            hint: harmless(&hint.into()),
        }
    }

    pub(crate) fn body_limit(name: &'static str, limit: u64) -> Self {
        Self::Limit {
            name,
            limit,
            row: None,
            column: None,
        }
    }

    pub(crate) fn row_limit(name: &'static str, limit: usize, row: u64) -> Self {
        Self::Limit {
            name,
            limit: limit as u64,
            row: Some(row),
            column: None,
        }
    }

    pub(crate) fn cell_limit(limit: usize, row: u64, column: &str) -> Self {
        let (limit, column) = (limit as u64, Some(column.to_owned()));
        Self::Limit {
            name: "cell_bytes",
            limit,
            row: Some(row),
            column,
        }
    }
}

fn place(row: Option<u64>, column: Option<&str>) -> String {
    match (row, column) {
        (Some(row), Some(column)) => format!("column `{column}` of row {row} "),
        (Some(0), None) => "the header ".to_owned(),
        (Some(row), None) => format!("row {row} "),
        _ => "the body ".to_owned(),
    }
}
