//! What the time of a run goes into.

use std::time::Instant;

/// A part of the work of a run.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    /// Looking for what changed and what of it is to be computed.
    Plan,
    /// Computing rows and writing them to files.
    Compute,
    /// Holding them against the rules of their contract.
    Rules,
    /// Naming the files in their tables.
    Commit,
    /// Showing what was made to readers.
    Publish,
    /// Looking at what was published, column by column.
    Profile,
    /// Keeping what the run did, and what the rules said.
    Record,
}

impl Part {
    fn as_str(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Compute => "compute",
            Self::Rules => "rules",
            Self::Commit => "commit",
            Self::Publish => "publish",
            Self::Profile => "profile",
            Self::Record => "record",
        }
    }

    /// Does it, and counts its time to this part.
    pub(super) async fn timed<T>(self, work: impl Future<Output = T>) -> T {
        let started = Instant::now();
        let done = work.await;
        metrics::histogram!("dtm_run_part_seconds", "part" => self.as_str())
            .record(started.elapsed().as_secs_f64());
        done
    }
}
