//! The published set: the versions of computed datasets that readers see.
//!
//! A run commits its tables one after another; readers go from one set to the next in one step, by
//! a numbered object that is created once. The sets that were are kept: what was asked at a moment
//! can be asked again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use lake::{LakeError, Objects};
use project::DatasetName;
use serde::{Deserialize, Serialize};
use service::{ErrorKind, Result, ServiceError};

use crate::{alone, failure};

/// The folder of the sets.
const FOLDER: &str = "published";
/// Sets that others published first before a publication gives up.
const RACES: usize = 16;

/// What was published at a moment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct PublishedSet {
    /// Rises by one; 0 is the empty set before the first.
    pub sequence: u64,
    /// The run that published it; none for a change of the project.
    pub run: Option<String>,
    pub published_at: DateTime<Utc>,
    /// The version of each computed dataset.
    pub versions: BTreeMap<DatasetKey, i64>,
    /// The version of each other dataset that the run read.
    pub inputs: BTreeMap<DatasetKey, i64>,
    /// The number of the lease under which it was published; never below that of the set before.
    #[serde(default)]
    pub fence: i64,
    /// The set that it shows again, if a rollback published it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restores: Option<RestoredSet>,
    /// Whether nothing runs by schedule: what a rollback undid would be made again. Until somebody
    /// runs by hand.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub held: bool,
}

/// What a rollback says of the set that it published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct RestoredSet {
    /// The number of the rollback.
    pub rollback: u64,
    /// The set whose rows readers see again, by its sequence.
    pub set: u64,
}

/// A dataset's name as it stands in the object.
pub(crate) type DatasetKey = String;

impl PublishedSet {
    pub(crate) fn version(&self, dataset: &DatasetName) -> Option<i64> {
        self.versions.get(dataset.as_str()).copied()
    }

    pub(crate) fn input(&self, dataset: &DatasetName) -> Option<i64> {
        self.inputs.get(dataset.as_str()).copied()
    }
}

/// The sets on the store, and those already read.
pub(crate) struct Published {
    objects: Objects,
    known: Mutex<BTreeMap<u64, Arc<PublishedSet>>>,
}

impl Published {
    /// Finds the newest set.
    pub(crate) async fn open(objects: Objects) -> Result<Self> {
        let found = objects.list(FOLDER).await.map_err(failure::lake)?;
        let published = Self {
            objects,
            known: Mutex::new(BTreeMap::from([(0, Arc::default())])),
        };
        if let Some(sequence) = found.iter().filter_map(|path| sequence_of(path)).max() {
            published.set(sequence).await?;
        }
        Ok(published)
    }

    /// The newest set: one request when none was published since.
    pub(crate) async fn newest(&self) -> Result<Arc<PublishedSet>> {
        let mut newest = self.newest_known();
        while let Some(next) = self.find(newest.sequence + 1).await? {
            newest = next;
        }
        Ok(newest)
    }

    /// Publishes what `change` makes of the newest set, if that differs in any version. Answers
    /// whether it did. Who publishes under a lease gives its fence, and is refused when a set was
    /// published under a later one: the set before is what the new one is created over.
    pub(crate) async fn publish(
        &self,
        run: Option<&str>,
        (at, fence): (DateTime<Utc>, Option<i64>),
        change: impl Fn(&mut PublishedSet),
    ) -> Result<bool> {
        for _ in 0..RACES {
            let newest = self.newest().await?;
            let mut next = following(&newest, at, fence)?;
            next.run = run.map(str::to_owned);
            change(&mut next);
            // A rollback is finished by its set, so that is published for its own sake.
            let is_said = next.restores.is_none() || next.restores == newest.restores;
            if next.versions == newest.versions && is_said && next.held == newest.held {
                return Ok(false);
            }
            if self.put(next).await? {
                return Ok(true);
            }
        }
        Err(raced())
    }

    /// Publishes the newest set again under that fence, so that who has a lower one is refused.
    pub(crate) async fn shut_out(&self, fence: i64, at: DateTime<Utc>) -> Result<()> {
        for _ in 0..RACES {
            let newest = self.newest().await?;
            let next = following(&newest, at, Some(fence))?;
            if newest.fence == fence || self.put(next).await? {
                return Ok(());
            }
        }
        Err(raced())
    }

    /// Puts a set under its number; answers whether it did, and none was there.
    async fn put(&self, set: PublishedSet) -> Result<bool> {
        let text = serde_json::to_vec(&set).map_err(|error| {
            ServiceError::new(ErrorKind::Internal, "cannot write the published set")
                .caused_by(error)
        })?;
        let path = path_of(set.sequence);
        match self.objects.create(&path, Bytes::from(text)).await {
            Ok(_) => {
                self.remember(Arc::new(set));
                Ok(true)
            }
            Err(LakeError::Conflict(_)) => Ok(false),
            Err(error) => Err(failure::lake(error)),
        }
    }

