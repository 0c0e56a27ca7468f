//! Transformations: a SQL file's header and text.

use std::fmt;

use crate::{DatasetName, Schedule};

/// How a run writes its target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// The table becomes exactly the answer.
    Replace,
    /// The answer is added to the table.
    Append,
    /// The table becomes exactly the answer; rows are computed anew for those values of the columns
    /// that a change of the inputs touches.
    Window(Vec<String>),
    /// The same by the columns that name a row once.
    Merge(Vec<String>),
}

impl Write {
    /// The columns by whose values rows are computed anew; none where it is always all of them.
    pub fn windows(&self) -> &[String] {
        match self {
            Self::Replace | Self::Append => &[],
            Self::Window(columns) | Self::Merge(columns) => columns,
        }
    }
}

/// When a transformation is due.
#[derive(Debug, Clone)]
pub enum Refresh {
    /// When an input has a version that the last run did not see.
    OnChange,
    /// At the times of a cron expression, in civil time.
    Cron(Schedule),
    /// When the data of a period is complete, or its cut-off has passed.
    AtPeriodClose,
}

impl fmt::Display for Refresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OnChange => f.write_str("on change"),
            Self::Cron(schedule) => schedule.fmt(f),
            Self::AtPeriodClose => f.write_str("at period close"),
        }
    }
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
    /// The SHA-256, in hex, of what the file means: how it writes, and its query without comments
    /// and layout. Files of one meaning give the same rows.
    pub meaning: String,
    /// The file, relative to the project.
    pub path: String,
}
