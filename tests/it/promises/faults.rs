//! Every request that receiving makes of the store fails in every way: nothing lands twice, nothing
//! that was claimed is lost.

use std::time::Duration;

use service::{ErrorKind, Relation, SubmissionId, SubmitAnswer, SubmitRequest};
use testkit::faulty::{FaultKind, Rates};
use testkit::{Fault, Op};

use super::{all, key, landed, rows, submit};
use crate::home::Fixture;

const OPS: [Op; 8] = [
    Op::Put,
    Op::StartUpload,
    Op::PutPart,
    Op::CompleteUpload,
    Op::Get,
    Op::Head,
    Op::List,
    Op::Delete,
];

/// Sends until it is answered, as a client does with a key.
async fn at_last(f: &Fixture, request: &SubmitRequest, body: &str) -> SubmitAnswer {
    for _ in 0..10_000 {
        match f.submit_this(&f.admin, request.clone(), body).await {
            Ok(answer) => return answer,
            Err(error) if error.kind == ErrorKind::Unavailable => tokio::task::yield_now().await,
            Err(error) => panic!("{error:?}"),
        }
    }
    panic!("never answered");
}

/// Lets each request of a submission fail in turn, until one has gone through without.
async fn swept(f: &Fixture, kind: &FaultKind, first: Option<SubmissionId>) -> u32 {
    let mut sent = 0;
    for op in OPS {
        for nth in 1.. {
            let name = format!(
                "{}-{op:?}-{nth}",
                if first.is_some() { "fix" } else { "new" }
            );
            let request = SubmitRequest {
                relation: first.map(Relation::Corrects),
                ..key(&name)
            };
            let before = f.faults.injected().len();
            f.faults.plan(Fault::new(op, "", kind.clone()).nth(nth));
            let bad = "V-0,,2026-09-01T08:30:00+07:00,1\n";
            let body = rows(&[(&name, "Huế", 5)]) + bad;
            let answer = at_last(f, &request, &body).await;
            assert_eq!(answer.receipt.rows.landed, 1, "{name}");
            let again = at_last(f, &request, &body).await;
            assert!(again.replayed && again.receipt == answer.receipt, "{name}");
            sent += 1;
            if f.faults.injected().len() == before {
                // It waits for a request that did not come: others shall not meet it.
                f.faults.forget();
                break;
            }
        }
    }
    sent
}

async fn no_fault_loses_or_doubles_a_row(f: Fixture, kind: FaultKind) {
    let first = landed(&f, key("first"), &[("V-1", "Huế", 1)]).await;
    let new = swept(&f, &kind, None).await;
    let fixes = swept(&f, &kind, Some(first)).await;
    assert!(new > 15 && fixes > 15, "{new} and {fixes} are too few");
    let sent = i64::from(new + fixes);
    let counted = "select count(distinct visit_id) from raw.visits";
    assert_eq!(f.number("select count(*) from raw.visits").await, sent + 1);
    assert_eq!(f.number(counted).await, sent + 1);
    assert_eq!(
        f.number("select count(*) from system.quarantine").await,
        sent
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_fail_lose_and_double_nothing() {
    no_fault_loses_or_doubles_a_row(Fixture::on_disk().await, FaultKind::BeforeEffect).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_whose_answers_are_lost_lose_and_double_nothing() {
    no_fault_loses_or_doubles_a_row(Fixture::on_disk().await, FaultKind::AfterEffect).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_slow_lose_and_double_nothing() {
    let slow = FaultKind::Delay(Duration::from_millis(20));
    no_fault_loses_or_doubles_a_row(Fixture::on_disk().await, slow).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_store_that_fails_by_chance_every_submission_lands_once() {
    let f = Fixture::on_disk().await;
    let seed = testkit::seed();
    let rates = Rates {
        before_effect: 0.1,
        after_effect: 0.1,
        ..Rates::default()
    };
    let _seeded = f.faults.clone().with_seed(seed, rates);
    let sent = 25;
    let submissions = (0..sent).map(|n| {
        let f = &f;
        async move {
            let name = format!("V-{n}");
            at_last(f, &key(&name), &rows(&[(&name, "Huế", 1)])).await
        }
    });
    futures::future::join_all(submissions).await;
    let f = f.reopened().await;
    assert_eq!(f.number("select count(*) from raw.visits").await, sent);
    assert_eq!(
        f.number("select count(distinct visit_id) from raw.visits")
            .await,
        sent
    );
    let told = submit(&f, key("V-0"), &[("V-0", "Huế", 1)]).await.unwrap();
    assert!(told.replayed, "{}", all(&f).await);
}
