//! What is past its retention is told by maintenance, and erased by whoever may and says so.

use chrono::TimeDelta;
use service::{
    Call, ErrorKind, MaintainRequest, MaintenanceReport, MaintenanceState, MaintenanceStep,
    MaintenanceTask, Service, ServiceError,
};

use super::{HEADER, PHONE, as_role, journal, large, of, read, rows, sent, small, traces};
use crate::home::{Fixture, visits};

async fn limited(keep_days: u64, restricted_keep_days: u64) -> Fixture {
    let f = Fixture::on_disk().await;
    f.reopened_with(|settings| {
        settings.evidence.keep_days = keep_days;
        settings.evidence.restricted_keep_days = restricted_keep_days;
    })
    .await
}

async fn maintain(
    f: &Fixture,
    caller: &Call,
    erase: bool,
) -> Result<MaintenanceReport, ServiceError> {
    let request = MaintainRequest {
        erase,
        ..MaintainRequest::default()
    };
    f.house.maintain(caller, request).await
}

pub(super) fn maintained(step: &MaintenanceStep) -> bool {
    step.state == MaintenanceState::Done
}

pub(super) async fn steps(f: &Fixture, erase: bool) -> Vec<MaintenanceStep> {
    let mut report = maintain(f, &f.admin, erase).await.unwrap();
    report
        .steps
        .retain(|step| step.task == MaintenanceTask::Erase);
    report.steps
}

fn clean(prefix: &str) -> String {
    format!("{HEADER}{prefix}-1,Huế,2026-09-01T08:30:00+07:00,12\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn restricted_evidence_has_a_retention_of_its_own_and_goes_when_that_is_said() {
    let f = limited(0, 30).await;
    let plain = sent(&f, visits(), &clean("A")).await;
    let old = [small("B"), large("C")];
    let small_one = sent(&f, visits(), &old[0]).await;
    let large_one = sent(&f, visits(), &old[1]).await;
    f.clock.advance(TimeDelta::days(29));
    assert_eq!(steps(&f, false).await, []);
    assert_eq!(steps(&f, true).await, []);
    let young = sent(&f, visits(), &small("D")).await;
    f.clock.advance(TimeDelta::days(2));

    let bytes = (old[0].len() + old[1].len()) as u64;
    let landed = rows(&f).await;
    let told = steps(&f, false).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].dataset.as_str(), "raw.visits");
    assert_eq!(told[0].state, MaintenanceState::DryRun);
    assert_eq!((told[0].files_removed, told[0].bytes_removed), (2, bytes));
    assert_eq!(read(&f, small_one).await.unwrap(), old[0]);

    let done = steps(&f, true).await;
    assert_eq!(done[0].state, MaintenanceState::Done, "{done:?}");
    assert_eq!((done[0].files_removed, done[0].bytes_removed), (2, bytes));
    for id in [small_one, large_one] {
        let error = read(&f, id).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Gone);
        let why = "past the 30 days of `evidence.restricted_keep_days`";
        assert!(error.message.ends_with(why), "{error}");
    }
    assert!(read(&f, plain).await.is_ok() && read(&f, young).await.is_ok());
    assert_eq!(traces(&f, PHONE).await.len(), 1);
    assert_eq!(rows(&f).await, landed);
    assert_eq!(steps(&f, true).await, []);
    let book = "select sum(files_removed) from system.maintenance where task = 'erase'";
    assert_eq!(f.number(book).await, 2);
    let acts = journal(&f).await;
    let told = acts
        .iter()
        .filter(|one| one.action == "erase" && one.detail.contains(&small_one.to_string()));
    let told: Vec<&str> = told.map(|one| one.outcome.as_str()).collect();
    assert_eq!(told, ["done"], "an act of its own tells which");
}

#[tokio::test(flavor = "multi_thread")]
async fn by_default_evidence_is_kept_for_ever_and_restricted_for_two_years() {
    let f = Fixture::on_disk().await;
    let plain = sent(&f, visits(), &clean("A")).await;
    let personal = sent(&f, visits(), &small("B")).await;
    f.clock.advance(TimeDelta::days(729));
    assert_eq!(steps(&f, true).await, []);
    f.clock.advance(TimeDelta::days(36_500));
    assert_eq!(steps(&f, true).await[0].files_removed, 1);
    assert!(read(&f, plain).await.is_ok());
    assert_eq!(read(&f, personal).await.unwrap_err().kind, ErrorKind::Gone);
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_somebody_still_keeps_are_kept_for_all() {
    let f = limited(60, 0).await;
    let body = clean("S");
    let first = sent(&f, visits(), &body).await;
    f.clock.advance(TimeDelta::days(40));
    let second = sent(&f, visits(), &body).await;
    f.clock.advance(TimeDelta::days(30));
    assert_eq!(steps(&f, true).await, []);
    assert_eq!(read(&f, first).await.unwrap(), body);
    f.clock.advance(TimeDelta::days(31));
    assert_eq!(steps(&f, true).await[0].files_removed, 1);
    for id in [first, second] {
        assert!(of(&f, id).await.erased.is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_only_maintain_is_told_and_erases_nothing() {
    let f = limited(0, 30).await;
    let id = sent(&f, visits(), &small("O")).await;
    f.clock.advance(TimeDelta::days(31));
    let operator = as_role(&f, "operator", None).await;
    let told = maintain(&f, &operator, false).await.unwrap();
    assert!(
        told.steps
            .iter()
            .any(|step| step.task == MaintenanceTask::Erase)
    );
    let refused = maintain(&f, &operator, true).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Forbidden, "{refused}");
    assert_eq!(read(&f, id).await.unwrap(), small("O"));
    assert_eq!(steps(&f, true).await[0].state, MaintenanceState::Done);
    assert_eq!(read(&f, id).await.unwrap_err().kind, ErrorKind::Gone);
}
