//! Rolling back over HTTP: the answer, and who gets it.

use axum::body::Body;
use axum::http::{Request, header};
use serde_json::{Value, json};
use service::{Page, Principal, Service};

use super::{submitted_and_run, with_two_figures};
use crate::home::Fixture;
use crate::http::{Answer, Door};

async fn post(door: &Door, path: &str, role: &str) -> Answer {
    let f = &door.fixture;
    let principal = Principal {
        name: format!("some {role}"),
        role: role.to_owned(),
        agency: None,
    };
    let token = f.house.create_token(&f.admin, &principal).await.unwrap();
    let request = Request::post(path)
        .header(header::AUTHORIZATION, format!("Bearer {}", token.reveal()))
        .body(Body::empty());
    door.send(request.unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn over_http_a_rollback_is_for_those_who_apply_and_is_recorded() {
    let f = with_two_figures(Fixture::on_disk().await).await;
    submitted_and_run(&f, "V-").await;
    let second = submitted_and_run(&f, "W-").await;
    let door = Door::over(f);
    let path = format!("/api/v1/runs/{second}/rollback");
    for role in ["analyst", "auditor"] {
        post(&door, &path, role).await.problem(403);
    }
    let absent = "/api/v1/runs/absent/rollback";
    post(&door, absent, "operator").await.problem(404);
    let answer = post(&door, &path, "data_engineer").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let told = answer.json();
    assert_eq!(
        (&told["run"], &told["undone"]),
        (&json!(second), &json!([second]))
    );
    assert_eq!(
        told["restored"][0],
        json!({ "dataset": "served.office_visits", "from": 2, "to": 1, "version": 3 })
    );
    let problem = post(&door, &path, "administrator").await.problem(409);
    assert_ne!(problem["hint"], Value::Null, "{problem}");

    let page = Page {
        offset: 0,
        limit: 100,
    };
    let f = &door.fixture;
    let entries = f.house.audit_entries(&f.admin, page).await.unwrap();
    let of = entries.iter().filter(|e| e.action == "rollback");
    let of: Vec<_> = of
        .map(|e| (e.principal.as_str(), e.outcome.as_str()))
        .collect();
    assert_eq!(
        of,
        [
            ("some administrator", "failed"),
            ("some administrator", "allowed"),
            ("some data_engineer", "done"),
            ("some data_engineer", "allowed"),
            ("some operator", "failed"),
            ("some operator", "allowed"),
            ("some auditor", "denied"),
            ("some analyst", "denied"),
        ]
    );
    let resource = format!("run `{second}`");
    assert!(entries.iter().any(|e| e.resource == resource));
}
