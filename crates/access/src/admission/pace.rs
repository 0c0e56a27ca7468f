//! How long whoever is refused had better wait: an estimate from how fast others leave.

use chrono::{DateTime, TimeDelta, Utc};

/// The longest that a client is asked to wait, and the shortest.
const MOST_SECONDS: f64 = 60.0;
const LEAST_SECONDS: f64 = 1.0;
/// What the newest gap counts in the mean of the gaps.
const NEWEST: f64 = 0.2;

/// The mean time between those who leave, while there is somebody.
pub(super) struct Pace {
    /// The last time somebody left, or the first came.
    last_at: DateTime<Utc>,
    gap_seconds: Option<f64>,
}

impl Pace {
    pub(super) fn since(now: DateTime<Utc>) -> Self {
        Self {
            last_at: now,
            gap_seconds: None,
        }
    }

    /// Somebody comes where nobody was: the time until now was idle and says nothing.
    pub(super) fn begun(&mut self, now: DateTime<Utc>) {
        self.last_at = now;
    }

    /// Somebody left.
    pub(super) fn left(&mut self, now: DateTime<Utc>) {
        let gap = seconds(now - self.last_at);
        let mean = self.gap_seconds.unwrap_or(gap);
        self.gap_seconds = Some(mean + (gap - mean) * NEWEST);
        self.last_at = now;
    }

    /// Whole seconds until so many will have left.
    pub(super) fn seconds_until(&self, leave: usize, now: DateTime<Utc>) -> u64 {
        // Who has kept everyone waiting for longer than usual may go on to do so.
        let gap = seconds(now - self.last_at).max(self.gap_seconds.unwrap_or(0.0));
        let wait = gap * leave.max(1) as f64;
        wait.clamp(LEAST_SECONDS, MOST_SECONDS).ceil() as u64
    }
}

fn seconds(span: TimeDelta) -> f64 {
    span.max(TimeDelta::zero()).as_seconds_f64()
}

#[cfg(test)]
mod tests;
