//! Memory: one pool for the process, and a part of it for each query.
//!
//! Within a part, consumers that can spill have equal shares, so that one sort cannot take what the
//! next one needs; what is left is taken by consumers that cannot spill, first come, first served.
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
    spillable: usize,
    unspillable: usize,
}

impl Held {
    fn sum(&self) -> usize {
        self.spillable + self.unspillable
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

    /// Waits until no more than that is held: what an earlier attempt gives back, it gives back when
    /// its last task was dropped.
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

    fn refused(
        &self,
        by_pool: bool,
        reservation: &MemoryReservation,
        more: usize,
    ) -> DataFusionError {
        eprintln!(
            "REFUSED {by_pool} {} spill={} has {} wants {more}; held {:?}",
            reservation.consumer().name(),
            reservation.consumer().can_spill(),
            reservation.size(),
            self.held.try_lock().is_ok()
        );
        let (name, bytes) = if by_pool {
            (MEMORY_BYTES, self.pool.total)
        } else {
            (self.name, self.limit)
        };
        DataFusionError::ResourcesExhausted(format!(
            "`{name}` of {bytes} bytes has no {more} bytes for {}, which holds {}",
            reservation.consumer().name(),
            reservation.size()
        ))
    }

    /// How much more a consumer that can spill may take, by the limit and by the pool.
    fn room(&self, held: &Held, of: usize) -> (usize, usize) {
        let within = |part: usize| {
            // Merging what was gathered takes as much again, and cannot spill.
            let for_spillers = part - held.unspillable.max(part / 2).min(part);
            let fair = for_spillers / held.spillers.max(1);
            let room = fair.saturating_sub(of);
            // Consumers that came first may hold more than their share of now. The others get enough
            // to go on with.
            let least = (fair / 4).saturating_sub(of);
            room.min(part.saturating_sub(held.sum())).max(least)
        };
        (within(self.limit), within(self.pool.share()))
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
        held.consumers += 1;
        held.spillers += usize::from(consumer.can_spill());
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        let mut held = self.state();
        held.consumers = held.consumers.saturating_sub(1);
        let spillers = usize::from(consumer.can_spill());
        held.spillers = held.spillers.saturating_sub(spillers);
        if held.consumers == 0 {
            self.pool.active.fetch_sub(1, Ordering::Relaxed);
        }
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        let mut held = self.state();
        self.pool.held.fetch_add(additional, Ordering::Relaxed);
        match reservation.consumer().can_spill() {
            true => held.spillable += additional,
            false => held.unspillable += additional,
        }
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        let mut held = self.state();
        self.pool.held.fetch_sub(shrink, Ordering::Relaxed);
        match reservation.consumer().can_spill() {
            true => held.spillable = held.spillable.saturating_sub(shrink),
            false => held.unspillable = held.unspillable.saturating_sub(shrink),
        }
        drop(held);
        self.released.notify_waiters();
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        let mut held = self.state();
        let spills = reservation.consumer().can_spill();
        let (by_limit, by_pool) = if spills {
            self.room(&held, reservation.size())
        } else {
            (self.limit.saturating_sub(held.sum()), usize::MAX)
        };
        if additional > by_limit {
            eprintln!("{held:?} by_limit {by_limit}");
            return Err(self.refused(false, reservation, additional));
        }
        if additional > by_pool || !self.pool.take(held.sum(), additional) {
            return Err(self.refused(true, reservation, additional));
        }
        match spills {
            true => held.spillable += additional,
            false => held.unspillable += additional,
        }
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
