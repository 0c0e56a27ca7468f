//! Obligations through the HTTP door.

use axum::body::Body;
use axum::http::{Request, header};
use serde_json::{Value, json};
use service::{Principal, Service};

use super::{LOCKED, setup};
use crate::home::{Fixture, VISITS};
use crate::http::{Answer, Door};

async fn door() -> Door {
    Door::over(Fixture::with(setup()).await)
}

/// A token of someone who acts for an agency.
async fn token(door: &Door, role: &str, agency: Option<&str>) -> String {
    let f = &door.fixture;
    let principal = Principal {
        name: "lan".to_owned(),
        role: role.to_owned(),
        agency: agency.map(|agency| agency.parse().unwrap()),
    };
    let token = f.house.create_token(&f.admin, &principal).await.unwrap();
    token.reveal().to_owned()
}

async fn post(door: &Door, token: &str, body: &Value) -> Answer {
    let request = Request::post("/api/v1/obligations/extensions")
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, "application/json");
    let body = Body::from(body.to_string());
    door.send(request.body(body).unwrap()).await
}

async fn get(door: &Door, token: &str, path: &str) -> Answer {
    let request = Request::get(path).header(header::AUTHORIZATION, format!("Bearer {token}"));
    door.send(request.body(Body::empty()).unwrap()).await
}

fn wanted() -> Value {
    json!({
        "dataset": "raw.visits",
        "agency": "H26",
        "period": "2026-09",
        "until": "2026-10-31",
        "reason": "bão",
    })
}

fn summary(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
    let all = answer.json();
    let line = |o: &Value| {
        let word = |name: &str| o[name].as_str().unwrap_or("-").to_owned();
        format!(
            "{} {} {} {} {} {} {}",
            word("agency"),
            word("period"),
            word("state"),
            word("due_on"),
            word("locks_at"),
            o["submissions"],
            o["extensions"].as_array().unwrap().len()
        )
    };
    all.as_array().unwrap().iter().map(line).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn obligations_show_who_owes_what_and_what_was_handed_in() {
    let door = door().await;
    let admin = token(&door, "administrator", None).await;
    door.submit("text/csv", None, VISITS.to_owned()).await;
    let list = "/api/v1/obligations";
    // The month that ended last.
    assert_eq!(
        summary(&get(&door, &admin, list).await),
        [
            "H26 2026-09 open 2026-09-24 2026-10-14T17:00:00Z 1 0",
            "H29 2026-09 open 2026-09-24 2026-10-14T17:00:00Z 0 0",
        ]
    );
    door.fixture.clock.set(LOCKED);
    let extended = post(&door, &admin, &wanted()).await;
    assert_eq!(extended.status.as_u16(), 200, "{}", extended.text);
    assert_eq!(extended.json()["due_on"], "2026-10-31");
    assert_eq!(
        summary(&get(&door, &admin, &format!("{list}?period=2026-09")).await),
        [
            "H26 2026-09 open 2026-10-31 2026-10-31T17:00:00Z 1 1",
            "H29 2026-09 locked 2026-09-24 2026-10-14T17:00:00Z 0 0",
        ]
    );
    let one = format!("{list}?dataset=raw.visits&period=2026-10&agency=H29");
    assert_eq!(
        summary(&get(&door, &admin, &one).await),
        ["H29 2026-10 open 2026-10-24 2026-11-13T17:00:00Z 0 0"]
    );
    let second = format!("{list}?period=2026-09&offset=1&limit=1");
    let second = summary(&get(&door, &admin, &second).await);
    assert!(
        second.len() == 1 && second[0].starts_with("H29"),
        "{second:?}"
    );
    for (query, status) in [
        ("period=2026-13", 400),
        ("period=2027-01", 400),
        ("dataset=raw.nothing", 404),
        ("agency=x", 400),
        ("what=x", 400),
    ] {
        let answer = get(&door, &admin, &format!("{list}?{query}")).await;
        answer.problem(status);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agency_sees_its_own_obligation_and_cannot_extend_it() {
    let door = door().await;
    let own = token(&door, "submitter", Some("H29")).await;
    let list = "/api/v1/obligations";
    let shown = summary(&get(&door, &own, list).await);
    assert!(shown.len() == 1 && shown[0].starts_with("H29"), "{shown:?}");
    let other = get(&door, &own, &format!("{list}?agency=H26")).await;
    other.problem(403);
    let mut own_deadline = wanted();
    own_deadline["agency"] = json!("H29");
    let refused = post(&door, &own, &own_deadline).await.problem(403);
    assert_eq!(
        refused["detail"],
        "role `submitter` may not `extend_deadline` on dataset `raw.visits`"
    );
    assert_eq!(door.open(list).await.status.as_u16(), 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_extension_is_told_what_is_wrong_with_it() {
    let door = door().await;
    let admin = token(&door, "administrator", None).await;
    for (member, value, status) in [
        ("until", json!("31/10/2026"), 400),
        ("until", json!("2026-09-24"), 409),
        ("dataset", json!("visits"), 400),
        ("agency", json!("nobody"), 400),
        ("period", json!("9"), 400),
        ("reason", json!(""), 400),
        ("dataset", json!("served.visits_by_office"), 404),
        ("why", json!("x"), 400),
    ] {
        let mut body = wanted();
        body[member] = value;
        let problem = post(&door, &admin, &body).await.problem(status);
        assert!(problem["detail"].is_string(), "{problem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_period_answers_409_with_the_deadline_and_who_may_extend_it() {
    let door = door().await;
    door.fixture.clock.set(LOCKED);
    let refused = door.submit("text/csv", None, VISITS.to_owned()).await;
    let problem = refused.problem(409);
    let detail = problem["detail"].as_str().unwrap();
    for part in ["due on 2026-09-24", "since 2026-10-15T00:00:00+07:00"] {
        assert!(detail.contains(part), "{detail}");
    }
    let hint = problem["hint"].as_str().unwrap();
    assert!(hint.contains("role `administrator`"), "{hint}");
}
