//! A later submission replaces, corrects or withdraws an earlier one; history stays.

use chrono::TimeDelta;
use service::{
    At, Ended, ErrorKind, Relation, RunRequest, Service, ServiceError, Submission, SubmissionId,
    SubmissionState, SubmitRequest, WithdrawRequest,
};

use super::{all, key, landed, related, submit};
use crate::home::{Fixture, visits};
use testkit::{Fault, Op};

const FIRST: &[(&str, &str, u32)] = &[("V-1", "Ba Đình", 12), ("V-2", "Cầu Giấy", 8)];

async fn withdraw(f: &Fixture, id: SubmissionId) -> Result<Submission, ServiceError> {
    let reason = "sent by mistake".to_owned();
    f.house
        .withdraw(&f.admin, WithdrawRequest { id, reason })
        .await
}

async fn of(f: &Fixture, id: SubmissionId) -> Submission {
    f.house.submission(&f.admin, id).await.unwrap()
}

async fn a_replacement_takes_the_place_of_every_row(f: Fixture) {
    let other = landed(&f, visits(), &[("W-1", "Huế", 1)]).await;
    let first = landed(&f, visits(), FIRST).await;
    let then = (f.clock.shared())();
    f.clock.advance(TimeDelta::seconds(5));
    let answer = submit(
        &f,
        related(Relation::Replaces(first)),
        &[("V-1", "Ba Đình", 15)],
    )
    .await;
    let receipt = answer.unwrap().receipt;
    let superseded = receipt.supersedes.unwrap();
    assert_eq!(
        (superseded.relation, superseded.rows),
        (Relation::Replaces(first), 2)
    );
    assert_eq!(all(&f).await, "V-1 15, W-1 1");
    let ended = of(&f, first).await;
    assert_eq!(ended.state, SubmissionState::Committed);
    let at = receipt.committed_at.unwrap();
    assert_eq!(
        ended.ended,
        Some(Ended {
            by: Some(receipt.id),
            at
        })
    );
    assert_eq!(of(&f, receipt.id).await.receipt, receipt);
    assert_eq!(of(&f, other).await.ended, None);
    // What was, is there for whoever asks at that time.
    let before = f.text_at(super::ALL, At::Instant(then)).await;
    assert_eq!(before, "V-1 12, V-2 8, W-1 1");
}

async fn a_correction_takes_the_place_of_rows_with_its_keys(f: Fixture) {
    // Another submission has the same key: it is not touched.
    landed(&f, visits(), &[("V-1", "Huế", 99)]).await;
    let first = landed(&f, visits(), FIRST).await;
    let fix = related(Relation::Corrects(first));
    let answer = submit(&f, fix, &[("V-2", "Cầu Giấy", 9), ("V-3", "Cầu Giấy", 3)]).await;
    let second = answer.unwrap().receipt;
    assert_eq!(second.supersedes.unwrap().rows, 1);
    assert_eq!(all(&f).await, "V-1 12, V-1 99, V-2 9, V-3 3");
    // A correction of the correction is one of the same family.
    let again = related(Relation::Corrects(second.id));
    let third = submit(&f, again, &[("V-3", "Cầu Giấy", 4)])
        .await
        .unwrap()
        .receipt;
    let superseded = third.supersedes.unwrap();
    assert_eq!(
        (superseded.relation, superseded.rows),
        (Relation::Corrects(first), 1)
    );
    assert_eq!(all(&f).await, "V-1 12, V-1 99, V-2 9, V-3 4");
    // A replacement takes the whole family along.
    let anew = related(Relation::Replaces(first));
    let fourth = submit(&f, anew, &[("V-9", "Ba Đình", 1)])
        .await
        .unwrap()
        .receipt;
    assert_eq!(fourth.supersedes.unwrap().rows, 3);
    assert_eq!(all(&f).await, "V-1 99, V-9 1");
}

async fn what_is_withdrawn_leaves_with_its_corrections(f: Fixture) {
    landed(&f, visits(), &[("W-1", "Huế", 1)]).await;
    let first = landed(&f, visits(), FIRST).await;
    landed(
        &f,
        related(Relation::Corrects(first)),
        &[("V-2", "Cầu Giấy", 9)],
    )
    .await;
    let withdrawn = withdraw(&f, first).await.unwrap();
    assert_eq!(withdrawn.ended.unwrap().by, None);
    assert_eq!(all(&f).await, "W-1 1");
    // Again, it is answered as the first time, and nothing is committed.
    let version = f.number("select count(*) from raw.visits").await;
    assert_eq!(withdraw(&f, first).await.unwrap(), withdrawn);
    assert_eq!(f.number("select count(*) from raw.visits").await, version);
    let said = submit(&f, related(Relation::Corrects(first)), FIRST)
        .await
        .unwrap_err();
    assert_eq!(said.kind, ErrorKind::Conflict);
    assert_eq!(said.message, format!("submission `{first}` was withdrawn"));
}

