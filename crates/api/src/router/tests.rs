use std::sync::Arc;

use axum::body::Body;
use axum::http::Request;
use expect_test::{Expect, expect};
use service::{ErrorKind, ServiceError};
use tower::ServiceExt;

use crate::testing::{Double, ID, Read, TOKEN, get, post, request, router, send, state};

const SUBMISSIONS: &str = "/api/v1/datasets/raw.visits/submissions?period=2026-09&agency=H26.01";

async fn submit(double: &Arc<Double>, path: &str, headers: &[(&str, &str)]) -> Read {
    let mut request = request("POST", path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    send(double, request.body(Body::from("a,b\n")).unwrap()).await
}

const CSV: (&str, &str) = ("content-type", "text/csv; charset=utf-8");

#[tokio::test]
async fn a_submission_answers_its_receipt_and_the_first_errors() {
    let double = Double::new();
    let answer = submit(&double, SUBMISSIONS, &[CSV, ("idempotency-key", "k1")]).await;
    expect![[r#"
        201 application/json
        {
          "agency": "H26.01",
          "committed_at": "2026-09-15T01:02:03.250Z",
          "contract_version": "1.2.0",
          "control_totals": [
            {
              "declared": "3",
              "found": "3",
              "name": "rows"
            }
          ],
          "dataset": "raw.visits",
          "due_on": "2026-09-14",
          "errors": [
            {
              "column": "amount",
              "message": "`-1` is below the minimum `0`",
              "row": 2,
              "rule": "range",
              "severity": "error",
              "value_excerpt": "-1"
            },
            {
              "column": "amount",
              "message": "`-1` is below the minimum `0`",
              "row": 3,
              "rule": "range",
              "severity": "warning",
              "value_excerpt": "-1"
            }
          ],
          "errors_total": 12,
          "evidence": {
            "sha256": "abababababababababababababababababababababababababababababababab",
            "size_bytes": 4
          },
          "id": "0192f0c1-0000-7000-8000-000000000001",
          "period": "2026-09",
          "received_at": "2026-09-15T01:02:03.250Z",
          "rows": {
            "landed": 2,
            "quarantined": 1,
            "received": 3,
            "warned": 0
          },
          "supersedes": {
            "relation": "corrects",
            "rows": 2,
            "submission": "0192f0c1-0000-7000-8000-000000000001"
          },
          "table_version": 7,
          "timeliness": "late"
        }
    "#]]
    .assert_eq(&answer.shown());
    expect![[r#"
        submit SubmitRequest { dataset: DatasetName { layer: Raw, full: "raw.visits" }, agency: Some(AgencyCode("H26.01")), period: PeriodCode("2026-09"), format: BodyType { format: Csv, declared: {} }, key: Some("k1"), dry_run: false, relation: None, control_totals: {}, ack: Committed, restatement: false }
        body a,b
    "#]].assert_eq(&double.asked().join("\n"));
}

#[tokio::test]
async fn a_replay_and_a_dry_run_are_ok_and_not_created() {
    let answer = submit(&Double::replaying(), SUBMISSIONS, &[CSV]).await;
    assert_eq!(answer.status, 200);
    let dry = format!("{SUBMISSIONS}&dry_run=true");
    assert_eq!(submit(&Double::new(), &dry, &[CSV]).await.status, 200);
}

#[tokio::test]
async fn a_submission_may_be_longer_than_other_requests() {
    let double = Double::new();
    let request = request("POST", SUBMISSIONS).header(CSV.0, CSV.1);
    let request = request.body(Body::from("x".repeat(900))).unwrap();
    assert_eq!(send(&double, request).await.status, 201);
    assert_eq!(double.asked()[1].len(), "body ".len() + 900);
}

#[tokio::test]
async fn a_wrong_submission_is_refused_before_it_is_read() {
    let cases = [
        (SUBMISSIONS, vec![], 415),
        (SUBMISSIONS, vec![("content-type", "application/pdf")], 415),
        (SUBMISSIONS, vec![CSV, ("content-length", "1001")], 413),
        (SUBMISSIONS, vec![CSV, ("idempotency-key", "")], 400),
        (
            "/api/v1/datasets/visits/submissions?period=2026-09",
            vec![CSV],
            404,
        ),
        ("/api/v1/datasets/raw.visits/submissions", vec![CSV], 400),
        (
            "/api/v1/datasets/raw.visits/submissions?period=x",
            vec![CSV],
            400,
        ),
        (
            "/api/v1/datasets/raw.visits/submissions?period=2026-09&agency=x",
            vec![CSV],
            400,
        ),
        (
            "/api/v1/datasets/raw.visits/submissions?period=2026-09&dry_run=maybe",
            vec![CSV],
            400,
        ),
    ];
    for (path, headers, status) in cases {
        let double = Double::new();
        let answer = submit(&double, path, &headers).await;
        assert_eq!(answer.status, status, "{path} {headers:?}: {}", answer.body);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert!(double.asked().is_empty());
    }
}

async fn check(answer: impl Future<Output = Read>, expected: Expect) {
    expected.assert_eq(&answer.await.shown());
}

#[tokio::test]
async fn a_media_type_that_is_not_read_is_answered_with_those_that_are() {
    let html = ("content-type", "text/html");
    check(submit(&Double::new(), SUBMISSIONS, &[html]), expect![[r#"
        415 application/problem+json
        {
          "correlation_id": "c1",
          "detail": "no submission is read as `text/html`",
          "hint": "Send one of `application/x-ndjson`, `text/csv`, `text/tab-separated-values`, `application/json`, `application/xml`, `application/vnd.openxmlformats-officedocument.spreadsheetml.sheet`, `application/vnd.oasis.opendocument.spreadsheet`, `application/vnd.apache.parquet`, `application/vnd.apache.arrow.stream`, `application/vnd.apache.arrow.file` and name it in `Content-Type`.",
          "status": 415,
          "title": "Unsupported Media Type",
          "type": "urn:dtm:problem:unsupported-media-type"
        }
    "#]]).await;
}

#[tokio::test]
async fn a_query_string_that_is_wrong_is_answered_with_what_is_right() {
    let double = Double::new();
    let unknown = format!("{SUBMISSIONS}&x=1&y=2");
    check(
        submit(&double, &unknown, &[CSV]),
        expect![[r#"
            400 application/problem+json
            {
              "correlation_id": "c1",
              "detail": "this route takes no parameter `x`, `y`",
              "hint": "It takes `period`, `agency`, `dry_run`, `restatement`, `ack`, `replaces`, `corrects`, `control_totals`, `charset`, `compression`, `delimiter`, `quote`, `decimal`, `adapter`.",
              "status": 400,
              "title": "The request is wrong",
              "type": "urn:dtm:problem:invalid"
            }
        "#]],
    )
    .await;
    check(
        get(&double, "/api/v1/plan?x=1"),
        expect![[r#"
        400 application/problem+json
        {
          "correlation_id": "c1",
          "detail": "this route takes no parameter `x`",
          "hint": "Leave the query string out.",
          "status": 400,
          "title": "The request is wrong",
          "type": "urn:dtm:problem:invalid"
        }
    "#]],
    )
    .await;
    check(
        get(&double, "/api/v1/submissions?limit=many"),
        expect![[r#"
        400 application/problem+json
        {
          "correlation_id": "c1",
          "detail": "cannot read the query string: limit: invalid digit found in string",
          "hint": "See `/api/openapi.json` for the parameters.",
          "status": 400,
          "title": "The request is wrong",
          "type": "urn:dtm:problem:invalid"
        }
    "#]],
    )
    .await;
    check(
        get(&double, "/api/v1/lineage?direction=left"),
        expect![[r#"
        400 application/problem+json
        {
          "correlation_id": "c1",
          "detail": "`left` is no direction",
          "hint": "Give `direction=up` or `direction=down`.",
          "status": 400,
          "title": "The request is wrong",
          "type": "urn:dtm:problem:invalid"
        }
    "#]],
    )
    .await;
    assert!(double.asked().is_empty());
}

#[tokio::test]
async fn a_body_that_is_wrong_is_answered_with_why() {
    let double = Double::new();
    let query = "/api/v1/query";
    check(post(&double, query, "{\"sql\": "), expect![[r#"
        400 application/problem+json
        {
          "correlation_id": "c1",
          "detail": "cannot read the body as this route's JSON: EOF while parsing a value at line 1 column 8",
          "hint": "See `/api/openapi.json` for its form.",
          "status": 400,
          "title": "The request is wrong",
          "type": "urn:dtm:problem:invalid"
        }
    "#]]).await;
    check(post(&double, query, "{\"sequel\": \"x\"}"), expect![[r#"
        400 application/problem+json
        {
          "correlation_id": "c1",
          "detail": "cannot read the body as this route's JSON: unknown field `sequel`, expected one of `sql`, `params`, `at` at line 1 column 9",
          "hint": "See `/api/openapi.json` for its form.",
          "status": 400,
          "title": "The request is wrong",
          "type": "urn:dtm:problem:invalid"
        }
    "#]]).await;
    let long = format!("{{\"sql\": \"{:600}\"}}", "x");
    check(
        post(&double, query, &long),
        expect![[r#"
        413 application/problem+json
        {
          "correlation_id": "c1",
          "detail": "the body is over the limit `request_bytes` of 500 bytes",
          "hint": "Send it in parts, or ask the operator to raise `request_bytes`.",
          "status": 413,
          "title": "The body is too large",
          "type": "urn:dtm:problem:body-too-large"
        }
    "#]],
    )
    .await;
    assert!(double.asked().is_empty());
}

#[tokio::test]
async fn a_path_that_is_wrong_is_answered_with_where_the_right_ones_are() {
    let double = Double::new();
    check(
        get(&double, "/api/v1/submissions/7"),
        expect![[r#"
        404 application/problem+json
        {
          "correlation_id": "c1",
          "detail": "`7` is no submission id",
          "hint": "A submission id is the `id` of a receipt.",
          "status": 404,
          "title": "There is no such thing",
          "type": "urn:dtm:problem:not-found"
        }
    "#]],
    )
    .await;
    check(
        get(&double, "/api/v1/query"),
        expect![[r#"
        405 application/problem+json
        {
          "correlation_id": "c1",
          "detail": "`/api/v1/query` takes no `GET`",
          "hint": "The `Allow` header names the methods that it takes.",
          "status": 405,
          "title": "Method Not Allowed",
          "type": "urn:dtm:problem:method-not-allowed"
        }
    "#]],
    )
    .await;
    check(
        get(&double, "/nowhere"),
        expect![[r#"
        404 application/problem+json
        {
          "correlation_id": "c1",
          "detail": "nothing is at `/nowhere`",
          "hint": "`/api/openapi.json` lists the routes.",
          "status": 404,
          "title": "There is no such thing",
          "type": "urn:dtm:problem:not-found"
        }
    "#]],
    )
    .await;
    assert!(double.asked().is_empty());
}

#[tokio::test]
async fn a_method_that_is_refused_is_answered_with_those_that_are_not() {
    let answer = get(&Double::new(), "/api/v1/query").await;
    assert_eq!(answer.header("allow"), "POST");
}

#[tokio::test]
async fn a_body_without_its_media_type_is_refused() {
    let body = Body::from("{\"sql\": \"select 1\"}");
    let request = request("POST", "/api/v1/query").body(body).unwrap();
    assert_eq!(send(&Double::new(), request).await.status, 415);
}

async fn query(double: &Arc<Double>, accept: &str) -> Read {
    let request = request("POST", "/api/v1/query")
        .header("content-type", "application/json")
        .header("accept", accept);
    send(
        double,
        request.body(Body::from("{\"sql\": \"select 1\"}")).unwrap(),
    )
    .await
}

#[tokio::test]
async fn a_result_is_written_as_the_client_accepts_it() {
    check(
        query(&Double::new(), "*/*"),
        expect![[r#"
        200 application/json
        [
          {
            "amount": 123.45,
            "name": "Hà Nội",
            "rows": 9007199254740993
          },
          {
            "amount": null,
            "name": "Huế",
            "rows": -1
          }
        ]
    "#]],
    )
    .await;
    check(
        query(&Double::new(), "application/x-ndjson"),
        expect![[r#"
        200 application/x-ndjson
        {"name":"Hà Nội","rows":9007199254740993,"amount":123.45}
        {"name":"Huế","rows":-1,"amount":null}

    "#]],
    )
    .await;
    check(
        query(&Double::new(), "text/csv"),
        expect![[r#"
            200 text/csv; charset=utf-8; header=present
            name,rows,amount␍
            Hà Nội,9007199254740993,123.45␍
            Huế,-1,␍

        "#]],
    )
    .await;
    check(
        query(&Double::new(), "text/plain"),
        expect![[r#"
        200 text/plain; charset=utf-8
        name                rows  amount
        ──────  ────────────────  ──────
        Hà Nội  9007199254740993  123.45
        Huế                   -1
        (2 rows)

    "#]],
    )
    .await;
    check(query(&Double::new(), "application/pdf"), expect![[r#"
        406 application/problem+json
        {
          "correlation_id": "c1",
          "detail": "no result is written as `application/pdf`",
          "hint": "Accept one of `application/json`, `application/x-ndjson`, `text/csv`, `application/vnd.apache.arrow.stream`, `application/vnd.apache.parquet`, `application/vnd.openxmlformats-officedocument.spreadsheetml.sheet`, `text/plain`.",
          "status": 406,
          "title": "Not Acceptable",
          "type": "urn:dtm:problem:not-acceptable"
        }
    "#]]).await;
    let answer = query(&Double::new(), "text/csv").await;
    assert_eq!(answer.header("dtm-versions"), "{\"raw.visits\":7}");
}

#[tokio::test]
async fn a_result_that_breaks_off_late_breaks_the_body_off() {
    let error = || ServiceError::new(ErrorKind::LimitExceeded, "the answer met the limit");
    let request = request("POST", "/api/v1/query").header("content-type", "application/json");
    let request = request.body(Body::from("{\"sql\": \"select 1\"}")).unwrap();
    let answer = router(&Double::breaking(error))
        .oneshot(request)
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    assert!(
        axum::body::to_bytes(answer.into_body(), usize::MAX)
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_trace_leads_to_receipts() {
    let double = Double::new();
    let body =
        r#"{"dataset": "served.visits", "where": "office = 'a'", "column": "visits", "at": 3}"#;
    let answer = post(&double, "/api/v1/trace", body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let told: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    let receipt = told["submissions"][0]["receipt"].as_str().unwrap();
    assert_eq!(get(&double, receipt).await.status, 200);
    expect![[r#"
        trace TraceRequest { dataset: DatasetName { layer: Served, full: "served.visits" }, condition: "office = 'a'", column: Some("visits"), at: Version(3) }
        submission 0192f0c1-0000-7000-8000-000000000001"#]].assert_eq(&double.asked().join("\n"));
}

#[tokio::test]
async fn a_trace_that_is_wrong_is_answered_with_why() {
    let double = Double::new();
    let trace = "/api/v1/trace";
    check(
        post(&double, trace, r#"{"dataset": "visits", "where": "true"}"#),
        expect![[r#"
            400 application/problem+json
            {
              "correlation_id": "c1",
              "detail": "`visits` is no dataset name: expected `layer.name`, as in `raw.dossiers`",
              "hint": "`GET /api/v1/datasets` lists the datasets.",
              "status": 400,
              "title": "The request is wrong",
              "type": "urn:dtm:problem:invalid"
            }
        "#]],
    )
    .await;
    let unknown = r#"{"dataset": "raw.visits", "where": "true", "filter": "x"}"#;
    check(post(&double, trace, unknown), expect![[r#"
        400 application/problem+json
        {
          "correlation_id": "c1",
          "detail": "cannot read the body as this route's JSON: unknown field `filter`, expected one of `dataset`, `where`, `column`, `at` at line 1 column 51",
          "hint": "See `/api/openapi.json` for its form.",
          "status": 400,
          "title": "The request is wrong",
          "type": "urn:dtm:problem:invalid"
        }
    "#]]).await;
    let unasked = post(&double, trace, r#"{"dataset": "raw.visits"}"#).await;
    assert_eq!(unasked.status, 400);
    assert!(
        unasked.body.contains("missing field `where`"),
        "{}",
        unasked.body
    );
    assert!(double.asked().is_empty());
}

#[tokio::test]
async fn evidence_is_a_file_to_keep() {
    let answer = get(
        &Double::new(),
        &format!("/api/v1/submissions/{ID}/evidence"),
    )
    .await;
    assert_eq!(
        (answer.body.as_str(), answer.header("content-length")),
        ("a,b\n", "4")
    );
    assert_eq!(answer.header("content-type"), "text/csv");
    let disposition = format!("attachment; filename=\"{ID}.csv\"");
    assert_eq!(answer.header("content-disposition"), disposition);
    assert_eq!(answer.header("dtm-evidence-sha256"), "ab".repeat(32));
}

#[tokio::test]
async fn a_contract_is_its_own_text() {
    let answer = get(&Double::new(), "/api/v1/datasets/raw.visits/contract").await;
    assert_eq!(answer.header("content-type"), "application/yaml");
    assert_eq!(answer.body, include_str!("../testing/sample.odcs.yaml"));
}

#[tokio::test]
async fn metrics_are_for_those_who_may_read_them() {
    let answer = get(&Double::new(), "/metrics").await;
    assert_eq!(
        (answer.status.as_u16(), answer.body.as_str()),
        (200, "dtm_up 1\n")
    );
    let denied = || ServiceError::new(ErrorKind::Forbidden, "no");
    assert_eq!(get(&Double::failing(denied), "/metrics").await.status, 403);
}

/// The routes of the description that name no `security` of their own, as well-formed requests.
fn closed_routes() -> Vec<(String, String)> {
    let description: serde_json::Value = serde_json::from_str(crate::openapi::COMMITTED).unwrap();
    let mut routes = Vec::new();
    for (path, methods) in description["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            if operation.get("security").is_none() {
                let path = path
                    .replace(
                        "{dataset}/submissions",
                        "{dataset}/submissions?period=2026-09",
                    )
                    .replace("renditions/{id}", "renditions/{id}.html")
                    .replace("{dataset}", "raw.visits")
                    .replace("{id}", ID)
                    .replace("{sha256}", &"ab".repeat(32))
                    .replace("{name}", "monthly");
                routes.push((method.to_uppercase(), path));
            }
        }
    }
    routes
}

/// What a well-formed request about uploads says; others pass over it.
const SPOKEN: [(&str, &str); 5] = [
    ("tus-resumable", "1.0.0"),
    ("upload-length", "4"),
    ("upload-offset", "0"),
    ("x-http-method-override", "PATCH"),
    // A dataset, its period and a media type.
    (
        "upload-metadata",
        "dataset cmF3LnZpc2l0cw==,period MjAyNi0wOQ==,filetype dGV4dC9jc3Y=",
    ),
];
const PART: &str = "application/offset+octet-stream";

#[tokio::test]
async fn nobody_passes_without_credentials() {
    let routes = closed_routes();
    assert!(routes.len() > 20, "{routes:?}");
    for (method, path) in routes {
        let (media_type, body) = match path.rsplit_once('/').unwrap().1 {
            "query" | "figures" => ("application/json", "{\"sql\": \"x\"}"),
            "tokens" => (
                "application/json",
                "{\"name\": \"x\", \"role\": \"auditor\"}",
            ),
            "extensions" => (
                "application/json",
                "{\"dataset\": \"raw.visits\", \"agency\": \"H26\", \"period\": \"2026-09\", \
                 \"until\": \"2026-10-31\"}",
            ),
            "release" => ("application/json", "{\"dataset\": \"raw.visits\"}"),
            "trace" => (
                "application/json",
                "{\"dataset\": \"raw.visits\", \"where\": \"true\"}",
            ),
            "submissions?period=2026-09" => ("text/csv", "a\n"),
            _ if path.contains("/uploads") => (PART, "a\n"),
            _ => ("application/json", "{}"),
        };
        for (credential, body) in [
            ("Bearer wrong", body),
            ("Basic x", body),
            ("", body),
            ("", ""),
        ] {
            let double = Double::new();
            let mut request = Request::builder().method(method.as_str()).uri(&path);
            request = request.header("content-type", media_type);
            for (name, value) in SPOKEN {
                request = request.header(name, value);
            }
            if !credential.is_empty() {
                request = request.header("authorization", credential);
            }
            let answer = send(&double, request.body(Body::from(body)).unwrap()).await;
            assert_eq!(
                answer.status, 401,
                "{method} {path} {credential}: {}",
                answer.body
            );
            assert_eq!(answer.header("www-authenticate"), "Bearer");
            assert!(double.asked().is_empty());
        }
    }
}

#[tokio::test]
async fn only_the_listed_routes_are_open() {
    let description: serde_json::Value = serde_json::from_str(crate::openapi::COMMITTED).unwrap();
    let paths = description["paths"].as_object().unwrap().iter();
    let open: Vec<&str> = paths
        .filter(|(_, methods)| {
            methods
                .as_object()
                .unwrap()
                .values()
                .any(|o| o.get("security").is_some())
        })
        .map(|(path, _)| path.as_str())
        .collect();
    assert_eq!(
        open,
        [
            "/api/openapi.json",
            "/api/v1/keys",
            "/audit/checkpoint",
            "/healthz",
            "/readyz"
        ]
    );
}

/// The answer to somebody without credentials.
async fn as_nobody(path: &str) -> Read {
    let request = Request::builder().uri(path).body(Body::empty()).unwrap();
    send(&Double::new(), request).await
}

#[tokio::test]
async fn hashes_of_the_audit_log_are_open_and_its_entries_are_not() {
    let checkpoint = as_nobody("/audit/checkpoint").await;
    assert_eq!(
        checkpoint.header("content-type"),
        "text/plain; charset=utf-8"
    );
    assert!(checkpoint.body.starts_with("dtm/audit/n1\n300\n"));
    let side = format!("/audit/side/{}", "ab".repeat(32));
    let double = Double::new();
    for path in ["/audit/tile/0/000", "/audit/tile/0/001.p/44"] {
        let answer = as_nobody(path).await;
        assert_eq!(
            (answer.status.as_u16(), answer.body.as_str()),
            (200, &path[7..])
        );
        assert_eq!(answer.header("content-type"), "application/octet-stream");
        let kept = answer.header("cache-control").contains("immutable");
        assert_eq!(kept, !path.contains(".p/"), "{path}");
    }
    for path in ["/audit/tile/entries/000", side.as_str()] {
        assert_eq!(as_nobody(path).await.status, 401, "{path}");
        let answer = get(&double, path).await;
        assert_eq!(
            (answer.status.as_u16(), answer.body.as_str()),
            (200, &path[7..])
        );
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    for path in [
        "/audit/tile/0/%30%30%30",
        "/audit/tile/0/000/",
        "/audit/tile/9/x001/000",
    ] {
        let answer = as_nobody(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
}

#[tokio::test]
async fn the_session_cookie_is_a_credential_too() {
    let request = Request::builder().uri("/api/v1/whoami");
    let request = request.header("cookie", format!("dtm_session={TOKEN}"));
    let answer = send(&Double::new(), request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_short_act_that_takes_long_is_given_up() {
    let mut state = state(&Double::stalling());
    state.limits.wait_ms = 5;
    let request = request("GET", "/api/v1/datasets")
        .body(Body::empty())
        .unwrap();
    let answer = crate::router(state).oneshot(request).await.unwrap();
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.headers()["retry-after"], "5");
}

#[tokio::test]
async fn a_handler_that_panics_answers_a_problem() {
    let answer = get(&Double::failing(|| panic!("a defect")), "/readyz").await;
    expect![[r#"
        500 application/problem+json
        {
          "correlation_id": "c1",
          "detail": "the request met a defect of the server",
          "hint": "Report it with the correlation id; other requests are not touched by it.",
          "status": 500,
          "title": "Something broke",
          "type": "urn:dtm:problem:internal"
        }
    "#]]
    .assert_eq(&answer.shown());
}

#[tokio::test]
async fn a_long_answer_is_compressed_for_those_who_accept_it() {
    let request = request("GET", "/api/openapi.json").header("accept-encoding", "gzip");
    let request = request.body(Body::empty()).unwrap();
    let answer = router(&Double::new()).oneshot(request).await.unwrap();
    assert_eq!(answer.headers()["content-encoding"], "gzip");
}
