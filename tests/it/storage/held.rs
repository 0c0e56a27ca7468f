//! Rows of small submissions, which wait in memory for those of others.

use std::time::Duration;

use futures::future::join_all;
use lake::{Committed, GroupCommitter, GroupSettings, HeldRows, LakeError, Result};
use lake::{StagedSubmission, Table};
use serde_json::Map;
use testkit::{Fault, Gate, Op};
use tokio::runtime::Handle;

use super::on_every_store;
use super::places::{Place, rows};
use super::reading::now;

on_every_store!(
    held_rows_of_a_commit_are_a_file_of_each_partition,
    held_rows_whose_answer_is_lost_land_once,
    held_rows_that_do_not_fit_stop_no_other,
    more_held_rows_than_there_is_room_for_wait_and_land,
);

fn start(table: &Table, settings: GroupSettings) -> GroupCommitter {
    GroupCommitter::start(table.clone(), settings, &Handle::current())
}

/// Rows of two periods, the newest first.
fn submission(n: i64) -> StagedSubmission {
    let batches = vec![
        rows([n * 10 + 1], "2026-10"),
        rows([n * 10], ["2026-09", "2026-10"][usize::from(n % 2 == 0)]),
    ];
    StagedSubmission {
        submission_id: format!("s-{n}"),
        files: Vec::new(),
        held: HeldRows {
            batches,
            sort_by: vec!["id".to_owned()],
        },
        info: Map::new(),
        since: 0,
    }
}

fn landed(numbers: impl IntoIterator<Item = i64>) -> Vec<i64> {
    let ids = numbers.into_iter().flat_map(|n| [n * 10, n * 10 + 1]);
    ids.collect()
}

async fn held_rows_of_a_commit_are_a_file_of_each_partition(place: Place) {
    let table = place.table().await;
    let committer = start(&table, GroupSettings::default());
    // The first commit is held until all others are in the queue.
    let gate = Gate::new();
    place.faults.plan(Fault::held(Op::Put, "00001.json", &gate));
    let mut appends = join_all((0..12).map(|n| committer.append(submission(n))));
    assert!(futures::poll!(&mut appends).is_pending());
    gate.open();
    let done: Vec<Committed> = appends.await.into_iter().map(Result::unwrap).collect();
    assert_eq!(now(&table).await, landed(0..12));
    let commits = table.version();
    let files = table.files().unwrap().count as i64;
    assert!(commits <= 3, "{commits} commits");
    assert!(files <= 2 * commits, "{files} files in {commits} commits");
    let found = table.find_after(0, "s-7").await.unwrap().unwrap();
    assert_eq!(found.version, done[7].version);
}

async fn held_rows_whose_answer_is_lost_land_once(place: Place) {
    let table = place.table().await;
    let committer = start(&table, GroupSettings::default());
    place.faults.plan(Fault::after(Op::Put, "_delta_log"));
    let done = committer.append(submission(1)).await.unwrap();
    assert_eq!((done.version, done.already), (1, false));
    // Nothing is heard of the next, nor of what became of it.
    let entry = format!("{:020}.json", 2);
    place.faults.plan(Fault::after(Op::Put, &entry));
    let silent = Fault::before(Op::Put, &entry).nth(2).times(5);
    place.faults.plan(silent);
    place
        .faults
        .plan(Fault::before(Op::Get, &entry).nth(3).times(6));
    let unknown = committer.append(submission(2)).await;
    assert!(
        matches!(unknown, Err(LakeError::Unavailable(_))),
        "{unknown:?}"
    );
    place.faults.assert_all_met();
    let done = committer.append(submission(2)).await.unwrap();
    assert_eq!((done.version, done.already), (2, true));
    assert_eq!(now(&table).await, landed([1, 2]));
}

async fn held_rows_that_do_not_fit_stop_no_other(place: Place) {
    let table = place.table().await;
    let committer = start(&table, GroupSettings::default());
    let mut unfit = submission(2);
    unfit.held.batches = vec![unfit.held.batches[0].project(&[0, 1]).unwrap()];
    let given = [submission(1), unfit, submission(3)];
    let outcomes = join_all(given.into_iter().map(|s| committer.append(s))).await;
    assert!(outcomes[0].is_ok() && outcomes[2].is_ok(), "{outcomes:?}");
    // `_period` is required and missing.
    let error = outcomes[1].as_ref().unwrap_err();
    assert!(error.to_string().contains("_period"), "{error}");
    assert_eq!(now(&table).await, landed([1, 3]));
}

async fn more_held_rows_than_there_is_room_for_wait_and_land(place: Place) {
    let table = place.table().await;
    let tight = GroupSettings {
        held_bytes: 1024,
        ..GroupSettings::default()
    };
    let committer = start(&table, tight);
    let appends = (0..6).map(|n| committer.append(submission(n)));
    for done in join_all(appends).await {
        done.unwrap();
    }
    assert_eq!(now(&table).await, landed(0..6));
    assert_eq!(table.version(), 6, "each of them fills the room");
}

#[tokio::test]
async fn a_crowd_is_followed_by_a_pause_and_whoever_is_alone_is_not() {
    let table = Place::memory().table().await;
    let settings = GroupSettings {
        crowd: 4,
        pause: Duration::from_secs(3600),
        ..GroupSettings::default()
    };
    let committer = start(&table, settings);
    for n in 0..4 {
        committer.append(submission(n)).await.unwrap();
    }
    // Each is polled once before the committer's task runs: they wait together.
    let crowd = (4..8).map(|n| committer.append(submission(n)));
    for done in join_all(crowd).await {
        done.unwrap();
    }
    let next = committer.append(submission(8));
    let waited = tokio::time::timeout(Duration::from_secs(1), next).await;
    assert!(waited.is_err(), "nobody paused");
}
