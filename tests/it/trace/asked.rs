//! What is asked wrongly, by whom, and of which moment.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use serde_json::{Value, json};
use service::{
    At, Call, ErrorKind, MaintainRequest, Page, Principal, RunRequest, Service, ServiceError,
    SubmissionId, TraceAnswer, TraceRequest, WithdrawRequest,
};

use crate::home::{Fixture, VISITS, call};
use crate::http::Door;

const SQL: &str = "sql/served/visits_by_office.sql";
const FIGURE: &str = "served.visits_by_office";
const OFFICE: &str = "office = 'Ba Đình'";

async fn ask(
    f: &Fixture,
    who: &Call,
    dataset: &str,
    condition: &str,
    column: Option<&str>,
    at: At,
) -> Result<TraceAnswer, ServiceError> {
    let request = TraceRequest {
        dataset: dataset.parse().unwrap(),
        condition: condition.to_owned(),
        column: column.map(str::to_owned),
        at,
    };
    f.house.trace(who, request).await
}

async fn submit(f: &Fixture, prefix: &str) -> SubmissionId {
    f.clock.advance(TimeDelta::hours(1));
    let answer = f.submit(&VISITS.replace("V-", prefix), None).await.unwrap();
    answer.receipt.id
}

async fn run(f: &Fixture) -> String {
    f.clock.advance(TimeDelta::hours(1));
    let report = f.house.run(&f.admin, RunRequest::default()).await.unwrap();
    report.id.unwrap()
}

fn ids(answer: &TraceAnswer) -> BTreeSet<SubmissionId> {
    answer.submissions.iter().map(|s| s.id).collect()
}

async fn the_figures_of_a_run_are_traced_to_what_it_read(f: Fixture) {
    let first = submit(&f, "V-").await;
    let run_of_one = run(&f).await;
    let second = submit(&f, "W-").await;
    let now = |at| ask(&f, &f.admin, FIGURE, OFFICE, Some("visits"), at);
    // Received since the run, and not in what it computed.
    let answer = now(At::Now).await.unwrap();
    assert_eq!(ids(&answer), BTreeSet::from([first]));
    assert_eq!(answer.run.as_ref(), Some(&run_of_one));
    assert!(answer.exact && answer.verified, "{answer:?}");
    let run_of_two = run(&f).await;
    let answer = now(At::Now).await.unwrap();
    assert_eq!(ids(&answer), BTreeSet::from([first, second]));
    assert_eq!(answer.run, Some(run_of_two));
    assert_eq!(answer.submissions.iter().map(|s| s.rows).sum::<u64>(), 2);
    let request = WithdrawRequest {
        id: first,
        reason: "sent by mistake".to_owned(),
    };
    f.house.withdraw(&f.admin, request).await.unwrap();
    run(&f).await;
    assert_eq!(ids(&now(At::Now).await.unwrap()), BTreeSet::from([second]));
    // What a run published and read stays, also when files that nobody needs are deleted.
    let request = MaintainRequest {
        delete: true,
        keep_hours: Some(1),
        ..MaintainRequest::default()
    };
    f.clock.advance(TimeDelta::days(30));
    f.house.maintain(&f.admin, request).await.unwrap();
    let answer = now(At::Run(run_of_one.clone())).await.unwrap();
    assert_eq!(ids(&answer), BTreeSet::from([first]));
    assert!(answer.verified, "{answer:?}");
    assert_eq!(ids(&now(At::Now).await.unwrap()), BTreeSet::from([second]));
}

