//! A log entry applied to what was known before it.

use std::collections::HashSet;
use std::sync::Arc;

use deltalake::kernel::{Add, LogicalFileView, Metadata, Protocol, Remove, Transaction};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::DataFile;
use crate::error::{LakeError, Result};

/// Features of a table's protocol that change nothing about reading its files.
const HARMLESS: [&str; 4] = [
    "appendOnly",
    "timestampNtz",
    "v2Checkpoint",
    "vacuumProtocolCheck",
];

/// What a log entry changes about the files.
pub(super) struct Change {
    pub(super) added: Vec<DataFile>,
    removed: HashSet<String>,
    pub(super) applications: Vec<(String, i64)>,
}

/// A line of a log entry; what is not named here changes nothing about the files.
#[derive(Deserialize)]
struct Line {
    add: Option<Add>,
    remove: Option<Remove>,
    txn: Option<Transaction>,
    #[serde(rename = "metaData")]
    metadata: Option<IgnoredAny>,
    protocol: Option<IgnoredAny>,
}

impl Change {
    /// None when the entry changes the columns or the protocol.
    pub(super) fn read(entry: &[u8]) -> Result<Option<Self>> {
        let mut change = Self {
            added: Vec::new(),
            removed: HashSet::new(),
            applications: Vec::new(),
        };
        let lines = entry.split(|byte| *byte == b'\n');
        for line in lines.filter(|line| !line.is_empty()) {
            let line: Line = serde_json::from_slice(line)
                .map_err(|error| LakeError::damaged("cannot read a log entry", error))?;
            if line.metadata.is_some() || line.protocol.is_some() {
                return Ok(None);
            }
            if let Some(add) = line.add {
                if !add.data_change {
                    // A file may be named again, with other statistics.
                    change.removed.insert(add.path.clone());
                }
                change.added.push(DataFile::new(add));
            }
            change.removed.extend(line.remove.map(|remove| remove.path));
            change
                .applications
                .extend(line.txn.map(|txn| (txn.app_id, txn.version)));
        }
        Ok(Some(change))
    }

    pub(super) fn applied(self, files: &[Arc<DataFile>]) -> Vec<Arc<DataFile>> {
        let mut all: Vec<_> = if self.removed.is_empty() {
            files.to_vec()
        } else {
            let stays = |file: &&Arc<DataFile>| !self.removed.contains(file.path());
            files.iter().filter(stays).cloned().collect()
        };
        all.extend(self.added.into_iter().map(Arc::new));
        all
    }
}

/// The file as the library gives it.
pub(super) fn added(file: &LogicalFileView) -> Add {
    #[expect(deprecated, reason = "nothing else gives the tags of a file")]
    file.add_action()
}

/// Whether the files of such a table are its rows: nothing is deleted or renamed beside them.
pub(super) fn is_plain(protocol: &Protocol, metadata: &Metadata) -> bool {
    let told = serde_json::to_value(protocol).unwrap_or_default();
    let mapping = metadata.configuration().get("delta.columnMapping.mode");
    let mapped = mapping.is_some_and(|mode| mode != "none");
    let features = told["readerFeatures"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let known = |feature: &serde_json::Value| {
        feature
            .as_str()
            .is_some_and(|feature| HARMLESS.contains(&feature))
    };
    let reader = told["minReaderVersion"].as_i64().unwrap_or(i64::MAX);
    !mapped && reader <= 3 && features.iter().all(known)
}
