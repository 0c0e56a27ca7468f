//! Which request meets which fault.

use std::sync::Arc;
use std::time::Duration;

use object_store::path::Path;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use crate::op::Op;

/// What happens to a request.
#[derive(Clone, Debug)]
pub enum FaultKind {
    /// It fails and the store has not changed.
    BeforeEffect,
    /// The store has done it, and the answer is lost: the caller sees a failure.
    AfterEffect,
    /// It fails for want of space on the store's disk, and the store has not changed.
    Full,
    /// It is answered, later.
    Delay(Duration),
    /// It waits, before its effect, until the test opens the gate.
    Held(Gate),
}

/// One planned fault: it meets the `nth` (from 1) request of its kind whose path contains
/// `path_contains`, and the `times - 1` matching ones after that.
#[derive(Clone, Debug)]
pub struct Fault {
    pub op: Op,
    pub path_contains: String,
    pub nth: usize,
    pub times: usize,
    pub kind: FaultKind,
}

impl Fault {
    pub fn new(op: Op, path_contains: &str, kind: FaultKind) -> Self {
        Self {
            op,
            path_contains: path_contains.to_owned(),
            nth: 1,
            times: 1,
            kind,
        }
    }

    pub fn before(op: Op, path_contains: &str) -> Self {
        Self::new(op, path_contains, FaultKind::BeforeEffect)
    }

    pub fn after(op: Op, path_contains: &str) -> Self {
        Self::new(op, path_contains, FaultKind::AfterEffect)
    }

    pub fn full(op: Op, path_contains: &str) -> Self {
        Self::new(op, path_contains, FaultKind::Full)
    }

    pub fn held(op: Op, path_contains: &str, gate: &Gate) -> Self {
        Self::new(op, path_contains, FaultKind::Held(gate.clone()))
    }

    /// Meets the `nth` matching request, counted from 1, instead of the first.
    #[must_use]
    pub fn nth(mut self, nth: usize) -> Self {
        self.nth = nth;
        self
    }

    /// Meets so many matching requests in a row instead of one.
    #[must_use]
    pub fn times(mut self, times: usize) -> Self {
        self.times = times;
        self
    }
}

/// Shares of requests, each from 0 to 1, that a seeded store lets fail or wait.
#[derive(Clone, Copy, Debug)]
pub struct Rates {
    pub before_effect: f64,
    pub after_effect: f64,
    pub delay: f64,
    /// A delayed request waits up to this long.
    pub delay_at_most: Duration,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            before_effect: 0.05,
            after_effect: 0.05,
            delay: 0.1,
            delay_at_most: Duration::from_millis(5),
        }
    }
}

impl Rates {
    /// Depends on the seed, the kind, the path and how often this pair was asked before, and not
    /// on the order in which tasks come by: a run of many tasks repeats from its seed.
    pub(super) fn roll(&self, seed: u64, op: Op, path: &Path, before: usize) -> Option<FaultKind> {
        let digest = Sha256::digest(format!("{seed} {op:?} {path} {before}"));
        let mut rng = ChaCha8Rng::from_seed(digest.into());
        let share: f64 = rng.random();
        let after_from = self.before_effect;
        let delay_from = after_from + self.after_effect;
        if share < after_from {
            Some(FaultKind::BeforeEffect)
        } else if share < delay_from {
            Some(FaultKind::AfterEffect)
        } else if share < delay_from + self.delay {
            Some(FaultKind::Delay(self.delay_at_most.mul_f64(rng.random())))
        } else {
            None
        }
    }
}

/// Holds requests until it is opened, so that a test orders two writers without sleeping.
#[derive(Clone, Debug, Default)]
pub struct Gate {
    sides: Arc<Sides>,
}

#[derive(Debug, Default)]
struct Sides {
    waiting: watch::Sender<usize>,
    open: watch::Sender<bool>,
}

impl Gate {
    pub fn new() -> Self {
        Self::default()
    }

    /// Waits until `count` requests have come to the gate.
    pub async fn arrived(&self, count: usize) {
        let mut waiting = self.sides.waiting.subscribe();
        waiting
            .wait_for(|seen| *seen >= count)
            .await
            .expect("the gate still stands");
    }

    /// Lets everyone through who waits or comes later.
    pub fn open(&self) {
        self.sides.open.send_replace(true);
    }

    pub(super) async fn pass(&self) {
        self.sides.waiting.send_modify(|seen| *seen += 1);
        let mut open = self.sides.open.subscribe();
        open.wait_for(|open| *open)
            .await
            .expect("the gate still stands");
    }
}
