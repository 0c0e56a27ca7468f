//! What reading costs the store, in requests and bytes. `budget.txt` beside this file holds the
//! exact numbers; a change of them is a decision.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, TimeDelta};
use expect_test::expect_file;
use lake::{Given, Lake, S3Settings, StoreLocation, Table, TableShape, open_store};
use testkit::CountingStore;

use super::{planned, rows as answers, session};
use crate::storage::places::{append, dossiers, raw, rows};

/// Names of the same length in every run, so that the bytes are the same.
fn given(process: u64) -> Given {
    let next = AtomicU64::new(process * 10_000);
    let start: DateTime<chrono::Utc> = "2026-09-20T01:00:00Z".parse().unwrap();
    Given {
        clock: Arc::new(move || start + TimeDelta::seconds(1)),
        ids: Arc::new(move || format!("{:08}", next.fetch_add(1, Ordering::Relaxed))),
    }
}

/// The acts in their order, each with what it asked of the store.
struct Ledger {
    store: CountingStore,
    text: String,
}

impl Ledger {
    fn note(&mut self, act: &str) {
        let counts = self.store.reset().to_string();
        let counts = if counts.is_empty() {
            "nothing\n"
        } else {
            &counts
        };
        writeln!(self.text, "{act}").unwrap();
        for line in counts.lines() {
            writeln!(self.text, "    {line}").unwrap();
        }
    }

    async fn ask(&mut self, table: &Table, sql: &str, act: &str) {
        let session = session(table.provider().unwrap(), false);
        let plan = planned(&session, sql).await;
        answers(&session, plan).await;
        self.note(act);
    }
}

#[tokio::test]
async fn a_known_table_is_read_without_its_old_log() {
    let store = open_store(&StoreLocation::Memory, &S3Settings::default()).unwrap();
    let store = CountingStore::new(store);
    let mut ledger = Ledger {
        store: store.clone(),
        text: String::new(),
    };
    let ours = Lake::open(Arc::new(store.clone()), given(1)).unwrap();
    let theirs = Lake::open(Arc::new(store), given(2)).unwrap();
    let shape = TableShape::new(dossiers()).partitioned_by(["_period"]);
    let writer = theirs.create(&raw(), shape).await.unwrap();
    for at in 0..40 {
        append(&writer, rows(at * 10..at * 10 + 10, "2026-09")).await;
    }
    ledger.store.reset();

    let table = ours.table(&raw()).await.unwrap();
    ledger.note("open a table of 41 versions");
    ours.table(&raw()).await.unwrap();
    ledger.note("open it again: nothing is new");
    table.snapshot().provider().unwrap();
    ledger.note("take a snapshot");
    append(&writer, rows(400..410, "2026-09")).await;
    ledger.note("another process appends a file");
    ours.table(&raw()).await.unwrap();
    ledger.note("open it again: one version is new");
    append(&table, rows(410..420, "2026-10")).await;
    ledger.note("append a file");
    ours.table(&raw()).await.unwrap();
    ledger.note("open it again: the new version is our own");
    table.snapshot_at(41).await.unwrap();
    ledger.note("read the version before");

    let count = "select count(*), min(id), max(day) from t";
    ledger
        .ask(&table, count, "count rows, and take bounds")
        .await;
    let pruned = "select id from t where _period = '2026-10'";
    ledger
        .ask(&table, pruned, "read a column of one partition of one file")
        .await;
    let bounded = "select id, agency from t where id = 405";
    ledger
        .ask(&table, bounded, "find a row by the bounds in the log")
        .await;
    let none = "select id from t where id > 10000";
    ledger
        .ask(&table, none, "ask for what the bounds exclude")
        .await;
    expect_file!["budget.txt"].assert_eq(&ledger.text);
}
