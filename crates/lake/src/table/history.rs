//! What the log says happened.

use std::collections::HashSet;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use object_store::path::Path;
use object_store::{Error, ObjectStoreExt as _};
use serde_json::{Map, Value};

use super::Table;
use crate::commit::{RESERVED, RESTORES, SUBMISSIONS};
use crate::error::{LakeError, Result};

/// Log entries read at once.
const READS: usize = 16;

/// A commit, as its own log entry tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct CommitRecord {
    /// The version it made.
    pub version: i64,
    /// When it was written, by the writer's clock.
    pub committed_at: DateTime<Utc>,
    /// What it was, as the writer named it.
    pub operation: String,
    /// The rows it wrote, if the writer said so.
    pub rows: Option<u64>,
    /// What the writer noted: our own keys start with `dtm.`.
    pub info: Map<String, Value>,
    /// Whether rows or columns are other than before it; not after a rewriting of files.
    pub changes_rows: bool,
    /// Application versions it carries.
    pub(crate) applications: Vec<(String, i64)>,
}

impl CommitRecord {
    /// The submissions that it landed.
    pub fn submissions(&self) -> Vec<String> {
        let listed = self.info.get(SUBMISSIONS).and_then(Value::as_array);
        let ids = listed.into_iter().flatten().filter_map(Value::as_str);
        ids.map(str::to_owned).collect()
    }

    /// The version whose files it brought back, if it restored one.
    pub fn restores(&self) -> Option<i64> {
        self.info.get(RESTORES).and_then(Value::as_i64)
    }
}

impl Table {
    /// The newest commits, newest first; all of them when there are fewer than `limit`.
    ///
    /// # Errors
    /// `Corrupt` when a log entry cannot be read.
    pub async fn history(&self, limit: usize) -> Result<Vec<CommitRecord>> {
        self.history_after(0, limit).await
    }

    /// The commits that follow the newest `passed` in [`history`](Self::history); those are not
    /// read.
    ///
    /// # Errors
    /// `Corrupt` when a log entry cannot be read.
    pub async fn history_after(&self, passed: u64, limit: usize) -> Result<Vec<CommitRecord>> {
        let passed = i64::try_from(passed).unwrap_or(i64::MAX);
        let newest = self.refresh().await?.saturating_sub(passed);
        let mut entries = self.down_from(newest).take(limit);
        let mut records = Vec::new();
        while let Some(record) = entries.try_next().await? {
            records.push(record);
        }
        Ok(records)
    }

    /// The commit after `version` that landed this submission, if one did.
    ///
    /// # Errors
    /// `Corrupt` when a log entry cannot be read.
    pub async fn find_after(&self, version: i64, id: &str) -> Result<Option<CommitRecord>> {
        let landed = |record: &CommitRecord| record.submissions().iter().any(|known| known == id);
        self.find_since(version, landed).await
    }

