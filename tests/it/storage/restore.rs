//! A table put back to an older version, by a new one that has its files.

use std::collections::BTreeSet;

use arrow::datatypes::{DataType, Field};
use chrono::{DateTime, Utc};
use lake::{CommitRequest, LakeError, Table};
use object_store::ObjectStoreExt;
use object_store::path::Path;
use serde_json::{Map, Value, json};
use testkit::{Fault, Op};

use super::on_every_store;
use super::places::{Place, append, raw, rows, stage};
use super::reading::{now, read};

on_every_store!(
    a_restored_table_has_the_files_of_then_and_no_others,
    a_file_of_both_versions_is_left_alone,
    a_table_that_moved_on_is_not_restored,
    a_table_with_other_columns_is_not_restored,
    a_restoring_whose_answer_was_lost_happened_once,
    a_file_that_is_part_of_the_table_again_is_needed,
);

async fn replace(table: &Table, ids: std::ops::Range<i64>) -> i64 {
    let files = stage(table, [rows(ids, "2026-09")]).await;
    let request = CommitRequest::replace(files);
    table.commit(request).await.unwrap().version
}

/// The actions of a log entry.
async fn entry(place: &Place, version: i64) -> Vec<Value> {
    let path = format!("delta/{}/_delta_log/{version:020}.json", raw().path());
    let got = place.store.get(&Path::from(path)).await.unwrap();
    let text = String::from_utf8(got.bytes().await.unwrap().to_vec()).unwrap();
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// A clock's time after everything that the suite's own clocks show.
fn later() -> DateTime<Utc> {
    "2026-10-20T00:00:00Z".parse().unwrap()
}

async fn a_restored_table_has_the_files_of_then_and_no_others(place: Place) {
    let table = place.table().await;
    append(&table, rows(0..3, "2026-09")).await;
    append(&table, rows(3..6, "2026-10")).await;
    let older = table.snapshot();
    let then = read(older.provider().unwrap()).await;
    let files = older.file_list(9).unwrap();
    replace(&table, 70..72).await;
    append(&table, rows(80..81, "2026-10")).await;
    let notes = Map::from_iter([("dtm.why".to_owned(), json!("x"))]);
    let done = table.restore(&older, 4, notes).await.unwrap();
    assert_eq!((done.version, table.version()), (5, 5));
    assert_eq!(table.snapshot().file_list(9).unwrap(), files);
    assert_eq!(read(table.provider().unwrap()).await, then);
    assert_eq!(read(table.generic_provider(5).await.unwrap()).await, then);

    let newest = &table.history(1).await.unwrap()[0];
    assert_eq!(
        (
            newest.operation.as_str(),
            newest.restores(),
            newest.changes_rows
        ),
        ("RESTORE", Some(2), true)
    );
    assert_eq!(newest.info["dtm.why"], "x");
    assert!(table.same_rows(2, 5).await.unwrap() && table.same_rows(5, 2).await.unwrap());
    for other in [0, 1, 3, 4] {
        assert!(!table.same_rows(other, 5).await.unwrap(), "{other}");
    }

    // Whoever reads the log anew, with a checkpoint or without, finds the same.
    table.checkpoint().await.unwrap();
    let elsewhere = place.lake().table(&raw()).await.unwrap();
    assert_eq!(read(elsewhere.provider().unwrap()).await, then);
    append(&elsewhere, rows(90..91, "2026-10")).await;
    for table in [&table, &elsewhere] {
        assert_eq!(now(table).await, [0, 1, 2, 3, 4, 5, 90]);
    }
    let between = table.snapshot_at(4).await.unwrap();
    assert_eq!(table.missing_files(&between).await.unwrap(), 0);
    assert_eq!(between.row_count().unwrap(), 3);
}

async fn a_file_of_both_versions_is_left_alone(place: Place) {
    let table = place.table().await;
    append(&table, rows(0..3, "2026-09")).await;
    let older = table.snapshot();
    append(&table, rows(3..6, "2026-09")).await;
    table.restore(&older, 2, Map::new()).await.unwrap();
    assert_eq!(now(&table).await, [0, 1, 2]);
    let actions = entry(&place, 3).await;
    let of = |kind: &str| actions.iter().filter(|a| a.get(kind).is_some()).count();
    assert_eq!((of("add"), of("remove")), (0, 1), "{actions:?}");

    // What comes back is as it was: statistics, partition and tags.
    let added = entry(&place, 2).await;
    let file = |actions: &[Value]| {
        let add = actions.iter().find_map(|action| action.get("add"));
        add.cloned().unwrap()
    };
    let newest = table.snapshot_at(2).await.unwrap();
    table.restore(&newest, 3, Map::new()).await.unwrap();
    assert_eq!(now(&table).await, [0, 1, 2, 3, 4, 5]);
    assert_eq!(file(&entry(&place, 4).await), file(&added));
    assert!(table.same_rows(2, 4).await.unwrap());
}

async fn a_table_that_moved_on_is_not_restored(place: Place) {
    let table = place.table().await;
    append(&table, rows(0..3, "2026-09")).await;
    let older = table.snapshot();
    replace(&table, 70..72).await;
    let other = place.lake().table(&raw()).await.unwrap();
    append(&other, rows(80..81, "2026-09")).await;
    let late = table.restore(&older, 2, Map::new()).await;
    assert!(matches!(late, Err(LakeError::Conflict(_))), "{late:?}");
    assert_eq!(now(&table).await, [70, 71, 80]);
    table.restore(&older, 3, Map::new()).await.unwrap();
    assert_eq!(now(&other).await, [0, 1, 2]);
}

async fn a_table_with_other_columns_is_not_restored(place: Place) {
    let table = place.table().await;
    append(&table, rows(0..3, "2026-09")).await;
    let older = table.snapshot();
    let note = Field::new("note", DataType::Utf8, true);
    table.add_columns(vec![note], Map::new()).await.unwrap();
    assert!(!older.same_columns(&table.snapshot()));
    let refused = table.restore(&older, 2, Map::new()).await.unwrap_err();
    assert!(matches!(refused, LakeError::Conflict(_)), "{refused:?}");
    assert!(
        refused.to_string().contains("columns are not those"),
        "{refused}"
    );
    assert_eq!(table.refresh().await.unwrap(), 2);
}

async fn a_restoring_whose_answer_was_lost_happened_once(place: Place) {
    let table = place.table().await;
    append(&table, rows(0..3, "2026-09")).await;
    let older = table.snapshot();
    replace(&table, 70..72).await;
    place.faults.plan(Fault::after(Op::Put, "_delta_log"));
    let done = table.restore(&older, 2, Map::new()).await.unwrap();
    place.faults.assert_all_met();
    assert_eq!((done.version, table.version()), (3, 3));
    assert_eq!(now(&table).await, [0, 1, 2]);
}

async fn a_file_that_is_part_of_the_table_again_is_needed(place: Place) {
    let table = place.table().await;
    append(&table, rows(0..3, "2026-09")).await;
    let older = table.snapshot();
    replace(&table, 70..72).await;
    table.restore(&older, 2, Map::new()).await.unwrap();
    let unneeded = table.unneeded(&BTreeSet::new(), later()).await.unwrap();
    assert_eq!(unneeded.paths.len(), 1, "{unneeded:?}");
    table.delete_unneeded(&unneeded).await.unwrap();
    assert_eq!(now(&table).await, [0, 1, 2]);
    let gone = table.snapshot_at(2).await.unwrap();
    assert_eq!(table.missing_files(&gone).await.unwrap(), 1);

    // Once more it is none of the newest version, and needed by whoever names one that it was in.
    replace(&table, 80..81).await;
    for (cited, unneeded) in [(1, 0), (2, 1), (3, 0), (4, 1)] {
        let found = table.unneeded(&BTreeSet::from([cited]), later()).await;
        assert_eq!(found.unwrap().paths.len(), unneeded, "{cited}");
    }
}
