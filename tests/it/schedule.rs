//! Transformations that run by their headers, by a clock that the test moves.

mod close;
mod nodes;

use chrono::TimeDelta;
use service::{
    AuditRecord, ErrorKind, MaintainRequest, MaintenanceStep, Page, RunReport, RunRequest, Service,
    StepState,
};
use testkit::{Fault, Op};

use crate::home::{Fixture, Setup, VISITS};

const SQL: &str = "sql/served/visits_by_office.sql";
const SUM: &str = "select coalesce(sum(visits), 0) from visits_by_office";
const ALL: Page = Page {
    offset: 0,
    limit: 1_000,
};

/// The setup with that line in the header of its one transformation.
fn refreshed(setup: Setup, refresh: &str) -> Setup {
    let sql = String::from_utf8(setup.sources.get(SQL).unwrap().to_vec()).unwrap();
    let changed = sql.replace("-- refresh: on change", &format!("-- refresh: {refresh}"));
    assert!(refresh == "on change" || sql != changed);
    setup.with_file(SQL, &changed)
}

async fn house(refresh: &str) -> Fixture {
    Fixture::with(refreshed(Setup::default(), refresh)).await
}

/// Runs what is due; gives what became of the one transformation, if it was.
async fn ran(f: &Fixture) -> Option<StepState> {
    let report = f.house.run_due().await.unwrap()?;
    assert_eq!(report.steps.len(), 1);
    Some(report.steps[0].state)
}

/// Two rows more.
async fn submit(f: &Fixture, prefix: &str) {
    f.submit(&VISITS.replace("V-", prefix), None).await.unwrap();
}

async fn runs(f: &Fixture) -> Vec<RunReport> {
    f.house.runs(&f.admin, ALL).await.unwrap()
}

/// What the schedule did, as the journal has it, oldest first.
async fn acts(f: &Fixture) -> Vec<AuditRecord> {
    let mut entries = f.house.audit_entries(&f.admin, ALL).await.unwrap();
    entries.retain(|entry| entry.principal == "schedule");
    entries.reverse();
    entries
}