    /// The newest commit after `version` that `wanted` accepts.
    ///
    /// # Errors
    /// `Corrupt` when a log entry cannot be read.
    pub async fn find_since(
        &self,
        version: i64,
        wanted: impl Fn(&CommitRecord) -> bool,
    ) -> Result<Option<CommitRecord>> {
        self.refresh().await?;
        let mut entries = self.newest_first();
        while let Some(record) = entries.try_next().await? {
            if record.version <= version {
                break;
            }
            if wanted(&record) {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }

    /// The commits after `version` that landed submissions, oldest first, each with their ids.
    /// For filling the submission index from the log.
    ///
    /// # Errors
    /// `Corrupt` when a log entry cannot be read.
    pub async fn submissions_since(
        &self,
        version: i64,
    ) -> Result<Vec<(CommitRecord, Vec<String>)>> {
        self.refresh().await?;
        let mut entries = self.newest_first();
        let mut landed = Vec::new();
        while let Some(record) = entries.try_next().await? {
            if record.version <= version {
                break;
            }
            let ids = record.submissions();
            if !ids.is_empty() {
                landed.push((record, ids));
            }
        }
        landed.reverse();
        Ok(landed)
    }

    /// The commits after `version` that noted something under `key`, oldest first.
    ///
    /// # Errors
    /// `Corrupt` when a log entry cannot be read.
    pub async fn noted_since(&self, version: i64, key: &str) -> Result<Vec<CommitRecord>> {
        self.refresh().await?;
        let mut entries = self.newest_first();
        let mut noted = Vec::new();
        while let Some(record) = entries.try_next().await? {
            if record.version <= version {
                break;
            }
            if record.info.contains_key(key) {
                noted.push(record);
            }
        }
        noted.reverse();
        Ok(noted)
    }

    /// Whether the rows and columns of version `one` are those of version `other`, as far as the
    /// log tells: back from the newer one, files were rewritten or the older version restored. At
    /// most one request for each version between them.
    ///
    /// # Errors
    /// `Corrupt` when a log entry cannot be read.
    pub async fn same_rows(&self, one: i64, other: i64) -> Result<bool> {
        let (older, mut at) = (one.min(other), one.max(other));
        while at > older {
            let Some(record) = self.record(at).await? else {
                return Ok(false);
            };
            at = match record.restores() {
                Some(restored) if restored < at => restored,
                None if !record.changes_rows => at - 1,
                _ => return Ok(false),
            };
        }
        Ok(at == older)
    }

    /// The newest commit that noted something under `key`.
    ///
    /// # Errors
    /// `Corrupt` when a log entry cannot be read.
    pub async fn newest_noting(&self, key: &str) -> Result<Option<CommitRecord>> {
        self.refresh().await?;
        self.find(|record| record.info.contains_key(key)).await
    }

    /// The newest commit up to `version` that noted something under `key`.
    ///
    /// # Errors
    /// `Corrupt` when a log entry cannot be read.
    pub async fn noting_until(&self, version: i64, key: &str) -> Result<Option<CommitRecord>> {
        self.refresh().await?;
        self.find(|record| record.version <= version && record.info.contains_key(key))
            .await
    }

    /// The newest version that was committed at or before `time`, by the writers' clocks.
    ///
    /// # Errors
    /// `NotFound` when the table is younger.
    pub async fn version_at(&self, time: DateTime<Utc>) -> Result<i64> {
        self.refresh().await?;
        let (mut low, mut high) = (-1, self.version());
        // Every version up to `low` is not younger than the time, and every one above `high` is.
        while low < high {
            let middle = high - (high - low) / 2;
            match self.record(middle).await? {
                Some(record) if record.committed_at > time => high = middle - 1,
                Some(_) => low = middle,
                // The log has been cleaned up to here.
                None => low = middle,
            }
        }
        let found = match low {
            -1 => None,
            found => self.record(found).await?,
        };
        found.map(|record| record.version).ok_or_else(|| {
            LakeError::not_found(format!(
                "dataset `{}` has no version from {time} or before",
                self.dataset()
            ))
        })
    }

    /// The newest commit that `wanted` accepts.
    pub(crate) async fn find(
        &self,
        wanted: impl Fn(&CommitRecord) -> bool,
    ) -> Result<Option<CommitRecord>> {
        let mut entries = self.newest_first();
        while let Some(record) = entries.try_next().await? {
            if wanted(&record) {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }

    /// What the log entry of `version` says of itself, if it is there.
    pub(crate) async fn record(&self, version: i64) -> Result<Option<CommitRecord>> {
        let Some((written_at, bytes)) = self.entry(version).await? else {
            return Ok(None);
        };
        parse(version, written_at, &bytes)
            .map(Some)
            .map_err(|error| {
                let dataset = self.dataset();
                let doing = format!("cannot read version {version} of dataset `{dataset}`");
                LakeError::damaged(&doing, error)
            })
    }

    /// The log entry of `version` and when it was written, if it is there.
    pub(super) async fn entry(&self, version: i64) -> Result<Option<(DateTime<Utc>, Bytes)>> {
        let failed = |error| {
            let dataset = self.dataset();
            LakeError::store(
                &format!("cannot read version {version} of dataset `{dataset}`"),
                error,
            )
        };
        match self.store().get(&entry_path(version)).await {
            Ok(got) => {
                let written_at = got.meta.last_modified;
                Ok(Some((written_at, got.bytes().await.map_err(failed)?)))
            }
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    /// The paths of the files that the commit of `version` added.
    pub(crate) async fn added_at(&self, version: i64) -> Result<HashSet<String>> {
        let doing = format!(
            "cannot read version {version} of dataset `{}`",
            self.dataset()
        );
        let got = self.store().get(&entry_path(version)).await;
        let got = got.map_err(|error| LakeError::store(&doing, error))?;
        let bytes = got
            .bytes()
            .await
            .map_err(|error| LakeError::store(&doing, error))?;
        let mut paths = HashSet::new();
        for line in bytes
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
        {
            let action: Value =
                serde_json::from_slice(line).map_err(|error| LakeError::damaged(&doing, error))?;
            if let Some(path) = action["add"]["path"].as_str() {
                paths.insert(path.to_owned());
            }
        }
        Ok(paths)
    }

    /// Every log entry from the newest down, as far as the log reaches.
    fn newest_first(&self) -> stream::BoxStream<'_, Result<CommitRecord>> {
        self.down_from(self.version())
    }

    fn down_from(&self, newest: i64) -> stream::BoxStream<'_, Result<CommitRecord>> {
        stream::iter((0..=newest).rev())
            .map(|version| self.record(version))
            .buffered(READS)
            .try_take_while(|record| std::future::ready(Ok(record.is_some())))
            .try_filter_map(|record| std::future::ready(Ok(record)))
            .boxed()
    }
}

/// Where the entry of a version lies, from the table's folder.
pub(crate) fn entry_path(version: i64) -> Path {
    Path::from(format!("_delta_log/{version:020}.json"))
}

fn parse(
    version: i64,
    written_at: DateTime<Utc>,
    bytes: &[u8],
) -> std::result::Result<CommitRecord, serde_json::Error> {
    let mut record = CommitRecord {
        version,
        committed_at: written_at,
        operation: String::new(),
        rows: None,
        info: Map::new(),
        changes_rows: false,
        applications: Vec::new(),
    };
    for line in bytes.split(|byte| *byte == b'\n') {
        record.changes_rows |= changes_rows(line);
        // An entry can list thousands of files; only the two short kinds of lines are read.
        if !(line.starts_with(b"{\"commitInfo\"") || line.starts_with(b"{\"txn\"")) {
            continue;
        }
        let mut action: Map<String, Value> = serde_json::from_slice(line)?;
        if let Some(Value::Object(info)) = action.remove("commitInfo") {
            let written = info.get("timestamp").and_then(Value::as_i64);
            if let Some(time) = written.and_then(DateTime::from_timestamp_millis) {
                record.committed_at = time;
            }
            let operation = info.get("operation").and_then(Value::as_str);
            record.operation = operation.unwrap_or_default().to_owned();
            record.rows = info.get("operationMetrics").and_then(rows);
            record.info = info;
            record
                .info
                .retain(|key, _| !RESERVED.contains(&key.as_str()));
        }
        if let Some(txn) = action.remove("txn")
            && let (Some(app), Some(number)) = (txn["appId"].as_str(), txn["version"].as_i64())
        {
            record.applications.push((app.to_owned(), number));
        }
    }
    Ok(record)
}

/// Whether a line of an entry can stand for other rows or columns.
fn changes_rows(line: &[u8]) -> bool {
    let of_a_file = line.starts_with(b"{\"add\"") || line.starts_with(b"{\"remove\"");
    let harmless = line.starts_with(b"{\"commitInfo\"") || line.starts_with(b"{\"txn\"");
    if of_a_file {
        let told = br#""dataChange":false"#;
        !line.windows(told.len()).any(|part| part == told)
    } else {
        !(harmless || line.is_empty())
    }
}

/// The rows that a commit wrote. The protocol's example has the number as text; some writers have
/// it as a number.
fn rows(metrics: &Value) -> Option<u64> {
    match metrics.get("numOutputRows")? {
        Value::String(text) => text.parse().ok(),
        number => number.as_u64(),
    }
}
