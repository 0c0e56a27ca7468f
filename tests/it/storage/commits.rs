//! A commit happens once: among racing writers, and when answers are lost.

use futures::future::join_all;
use lake::{CommitRequest, LakeError, TableShape};
use testkit::{Fault, Op};

use super::on_every_store;
use super::places::{Place, append, dossiers, raw, rows, stage};
use super::reading::{ids, now};

on_every_store!(
    racing_appends_lose_and_double_nothing,
    of_eight_creations_of_a_table_one_wins,
    a_commit_whose_answer_is_lost_is_found_and_not_repeated,
    a_refused_put_is_tried_again,
    a_silent_store_is_unavailable_and_asking_again_finds_the_commit,
    a_number_is_committed_once,
    a_replacement_of_a_table_that_moved_on_is_a_conflict,
    a_commit_of_our_own_is_known_without_reading_it,
);

async fn racing_appends_lose_and_double_nothing(place: Place) {
    place.table().await;
    let writers = (0..4).map(|writer| {
        let lake = place.lake();
        async move {
            let table = lake.table(&raw()).await.unwrap();
            for n in 0..10 {
                let start = writer * 100 + n * 10;
                append(&table, rows(start..start + 3, "2026-09")).await;
            }
        }
    });
    join_all(writers).await;
    let table = place.lake().table(&raw()).await.unwrap();
    let expected: Vec<_> = (0..40).flat_map(|n| n * 10..n * 10 + 3).collect();
    assert_eq!(now(&table).await, expected);
    assert_eq!(table.version(), 40);
}

async fn of_eight_creations_of_a_table_one_wins(place: Place) {
    let lakes: Vec<_> = (0..8).map(|_| place.lake()).collect();
    let dataset = raw();
    let creations = lakes
        .iter()
        .map(|lake| lake.create(&dataset, TableShape::new(dossiers())));
    let outcomes = join_all(creations).await;
    let won = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    let lost = |o: &lake::Result<lake::Table>| matches!(o, Err(LakeError::Conflict(_)));
    assert_eq!((won, outcomes.iter().filter(|o| lost(o)).count()), (1, 7));
}

async fn a_commit_whose_answer_is_lost_is_found_and_not_repeated(place: Place) {
    let table = place.table().await;
    place.faults.plan(Fault::after(Op::Put, "_delta_log"));
    assert_eq!(append(&table, rows(0..3, "2026-09")).await, 1);
    place.faults.assert_all_met();
    assert_eq!(now(&table).await, [0, 1, 2]);
    assert_eq!(table.version(), 1);
    assert_eq!(table.history(9).await.unwrap().len(), 2);
}

async fn a_refused_put_is_tried_again(place: Place) {
    let table = place.table().await;
    place
        .faults
        .plan(Fault::before(Op::Put, "_delta_log").times(3));
    assert_eq!(append(&table, rows(0..3, "2026-09")).await, 1);
    place.faults.assert_all_met();
    assert_eq!(now(&table).await, [0, 1, 2]);
}

async fn a_silent_store_is_unavailable_and_asking_again_finds_the_commit(place: Place) {
    let table = place.table().await;
    let files = stage(&table, [rows(0..3, "2026-09")]).await;
    let request = CommitRequest::append(files).with_app("dtm/test", 1);
    // The entry lands, and nothing more is heard: not of the put, and not of the looking. The first
    // look is before the put.
    place.faults.plan(Fault::after(Op::Put, "_delta_log"));
    place
        .faults
        .plan(Fault::before(Op::Put, "_delta_log").nth(2).times(5));
    place
        .faults
        .plan(Fault::before(Op::Get, "00001.json").nth(2).times(6));
    let unknown = table.commit(request.clone()).await;
    assert!(
        matches!(unknown, Err(LakeError::Unavailable(_))),
        "{unknown:?}"
    );
    place.faults.assert_all_met();
    let found = table.commit(request).await.unwrap();
    assert_eq!((found.version, found.already), (1, true));
    assert_eq!(now(&table).await, [0, 1, 2]);
    assert_eq!(table.version(), 1);
}

async fn a_number_is_committed_once(place: Place) {
    let table = place.table().await;
    for (lake, number) in [(place.lake(), 1), (place.lake(), 1), (place.lake(), 2)] {
        let other = lake.table(&raw()).await.unwrap();
        let files = stage(&other, [rows(number..number + 1, "2026-09")]).await;
        let request = CommitRequest::append(files).with_app("dtm/test", number);
        let done = other.commit(request.clone()).await.unwrap();
        let again = other.commit(request).await.unwrap();
        assert_eq!(again.version, done.version);
        assert!(again.already);
    }
    assert_eq!(now(&table).await, [1, 2]);
    assert_eq!(table.version(), 2);
}

async fn a_replacement_of_a_table_that_moved_on_is_a_conflict(place: Place) {
    let table = place.table().await;
    let other = place.lake().table(&raw()).await.unwrap();
    append(&table, rows(0..3, "2026-09")).await;
    let files = stage(&table, [rows(7..8, "2026-09")]).await;
    append(&other, rows(3..5, "2026-09")).await;
    let late = table
        .commit(CommitRequest::replace(files.clone()).with_base(1))
        .await;
    assert!(matches!(late, Err(LakeError::Conflict(_))), "{late:?}");
    assert_eq!(now(&table).await, [0, 1, 2, 3, 4]);
    let done = table
        .commit(CommitRequest::replace(files).with_base(2))
        .await
        .unwrap();
    assert_eq!(done.version, 3);
    assert_eq!(now(&other).await, [7]);
}

async fn a_commit_of_our_own_is_known_without_reading_it(place: Place) {
    let table = place.table().await;
    let files = stage(&table, [rows(0..3, "2026-09")]).await;
    // Whoever reads the entry after it was looked for meets this.
    place
        .faults
        .plan(Fault::before(Op::Get, "00001.json").nth(2));
    let done = table.commit(CommitRequest::append(files)).await.unwrap();
    assert_eq!(done.version, 1);
    assert_eq!(ids(table.provider().unwrap()).await, [0, 1, 2]);
    assert!(place.faults.injected().is_empty());
    assert!(table.history(1).await.is_err());
    place.faults.assert_all_met();
}
