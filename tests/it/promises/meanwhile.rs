//! A large body is judged while it is kept: what was staged of one that does not land is taken back.

use futures::TryStreamExt;
use futures::future::join_all;
use service::{Ack, ErrorKind, SubmissionId, SubmitRequest};
use testkit::{Fault, Op};

use super::key;
use crate::home::Fixture;

const ROWS: i64 = 6000;

/// Too large for a segment.
fn body(refused: &str) -> String {
    let rows = (0..ROWS).map(|n| format!("V-{n},Huế,2026-09-03T09:00:00+07:00,1\n"));
    "visit_id,office,visited_at,minutes\n".to_owned() + &rows.collect::<String>() + refused
}

/// The data files of the visits and of the quarantine, whether a commit names them or not.
async fn files(f: &Fixture) -> usize {
    let listed: Vec<_> = f.store.list(None).try_collect().await.unwrap();
    let paths = listed.iter().map(|meta| meta.location.as_ref());
    let staged = |path: &str| path.ends_with(".parquet") && !path.contains("_delta_log");
    let ours = paths.filter(|path| path.contains("visits") || path.contains("quarantine"));
    ours.filter(|path| staged(path)).count()
}

async fn rows(f: &Fixture) -> i64 {
    f.number("select count(*) from raw.visits").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_cannot_be_kept_leaves_nothing_of_its_rows() {
    let f = Fixture::on_disk().await;
    let body = body("V-0,,2026-09-01T08:30:00+07:00,1\n");
    f.faults.plan(Fault::before(Op::Put, "evidence/").times(99));
    let refused = f.submit_this(&f.admin, key("k"), &body).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Unavailable, "{refused:?}");
    assert!(!f.faults.injected().is_empty());
    assert_eq!((files(&f).await, rows(&f).await), (0, 0));
    f.faults.forget();
    let landed = f.submit_this(&f.admin, key("k"), &body).await.unwrap();
    assert!(!landed.replayed);
    let counts = landed.receipt.rows;
    assert_eq!((counts.landed, counts.quarantined), (ROWS as u64, 1));
    assert_eq!((files(&f).await, rows(&f).await), (2, ROWS));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_whose_key_cannot_be_claimed_leaves_nothing_of_its_rows() {
    let f = Fixture::on_disk().await;
    let claim = Fault::before(Op::Put, "submissions/by-key");
    f.faults.plan(claim.times(20));
    let failed = f.submit_this(&f.admin, key("k"), &body("")).await;
    assert_eq!(failed.unwrap_err().kind, ErrorKind::Unavailable);
    assert_eq!((files(&f).await, rows(&f).await), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_whose_quarantine_cannot_be_committed_leaves_nothing_of_its_rows() {
    let f = Fixture::on_disk().await;
    let body = body("V-0,,2026-09-01T08:30:00+07:00,1\n");
    let looking = Fault::before(Op::List, "quarantine/_delta_log");
    f.faults.plan(looking.times(99));
    let entry = Fault::before(Op::Put, "quarantine/_delta_log");
    f.faults.plan(entry.times(99));
    let failed = f.submit_this(&f.admin, key("k"), &body).await;
    assert_eq!(failed.unwrap_err().kind, ErrorKind::Unavailable);
    assert!(!f.faults.injected().is_empty());
    let listed: Vec<_> = f.store.list(None).try_collect().await.unwrap();
    let paths = listed.iter().map(|meta| meta.location.as_ref());
    let of_visits = |path: &&str| path.contains("raw/visits/") && path.ends_with(".zstd.parquet");
    assert_eq!(paths.filter(of_visits).count(), 0);
    f.faults.forget();
    let landed = f.submit_this(&f.admin, key("k"), &body).await.unwrap();
    assert_eq!(landed.receipt.rows.landed, ROWS as u64);
    assert_eq!(rows(&f).await, ROWS);
}

/// Sends the body to the houses in turn, all at once, and gives the ids of those that landed.
async fn sent(houses: &[&Fixture]) -> Vec<SubmissionId> {
    let body = body("");
    let sent = (0..4).map(|n| {
        let house = houses[n % houses.len()];
        house.submit_this(&house.admin, key("k"), &body)
    });
    let mut ids = Vec::new();
    for answer in join_all(sent).await {
        match answer {
            Ok(answer) => ids.push(answer.receipt.id),
            Err(error) => assert_eq!(error.kind, ErrorKind::Unavailable, "{error:?}"),
        }
    }
    ids.dedup();
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_that_are_judged_under_one_key_one_lands_and_the_others_leave_nothing() {
    let f = Fixture::on_disk().await;
    assert_eq!(sent(&[&f]).await.len(), 1);
    assert_eq!((files(&f).await, rows(&f).await), (1, ROWS));
}

async fn of_two_processes_that_judge_a_body_one_lands_it(f: Fixture) {
    let other = f.beside().await;
    assert_eq!(sent(&[&f, &other]).await.len(), 1);
    assert_eq!((files(&f).await, rows(&f).await), (1, ROWS));
}

#[tokio::test(flavor = "multi_thread")]
async fn on_disk_of_two_processes_that_judge_a_body_one_lands_it() {
    of_two_processes_that_judge_a_body_one_lands_it(Fixture::on_disk().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_s3_of_two_processes_that_judge_a_body_one_lands_it() {
    of_two_processes_that_judge_a_body_one_lands_it(Fixture::on_s3().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_does_not_wait_is_answered_before_the_body_is_judged() {
    let f = Fixture::on_disk().await;
    // No row can be written, and the answer comes all the same.
    for op in [Op::StartUpload, Op::Put] {
        f.faults.plan(Fault::before(op, "delta/").times(999));
    }
    let request = SubmitRequest {
        ack: Ack::Durable,
        ..key("k")
    };
    let answer = f.submit_this(&f.admin, request, &body("")).await.unwrap();
    assert_eq!(answer.receipt.table_version, None);
}
