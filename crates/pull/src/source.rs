//! What every source promises.

use async_trait::async_trait;
use tempfile::NamedTempFile;

use crate::Result;

/// How far a source was read: opaque text that only the source that gave it understands, at most
/// 4 KiB. Marks are kept by the caller, after what came before them is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark(pub String);

/// One body that was pulled: a file of a folder, a page of an API, a slice of a table.
#[derive(Debug)]
pub struct Piece {
    /// What people call it: a file's name, a page's address without its secrets, a slice's bounds.
    pub name: String,
    /// The media type, as the other system said it or as was declared.
    pub content_type: String,
    /// The bytes, on a disk of ours.
    pub body: NamedTempFile,
    /// How many bytes.
    pub size_bytes: u64,
    /// How far the source is read when this piece is durable.
    pub mark: Mark,
}

/// Another system that is asked again and again.
#[async_trait]
pub trait Source: Send + Sync {
    /// The piece after `mark`, or the first one; `None` when there is nothing new. Asked again with
    /// the same mark it starts again at the same place, so whoever lost an answer loses no data.
    async fn next(&self, mark: Option<&Mark>) -> Result<Option<Piece>>;

    /// Tells the source that the piece is durable here, so that it may put it away (a file is moved
    /// out of the inbox). Told again, it does nothing.
    async fn done(&self, piece: &Piece) -> Result<()>;
}
