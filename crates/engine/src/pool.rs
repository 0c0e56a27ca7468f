//! Memory: one pool for the process, and a part of it for each query.
//!
//! Within a part, consumers that can spill have equal shares of one half, so that one sort cannot
//! take what the next one needs. The other half is for merging what they gathered, in equal shares
//! as well: a merge takes what it gets and makes do with less. Consumers that can do neither take
//! what they need of the whole, first come, first served, and the halves are of the rest.
//! Between the parts the pool is shared the same way: a query above its share gets no more, so it
//! spills, and the sum of all parts never passes the pool.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use datafusion::error::{DataFusionError, Result};
use datafusion::execution::memory_pool::{
    MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation,
};
use tokio::sync::{Notify, watch};

use crate::error::MEMORY_BYTES;

/// The memory of all queries of the process.
#[derive(Debug)]
pub(crate) struct Pool {
    total: usize,
    held: AtomicUsize,
    /// Parts that have consumers: they share the pool.
    active: AtomicUsize,
    parts: Mutex<Parts>,
}

#[derive(Debug, Default)]
struct Parts {
    next: u64,
    open: BTreeMap<u64, Weak<Part>>,
}

/// What one query may take of the pool.
#[derive(Debug)]
pub(crate) struct Part {
    pool: Arc<Pool>,
    id: u64,
    limit: usize,
    /// The limit's name in the settings.
    name: &'static str,
    held: Mutex<Held>,
    /// Told when memory was given back.
    released: Notify,
    /// Why the query is to end, once it is.
    ending: watch::Sender<Option<String>>,
}

#[derive(Debug, Default)]
struct Held {
    consumers: usize,
    spillers: usize,
    mergers: usize,
    spillable: usize,
    merging: usize,
    unspillable: usize,
}

/// What a consumer does when it is refused.
#[derive(Clone, Copy)]
enum Kind {
    /// It writes to disk what it holds.
    Spills,
    /// It merges fewer files at once.
    Merges,
    /// It fails.
    Fails,
}

impl Kind {
    fn of(consumer: &MemoryConsumer) -> Self {
        if consumer.can_spill() {
            Self::Spills
        } else if consumer.name().starts_with("ExternalSorterMerge") {
            Self::Merges
        } else {
            Self::Fails
        }
    }
}

impl Held {
    fn sum(&self) -> usize {
        self.spillable + self.merging + self.unspillable
    }

    fn bytes(&mut self, kind: Kind) -> &mut usize {
        match kind {
            Kind::Spills => &mut self.spillable,
            Kind::Merges => &mut self.merging,
            Kind::Fails => &mut self.unspillable,
        }
    }

    fn count(&mut self, consumer: &MemoryConsumer, by: isize) {
        self.consumers = self.consumers.saturating_add_signed(by);
        match Kind::of(consumer) {
            Kind::Spills => self.spillers = self.spillers.saturating_add_signed(by),
            Kind::Merges => self.mergers = self.mergers.saturating_add_signed(by),
            Kind::Fails => {}
        }
    }

    /// How much more a consumer that has so much already may take of a part of that size.
    fn room(&self, part: usize, kind: Kind, has: usize) -> usize {
        let left = part.saturating_sub(self.sum());
        let half = part.saturating_sub(self.unspillable) / 2;
        match kind {
            // Those that came first may hold more than their share of now. The others get enough to
            // go on with, and one that has nothing yet and so could not spill gets its first batch.
            Kind::Spills => {
                let fair = half / self.spillers.max(1);
                let room = fair.saturating_sub(has).min(left);
                let first = if has == 0 { left / 2 } else { 0 };
                room.max((fair / 4).saturating_sub(has)).max(first)
            }
            Kind::Merges => {
                let fair = half / self.mergers.max(1);
                fair.saturating_sub(has).min(left)
            }
            Kind::Fails => left,
        }
    }
}

impl Pool {
    /// A pool of that many bytes.
    pub(crate) fn new(bytes: u64) -> Arc<Self> {
        Arc::new(Self {
            total: size(bytes),
            held: AtomicUsize::new(0),
            active: AtomicUsize::new(0),
            parts: Mutex::default(),
        })
    }

    /// A part with a limit of its own. A limit above what one query can have is lowered to that, so
    /// that a query that is alone meets its own limit and not the pool's.
    pub(crate) fn part(self: &Arc<Self>, limit: u64, name: &'static str) -> Arc<Part> {
        let mut parts = self.parts();
        parts.next += 1;
        let id = parts.next;
        let part = Arc::new(Part {
            pool: Arc::clone(self),
            id,
            limit: size(limit).min(self.most()),
            name,
            held: Mutex::default(),
            released: Notify::new(),
            ending: watch::Sender::new(None),
        });
        parts.open.insert(id, Arc::downgrade(&part));
        part
    }

    /// The bytes of the pool.
    pub(crate) fn total(&self) -> u64 {
        self.total as u64
    }

    /// The bytes that are taken.
    pub(crate) fn held(&self) -> u64 {
        self.held.load(Ordering::Relaxed) as u64
    }

