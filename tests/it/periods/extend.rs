//! A deadline is moved to a later day, for a reason, and never lost.

use calendar::Standing;
use service::{ErrorKind, ExtendRequest, Obligation, Page, Service, ServiceError};

use super::{LOCKED, at, extension, is_locked, kept, setup, submit};
use crate::home::{Fixture, visits};

async fn extend(f: &Fixture, request: ExtendRequest) -> Result<Obligation, ServiceError> {
    f.house.extend(&f.admin, request).await
}

async fn an_extension_opens_the_period_for_that_agency_until_its_day(f: Fixture) {
    f.clock.set(LOCKED);
    let moved = extend(&f, extension("2026-11-20")).await.unwrap();
    assert_eq!(moved.standing, Standing::Open);
    assert_eq!(moved.extensions.len(), 1);
    assert_eq!(moved.extensions[0].before.to_string(), "2026-09-24");
    assert_eq!(at(&f, LOCKED, "A").await, Some("on_time"));
    let other = service::SubmitRequest {
        agency: Some("H29".parse().unwrap()),
        ..visits()
    };
    let error = submit(&f, other, "B").await.unwrap_err();
    assert!(error.message.contains("`H29`") && error.message.contains("is locked"));
    assert_eq!(
        at(&f, "2026-11-20T23:59:59+07:00", "C").await,
        Some("on_time")
    );
    f.clock.set("2026-11-21T00:00:00+07:00");
    let error = submit(&f, visits(), "D").await.unwrap_err();
    assert!(
        error.message.contains("due on 2026-11-20"),
        "{}",
        error.message
    );

    // Books that are made again know of it, and so do those that were there.
    f.clock.set("2026-11-20T12:00:00+07:00");
    let other = f.beside().await;
    assert_eq!(
        at(&other, "2026-11-20T12:00:00+07:00", "E").await,
        Some("on_time")
    );
    let f = f.reopened().await;
    assert_eq!(
        at(&f, "2026-11-20T12:00:00+07:00", "F").await,
        Some("on_time")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn on_disk_an_extension_opens_the_period_for_that_agency_until_its_day() {
    let f = Fixture::with(setup()).await;
    an_extension_opens_the_period_for_that_agency_until_its_day(f).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_s3_an_extension_opens_the_period_for_that_agency_until_its_day() {
    let f = Fixture::on_s3_with(setup()).await;
    an_extension_opens_the_period_for_that_agency_until_its_day(f).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_is_never_shortened_and_what_is_wrong_is_told() {
    let f = Fixture::with(setup()).await;
    let of = |change: fn(&mut ExtendRequest)| {
        let mut request = extension("2026-10-01");
        change(&mut request);
        request
    };
    let mut said = Vec::new();
    for request in [
        extension("2026-09-24"),
        extension("2026-09-19"),
        extension("2206-10-01"),
        of(|r| r.reason = " ".to_owned()),
        of(|r| r.reason = "x".repeat(1001)),
        of(|r| r.of.agency = "H30".parse().unwrap()),
        of(|r| r.of.period = "2026-11".parse().unwrap()),
        of(|r| r.of.dataset = "raw.nothing".parse().unwrap()),
    ] {
        let error = extend(&f, request).await.unwrap_err();
        said.push(format!("{:?}: {}", error.kind, error.message));
        assert!(error.hint.is_some(), "{error:?}");
    }
    extend(&f, extension("2026-10-20")).await.unwrap();
    let shorter = extend(&f, extension("2026-10-19")).await.unwrap_err();
    said.push(format!("{:?}: {}", shorter.kind, shorter.message));
    expect_test::expect![[r#"
        Conflict: dataset `raw.visits` for agency `H26` in period `2026-09` is due on 2026-09-24, which 2026-09-24 would not extend
        Invalid: a deadline cannot be extended until 2026-09-19
        Invalid: a deadline cannot be extended until 2206-10-01
        Invalid: the extension gives no reason that can be kept
        Invalid: the extension gives no reason that can be kept
        Invalid: agency `H30` is not in the code list `agencies` in period `2026-09`
        Invalid: period `2026-11` is not in the calendar table
        NotFound: there is no dataset `raw.nothing` that takes submissions
        Conflict: dataset `raw.visits` for agency `H26` in period `2026-09` is due on 2026-10-20, which 2026-10-19 would not extend"#]]
    .assert_eq(&said.join("\n"));
    assert_eq!(kept(&f, "extensions").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_again_is_one_extension_and_another_day_is_the_next() {
    let f = Fixture::with(setup()).await;
    let once = extend(&f, extension("2026-10-01")).await.unwrap();
    let again = extend(&f, extension("2026-10-01")).await.unwrap();
    assert_eq!(once, again);
    let other_reason = ExtendRequest {
        reason: "khác".to_owned(),
        ..extension("2026-10-01")
    };
    let error = extend(&f, other_reason).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Conflict);
    let twice = extend(&f, extension("2026-10-30")).await.unwrap();
    let days: Vec<String> = twice
        .extensions
        .iter()
        .map(|e| format!("{} {} {}", e.number, e.before, e.until))
        .collect();
    assert_eq!(days, ["1 2026-09-24 2026-10-01", "2 2026-10-01 2026-10-30"]);
}

async fn processes_that_extend_one_deadline_see_each_other(f: Fixture) {
    let other = f.beside().await;
    extend(&f, extension("2026-10-20")).await.unwrap();
    // Its books know nothing of that; the store does.
    let shorter = extend(&other, extension("2026-10-10")).await.unwrap_err();
    assert!(
        shorter.message.contains("is due on 2026-10-20"),
        "{shorter:?}"
    );
    let longer = extend(&other, extension("2026-10-25")).await.unwrap();
    assert_eq!(longer.extensions.len(), 2);
    let (one, two) = futures::join!(
        extend(&f, extension("2026-11-01")),
        extend(&other, extension("2026-11-02")),
    );
    // Whoever is first, the later day stands, and each number is one extension.
    assert!(two.is_ok(), "{two:?}");
    let mut seen = Vec::new();
    for house in [f, other] {
        let house = house.reopened().await;
        let all = house.house.obligations(
            &house.admin,
            service::ObligationFilter {
                agency: Some("H26".parse().unwrap()),
                ..service::ObligationFilter::default()
            },
            Page {
                offset: 0,
                limit: 10,
            },
        );
        let [obligation] = <[Obligation; 1]>::try_from(all.await.unwrap()).unwrap();
        assert_eq!(obligation.deadline.due_on.to_string(), "2026-11-02");
        let numbers: Vec<u32> = obligation.extensions.iter().map(|e| e.number).collect();
        let many = if one.is_ok() { 4 } else { 3 };
        assert_eq!(numbers, (1..=many).collect::<Vec<u32>>());
        seen.push(obligation);
    }
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_disk_processes_that_extend_one_deadline_see_each_other() {
    processes_that_extend_one_deadline_see_each_other(Fixture::with(setup()).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_s3_processes_that_extend_one_deadline_see_each_other() {
    processes_that_extend_one_deadline_see_each_other(Fixture::on_s3_with(setup()).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_extension_is_recorded_with_before_and_after() {
    let f = Fixture::with(setup()).await;
    extend(&f, extension("2026-10-01")).await.unwrap();
    let page = Page {
        offset: 0,
        limit: 3,
    };
    let entries = f.house.audit_entries(&f.admin, page).await.unwrap();
    let of = |phase: &str| {
        let entry = entries
            .iter()
            .find(|e| e.action == "extend_deadline" && e.phase == phase);
        serde_json::from_str::<serde_json::Value>(&entry.unwrap().detail).unwrap()
    };
    let attempt = of("attempt");
    assert_eq!(attempt["until"], "2026-10-01");
    assert_eq!(attempt["reason"], "bão số 5");
    assert_eq!(attempt["agency"], "H26");
    let effect = of("effect");
    assert_eq!(effect["before"], "2026-09-24");
    assert_eq!(effect["after"], "2026-10-01");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_extension_that_cannot_be_read_does_not_keep_the_house_shut() {
    let f = Fixture::with(setup()).await;
    extend(&f, extension("2026-10-30")).await.unwrap();
    let path = "extensions/raw.visits/2026-09/H26/000001.json";
    let broken = object_store::path::Path::from(path);
    let damaged = bytes::Bytes::from_static(b"{");
    object_store::ObjectStoreExt::put(&f.store, &broken, damaged.into())
        .await
        .unwrap();
    let other = f.beside().await;
    other.clock.set(LOCKED);
    is_locked(&submit(&other, visits(), "A").await.unwrap_err());
    // The books that knew it still do.
    assert_eq!(at(&f, LOCKED, "B").await, Some("on_time"));
}
