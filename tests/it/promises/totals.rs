//! Totals that the sender counted are compared before anything lands.

use service::{ErrorKind, Service, SubmitRequest};

use super::submit;
use crate::home::{Fixture, visits};

const BODY: &[(&str, &str, u32)] = &[("V-1", "Huế", 12), ("V-2", "", 8), ("V-3", "Huế", 4)];

fn declared(totals: &[(&str, &str)]) -> SubmitRequest {
    let totals = totals
        .iter()
        .map(|(n, total)| ((*n).to_owned(), (*total).to_owned()));
    SubmitRequest {
        control_totals: totals.collect(),
        ..visits()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn totals_that_agree_are_in_the_receipt_and_count_what_was_quarantined() {
    let f = Fixture::on_disk().await;
    let request = declared(&[("rows", "3"), ("minutes", "24.0")]);
    let receipt = submit(&f, request, BODY).await.unwrap().receipt;
    let totals = receipt.control_totals.iter();
    let totals: Vec<_> = totals
        .map(|t| (t.name.as_str(), t.found.as_deref()))
        .collect();
    assert_eq!(totals, [("minutes", Some("24")), ("rows", Some("3"))]);
    let kept = f.house.submission(&f.admin, receipt.id).await.unwrap();
    assert_eq!(kept.receipt, receipt);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_total_that_differs_refuses_the_body_and_says_what_was_found() {
    let f = Fixture::on_disk().await;
    let request = declared(&[("rows", "4"), ("minutes", "25")]);
    let error = submit(&f, request.clone(), BODY).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused);
    expect_test::expect![
        "`minutes` adds up to 24, and 25 was declared; the body has 3 rows, and 4 were declared"
    ]
    .assert_eq(&error.message);
    assert_eq!(f.number("select count(*) from raw.visits").await, 0);
    assert_eq!(f.number("select count(*) from system.quarantine").await, 0);
    let dry = SubmitRequest {
        dry_run: true,
        ..request
    };
    assert_eq!(
        submit(&f, dry, BODY).await.unwrap_err().kind,
        ErrorKind::Refused
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_cannot_be_read_shows_in_the_total() {
    let f = Fixture::on_disk().await;
    let body = "visit_id,office,visited_at,minutes\nV-1,Huế,2026-09-01T08:30:00+07:00,12x\n";
    let request = declared(&[("minutes", "12")]);
    let error = f.submit_this(&f.admin, request, body).await.unwrap_err();
    assert_eq!(error.message, "`minutes` adds up to 0, and 12 was declared");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_total_that_cannot_be_taken_is_told_before_the_body_is_read() {
    let f = Fixture::on_disk().await;
    let mut said = Vec::new();
    for total in [
        ("office", "1"),
        ("hours", "1"),
        ("minutes", "1e3"),
        ("rows", "many"),
    ] {
        let error = submit(&f, declared(&[total]), BODY).await.unwrap_err();
        assert_eq!((error.kind, error.submission), (ErrorKind::Invalid, None));
        said.push(error.message);
    }
    expect_test::expect![[r#"
        column `office` is `string`, which does not add up
        there is no column `hours` in `raw.visits` to sum up
        the control total of `minutes` is `1e3`, and that is no number
        the control total of `rows` is `many`, and that is no number"#]]
    .assert_eq(&said.join("\n"));
    assert_eq!(f.number("select count(*) from raw.visits").await, 0);
}
