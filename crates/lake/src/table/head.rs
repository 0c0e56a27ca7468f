//! The cached state of a table, and how it moves.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use arrow::datatypes::SchemaRef;
use deltalake::DeltaTableError;
use deltalake::kernel::{Metadata, Remove};
use deltalake::logstore::{StorageConfig, default_logstore};
use deltalake::table::state::DeltaTableState;
use object_store::ObjectStore;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use project::DatasetName;

use super::{Inner, Log, Snapshot, Table};
use crate::error::{LakeError, Result};
use crate::lake::Place;

/// The state of a table at one version.
#[derive(Debug)]
pub(crate) struct Head {
    state: DeltaTableState,
    schema: SchemaRef,
    /// Application versions looked up at this version.
    applications: Mutex<HashMap<String, Option<i64>>>,
}

impl Head {
    pub(super) fn new(state: DeltaTableState) -> Self {
        let schema = state.snapshot().arrow_schema();
        Self {
            state,
            schema,
            applications: Mutex::default(),
        }
    }

    pub(crate) fn version(&self) -> i64 {
        // Delta counts in signed 64 bits; the library's type is wider than the format.
        i64::try_from(self.state.version()).unwrap_or(i64::MAX)
    }

    pub(crate) fn state(&self) -> &DeltaTableState {
        &self.state
    }

    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    pub(crate) fn metadata(&self) -> &Metadata {
        self.state.metadata()
    }

    pub(crate) fn partition_by(&self) -> &[String] {
        self.metadata().partition_columns()
    }

    pub(crate) fn properties(&self) -> BTreeMap<String, String> {
        let all = self.metadata().configuration().iter();
        all.filter(|(key, _)| !key.starts_with("delta."))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }

    /// Removals of every file of this state.
    pub(crate) fn removals(&self, now_ms: i64) -> Result<Vec<Remove>> {
        let files = self.state.log_data();
        Ok(files
            .iter()
            .map(|file| Remove {
                deletion_timestamp: Some(now_ms),
                ..file.remove_action(true)
            })
            .collect())
    }

    /// Refuses to write a table that asks writers for more than plain Delta.
    pub(crate) fn check_writable(&self, dataset: &DatasetName) -> Result<()> {
        let protocol = serde_json::to_value(self.state.protocol())
            .map_err(|error| LakeError::internal("cannot read the table's protocol", error))?;
        let writer = protocol["minWriterVersion"].as_i64().unwrap_or(i64::MAX);
        let append_only = self.metadata().configuration().get("delta.appendOnly");
        if writer > 2 || append_only.is_some_and(|value| value == "true") {
            return Err(LakeError::invalid(format!(
                "cannot write to dataset `{dataset}`: another program gave its table features \
                 (writer version {writer}) that DTM does not write; read it, or restore it plain"
            )));
        }
        Ok(())
    }
}

impl Table {
    pub(crate) async fn open(place: Arc<Place>, dataset: DatasetName) -> Result<Self> {
        Parts::new(place, dataset)?.load().await
    }

