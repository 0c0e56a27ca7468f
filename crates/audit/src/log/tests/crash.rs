//! Crashes at every write: no hole, no fork, no entry twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;

use super::{Chance, MemoryFiles, entries, log_key, trust};
use crate::log::{Files, LogError, Put, Result, Sequencer, SplitEntry, against, verify};

/// Files of a process that dies at a write.
struct Dying {
    files: Arc<MemoryFiles>,
    /// How many writes it lives for.
    left: AtomicI64,
    /// Whether the write at which it dies has its effect.
    effect: bool,
}

impl Dying {
    fn dead(path: &str) -> LogError {
        LogError::Unavailable {
            doing: "write",
            path: path.to_owned(),
            source: Arc::new(std::io::Error::other("the process died")),
        }
    }
}

#[async_trait]
impl Files for Dying {
    async fn get(&self, path: &str) -> Result<Option<Bytes>> {
        self.files.get(path).await
    }

    async fn put_new(&self, path: &str, bytes: Bytes) -> Result<Put> {
        let left = self.left.fetch_sub(1, Ordering::Relaxed);
        if left > 1 {
            return self.files.put_new(path, bytes).await;
        }
        if left == 1 && self.effect {
            self.files.put_new(path, bytes).await?;
        }
        Err(Self::dead(path))
    }

    async fn list(&self) -> Result<Option<Vec<String>>> {
        self.files.list().await
    }
}

/// Replays the journal in batches of any size until all is in the log or the process dies.
async fn replay(
    files: Arc<dyn Files>,
    journal: &[SplitEntry],
    chance: &mut Chance,
    kept: &mut Vec<String>,
) -> Result<()> {
    let mut sequencer = Sequencer::open(files, log_key(), &trust()).await?;
    loop {
        let from = sequencer.next_sequence() as usize - 1;
        if from == journal.len() {
            return Ok(());
        }
        let length = 1 + chance.below(300).min(chance.below(300));
        let to = (from + length).min(journal.len());
        // Some of what is known already comes again.
        let from = from - chance.below(3).min(from);
        let appended = sequencer.append(&journal[from..to]).await?;
        kept.extend(appended.checkpoint.map(|note| note.to_string()));
    }
}

async fn check(files: &Arc<MemoryFiles>, entries: u64, kept: &[String], what: &str) {
    let verified = verify(&**files, &trust()).await;
    let verified = verified.unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_eq!(verified.entries, entries, "{what}");
    for checkpoint in kept {
        let held = against(&**files, &trust(), checkpoint.as_bytes()).await;
        held.unwrap_or_else(|error| panic!("{what}: {error}"));
    }
}

#[tokio::test]
async fn a_log_survives_a_crash_at_every_write() {
    let journal = entries(1..=600);
    for seed in 0..3 {
        for effect in [false, true] {
            for writes in 1.. {
                let what = format!("seed {seed}, write {writes}, effect {effect}");
                let files = Arc::new(MemoryFiles::default());
                let dying = Arc::new(Dying {
                    files: files.clone(),
                    left: AtomicI64::new(writes),
                    effect,
                });
                let (mut chance, mut kept) = (Chance(seed), Vec::new());
                let lived = replay(dying, &journal, &mut chance, &mut kept)
                    .await
                    .is_ok();
                // What was answered is there, whatever came after.
                let there = Sequencer::open(files.clone(), log_key(), &trust())
                    .await
                    .unwrap();
                check(&files, there.next_sequence() - 1, &kept, &what).await;
                let mut chance = Chance(seed ^ writes as u64);
                replay(files.clone(), &journal, &mut chance, &mut kept)
                    .await
                    .unwrap();
                check(&files, 600, &kept, &what).await;
                if lived {
                    break;
                }
            }
        }
    }
}

#[tokio::test]
async fn a_log_survives_one_crash_after_another() {
    let journal = entries(1..=600);
    for seed in 100..140 {
        let what = format!("seed {seed}");
        let files = Arc::new(MemoryFiles::default());
        let (mut chance, mut kept) = (Chance(seed), Vec::new());
        loop {
            let dying = Arc::new(Dying {
                files: files.clone(),
                left: AtomicI64::new(1 + chance.below(12) as i64),
                effect: chance.below(2) == 0,
            });
            if replay(dying, &journal, &mut chance, &mut kept)
                .await
                .is_ok()
            {
                break;
            }
            if chance.below(4) == 0 {
                replay_a_little(&files, &journal).await;
            }
        }
        check(&files, 600, &kept, &what).await;
    }
}

/// Appends one entry, so that however small the lives of processes are, the log grows.
async fn replay_a_little(files: &Arc<MemoryFiles>, journal: &[SplitEntry]) {
    let mut sequencer = Sequencer::open(files.clone(), log_key(), &trust())
        .await
        .unwrap();
    let from = sequencer.next_sequence() as usize - 1;
    if from < journal.len() {
        sequencer.append(&journal[from..=from]).await.unwrap();
    }
}
