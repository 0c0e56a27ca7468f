//! Two nodes on one store and one database: whatever happens to one of them, what is due runs once.

use std::sync::Arc;

use chrono::TimeDelta;
use futures::StreamExt;
use futures::future::join_all;
use service::{ErrorKind, Result, RunReport, RunRequest, Service, StepState};
use testkit::{Fault, Gate, Op};
use tokio::task::JoinHandle;

use super::{SUM, acts, ran, refreshed, runs, submit};
use crate::home::{Fixture, Setup};

async fn nodes(name: &'static str, refresh: &str) -> (Fixture, Fixture) {
    let database = tokio::task::spawn_blocking(|| testkit::postgres::database(name));
    let setup = Setup {
        database: Some(database.await.unwrap()),
        ..refreshed(Setup::default(), refresh)
    };
    let one = Fixture::with(setup).await;
    let other = one.beside().await;
    (one, other)
}

/// How often the one transformation was computed, whoever did.
async fn built(f: &Fixture) -> i64 {
    let steps = runs(f).await.into_iter().flat_map(|run| run.steps);
    let built = steps.filter(|s| s.state == StepState::Built).count();
    i64::try_from(built).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_never_run_one_transformation_twice() {
    let (one, other) = nodes("schedule_twice", "on change").await;
    for round in 1..=4_i64 {
        submit(&one, &format!("{round}-")).await;
        let looks = [&one, &other].into_iter().cycle().take(6);
        let looks = looks.map(|f| f.house.run_due());
        for answer in join_all(looks).await {
            // Whoever came between another's look and its lease was told so.
            if let Err(error) = answer {
                assert_eq!(error.kind, ErrorKind::Conflict, "{error}");
            }
        }
        assert_eq!(ran(&one).await, None);
        assert_eq!(ran(&other).await, None);
        assert_eq!(built(&one).await, round);
        assert_eq!(one.number(SUM).await, 2 * round);
        assert_eq!(other.number(SUM).await, 2 * round);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_is_done_by_one_of_two_nodes() {
    let (one, other) = nodes("schedule_cron", "cron 0 2 * * *").await;
    assert_eq!((ran(&one).await, ran(&other).await), (None, None));
    submit(&one, "V-").await;
    one.clock.set("2026-09-27T10:00:00Z");
    assert_eq!(ran(&other).await, Some(StepState::Built));
    submit(&one, "W-").await;
    assert_eq!((ran(&one).await, ran(&other).await), (None, None));
}

/// A run that stops at its first write there, as a process does that is paused.
async fn paused(f: &Fixture, at: &str) -> (Gate, JoinHandle<Result<Option<RunReport>>>) {
    let gate = Gate::new();
    f.faults.plan(Fault::held(Op::Put, at, &gate));
    let house = Arc::clone(&f.house);
    let running = tokio::runtime::Handle::current().spawn(async move { house.run_due().await });
    gate.arrived(1).await;
    (gate, running)
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_runs_by_hand_meanwhile_is_told_who_runs_and_until_when() {
    let (one, other) = nodes("schedule_hand", "on change").await;
    submit(&one, "V-").await;
    let (gate, running) = paused(&one, "published/").await;
    assert_eq!(ran(&other).await, None);
    assert_eq!(acts(&other).await.len(), 0, "it does not even begin");
    let refused = other.house.run(&other.admin, RunRequest::default()).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Conflict);
    for told in [
        "run by `schedule`, process ",
        "since 2026-09-20T10:00:00+07:00",
        "until 2026-09-20T10:02:00+07:00",
    ] {
        assert!(refused.message.contains(told), "{refused}");
    }
    let refused = other.house.apply(&other.admin).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Conflict);
    gate.open();
    assert!(running.await.unwrap().unwrap().is_some());
    let run = other.house.run(&other.admin, RunRequest::default()).await;
    assert_eq!(run.unwrap().id, None, "there is nothing left to do");
}

/// The first is paused, in turn before its table has the new version and before readers see it;
/// its lease runs out, and the other one takes over. Then the first wakes up.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_runner_left_is_taken_over_and_if_it_wakes_up_it_publishes_nothing() {
    for (name, at) in [
        ("schedule_log", "served/visits_by_office/_delta_log"),
        ("schedule_set", "published/"),
    ] {
        let (one, other) = nodes(name, "on change").await;
        submit(&one, "V-").await;
        let (gate, running) = paused(&one, at).await;
        one.clock.advance(TimeDelta::seconds(119));
        assert_eq!(ran(&other).await, None, "{at}: the lease lasts");
        one.clock.advance(TimeDelta::seconds(1));
        assert!(ran(&other).await.is_some(), "{at}: it has run out");
        assert_eq!(other.number(SUM).await, 2, "{at}");
        let before = sets(&other).await;
        gate.open();
        let late = running.await.unwrap().unwrap_err();
        assert_eq!(late.kind, ErrorKind::Conflict, "{at}: {late}");
        assert!(late.message.contains("took the lease"), "{at}: {late}");
        assert_eq!(sets(&other).await, before, "{at}");
        assert!(built(&other).await <= 1, "{at}");
        for f in [&one, &other] {
            assert_eq!(f.number(SUM).await, 2, "{at}");
            // What the late one has to say of itself is passed over: nobody waits for it.
            assert_eq!(ran(f).await, None, "{at}");
        }
        submit(&one, "W-").await;
        assert_eq!(ran(&one).await, Some(StepState::Built), "{at}");
        assert_eq!(other.number(SUM).await, 4, "{at}");
    }
}

/// Also where the one that took over had nothing to publish: the token alone shuts the other out.
#[tokio::test(flavor = "multi_thread")]
async fn a_stale_token_publishes_nothing_also_if_nothing_was_published_since() {
    let (one, other) = nodes("schedule_stale", "on change").await;
    submit(&one, "V-").await;
    let (gate, running) = paused(&one, "published/").await;
    one.clock.advance(TimeDelta::minutes(2));
    // An apply that has nothing to do takes the lease over, and lets it go.
    other.house.apply(&other.admin).await.unwrap();
    let before = sets(&other).await;
    gate.open();
    let late = running.await.unwrap().unwrap_err();
    assert!(late.message.contains("took the lease"), "{late}");
    assert_eq!(sets(&other).await, before);
    assert_eq!(one.number(SUM).await, 0);
    // What it had made is undone, and made again by whoever has a token that counts.
    assert_eq!(ran(&other).await, Some(StepState::Built));
    assert_eq!(one.number(SUM).await, 2);
}

/// How many sets were published.
async fn sets(f: &Fixture) -> usize {
    let folder = object_store::path::Path::from("published");
    f.store.list(Some(&folder)).count().await
}
