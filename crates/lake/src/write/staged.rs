//! A file that is written and not yet part of a table.

use std::collections::HashMap;

use arrow::datatypes::SchemaRef;
use deltalake::kernel::Add;
use object_store::path::Path;

/// The tag under which the log names the columns that a whole file is sorted by.
pub(crate) const SORTED_BY: &str = "dtm.sorted_by";

/// A staged file: what it holds, and what a commit says about it.
#[derive(Debug, Clone)]
pub struct StagedFile {
    pub(super) path: String,
    pub(super) rows: u64,
    pub(super) bytes: u64,
    pub(super) stats: String,
    pub(super) partition_by: Vec<String>,
    pub(super) partition: Vec<Option<String>>,
    pub(super) schema: SchemaRef,
    /// The columns that all of its rows are sorted by.
    pub(super) sorted_by: Vec<String>,
}

impl StagedFile {
    /// From the table's folder.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Rows.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Its size on the store.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Its statistics as the Delta log keeps them: `numRecords`, `minValues`, `maxValues`,
    /// `nullCount`.
    pub fn stats(&self) -> &str {
        &self.stats
    }

    /// The values of the partition columns, in their order; no value for null.
    pub fn partition(&self) -> &[Option<String>] {
        &self.partition
    }

    pub(crate) fn partition_by(&self) -> &[String] {
        &self.partition_by
    }

    /// The table's columns when the file was written.
    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    pub(crate) fn location(&self) -> Path {
        Path::from(self.path.as_str())
    }

    pub(crate) fn add(&self, now_ms: i64) -> Add {
        let names = self.partition_by.iter().cloned();
        let tags = (!self.sorted_by.is_empty()).then(|| {
            let columns = serde_json::json!(self.sorted_by).to_string();
            HashMap::from([(SORTED_BY.to_owned(), Some(columns))])
        });
        Add {
            path: self.path.clone(),
            partition_values: names
                .zip(self.partition.iter().cloned())
                .collect::<HashMap<_, _>>(),
            size: i64::try_from(self.bytes).unwrap_or(i64::MAX),
            modification_time: now_ms,
            data_change: true,
            stats: Some(self.stats.clone()),
            tags,
            ..Add::default()
        }
    }
}
