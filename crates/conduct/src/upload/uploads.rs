//! The uploads of this node: how many there may be, and when they are given up.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use ingest::PartialBody;
use project::AgencyCode;
use service::{ErrorKind, Principal, Result, ServiceError, UploadId};
use tokio::sync::Mutex as AsyncMutex;

use super::kept::{Held, Kept};
use super::record::{Outcome, Record, stamp};
use crate::failure;
use crate::given::UploadLimits;
use crate::handles::Handles;
use crate::submit::blocking;

/// Uploads of one client that are done and still told of; older ones are forgotten.
const TOLD: usize = 1000;

/// A hundred years are for ever, and a time that can be written.
const MOST_HOURS: u64 = 100 * 365 * 24;

/// Time between two looks for those that nobody goes on with.
const SWEEP: Duration = Duration::from_secs(60);

/// All of them, in a folder.
pub(crate) struct Uploads {
    folder: PathBuf,
    limits: UploadLimits,
    kept: Mutex<BTreeMap<UploadId, Arc<Kept>>>,
    /// Held from the look at what there is until there is one more.
    beginning: AsyncMutex<()>,
}

impl Uploads {
    /// Opens the folder: what was acknowledged before a crash is there again, and what should have
    /// been given up meanwhile is not.
    pub(crate) fn open(folder: &Path, limits: UploadLimits, now: DateTime<Utc>) -> Result<Self> {
        std::fs::create_dir_all(folder).map_err(|error| {
            ServiceError::new(
                ErrorKind::Unavailable,
                format!("cannot make the folder of uploads `{}`", folder.display()),
            )
            .hint("Free the disk, or make the folder writable.")
            .caused_by(error)
        })?;
        let uploads = Self {
            folder: folder.to_owned(),
            limits,
            kept: Mutex::default(),
            beginning: AsyncMutex::default(),
        };
        for name in PartialBody::sweep(folder).map_err(failure::body)? {
            match uploads.found(&name, now) {
                Ok(Some(kept)) => drop(uploads.lock().insert(kept.id, Arc::new(kept))),
                Ok(None) => {}
                // It must not keep the node from serving.
                Err(error) => tracing::warn!(upload = name, %error, "an upload cannot be read"),
            }
        }
        uploads.count();
        Ok(uploads)
    }

    /// The upload of that name; one that cannot be read is logged, and its files left alone.
    fn found(&self, name: &str, now: DateTime<Utc>) -> Result<Option<Kept>> {
        let found = PartialBody::open(&self.folder, name).map_err(failure::body)?;
        let Some(found) = found else { return Ok(None) };
        let id: Option<UploadId> = name.parse().ok();
        let record = Record::from_json(found.about, found.body.length());
        let touched_at = DateTime::from_timestamp_micros(found.stamp);
        let (Some(id), Some(record), Some(touched_at)) = (id, record, touched_at) else {
            tracing::warn!(upload = name, "an upload cannot be read and is left alone");
            return Ok(None);
        };
        let kept = Kept::new(id, record, found.body, touched_at, self.keep());
        if let Some(outcome) = found.outcome.and_then(Outcome::from_json) {
            kept.settled(outcome, touched_at);
        }
        if !kept.is_expired(now) {
            return Ok(Some(kept));
        }
        tracing::info!(upload = name, "an upload was given up");
        match kept.hold() {
            Some(body) => body.delete().map_err(failure::body)?,
            None => return Ok(Some(kept)),
        }
        Ok(None)
    }

