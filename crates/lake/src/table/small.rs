//! Small files of a table, and what takes their place.

use std::collections::BTreeMap;
use std::sync::Arc;

use deltalake::datafusion::catalog::TableProvider;
use serde_json::{Map, Value};

use super::snapshot::counted;
use super::{DataFile, Snapshot, Table, provider};
use crate::commit::{CommitRequest, Committed};
use crate::error::{LakeError, Result};
use crate::write::StagedFile;

/// Which files are worth writing anew, and how many at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompactSettings {
    /// A file below this size is small.
    pub small_file_bytes: u64,
    /// Fewer small files than this in a partition stay.
    pub small_files: usize,
    /// Bytes that one commit rewrites, about.
    pub commit_bytes: u64,
}

impl Default for CompactSettings {
    fn default() -> Self {
        Self {
            small_file_bytes: 32 * 1024 * 1024,
            small_files: 4,
            commit_bytes: 512 * 1024 * 1024,
        }
    }
}

/// Small files that one commit can put together.
#[derive(Debug, Clone)]
pub struct SmallFiles {
    snapshot: Snapshot,
    files: Arc<Vec<Arc<DataFile>>>,
    rows: u64,
    bytes: u64,
}

impl Snapshot {
    /// The small files of each partition that has enough of them, in portions of one commit each.
    ///
    /// # Errors
    /// `Invalid` for a table that is not plain Delta; `Corrupt` when a file has no row count.
    pub fn small_files(&self, settings: &CompactSettings) -> Result<Vec<SmallFiles>> {
        self.layout()?;
        let mut partitions = BTreeMap::<Vec<Option<&str>>, Vec<&Arc<DataFile>>>::new();
        for file in self.head.files().iter() {
            if file.size_bytes() < settings.small_file_bytes {
                let columns = self.head.partition_by().iter();
                let values = columns.map(|column| file.partition_value(column));
                partitions.entry(values.collect()).or_default().push(file);
            }
        }
        partitions.retain(|_, files| files.len() >= settings.small_files.max(2));
        let mut portions = Vec::new();
        let (mut portion, mut bytes) = (Vec::new(), 0);
        for files in partitions.values() {
            for file in files {
                portion.push(Arc::clone(file));
                bytes += file.size_bytes();
                if bytes >= settings.commit_bytes {
                    portions.push(std::mem::take(&mut portion));
                    bytes = 0;
                }
            }
        }
        portions.push(portion);
        portions.retain(|files| files.len() > 1);
        portions
            .into_iter()
            .map(|files| self.portion(files))
            .collect()
    }

    fn portion(&self, files: Vec<Arc<DataFile>>) -> Result<SmallFiles> {
        let mut rows = 0;
        for file in &files {
            rows += counted(file)?;
        }
        Ok(SmallFiles {
            snapshot: self.clone(),
            rows,
            bytes: files.iter().map(|file| file.size_bytes()).sum(),
            files: Arc::new(files),
        })
    }
}

impl SmallFiles {
    /// Files.
    pub fn count(&self) -> u64 {
        self.files.len() as u64
    }

    /// Their size on the store.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Their rows.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Reads exactly these files.
    ///
    /// # Errors
    /// `Invalid` for a table that is not plain Delta.
    pub fn provider(&self) -> Result<Arc<dyn TableProvider>> {
        provider::exactly(&self.snapshot, self.files.clone())
    }
}

impl Table {
    /// Puts `files` in place of small ones, whose rows they hold; `info` are notes for the history.
    /// Rows do not change, and whatever others committed meanwhile stays.
    ///
    /// # Errors
    /// `Corrupt` when the files do not hold as many rows as the log promised. `Conflict` when one
    /// of the small files was removed meanwhile, or the columns changed. Either way nothing was
    /// committed.
    pub async fn compact(
        &self,
        small: &SmallFiles,
        files: Vec<StagedFile>,
        info: Map<String, Value>,
    ) -> Result<Committed> {
        let rows: u64 = files.iter().map(StagedFile::rows).sum();
        if rows != small.rows {
            return Err(LakeError::corrupt(format!(
                "cannot compact dataset `{}`: the log says that its small files have {} rows, and \
                 {rows} were read from them",
                self.dataset(),
                small.rows
            )));
        }
        let paths = small.files.iter().map(|file| file.path().to_owned());
        let request = CommitRequest::rewrite(paths.collect(), files).with_info(info);
        self.commit(request).await
    }
}
