//! Many submissions in few commits, each of them once.

use futures::TryStreamExt;
use futures::future::{join, join_all};
use lake::{
    Committed, GroupCommitter, GroupSettings, HeldRows, LakeError, Result, StagedSubmission, Table,
    TableShape,
};
use serde_json::{Map, json};
use testkit::{Fault, Gate, Op};
use tokio::runtime::Handle;

use super::on_every_store;
use super::places::{Place, dossiers, raw, rows, stage};
use super::reading::now;

on_every_store!(
    many_submissions_land_in_few_commits,
    two_committers_of_one_table_land_every_submission_once,
    a_submission_whose_answer_is_lost_lands_once,
    a_submission_given_again_after_silence_lands_once,
    a_submission_given_again_as_it_was_keeps_its_files,
    a_submission_that_does_not_fit_stops_no_other,
    submissions_that_surely_did_not_land_leave_no_files,
    a_drained_committer_finishes_what_waits_and_takes_no_more,
);

fn start(table: &Table) -> GroupCommitter {
    GroupCommitter::start(table.clone(), GroupSettings::default(), &Handle::current())
}

async fn submission(table: &Table, n: i64) -> StagedSubmission {
    StagedSubmission {
        submission_id: format!("s-{n}"),
        files: stage(table, [rows(n * 10..n * 10 + 2, "2026-09")]).await,
        held: HeldRows::default(),
        info: Map::from_iter([("agency".to_owned(), json!("H26"))]),
        since: 0,
    }
}

fn landed(numbers: impl IntoIterator<Item = i64>) -> Vec<i64> {
    numbers
        .into_iter()
        .flat_map(|n| [n * 10, n * 10 + 1])
        .collect()
}

async fn many_submissions_land_in_few_commits(place: Place) {
    let table = place.table().await;
    let committer = start(&table);
    let staged = join_all((0..40).map(|n| submission(&table, n))).await;
    // The first commit is held until most of them are in the queue.
    let gate = Gate::new();
    place.faults.plan(Fault::held(Op::Put, "00001.json", &gate));
    let mut appends = join_all(staged.into_iter().map(|s| committer.append(s)));
    assert!(futures::poll!(&mut appends).is_pending());
    gate.open();
    let done = appends.await;
    let done: Vec<Committed> = done.into_iter().map(Result::unwrap).collect();
    assert_eq!(now(&table).await, landed(0..40));
    assert!(table.version() <= 10, "{} commits", table.version());
    let found = table.find_after(0, "s-17").await.unwrap().unwrap();
    assert_eq!(found.version, done[17].version);
    assert_eq!(found.info["dtm.notes"]["s-17"]["agency"], "H26");
    assert_eq!(table.find_after(0, "s-99").await.unwrap(), None);
    let since = table.submissions_since(0).await.unwrap();
    assert_eq!(since.iter().map(|(_, ids)| ids.len()).sum::<usize>(), 40);
    assert_eq!(since[0].0.version, 1);
    assert!(
        table
            .submissions_since(table.version())
            .await
            .unwrap()
            .is_empty()
    );
}

async fn two_committers_of_one_table_land_every_submission_once(place: Place) {
    let first = place.table().await;
    let second = place.lake().table(&raw()).await.unwrap();
    let committers = [(start(&first), first.clone()), (start(&second), second)];
    let appends = (0..20).map(|n| {
        let (committer, table) = &committers[n as usize % 2];
        async move { committer.append(submission(table, n).await).await.unwrap() }
    });
    join_all(appends).await;
    assert_eq!(now(&first).await, landed(0..20));
}

async fn a_submission_whose_answer_is_lost_lands_once(place: Place) {
    let table = place.table().await;
    let committer = start(&table);
    place.faults.plan(Fault::after(Op::Put, "_delta_log"));
    let done = committer.append(submission(&table, 1).await).await.unwrap();
    assert_eq!((done.version, done.already), (1, false));
    assert_eq!(now(&table).await, landed([1]));
}

async fn a_submission_given_again_after_silence_lands_once(place: Place) {
    let table = place.table().await;
    let committer = start(&table);
    let first = submission(&table, 1).await;
    let anew = submission(&table, 1).await;
    silence(&place, 1);
    let unknown = committer.append(first).await;
    assert!(
        matches!(unknown, Err(LakeError::Unavailable(_))),
        "{unknown:?}"
    );
    place.faults.assert_all_met();
    // Another goes first: the number of the lost group must not be taken for its own.
    let other = committer.append(submission(&table, 2).await).await.unwrap();
    assert_eq!((other.version, other.already), (2, false));
    let done = committer.append(anew).await.unwrap();
    assert_eq!((done.version, done.already), (1, true));
    assert_eq!(now(&table).await, landed([1, 2]));
}

