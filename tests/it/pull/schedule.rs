//! Schedules, by a clock that the test moves.

use std::fs;

use chrono::{DateTime, TimeDelta, Utc};

use super::{INBOX, PLACE, drop_file, house, inbox, state, visits};
use crate::home::Fixture;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// How many connectors ran because they were due.
async fn ran(f: &Fixture) -> usize {
    f.house.pull_due().await.unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_runs_at_once_and_then_by_its_span() {
    let f = house(INBOX).await;
    drop_file(&f, &format!("{PLACE}/a.csv"), &visits(&[("V-1", "Huế", 1)]));
    assert_eq!(ran(&f).await, 1);
    assert_eq!(super::all(&f).await, "V-1 1");
    assert_eq!(
        state(&f).await.due_at,
        Some(f.clock.now() + TimeDelta::minutes(15))
    );
    f.clock.advance(TimeDelta::seconds(899));
    assert_eq!(ran(&f).await, 0);
    f.clock.advance(TimeDelta::seconds(1));
    assert_eq!(ran(&f).await, 1);
    assert_eq!(ran(&f).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_missed_is_caught_up_once_also_by_the_next_process() {
    let nightly = INBOX.replace("{ every: 15m }", "{ cron: 30 2 * * * }");
    let f = house(&nightly).await;
    // A new one waits for its first time: half past two of the next night in Vietnam.
    assert_eq!(ran(&f).await, 0);
    assert_eq!(state(&f).await.due_at, Some(at("2026-09-20T19:30:00Z")));
    let f = f.reopened().await;
    f.clock.set("2026-09-20T19:29:59Z");
    assert_eq!(ran(&f).await, 0);
    f.clock.set("2026-09-24T10:00:00Z");
    assert_eq!(ran(&f).await, 1);
    assert_eq!(ran(&f).await, 0);
    assert_eq!(state(&f).await.due_at, Some(at("2026-09-24T19:30:00Z")));
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_wait_longer_each_time_and_are_shown() {
    let f = house(&INBOX.replace("every: 15m", "every: 10s")).await;
    fs::remove_dir(inbox(&f)).unwrap();
    let mut waits = Vec::new();
    for _ in 0..4 {
        assert_eq!(ran(&f).await, 1);
        let due = state(&f).await.due_at.unwrap();
        waits.push((due - f.clock.now()).num_seconds());
        f.clock.set(&(due - TimeDelta::seconds(1)).to_rfc3339());
        assert_eq!(ran(&f).await, 0);
        f.clock.set(&due.to_rfc3339());
    }
    assert_eq!(waits, [60, 120, 240, 480]);
    let told = state(&f).await;
    assert_eq!(told.failures, 4);
    assert!(told.error.unwrap().contains("cannot read the folder"));
    fs::create_dir(inbox(&f)).unwrap();
    assert_eq!(ran(&f).await, 1);
    let told = state(&f).await;
    assert_eq!((told.failures, told.error), (0, None));
    assert_eq!(told.due_at, Some(f.clock.now() + TimeDelta::seconds(10)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_scheduler_ends_with_the_house() {
    let f = house(INBOX).await;
    drop_file(&f, &format!("{PLACE}/a.csv"), &visits(&[("V-1", "Huế", 1)]));
    let house = std::sync::Arc::clone(&f.house);
    let scheduler =
        tokio::runtime::Handle::current().spawn(async move { house.pull_when_due().await });
    while state(&f).await.ended_at.is_none() {
        tokio::task::yield_now().await;
    }
    f.house.stop();
    scheduler.await.unwrap();
    f.house.close().await;
    assert_eq!(ran(&f).await, 0);
}
