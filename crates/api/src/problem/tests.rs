use expect_test::{Expect, expect};
use service::RowError;

use super::*;
use crate::testing::{Double, ID, get, row_errors};

async fn check(error: fn() -> ServiceError, expected: Expect) {
    expected.assert_eq(&get(&Double::failing(error), "/api/v1/plan").await.shown());
}

#[tokio::test]
async fn a_problem_names_what_failed_and_the_way_out() {
    check(
        || {
            ServiceError::new(ErrorKind::NotFound, "there is no dataset `raw.x`")
                .hint("`GET /api/v1/datasets` lists the datasets.")
        },
        expect![[r#"
            404 application/problem+json
            {
              "correlation_id": "c1",
              "detail": "there is no dataset `raw.x`",
              "hint": "`GET /api/v1/datasets` lists the datasets.",
              "status": 404,
              "title": "There is no such thing",
              "type": "urn:dtm:problem:not-found"
            }
        "#]],
    )
    .await;
}

#[tokio::test]
async fn refused_data_carries_its_row_errors_and_its_submission() {
    check(
        || {
            let mut error = ServiceError::new(ErrorKind::Refused, "no row of 3 landed");
            error.submission = Some(ID.parse().unwrap());
            error.rows = Some(row_errors());
            error
        },
        expect![[r#"
            422 application/problem+json
            {
              "correlation_id": "c1",
              "detail": "no row of 3 landed",
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
              "status": 422,
              "submission": "0192f0c1-0000-7000-8000-000000000001",
              "title": "The data is refused",
              "type": "urn:dtm:problem:refused"
            }
        "#]],
    )
    .await;
}

#[tokio::test]
async fn the_cause_of_an_error_never_leaves() {
    check(
        || {
            ServiceError::new(ErrorKind::Internal, "cannot do it")
                .caused_by("secret path /srv/home")
        },
        expect![[r#"
            500 application/problem+json
            {
              "correlation_id": "c1",
              "detail": "cannot do it",
              "status": 500,
              "title": "Something broke",
              "type": "urn:dtm:problem:internal"
            }
        "#]],
    )
    .await;
}

#[tokio::test]
async fn each_kind_has_its_status_and_headers() {
    let cases = [
        (ErrorKind::Invalid, 400),
        (ErrorKind::Refused, 422),
        (ErrorKind::Unauthenticated, 401),
        (ErrorKind::Forbidden, 403),
        (ErrorKind::NotFound, 404),
        (ErrorKind::Gone, 410),
        (ErrorKind::Conflict, 409),
        (ErrorKind::BodyTooLarge, 413),
        (ErrorKind::LimitExceeded, 422),
        (ErrorKind::Busy, 429),
        (ErrorKind::Locked, 423),
        (ErrorKind::Damaged, 460),
        (ErrorKind::Unavailable, 503),
        (ErrorKind::Corrupt, 500),
        (ErrorKind::Internal, 500),
    ];
    for (kind, status) in cases {
        let answer = get(
            &Double::failing(move || ServiceError::new(kind, "no")),
            "/readyz",
        )
        .await;
        assert_eq!(answer.status, status, "{kind:?}");
        assert_eq!(answer.header("content-type"), PROBLEM_MEDIA_TYPE);
        let challenge = if status == 401 { "Bearer" } else { "" };
        assert_eq!(answer.header("www-authenticate"), challenge);
        assert_eq!(
            answer.header("retry-after"),
            if status == 503 { "5" } else { "" }
        );
        assert_eq!(answer.header("x-correlation-id"), "c1");
    }
}

#[tokio::test]
async fn whoever_is_to_wait_is_told_for_how_long() {
    for (kind, status) in [(ErrorKind::Busy, 429), (ErrorKind::Unavailable, 503)] {
        let busy = move || ServiceError::new(kind, "no").retry_after(7);
        let answer = get(&Double::failing(busy), "/readyz").await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("retry-after"), "7");
    }
}

#[test]
fn every_kind_survives_the_way_there_and_back() {
    for kind in ErrorKind::ALL {
        let mut error = ServiceError::new(kind, "no").hint("Do.");
        error.submission = Some(ID.parse().unwrap());
        error.rows = Some(row_errors());
        let json = serde_json::to_string(&Problem::from(error)).unwrap();
        let back = serde_json::from_str::<Problem>(&json).unwrap().into_error();
        assert_eq!((back.kind, back.message.as_str()), (kind, "no"));
        assert_eq!(back.hint.as_deref(), Some("Do."));
        assert_eq!(back.submission, Some(ID.parse().unwrap()));
        let rows: Vec<RowError> = back.rows.unwrap().errors;
        assert_eq!(rows, row_errors().errors);
    }
}

#[test]
fn a_status_without_a_known_type_still_has_a_kind() {
    let cases = [
        (406, ErrorKind::Invalid),
        (403, ErrorKind::Forbidden),
        (410, ErrorKind::Gone),
        (413, ErrorKind::BodyTooLarge),
        (502, ErrorKind::Unavailable),
        (500, ErrorKind::Internal),
    ];
    for (status, kind) in cases {
        let status = StatusCode::from_u16(status).unwrap();
        assert_eq!(
            Problem::of_status(status, "x").into_error().kind,
            kind,
            "{status}"
        );
    }
}
