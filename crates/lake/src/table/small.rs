//! Small files of a table, which compaction puts together.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{DataFile, Portion, Snapshot};
use crate::error::Result;

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

impl Snapshot {
    /// The small files of each partition that has enough of them, in portions of one commit each.
    ///
    /// # Errors
    /// `Invalid` for a table that is not plain Delta; `Corrupt` when a file has no row count.
    pub fn small_files(&self, settings: &CompactSettings) -> Result<Vec<Portion>> {
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
}
