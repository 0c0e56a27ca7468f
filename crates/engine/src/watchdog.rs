//! Ends a query when the process holds too much memory, before the machine ends the process.
//!
//! The pool counts what sorts, joins and aggregations hold. What decoders, encoders and the
//! allocator hold beside it is not counted anywhere, so the process itself is watched.

use std::sync::{Arc, Weak};

use crate::pool::{Part, Pool};

/// Says how many bytes of memory the process holds.
pub type Gauge = Arc<dyn Fn() -> u64 + Send + Sync>;

/// Looks that a query which was ended has to give its memory back, before another one is ended.
const PATIENCE: u32 = 20;

/// Watches the process. It looks when it is told to; whoever made it says how often.
pub struct Watchdog {
    pool: Arc<Pool>,
    resident: Gauge,
    /// What the process may hold: what it held at the start, the pool and a quarter of it.
    ceiling: u64,
    ended: Option<Ended>,
}

struct Ended {
    part: Weak<Part>,
    looks: u32,
}

impl Watchdog {
    pub(crate) fn new(pool: Arc<Pool>, resident: Gauge) -> Self {
        let margin = pool.total() / 4;
        let ceiling = resident()
            .saturating_add(pool.total())
            .saturating_add(margin);
        Self {
            pool,
            resident,
            ceiling,
            ended: None,
        }
    }

    /// Looks once. Ends the query that holds most when the process holds more than the pool, a
    /// quarter of it, and what it held when the watch began; of equals the newest. Answers whether
    /// it ended one.
    pub fn look(&mut self) -> bool {
        let resident = (self.resident)();
        metrics::gauge!("dtm_resident_bytes").set(resident as f64);
        metrics::gauge!("dtm_memory_pool_held_bytes").set(self.pool.held() as f64);
        if resident <= self.ceiling {
            self.ended = None;
            return false;
        }
        if self.waits() {
            return false;
        }
        let largest = self.pool.open().into_iter().find(|part| !part.is_ended());
        let Some(part) = largest else {
            return false;
        };
        tracing::warn!(
            resident,
            ceiling = self.ceiling,
            "a query is ended to save the process"
        );
        metrics::counter!("dtm_queries_ended_total").increment(1);
        part.end(format!(
            "the query held most when the process held {resident} bytes of memory: the limit \
             `memory.bytes` of {} bytes and its margin were met",
            self.pool.total()
        ));
        self.ended = Some(Ended {
            part: Arc::downgrade(&part),
            looks: 0,
        });
        true
    }

    /// Whether the query that was ended last still has time to give its memory back.
    fn waits(&mut self) -> bool {
        let Some(ended) = &mut self.ended else {
            return false;
        };
        ended.looks += 1;
        // What is given back reaches the system a little later.
        let most = if ended.part.strong_count() == 0 {
            PATIENCE / 4
        } else {
            PATIENCE
        };
        ended.looks < most
    }
}
