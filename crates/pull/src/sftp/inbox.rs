//! Which file of a folder comes next.
//!
//! Files come in the order of their time, then of their name. That order alone would leave files
//! out: one that is renamed into the folder keeps the time of its last write, and a server's times
//! are whole seconds. So a mark holds, beside the place in the order, which files were taken last.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::spec::SftpSpec;

#[cfg(test)]
mod tests;

/// Names of files that are being written or are not meant to be seen.
const UNFINISHED: &[&str] = &[".part", ".tmp", ".filepart"];
/// How many files a mark remembers.
const MOST_RECENT: usize = 100;

/// A file of the folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) size_bytes: u64,
    /// In seconds, by the server's clock.
    pub(super) changed_at: u32,
}

/// What a mark holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Taken {
    /// The file that was taken.
    pub(super) file: Entry,
    /// The furthest place in the order that was reached.
    at: (u32, String),
    /// The files that were taken last, this one among them: of the folder, if they are moved out
    /// of it, else of those that have the time of `at`.
    recent: Vec<String>,
    /// There were too many of that time: among them only the name counts.
    #[serde(default)]
    by_name: bool,
}

/// Since when each file has been as it is.
#[derive(Debug, Default)]
pub(super) struct Looks(HashMap<String, (Entry, Instant)>);

impl Entry {
    fn place(&self) -> (u32, String) {
        (self.changed_at, self.name.clone())
    }

    /// Short, for marks are.
    fn digest(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(self.size_bytes.to_be_bytes());
        hash.update(self.changed_at.to_be_bytes());
        hash.update(&self.name);
        hex::encode(&hash.finalize()[..8])
    }
}

impl Taken {
    /// The mark after `file`, which comes after `before`.
    pub(super) fn after(before: Option<&Self>, file: Entry, moved_out: bool) -> Self {
        let at = before
            .map(|before| before.at.clone())
            .max(Some(file.place()));
        let at = at.unwrap_or_else(|| file.place());
        let same = before.filter(|before| moved_out || before.at.0 == at.0);
        let mut recent = same.map(|before| before.recent.clone()).unwrap_or_default();
        let mut by_name = same.is_some_and(|before| before.by_name);
        recent.push(file.digest());
        if recent.len() > MOST_RECENT {
            recent.remove(0);
            by_name = !moved_out;
        }
        Self {
            file,
            at,
            recent,
            by_name,
        }
    }

    /// Whether this very file was taken, as far back as the mark remembers.
    pub(super) fn has(&self, file: &Entry) -> bool {
        self.recent.contains(&file.digest())
    }

    fn is_new(&self, file: &Entry, moved_out: bool) -> bool {
        if self.has(file) {
            return false;
        }
        let remembered = moved_out || (file.changed_at == self.at.0 && !self.by_name);
        remembered || file.place() > self.at
    }
}

/// The files that are to be taken, in order.
pub(super) fn fresh<'e>(
    entries: &'e [Entry],
    mark: Option<&Taken>,
    moved_out: bool,
) -> Vec<&'e Entry> {
    let is_new = |entry: &&Entry| mark.is_none_or(|mark| mark.is_new(entry, moved_out));
    let mut fresh: Vec<_> = entries.iter().filter(is_new).collect();
    fresh.sort_by_key(|entry| entry.place());
    fresh
}

impl Looks {
    /// Takes another look.
    pub(super) fn look(&mut self, entries: &[Entry], now: Instant) {
        let mut seen = HashMap::with_capacity(entries.len());
        for entry in entries {
            let before = self
                .0
                .get(&entry.name)
                .filter(|(before, _)| before == entry);
            let since = before.map_or(now, |(_, since)| *since);
            seen.insert(entry.name.clone(), (entry.clone(), since));
        }
        self.0 = seen;
    }

    /// How much longer it must stay as it is.
    pub(super) fn left(&self, entry: &Entry, settle: Duration, now: Instant) -> Duration {
        let known = self.0.get(&entry.name).filter(|(known, _)| known == entry);
        let stood = known.map(|(_, since)| now.saturating_duration_since(*since));
        settle.saturating_sub(stood.unwrap_or_default())
    }
}

/// Whether a name is of a file that is meant, and finished.
pub(super) fn is_meant(spec: &SftpSpec, name: &str) -> bool {
    let hidden = name.starts_with('.') || name.contains(['/', '\0']);
    let lower = name.to_ascii_lowercase();
    let unfinished = UNFINISHED.iter().any(|ending| lower.ends_with(ending));
    !hidden && !unfinished && matches(&spec.pattern, name)
}

/// `*` is any run of characters, `?` any one.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<_>, Vec<_>) = (pattern.chars().collect(), name.chars().collect());
    let (mut at, mut met) = (0, 0);
    // The last `*`, and how much of the name it holds up to.
    let mut star = None;
    while met < name.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, met));
                at += 1;
            }
            Some(sign) if *sign == '?' || *sign == name[met] => {
                at += 1;
                met += 1;
            }
            _ => {
                let Some((place, held)) = star else {
                    return false;
                };
                star = Some((place, held + 1));
                at = place + 1;
                met = held + 1;
            }
        }
    }
    pattern[at..].iter().all(|sign| *sign == '*')
}
