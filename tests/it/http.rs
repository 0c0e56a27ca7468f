//! The HTTP door over a whole house: statuses, bodies, and what is open without credentials.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use api::{ApiLimits, ApiState};
use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};
use service::Credential;
use tower::ServiceExt;

use crate::home::{Fixture, VISITS};

/// The size that this door takes at the most.
pub const BODY_BYTES: u64 = 64 << 10;

/// A door with the token of its administrator.
pub struct Door {
    pub fixture: Fixture,
    router: Router,
    token: String,
}

/// An answer, read whole.
pub struct Answer {
    pub status: StatusCode,
    pub headers: axum::http::HeaderMap,
    pub bytes: bytes::Bytes,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }

    /// The detail of a problem, which must be one.
    #[track_caller]
    pub fn problem(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        assert_eq!(
            self.headers[header::CONTENT_TYPE],
            "application/problem+json"
        );
        let problem = self.json();
        assert_eq!(problem["status"], status);
        assert!(
            problem["detail"].as_str().is_some_and(|d| !d.is_empty()),
            "{problem}"
        );
        problem
    }
}

impl Door {
    pub async fn new() -> Self {
        Self::over(Fixture::on_disk().await)
    }

    /// A door over that house.
    pub fn over(fixture: Fixture) -> Self {
        Self::taking(fixture, BODY_BYTES)
    }

    /// A door over that house that takes bodies of that size.
    pub fn taking(fixture: Fixture, body_bytes: u64) -> Self {
        let next = AtomicU64::new(1);
        let state = ApiState {
            service: Arc::clone(&fixture.house) as Arc<dyn service::Service>,
            metrics: Arc::new(String::new),
            correlation_ids: Arc::new(move || {
                format!("c-{}", next.fetch_add(1, Ordering::Relaxed))
            }),
            limits: ApiLimits {
                body_bytes,
                ..ApiLimits::default()
            },
            spool_folder: fixture.spool_folder(),
            https: false,
        };
        let token = match fixture.admin.credential.clone() {
            Some(Credential::Token(secret)) => secret.reveal().to_owned(),
            _ => String::new(),
        };
        Self {
            fixture,
            router: api::router(state),
            token,
        }
    }

    /// A door over the same home, opened again as after a crash.
    pub async fn reopened(self) -> Self {
        self.reopened_with(|_| {}).await
    }

    /// The same with other limits.
    pub async fn reopened_with(self, change: impl FnOnce(&mut conduct::Settings)) -> Self {
        let Self {
            fixture, router, ..
        } = self;
        drop(router);
        Self::over(fixture.reopened_with(change).await)
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let bytes = axum::body::to_bytes(body, 64 << 20).await.unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Answer {
            status: parts.status,
            headers: parts.headers,
            bytes,
            text,
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        let request = Request::get(path).header(header::AUTHORIZATION, self.bearer());
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// What a stranger gets.
    pub async fn open(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap())
            .await
    }

    pub async fn query(&self, sql: &str) -> Answer {
        self.query_as(sql, "*/*").await
    }

    /// The answer to a query in the form that `accept` asks for.
    pub async fn query_as(&self, sql: &str, accept: &str) -> Answer {
        self.post_as("/api/v1/query", &json!({ "sql": sql }), accept)
            .await
    }

    pub async fn post_as(&self, path: &str, body: &Value, accept: &str) -> Answer {
        let request = Request::post(path)
            .header(header::AUTHORIZATION, self.bearer())
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, accept);
        self.send(request.body(Body::from(body.to_string())).unwrap())
            .await
    }

    pub async fn submit(
        &self,
        media_type: &str,
        key: Option<&str>,
        body: impl Into<Body>,
    ) -> Answer {
        self.submit_to("raw.visits", media_type, key, body).await
    }

    pub async fn submit_to(
        &self,
        dataset: &str,
        media_type: &str,
        key: Option<&str>,
        body: impl Into<Body>,
    ) -> Answer {
        let path = format!("/api/v1/datasets/{dataset}/submissions?period=2026-09&agency=H26");
        self.post_body(&path, media_type, key, body).await
    }

    /// A submission that is checked and not to land.
    pub async fn dry_run(&self, media_type: &str, key: &str, body: impl Into<Body>) -> Answer {
        let path = "/api/v1/datasets/raw.visits/submissions?period=2026-09&agency=H26&dry_run=true";
        self.post_body(path, media_type, Some(key), body).await
    }

    async fn post_body(
        &self,
        path: &str,
        media_type: &str,
        key: Option<&str>,
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::post(path)
            .header(header::AUTHORIZATION, self.bearer())
            .header(header::CONTENT_TYPE, media_type);
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        self.send(request.body(body.into()).unwrap()).await
    }

    /// A submission with more in its query string and headers.
    pub async fn submit_with(
        &self,
        more: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let path = "/api/v1/datasets/raw.visits/submissions?period=2026-09&agency=H26";
        self.post_with(&format!("{path}{more}"), headers, body)
            .await
    }