    /// The open parts, the largest first, of equals the newest first.
    pub(crate) fn open(&self) -> Vec<Arc<Part>> {
        let parts: Vec<Arc<Part>> = self
            .parts()
            .open
            .values()
            .filter_map(Weak::upgrade)
            .collect();
        let mut sized: Vec<(usize, Arc<Part>)> = parts
            .into_iter()
            .map(|part| (part.reserved(), part))
            .collect();
        sized.sort_by_key(|(held, part)| std::cmp::Reverse((*held, part.id)));
        sized.into_iter().map(|(_, part)| part).collect()
    }

    /// What large queries can have together. The rest lets a small query begin while they run.
    fn most(&self) -> usize {
        self.total - self.total / 8
    }

    fn share(&self) -> usize {
        self.most() / self.active.load(Ordering::Relaxed).max(1)
    }

    /// Takes more for a part that holds `held`, if there is more.
    fn take(&self, held: usize, additional: usize) -> bool {
        let small = held.saturating_add(additional) <= self.total / 16;
        let most = if small { self.total } else { self.most() };
        let more = |taken: usize| {
            let sum = taken.checked_add(additional)?;
            (sum <= most).then_some(sum)
        };
        self.held
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more)
            .is_ok()
    }

    fn parts(&self) -> MutexGuard<'_, Parts> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Part {
    /// The most it may take.
    pub(crate) fn limit(&self) -> u64 {
        self.limit as u64
    }

    /// Says that the query is to end, and why. The first reason stays.
    pub(crate) fn end(&self, reason: String) {
        self.ending.send_if_modified(|ending| {
            let first = ending.is_none();
            if first {
                *ending = Some(reason);
            }
            first
        });
    }

    /// Whether the query is to end.
    pub(crate) fn is_ended(&self) -> bool {
        self.ending.borrow().is_some()
    }

    /// Waits until the query is to end, and says why.
    pub(crate) fn end_of(self: &Arc<Self>) -> impl Future<Output = String> + Send + use<> {
        // The part is held, so its sender lives as long as this waits.
        let (part, mut ending) = (Arc::clone(self), self.ending.subscribe());
        async move {
            let reason = ending.wait_for(Option::is_some).await;
            let reason = reason.map_or(None, |reason| reason.clone());
            drop(part);
            reason.unwrap_or_default()
        }
    }

    /// Waits until no more than that is held: what an earlier attempt gives back, it gives back
    /// when its last task was dropped.
    pub(crate) async fn falls_to(&self, bytes: usize) {
        loop {
            let released = self.released.notified();
            if self.reserved() <= bytes {
                return;
            }
            released.await;
        }
    }

    fn state(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn refused(&self, by_pool: bool, to: &MemoryReservation, more: usize) -> DataFusionError {
        let (name, bytes) = if by_pool {
            (MEMORY_BYTES, self.pool.total)
        } else {
            (self.name, self.limit)
        };
        let (consumer, has) = (to.consumer().name(), to.size());
        tracing::debug!(
            part = self.id,
            limit = name,
            consumer,
            has,
            more,
            "memory was refused"
        );
        DataFusionError::ResourcesExhausted(format!(
            "`{name}` of {bytes} bytes has no {more} bytes for {consumer}, which holds {has}"
        ))
    }
}

impl MemoryPool for Part {
    fn name(&self) -> &str {
        self.name
    }

    fn register(&self, consumer: &MemoryConsumer) {
        let mut held = self.state();
        if held.consumers == 0 {
            self.pool.active.fetch_add(1, Ordering::Relaxed);
        }
        held.count(consumer, 1);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        let mut held = self.state();
        held.count(consumer, -1);
        if held.consumers == 0 {
            self.pool.active.fetch_sub(1, Ordering::Relaxed);
        }
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        let mut held = self.state();
        self.pool.held.fetch_add(additional, Ordering::Relaxed);
        *held.bytes(Kind::of(reservation.consumer())) += additional;
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        let mut held = self.state();
        self.pool.held.fetch_sub(shrink, Ordering::Relaxed);
        let bytes = held.bytes(Kind::of(reservation.consumer()));
        *bytes = bytes.saturating_sub(shrink);
        drop(held);
        self.released.notify_waiters();
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        let mut held = self.state();
        let (kind, has) = (Kind::of(reservation.consumer()), reservation.size());
        if additional > held.room(self.limit, kind, has) {
            return Err(self.refused(false, reservation, additional));
        }
        // One that would fail is refused only by what the pool really has.
        let by_share = match kind {
            Kind::Spills | Kind::Merges => held.room(self.pool.share(), kind, has),
            Kind::Fails => usize::MAX,
        };
        if additional > by_share || !self.pool.take(held.sum(), additional) {
            return Err(self.refused(true, reservation, additional));
        }
        *held.bytes(kind) += additional;
        Ok(())
    }

    fn reserved(&self) -> usize {
        self.state().sum()
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.limit)
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} bytes", self.name, self.limit)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.pool.parts().open.remove(&self.id);
    }
}

fn size(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}
