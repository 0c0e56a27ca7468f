//! Files rewritten, and files that go: no row changes, and nothing goes that somebody needs.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use lake::{CommitRequest, CompactSettings, LakeError, Portion, StagedFile, Table};
use object_store::ObjectStoreExt;
use object_store::path::Path;
use serde_json::Map;
use testkit::{Fault, Op};

use super::on_every_store;
use super::places::{Place, append, raw, rows, stage};
use super::reading::{ids, now, read};

on_every_store!(
    small_files_become_one_and_their_rows_stay,
    what_is_appended_meanwhile_stays,
    a_file_that_was_removed_meanwhile_is_not_rewritten,
    a_rewriting_whose_answer_was_lost_happened_once,
    files_with_other_rows_take_nobody_s_place,
    writers_and_a_rewriter_at_once_lose_no_row,
    files_of_versions_that_are_needed_stay,
    what_a_job_at_work_may_have_written_stays,
    a_log_that_does_not_reach_back_lets_nothing_go,
    the_newest_checkpoint_is_known,
);

/// Every file is small, and two of them are enough.
const ANY: CompactSettings = CompactSettings {
    small_file_bytes: u64::MAX,
    small_files: 2,
    commit_bytes: u64::MAX,
};

fn small(table: &Table) -> Portion {
    let mut portions = table.snapshot().small_files(&ANY).unwrap();
    assert_eq!(portions.len(), 1);
    portions.remove(0)
}

/// Files that hold what the small ones hold.
async fn again(table: &Table, small: &Portion) -> Vec<StagedFile> {
    stage(table, [read(small.provider().unwrap()).await]).await
}

/// A clock's time after everything that the suite's own clocks show, and before every real one.
fn between() -> DateTime<Utc> {
    "2026-10-20T00:00:00Z".parse().unwrap()
}

/// A time when everything is long past.
fn later() -> DateTime<Utc> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the store's own clock is the real one"
    )]
    let now = Utc::now();
    now + TimeDelta::days(1)
}

async fn small_files_become_one_and_their_rows_stay(place: Place) {
    let table = place.table().await;
    for at in 0..5 {
        append(&table, rows(at * 10..at * 10 + 10, "2026-09")).await;
    }
    append(&table, rows(100..110, "2026-10")).await;
    let before = read(table.provider().unwrap()).await;
    let small = small(&table);
    // The one file of the other period stays as it is.
    assert_eq!((small.count(), small.rows()), (5, 50));
    let files = again(&table, &small).await;
    let done = table.compact(&small, files, Map::new()).await.unwrap();
    assert_eq!((done.version, done.already), (7, false));
    assert_eq!(table.files().unwrap().count, 2);
    assert_eq!(read(table.provider().unwrap()).await, before);
    assert_eq!(read(table.provider_at(6).await.unwrap()).await, before);
    let newest = &table.history(1).await.unwrap()[0];
    assert_eq!(
        (newest.operation.as_str(), newest.changes_rows),
        ("OPTIMIZE", false)
    );
    assert!(table.same_rows(6, 7).await.unwrap() && table.same_rows(7, 6).await.unwrap());
    assert!(!table.same_rows(5, 7).await.unwrap());
    assert!(table.snapshot().small_files(&ANY).unwrap().is_empty());
    let elsewhere = place.lake().table(&raw()).await.unwrap();
    assert_eq!(read(elsewhere.provider().unwrap()).await, before);
    assert_eq!(read(table.generic_provider(7).await.unwrap()).await, before);
}

async fn what_is_appended_meanwhile_stays(place: Place) {
    let table = place.table().await;
    append(&table, rows(0..3, "2026-09")).await;
    append(&table, rows(3..6, "2026-09")).await;
    let small = small(&table);
    let files = again(&table, &small).await;
    let other = place.lake().table(&raw()).await.unwrap();
    append(&other, rows(6..9, "2026-09")).await;
    let done = table.compact(&small, files, Map::new()).await.unwrap();
    assert_eq!(done.version, 4);
    assert_eq!(now(&table).await, (0..9).collect::<Vec<_>>());
    assert_eq!(now(&other).await, (0..9).collect::<Vec<_>>());
    assert_eq!(other.files().unwrap().count, 2);
}

