//! When the next commit may begin: at once, or after a pause in which others gather.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// What was committed lately.
#[derive(Debug)]
pub(super) struct Pace {
    crowd: usize,
    pause: Duration,
    /// When each commit of the last pause began, and of how many submissions it was.
    lately: VecDeque<(Instant, usize)>,
}

impl Pace {
    /// More than `crowd` submissions within `pause` are a crowd.
    pub(super) fn new(crowd: usize, pause: Duration) -> Self {
        Self {
            crowd,
            pause,
            lately: VecDeque::new(),
        }
    }

    /// Takes in a commit.
    pub(super) fn begun(&mut self, at: Instant, submissions: usize) {
        let since = at.checked_sub(self.pause);
        self.lately
            .retain(|(begun, _)| since.is_none_or(|since| *begun > since));
        self.lately.push_back((at, submissions));
    }

    /// When the next commit may begin; none if it need not wait.
    pub(super) fn next(&self) -> Option<Instant> {
        let lately: usize = self.lately.iter().map(|(_, submissions)| submissions).sum();
        let (begun, _) = self.lately.back()?;
        (lately > self.crowd).then(|| *begun + self.pause)
    }
}
