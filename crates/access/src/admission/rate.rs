//! How often a client may come.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

/// Clients that are remembered before those that came long ago are looked for.
const SWEPT_ABOVE: usize = 1024;

/// A token bucket for each client, kept as one instant each: the generic cell rate algorithm.
pub(super) struct Rates {
    /// Between two calls of a client that comes evenly.
    interval: TimeDelta,
    /// How far ahead of that a client may be.
    ahead: TimeDelta,
    /// When each client's bucket is full again.
    full_at: BTreeMap<String, DateTime<Utc>>,
}

impl Rates {
    /// So many calls a second, and so many at once; none when `per_second` is 0.
    pub(super) fn new(per_second: u32, burst: u32) -> Option<Self> {
        if per_second == 0 {
            return None;
        }
        let micros = |calls: u32| i64::from(calls) * 1_000_000 / i64::from(per_second);
        Some(Self {
            interval: TimeDelta::microseconds(micros(1).max(1)),
            ahead: TimeDelta::microseconds(micros(burst.max(1) - 1)),
            full_at: BTreeMap::new(),
        })
    }

    /// Counts a call, or says for how long the client must wait. A refused call is not counted.
    pub(super) fn take(&mut self, client: &str, now: DateTime<Utc>) -> Result<(), TimeDelta> {
        // A clock that was set back must not shut anyone out.
        let most = now + self.ahead + self.interval;
        let full_at = self.full_at.get(client).copied().unwrap_or(now);
        let full_at = full_at.clamp(now, most);
        let early = full_at - now - self.ahead;
        if early > TimeDelta::zero() {
            self.full_at.insert(client.to_owned(), full_at);
            return Err(early);
        }
        if self.full_at.len() > SWEPT_ABOVE {
            self.full_at.retain(|_, full_at| *full_at > now);
        }
        self.full_at
            .insert(client.to_owned(), full_at + self.interval);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
