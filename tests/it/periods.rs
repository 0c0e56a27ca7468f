//! Periods: open, late, locked; and deadlines that are moved.

mod door;
mod extend;

use bytes::Bytes;
use futures::{StreamExt, stream};
use object_store::ObjectStore;
use object_store::path::Path;
use service::{
    Ack, ErrorKind, ExtendRequest, ObligationKey, Relation, Service, ServiceError, SubmissionId,
    SubmissionState, SubmitAnswer, SubmitRequest, WithdrawRequest,
};
use testkit::{Fault, Op};

use crate::home::{Fixture, Setup, visits};

const CONTRACT: &str = "warehouse/raw/visits.odcs.yaml";

/// The example with a deadline of 24 September for September, which locks after 14 October.
pub fn setup() -> Setup {
    let setup = Setup::default();
    let contract = setup.sources.get(CONTRACT).unwrap().to_vec();
    let contract = String::from_utf8(contract).unwrap();
    let deadline = "  - { property: deadline, value: { dueAfterDays: 10, lockAfterDays: 30 } }\n";
    let before = "  - { property: sortBy";
    assert!(contract.contains(before));
    let contract = contract.replacen(before, &format!("{deadline}{before}"), 1);
    setup.with_file(CONTRACT, &contract)
}

const OPEN: &str = "2026-09-24T23:59:59.999+07:00";
const LATE: &str = "2026-09-25T00:00:00+07:00";
const LAST: &str = "2026-10-14T23:59:59.999+07:00";
const LOCKED: &str = "2026-10-15T00:00:00+07:00";

fn body(id: &str) -> String {
    format!("visit_id,office,visited_at,minutes\n{id},Huế,2026-09-01T08:30:00+07:00,5\n")
}

fn key(key: &str) -> SubmitRequest {
    SubmitRequest {
        key: Some(key.to_owned()),
        ..visits()
    }
}

async fn submit(
    f: &Fixture,
    request: SubmitRequest,
    id: &str,
) -> Result<SubmitAnswer, ServiceError> {
    f.submit_this(&f.admin, request, &body(id)).await
}

/// Submits at that time; gives the word of the receipt.
async fn at(f: &Fixture, now: &str, id: &str) -> Option<&'static str> {
    f.clock.set(now);
    let answer = submit(f, visits(), id).await.unwrap();
    answer.receipt.timeliness().map(|word| word.as_str())
}

async fn withdraw(f: &Fixture, id: SubmissionId) -> Result<(), ServiceError> {
    let reason = "sent by mistake".to_owned();
    let request = WithdrawRequest { id, reason };
    f.house.withdraw(&f.admin, request).await.map(drop)
}

fn extension(until: &str) -> ExtendRequest {
    ExtendRequest {
        of: ObligationKey {
            dataset: "raw.visits".parse().unwrap(),
            period: "2026-09".parse().unwrap(),
            agency: "H26".parse().unwrap(),
        },
        until: until.parse().unwrap(),
        reason: "bão số 5".to_owned(),
    }
}

async fn kept(f: &Fixture, folder: &str) -> usize {
    f.store.list(Some(&Path::from(folder))).count().await
}

async fn rows(f: &Fixture) -> i64 {
    f.number("select count(*) from raw.visits").await
}

#[track_caller]
fn is_locked(error: &ServiceError) {
    assert_eq!(error.kind, ErrorKind::Conflict, "{error:?}");
    assert_eq!(
        error.message,
        "dataset `raw.visits` for agency `H26` in period `2026-09` is locked since \
         2026-10-15T00:00:00+07:00: the data was due on 2026-09-24"
    );
    assert_eq!(
        error.hint.as_deref(),
        Some(
            "Ask a principal of role `administrator` to extend the deadline: `dtm extend \
             raw.visits --agency H26 --period 2026-09 --until DAY --reason TEXT`."
        )
    );
}

