//! Runs on the store: an object each, from before the first commit until what they made is
//! published. One that is left is of a run that was cut off: what it committed is undone, so that
//! what is published is the newest whenever no run is open.

use std::collections::BTreeMap;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use lake::LakeError;
use serde::{Deserialize, Serialize};
use serde_json::json;
use service::{ErrorKind, Result, ServiceError};
use tokio::sync::Mutex;

use super::RUN;
use crate::alone::Alone;
use crate::failure;
use crate::handles::Handles;
use crate::outbox::{self, Noted};
use crate::published::PublishedSet;
use crate::rollback::{self, Cause};

/// Where they are kept.
const FOLDER: &str = "runs";

/// A run that has commits which nobody is shown yet, or will have.
pub(super) struct Open<'a> {
    handles: &'a Handles,
    alone: &'a Alone,
    run: &'a str,
    /// Held while the object is put: what it says only grows.
    noted: Mutex<Option<Noted>>,
}

/// The object.
#[derive(Serialize, Deserialize)]
struct Text {
    run: String,
    begun_at: Option<DateTime<Utc>>,
    #[serde(flatten)]
    noted: Noted,
}

impl<'a> Open<'a> {
    /// Nothing is committed yet.
    pub(super) fn new(handles: &'a Handles, alone: &'a Alone, run: &'a str) -> Self {
        Self {
            handles,
            alone,
            run,
            noted: Mutex::default(),
        }
    }

    /// To be called before each commit: fails once another process has the lease, and says on the
    /// store that the run is open.
    pub(super) async fn before_commit(&self) -> Result<()> {
        self.alone.still().await?;
        let mut noted = self.noted.lock().await;
        if noted.is_none() {
            *noted = Some(self.put(Noted::default()).await?);
        }
        Ok(())
    }

    /// The same, with what it tells of itself by now.
    pub(super) async fn note(&self, now: Noted) -> Result<()> {
        self.alone.still().await?;
        let mut noted = self.noted.lock().await;
        *noted = Some(self.put(now).await?);
        Ok(())
    }

    async fn put(&self, noted: Noted) -> Result<Noted> {
        let text = Text {
            run: self.run.to_owned(),
            begun_at: Some(self.handles.now()),
            noted,
        };
        let bytes = serde_json::to_vec(&text).map_err(|error| {
            ServiceError::new(ErrorKind::Internal, "cannot write that a run is open")
                .caused_by(error)
        })?;
        let objects = self.handles.lake.objects();
        let put = objects.put(&path(self.run), Bytes::from(bytes)).await;
        put.map_err(failure::lake)?;
        Ok(text.noted)
    }

    /// What it committed is published.
    pub(super) async fn end(&self) -> Result<()> {
        if self.noted.lock().await.is_some() {
            let objects = self.handles.lake.objects();
            let deleted = objects.delete(&path(self.run)).await;
            deleted.map_err(failure::lake)?;
        }
        Ok(())
    }
}

/// Whether a run is open, or was cut off.
pub(crate) async fn is_one_open(handles: &Handles) -> Result<bool> {
    let paths = handles.lake.objects().list(FOLDER).await;
    let paths = paths.map_err(failure::lake)?;
    Ok(paths.iter().any(|path| run_of(path).is_some()))
}

/// Whether that run is open, or was cut off and is not undone yet.
pub(crate) async fn is_open(handles: &Handles, run: &str) -> Result<bool> {
    let found = handles.lake.objects().exists(&path(run)).await;
    found.map_err(failure::lake)
}

/// Undoes what runs committed that were cut off before they published it. Whoever is alone knows
/// that no other is open.
pub(crate) async fn undo_cut_off(handles: &Handles, alone: &Alone) -> Result<()> {
    let objects = handles.lake.objects();
    for path in objects.list(FOLDER).await.map_err(failure::lake)? {
        let Some(run) = run_of(&path) else { continue };
        alone.still().await?;
        let noted = noted(handles, &path).await?;
        if undo(handles, alone, run).await? {
            outbox::aborted(handles, alone, run, &noted).await?;
        }
        objects.delete(&path).await.map_err(failure::lake)?;
    }
    Ok(())
}

/// What the run noted of its events.
async fn noted(handles: &Handles, path: &str) -> Result<Noted> {
    let bytes = match handles.lake.objects().get(path).await {
        Ok(bytes) => bytes,
        Err(LakeError::NotFound(_)) => return Ok(Noted::default()),
        Err(error) => return Err(failure::lake(error)),
    };
    let text: Text = serde_json::from_slice(&bytes).map_err(|error| {
        let message = format!("the open run `{path}` cannot be read");
        ServiceError::new(ErrorKind::Corrupt, message)
            .hint("Restore the object from a copy of the store.")
            .caused_by(error)
    })?;
    Ok(text.noted)
}

/// Answers whether there was something to undo: it had not published.
async fn undo(handles: &Handles, alone: &Alone, run: &str) -> Result<bool> {
    let newest = handles.published.newest().await?;
    // It was cut off between its publication and the end of its object.
    if newest.run.as_deref() == Some(run) || handles.published.of_run(run).await.is_ok() {
        return Ok(false);
    }
    let mut restored = BTreeMap::new();
    for dataset in rollback::computed(handles, &[newest.as_ref()])? {
        let table = match handles.lake.table(&dataset).await {
            Ok(table) => table,
            Err(LakeError::NotFound(_)) => continue,
            Err(error) => return Err(failure::lake(error)),
        };
        let to = match newest.version(&dataset) {
            Some(version) => version,
            None => rollback::unbuilt(&table).await?,
        };
        let since = table.noted_since(to, RUN).await.map_err(failure::lake)?;
        if !since.iter().any(|of| of.info.get(RUN) == Some(&json!(run))) {
            continue;
        }
        let cause = Cause {
            run,
            rollback: None,
        };
        if let Some(version) = rollback::restored(handles, &dataset, to, &cause).await? {
            restored.insert(dataset.to_string(), version);
        }
    }
    tracing::warn!(
        run,
        datasets = restored.len(),
        "a run was cut off before it published: what it committed is undone"
    );
    let change = |set: &mut PublishedSet| {
        let known = restored
            .iter()
            .filter(|(name, _)| newest.versions.contains_key(*name));
        set.versions
            .extend(known.map(|(name, version)| (name.clone(), *version)));
    };
    let under = (handles.now(), Some(alone.fence()));
    let published = handles.published.publish(None, under, change);
    published.await?;
    Ok(true)
}

fn path(run: &str) -> String {
    format!("{FOLDER}/{run}.json")
}

fn run_of(path: &str) -> Option<&str> {
    let name = path.strip_prefix(FOLDER)?.strip_prefix('/')?;
    name.strip_suffix(".json")
}
