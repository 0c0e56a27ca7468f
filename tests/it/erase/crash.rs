//! An erasure that is cut off at any request of the store is finished on start, or when it is asked
//! again.

use object_store::ObjectStoreExt;
use object_store::path::Path;
use service::{ErrorKind, SubmissionId};
use sha2::{Digest, Sha256};
use testkit::faulty::FaultKind;
use testkit::{Fault, Op};

use super::{PHONE, erase, is_gone, large, of, read, rows, sent, small, traces};
use crate::home::{Fixture, visits};

const OPS: [Op; 5] = [Op::Put, Op::Get, Op::Head, Op::List, Op::Delete];

/// Either nothing of it has happened, or all of it has.
async fn whole(f: &Fixture, id: SubmissionId, body: &str) -> bool {
    match of(f, id).await.erased {
        None => {
            assert_eq!(read(f, id).await.unwrap(), body);
            false
        }
        Some(_) => {
            is_gone(read(f, id).await);
            assert_eq!(traces(f, PHONE).await, [""; 0]);
            true
        }
    }
}

/// Cuts an erasure off at each of its requests, until one goes through.
async fn cut_off_at_every_request(body: &str, kind: FaultKind, reopened: bool) {
    let (mut cut, mut finished) = (0, 0);
    for op in OPS {
        for nth in 1.. {
            let f = Fixture::on_disk().await;
            let id = sent(&f, visits(), body).await;
            let landed = rows(&f).await;
            let before = f.faults.injected().len();
            f.faults.plan(Fault::new(op, "", kind.clone()).nth(nth));
            let answer = erase(&f, id).await;
            let met = f.faults.injected().len() > before;
            f.faults.forget();
            let name = format!("{op:?} {nth}");
            if let Err(error) = &answer {
                assert_eq!(error.kind, ErrorKind::Unavailable, "{name}: {error}");
                cut += 1;
            }
            let f = if reopened { f.reopened().await } else { f };
            if reopened && whole(&f, id, body).await && answer.is_err() {
                finished += 1;
            }
            erase(&f, id).await.unwrap();
            assert!(whole(&f, id, body).await, "{name}");
            assert_eq!(rows(&f).await, landed, "{name}");
            if !met {
                break;
            }
        }
    }
    assert!(cut > 4, "{cut} are too few");
    assert!(!reopened || finished > 2, "{finished} are too few");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_body_that_is_half_erased_is_erased_on_start() {
    cut_off_at_every_request(&small("K"), FaultKind::BeforeEffect, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_body_that_is_half_erased_is_erased_on_start() {
    cut_off_at_every_request(&large("K"), FaultKind::BeforeEffect, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_body_whose_answers_are_lost_is_erased_when_it_is_asked_again() {
    cut_off_at_every_request(&small("K"), FaultKind::AfterEffect, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_body_whose_answers_are_lost_is_erased_when_it_is_asked_again() {
    cut_off_at_every_request(&large("K"), FaultKind::AfterEffect, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_before_a_half_made_erasure_was_seen_is_not_taken_by_it() {
    let f = Fixture::on_disk().await;
    let body = large("V");
    let first = sent(&f, visits(), &body).await;
    // The tombstone is put, and its answer lost with everything after it.
    f.faults
        .plan(Fault::after(Op::Put, "evidence/erased").times(100));
    erase(&f, first).await.unwrap_err();
    f.faults.forget();
    // The same bytes come, know of it, and are kept under another name.
    let second = sent(&f, visits(), &body).await;
    let f = f.reopened().await;
    is_gone(read(&f, first).await);
    assert_eq!(read(&f, second).await.unwrap(), body);
    erase(&f, second).await.unwrap();
    assert_eq!(traces(&f, PHONE).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tombstone_under_the_name_of_others_erases_nothing_and_is_named() {
    let f = Fixture::on_disk().await;
    let first = sent(&f, visits(), &small("A")).await;
    let second = sent(&f, visits(), &small("B")).await;
    erase(&f, first).await.unwrap();
    let folder = |body: &str| {
        let hash = hex::encode(Sha256::digest(body));
        Path::from(format!("evidence/erased/{}/{hash}/000001.json", &hash[..2]))
    };
    let (own, others) = (folder(&small("A")), folder(&small("B")));
    f.store.copy(&own, &others).await.unwrap();
    let f = f.reopened().await;
    let refused = erase(&f, second).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Corrupt, "{refused}");
    assert!(refused.message.contains(others.as_ref()), "{refused}");
    assert_eq!(read(&f, second).await.unwrap(), small("B"));
}
