//! Transformations: a SQL file's header and text.

use crate::DatasetName;

/// How a run writes its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    /// The table becomes exactly the answer.
    Replace,
    /// The answer is added to the table.
    Append,
}

/// When a transformation is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refresh {
    /// When an input has a version that the last run did not see.
    OnChange,
}

/// A file `sql/<layer>/<name>.sql`.
#[derive(Debug, Clone)]
pub struct Transformation {
    /// The target: the path says it.
    pub dataset: DatasetName,
    /// Why it exists, one sentence.
    pub why: String,
    /// How it writes.
    pub write: Write,
    /// When it is due.
    pub refresh: Refresh,
    /// The whole file, comments included, so that positions in errors are the file's.
    pub sql: String,
    /// The SHA-256 of the file in hex.
    pub sha256: String,
    /// The file, relative to the project.
    pub path: String,
}