#[tokio::test(flavor = "multi_thread")]
async fn on_change_runs_exactly_when_an_input_has_changed() {
    let f = house("on change").await;
    assert_eq!(ran(&f).await, Some(StepState::Built), "it was never built");
    for round in 1..=4 {
        for _ in 0..2 {
            f.clock.advance(TimeDelta::days(40));
            assert_eq!(ran(&f).await, None);
        }
        submit(&f, &format!("{round}-")).await;
        assert_eq!(ran(&f).await, Some(StepState::Built));
        assert_eq!(f.number(SUM).await, 2 * round);
    }
    assert_eq!(runs(&f).await.len(), 5);
    // Other files with the same rows are no change.
    let maintained = f.house.maintain(&f.admin, MaintainRequest::default());
    let rewritten =
        |step: &MaintenanceStep| step.dataset.as_str() == "raw.visits" && step.files_removed > 1;
    assert!(maintained.await.unwrap().steps.iter().any(rewritten));
    assert_eq!(ran(&f).await, None);
    let acts = acts(&f).await;
    let told: Vec<_> = acts
        .iter()
        .map(|act| {
            (
                act.action.as_str(),
                act.phase.as_str(),
                act.outcome.as_str(),
            )
        })
        .collect();
    let once = [("run", "attempt", "allowed"), ("run", "effect", "done")];
    assert_eq!(
        told,
        [once; 5].concat(),
        "a look that finds nothing is no act"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ran_by_hand_is_not_due_again() {
    let f = house("on change").await;
    submit(&f, "V-").await;
    let run = f.house.run(&f.admin, RunRequest::default()).await.unwrap();
    assert!(run.id.is_some());
    assert_eq!(ran(&f).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn missed_times_are_caught_up_once_also_by_the_next_process() {
    // Two o'clock in Vietnam is seven in the evening of the day before in UTC.
    let f = house("cron 0 2 * * *").await;
    submit(&f, "V-").await;
    assert_eq!(ran(&f).await, None, "a new one waits for its first time");
    f.clock.set("2026-09-20T18:59:59Z");
    assert_eq!(ran(&f).await, None);
    let f = f.reopened().await;
    f.clock.set("2026-09-24T10:00:00Z");
    assert_eq!(ran(&f).await, Some(StepState::Built));
    assert_eq!(ran(&f).await, None);
    submit(&f, "W-").await;
    f.clock.set("2026-09-24T18:59:59Z");
    assert_eq!(ran(&f).await, None, "changed inputs wait for the time");
    f.clock.set("2026-09-24T19:00:00Z");
    assert_eq!(ran(&f).await, Some(StepState::Built));
    assert_eq!(f.number(SUM).await, 4);
    // A time at which nothing has changed is done as well.
    f.clock.set("2026-09-25T19:00:00Z");
    assert_eq!(ran(&f).await, Some(StepState::UpToDate));
    assert_eq!(ran(&f).await, None);
    assert_eq!(runs(&f).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_waits_longer_each_time_and_keeps_its_slot() {
    let f = house("cron 0 2 * * *").await;
    submit(&f, "V-").await;
    assert_eq!(ran(&f).await, None);
    f.clock.set("2026-09-20T19:00:00Z");
    let always = Fault::before(Op::Put, "served/visits_by_office/");
    f.faults.plan(always.times(1 << 40));
    for minutes in [1, 2, 4] {
        assert_eq!(ran(&f).await, Some(StepState::Failed));
        f.clock.advance(TimeDelta::seconds(minutes * 60 - 1));
        assert_eq!(ran(&f).await, None);
        f.clock.advance(TimeDelta::seconds(1));
    }
    let failed = acts(&f).await;
    assert_eq!(failed.len(), 6);
    assert_eq!(failed[5].outcome, "failed");
    f.faults.forget();
    assert_eq!(ran(&f).await, Some(StepState::Built));
    assert_eq!(ran(&f).await, None);
    assert_eq!(f.number(SUM).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_made_and_not_published_is_undone_and_made_again() {
    let f = house("on change").await;
    submit(&f, "V-").await;
    f.faults.plan(Fault::before(Op::Put, "published/"));
    let error = f.house.run_due().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    f.faults.assert_all_met();
    assert_eq!(f.number(SUM).await, 0);
    assert_eq!(ran(&f).await, None, "it waits, as what fails does");
    f.clock.advance(TimeDelta::minutes(1));
    assert_eq!(ran(&f).await, Some(StepState::Built));
    assert_eq!(f.number(SUM).await, 2);
    assert_eq!(ran(&f).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_rolled_back_is_not_made_again_until_somebody_runs_by_hand() {
    let f = house("on change").await;
    submit(&f, "V-").await;
    assert_eq!(ran(&f).await, Some(StepState::Built));
    submit(&f, "W-").await;
    assert_eq!(ran(&f).await, Some(StepState::Built));
    let undone = runs(&f).await[0].id.clone().unwrap();
    f.house.rollback(&f.admin, &undone).await.unwrap();
    assert_eq!(f.number(SUM).await, 2);
    // Not by what is published otherwise, nor by the next process.
    f.house.apply(&f.admin).await.unwrap();
    f.house
        .maintain(&f.admin, MaintainRequest::default())
        .await
        .unwrap();
    assert_eq!(ran(&f).await, None);
    let f = f.reopened().await;
    f.clock.advance(TimeDelta::days(1));
    assert_eq!(ran(&f).await, None);
    assert_eq!(f.number(SUM).await, 2);
    f.house.run(&f.admin, RunRequest::default()).await.unwrap();
    assert_eq!(f.number(SUM).await, 4);
    submit(&f, "X-").await;
    assert_eq!(ran(&f).await, Some(StepState::Built));
    assert_eq!(f.number(SUM).await, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_schedule_ends_with_the_house() {
    let f = house("on change").await;
    let house = std::sync::Arc::clone(&f.house);
    let every = std::time::Duration::from_millis(1);
    let runs_by_itself =
        tokio::runtime::Handle::current().spawn(async move { house.run_when_due(every).await });
    while runs(&f).await.is_empty() {
        tokio::task::yield_now().await;
    }
    f.house.stop();
    runs_by_itself.await.unwrap();
    f.house.close().await;
    assert_eq!(f.house.run_due().await.unwrap(), None);
}
