//! A clock that moves only when a test says so.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};

#[cfg(test)]
mod tests;

/// The form in which the product takes its clock.
pub type Now = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// Clones show the same time: one is kept by the test, the others are handed in.
#[derive(Clone, Debug)]
pub struct TestClock {
    now: Arc<Mutex<DateTime<Utc>>>,
}

impl TestClock {
    /// Starts at an RFC 3339 time, such as `2026-09-20T08:00:00+07:00`.
    pub fn at(start_at: &str) -> Self {
        Self {
            now: Arc::new(Mutex::new(parse(start_at))),
        }
    }

    pub fn now(&self) -> DateTime<Utc> {
        *self.now.lock().unwrap()
    }

    /// Moves forward, or backward when `step` is negative.
    pub fn advance(&self, step: TimeDelta) {
        let mut now = self.now.lock().unwrap();
        *now += step;
    }

    /// Jumps to an RFC 3339 time.
    pub fn set(&self, now_at: &str) {
        *self.now.lock().unwrap() = parse(now_at);
    }

    /// This clock as the closure that the product takes.
    pub fn as_fn(&self) -> impl Fn() -> DateTime<Utc> + Clone + Send + Sync + 'static {
        let clock = self.clone();
        move || clock.now()
    }

    /// [`Self::as_fn`], shared.
    pub fn shared(&self) -> Now {
        Arc::new(self.as_fn())
    }
}

fn parse(at: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(at)
        .unwrap_or_else(|error| panic!("`{at}` is not an RFC 3339 time: {error}"))
        .to_utc()
}
