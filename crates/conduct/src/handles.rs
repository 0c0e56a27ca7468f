//! The handles to data. They are made once and reachable only through `perform`.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use audit::Journal;
use books::Books;
use chrono::{DateTime, Utc};
use engine::{Engine, QueryLimits, RowRules, Session};
use lake::{GroupCommitter, Lake, Snapshot, Table};
use project::{Contract, DatasetName, Project};
use service::{ErrorKind, Result, ServiceError, SubmissionId};
use tokio::sync::{Mutex as AsyncMutex, Semaphore};

use crate::{Given, Settings, failure, system};

/// Everything an act may need.
pub(crate) struct Handles {
    pub lake: Lake,
    pub books: Books,
    pub engine: Engine,
    pub journal: Arc<Journal>,
    pub project: RwLock<Arc<Project>>,
    pub rules: RowRules,
    pub given: Given,
    pub settings: Settings,
    pub committers: AsyncMutex<BTreeMap<DatasetName, GroupCommitter>>,
    pub in_work: Mutex<HashSet<SubmissionId>>,
    pub submissions: Semaphore,
    pub queries: Arc<Semaphore>,
    pub running: AsyncMutex<()>,
}

impl Handles {
    pub(crate) fn now(&self) -> DateTime<Utc> {
        (self.given.clock)()
    }

    /// The project as it stands now.
    pub(crate) fn project(&self) -> Arc<Project> {
        Arc::clone(&self.project.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The contract of a dataset, our own books included.
    pub(crate) fn contract(&self, dataset: &DatasetName) -> Result<Contract> {
        let project = self.project();
        let own = || system::contracts().get(dataset);
        project
            .contracts
            .get(dataset)
            .or_else(own)
            .cloned()
            .ok_or_else(|| {
                ServiceError::new(
                    ErrorKind::NotFound,
                    format!("there is no dataset `{dataset}`"),
                )
                .hint("`GET /api/v1/datasets` and the page of datasets list what there is.")
            })
    }

    /// The newest state of a dataset's table.
    pub(crate) async fn table(&self, dataset: &DatasetName) -> Result<Table> {
        match self.lake.table(dataset).await {
            Err(lake::LakeError::NotFound { .. }) => {
                self.contract(dataset)?;
                Err(ServiceError::new(
                    ErrorKind::Unavailable,
                    format!("dataset `{dataset}` has a contract and no table yet"),
                )
                .hint("Run `dtm apply`."))
            }
            other => other.map_err(failure::lake),
        }
    }

    /// The committer of a table; there is one per table and process.
    pub(crate) async fn committer(&self, table: &Table) -> GroupCommitter {
        let mut committers = self.committers.lock().await;
        let handle = tokio::runtime::Handle::current();
        committers
            .entry(table.dataset().clone())
            .or_insert_with(|| {
                GroupCommitter::start(table.clone(), lake::GroupSettings::default(), &handle)
            })
            .clone()
    }

    /// One snapshot of each dataset, all taken now; `at` names the versions to read instead.
    pub(crate) async fn snapshots<'a>(
        &self,
        datasets: impl IntoIterator<Item = &'a DatasetName>,
        at: &BTreeMap<DatasetName, i64>,
    ) -> Result<BTreeMap<DatasetName, Snapshot>> {
        let mut snapshots = BTreeMap::new();
        for dataset in datasets {
            let table = self.table(dataset).await?;
            let snapshot = match at.get(dataset) {
                Some(version) => table.snapshot_at(*version).await.map_err(failure::lake)?,
                None => table.snapshot(),
            };
            snapshots.insert(dataset.clone(), snapshot);
        }
        Ok(snapshots)
    }

    /// A session over the snapshots.
    pub(crate) fn session(
        &self,
        snapshots: &BTreeMap<DatasetName, Snapshot>,
        limits: QueryLimits,
    ) -> Result<Session> {
        let mut tables = BTreeMap::new();
        for (dataset, snapshot) in snapshots {
            tables.insert(dataset.clone(), snapshot.provider().map_err(failure::lake)?);
        }
        self.engine.session(tables, limits).map_err(failure::engine)
    }
}

/// The versions of snapshots.
pub(crate) fn versions(snapshots: &BTreeMap<DatasetName, Snapshot>) -> BTreeMap<DatasetName, i64> {
    snapshots
        .iter()
        .map(|(dataset, snapshot)| (dataset.clone(), snapshot.version()))
        .collect()
}
