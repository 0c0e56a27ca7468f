//! Runs on the store: an object each, from before the first commit until what they made is
//! published. One that is left is of a run that was cut off: what it committed is undone, so that
//! what is published is the newest whenever no run is open.

use std::collections::BTreeMap;

use bytes::Bytes;
use lake::LakeError;
use serde_json::json;
use service::Result;
use tokio::sync::OnceCell;

use super::RUN;
use crate::alone::Alone;
use crate::failure;
use crate::handles::Handles;
use crate::published::PublishedSet;
use crate::rollback::{self, Cause};

/// Where they are kept.
const FOLDER: &str = "runs";

/// A run that has commits which nobody is shown yet, or will have.
pub(super) struct Open<'a> {
    handles: &'a Handles,
    alone: &'a Alone,
    run: &'a str,
    noted: OnceCell<()>,
}

impl<'a> Open<'a> {
    /// Nothing is committed yet.
    pub(super) fn new(handles: &'a Handles, alone: &'a Alone, run: &'a str) -> Self {
        Self {
            handles,
            alone,
            run,
            noted: OnceCell::new(),
        }
    }

    /// To be called before each commit: fails once another process has the lease, and says on the
    /// store that the run is open.
    pub(super) async fn before_commit(&self) -> Result<()> {
        self.alone.still().await?;
        let noted = self.noted.get_or_try_init(|| async {
            let text = json!({ "run": self.run, "begun_at": self.handles.now() }).to_string();
            let objects = self.handles.lake.objects();
            let put = objects.put(&path(self.run), Bytes::from(text)).await;
            put.map_err(failure::lake)
        });
        noted.await.copied()
    }

    /// What it committed is published.
    pub(super) async fn end(&self) -> Result<()> {
        if self.noted.initialized() {
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

/// Undoes what runs committed that were cut off before they published it. Whoever is alone knows
/// that no other is open.
pub(crate) async fn undo_cut_off(handles: &Handles, alone: &Alone) -> Result<()> {
    let objects = handles.lake.objects();
    for path in objects.list(FOLDER).await.map_err(failure::lake)? {
        let Some(run) = run_of(&path) else { continue };
        alone.still().await?;
        undo(handles, alone, run).await?;
        objects.delete(&path).await.map_err(failure::lake)?;
    }
    Ok(())
}

async fn undo(handles: &Handles, alone: &Alone, run: &str) -> Result<()> {
    let newest = handles.published.newest().await?;
    // It was cut off between its publication and the end of its object.
    if newest.run.as_deref() == Some(run) || handles.published.of_run(run).await.is_ok() {
        return Ok(());
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
    published.await.map(drop)
}

fn path(run: &str) -> String {
    format!("{FOLDER}/{run}.json")
}

fn run_of(path: &str) -> Option<&str> {
    let name = path.strip_prefix(FOLDER)?.strip_prefix('/')?;
    name.strip_suffix(".json")
}
