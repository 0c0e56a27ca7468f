//! The moment of a query: what is published now, and what was.

mod doors;
mod runs;

use std::collections::BTreeMap;

use arrow::array::AsArray;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use chrono::TimeDelta;
use futures::StreamExt;
use service::{At, ErrorKind, QueryRequest, RunRequest, Service, ServiceError, StepState};
use testkit::{Fault, Op};

use crate::home::{Fixture, VISITS};

const RECEIVED: &str = "select count(*) as n from raw.visits";
const FIGURE: &str = "select sum(visits) as n from visits_by_office";
const BOTH: &str = "select (select count(*) from raw.visits) * 1000 \
    + (select sum(visits) from visits_by_office) as n";

/// The one number of an answer, with the versions that it was read from.
async fn ask(f: &Fixture, sql: &str, at: At) -> Result<(i64, BTreeMap<String, i64>), ServiceError> {
    let request = QueryRequest {
        sql: sql.to_owned(),
        params: BTreeMap::new(),
        at,
    };
    let answer = f.house.query(&f.admin, request).await?;
    let versions = answer.versions.iter();
    let versions = versions.map(|(d, v)| (d.to_string(), *v)).collect();
    let batches: Vec<_> = answer.batches.collect().await;
    let batch = batches
        .into_iter()
        .map(Result::unwrap)
        .find(|b| b.num_rows() > 0);
    let number = cast(batch.unwrap().column(0), &DataType::Int64).unwrap();
    Ok((number.as_primitive::<Int64Type>().value(0), versions))
}

async fn run(f: &Fixture) -> String {
    let report = f.house.run(&f.admin, RunRequest::default()).await.unwrap();
    report.id.unwrap()
}

async fn submit(f: &Fixture, prefix: &str) {
    f.submit(&VISITS.replace("V-", prefix), None).await.unwrap();
}

async fn the_answer_of_then_is_given_again(f: Fixture) {
    submit(&f, "V-").await;
    let first = run(&f).await;
    f.clock.advance(TimeDelta::hours(1));
    let mut remembered = Vec::new();
    for sql in [RECEIVED, FIGURE, BOTH] {
        let (number, versions) = ask(&f, sql, At::Now).await.unwrap();
        remembered.push((sql, f.clock.now(), number, versions));
    }
    // Received and not yet run: another moment, with the old figures.
    f.clock.advance(TimeDelta::hours(1));
    submit(&f, "W-").await;
    let (number, versions) = ask(&f, BOTH, At::Now).await.unwrap();
    assert_eq!(number, 4002);
    remembered.push((BOTH, f.clock.now(), number, versions));
    f.clock.advance(TimeDelta::hours(1));
    run(&f).await;
    submit(&f, "X-").await;
    assert_eq!(ask(&f, BOTH, At::Now).await.unwrap().0, 6004);

    for (sql, at, number, versions) in &remembered {
        let again = ask(&f, sql, At::Instant(*at)).await.unwrap();
        assert_eq!(again, (*number, versions.clone()), "{sql} at {at}");
        let named = versions.iter().map(|(d, v)| (d.parse().unwrap(), *v));
        let again = ask(&f, sql, At::Versions(named.collect())).await.unwrap();
        assert_eq!(again, (*number, versions.clone()), "{sql} at {versions:?}");
    }
    for (sql, _, number, versions) in &remembered[..3] {
        let again = ask(&f, sql, At::Run(first.clone())).await.unwrap();
        assert_eq!(again, (*number, versions.clone()), "{sql} at the first run");
    }
    let f = f.reopened().await;
    for (sql, at, number, versions) in remembered {
        let again = ask(&f, sql, At::Instant(at)).await.unwrap();
        assert_eq!(again, (number, versions), "{sql} at {at}, opened again");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_disk_the_answer_of_then_is_given_again() {
    the_answer_of_then_is_given_again(Fixture::on_disk().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_s3_the_answer_of_then_is_given_again() {
    the_answer_of_then_is_given_again(Fixture::on_s3().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_stay_on_the_old_set_until_the_new_one_is_published() {
    let f = Fixture::on_disk().await;
    submit(&f, "V-").await;
    run(&f).await;
    submit(&f, "W-").await;
    // The tables are committed; the object that publishes them is refused.
    f.faults.plan(Fault::before(Op::Put, "published/"));
    let failed = f.house.run(&f.admin, RunRequest::default()).await;
    assert_eq!(failed.unwrap_err().kind, ErrorKind::Unavailable);
    assert_eq!(ask(&f, FIGURE, At::Now).await.unwrap().0, 2);
    // What was committed is undone on start, and the next run makes it again.
    let f = f.reopened().await;
    assert_eq!(ask(&f, FIGURE, At::Now).await.unwrap().0, 2);
    let third = run(&f).await;
    assert_eq!(ask(&f, FIGURE, At::Now).await.unwrap().0, 4);
    assert_eq!(ask(&f, FIGURE, At::Run(third.clone())).await.unwrap().0, 4);
    let kept = f.house.run_of(&f.admin, &third).await.unwrap();
    assert_eq!(kept.steps[0].state, StepState::Built);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moment_that_cannot_be_read_is_refused_with_the_way_out() {
    let f = Fixture::on_disk().await;
    f.clock.advance(TimeDelta::hours(1));
    submit(&f, "V-").await;
    run(&f).await;
    let other = "served.visits_by_office".parse().unwrap();
    let before = f.clock.now() - TimeDelta::days(30);
    for (sql, at, kind, told) in [
        (
            FIGURE,
            At::Instant(f.clock.now() + TimeDelta::seconds(1)),
            ErrorKind::Invalid,
            "still to come",
        ),
        (
            RECEIVED,
            At::Instant(before),
            ErrorKind::NotFound,
            "no version from",
        ),
        (
            FIGURE,
            At::Run("01996f2e-0000-7000-8000-000000000009".to_owned()),
            ErrorKind::NotFound,
            "no such run",
        ),
        (BOTH, At::Version(1), ErrorKind::Invalid, "reads 2 datasets"),
        (
            RECEIVED,
            At::Version(99),
            ErrorKind::NotFound,
            "its newest is",
        ),
        (
            RECEIVED,
            At::Versions([(other, 1)].into()),
            ErrorKind::Invalid,
            "the query does not read it",
        ),
    ] {
        let error = ask(&f, sql, at.clone()).await.unwrap_err();
        assert_eq!(error.kind, kind, "{at:?}: {}", error.message);
        assert!(error.message.contains(told), "{at:?}: {}", error.message);
    }
}