async fn what_comes_in_time_is_on_time_and_later_it_is_late(f: Fixture) {
    assert_eq!(at(&f, OPEN, "A").await, Some("on_time"));
    assert_eq!(at(&f, LATE, "B").await, Some("late"));
    assert_eq!(at(&f, LAST, "C").await, Some("late"));
    let answer = submit(&f, key("k"), "D").await.unwrap();
    let signed: serde_json::Value =
        serde_json::from_str(answer.sealed.as_deref().unwrap()).unwrap();
    assert_eq!(signed["timeliness"], "late");
    assert_eq!(signed["due_on"], "2026-09-24");
    // Books that know nothing of it make the same receipt from the manifest and the log.
    let other = f.beside().await;
    let rebuilt = submit(&other, key("k"), "D").await.unwrap();
    assert_eq!(rebuilt.receipt, answer.receipt);
    let kept = f.house.submission(&f.admin, answer.receipt.id);
    assert_eq!(kept.await.unwrap().receipt, answer.receipt);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_disk_what_comes_in_time_is_on_time_and_later_it_is_late() {
    what_comes_in_time_is_on_time_and_later_it_is_late(Fixture::with(setup()).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_s3_what_comes_in_time_is_on_time_and_later_it_is_late() {
    what_comes_in_time_is_on_time_and_later_it_is_late(Fixture::on_s3_with(setup()).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_period_takes_nothing_and_keeps_nothing_of_it() {
    let f = Fixture::with(setup()).await;
    let first = submit(&f, visits(), "A").await.unwrap().receipt.id;
    let before = (kept(&f, "evidence").await, kept(&f, "submissions").await);
    f.clock.set(LOCKED);
    let related = |relation| SubmitRequest {
        relation: Some(relation),
        ..visits()
    };
    let dry = SubmitRequest {
        dry_run: true,
        ..key("never")
    };
    let durable = SubmitRequest {
        ack: Ack::Durable,
        ..visits()
    };
    for request in [
        visits(),
        key("new"),
        dry,
        durable,
        related(Relation::Replaces(first)),
        related(Relation::Corrects(first)),
    ] {
        is_locked(&submit(&f, request, "B").await.unwrap_err());
    }
    is_locked(&withdraw(&f, first).await.unwrap_err());
    let after = (kept(&f, "evidence").await, kept(&f, "submissions").await);
    assert_eq!(after, before);
    assert_eq!(rows(&f).await, 1);
    // Another period is another obligation.
    let october = SubmitRequest {
        period: "2026-10".parse().unwrap(),
        ..visits()
    };
    let answer = f.submit_this(
        &f.admin,
        october,
        "visit_id,office,visited_at,minutes\nO,Huế,2026-10-01T08:30:00+07:00,5\n",
    );
    assert_eq!(answer.await.unwrap().receipt.rows.landed, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn that_a_period_is_locked_is_told_before_the_body_is_read() {
    let f = Fixture::with(setup()).await;
    f.clock.set(LOCKED);
    let unread = stream::poll_fn(|_| panic!("the body was read")).boxed();
    let error = f.house.submit(&f.admin, key("new"), unread).await;
    is_locked(&error.unwrap_err());
}

/// A body during which the clock moves.
async fn slow(
    f: &Fixture,
    request: SubmitRequest,
    then: &'static str,
) -> Result<SubmitAnswer, ServiceError> {
    let clock = f.clock.clone();
    let body = stream::once(async move {
        clock.set(then);
        Ok(Bytes::from(body("S")))
    });
    f.house.submit(&f.admin, request, body.boxed()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_counts_is_when_the_body_was_complete() {
    let f = Fixture::with(setup()).await;
    f.clock.set(OPEN);
    let late = slow(&f, visits(), LATE).await.unwrap().receipt;
    assert_eq!(late.timeliness().unwrap().as_str(), "late");
    let before = kept(&f, "evidence").await;
    f.clock.set(LAST);
    is_locked(&slow(&f, key("k"), LOCKED).await.unwrap_err());
    assert_eq!((rows(&f).await, kept(&f, "evidence").await), (1, before));
    // The key is free.
    f.clock.set(LAST);
    submit(&f, key("k"), "K").await.unwrap();
}

async fn what_came_before_the_lock_is_answered_as_it_was(f: Fixture) {
    let first = submit(&f, key("k"), "A").await.unwrap();
    let refused = f.submit_this(
        &f.admin,
        key("bad"),
        "visit_id,office,visited_at,minutes\nB,,2026-09-01T08:30:00+07:00,5\n",
    );
    let refused = refused.await.unwrap_err();
    f.clock.set(LOCKED);
    let other = f.beside().await;
    for house in [&f, &other] {
        let replay = submit(house, key("k"), "A").await.unwrap();
        assert_eq!(replay.receipt, first.receipt);
        let error = submit(house, key("k"), "OTHER").await.unwrap_err();
        assert!(error.message.contains("the key was used"), "{error:?}");
    }
    let again = f.submit_this(
        &f.admin,
        key("bad"),
        "visit_id,office,visited_at,minutes\nB,,2026-09-01T08:30:00+07:00,5\n",
    );
    let again = again.await.unwrap_err();
    assert_eq!(
        (again.kind, again.submission),
        (refused.kind, refused.submission)
    );
    assert_eq!(rows(&f).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_disk_what_came_before_the_lock_is_answered_as_it_was() {
    what_came_before_the_lock_is_answered_as_it_was(Fixture::with(setup()).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_s3_what_came_before_the_lock_is_answered_as_it_was() {
    what_came_before_the_lock_is_answered_as_it_was(Fixture::on_s3_with(setup()).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_durable_before_the_lock_lands_after_it() {
    let f = Fixture::with(setup()).await;
    f.faults
        .plan(Fault::before(Op::Put, "raw/visits/_delta_log").times(99));
    let durable = SubmitRequest {
        ack: Ack::Durable,
        ..key("k")
    };
    let id = submit(&f, durable, "A").await.unwrap().receipt.id;
    f.faults.cut();
    f.clock.set(LOCKED);
    let f = f.reopened().await;
    let found = f.house.submission(&f.admin, id).await.unwrap();
    assert_eq!(found.state, SubmissionState::Committed);
    assert_eq!(found.receipt.timeliness().unwrap().as_str(), "on_time");
    assert_eq!(rows(&f).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_before_the_lock_that_the_books_do_not_know_is_told_after_it() {
    let f = Fixture::with(setup()).await;
    let first = submit(&f, key("k"), "A").await.unwrap().receipt.id;
    // Other books learn of the submission, and of its withdrawal these ones do not.
    let other = f.beside().await;
    submit(&other, key("k"), "A").await.unwrap();
    withdraw(&other, first).await.unwrap();
    let known = f.house.submission(&f.admin, first).await.unwrap();
    assert_eq!(known.ended, None);
    f.clock.set(LOCKED);
    withdraw(&f, first).await.unwrap();
    let found = f.house.submission(&f.admin, first).await.unwrap();
    assert!(found.ended.is_some());
    assert_eq!(rows(&f).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_period_that_has_not_begun_takes_nothing() {
    let f = Fixture::with(setup()).await;
    let october = SubmitRequest {
        period: "2026-10".parse().unwrap(),
        ..visits()
    };
    f.clock.set("2026-09-14T23:59:59+07:00");
    let error = submit(&f, october.clone(), "A").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Invalid);
    assert_eq!(
        error.message,
        "period `2026-10` has not begun: it begins on 2026-09-15"
    );
    assert_eq!(kept(&f, "evidence").await, 0);
    // Nothing of it is of that period, but it is looked at.
    f.clock.set("2026-09-15T00:00:00+07:00");
    let error = submit(&f, october, "A").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused, "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dataset_without_a_deadline_takes_data_at_any_time() {
    let f = Fixture::on_disk().await;
    for now in ["2025-01-01T00:00:00Z", "2036-01-01T00:00:00Z"] {
        assert_eq!(at(&f, now, "A").await, None);
    }
    let answer = submit(&f, visits(), "B").await.unwrap();
    let signed = answer.sealed.unwrap();
    assert!(!signed.contains("due_on") && !signed.contains("timeliness"));
    let error = f.house.extend(&f.admin, extension("2036-02-01")).await;
    let error = error.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Conflict);
    assert_eq!(
        error.message,
        "dataset `raw.visits` has no deadline to extend"
    );
}
