//! Bodies that stand still: what they hold, how they end, and what a stop does with them.

use std::sync::Arc;

use bytes::Bytes;
use futures::future::pending;
use futures::{StreamExt, stream};
use service::{
    BodyFormat, ByteStream, Call, Door, ErrorKind, Page, Service, ServiceError, SubmitAnswer,
    SubmitRequest,
};
use testkit::{Fault, Gate, Op};
use tokio::sync::oneshot;

use crate::home::{Fixture, VISITS};

/// A submission through the door of agencies.
async fn send(f: &Fixture, body: ByteStream) -> Result<SubmitAnswer, ServiceError> {
    let call = Call {
        door: Door::Http,
        ..f.admin.clone()
    };
    let dataset = "raw.visits".parse().unwrap();
    let request = SubmitRequest {
        agency: Some("H26".parse().unwrap()),
        ..SubmitRequest::new(dataset, "2026-09".parse().unwrap(), BodyFormat::Csv)
    };
    f.house.submit(&call, request, body).await
}

/// The start of a body that never goes on, and word of when it was taken.
fn still() -> (ByteStream, oneshot::Receiver<()>) {
    let (told, taken) = oneshot::channel();
    let start = Bytes::from(&VISITS.as_bytes()[..40]);
    let rest = stream::once(async move {
        told.send(()).unwrap();
        pending().await
    });
    (stream::iter([Ok(start)]).chain(rest).boxed(), taken)
}

/// How submissions ended, by the journal, newest first: the outcome and its detail.
async fn ends(f: &Fixture) -> Vec<(String, String)> {
    let page = Page {
        offset: 0,
        limit: 100,
    };
    let entries = f.house.audit_entries(&f.admin, page).await.unwrap();
    let effects = entries
        .into_iter()
        .filter(|e| e.action == "submit" && e.phase == "effect");
    effects.map(|e| (e.outcome, e.detail)).collect()
}

fn spooled(f: &Fixture) -> usize {
    std::fs::read_dir(f.spool_folder()).unwrap().count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_stands_still_meets_its_limit_and_leaves_nothing_but_the_record() {
    let f = Fixture::on_disk().await;
    let f = f.reopened_with(|limits| limits.body_wait_ms = 50).await;
    let (body, _taken) = still();
    let error = send(&f, body).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable, "{error:?}");
    let limit = "`submission.wait_ms` of 50 ms";
    assert!(error.message.contains(limit), "{error:?}");
    assert!(error.submission.is_none() && error.hint.is_some());
    assert_eq!(spooled(&f), 0);
    let ends = ends(&f).await;
    let [(outcome, detail)] = &ends[..] else {
        panic!("{ends:?}");
    };
    assert!(outcome == "failed" && detail.contains(limit), "{ends:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_finds_no_place_is_told_the_limit_and_when_to_come_again() {
    let f = Fixture::on_disk().await;
    let f = f.reopened_with(|limits| limits.bodies_at_once = 1).await;
    let gate = Gate::new();
    f.faults.plan(Fault::held(Op::Put, "evidence", &gate));
    let second = async {
        gate.arrived(1).await;
        let (body, _taken) = still();
        let error = send(&f, body).await.unwrap_err();
        gate.open();
        error
    };
    let (first, error) = tokio::join!(f.submit(VISITS, None), second);
    assert_eq!(error.kind, ErrorKind::Busy, "{error:?}");
    let limit = "`submission.bodies_at_once` of 1";
    assert!(error.message.contains(limit), "{error:?}");
    assert!(error.retry_after_s.is_some_and(|wait| wait.get() <= 60));
    assert_eq!(first.unwrap().receipt.rows.landed, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_stand_still_keep_nobody_from_being_checked() {
    let f = Fixture::on_disk().await;
    // The house checks two at a time.
    let (bodies, taken): (Vec<_>, Vec<_>) = (0..4).map(|_| still()).unzip();
    let stalled = bodies.into_iter().map(|body| send(&f, body));
    let other = async {
        for taken in taken {
            taken.await.unwrap();
        }
        let landed = f.submit(VISITS, None).await.unwrap().receipt.rows.landed;
        f.house.stop();
        landed
    };
    let (stalled, landed) = tokio::join!(futures::future::join_all(stalled), other);
    assert_eq!(landed, 2);
    for error in stalled.into_iter().map(Result::unwrap_err) {
        assert_eq!(error.kind, ErrorKind::Unavailable, "{error:?}");
        assert!(error.message.contains("not complete"), "{error:?}");
    }
    assert_eq!(spooled(&f), 0);
    let ends = ends(&f).await;
    let of = |wanted: &str| ends.iter().filter(|(outcome, _)| outcome == wanted).count();
    assert_eq!((of("failed"), of("done")), (4, 1), "{ends:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_lands_what_is_complete_and_takes_nothing_new() {
    let f = Fixture::on_disk().await;
    let gate = Gate::new();
    f.faults.plan(Fault::held(Op::Put, "evidence", &gate));
    let stop = async {
        gate.arrived(1).await;
        f.house.stop();
        let error = f.submit(VISITS, None).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unavailable, "{error:?}");
        assert!(f.house.ready().await.is_err());
        let house = Arc::clone(&f.house);
        let closing = async move { house.close().await };
        let opening = async { gate.open() };
        tokio::join!(closing, opening);
    };
    let (landed, ()) = tokio::join!(f.submit(VISITS, None), stop);
    assert_eq!(landed.unwrap().receipt.rows.landed, 2);
}
