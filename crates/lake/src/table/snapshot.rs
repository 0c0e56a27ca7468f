//! One version of a table, held still.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use deltalake::datafusion::catalog::TableProvider;

use super::{DataFile, Head, Layout, provider};
use crate::error::{LakeError, Result};
use crate::lake::Place;

/// A table at one version.
#[derive(Debug, Clone)]
pub struct Snapshot {
    pub(super) place: Arc<Place>,
    pub(super) head: Arc<Head>,
}

/// How much a table holds, from its log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableFiles {
    /// Files.
    pub count: u64,
    /// Their size on the store.
    pub bytes: u64,
    /// Rows.
    pub rows: u64,
    /// The same for each partition, sorted by its values; one entry for a table without
    /// partitions, none for an empty table.
    pub partitions: Vec<PartitionFiles>,
}

/// How much one partition holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PartitionFiles {
    /// Partition column and value, in the order of the columns; no value for null.
    pub values: Vec<(String, Option<String>)>,
    /// Files.
    pub count: u64,
    /// Their size on the store.
    pub bytes: u64,
    /// Rows.
    pub rows: u64,
}

/// A file that holds rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableFile {
    /// From the table's folder, as the log writes it.
    pub path: String,
    /// Partition column and value, in the order of the columns; no value for null.
    pub values: Vec<(String, Option<String>)>,
    /// Rows.
    pub rows: u64,
    /// The size on the store.
    pub bytes: u64,
}

impl Snapshot {
    pub(super) fn new(place: Arc<Place>, head: Arc<Head>) -> Self {
        Self { place, head }
    }

    /// The version.
    pub fn version(&self) -> i64 {
        self.head.version()
    }

    /// The columns, as [`Table::schema`](super::Table::schema) gives them.
    pub fn schema(&self) -> SchemaRef {
        self.head.schema().clone()
    }

    /// Reads this version. The provider brings its store along: a session needs no preparation.
    /// Writing through it is refused.
    ///
    /// # Errors
    /// `Invalid` when the table uses a Delta feature that cannot be read.
    pub fn provider(&self) -> Result<Arc<dyn TableProvider>> {
        provider::committed(&self.place, &self.head)
    }

    /// How its files are scanned.
    pub(super) fn layout(&self) -> Result<&Arc<Layout>> {
        self.head.layout().ok_or_else(|| {
            LakeError::invalid("the table is not a plain Delta table: its files are left alone")
        })
    }

    /// The size of its files on the store, from the log.
    pub fn bytes(&self) -> u64 {
        self.head.files().iter().map(|file| file.size_bytes()).sum()
    }

    /// Rows, from the log.
    ///
    /// # Errors
    /// `Corrupt` when a file has no row count.
    pub fn row_count(&self) -> Result<u64> {
        Ok(self.files()?.rows)
    }

    /// Files, bytes and rows, from the log.
    ///
    /// # Errors
    /// `Corrupt` when a file has no row count.
    pub fn files(&self) -> Result<TableFiles> {
        let mut all = TableFiles::default();
        let mut partitions = BTreeMap::<Vec<Option<String>>, PartitionFiles>::new();
        for file in self.head.files().iter() {
            let rows = counted(file)?;
            let bytes = file.size_bytes();
            let named = self.values(file);
            let values = named.iter().map(|(_, value)| value.clone()).collect();
            let partition = partitions.entry(values).or_default();
            partition.values = named;
            partition.count += 1;
            partition.bytes += bytes;
            partition.rows += rows;
            all.count += 1;
            all.bytes += bytes;
            all.rows += rows;
        }
        all.partitions = partitions.into_values().collect();
        Ok(all)
    }

    /// The largest files, at most `limit`: the largest first, equal ones by path. From the log.
    ///
    /// # Errors
    /// `Corrupt` when one of them has no row count.
    pub fn file_list(&self, limit: usize) -> Result<Vec<TableFile>> {
        let mut files: Vec<&Arc<DataFile>> = self.head.files().iter().collect();
        files.sort_unstable_by(|one, other| {
            let by_size = other.size_bytes().cmp(&one.size_bytes());
            by_size.then_with(|| one.path().cmp(other.path()))
        });
        let listed = |file: &Arc<DataFile>| {
            Ok(TableFile {
                path: file.path().to_owned(),
                values: self.values(file),
                rows: counted(file)?,
                bytes: file.size_bytes(),
            })
        };
        files.into_iter().take(limit).map(listed).collect()
    }

    /// The partition that the file belongs to.
    fn values(&self, file: &DataFile) -> Vec<(String, Option<String>)> {
        let columns = self.head.partition_by().iter();
        columns
            .map(|column| {
                let value = file.partition_value(column).map(str::to_owned);
                (column.clone(), value)
            })
            .collect()
    }
}

/// The rows of a file, which every file of a plain table knows.
pub(super) fn counted(file: &DataFile) -> Result<u64> {
    file.rows().ok_or_else(|| {
        LakeError::corrupt(format!(
            "file `{}` has no row count in the log",
            file.path()
        ))
    })
}
