//! What is said of rows.

use std::sync::Arc;

use arrow::array::RecordBatch;
use project::{Severity, Text};

use crate::examine::PERSONAL_DATA;
use crate::personal::MASK;

/// One thing wrong with one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The row in the body, from 1; a header, blank lines and empty rows of a sheet are no rows.
    pub row: u64,
    /// The column, if it is about one.
    pub column: Option<String>,
    /// The rule.
    pub rule: String,
    /// Whether the row is refused or only marked.
    pub severity: Severity,
    /// The start of the value; masked where it looks like personal data.
    pub value_excerpt: Option<String>,
    /// The cell of a spreadsheet that it is about, as `D14`, or the row, as `14:14`; none for other
    /// bodies. `message` begins with it.
    pub cell: Option<String>,
    /// What people are told.
    pub message: Text,
    /// The row as received, as JSON, with personal data masked; on every verdict of a refused row.
    pub row_text: Option<Arc<str>>,
}

impl Verdict {
    /// Whether it hides something, as what looks like personal data.
    pub(crate) fn hides(&self) -> bool {
        let hides = |text: &str| text.contains(MASK);
        self.rule == PERSONAL_DATA
            || self.value_excerpt.as_deref().is_some_and(hides)
            || self.row_text.as_deref().is_some_and(hides)
    }
}

/// A stretch of the body, judged.
#[derive(Debug, Clone)]
pub struct Checked {
    /// The rows that may land, in the schema of the table; there may be none.
    pub landed: RecordBatch,
    /// Everything wrong, by row.
    pub verdicts: Vec<Verdict>,
    /// Whether something that looks personal was met so far, in this stretch or before: a value that
    /// a verdict hides, or one of a field that is passed over.
    pub personal: bool,
}

/// What became of the rows of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Rows in the body.
    pub received: u64,
    /// Rows that may land.
    pub landed: u64,
    /// Rows with at least one breach of severity error.
    pub quarantined: u64,
    /// Rows that may land, with at least one warning.
    pub warned: u64,
}
