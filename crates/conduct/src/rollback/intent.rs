//! Rollbacks on the store: an object each, numbered, put once, before the first table is restored.

use std::collections::BTreeMap;

use bytes::Bytes;
use lake::LakeError;
use serde::{Deserialize, Serialize};
use service::{ErrorKind, Result, ServiceError};

use crate::failure;
use crate::handles::Handles;
use crate::published::DatasetKey;

/// Where they are kept.
const FOLDER: &str = "rollback";

/// What a rollback is to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Intent {
    /// The sequence of the set that was the newest when it was asked for: the number of the
    /// rollback.
    pub number: u64,
    /// The run that was named.
    pub run: String,
    /// The set that readers are to see again, by its sequence.
    pub set: u64,
    /// The runs that are undone, newest first.
    pub undone: Vec<String>,
    /// The datasets whose versions change.
    pub datasets: BTreeMap<DatasetKey, Change>,
}

/// The versions of a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Change {
    /// The one that readers see.
    pub from: i64,
    /// The one whose rows they are to see.
    pub to: i64,
}

/// Puts the intent; of two that race one wins.
pub(super) async fn put(handles: &Handles, intent: &Intent) -> Result<()> {
    let text = serde_json::to_vec_pretty(intent).map_err(|error| {
        ServiceError::new(ErrorKind::Internal, "cannot write a rollback").caused_by(error)
    })?;
    let (objects, path) = (handles.lake.objects(), path(intent.number));
    match objects.create(&path, Bytes::from(text)).await {
        Ok(_) => Ok(()),
        Err(LakeError::Conflict(_)) => Err(ServiceError::new(
            ErrorKind::Conflict,
            format!(
                "cannot roll back run `{}`: another rollback began at the same moment",
                intent.run
            ),
        )
        .hint("Nothing was changed. Look at what is published then, and ask again.")),
        Err(error) => Err(failure::lake(error)),
    }
}

/// The rollbacks that were begun and whose set is not published, oldest first.
pub(super) async fn unfinished(handles: &Handles) -> Result<Vec<Intent>> {
    let objects = handles.lake.objects();
    let paths = objects.list(FOLDER).await.map_err(failure::lake)?;
    let mut intents = Vec::new();
    for path in paths {
        let Some(number) = number_of(&path) else {
            continue;
        };
        if is_finished(handles, number).await? {
            continue;
        }
        let text = objects.get(&path).await.map_err(failure::lake)?;
        let intent: Intent =
            serde_json::from_slice(&text).map_err(|error| unreadable(&path).caused_by(error))?;
        intents.push(intent);
    }
    Ok(intents)
}

/// Whether the set of that rollback is published. It is most often the next one.
async fn is_finished(handles: &Handles, number: u64) -> Result<bool> {
    let newest = handles.published.newest().await?.sequence;
    for sequence in number + 1..=newest {
        let set = handles.published.set(sequence).await?;
        if set.restores.as_ref().is_some_and(|r| r.rollback == number) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// An intent that is not what was put.
pub(super) fn unreadable(path: &str) -> ServiceError {
    let message = format!("the rollback `{path}` cannot be read");
    ServiceError::new(ErrorKind::Corrupt, message)
        .hint("Restore the object from a copy of the store.")
}

pub(super) fn path(number: u64) -> String {
    format!("{FOLDER}/{number:020}.json")
}

fn number_of(path: &str) -> Option<u64> {
    let name = path.strip_prefix(FOLDER)?.strip_prefix('/')?;
    name.strip_suffix(".json")?.parse().ok()
}
