//! The files by which two versions differ, and those that may hold rows with given values.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use deltalake::datafusion::catalog::TableProvider;
use deltalake::datafusion::common::ScalarValue;
use deltalake::kernel::Add;
use futures::{StreamExt as _, stream};
use object_store::ObjectStoreExt as _;
use object_store::path::Path;
use serde::Deserialize;
use serde_json::Value;

use super::data_file::located;
use super::{DataFile, Portion, Snapshot, Table, provider};
use crate::commit::CommitRequest;
use crate::error::{LakeError, Result};
use crate::write::StagedFile;

/// The files that hold rows with given values.
#[derive(Debug, Clone)]
pub struct Holding {
    /// Those that may hold such a row.
    pub all: Portion,
    /// Those of them that may hold other rows, too.
    pub mixed: Portion,
}

impl Table {
    /// The files that went and came between version `before` and `now`, by the log entries between
    /// them alone; none if these do not tell, or tell of other columns. The rows of files that went
    /// are not known.
    ///
    /// # Errors
    /// `Corrupt` when a log entry cannot be read.
    pub async fn changed_files(
        &self,
        before: i64,
        now: &Snapshot,
    ) -> Result<Option<(Portion, Portion)>> {
        let doing = format!(
            "cannot read what changed in dataset `{}` since version {before}",
            self.dataset()
        );
        let mut gone: BTreeMap<String, Add> = BTreeMap::new();
        let mut come: HashSet<String> = HashSet::new();
        for version in before + 1..=now.version() {
            let Some((_, bytes)) = self.entry(version).await? else {
                return Ok(None);
            };
            let lines = bytes.split(|byte| *byte == b'\n');
            for line in lines.filter(|line| !line.is_empty()) {
                let mut action: Value = serde_json::from_slice(line)
                    .map_err(|error| LakeError::damaged(&doing, error))?;
                if action.get("metaData").is_some() || action.get("protocol").is_some() {
                    return Ok(None);
                }
                if let Some(path) = action["add"]["path"].as_str() {
                    // One that is shown again after it went.
                    if gone.remove(path).is_none() {
                        come.insert(path.to_owned());
                    }
                }
                if action.get("remove").is_some() {
                    let removed: Removed = serde_json::from_value(action["remove"].take())
                        .map_err(|error| LakeError::damaged(&doing, error))?;
                    if !come.remove(&removed.path) {
                        gone.insert(removed.path.clone(), removed.into());
                    }
                }
            }
        }
        let came = now.head.files().iter();
        let came = came.filter(|file| come.contains(file.path()));
        let came = now.portion(came.map(Arc::clone).collect())?;
        let gone = gone.into_values().map(|add| Arc::new(DataFile::new(add)));
        Ok(Some((now.uncounted(gone.collect())?, came)))
    }

    /// Whether every file of a portion still lies there.
    ///
    /// # Errors
    /// `Unavailable` when the store does not answer.
    pub async fn are_there(&self, portion: &Portion) -> Result<bool> {
        let doing = format!("cannot look for files of dataset `{}`", self.dataset());
        let paths: Vec<Path> = portion.paths_of().map(located).collect();
        let mut looked = stream::iter(paths)
            .map(|path| {
                let store = Arc::clone(self.store());
                async move { store.head(&path).await }
            })
            .buffered(LOOKS)
            .boxed();
        while let Some(found) = looked.next().await {
            match found {
                Ok(_) => {}
                Err(object_store::Error::NotFound { .. }) => return Ok(false),
                Err(error) => return Err(LakeError::store(&doing, error)),
            }
        }
        Ok(true)
    }
}

/// Requests for files at once.
const LOOKS: usize = 16;

/// What the log says of a file that went.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Removed {
    path: String,
    size: Option<i64>,
    partition_values: Option<HashMap<String, Option<String>>>,
}

impl From<Removed> for Add {
    fn from(removed: Removed) -> Self {
        Self {
            path: removed.path,
            size: removed.size.unwrap_or_default(),
            partition_values: removed.partition_values.unwrap_or_default(),
            data_change: true,
            ..Self::default()
        }
    }
}

impl Snapshot {
    /// The files that may hold a row of which every column of one of `boxes` has one of its values.
    ///
    /// # Errors
    /// `Invalid` for a table that is not plain Delta; `Corrupt` when a file has no row count.
    pub fn holding_any(&self, boxes: &[BTreeMap<String, Vec<ScalarValue>>]) -> Result<Holding> {
        self.layout()?;
        let (mut all, mut mixed) = (Vec::new(), Vec::new());
        let partition_by = self.head.partition_by();
        for file in self.head.files().iter() {
            let may = |values: &BTreeMap<String, Vec<ScalarValue>>| {
                let mut columns = values.iter();
                columns.all(|(column, values)| file.may_hold_value(column, values))
            };
            let only = |values: &BTreeMap<String, Vec<ScalarValue>>| {
                may(values) && values.keys().all(|column| partition_by.contains(column))
            };
            if boxes.iter().any(may) {
                all.push(Arc::clone(file));
                if !boxes.iter().any(only) {
                    mixed.push(Arc::clone(file));
                }
            }
        }
        Ok(Holding {
            all: self.portion(all)?,
            mixed: self.portion(mixed)?,
        })
    }

    /// Reads this version as if `files`, which are staged, had taken the place of a portion.
    ///
    /// # Errors
    /// `Invalid` for a table that is not plain Delta.
    pub fn with(&self, portion: &Portion, files: &[StagedFile]) -> Result<Arc<dyn TableProvider>> {
        let gone: HashSet<&str> = portion.paths_of().collect();
        let stay = self.head.files().iter();
        let stay = stay.filter(|file| !gone.contains(file.path()));
        let come = files.iter();
        let come = come.map(|file| Arc::new(DataFile::new(file.add(0))));
        let files = stay.map(Arc::clone).chain(come).collect();
        provider::exactly(self, Arc::new(files))
    }
}

impl Portion {
    /// Puts `files` in place of the portion, if the table is still at `base`.
    pub fn replaced_by(&self, base: i64, files: Vec<StagedFile>) -> CommitRequest {
        let paths = self.paths_of().map(str::to_owned).collect();
        CommitRequest::amend(paths, files).with_base(base)
    }
}

impl Table {
    /// A change of nothing but the notes for the history, if the table is still at `base`.
    pub fn noting(base: i64) -> CommitRequest {
        CommitRequest::amend(Vec::new(), Vec::new()).with_base(base)
    }
}
