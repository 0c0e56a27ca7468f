//! The cached state of a table, and how it moves.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use arrow::datatypes::SchemaRef;
use deltalake::DeltaTableError;
use deltalake::kernel::Metadata;
use deltalake::logstore::{StorageConfig, default_logstore};
use deltalake::table::state::DeltaTableState;
use object_store::ObjectStore;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use project::DatasetName;

use super::replay::{Change, added, is_plain};
use super::{DataFile, Inner, Layout, Log, Snapshot, Table};
use crate::error::{LakeError, Result};
use crate::lake::Place;

/// Log entries that are followed one by one; from more the library replays the log.
const FOLLOWED: usize = 64;
/// Older states that are kept for those who ask for a version.
const REMEMBERED: usize = 16;

/// The state of a table at one version.
///
/// The library replays the log once. From there on each further entry is applied to the list of
/// files by us, so that a commit costs its own entry and not the log; the columns and the protocol
/// are those of the replay, because an entry that changes them is replayed again.
#[derive(Debug)]
pub(crate) struct Head {
    version: i64,
    /// As the library replayed it, at this version or before.
    replayed: Arc<DeltaTableState>,
    schema: SchemaRef,
    files: Arc<Vec<Arc<DataFile>>>,
    /// How to scan the files; none when only the library can read the table.
    layout: Option<Arc<Layout>>,
    /// Application versions that are known at this version.
    applications: Mutex<HashMap<String, Option<i64>>>,
}

impl Head {
    pub(super) fn replayed(folder: &Path, state: DeltaTableState) -> Self {
        let schema = state.snapshot().arrow_schema();
        let files: Vec<_> = state
            .log_data()
            .iter()
            .map(|file| Arc::new(DataFile::new(added(&file))))
            .collect();
        let plain = is_plain(state.protocol(), state.metadata());
        let layout = (plain && files.iter().all(|file| file.is_plain()))
            .then(|| Layout::new(folder, &schema, state.metadata().partition_columns()))
            .flatten();
        Self {
            // Delta counts in signed 64 bits; the library's type is wider than the format.
            version: i64::try_from(state.version()).unwrap_or(i64::MAX),
            replayed: Arc::new(state),
            schema,
            files: Arc::new(files),
            layout: layout.map(Arc::new),
            applications: Mutex::default(),
        }
    }

    /// The state after the next log entry; none when the library must replay it.
    pub(super) fn after(&self, entry: &[u8]) -> Result<Option<Self>> {
        if self.layout.is_none() {
            return Ok(None);
        }
        let Some(change) = Change::read(entry)? else {
            return Ok(None);
        };
        if change.added.iter().any(|file| !file.is_plain()) {
            return Ok(None);
        }
        let mut applications = self.known_applications();
        applications.extend(
            change
                .applications
                .iter()
                .map(|(a, v)| (a.clone(), Some(*v))),
        );
        Ok(Some(Self {
            version: self.version + 1,
            replayed: self.replayed.clone(),
            schema: self.schema.clone(),
            files: Arc::new(change.applied(&self.files)),
            layout: self.layout.clone(),
            applications: Mutex::new(applications),
        }))
    }

    pub(crate) fn version(&self) -> i64 {
        self.version
    }

    /// The files that the version is made of.
    pub(crate) fn files(&self) -> &Arc<Vec<Arc<DataFile>>> {
        &self.files
    }

    pub(super) fn layout(&self) -> Option<&Arc<Layout>> {
        self.layout.as_ref()
    }

    /// The library's view of this version, for what only the library can read.
    pub(super) fn state(&self) -> &DeltaTableState {
        &self.replayed
    }

