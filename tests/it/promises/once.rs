//! A key is claimed on the store; what is durable is landed, once, whoever lands it.

use futures::future::join_all;
use service::{Ack, ErrorKind, Service, SubmissionState, SubmitRequest};
use testkit::{Fault, Op};

use super::{all, key, landed, submit};
use crate::home::Fixture;

const BODY: &[(&str, &str, u32)] = &[("V-1", "Ba Đình", 12)];
const OTHER: &[(&str, &str, u32)] = &[("V-2", "Ba Đình", 13)];

/// Houses on one store whose books know nothing of each other, as of nodes that lost theirs.
async fn of_many_processes_one_claims_the_key(f: Fixture) {
    let other = f.beside().await;
    let houses = [&f, &other];
    let sent = join_all((0..8).map(|n| submit(houses[n % 2], key("k"), BODY))).await;
    let mut ids = Vec::new();
    for answer in sent {
        match answer {
            Ok(answer) => ids.push(answer.receipt.id),
            Err(error) => assert_eq!(error.kind, ErrorKind::Unavailable, "{error:?}"),
        }
    }
    ids.dedup();
    assert_eq!(ids.len(), 1, "{ids:?}");
    assert_eq!(all(&f).await, "V-1 12");
    for house in houses {
        let replay = loop {
            match submit(house, key("k"), BODY).await {
                Err(error) if error.kind == ErrorKind::Unavailable => {}
                answer => break answer.unwrap(),
            }
        };
        assert_eq!(replay.receipt.id, ids[0]);
        let conflict = submit(house, key("k"), OTHER).await.unwrap_err();
        assert_eq!(conflict.kind, ErrorKind::Conflict);
    }
    assert_eq!(all(&other).await, "V-1 12");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_disk_of_many_processes_one_claims_the_key() {
    of_many_processes_one_claims_the_key(Fixture::on_disk().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_s3_of_many_processes_one_claims_the_key() {
    of_many_processes_one_claims_the_key(Fixture::on_s3().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_was_slow_finds_its_submission_landed_by_another() {
    let f = Fixture::on_disk().await;
    let other = f.beside().await;
    // The claim is on the store, and no row could be written.
    f.faults
        .plan(Fault::before(Op::StartUpload, "raw/visits").times(99));
    f.faults
        .plan(Fault::before(Op::Put, "raw/visits").times(99));
    let slow = submit(&f, key("k"), BODY).await.unwrap_err();
    assert_eq!(slow.kind, ErrorKind::Unavailable, "{slow:?}");
    let by_other = submit(&other, key("k"), BODY).await.unwrap();
    assert_eq!(Some(by_other.receipt.id), slow.submission);
    landed(&other, key("l"), OTHER).await;
    // Opened again, the first settles what it knows as unfinished: it has landed.
    let f = f.reopened().await;
    assert_eq!(all(&f).await, "V-1 12, V-2 13");
    let told = submit(&f, key("k"), BODY).await.unwrap();
    assert!(told.replayed);
    assert_eq!(told.receipt, by_other.receipt);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_whose_answer_is_lost_is_ours() {
    let f = Fixture::on_disk().await;
    f.faults.plan(Fault::after(Op::Put, "submissions/by-key"));
    let first = submit(&f, key("k"), BODY).await;
    f.faults.assert_all_met();
    // Whatever was answered, the same body under the same key is landed once.
    let told = submit(&f, key("k"), BODY).await.unwrap();
    assert!(first.is_err() || told.replayed);
    assert_eq!(all(&f).await, "V-1 12");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_claimed_is_forgotten_and_the_key_is_free() {
    let f = Fixture::on_disk().await;
    f.faults
        .plan(Fault::before(Op::Put, "submissions/by-key").times(20));
    let error = submit(&f, key("k"), BODY).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable, "{error:?}");
    let f = f.reopened().await;
    assert_eq!(f.number("select count(*) from raw.visits").await, 0);
    landed(&f, key("k"), OTHER).await;
    assert_eq!(all(&f).await, "V-2 13");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_durable_answer_comes_first_and_the_rows_follow() {
    let f = Fixture::on_disk().await;
    let request = SubmitRequest {
        ack: Ack::Durable,
        ..key("k")
    };
    let answer = submit(&f, request.clone(), BODY).await.unwrap();
    assert_eq!(answer.receipt.table_version, None);
    assert_eq!(answer.sealed, None);
    let id = answer.receipt.id;
    let committed = loop {
        let found = f.house.submission(&f.admin, id).await.unwrap();
        match found.state {
            SubmissionState::Durable => tokio::task::yield_now().await,
            _ => break found,
        }
    };
    assert_eq!(committed.state, SubmissionState::Committed);
    assert!(committed.sealed.is_some());
    assert_eq!(all(&f).await, "V-1 12");
    let replay = submit(&f, request, BODY).await.unwrap();
    assert!(replay.replayed && replay.sealed == committed.sealed);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_durable_when_the_process_ends_is_landed_by_the_next() {
    let f = Fixture::on_disk().await;
    f.faults
        .plan(Fault::before(Op::Put, "raw/visits/_delta_log").times(99));
    let request = SubmitRequest {
        ack: Ack::Durable,
        ..key("k")
    };
    let id = submit(&f, request, BODY).await.unwrap().receipt.id;
    f.faults.cut();
    let f = f.reopened().await;
    let found = f.house.submission(&f.admin, id).await.unwrap();
    assert_eq!(found.state, SubmissionState::Committed);
    assert_eq!(all(&f).await, "V-1 12");
}
