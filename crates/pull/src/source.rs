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
    /// How many bytes. A piece over a limit may come with an empty body and its true size, so that
    /// it can be refused to whoever sent it.
    pub size_bytes: u64,
    /// How far the source is read when this piece is durable.
    pub mark: Mark,
}

/// What became of a piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Whether any of it landed; else it was refused.
    pub landed: bool,
    /// A name of its own, which is the same each time that the same piece ends so: letters, digits
    /// and `-`.
    pub slot: String,
    /// What goes beside the piece, for those who sent it.
    pub papers: Vec<Paper>,
}

/// A file beside a piece that was put away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paper {
    /// What stands behind the name of the piece, such as `receipt.json`.
    pub ending: &'static str,
    /// Its bytes.
    pub bytes: Vec<u8>,
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

    /// The same with what became of it, for sources that can tell it to those who sent the piece.
    async fn settled(&self, piece: &Piece, outcome: &Outcome) -> Result<()> {
        let _ = outcome;
        self.done(piece).await
    }

    /// Whether a walk begins at the start, whatever mark is kept: what was read is gone from there.
    fn begins_anew(&self) -> bool {
        false
    }
}
