//! What is handed in: time and chance.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

/// The clock and the source of ids. Tests hand in their own, so that a run can be repeated.
#[derive(Clone)]
pub struct Given {
    /// The time now.
    pub clock: Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>,
    /// A text that no other call ever gave: it becomes part of file names and commit ids.
    pub ids: Arc<dyn Fn() -> String + Send + Sync>,
}

impl Given {
    pub(crate) fn now(&self) -> DateTime<Utc> {
        (self.clock)()
    }

    pub(crate) fn id(&self) -> String {
        (self.ids)()
    }

    /// A wait before attempt `attempt` (from 1): doubling from 10 ms to 2 s, of which a part that
    /// differs between callers is used, so that writers who collided do not collide again.
    pub(crate) fn wait(&self, attempt: u32) -> Duration {
        let most_ms = (10u64 << attempt.min(8)).min(2_000);
        let seed = self
            .id()
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
        Duration::from_millis(most_ms / 4 + seed % (most_ms * 3 / 4 + 1))
    }
}

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Given")
    }
}
