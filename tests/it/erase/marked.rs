//! Evidence that may hold personal data is marked, whatever became of the rows.

use object_store::ObjectStoreExt;
use service::{Restriction, Service, SubmissionId, SubmissionState};
use testkit::{Fault, Op};

use super::{HEADER, key, of, sent, small};
use crate::home::{Fixture, Setup, visits};

const RAW: &str = "warehouse/raw/visits.odcs.yaml";

async fn why(f: &Fixture, id: SubmissionId) -> Option<Restriction> {
    of(f, id).await.restricted
}

/// The id of a submission that is refused as a whole.
async fn refused(f: &Fixture, body: &str) -> SubmissionId {
    let error = f.submit(body, None).await.unwrap_err();
    error.submission.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_judging_hides_marks_the_evidence() {
    let f = Fixture::on_disk().await;
    let clean = format!("{HEADER}V-1,Huế,2026-09-01T08:30:00+07:00,12\n");
    let bad = format!("{clean}V-2,Huế,2026-09-01T08:30:00+07:00,-5\n");
    for body in [&clean, &bad] {
        let id = sent(&f, visits(), body).await;
        assert_eq!(why(&f, id).await, None, "{body}");
    }
    let id = sent(&f, visits(), &small("P")).await;
    assert_eq!(why(&f, id).await, Some(Restriction::PersonalData));
    // No row of it landed.
    let none = refused(
        &f,
        &format!("{HEADER}V-3,a@b.vn,2026-09-01T08:30:00+07:00,1\n"),
    )
    .await;
    assert_eq!(why(&f, none).await, Some(Restriction::PersonalData));
    // A dry run keeps nothing, so it marks nothing.
    f.submit_as(&f.admin, &small("Q"), None, true)
        .await
        .unwrap();
    let f = f.reopened().await;
    assert_eq!(why(&f, id).await, Some(Restriction::PersonalData));
    assert_eq!(why(&f, none).await, Some(Restriction::PersonalData));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_was_not_read_to_its_end_is_marked() {
    let f = Fixture::on_disk().await;
    let unknown = refused(&f, "visit_id,phone\nV-1,0912345678\n").await;
    assert_eq!(why(&f, unknown).await, Some(Restriction::Unread));
    // A total that differs is found when all was read.
    let mut request = visits();
    request
        .control_totals
        .insert("rows".to_owned(), "7".to_owned());
    let clean = format!("{HEADER}V-1,Huế,2026-09-01T08:30:00+07:00,12\n");
    let error = f
        .submit_this(&f.admin, request.clone(), &clean)
        .await
        .unwrap_err();
    assert_eq!(why(&f, error.submission.unwrap()).await, None);
    let error = f
        .submit_this(&f.admin, request, &small("M"))
        .await
        .unwrap_err();
    let id = error.submission.unwrap();
    assert_eq!(why(&f, id).await, Some(Restriction::PersonalData));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contract_that_says_so_marks_every_body_before_it_is_judged() {
    let text = String::from_utf8(Setup::default().sources.get(RAW).unwrap().to_vec()).unwrap();
    let classified = text.replace(
        "{ property: classification, value: internal }",
        "{ property: classification, value: restricted }",
    );
    let allowed = text.replacen(
        "{ property: businessName.en, value: Office }",
        "{ property: businessName.en, value: Office }, { property: personalData, value: allowed }",
        1,
    );
    let clean = format!("{HEADER}V-1,Huế,2026-09-01T08:30:00+07:00,12\n");
    for contract in [classified, allowed] {
        assert_ne!(contract, text);
        let f = Fixture::with(Setup::default().with_file(RAW, &contract)).await;
        let id = sent(&f, key("k"), &clean).await;
        assert_eq!(why(&f, id).await, Some(Restriction::Classified));
        // Its manifest says so.
        let other = f.beside().await;
        sent(&other, key("k"), &clean).await;
        assert_eq!(why(&other, id).await, Some(Restriction::Classified));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mark_outlives_a_crash_between_commit_and_books() {
    let log = "raw/visits/_delta_log";
    let entry = format!("{log}/{:020}", 1);
    let page = service::Page {
        offset: 0,
        limit: 10,
    };
    let mut lost = 0;
    for nth in 2..8 {
        let f = Fixture::on_disk().await;
        // The commit lands, and nothing is heard of it.
        f.faults.plan(Fault::after(Op::Put, log));
        f.faults.plan(Fault::before(Op::Put, log).nth(2).times(99));
        let unread = Fault::before(Op::Get, &entry).nth(nth).times(99);
        f.faults.plan(unread);
        let sent = f.submit(&small("L"), Some("k")).await;
        let path = object_store::path::Path::from(format!("delta/{entry}.json"));
        if sent.is_ok() || f.store.head(&path).await.is_err() {
            continue;
        }
        lost += 1;
        let f = f.reopened().await;
        let found = f.house.submissions(&f.admin, page).await.unwrap();
        let [found] = &found[..] else {
            panic!("{found:?}")
        };
        assert_eq!(found.state, SubmissionState::Committed);
        assert_eq!(found.restricted, Some(Restriction::PersonalData));
        assert_eq!(found.receipt.rows.landed, 2);
        assert_eq!(f.number("select count(*) from raw.visits").await, 2);
    }
    assert!(lost > 0, "no commit was lost");
}
