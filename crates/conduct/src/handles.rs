//! The handles to data. They are made once and reachable only through `perform`.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, OnceLock};

use access::Admission;
use audit::Journal;
use audit::seal::SigningKeys;
use books::Books;
use chrono::{DateTime, Utc};
use engine::{Engine, QueryLimits, RowRules, Session};
use futures::future::try_join_all;
use lake::{GroupCommitter, Lake, Segments, Snapshot, Table};
use project::{Contract, DatasetName, Project};
use service::{At, ErrorKind, Result, ServiceError, SubmissionId};
use tokio::sync::{Mutex as AsyncMutex, RwLock, Semaphore, watch};
use tokio_util::task::TaskTracker;

use crate::audit_log::AuditLog;
use crate::erase::{Begun, Keeping};
use crate::in_force::InForce;
use crate::outbox::Sender;
use crate::perform::Agents;
use crate::published::{Published, PublishedSet};
use crate::upload::Uploads;
use crate::{Given, Settings, failure, system};

/// Everything an act may need.
pub(crate) struct Handles {
    pub lake: Lake,
    /// Where small bodies are kept.
    pub segments: Segments,
    pub books: Books,
    pub engine: Engine,
    pub journal: Arc<Journal>,
    pub keys: Arc<SigningKeys>,
    /// The log that the journal is put into, once the node has its name.
    pub log: OnceLock<AuditLog>,
    pub project: InForce,
    pub rules: RowRules,
    pub given: Given,
    pub settings: Settings,
    pub committers: AsyncMutex<BTreeMap<DatasetName, GroupCommitter>>,
    pub in_work: Mutex<HashSet<SubmissionId>>,
    /// Seats for bodies, and turns for what is done with them.
    pub admission: Admission,
    /// Bodies that arrive in parts.
    pub uploads: Uploads,
    pub queries: Arc<Semaphore>,
    /// Threads that help to decode bodies: two bodies get one for every core, and others, which
    /// come to so many cores, read alone. What is read ahead is bounded by it.
    pub decoders: Arc<Semaphore>,
    /// Taken by whoever changes what is published; `Alone` holds it.
    pub running: Arc<AsyncMutex<()>>,
    /// Bodies that are kept and not in the books yet.
    pub keeping: Keeping,
    /// Taken by whoever erases.
    pub erasing: AsyncMutex<Begun>,
    /// Shared by the submissions that land; taken alone while tables that they land in change their
    /// columns.
    pub landing: RwLock<()>,
    /// Submissions whose bodies are complete, until they are landed or given up.
    pub landings: TaskTracker,
    pub published: Published,
    /// What is known of the sending of events.
    pub outbox: Sender,
    /// Who acts for connectors that run now.
    pub agents: Agents,
    /// Connectors that run in this process by their schedule.
    pub pulling: Mutex<HashSet<String>>,
    /// A place for each of them.
    pub pulls: Semaphore,
    /// Their tasks.
    pub pull_tasks: TaskTracker,
    /// Whether the house was told to stop.
    pub stopping: watch::Sender<bool>,
}

impl Handles {
    pub(crate) fn now(&self) -> DateTime<Utc> {
        (self.given.clock)()
    }

    /// Whether the house was told to stop.
    pub(crate) fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// The project as it stands now.
    pub(crate) fn project(&self) -> Arc<Project> {
        self.project.project()
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
        let found = self.lake.table(dataset).await;
        self.found(dataset, found)
    }

    /// The same without looking for commits of others.
    pub(crate) async fn known_table(&self, dataset: &DatasetName) -> Result<Table> {
        let found = self.lake.known(dataset).await;
        self.found(dataset, found)
    }

