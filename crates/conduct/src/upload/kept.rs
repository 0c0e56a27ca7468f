//! One upload, as this process knows it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use ingest::PartialBody;
use service::{ErrorKind, Principal, Result, ServiceError, UploadId};
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard, watch};
use tokio::time::timeout;

use super::record::{Outcome, Record};

/// How long it takes a part that is cut off to put on the disk what arrived of it.
const LETTING_GO: Duration = Duration::from_secs(10);

/// An upload. Whoever holds its body is the only one who changes it.
pub(crate) struct Kept {
    pub id: UploadId,
    pub record: Record,
    pub length: u64,
    body: Arc<AsyncMutex<PartialBody>>,
    /// Where it stands, for those who only look.
    offset: AtomicU64,
    touched_at: Mutex<DateTime<Utc>>,
    keep: TimeDelta,
    outcome: Mutex<Option<Arc<Outcome>>>,
    /// Whether somebody is bringing it to its end.
    ending: AtomicBool,
    /// How often a part was cut off.
    interrupts: watch::Sender<u64>,
}

/// The body of an upload, held.
pub(crate) type Held = OwnedMutexGuard<PartialBody>;

impl Kept {
    pub(super) fn new(
        id: UploadId,
        record: Record,
        body: PartialBody,
        touched_at: DateTime<Utc>,
        keep: TimeDelta,
    ) -> Self {
        Self {
            id,
            record,
            length: body.length(),
            offset: AtomicU64::new(body.offset()),
            body: Arc::new(AsyncMutex::new(body)),
            touched_at: Mutex::new(touched_at),
            keep,
            outcome: Mutex::new(None),
            ending: AtomicBool::new(false),
            interrupts: watch::Sender::new(0),
        }
    }

    pub(super) fn is_of(&self, principal: &Principal) -> bool {
        self.record.principal.name == principal.name
    }

    pub(super) fn offset(&self) -> u64 {
        self.offset.load(Ordering::Acquire)
    }

    pub(super) fn is_complete(&self) -> bool {
        self.offset() == self.length
    }

    pub(super) fn expires_at(&self) -> DateTime<Utc> {
        *lock(&self.touched_at) + self.keep
    }

    /// One that is being landed is not given up.
    pub(super) fn is_expired(&self, now: DateTime<Utc>) -> bool {
        now >= self.expires_at() && (self.is_settled() || !self.is_complete())
    }

    pub(super) fn outcome(&self) -> Option<Arc<Outcome>> {
        lock(&self.outcome).clone()
    }

    pub(super) fn is_settled(&self) -> bool {
        lock(&self.outcome).is_some()
    }

    /// Whether its bytes are on this disk.
    pub(super) fn holds_bytes(&self) -> bool {
        let rehearsed = |outcome: &Arc<Outcome>| matches!(**outcome, Outcome::Rehearsed(_));
        self.outcome().is_none_or(|outcome| rehearsed(&outcome))
    }

    /// Its body, unless somebody has it.
    pub(super) fn hold(&self) -> Option<Held> {
        Arc::clone(&self.body).try_lock_owned().ok()
    }

    /// Its body, of which whoever has it lets go: a part that is under way is cut off.
    pub(super) async fn interrupt(&self) -> Result<Held> {
        if let Some(held) = self.hold() {
            return Ok(held);
        }
        self.interrupts.send_modify(|times| *times += 1);
        let held = timeout(LETTING_GO, Arc::clone(&self.body).lock_owned()).await;
        held.map_err(|_| self.locked())
    }

    /// Ends when the part that is under way is to let go.
    pub(super) fn interrupted(&self) -> impl Future<Output = ()> + use<> {
        let mut interrupts = self.interrupts.subscribe();
        async move {
            if interrupts.changed().await.is_err() {
                std::future::pending().await
            }
        }
    }

    /// The error of whoever comes while somebody else sends.
    pub(super) fn locked(&self) -> ServiceError {
        ServiceError::new(
            ErrorKind::Locked,
            format!("another request sends bytes of upload `{}`", self.id),
        )
        .hint("Ask for its offset with `HEAD`, which cuts the other one off, and go on from there.")
        .retry_after(1)
    }

    /// Notes that more of it is on the disk.
    pub(super) fn stands_at(&self, offset: u64, now: DateTime<Utc>) {
        *lock(&self.touched_at) = now;
        self.offset.store(offset, Ordering::Release);
    }

    /// Notes what became of it.
    pub(super) fn settled(&self, outcome: Outcome, now: DateTime<Utc>) {
        *lock(&self.touched_at) = now;
        *lock(&self.outcome) = Some(Arc::new(outcome));
    }

    /// Whether the caller is the first to bring it to its end.
    pub(super) fn begin_ending(&self) -> bool {
        !self.ending.swap(true, Ordering::AcqRel)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