    /// The newest set at `instant`.
    pub(crate) async fn at(&self, instant: DateTime<Utc>) -> Result<Arc<PublishedSet>> {
        let (mut low, mut high) = (0, self.newest().await?.sequence);
        // The set `low` is not younger than the instant.
        while low < high {
            let middle = low + (high - low).div_ceil(2);
            if self.set(middle).await?.published_at <= instant {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        self.set(low).await
    }

    /// The set that `run` published.
    pub(crate) async fn of_run(&self, run: &str) -> Result<Arc<PublishedSet>> {
        let newest = self.newest().await?.sequence;
        for sequence in (1..=newest).rev() {
            let set = self.set(sequence).await?;
            if set.run.as_deref() == Some(run) {
                return Ok(set);
            }
        }
        Err(ServiceError::new(
            ErrorKind::NotFound,
            format!("run `{run}` published nothing, or there was no such run"),
        )
        .hint("`select run_id, started_at, state from system.runs` lists the runs."))
    }

    /// Whether a set after that one is of `run`.
    pub(crate) async fn names_since(&self, run: &str, sequence: u64) -> Result<bool> {
        let newest = self.newest().await?.sequence;
        for sequence in (sequence + 1..=newest).rev() {
            if self.set(sequence).await?.run.as_deref() == Some(run) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Every set that was ever published.
    pub(crate) async fn all(&self) -> Result<Vec<Arc<PublishedSet>>> {
        let newest = self.newest().await?.sequence;
        let mut sets = Vec::new();
        for sequence in 1..=newest {
            sets.push(self.set(sequence).await?);
        }
        Ok(sets)
    }

    /// The set of that sequence.
    pub(crate) async fn set(&self, sequence: u64) -> Result<Arc<PublishedSet>> {
        let missing = || {
            ServiceError::new(
                ErrorKind::Corrupt,
                format!("the published set `{}` is missing", path_of(sequence)),
            )
            .hint("Restore the object from a copy of the store.")
        };
        self.find(sequence).await?.ok_or_else(missing)
    }

    async fn find(&self, sequence: u64) -> Result<Option<Arc<PublishedSet>>> {
        if let Some(set) = self.lock().get(&sequence) {
            return Ok(Some(Arc::clone(set)));
        }
        let path = path_of(sequence);
        let bytes = match self.objects.get(&path).await {
            Ok(bytes) => bytes,
            Err(LakeError::NotFound(_)) => return Ok(None),
            Err(error) => return Err(failure::lake(error)),
        };
        let set: PublishedSet = serde_json::from_slice(&bytes).map_err(|error| {
            ServiceError::new(
                ErrorKind::Corrupt,
                format!("the published set `{path}` cannot be read"),
            )
            .hint("Restore the object from a copy of the store.")
            .caused_by(error)
        })?;
        let set = Arc::new(set);
        self.remember(Arc::clone(&set));
        Ok(Some(set))
    }

    /// The newest set that was seen here, without asking the store.
    pub(crate) fn newest_known(&self) -> Arc<PublishedSet> {
        self.lock()
            .last_key_value()
            .map(|(_, set)| Arc::clone(set))
            .unwrap_or_default()
    }

    fn remember(&self, set: Arc<PublishedSet>) {
        self.lock().insert(set.sequence, set);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<u64, Arc<PublishedSet>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The set after the newest, with what that shows; refused for a lease that is over.
fn following(newest: &PublishedSet, at: DateTime<Utc>, fence: Option<i64>) -> Result<PublishedSet> {
    let fence = fence.unwrap_or(newest.fence);
    if fence < newest.fence {
        return Err(alone::lost());
    }
    Ok(PublishedSet {
        sequence: newest.sequence + 1,
        run: None,
        published_at: at,
        fence,
        restores: None,
        ..newest.clone()
    })
}

fn raced() -> ServiceError {
    let message = "cannot publish: others published first, again and again";
    ServiceError::new(ErrorKind::Conflict, message).hint("Run again.")
}

fn path_of(sequence: u64) -> String {
    format!("{FOLDER}/{sequence:020}.json")
}

fn sequence_of(path: &str) -> Option<u64> {
    let name = path.strip_prefix(FOLDER)?.strip_prefix('/')?;
    name.strip_suffix(".json")?.parse().ok()
}
