//! Queries: read-only SQL and its answer as a stream of Arrow batches.

use std::collections::BTreeMap;
use std::fmt;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use chrono::{DateTime, Utc};
use futures::stream::BoxStream;
use project::DatasetName;

use crate::Result;

/// A stream of batches; an error ends it.
pub type Batches = BoxStream<'static, Result<RecordBatch>>;

/// The value of a parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// null
    Null,
    /// true or false
    Boolean(bool),
    /// a whole number
    Integer(i64),
    /// another number
    Number(f64),
    /// text; compared with a date or a timestamp it is read as one
    Text(String),
}

/// A read-only query.
#[derive(Debug, Clone)]
pub struct QueryRequest {
    /// The SQL; parameters stand as `$name`.
    pub sql: String,
    /// The parameters by name, without `$`.
    pub params: BTreeMap<String, Value>,
    /// The moment to read at.
    pub at: At,
}

/// The moment that a query reads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum At {
    /// What is published now.
    #[default]
    Now,
    /// What was published, and had been received, at this instant.
    Instant(DateTime<Utc>),
    /// What this run published, over what it read.
    Run(String),
    /// This version of the one dataset that is read.
    Version(i64),
    /// These versions; of the other datasets what is published now.
    Versions(BTreeMap<DatasetName, i64>),
}

/// The answer to a query. Dropping it cancels the query.
pub struct QueryAnswer {
    /// The columns.
    pub schema: SchemaRef,
    /// The rows.
    pub batches: Batches,
    /// The version of every dataset that was read.
    pub versions: BTreeMap<DatasetName, i64>,
    /// When those versions were taken.
    pub read_at: DateTime<Utc>,
}

impl fmt::Debug for QueryAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueryAnswer")
            .field("schema", &self.schema)
            .field("versions", &self.versions)
            .field("read_at", &self.read_at)
            .finish_non_exhaustive()
    }
}