async fn a_file_that_was_removed_meanwhile_is_not_rewritten(place: Place) {
    let table = place.table().await;
    append(&table, rows(0..3, "2026-09")).await;
    append(&table, rows(3..6, "2026-09")).await;
    let small = small(&table);
    let files = again(&table, &small).await;
    let other = place.lake().table(&raw()).await.unwrap();
    let replacing = stage(&other, [rows(70..72, "2026-09")]).await;
    let replaced = other
        .commit(CommitRequest::replace(replacing))
        .await
        .unwrap();
    let late = table.compact(&small, files.clone(), Map::new()).await;
    assert!(matches!(late, Err(LakeError::Conflict(_))), "{late:?}");
    table.discard(files).await.unwrap();
    assert_eq!(now(&table).await, [70, 71]);
    assert_eq!(table.version(), replaced.version);
}

async fn a_rewriting_whose_answer_was_lost_happened_once(place: Place) {
    let table = place.table().await;
    append(&table, rows(0..3, "2026-09")).await;
    append(&table, rows(3..6, "2026-09")).await;
    let small = small(&table);
    let files = again(&table, &small).await;
    place.faults.plan(Fault::after(Op::Put, "_delta_log"));
    let done = table.compact(&small, files, Map::new()).await.unwrap();
    place.faults.assert_all_met();
    assert_eq!((done.version, table.version()), (3, 3));
    assert_eq!(now(&table).await, [0, 1, 2, 3, 4, 5]);
    assert_eq!(table.files().unwrap().count, 1);
}

async fn files_with_other_rows_take_nobody_s_place(place: Place) {
    let table = place.table().await;
    append(&table, rows(0..3, "2026-09")).await;
    append(&table, rows(3..6, "2026-09")).await;
    let small = small(&table);
    let files = stage(&table, [rows(0..5, "2026-09")]).await;
    let wrong = table.compact(&small, files, Map::new()).await;
    assert!(matches!(wrong, Err(LakeError::Corrupt(_))), "{wrong:?}");
    assert_eq!(now(&table).await, [0, 1, 2, 3, 4, 5]);
    assert_eq!(table.version(), 2);
}

async fn writers_and_a_rewriter_at_once_lose_no_row(place: Place) {
    let table = place.table().await;
    append(&table, rows(0..1, "2026-09")).await;
    let writer = |first: i64| {
        let lake = place.lake();
        async move {
            let table = lake.table(&raw()).await.unwrap();
            for id in first..first + 8 {
                append(&table, rows(id..id + 1, "2026-09")).await;
            }
        }
    };
    let rewriter = async {
        let table = place.lake().table(&raw()).await.unwrap();
        let mut rewritten = 0;
        while rewritten < 6 {
            table.refresh().await.unwrap();
            for small in table.snapshot().small_files(&ANY).unwrap() {
                let files = again(&table, &small).await;
                table.compact(&small, files, Map::new()).await.unwrap();
                rewritten += 1;
            }
            tokio::task::yield_now().await;
            if table.version() > 24 {
                break;
            }
        }
        rewritten
    };
    let ((), (), (), rewritten) = tokio::join!(writer(1), writer(9), writer(17), rewriter);
    assert!(rewritten > 0);
    assert_eq!(now(&table).await, (0..25).collect::<Vec<_>>());
}

