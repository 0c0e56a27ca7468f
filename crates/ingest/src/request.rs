//! What is handed in beside the bytes.

use std::fmt;
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::error::ArrowError;
use chrono::{DateTime, NaiveDate, Utc};
use project::{Severity, Text};

/// The formats a body may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object per line.
    Ndjson,
    /// RFC 4180, comma, UTF-8, with a header.
    Csv,
    /// Apache Parquet.
    Parquet,
    /// A JSON document: a list of objects, one object, or what an adapter finds a list in.
    Json,
    /// An XML document whose rows are the root's children, or what an adapter says.
    Xml,
}

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
        }
    }
}