    /// A body with these headers.
    pub async fn post_with(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::post(path).header(header::AUTHORIZATION, self.bearer());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(body.into()).unwrap()).await
    }

    /// A submission that says beforehand how long it is.
    pub async fn submit_told(&self, media_type: &str, bytes: u64) -> Answer {
        let request =
            Request::post("/api/v1/datasets/raw.visits/submissions?period=2026-09&agency=H26")
                .header(header::AUTHORIZATION, self.bearer())
                .header(header::CONTENT_TYPE, media_type)
                .header(header::CONTENT_LENGTH, bytes);
        self.send(request.body(Body::empty()).unwrap()).await
    }

    pub fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submission_answers_201_with_the_receipt_and_its_replay_200_with_the_same_body() {
    let door = Door::new().await;
    let first = door
        .submit("text/csv; charset=utf-8", Some("k"), VISITS)
        .await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.text);
    let receipt = first.json();
    assert_eq!(receipt["agency"], "H26");
    assert_eq!(receipt["rows"]["landed"], 2);
    assert_eq!(receipt["rows"]["quarantined"], 1);
    assert_eq!(receipt["evidence"]["size_bytes"], VISITS.len());
    assert_eq!(receipt["errors_total"], 2);
    let again = door.submit("text/csv", Some("k"), VISITS).await;
    assert_eq!((again.status, &again.text), (StatusCode::OK, &first.text));
    door.submit("text/csv", Some("k"), VISITS.replace("V-1", "V-9"))
        .await
        .problem(409);
    let id = receipt["id"].as_str().unwrap();
    let errors = door
        .get(&format!("/api/v1/submissions/{id}/errors?offset=0&limit=1"))
        .await;
    assert_eq!(
        errors.json()["errors"].as_array().unwrap().len(),
        1,
        "{}",
        errors.text
    );
    let kept = door
        .get(&format!("/api/v1/submissions/{id}/receipt"))
        .await
        .json();
    assert_eq!(kept["id"], receipt["id"]);
    assert_eq!(
        door.get(&format!("/api/v1/submissions/{id}/evidence"))
            .await
            .text,
        VISITS
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_answers_in_the_form_that_was_asked_for() {
    let door = Door::new().await;
    door.submit("text/csv", None, VISITS).await;
    let sql = "select visit_id, minutes from raw.visits order by visit_id";
    let answer = door.query(sql).await;
    let rows = json!([{ "visit_id": "V-1", "minutes": 12 }, { "visit_id": "V-2", "minutes": 8 }]);
    assert_eq!(answer.json(), rows);
    for (accept, expected) in [
        ("text/csv", "visit_id,minutes\r\nV-1,12\r\nV-2,8\r\n"),
        (
            "application/x-ndjson",
            "{\"visit_id\":\"V-1\",\"minutes\":12}\n{\"visit_id\":\"V-2\",\"minutes\":8}\n",
        ),
    ] {
        assert_eq!(door.query_as(sql, accept).await.text, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_listed_routes_are_open_without_credentials() {
    let door = Door::new().await;
    let open = [
        "/healthz",
        "/readyz",
        "/sign-in",
        "/api/openapi.json",
        "/api/v1/keys",
    ];
    for path in open {
        let request = Request::get(path).body(Body::empty()).unwrap();
        assert_eq!(door.send(request).await.status, StatusCode::OK, "{path}");
    }
    // This house has no log.
    let checkpoint = "/audit/checkpoint";
    let request = Request::get(checkpoint).body(Body::empty()).unwrap();
    assert_eq!(door.send(request).await.status, StatusCode::NOT_FOUND);
    let document = door.get("/api/openapi.json").await.json();
    let mut asked = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            let Ok(method) = method.to_uppercase().parse::<Method>() else {
                continue;
            };
            let is_open = open.contains(&path.as_str()) || path == checkpoint;
            if is_open || method.as_str() == "PARAMETERS" {
                continue;
            }
            let filled = path.replace(['{', '}'], "x");
            let request = Request::builder().method(method.clone()).uri(&filled);
            let answer = door.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(
                answer.status,
                StatusCode::UNAUTHORIZED,
                "{method} {path}: {}",
                answer.text
            );
            asked += 1;
        }
    }
    assert!(asked >= 20, "only {asked} routes were asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_catalogue_shows_contract_table_and_history() {
    let door = Door::new().await;
    door.submit("text/csv", None, VISITS).await;
    let all = door.get("/api/v1/datasets").await;
    assert!(all.text.contains("served.visits_by_office"), "{}", all.text);
    let one = door.get("/api/v1/datasets/raw.visits").await;
    assert_eq!(one.status, StatusCode::OK, "{}", one.text);
    let contract = door.get("/api/v1/datasets/raw.visits/contract").await;
    assert!(
        contract.text.starts_with("apiVersion: v3.1.0"),
        "{}",
        contract.text
    );
    let history = door.get("/api/v1/datasets/raw.visits/history").await;
    assert_eq!(
        history.json().as_array().map(Vec::len),
        Some(2),
        "{}",
        history.text
    );
    let lineage = door
        .get("/api/v1/lineage?dataset=served.visits_by_office&direction=up")
        .await;
    assert!(lineage.text.contains("raw.visits"), "{}", lineage.text);
}
