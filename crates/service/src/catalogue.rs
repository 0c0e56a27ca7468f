//! The catalogue: datasets, their tables, and lineage.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use project::{Contract, DatasetName, Text};

/// A table as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableState {
    /// The newest version.
    pub version: i64,
    /// Its rows, from the statistics of the log.
    pub rows: u64,
    /// Its Parquet files.
    pub files: u64,
    /// Their size.
    pub size_bytes: u64,
    /// When the newest version was committed.
    pub committed_at: Option<DateTime<Utc>>,
}

/// A partition of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionState {
    /// Column and value, in the order of the columns; no value for null.
    pub values: Vec<(String, Option<String>)>,
    /// Its rows.
    pub rows: u64,
    /// Its files.
    pub files: u64,
    /// Their size.
    pub size_bytes: u64,
}

/// A Parquet file of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFileState {
    /// From the table's folder.
    pub path: String,
    /// Its partition, as in [`PartitionState`]; empty if the table has no partitions.
    pub values: Vec<(String, Option<String>)>,
    /// Its rows.
    pub rows: u64,
    /// Its size.
    pub size_bytes: u64,
}

/// A dataset of the catalogue.
#[derive(Debug, Clone)]
pub struct DatasetSummary {
    /// What is promised.
    pub contract: Contract,
    /// What is there; none before `apply`.
    pub table: Option<TableState>,
}

/// A dataset with what surrounds it.
#[derive(Debug, Clone)]
pub struct DatasetDetail {
    /// The summary.
    pub summary: DatasetSummary,
    /// The transformation's SQL, if one makes it.
    pub sql: Option<String>,
    /// The datasets it reads.
    pub upstream: Vec<DatasetName>,
    /// The datasets that read it.
    pub downstream: Vec<DatasetName>,
    /// The newest versions, newest first.
    pub history: Vec<TableVersion>,
    /// The partitions by value, the first thousand at the most; none if the table has no
    /// partitions.
    pub partitions: Vec<PartitionState>,
    /// The fifty largest files, the largest first.
    pub data_files: Vec<DataFileState>,
    /// Rows that were received for it and lie in quarantine; none for a dataset that takes no
    /// submissions.
    pub quarantined: Option<u64>,
}

/// A version of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableVersion {
    /// The version.
    pub version: i64,
    /// When it was committed.
    pub committed_at: DateTime<Utc>,
    /// What was done: `create`, `append`, `replace`, …
    pub operation: String,
    /// The rows it wrote, if it tells.
    pub rows: Option<u64>,
    /// What the commit says of itself, as JSON text: submissions, run, input versions.
    pub info: String,
}

/// Which way to follow the edges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// To what it is made of.
    Up,
    /// To what is made of it.
    Down,
}

/// A question about lineage.
#[derive(Debug, Clone)]
pub struct LineageRequest {
    /// The dataset; none means the whole graph.
    pub dataset: Option<DatasetName>,
    /// The column; none means the dataset as a whole.
    pub column: Option<String>,
    /// The direction.
    pub direction: Direction,
}

/// The part of the graph that was asked for.
#[derive(Debug, Clone)]
pub struct LineageAnswer {
    /// The edges.
    pub graph: lineage::Graph,
    /// The titles of its datasets and of the one that was asked about, as far as they have a
    /// contract. They do not cross the HTTP door: the answer of a server elsewhere has none.
    pub titles: BTreeMap<DatasetName, Text>,
}