    fn known_applications(&self) -> HashMap<String, Option<i64>> {
        self.applications
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    pub(crate) fn metadata(&self) -> &Metadata {
        self.replayed.metadata()
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

    /// Refuses to write a table that asks writers for more than plain Delta.
    pub(crate) fn check_writable(&self, dataset: &DatasetName) -> Result<()> {
        let protocol = serde_json::to_value(self.replayed.protocol())
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

    /// Reads what others committed since; gives the newest version. One request when nothing was,
    /// and one more for each entry that was.
    ///
    /// # Errors
    /// `Unavailable` when the store does not answer.
    pub async fn refresh(&self) -> Result<i64> {
        let asked = self.inner.looks.load(Ordering::SeqCst);
        let mut looked = self.inner.moving.lock().await;
        // Of many who ask at the same time one looks: what began later saw what this would see.
        if *looked <= asked {
            let number = self.inner.looks.fetch_add(1, Ordering::SeqCst) + 1;
            self.look().await?;
            *looked = number;
        }
        Ok(self.version())
    }

    async fn look(&self) -> Result<()> {
        let mut head = self.head();
        for _ in 0..FOLLOWED {
            let Some((_, entry)) = self.entry(head.version() + 1).await? else {
                if head.version() > self.version() {
                    self.set_head(head);
                }
                return Ok(());
            };
            match self.next(&head, &entry)? {
                Some(next) => head = Arc::new(next),
                None => break,
            }
        }
        let inner = &self.inner;
        let state = load(&inner.dataset, &inner.log, None).await?;
        self.set_head(Arc::new(Head::replayed(&inner.folder, state)));
        Ok(())
    }

    /// Moves the cached state over a commit of our own.
    pub(crate) async fn advance(&self, from: &Head, version: i64, entry: &[u8]) {
        {
            let _moving = self.inner.moving.lock().await;
            let known = self.version();
            if known == version {
                return;
            }
            if known == from.version()
                && known + 1 == version
                && let Ok(Some(next)) = self.next(from, entry)
            {
                self.set_head(Arc::new(next));
                return;
            }
        }
        // That the commit happened does not depend on this: the next refresh makes up for it.
        if let Err(error) = self.refresh().await {
            tracing::warn!(
                dataset = %self.inner.dataset, version, %error,
                "committed, but the new state could not be read yet"
            );
        }
    }

    fn next(&self, head: &Head, entry: &[u8]) -> Result<Option<Head>> {
        head.after(entry).map_err(|error| {
            LakeError::corrupt(format!(
                "version {} of dataset `{}` cannot be read: {error}",
                head.version() + 1,
                self.inner.dataset
            ))
        })
    }

    /// The state of `version`.
    ///
    /// # Errors
    /// `NotFound` when there is no such version.
    pub async fn snapshot_at(&self, version: i64) -> Result<Snapshot> {
        let snapshot = |head| Ok(Snapshot::new(self.inner.place.clone(), head));
        if let Some(head) = self.known(version) {
            return snapshot(head);
        }
        let dataset = &self.inner.dataset;
        if version < 0 || version > self.refresh().await? {
            return Err(LakeError::not_found(format!(
                "dataset `{dataset}` has no version {version}: its newest is {}",
                self.version()
            )));
        }
        if let Some(head) = self.known(version) {
            return snapshot(head);
        }
        let state = load(dataset, &self.inner.log, u64::try_from(version).ok()).await?;
        let head = Arc::new(Head::replayed(&self.inner.folder, state));
        self.remember(head.clone());
        snapshot(head)
    }

    /// The state of `version`, if this process has it.
    fn known(&self, version: i64) -> Option<Arc<Head>> {
        let head = self.head();
        if head.version() == version {
            return Some(head);
        }
        let recent = self
            .inner
            .recent
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        recent
            .iter()
            .find(|head| head.version() == version)
            .cloned()
    }

    /// Keeps a state for those who ask for its version.
    fn remember(&self, head: Arc<Head>) {
        let mut recent = self
            .inner
            .recent
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        recent.retain(|known| known.version() != head.version());
        recent.push_back(head);
        if recent.len() > REMEMBERED {
            recent.pop_front();
        }
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
            .replayed
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

    fn set_head(&self, head: Arc<Head>) {
        let before = {
            let mut known = self
                .inner
                .head
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *known, head)
        };
        self.remember(before);
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
        let head = Head::replayed(&self.folder, state);
        Ok(Table {
            inner: Arc::new(Inner {
                dataset: self.dataset,
                place: self.place,
                folder: self.folder,
                files: self.files,
                log: self.log,
                head: RwLock::new(Arc::new(head)),
                recent: Mutex::default(),
                looks: AtomicU64::new(0),
                moving: tokio::sync::Mutex::default(),
                committing: tokio::sync::Mutex::default(),
            }),
        })
    }
}
