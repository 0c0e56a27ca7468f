//! Files that nobody needs any more.

use std::collections::{BTreeSet, HashMap};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use object_store::path::Path;
use object_store::{Error, ObjectMeta};

use super::data_file::located;
use super::{Snapshot, Table};
use crate::error::{LakeError, Result};

/// Log entries read at once.
const READS: usize = 16;
/// The folder of the log, from the table's.
const LOG: &str = "_delta_log/";
/// How data files end. Nothing else is ever deleted.
const DATA: &str = ".parquet";

/// Files below a table's folder that no version in need is made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unneeded {
    /// From the table's folder, sorted.
    pub paths: Vec<String>,
    /// Their size on the store.
    pub bytes: u64,
}

/// When a file was part of the table: from the first version to before the second.
type Span = (i64, i64);

impl Table {
    /// The files that can go: those of no version in `cited`, of no version that was the newest at
    /// `since` or later, and, if no commit names them, not written since either, as a job at work
    /// would have. The version before each amendment stays too: rows that were superseded are read
    /// there for as long as the table is kept. Reads the whole log.
    ///
    /// # Errors
    /// `Invalid` when the table is not plain Delta, or when its log does not reach back to its
    /// first version: then it cannot be known what an older version needs.
    pub async fn unneeded(&self, cited: &BTreeSet<i64>, since: DateTime<Utc>) -> Result<Unneeded> {
        self.refresh().await?;
        self.snapshot().layout()?;
        // What is committed after this list was made is not on it.
        let listed = self.data_files().await?;
        let newest = self.refresh().await?;
        let Log {
            spans,
            times,
            amended,
        } = self.whole_log(newest).await?;
        let cited: BTreeSet<i64> = cited.iter().copied().chain(amended).collect();
        let kept = times.partition_point(|written_at| *written_at <= since);
        let kept = i64::try_from(kept)
            .unwrap_or(i64::MAX)
            .saturating_sub(1)
            .max(0);
        let is_needed = |(from, to): &Span| {
            *to > kept
                || cited
                    .range(*from..)
                    .next()
                    .is_some_and(|version| version < to)
        };
        let mut unneeded = Unneeded::default();
        for file in listed {
            let path = file.location.to_string();
            let needed = match spans.get(&path) {
                Some(spans) => spans.iter().any(is_needed),
                None => file.last_modified > since,
            };
            if !needed {
                unneeded.bytes += file.size;
                unneeded.paths.push(path);
            }
        }
        unneeded.paths.sort();
        Ok(unneeded)
    }

    /// Deletes those files. One that is gone is deleted.
    ///
    /// # Errors
    /// `Unavailable` when the store refuses; the same again goes on.
    pub async fn delete_unneeded(&self, unneeded: &Unneeded) -> Result<()> {
        let paths: Vec<_> = unneeded
            .paths
            .iter()
            .map(|path| Ok(Path::from(path.as_str())))
            .collect();
        let mut deleted = self.store().delete_stream(stream::iter(paths).boxed());
        while let Some(outcome) = deleted.next().await {
            match outcome {
                Ok(_) | Err(Error::NotFound { .. }) => {}
                Err(error) => {
                    let doing = format!("cannot delete files of dataset `{}`", self.dataset());
                    return Err(LakeError::store(&doing, error));
                }
            }
        }
        Ok(())
    }

    /// How many files of an older version have been deleted since.
    ///
    /// # Errors
    /// `Unavailable` when the store does not answer.
    pub async fn missing_files(&self, snapshot: &Snapshot) -> Result<u64> {
        let there: BTreeSet<String> = self
            .data_files()
            .await?
            .into_iter()
            .map(|file| file.location.to_string())
            .collect();
        let files = snapshot.head.files().iter();
        let missing = files.filter(|file| !there.contains(located(file.path()).as_ref()));
        Ok(missing.count() as u64)
    }

    async fn data_files(&self) -> Result<Vec<ObjectMeta>> {
        let doing = format!("cannot list the files of dataset `{}`", self.dataset());
        let is_data = |file: &ObjectMeta| {
            let path = file.location.as_ref();
            path.ends_with(DATA) && !path.starts_with(LOG)
        };
        self.store()
            .list(None)
            .try_filter(|file| std::future::ready(is_data(file)))
            .try_collect()
            .await
            .map_err(|error| LakeError::store(&doing, error))
    }

    /// Every entry of the log from the first version to `newest`.
    async fn whole_log(&self, newest: i64) -> Result<Log> {
        let mut entries = stream::iter(0..=newest)
            .map(|version| async move { Ok((version, self.entry(version).await?)) })
            .buffered(READS);
        let mut log = Log::default();
        while let Some((version, entry)) = entries.try_next().await? {
            let Some((_, bytes)) = entry else {
                return Err(LakeError::invalid(format!(
                    "cannot tell what older versions of dataset `{}` need: version {version} is \
                     no longer in its log, so another program has cleaned it; nothing is deleted",
                    self.dataset()
                )));
            };
            log.read(version, &bytes).map_err(|error| {
                let dataset = self.dataset();
                let doing = format!("cannot read version {version} of dataset `{dataset}`");
                LakeError::damaged(&doing, error)
            })?;
        }
        Ok(log)
    }
}

#[derive(Default)]
struct Log {
    /// By path as it lies on the store.
    spans: HashMap<String, Vec<Span>>,
    /// When each version was written, by its writer's clock; never before the one before it.
    times: Vec<DateTime<Utc>>,
    /// The versions before amendments.
    amended: Vec<i64>,
}

#[derive(serde::Deserialize)]
struct Line {
    add: Option<Named>,
    remove: Option<Named>,
    #[serde(rename = "commitInfo")]
    info: Option<Written>,
}

#[derive(serde::Deserialize)]
struct Named {
    path: String,
}

#[derive(serde::Deserialize)]
struct Written {
    timestamp: Option<i64>,
    #[serde(rename = "dtm.superseded_rows")]
    superseded_rows: Option<u64>,
}

impl Log {
    fn read(&mut self, version: i64, entry: &Bytes) -> serde_json::Result<()> {
        let (mut added, mut removed, mut written) = (Vec::new(), Vec::new(), None);
        let lines = entry.split(|byte| *byte == b'\n');
        for line in lines.filter(|line| !line.is_empty()) {
            let line: Line = serde_json::from_slice(line)?;
            added.extend(line.add.map(|file| located(&file.path).to_string()));
            removed.extend(line.remove.map(|file| located(&file.path).to_string()));
            let told = line.info.as_ref().and_then(|info| info.timestamp);
            if line.info.is_some_and(|info| info.superseded_rows.is_some()) {
                self.amended.push(version - 1);
            }
            written = written.or(told.and_then(DateTime::from_timestamp_millis));
        }
        for path in removed {
            for span in self.spans.entry(path).or_default() {
                span.1 = span.1.min(version);
            }
        }
        for path in added {
            self.spans
                .entry(path)
                .or_default()
                .push((version, i64::MAX));
        }
        let before = self.times.last().copied();
        // A version without a time, or with one before its predecessor's, is as young as that.
        let at = written.or(before).unwrap_or(DateTime::<Utc>::MAX_UTC);
        self.times.push(before.map_or(at, |before| before.max(at)));
        Ok(())
    }
}
