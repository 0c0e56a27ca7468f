//! Which submissions the newest commits landed, so that each is looked up without reading the log.

use std::collections::{HashMap, VecDeque};

use crate::error::Result;
use crate::table::Table;

/// Submissions that are remembered; what is older is read from the log.
const REMEMBERED: usize = 65_536;

/// The submissions of every commit after one version, this process's own and others'.
#[derive(Debug)]
pub(super) struct Recent {
    from: i64,
    to: i64,
    commits: VecDeque<(i64, Vec<String>)>,
    versions: HashMap<String, i64>,
}

impl Recent {
    /// Knows nothing of `version` and before.
    pub(super) fn after(version: i64) -> Self {
        Self {
            from: version,
            to: version,
            commits: VecDeque::new(),
            versions: HashMap::new(),
        }
    }

    /// The version up to which nothing is known.
    pub(super) fn from(&self) -> i64 {
        self.from
    }

    /// The version up to which everything after [`from`](Self::from) is known.
    pub(super) fn to(&self) -> i64 {
        self.to
    }

    /// The version that landed the submission, if a later one than [`from`](Self::from) did.
    pub(super) fn version_of(&self, id: &str) -> Option<i64> {
        self.versions.get(id).copied()
    }

    /// Reads what others committed.
    pub(super) async fn follow(&mut self, table: &Table) -> Result<()> {
        if table.version() <= self.to {
            return Ok(());
        }
        for (record, ids) in table.submissions_since(self.to).await? {
            self.remember(record.version, ids);
        }
        self.to = self.to.max(table.version());
        Ok(())
    }

    /// Takes in a commit of this process.
    pub(super) fn note(&mut self, version: i64, ids: Vec<String>) {
        // Others may have committed in between; then the log is followed over this one too.
        if version == self.to + 1 {
            self.remember(version, ids);
            self.to = version;
        }
    }

    fn remember(&mut self, version: i64, ids: Vec<String>) {
        for id in &ids {
            self.versions.insert(id.clone(), version);
        }
        self.commits.push_back((version, ids));
        while self.versions.len() > REMEMBERED && self.commits.len() > 1 {
            let Some((version, ids)) = self.commits.pop_front() else {
                return;
            };
            self.from = version;
            for id in ids {
                self.versions.remove(&id);
            }
        }
    }
}
