//! From the journal into the log.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::DateTime;
use service::{Action, Door};
use tempfile::TempDir;

use super::{MemoryFiles, open, trust};
use crate::log::{SplitEntry, verify};
use crate::{Clock, Entry, Journal, Outcome, Phase};

const DAY: i64 = 86_400;

async fn append(journal: &Journal, count: usize) {
    for number in 0..count {
        let entry = Entry {
            phase: Phase::Attempt,
            action: Action::Query,
            resource: number.to_string(),
            principal: "lan".to_owned(),
            door: Door::Http,
            peer: None,
            outcome: Outcome::Allowed,
            detail: "select 1 ".repeat(number % 3 * 400),
            correlation_id: "c-1".to_owned(),
        };
        journal.append(entry).await.unwrap();
    }
}

#[tokio::test]
async fn the_journal_is_sequenced_in_its_order_and_again_from_where_the_log_stands() {
    let folder = TempDir::new().unwrap();
    let now = Arc::new(AtomicI64::new(1_789_466_400));
    let seconds = now.clone();
    let clock: Clock =
        Arc::new(move || DateTime::from_timestamp(seconds.load(Ordering::Relaxed), 0).unwrap());
    let journal = Journal::open(folder.path(), clock).unwrap();
    let files = Arc::new(MemoryFiles::default());
    let mut total = 0;
    for (count, limit) in [(5, 2), (9, 100), (0, 3), (7, 7), (1, 1)] {
        // A new file each time, and a log and a reader that are opened again.
        append(&journal, count).await;
        now.fetch_add(DAY, Ordering::Relaxed);
        append(&journal, count).await;
        total += 2 * count as u64;
        let mut sequencer = open(&files).await;
        let mut follower = journal.follow(sequencer.next_sequence());
        loop {
            let lines = follower.read(limit).await.unwrap();
            assert!(lines.len() <= limit);
            if lines.is_empty() {
                break;
            }
            let batch: Vec<_> = lines
                .iter()
                .map(|line| SplitEntry::from_json(line).unwrap())
                .collect();
            sequencer.append(&batch).await.unwrap();
        }
        append(&journal, 1).await;
        total += 1;
        let lines = follower.read(limit).await.unwrap();
        let entry = SplitEntry::from_json(&lines[0]).unwrap();
        assert_eq!((lines.len(), entry.leaf.sequence), (1, total));
        sequencer.append(&[entry]).await.unwrap();
        let verified = verify(&*files, &trust()).await.unwrap();
        assert_eq!((verified.entries, journal.entries()), (total, total));
    }
    assert!(verify(&*files, &trust()).await.unwrap().side_objects > 0);
}
