//! An object store that counts what is asked of it.

mod store;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use object_store::ObjectStore;

use crate::op::Op;

#[cfg(test)]
mod tests;

/// Clones share one count: keep a clone, hand the other in.
#[derive(Clone, Debug)]
pub struct CountingStore {
    inner: Arc<dyn ObjectStore>,
    tally: Tally,
}

/// What was asked, by kind. Failed requests are requests; a list is one, however many pages the
/// store needs for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    by_op: BTreeMap<Op, Count>,
}

/// `sent_bytes` are bodies handed to the store, `received_bytes` bodies that the caller read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub requests: u64,
    pub sent_bytes: u64,
    pub received_bytes: u64,
}

#[derive(Clone, Debug, Default)]
struct Tally {
    counts: Arc<Mutex<Counts>>,
}

impl CountingStore {
    pub fn new(inner: Arc<dyn ObjectStore>) -> Self {
        Self {
            inner,
            tally: Tally::default(),
        }
    }

    /// Everything since the start or the last [`Self::reset`].
    pub fn counts(&self) -> Counts {
        self.tally.counts.lock().unwrap().clone()
    }

    /// Starts from nothing, and gives what was counted until now.
    pub fn reset(&self) -> Counts {
        std::mem::take(&mut *self.tally.counts.lock().unwrap())
    }
}

impl Counts {
    pub fn of(&self, op: Op) -> Count {
        self.by_op.get(&op).copied().unwrap_or_default()
    }

    pub fn requests(&self) -> u64 {
        self.by_op.values().map(|count| count.requests).sum()
    }

    pub fn sent_bytes(&self) -> u64 {
        self.by_op.values().map(|count| count.sent_bytes).sum()
    }

    pub fn received_bytes(&self) -> u64 {
        self.by_op.values().map(|count| count.received_bytes).sum()
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (op, count) in &self.by_op {
            let Count {
                requests,
                sent_bytes,
                received_bytes,
            } = count;
            writeln!(
                f,
                "{op:?}: {requests} requests, {sent_bytes} B sent, {received_bytes} B received"
            )?;
        }
        Ok(())
    }
}

impl Tally {
    fn sent(&self, op: Op, bytes: usize) {
        let mut counts = self.counts.lock().unwrap();
        let count = counts.by_op.entry(op).or_default();
        count.requests += 1;
        count.sent_bytes += bytes as u64;
    }

    fn received(&self, op: Op, bytes: u64) {
        let mut counts = self.counts.lock().unwrap();
        counts.by_op.entry(op).or_default().received_bytes += bytes;
    }
}