#[tokio::test(flavor = "multi_thread")]
async fn on_disk_the_figures_of_a_run_are_traced_to_what_it_read() {
    the_figures_of_a_run_are_traced_to_what_it_read(Fixture::on_disk().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_s3_the_figures_of_a_run_are_traced_to_what_it_read() {
    the_figures_of_a_run_are_traced_to_what_it_read(Fixture::on_s3().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_as_they_were_received_are_traced_to_their_submissions() {
    let f = Fixture::on_disk().await;
    let id = submit(&f, "V-").await;
    submit(&f, "W-").await;
    let answer = ask(
        &f,
        &f.admin,
        "raw.visits",
        "visit_id = 'V-1'",
        None,
        At::Now,
    );
    let answer = answer.await.unwrap();
    assert_eq!(ids(&answer), BTreeSet::from([id]));
    assert_eq!((answer.rows, answer.run), (1, None));
    let nothing = ask(&f, &f.admin, "raw.visits", "visit_id = 'X'", None, At::Now);
    let nothing = nothing.await.unwrap();
    assert_eq!((nothing.rows, nothing.submissions.len()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_traced_is_told_with_the_way_out() {
    let f = Fixture::on_disk().await;
    let wrong = [
        (
            "served.nothing",
            "true",
            None,
            ErrorKind::NotFound,
            "there is no dataset `served.nothing`",
        ),
        (
            "codes.agencies",
            "true",
            None,
            ErrorKind::Invalid,
            "neither computed nor received",
        ),
        (
            FIGURE,
            "true",
            None,
            ErrorKind::NotFound,
            "holds nothing that a run computed",
        ),
    ];
    let told = async |dataset, condition, column, kind, said: &str| {
        let error = ask(&f, &f.admin, dataset, condition, column, At::Now)
            .await
            .unwrap_err();
        assert_eq!(error.kind, kind, "{dataset} {condition}: {error:?}");
        assert!(
            error.message.contains(said),
            "{dataset} {condition}: {error:?}"
        );
        assert!(error.hint.is_some(), "{dataset} {condition}: {error:?}");
    };
    for (dataset, condition, column, kind, said) in wrong {
        told(dataset, condition, column, kind, said).await;
    }
    submit(&f, "V-").await;
    run(&f).await;
    for (condition, column, said) in [
        ("town = 'x'", None, "town"),
        (
            "visits",
            None,
            "Cannot create filter with non-boolean predicate",
        ),
        ("office =", None, "the SQL cannot be read"),
        ("", None, "the SQL cannot be read"),
        ("true; drop table x", None, "the SQL cannot be read"),
        (
            "office in (select office from raw.visits)",
            None,
            "the condition holds a query",
        ),
        ("true", Some("town"), "there is no column `town`"),
    ] {
        told(FIGURE, condition, column, ErrorKind::Invalid, said).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_traced_by_the_sql_that_computed_them_and_by_no_other() {
    let f = Fixture::on_disk().await;
    submit(&f, "V-").await;
    run(&f).await;
    f.files
        .edit(SQL, |sql| sql.replacen("count(*)", "count(1)", 1));
    f.files.bless().await;
    f.house.apply(&f.admin).await.unwrap();
    let ask_now = || ask(&f, &f.admin, FIGURE, "true", None, At::Now);
    let error = ask_now().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Conflict, "{error:?}");
    assert!(
        error.message.contains("is not the one that computed"),
        "{error:?}"
    );
    assert!(error.hint.is_some(), "{error:?}");
    run(&f).await;
    assert_eq!(ask_now().await.unwrap().submissions.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_not_query_traces_published_figures_alone_and_all_of_it_is_recorded() {
    let f = Fixture::on_disk().await;
    submit(&f, "V-").await;
    run(&f).await;
    let with_role = async |role: &str| {
        let principal = Principal {
            name: format!("a {role}"),
            role: role.to_owned(),
            agency: (role == "submitter").then(|| "H26".parse().unwrap()),
        };
        call(&f.house.create_token(&f.admin, &principal).await.unwrap())
    };
    let auditor = with_role("auditor").await;
    let answer = ask(&f, &auditor, FIGURE, OFFICE, None, At::Now)
        .await
        .unwrap();
    assert_eq!(answer.submissions.len(), 1);
    let rows = ask(&f, &auditor, "raw.visits", "minutes = 12", None, At::Now).await;
    assert_eq!(rows.unwrap_err().kind, ErrorKind::Forbidden);
    let submitter = with_role("submitter").await;
    let refused = ask(&f, &submitter, FIGURE, OFFICE, None, At::Now).await;
    assert_eq!(refused.unwrap_err().kind, ErrorKind::Forbidden);
    let page = Page {
        offset: 0,
        limit: 100,
    };
    let entries = f.house.audit_entries(&f.admin, page).await.unwrap();
    let of = entries.iter().filter(|e| e.action == "trace");
    let of: Vec<_> = of
        .map(|e| (e.principal.as_str(), e.outcome.as_str()))
        .collect();
    assert_eq!(
        of,
        [
            ("a submitter", "denied"),
            ("a auditor", "failed"),
            ("a auditor", "allowed"),
            ("a auditor", "done"),
            ("a auditor", "allowed"),
        ]
    );
    assert!(
        entries.iter().any(|e| e.detail.contains("minutes = 12")),
        "{entries:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn over_http_the_receipt_of_what_is_named_is_one_request_further() {
    let door = Door::over(Fixture::on_disk().await);
    submit(&door.fixture, "V-").await;
    run(&door.fixture).await;
    let body = json!({ "dataset": FIGURE, "where": OFFICE, "column": "visits" });
    let answer = door.post_as("/api/v1/trace", &body, "*/*").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let traced: Value = serde_json::from_str(&answer.text).unwrap();
    assert_eq!(
        (&traced["rows"], &traced["exact"]),
        (&json!(1), &json!(true))
    );
    let submission = &traced["submissions"][0];
    assert_eq!(
        (&submission["role"], &submission["rows"]),
        (&json!("value"), &json!(1))
    );
    let receipt = door.get(submission["receipt"].as_str().unwrap()).await;
    assert_eq!(receipt.status, 200, "{}", receipt.text);
    let receipt: Value = serde_json::from_str(&receipt.text).unwrap();
    assert_eq!(receipt["evidence"]["sha256"], submission["evidence_sha256"]);
    let wrong = json!({ "dataset": FIGURE, "where": "town = 'x'" });
    let answer = door.post_as("/api/v1/trace", &wrong, "*/*").await;
    assert_eq!(answer.status, 400, "{}", answer.text);
    assert!(
        answer.text.contains("No field named town"),
        "{}",
        answer.text
    );
}
