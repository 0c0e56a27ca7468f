//! Events on the store: their names say their order, and no name is used twice.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use service::{ErrorKind, Result, ServiceError};

use crate::failure;
use crate::handles::Handles;

/// Where they are kept.
const FOLDER: &str = "outbox/openlineage";

/// The first number of a run under its own lease.
const OWN: u64 = 100_001;

/// An event that is not acknowledged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// The run that it tells of.
    pub run: String,
    /// The newest published set when that began: the run's own is a later one.
    pub since: u64,
    /// When it may leave.
    pub when: When,
    /// The event.
    pub event: Value,
}

/// When an event may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum When {
    /// At once.
    Begun,
    /// Once what it tells is published; never, if that is undone.
    Published,
    /// Once the run is over, whichever way.
    Ended,
}

/// The names of what a run keeps. The fence of its lease comes first, so what whoever comes later
/// says of it comes later; the run's id is in them, so no two are one even where fences are lost.
pub(crate) struct Numbers<'a> {
    fence: i64,
    run: &'a str,
    next: AtomicU64,
}

impl<'a> Numbers<'a> {
    /// Those of a run, under the lease of that fence.
    pub(crate) fn of(fence: i64, run: &'a str) -> Self {
        let next = AtomicU64::new(OWN);
        Self { fence, run, next }
    }

    /// Those of a run that was cut off, which come before what is run under the same lease.
    pub(crate) fn of_undone(fence: i64, run: &'a str) -> Self {
        let next = AtomicU64::new(1);
        Self { fence, run, next }
    }

    /// The next name.
    pub(crate) fn next(&self) -> String {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (fence, run) = (self.fence, self.run);
        format!("{FOLDER}/{fence:020}-{number:06}-{run}.json")
    }
}

/// Keeps an event under its name. Again with the same event is no work.
pub(crate) async fn put(handles: &Handles, path: &str, kept: &Kept) -> Result<()> {
    let text = serde_json::to_vec(kept).map_err(|error| {
        ServiceError::new(ErrorKind::Internal, "cannot write an event of lineage").caused_by(error)
    })?;
    let objects = handles.lake.objects();
    let created = objects.create(path, Bytes::from(text)).await;
    let created = created.map_err(|error| {
        let told = format!("cannot keep an event of lineage in the outbox: {error}");
        ServiceError::new(failure::lake(error).kind, told).hint(
            "A run publishes nothing that it could not tell. Run again when the store answers.",
        )
    });
    created.map(drop)
}

/// The names of those that are kept, in their order.
pub(super) async fn list(handles: &Handles) -> Result<Vec<String>> {
    let paths = handles.lake.objects().list(FOLDER).await;
    let mut paths = paths.map_err(failure::lake)?;
    paths.retain(|path| run_of(path).is_some());
    Ok(paths)
}

/// The event of that name; none if somebody deleted it.
pub(super) async fn get(handles: &Handles, path: &str) -> Result<Option<Kept>> {
    let bytes = match handles.lake.objects().get(path).await {
        Ok(bytes) => bytes,
        Err(lake::LakeError::NotFound(_)) => return Ok(None),
        Err(error) => return Err(failure::lake(error)),
    };
    let kept = serde_json::from_slice(&bytes).map_err(|error| {
        let message = format!("the event of lineage `{path}` cannot be read");
        ServiceError::new(ErrorKind::Corrupt, message)
            .hint("Restore the object from a copy of the store.")
            .caused_by(error)
    });
    kept.map(Some)
}

/// It was acknowledged, or is not to be told.
pub(super) async fn delete(handles: &Handles, path: &str) -> Result<()> {
    let deleted = handles.lake.objects().delete(path).await;
    deleted.map_err(failure::lake)
}

/// The run whose event bears that name.
pub(super) fn run_of(path: &str) -> Option<&str> {
    let name = path.strip_prefix(FOLDER)?.strip_prefix('/')?;
    let name = name.strip_suffix(".json")?;
    name.splitn(3, '-').nth(2)
}