    fn found(&self, dataset: &DatasetName, found: lake::Result<Table>) -> Result<Table> {
        match found {
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

    /// One snapshot of each dataset as readers see them at one moment.
    pub(crate) async fn snapshots<'a>(
        &self,
        datasets: impl IntoIterator<Item = &'a DatasetName>,
        at: &At,
    ) -> Result<BTreeMap<DatasetName, Snapshot>> {
        let datasets: Vec<&DatasetName> = datasets.into_iter().collect();
        let moment = self.moment(&datasets, at).await?;
        let tables = try_join_all(datasets.iter().map(|dataset| self.table(dataset))).await?;
        // Nothing is waited for between the tables: this is the moment.
        let newest: Vec<Snapshot> = tables.iter().map(Table::snapshot).collect();
        let mut snapshots = BTreeMap::new();
        for ((table, newest), dataset) in tables.iter().zip(newest).zip(datasets) {
            // What a published set names stays; any other older version may be gone.
            let mut promised = true;
            let version = match &moment {
                Moment::Set(set) => set.version(dataset),
                Moment::Versions(versions, set) => {
                    let version = versions.get(dataset).copied();
                    promised = version.is_none();
                    version.or_else(|| set.version(dataset))
                }
                Moment::Instant(at, set) => match set.version(dataset) {
                    Some(version) => Some(version),
                    None => {
                        promised = false;
                        Some(table.version_at(*at).await.map_err(failure::lake)?)
                    }
                },
                Moment::Run(set) => match set.version(dataset).or_else(|| set.input(dataset)) {
                    Some(version) => Some(version),
                    None => {
                        promised = false;
                        let version = table.version_at(set.published_at).await;
                        Some(version.map_err(failure::lake)?)
                    }
                },
            };
            let snapshot = match version {
                Some(version) if version != newest.version() => {
                    older(table, version, promised).await?
                }
                _ => newest,
            };
            snapshots.insert(dataset.clone(), snapshot);
        }
        Ok(snapshots)
    }

    /// One snapshot of each dataset, its newest version whether published or not: for runs.
    pub(crate) async fn newest<'a>(
        &self,
        datasets: impl IntoIterator<Item = &'a DatasetName>,
    ) -> Result<BTreeMap<DatasetName, Snapshot>> {
        let tables = datasets.into_iter().map(|dataset| self.table(dataset));
        let tables = try_join_all(tables).await?;
        let snapshots = tables.iter().map(|t| (t.dataset().clone(), t.snapshot()));
        Ok(snapshots.collect())
    }

    async fn moment(&self, datasets: &[&DatasetName], at: &At) -> Result<Moment> {
        let invalid = |message: String, hint: &str| {
            Err(ServiceError::new(ErrorKind::Invalid, message).hint(hint))
        };
        Ok(match at {
            At::Now => Moment::Set(self.published.newest().await?),
            At::Run(run) => Moment::Run(self.published.of_run(run).await?),
            At::Instant(at) if *at > self.now() => {
                return invalid(
                    format!("`at` is {}, and that is still to come", at.to_rfc3339()),
                    "Leave `at` out to read what is published now.",
                );
            }
            At::Instant(at) => Moment::Instant(*at, self.published.at(*at).await?),
            At::Versions(versions) => {
                if let Some(unread) = versions.keys().find(|d| !datasets.contains(d)) {
                    return invalid(
                        format!("`at` names dataset `{unread}`, and the query does not read it"),
                        "Name the datasets of the query.",
                    );
                }
                Moment::Versions(versions.clone(), self.published.newest().await?)
            }
            At::Version(version) => match datasets {
                [dataset] => {
                    let versions = BTreeMap::from([((*dataset).clone(), *version)]);
                    Moment::Versions(versions, self.published.newest().await?)
                }
                _ => {
                    return invalid(
                        format!(
                            "`at` is the version {version}, and the query reads {} datasets",
                            datasets.len()
                        ),
                        "Give a version for each, such as `{\"served.daily\": 3}`, or a time.",
                    );
                }
            },
        })
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

/// A version that is not the newest.
async fn older(table: &Table, version: i64, promised: bool) -> Result<Snapshot> {
    let snapshot = table.snapshot_at(version).await.map_err(failure::lake)?;
    if promised {
        return Ok(snapshot);
    }
    let missing = table
        .missing_files(&snapshot)
        .await
        .map_err(failure::lake)?;
    if missing == 0 {
        return Ok(snapshot);
    }
    Err(ServiceError::new(
        ErrorKind::NotFound,
        format!(
            "version {version} of dataset `{}` is not kept any more: maintenance deleted {missing} \
             of its files, which no published version and no report needed",
            table.dataset()
        ),
    )
    .hint("Ask at a run: what a run published and read stays. `system.runs` lists the runs."))
}

/// What decides over the versions that a query reads.
enum Moment {
    Set(Arc<PublishedSet>),
    Versions(BTreeMap<DatasetName, i64>, Arc<PublishedSet>),
    Instant(DateTime<Utc>, Arc<PublishedSet>),
    Run(Arc<PublishedSet>),
}

/// The versions of snapshots.
pub(crate) fn versions(snapshots: &BTreeMap<DatasetName, Snapshot>) -> BTreeMap<DatasetName, i64> {
    snapshots
        .iter()
        .map(|(dataset, snapshot)| (dataset.clone(), snapshot.version()))
        .collect()
}
