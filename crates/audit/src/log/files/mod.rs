//! The files of a log, wherever they are kept.

mod local;
mod memory;

use async_trait::async_trait;
use bytes::Bytes;

use super::Result;

pub use local::LocalFolder;
pub use memory::MemoryFiles;

/// What became of a file that was to be created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It was not there and is now.
    Created,
    /// It was there with the same bytes.
    Same,
    /// It was there with other bytes, and still has them.
    Other,
}

/// Where the files of a log are. Paths are relative to the root of the log, with `/`.
///
/// Nothing is ever overwritten: a file is created whole or not at all, and of two that create it
/// at once one gets [`Put::Created`]. An object store does so with `If-None-Match: *`.
#[async_trait]
pub trait Files: Send + Sync {
    /// The bytes of a file; nothing if it is not there.
    async fn get(&self, path: &str) -> Result<Option<Bytes>>;

    /// Creates a file. It is durable, and seen by everyone, when this answers; after an error it
    /// may be there or not.
    async fn put_new(&self, path: &str, bytes: Bytes) -> Result<Put>;

    /// The paths of all files in any order; nothing where files cannot be listed.
    async fn list(&self) -> Result<Option<Vec<String>>>;
}