async fn files_of_versions_that_are_needed_stay(place: Place) {
    let table = place.table().await;
    append(&table, rows(0..3, "2026-09")).await;
    append(&table, rows(3..6, "2026-09")).await;
    let replacing = stage(&table, [rows(6..9, "2026-09")]).await;
    table
        .commit(CommitRequest::replace(replacing))
        .await
        .unwrap();
    append(&table, rows(9..12, "2026-09")).await;
    let small = small(&table);
    let files = again(&table, &small).await;
    table.compact(&small, files, Map::new()).await.unwrap();

    // As long as every version is young, and for who asks for it by its number.
    let start = "2026-09-01T00:00:00Z".parse().unwrap();
    let young = table.unneeded(&BTreeSet::new(), start).await.unwrap();
    assert_eq!(young.paths, Vec::<String>::new());
    let cited = BTreeSet::from([1, 4]);
    let unneeded = table.unneeded(&cited, between()).await.unwrap();
    assert_eq!(unneeded.paths.len(), 1, "{unneeded:?}");
    assert!(unneeded.bytes > 0);
    let second = table.snapshot_at(2).await.unwrap();
    assert_eq!(table.missing_files(&second).await.unwrap(), 0);
    table.delete_unneeded(&unneeded).await.unwrap();
    table.delete_unneeded(&unneeded).await.unwrap();
    assert_eq!(table.missing_files(&second).await.unwrap(), 1);
    for (version, expected) in [(1, 0..3), (4, 6..12), (5, 6..12)] {
        let expected: Vec<i64> = expected.collect();
        assert_eq!(
            ids(table.provider_at(version).await.unwrap()).await,
            expected
        );
    }

    let unneeded = table.unneeded(&BTreeSet::new(), between()).await.unwrap();
    assert_eq!(unneeded.paths.len(), 3, "{unneeded:?}");
    table.delete_unneeded(&unneeded).await.unwrap();
    let elsewhere = place.lake().table(&raw()).await.unwrap();
    assert_eq!(now(&elsewhere).await, (6..12).collect::<Vec<_>>());
    let nothing = table.unneeded(&BTreeSet::new(), later()).await.unwrap();
    assert_eq!(nothing.paths, Vec::<String>::new());
}

async fn what_a_job_at_work_may_have_written_stays(place: Place) {
    let table = place.table().await;
    append(&table, rows(0..3, "2026-09")).await;
    let staged = stage(&table, [rows(3..6, "2026-09")]).await;
    // Neither of these is a file of the table.
    let beside = Path::from(format!("delta/{}/notes.txt", raw().path()));
    place.store.put(&beside, "by hand".into()).await.unwrap();
    table.checkpoint().await.unwrap();
    let young = table.unneeded(&BTreeSet::new(), between()).await.unwrap();
    assert_eq!(young.paths, Vec::<String>::new());
    let old = table.unneeded(&BTreeSet::new(), later()).await.unwrap();
    assert_eq!(old.paths, [staged[0].path()]);
    // Committed after all, it stays for good.
    table.commit(CommitRequest::append(staged)).await.unwrap();
    let none = table.unneeded(&BTreeSet::new(), later()).await.unwrap();
    assert_eq!(none.paths, Vec::<String>::new());
    assert!(place.store.head(&beside).await.is_ok());
}

async fn a_log_that_does_not_reach_back_lets_nothing_go(place: Place) {
    let table = place.table().await;
    append(&table, rows(0..3, "2026-09")).await;
    let replacing = stage(&table, [rows(6..9, "2026-09")]).await;
    table
        .commit(CommitRequest::replace(replacing))
        .await
        .unwrap();
    table.checkpoint().await.unwrap();
    let first = format!("delta/{}/_delta_log/{:020}.json", raw().path(), 0);
    place.store.delete(&Path::from(first)).await.unwrap();
    let refused = table.unneeded(&BTreeSet::new(), later()).await.unwrap_err();
    assert!(matches!(refused, LakeError::Invalid(_)), "{refused:?}");
    assert!(refused.to_string().contains("version 0"), "{refused}");
}

async fn the_newest_checkpoint_is_known(place: Place) {
    let table = place.table().await;
    assert_eq!(table.last_checkpoint().await.unwrap(), None);
    append(&table, rows(0..3, "2026-09")).await;
    table.checkpoint().await.unwrap();
    append(&table, rows(3..6, "2026-09")).await;
    assert_eq!(table.last_checkpoint().await.unwrap(), Some(1));
    table.checkpoint().await.unwrap();
    assert_eq!(table.last_checkpoint().await.unwrap(), Some(2));
}