async fn a_submission_given_again_as_it_was_keeps_its_files(place: Place) {
    let table = place.table().await;
    let committer = start(&table);
    let given = submission(&table, 1).await;
    silence(&place, 1);
    assert!(committer.append(given.clone()).await.is_err());
    place.faults.assert_all_met();
    let done = committer.append(given).await.unwrap();
    assert_eq!((done.version, done.already), (1, true));
    assert_eq!(now(&table).await, landed([1]));
}

/// The entry of `version` lands, and nothing more is heard: not of the put, nor of the looking.
fn silence(place: &Place, version: i64) {
    let entry = format!("{version:020}.json");
    place.faults.plan(Fault::after(Op::Put, &entry));
    place
        .faults
        .plan(Fault::before(Op::Put, &entry).nth(2).times(5));
    // The first two looks are before the put.
    place
        .faults
        .plan(Fault::before(Op::Get, &entry).nth(3).times(6));
}

async fn a_submission_that_does_not_fit_stops_no_other(place: Place) {
    let table = place.table().await;
    let stale = submission(&table, 1).await;
    let shape = TableShape::new(dossiers()).partitioned_by(["agency"]);
    table.replace_schema(shape, Map::new()).await.unwrap();
    let committer = start(&table);
    let good = [submission(&table, 2).await, submission(&table, 3).await];
    let given = good.into_iter().chain([stale]).map(|s| committer.append(s));
    let outcomes = join_all(given).await;
    assert!(outcomes[0].is_ok() && outcomes[1].is_ok(), "{outcomes:?}");
    assert!(
        matches!(outcomes[2], Err(LakeError::Conflict(_))),
        "{outcomes:?}"
    );
    assert_eq!(now(&table).await, landed([2, 3]));
}

/// The data files, whether a commit names them or not.
async fn files(place: &Place) -> usize {
    let listed: Vec<_> = place.store.list(None).try_collect().await.unwrap();
    let paths = listed.iter().map(|meta| meta.location.as_ref());
    paths.filter(|path| path.ends_with(".zstd.parquet")).count()
}

async fn submissions_that_surely_did_not_land_leave_no_files(place: Place) {
    let table = place.table().await;
    let stale = submission(&table, 1).await;
    let shape = TableShape::new(dossiers()).partitioned_by(["agency"]);
    table.replace_schema(shape, Map::new()).await.unwrap();
    let committer = start(&table);
    let unfit = committer.append(stale).await;
    assert!(matches!(unfit, Err(LakeError::Conflict(_))), "{unfit:?}");
    assert_eq!(files(&place).await, 0);

    // Nothing can be looked up: it is not even tried.
    let given = submission(&table, 2).await;
    for op in [Op::List, Op::Get, Op::Head] {
        place.faults.plan(Fault::before(op, "_delta_log").times(99));
    }
    let unknown = committer.append(given).await;
    assert!(
        matches!(unknown, Err(LakeError::Unavailable(_))),
        "{unknown:?}"
    );
    place.faults.forget();
    assert_eq!(files(&place).await, 0);

    // One is staged twice, and both wait for one commit.
    let twice = [submission(&table, 3).await, submission(&table, 3).await];
    let other = submission(&table, 4).await;
    let gate = Gate::new();
    place.faults.plan(Fault::held(Op::Put, "_delta_log", &gate));
    let mut other = Box::pin(committer.append(other));
    assert!(futures::poll!(&mut other).is_pending());
    gate.arrived(1).await;
    let mut appends = join_all(twice.into_iter().map(|s| committer.append(s)));
    assert!(futures::poll!(&mut appends).is_pending());
    gate.open();
    let (other, outcomes) = join(other, appends).await;
    assert!(other.is_ok() && outcomes[0].is_ok(), "{outcomes:?}");
    assert!(
        matches!(outcomes[1], Err(LakeError::Conflict(_))),
        "{outcomes:?}"
    );
    assert_eq!(now(&table).await, landed([3, 4]));
    // A file of each agency, of which each submission has two.
    assert_eq!(files(&place).await, 4);
}

async fn a_drained_committer_finishes_what_waits_and_takes_no_more(place: Place) {
    let table = place.table().await;
    let committer = start(&table);
    let staged = join_all((0..5).map(|n| submission(&table, n))).await;
    let late = submission(&table, 9).await;
    let appends = staged.into_iter().map(|given| committer.append(given));
    // Polled in this order: all wait in the queue when it is closed.
    let (done, ()) = join(join_all(appends), committer.drain()).await;
    committer.drain().await;
    assert!(done.iter().all(Result::is_ok), "{done:?}");
    assert!(matches!(
        committer.append(late).await,
        Err(LakeError::Unavailable(_))
    ));
    assert_eq!(now(&table).await, landed(0..5));
}
