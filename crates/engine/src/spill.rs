//! Temporary disk: one folder and quota for the process, and a limit for each query.

use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use datafusion::error::Result;
use datafusion::execution::disk_manager::{DiskManager, DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::{SpillFile, SpillWriter, TempFileFactory};
use futures::Stream;

use crate::error::QUERY_SPILL_BYTES;

/// The temporary disk of all queries of the process.
pub(crate) struct Spill {
    folder: PathBuf,
    bytes: u64,
    /// Made with the first file: an engine that only plans has no folder.
    disk: Mutex<Option<Arc<DiskManager>>>,
}

/// What one query may take of it.
struct Part {
    all: Arc<Spill>,
    used: Arc<Used>,
}

struct Used {
    limit: u64,
    bytes: AtomicU64,
}

impl fmt::Debug for Spill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spill")
            .field("folder", &self.folder)
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

impl Spill {
    /// That many bytes in that folder.
    pub(crate) fn new(folder: PathBuf, bytes: u64) -> Arc<Self> {
        Arc::new(Self {
            folder,
            bytes,
            disk: Mutex::new(None),
        })
    }

    /// A query's disk. None at all with a limit of 0. A limit above the quota of all is met by
    /// nobody: the quota is, and is named.
    pub(crate) fn part(self: &Arc<Self>, limit: u64) -> DiskManagerBuilder {
        let mode = match limit.min(self.bytes) {
            0 => DiskManagerMode::Disabled,
            _ => DiskManagerMode::Custom(Arc::new(Part {
                all: Arc::clone(self),
                used: Arc::new(Used {
                    limit,
                    bytes: AtomicU64::new(0),
                }),
            })),
        };
        DiskManagerBuilder::default().with_mode(mode)
    }

    /// The bytes that are taken.
    pub(crate) fn used(&self) -> u64 {
        let disk = self.disk.lock().unwrap_or_else(PoisonError::into_inner);
        disk.as_ref().map_or(0, |disk| disk.used_disk_space())
    }

    fn disk(&self) -> Result<Arc<DiskManager>> {
        let mut disk = self.disk.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(disk) = &*disk {
            return Ok(Arc::clone(disk));
        }
        let made = DiskManagerBuilder::default()
            .with_mode(DiskManagerMode::Directories(vec![self.folder.clone()]))
            .with_max_temp_directory_size(self.bytes)
            .build()?;
        Ok(Arc::clone(disk.insert(Arc::new(made))))
    }
}

impl TempFileFactory for Part {
    fn create_temp_file(&self, description: &str) -> Result<Arc<dyn SpillFile>> {
        let inner = self.all.disk()?.create_tmp_file(description)?;
        Ok(Arc::new(File {
            inner,
            used: Arc::clone(&self.used),
        }))
    }
}

/// A file that counts for its query as well as for the process.
struct File {
    inner: Arc<dyn SpillFile>,
    used: Arc<Used>,
}

impl SpillFile for File {
    fn path(&self) -> Option<&Path> {
        self.inner.path()
    }

    fn size(&self) -> Option<u64> {
        self.inner.size()
    }

    fn read_stream(&self) -> Result<Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>> {
        self.inner.read_stream()
    }

    fn open_writer(&self) -> Result<Box<dyn SpillWriter>> {
        Ok(Box::new(Writer {
            inner: self.inner.open_writer()?,
            used: Arc::clone(&self.used),
        }))
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let bytes = self.inner.size().unwrap_or(0);
        self.used.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

struct Writer {
    inner: Box<dyn SpillWriter>,
    used: Arc<Used>,
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let more = bytes.len() as u64;
        let limit = self.used.limit;
        if self.used.bytes.fetch_add(more, Ordering::Relaxed) + more > limit {
            self.used.bytes.fetch_sub(more, Ordering::Relaxed);
            return Err(std::io::Error::other(format!(
                "`{QUERY_SPILL_BYTES}` of {limit} bytes has no {more} bytes more"
            )));
        }
        let written = self.inner.write(bytes);
        let kept = *written.as_ref().unwrap_or(&0) as u64;
        self.used.bytes.fetch_sub(more - kept, Ordering::Relaxed);
        written
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}

impl SpillWriter for Writer {
    fn finish(&mut self) -> Result<()> {
        self.inner.finish()
    }
}
