//! The text of a log entry.

use std::collections::HashSet;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use deltalake::kernel::{Action, Add, Remove, Transaction};
use serde_json::{Map, Value, json};

use super::{COMMIT_ID, CommitMode, CommitRequest};
use crate::error::{LakeError, Result};
use crate::given::Given;
use crate::table::Head;
use crate::write::StagedFile;

/// Keys of a commit's information that the Delta protocol gives a meaning to.
pub(crate) const RESERVED: [&str; 13] = [
    "timestamp",
    "inCommitTimestamp",
    "userId",
    "userName",
    "operation",
    "operationParameters",
    "operationMetrics",
    "readVersion",
    "isolationLevel",
    "isBlindAppend",
    "engineInfo",
    "txnId",
    "userMetadata",
];

/// What the return to an older version is called by every engine.
const RESTORE: &str = "RESTORE";

/// A change, before it is known on which version it will stand.
pub(crate) struct Plan {
    pub(super) files: Vec<StagedFile>,
    /// Files of an older version, which are part of the table again.
    back: Vec<Add>,
    /// Whether the files that are there are removed.
    pub(super) empty: bool,
    /// Files that `files` take the place of.
    pub(super) rewritten: HashSet<String>,
    /// Whether rows are other than before.
    changes_rows: bool,
    pub(super) app: Option<(String, i64)>,
    /// The version that must be the newest; none when any will do.
    pub(super) base: Option<i64>,
    /// Whether the newest version at the start must still be the newest at the commit.
    pub(super) alone: bool,
    /// New columns, partitions and properties; with the protocol for a new table.
    heading: Vec<Value>,
    operation: String,
    pub(super) info: Map<String, Value>,
}

/// A log entry ready to be put.
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) at: DateTime<Utc>,
    pub(crate) bytes: Bytes,
    pub(crate) info: Map<String, Value>,
}

impl Plan {
    pub(super) fn requested(request: CommitRequest) -> Result<Self> {
        check_notes(&request.info)?;
        let replace = request.mode == CommitMode::Replace;
        let may_join = matches!(request.mode, CommitMode::Append | CommitMode::Amend);
        let alone = replace || (may_join && request.base.is_some());
        Ok(Self {
            files: request.files,
            back: Vec::new(),
            empty: replace,
            rewritten: request.rewritten.into_iter().collect(),
            changes_rows: request.mode != CommitMode::Rewrite,
            app: request.app,
            base: if alone { request.base } else { None },
            alone,
            heading: Vec::new(),
            operation: request.operation,
            info: request.info,
        })
    }

    /// A new table. Reader 1 and writer 2 is what every engine knows.
    pub(crate) fn created(metadata: Value) -> Self {
        let protocol = json!({ "protocol": { "minReaderVersion": 1, "minWriterVersion": 2 } });
        Self {
            files: Vec::new(),
            back: Vec::new(),
            empty: false,
            rewritten: HashSet::new(),
            changes_rows: true,
            app: None,
            base: None,
            alone: true,
            heading: vec![protocol, metadata],
            operation: "CREATE TABLE".to_owned(),
            info: Map::new(),
        }
    }

    /// A table whose shape changes.
    pub(crate) fn changed(
        metadata: Value,
        base: i64,
        operation: &str,
        empty: bool,
        info: Map<String, Value>,
    ) -> Self {
        Self {
            files: Vec::new(),
            back: Vec::new(),
            empty,
            rewritten: HashSet::new(),
            changes_rows: true,
            app: None,
            base: Some(base),
            alone: true,
            heading: vec![metadata],
            operation: operation.to_owned(),
            info,
        }
    }

    /// A table at version `base`, without the files at the paths `removed` and with files `back`
    /// that it had before.
    pub(crate) fn restored(
        back: Vec<Add>,
        removed: HashSet<String>,
        base: i64,
        info: Map<String, Value>,
    ) -> Result<Self> {
        check_notes(&info)?;
        Ok(Self {
            files: Vec::new(),
            back,
            empty: false,
            rewritten: removed,
            changes_rows: true,
            app: None,
            base: Some(base),
            alone: true,
            heading: Vec::new(),
            operation: RESTORE.to_owned(),
            info,
        })
    }

    /// The log entry on top of `head`.
    pub(crate) fn entry(&self, given: &Given, head: Option<&Head>) -> Result<Entry> {
        let (id, now) = (given.id(), given.now());
        let mut info = self.info.clone();
        info.insert(COMMIT_ID.to_owned(), Value::String(id.clone()));
        let mut commit_info = info.clone();
        commit_info.insert("timestamp".to_owned(), now.timestamp_millis().into());
        commit_info.insert("operation".to_owned(), self.operation.clone().into());
        commit_info.insert("operationParameters".to_owned(), json!({}));
        commit_info.insert("engineInfo".to_owned(), "dtm".into());
        let blind = !self.alone && self.rewritten.is_empty();
        commit_info.insert("isBlindAppend".to_owned(), blind.into());
        if !self.files.is_empty() {
            let rows: u64 = self.files.iter().map(StagedFile::rows).sum();
            let metrics = json!({
                "numFiles": self.files.len().to_string(),
                "numOutputRows": rows.to_string(),
            });
            commit_info.insert("operationMetrics".to_owned(), metrics);
        }
        if let Some(head) = head {
            commit_info.insert("readVersion".to_owned(), head.version().into());
        }
        let mut text = Vec::new();
        line(&mut text, &json!({ "commitInfo": commit_info }))?;
        for action in &self.heading {
            line(&mut text, action)?;
        }
        if let Some((app, number)) = &self.app {
            let at = Some(now.timestamp_millis());
            let action = Transaction::new_with_last_update(app, *number, at);
            line(&mut text, &Action::Txn(action))?;
        }
        let now_ms = now.timestamp_millis();
        let there = head.into_iter().flat_map(|head| head.files().iter());
        for file in there.filter(|file| self.empty || self.rewritten.contains(file.path())) {
            let remove = Remove {
                data_change: self.changes_rows,
                ..file.removal(now_ms)
            };
            line(&mut text, &Action::Remove(remove))?;
        }
        for file in &self.files {
            let add = Add {
                data_change: self.changes_rows,
                ..file.add(now_ms)
            };
            line(&mut text, &Action::Add(add))?;
        }
        for add in &self.back {
            line(&mut text, &Action::Add(add.clone()))?;
        }
        Ok(Entry {
            id,
            at: now,
            bytes: Bytes::from(text),
            info,
        })
    }
}

fn check_notes(info: &Map<String, Value>) -> Result<()> {
    match info.keys().find(|key| RESERVED.contains(&key.as_str())) {
        Some(key) => Err(LakeError::invalid(format!(
            "cannot note `{key}` in a commit: the Delta protocol uses this key"
        ))),
        None => Ok(()),
    }
}

fn line(text: &mut Vec<u8>, action: &impl serde::Serialize) -> Result<()> {
    serde_json::to_writer(&mut *text, action)
        .map_err(|error| LakeError::internal("cannot write a log entry", error))?;
    text.push(b'\n');
    Ok(())
}