    pub(crate) fn head(&self) -> Arc<Head> {
        self.inner
            .head
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Reads what others committed since; gives the newest version.
    ///
    /// # Errors
    /// `Unavailable` when the store does not answer.
    pub async fn refresh(&self) -> Result<i64> {
        let _moving = self.inner.moving.lock().await;
        let head = self.head();
        let mut state = head.state.clone();
        let doing = format!(
            "cannot read the newest state of dataset `{}`",
            self.inner.dataset
        );
        state
            .update(self.inner.log.0.as_ref(), None)
            .await
            .map_err(|error| LakeError::delta(&doing, error))?;
        if state.version() > head.state.version() {
            self.set_head(Head::new(state));
        }
        Ok(self.version())
    }

    /// Moves the cached state over a commit of our own. That the commit happened does not depend
    /// on this: where it fails, the next refresh makes up for it.
    pub(crate) async fn advance(&self, from: &Head, version: i64, app: Option<&(String, i64)>) {
        if let Err(error) = self.refresh().await {
            tracing::warn!(
                dataset = %self.inner.dataset, version, %error,
                "committed, but the new state could not be read yet"
            );
            return;
        }
        let head = self.head();
        if head.version() == version && from.version() + 1 == version {
            let lock = |head: &Head| {
                head.applications
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .clone()
            };
            let mut known = lock(from);
            if let Some((app, number)) = app {
                known.insert(app.clone(), Some(*number));
            }
            *head
                .applications
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = known;
        }
    }

    /// The state of `version`.
    ///
    /// # Errors
    /// `NotFound` when there is no such version.
    pub async fn snapshot_at(&self, version: i64) -> Result<Snapshot> {
        let head = self.head();
        if version == head.version() {
            return Ok(self.snapshot());
        }
        let dataset = &self.inner.dataset;
        if version < 0 || version > self.refresh().await? {
            return Err(LakeError::not_found(format!(
                "dataset `{dataset}` has no version {version}: its newest is {}",
                self.version()
            )));
        }
        let state = load(dataset, &self.inner.log, u64::try_from(version).ok()).await?;
        Ok(Snapshot::new(
            self.inner.place.clone(),
            Arc::new(Head::new(state)),
        ))
    }

    /// The highest version that `app` has committed, as of `head`.
    pub(crate) async fn application_version(&self, head: &Head, app: &str) -> Result<Option<i64>> {
        let known = {
            let known = head
                .applications
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            known.get(app).copied()
        };
        if let Some(known) = known {
            return Ok(known);
        }
        let found = head
            .state
            .transaction_version(self.inner.log.0.as_ref(), app)
            .await
            .map_err(|error| LakeError::delta(&format!("cannot look for `{app}`"), error))?;
        let mut known = head
            .applications
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        known.insert(app.to_owned(), found);
        Ok(found)
    }

    pub(crate) fn commit_lock(&self) -> &tokio::sync::Mutex<()> {
        &self.inner.committing
    }

    pub(super) fn log(&self) -> &Log {
        &self.inner.log
    }

    fn set_head(&self, head: Head) {
        *self
            .inner
            .head
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Arc::new(head);
    }
}

/// The state at `version`, read anew.
pub(super) async fn load(
    dataset: &DatasetName,
    log: &Log,
    version: Option<u64>,
) -> Result<DeltaTableState> {
    DeltaTableState::try_new(log.0.as_ref(), version)
        .await
        .map_err(|error| match error {
            DeltaTableError::NotATable(_) => LakeError::not_found(format!(
                "dataset `{dataset}` has no table: `dtm apply` makes it"
            )),
            error => LakeError::delta(&format!("cannot read dataset `{dataset}`"), error),
        })
}

/// A table whose state has not been read.
pub(super) struct Parts {
    pub(super) place: Arc<Place>,
    pub(super) dataset: DatasetName,
    pub(super) files: Arc<dyn ObjectStore>,
    folder: Path,
    log: Log,
}

impl Parts {
    pub(super) fn new(place: Arc<Place>, dataset: DatasetName) -> Result<Self> {
        let folder = Place::folder(&dataset);
        let files: Arc<dyn ObjectStore> =
            Arc::new(PrefixStore::new(place.store.clone(), folder.clone()));
        let location = place
            .url
            .join(&format!("{folder}/"))
            .map_err(|error| LakeError::internal("cannot name the table's folder", error))?;
        let root = place.store.clone();
        let log = default_logstore(files.clone(), root, &location, &StorageConfig::default());
        Ok(Self {
            place,
            dataset,
            files,
            folder,
            log: Log(log),
        })
    }

    pub(super) async fn load(self) -> Result<Table> {
        let state = load(&self.dataset, &self.log, None).await?;
        Ok(Table {
            inner: Arc::new(Inner {
                dataset: self.dataset,
                place: self.place,
                folder: self.folder,
                files: self.files,
                log: self.log,
                head: RwLock::new(Arc::new(Head::new(state))),
                moving: tokio::sync::Mutex::default(),
                committing: tokio::sync::Mutex::default(),
            }),
        })
    }
}