#[tokio::test(flavor = "multi_thread")]
async fn on_disk_a_replacement_takes_the_place_of_every_row() {
    a_replacement_takes_the_place_of_every_row(Fixture::on_disk().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_s3_a_replacement_takes_the_place_of_every_row() {
    a_replacement_takes_the_place_of_every_row(Fixture::on_s3().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_disk_a_correction_takes_the_place_of_rows_with_its_keys() {
    a_correction_takes_the_place_of_rows_with_its_keys(Fixture::on_disk().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_s3_a_correction_takes_the_place_of_rows_with_its_keys() {
    a_correction_takes_the_place_of_rows_with_its_keys(Fixture::on_s3().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_disk_what_is_withdrawn_leaves_with_its_corrections() {
    what_is_withdrawn_leaves_with_its_corrections(Fixture::on_disk().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_s3_what_is_withdrawn_leaves_with_its_corrections() {
    what_is_withdrawn_leaves_with_its_corrections(Fixture::on_s3().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_stand_cannot_be_changed() {
    let f = Fixture::on_disk().await;
    let first = landed(&f, visits(), FIRST).await;
    let fix = landed(&f, related(Relation::Corrects(first)), &[("V-1", "Huế", 2)]).await;
    let unknown: SubmissionId = "0192f0c1-0000-7000-8000-000000000001".parse().unwrap();
    let refused = submit(&f, visits(), &[("V-1", "", 9999)])
        .await
        .unwrap_err();
    let refused = refused.submission.unwrap();
    let october = SubmitRequest {
        relation: Some(Relation::Replaces(first)),
        period: "2026-10".parse().unwrap(),
        ..visits()
    };
    let elsewhere = SubmitRequest {
        relation: Some(Relation::Replaces(first)),
        agency: Some("H29".parse().unwrap()),
        ..visits()
    };
    let mut said = Vec::new();
    for request in [
        related(Relation::Replaces(fix)),
        related(Relation::Replaces(unknown)),
        related(Relation::Corrects(refused)),
        october,
        elsewhere,
    ] {
        let error = submit(&f, request, FIRST).await.unwrap_err();
        let message = error.message.replace(&first.to_string(), "FIRST");
        let message = message.replace(&fix.to_string(), "FIX");
        said.push(format!(
            "{:?}: {}",
            error.kind,
            message.replace(&refused.to_string(), "REFUSED")
        ));
        assert!(error.hint.is_some(), "{message}");
    }
    let error = withdraw(&f, fix).await.unwrap_err();
    said.push(format!("{:?}", error.kind));
    expect_test::expect![[r#"
        Conflict: submission `FIX` is a correction of `FIRST`
        NotFound: there is no submission `0192f0c1-0000-7000-8000-000000000001`
        Conflict: submission `REFUSED` was refused, so there is nothing of it to change
        Conflict: submission `FIRST` is of agency `H26` for `raw.visits` in period `2026-09`
        Conflict: submission `FIRST` is of agency `H26` for `raw.visits` in period `2026-09`
        Conflict"#]]
    .assert_eq(&said.join("\n"));
    assert_eq!(all(&f).await, "V-1 2, V-2 8");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_replacements_at_once_one_takes_the_place_and_the_other_is_told() {
    let f = Fixture::on_disk().await;
    let first = landed(&f, visits(), FIRST).await;
    let one = submit(&f, related(Relation::Replaces(first)), &[("A", "Huế", 1)]);
    let two = submit(&f, related(Relation::Replaces(first)), &[("B", "Huế", 2)]);
    let (one, two) = futures::join!(one, two);
    let (rows, won, lost) = match (one, two) {
        (Ok(won), Err(lost)) => ("A 1", won, lost),
        (Err(lost), Ok(won)) => ("B 2", won, lost),
        other => panic!("{other:?}"),
    };
    assert_eq!(all(&f).await, rows);
    assert!(
        matches!(lost.kind, ErrorKind::Refused | ErrorKind::Conflict),
        "{lost:?}"
    );
    assert_eq!(of(&f, first).await.ended.unwrap().by, Some(won.receipt.id));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correction_whose_answer_is_lost_happens_once() {
    let f = Fixture::on_disk().await;
    let first = landed(&f, visits(), FIRST).await;
    let request = || SubmitRequest {
        relation: Some(Relation::Corrects(first)),
        control_totals: [("minutes".to_owned(), "9.0".to_owned())].into(),
        ..key("fix")
    };
    // The commit lands, and nothing is heard of it.
    f.faults
        .plan(Fault::after(Op::Put, "raw/visits/_delta_log"));
    f.faults.plan(
        Fault::before(Op::Put, "raw/visits/_delta_log")
            .nth(2)
            .times(9),
    );
    f.faults.plan(
        Fault::before(Op::Get, "raw/visits/_delta_log/00000000000000000002")
            .nth(2)
            .times(9),
    );
    let fix = [("V-2", "Cầu Giấy", 9)];
    let unknown = submit(&f, request(), &fix).await.unwrap_err();
    assert_eq!(unknown.kind, ErrorKind::Unavailable, "{unknown:?}");
    let f = f.reopened().await;
    assert_eq!(all(&f).await, "V-1 12, V-2 9");
    let told = submit(&f, request(), &fix).await.unwrap();
    assert!(told.replayed);
    assert_eq!(told.receipt.supersedes.unwrap().rows, 1);
    assert_eq!(told.receipt.table_version, Some(2));
    // As it was found, not as it was declared.
    assert_eq!(told.receipt.control_totals[0].found.as_deref(), Some("9"));
    assert_eq!(all(&f).await, "V-1 12, V-2 9");
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_follow_a_correction_with_the_next_run() {
    let f = Fixture::on_disk().await;
    let first = landed(&f, visits(), FIRST).await;
    let run = async || f.house.run(&f.admin, RunRequest::default()).await.unwrap();
    let sum = "select sum(minutes) from served.visits_by_office";
    run().await;
    assert_eq!(f.number(sum).await, 20);
    landed(
        &f,
        related(Relation::Corrects(first)),
        &[("V-2", "Cầu Giấy", 10)],
    )
    .await;
    run().await;
    assert_eq!(f.number(sum).await, 22);
    withdraw(&f, first).await.unwrap();
    run().await;
    assert_eq!(
        f.number("select count(*) from served.visits_by_office")
            .await,
        0
    );
}
