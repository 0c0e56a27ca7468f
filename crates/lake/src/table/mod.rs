//! A dataset's table: its newest state, read and changed.

mod change;
mod data_file;
mod differing;
mod head;
mod history;
mod layout;
mod lowered;
mod portion;
mod provider;
mod replay;
mod restore;
mod shape;
mod small;
mod snapshot;
mod vacuum;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use arrow::datatypes::SchemaRef;
use deltalake::datafusion::catalog::TableProvider;
use deltalake::logstore::LogStoreRef;
use object_store::ObjectStore;
use object_store::path::Path;
use project::DatasetName;

pub(crate) use data_file::DataFile;
pub use differing::Holding;
pub(crate) use head::Head;
pub use history::CommitRecord;
pub(crate) use history::entry_path;
pub(crate) use layout::Layout;
pub use portion::Portion;
pub use shape::TableShape;
pub use small::CompactSettings;
pub use snapshot::{PartitionFiles, Snapshot, TableFile, TableFiles};
pub use vacuum::Unneeded;

use crate::error::Result;
use crate::lake::Place;
use crate::write::StagedFile;

/// A handle to a table. Cheap to clone; clones share one cached state, which own commits move
/// forward and [`refresh`](Self::refresh) brings up to what others committed.
#[derive(Debug, Clone)]
pub struct Table {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    dataset: DatasetName,
    place: Arc<Place>,
    folder: Path,
    /// The store with the table's folder as its root.
    files: Arc<dyn ObjectStore>,
    log: Log,
    head: std::sync::RwLock<Arc<Head>>,
    /// States of other versions, the latest asked for last.
    recent: std::sync::Mutex<VecDeque<Arc<Head>>>,
    /// How many looks at the log began.
    looks: AtomicU64,
    /// Held while the cached state moves; the number of the last look that ended well.
    moving: tokio::sync::Mutex<u64>,
    /// Held during a commit: writers of one process queue here, not on the log.
    committing: tokio::sync::Mutex<()>,
}

/// The Delta library's view of the log; it cannot print itself.
struct Log(LogStoreRef);

impl std::fmt::Debug for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Log")
    }
}

impl Table {
    /// The dataset.
    pub fn dataset(&self) -> &DatasetName {
        &self.inner.dataset
    }

    /// The newest version known.
    pub fn version(&self) -> i64 {
        self.head().version()
    }

    /// The columns as Arrow types (`Utf8`, `Int64`, `Timestamp(Microsecond, "UTC")`, …), partition
    /// columns included, in the order they were declared, with their metadata.
    pub fn schema(&self) -> SchemaRef {
        self.head().schema().clone()
    }

    /// The partition columns.
    pub fn partition_by(&self) -> Vec<String> {
        self.head().partition_by().to_vec()
    }

    /// The table's own properties; those of the Delta protocol are not among them.
    pub fn properties(&self) -> BTreeMap<String, String> {
        self.head().properties()
    }

    /// The state as it is known now: reads of it agree with each other whatever is committed
    /// meanwhile. No I/O.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::new(self.inner.place.clone(), self.head())
    }

    /// Reads the newest state known.
    ///
    /// # Errors
    /// `Invalid` when the table uses a Delta feature that cannot be read.
    pub fn provider(&self) -> Result<Arc<dyn TableProvider>> {
        self.snapshot().provider()
    }

    /// Reads the state of `version`.
    ///
    /// # Errors
    /// `NotFound` when there is no such version.
    pub async fn provider_at(&self, version: i64) -> Result<Arc<dyn TableProvider>> {
        self.snapshot_at(version).await?.provider()
    }

    /// Reads the state of `version` by the Delta library's own scan, to compare with.
    ///
    /// # Errors
    /// `NotFound` when there is no such version.
    pub async fn generic_provider(&self, version: i64) -> Result<Arc<dyn TableProvider>> {
        let inner = &self.inner;
        let state = head::load(&inner.dataset, &inner.log, u64::try_from(version).ok()).await?;
        provider::generic(&inner.place, &state)
    }

    /// Reads exactly these staged files, which no commit has made visible: for checking what a
    /// commit would publish.
    pub fn staged_provider(&self, files: &[StagedFile]) -> Result<Arc<dyn TableProvider>> {
        provider::staged(&self.inner.place, &self.head(), files)
    }

    /// Files, bytes and rows, from the log.
    ///
    /// # Errors
    /// `Corrupt` when a file has no row count.
    pub fn files(&self) -> Result<TableFiles> {
        self.snapshot().files()
    }

    /// Rows, from the log.
    ///
    /// # Errors
    /// `Corrupt` when a file has no row count.
    pub fn row_count(&self) -> Result<u64> {
        self.snapshot().row_count()
    }

    pub(crate) fn place(&self) -> &Arc<Place> {
        &self.inner.place
    }

    pub(super) fn folder(&self) -> &Path {
        &self.inner.folder
    }

    /// The store with the table's folder as its root.
    pub(crate) fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.inner.files
    }
}
