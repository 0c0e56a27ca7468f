//! What is handed in beside the bytes.

use std::fmt;
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::error::ArrowError;
use chrono::{DateTime, NaiveDate, Utc};
use project::{Severity, Text};

/// What landing adds to every row.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// The submission's id.
    pub submission_id: String,
    /// The agency the data is of.
    pub agency: String,
    /// The period the data is for.
    pub period: String,
    /// When the body was complete.
    pub received_at: DateTime<Utc>,
    /// The first civil day of the period.
    pub period_start_on: NaiveDate,
    /// The last civil day of the period.
    pub period_end_on: NaiveDate,
}

/// The period's first day, as rules see it.
pub const PERIOD_START: &str = "_period_start";
/// The period's last day, as rules see it.
pub const PERIOD_END: &str = "_period_end";

/// Says of every row of a batch of [`rule_schema`](crate::rule_schema) whether it holds; null
/// counts as held.
pub type Predicate = Arc<dyn Fn(&RecordBatch) -> Result<BooleanArray, ArrowError> + Send + Sync>;

/// A contract's rule, compiled.
#[derive(Clone)]
pub struct RowRule {
    /// The name shown in errors.
    pub name: String,
    /// The column it speaks of, if it is one.
    pub column: Option<String>,
    /// What a breach does.
    pub severity: Severity,
    /// What people are told.
    pub message: Text,
    /// The predicate.
    pub holds: Predicate,
    /// Whether the predicate must see the batches one after the other in the body's order, as one
    /// that adds up must. The rules behind such a one wait with it.
    pub in_order: bool,
}

impl fmt::Debug for RowRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            column,
            severity,
            ..
        } = self;
        write!(f, "RowRule({name} on {column:?}, {severity:?})")
    }
}

/// How much of everything is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Rows in a body.
    pub rows: u64,
    /// Columns in a header, or fields in an object.
    pub columns: usize,
    /// Bytes in a value.
    pub cell_bytes: usize,
    /// Bytes in a row.
    pub row_bytes: usize,
    /// How deep lists and objects may nest in a JSON value.
    pub nesting: usize,
    /// Rows in a batch; batches of long rows have fewer.
    pub batch_rows: usize,
    /// Bytes in a message of Arrow IPC, unpacked, and in all of its dictionaries; in a page of
    /// Parquet, unpacked.
    pub message_bytes: u64,
    /// Bytes in a compressed body once it is unpacked.
    pub expanded_bytes: u64,
    /// How many times its size a compressed body, or a part of a spreadsheet, may have once it is
    /// unpacked; judged behind the first MiB.
    pub expansion_ratio: u64,
    /// Entries in the archive that a spreadsheet is.
    pub archive_entries: usize,
    /// Bytes of XML that a spreadsheet expands to, what is said once and repeated counted as often.
    pub sheet_bytes: u64,
    /// Bytes of the texts that the cells of a spreadsheet share; they are kept in memory.
    pub shared_text_bytes: usize,
    /// Threads that decode and examine one body of lines or CSV at the same time, each holding a
    /// batch or two; one is the caller's own. What is answered does not depend on it.
    pub workers: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            rows: 5_000_000,
            columns: 1_000,
            cell_bytes: 64 * 1024,
            row_bytes: 1024 * 1024,
            nesting: 16,
            batch_rows: 8 * 1024,
            message_bytes: 256 * 1024 * 1024,
            expanded_bytes: 8 * 1024 * 1024 * 1024,
            expansion_ratio: 200,
            archive_entries: 1_000,
            sheet_bytes: 512 * 1024 * 1024,
            shared_text_bytes: 128 * 1024 * 1024,
            workers: 1,
        }
    }
}
