//! How a change of a table becomes visible: once, wholly, or not at all.
//!
//! A commit is one conditional put of the next numbered log entry. Whatever its answer, the entry
//! that lies there afterwards decides: it carries the id of the commit that wrote it.

mod attempt;
mod entry;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

pub(crate) use attempt::{Landed, put_entry};
pub(crate) use entry::{Plan, RESERVED};

use crate::write::StagedFile;

/// The key under which a commit notes its own id.
pub(crate) const COMMIT_ID: &str = "dtm.commit";
/// The key under which a commit notes the submissions that it lands.
pub(crate) const SUBMISSIONS: &str = "dtm.submissions";
/// The key under which an amendment notes how many rows went.
pub const SUPERSEDED_ROWS: &str = "dtm.superseded_rows";
/// The key under which a restoring commit notes the version whose files it brought back.
pub(crate) const RESTORES: &str = "dtm.restores";
/// What a rewriting of files is called by every engine.
const OPTIMIZE: &str = "OPTIMIZE";

/// What a commit does with the files that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitMode {
    /// Keeps them.
    Append,
    /// Removes them; older versions still read them.
    Replace,
    /// Removes some of them, whose rows the new files hold: no row changes.
    Rewrite,
    /// Removes some of them; the new files hold what is to stay of their rows.
    Amend,
}

/// A change to be made visible. Either list of files may be empty.
#[derive(Debug, Clone)]
pub struct CommitRequest {
    /// Whether the files join or replace those of the table.
    pub mode: CommitMode,
    /// For `Rewrite` and `Amend`: the paths of the files that go.
    pub rewritten: Vec<String>,
    /// The staged files.
    pub files: Vec<StagedFile>,
    /// A name and a rising number: a number that the table already has from this name is not
    /// committed again.
    pub app: Option<(String, i64)>,
    /// The version that the files were computed against: for `Replace` the newest by default, for
    /// `Append` and `Amend` any by default. A table that has moved on since is a conflict.
    pub base: Option<i64>,
    /// What the change is, for the history.
    pub operation: String,
    /// Notes for the history. Keys of our own start with `dtm.`.
    pub info: Map<String, Value>,
}

impl CommitRequest {
    /// Adds `files`.
    pub fn append(files: Vec<StagedFile>) -> Self {
        Self::new(CommitMode::Append, files)
    }

    /// Puts `files` in place of all others.
    pub fn replace(files: Vec<StagedFile>) -> Self {
        Self::new(CommitMode::Replace, files)
    }

    /// Puts `files` in place of those at the paths `rewritten`, with the same rows in them. What
    /// others commit meanwhile stays, unless it touches one of these.
    pub fn rewrite(rewritten: Vec<String>, files: Vec<StagedFile>) -> Self {
        Self {
            rewritten,
            ..Self::new(CommitMode::Rewrite, files).with_operation(OPTIMIZE)
        }
    }

    /// Puts `files` in place of those at the paths `amended`. What others commit meanwhile stays,
    /// unless it touches one of these.
    pub fn amend(amended: Vec<String>, files: Vec<StagedFile>) -> Self {
        Self {
            rewritten: amended,
            ..Self::new(CommitMode::Amend, files)
        }
    }

    fn new(mode: CommitMode, files: Vec<StagedFile>) -> Self {
        let operation = "WRITE".to_owned();
        Self {
            mode,
            rewritten: Vec::new(),
            files,
            app: None,
            base: None,
            operation,
            info: Map::new(),
        }
    }

    /// The same under an application's name and number.
    #[must_use]
    pub fn with_app(mut self, name: impl Into<String>, number: i64) -> Self {
        self.app = Some((name.into(), number));
        self
    }

    /// The same against a version.
    #[must_use]
    pub fn with_base(mut self, version: i64) -> Self {
        self.base = Some(version);
        self
    }

    /// The same with a name for the history.
    #[must_use]
    pub fn with_operation(mut self, operation: impl Into<String>) -> Self {
        self.operation = operation.into();
        self
    }

    /// The same with notes.
    #[must_use]
    pub fn with_info(mut self, info: Map<String, Value>) -> Self {
        self.info = info;
        self
    }
}

/// What became of a commit.
#[derive(Debug, Clone, PartialEq)]
pub struct Committed {
    /// The version that holds the change.
    pub version: i64,
    /// When it was written, by the writer's clock.
    pub committed_at: DateTime<Utc>,
    /// Whether an earlier commit of the same application number was found instead: then the
    /// request's files are not part of the table.
    pub already: bool,
    /// The notes of the commit that holds the change; shared by all that it landed.
    pub info: Arc<Map<String, Value>>,
}

impl Committed {
    /// Whether the commit landed this submission.
    pub fn landed(&self, submission_id: &str) -> bool {
        let listed = self.info.get(SUBMISSIONS).and_then(Value::as_array);
        let mut ids = listed.into_iter().flatten().filter_map(Value::as_str);
        ids.any(|id| id == submission_id)
    }
}