    fn keep(&self) -> TimeDelta {
        let hours = self.limits.keep_hours.clamp(1, MOST_HOURS);
        TimeDelta::hours(i64::try_from(hours).unwrap_or(1))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<UploadId, Arc<Kept>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn find(&self, id: UploadId) -> Option<Arc<Kept>> {
        self.lock().get(&id).cloned()
    }

    /// The agency of an upload of this caller's own.
    pub(crate) fn agency_of(&self, id: UploadId, caller: &Principal) -> Option<AgencyCode> {
        let found = self.find(id).filter(|kept| kept.is_of(caller));
        found.map(|kept| kept.record.agency.clone())
    }

    /// Those that are complete and not brought to their end.
    pub(super) fn complete(&self) -> Vec<Arc<Kept>> {
        let kept = self.lock();
        let complete = kept.values().filter(|k| k.is_complete() && !k.is_settled());
        complete.cloned().collect()
    }

    /// Whether another one of that length fits beside what there is.
    fn fits(&self, record: &Record, now: DateTime<Utc>) -> Result<()> {
        let UploadLimits {
            per_client,
            bytes_per_client,
            bytes,
            ..
        } = self.limits;
        let kept = self.lock();
        let held: Vec<_> = kept.values().filter(|kept| kept.holds_bytes()).collect();
        let own = || held.iter().filter(|kept| kept.is_of(&record.principal));
        let sum = |length: u64, kept: &&Arc<Kept>| length.saturating_add(kept.length);
        let (number, own_bytes) = (own().count(), own().fold(record.length, sum));
        let all_bytes = held.iter().fold(record.length, sum);
        let of_own = || own().map(|kept| kept.expires_at()).min();
        let (limit, met, next) = if number >= per_client {
            let met = format!("{per_client} uploads of one client");
            ("upload.per_client", met, of_own())
        } else if own_bytes > bytes_per_client {
            let met = format!("{bytes_per_client} bytes of one client");
            ("upload.bytes_per_client", met, of_own())
        } else if all_bytes > bytes {
            let next = held.iter().map(|kept| kept.expires_at()).min();
            (
                "upload.bytes",
                format!("{bytes} bytes of all clients"),
                next,
            )
        } else {
            return Ok(());
        };
        // By then one of these is given up; whoever goes on with them has room before.
        let wait = next.map_or(TimeDelta::zero(), |next| next - now);
        let wait_s = u64::try_from(wait.num_seconds())
            .unwrap_or(0)
            .clamp(1, 3600);
        metrics::counter!("dtm_submissions_turned_away_total", "limit" => limit).increment(1);
        Err(ServiceError::new(
            ErrorKind::Busy,
            format!("the upload met the limit `{limit}` of {met} that are not landed"),
        )
        .hint("Go on with those that you have begun, or give them up with `DELETE`.")
        .retry_after(wait_s))
    }

    /// Those whose time is over, and those that are done and too many to be told of.
    fn over(&self, now: DateTime<Utc>) -> Vec<Arc<Kept>> {
        let kept = self.lock();
        let mut done: BTreeMap<&str, Vec<&Arc<Kept>>> = BTreeMap::new();
        for one in kept.values().filter(|kept| kept.is_settled()) {
            let client = one.record.principal.name.as_str();
            done.entry(client).or_default().push(one);
        }
        // Ids sort by time.
        let old = done.into_values().flat_map(|of_client| {
            let surplus = of_client.len().saturating_sub(TOLD);
            of_client.into_iter().take(surplus)
        });
        let expired = kept.values().filter(|kept| kept.is_expired(now));
        expired.chain(old).cloned().collect()
    }

    /// Says how many there are, and how large.
    pub(super) fn count(&self) {
        let kept = self.lock();
        let held = kept.values().filter(|kept| kept.holds_bytes());
        let (mut number, mut bytes) = (0_u64, 0_u64);
        for one in held {
            number += 1;
            bytes += one.offset();
        }
        metrics::gauge!("dtm_uploads").set(number as f64);
        metrics::gauge!("dtm_upload_bytes").set(bytes as f64);
    }
}

/// Begins an upload, on the disk before this returns.
pub(super) async fn begin(handles: &Handles, id: UploadId, record: Record) -> Result<Arc<Kept>> {
    sweep(handles).await;
    let _alone = handles.uploads.beginning.lock().await;
    let (uploads, now) = (&handles.uploads, handles.now());
    uploads.fits(&record, now)?;
    let about = record.to_json().ok_or_else(|| {
        ServiceError::new(ErrorKind::Internal, "cannot write down what the upload is")
    })?;
    let (folder, length) = (uploads.folder.clone(), record.length);
    let name = id.to_string();
    let made = move || PartialBody::create(&folder, &name, length, &about, stamp(now));
    let body = blocking(made).await?;
    let kept = Arc::new(Kept::new(id, record, body, now, uploads.keep()));
    uploads.lock().insert(id, Arc::clone(&kept));
    uploads.count();
    Ok(kept)
}

/// Deletes an upload and forgets it.
pub(super) async fn forget(handles: &Handles, kept: &Kept, body: Held) -> Result<()> {
    handles.uploads.lock().remove(&kept.id);
    handles.uploads.count();
    blocking(move || body.delete()).await
}

/// Gives uploads up when their time is over, until the house stops or is gone.
pub(crate) fn sweep_from_now_on(handles: &Arc<Handles>) {
    let mut stopping = handles.stopping.subscribe();
    let house = Arc::downgrade(handles);
    handles.landings.spawn(async move {
        loop {
            tokio::select! {
                _ = stopping.wait_for(|stopping| *stopping) => return,
                () = tokio::time::sleep(SWEEP) => {}
            }
            let Some(handles) = house.upgrade() else {
                return;
            };
            sweep(&handles).await;
        }
    });
}

/// Gives up what nobody went on with, and forgets what was done long ago. One that is in use now
/// is left for the next time.
async fn sweep(handles: &Handles) {
    for kept in handles.uploads.over(handles.now()) {
        let Some(body) = kept.hold() else { continue };
        match forget(handles, &kept, body).await {
            Ok(()) => tracing::info!(upload = %kept.id, "an upload was given up"),
            Err(error) => {
                tracing::warn!(upload = %kept.id, %error, "an upload could not be deleted");
            }
        }
    }
}
