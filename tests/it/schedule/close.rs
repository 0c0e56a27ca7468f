//! The close of a period: final when all of it is there, provisional at the cut-off.

use service::{Service, StepState, SubmitRequest};

use super::{SUM, ran, refreshed, runs};
use crate::home::{Fixture, visits};
use crate::periods;

/// The example with a deadline of 24 September for September, and two agencies that owe it.
async fn house() -> Fixture {
    Fixture::with(refreshed(periods::setup(), "at period close")).await
}

async fn submit(f: &Fixture, agency: &str, id: &str) {
    let request = SubmitRequest {
        agency: Some(agency.parse().unwrap()),
        ..visits()
    };
    let body =
        format!("visit_id,office,visited_at,minutes\n{id},Huế,2026-09-01T08:30:00+07:00,5\n");
    f.submit_this(&f.admin, request, &body).await.unwrap();
}

/// What the ledger says of the newest run's scope.
async fn scope(f: &Fixture) -> String {
    let newest = runs(f).await.remove(0);
    newest.steps[0].scope.clone().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_period_is_final_once_everyone_has_handed_in() {
    let f = house().await;
    assert_eq!(ran(&f).await, None, "nobody handed in anything");
    submit(&f, "H26", "A").await;
    assert_eq!(ran(&f).await, None, "one is missing, and has time");
    submit(&f, "H29", "B").await;
    assert_eq!(ran(&f).await, Some(StepState::Built));
    let told = scope(&f).await;
    let closed = "at period close: period 2026-09 is final, 2 of 2 obligations met";
    assert!(told.ends_with(closed), "{told}");
    assert_eq!(f.number(SUM).await, 2);
    // It is closed once, whatever comes after it.
    submit(&f, "H26", "C").await;
    f.clock.set("2026-10-01T00:00:00Z");
    let f = f.reopened().await;
    assert_eq!(ran(&f).await, None);
    let shown = f.text_at(
        "select scope from system.runs where scope like '%is final%'",
        service::At::Now,
    );
    assert_eq!(shown.await, told);
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_cut_off_it_is_provisional_until_late_data_makes_it_final() {
    let f = house().await;
    submit(&f, "H26", "A").await;
    f.clock.set("2026-09-24T23:59:59+07:00");
    assert_eq!(ran(&f).await, None);
    f.clock.set("2026-09-25T00:00:00+07:00");
    assert_eq!(ran(&f).await, Some(StepState::Built));
    let told = scope(&f).await;
    let closed = "period 2026-09 is provisional, 1 of 2 obligations met at the cut-off";
    assert!(told.ends_with(closed), "{told}");
    assert_eq!(ran(&f).await, None);
    submit(&f, "H29", "B").await;
    assert_eq!(ran(&f).await, Some(StepState::Built));
    let told = scope(&f).await;
    assert!(told.contains("period 2026-09 is final, 2 of 2"), "{told}");
    assert_eq!(ran(&f).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_close_is_told_also_where_nothing_is_left_to_compute() {
    let f = house().await;
    submit(&f, "H26", "A").await;
    submit(&f, "H29", "B").await;
    f.house.run(&f.admin, Default::default()).await.unwrap();
    assert_eq!(runs(&f).await.len(), 1);
    f.clock.advance(chrono::TimeDelta::minutes(1));
    assert_eq!(ran(&f).await, Some(StepState::UpToDate));
    let told = scope(&f).await;
    let closed = "at period close: period 2026-09 is final, 2 of 2 obligations met";
    assert_eq!(told, closed);
}
