use std::sync::Arc;

use axum::body::Body;
use expect_test::expect;
use service::{ErrorKind, ServiceError};

use crate::testing::{Double, ID, Read, request, send};

const METADATA: &str = "dataset cmF3LnZpc2l0cw==,period MjAyNi0wOQ==,filetype dGV4dC9jc3Y=";
const PART: (&str, &str) = ("content-type", "application/offset+octet-stream");
const UPLOADS: &str = "/api/v1/uploads";

/// A request that speaks the protocol.
async fn ask(
    double: &Arc<Double>,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &'static str,
) -> Read {
    let mut request = request(method, path).header("tus-resumable", "1.0.0");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = send(double, request.body(Body::from(body)).unwrap()).await;
    assert_eq!(answer.header("tus-resumable"), "1.0.0", "{method} {path}");
    answer
}

fn upload() -> String {
    format!("{UPLOADS}/{ID}")
}

#[tokio::test]
async fn a_client_is_told_what_is_spoken() {
    let answer = ask(&Double::new(), "OPTIONS", UPLOADS, &[], "").await;
    assert_eq!(answer.status, 204);
    for (name, value) in [
        ("tus-version", "1.0.0"),
        ("tus-max-size", "1000"),
        ("tus-checksum-algorithm", "sha1,sha256"),
        (
            "tus-extension",
            "creation,creation-with-upload,termination,checksum,expiration",
        ),
    ] {
        assert_eq!(answer.header(name), value);
    }
}

#[tokio::test]
async fn an_upload_is_begun_continued_and_given_up() {
    let double = Double::new();
    let begun = [("upload-length", "4"), ("upload-metadata", METADATA)];
    let answer = ask(&double, "POST", UPLOADS, &begun, "").await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_eq!(answer.header("location"), upload());
    assert_eq!(answer.header("upload-offset"), "0");
    assert_eq!(
        answer.header("upload-expires"),
        "Tue, 15 Sep 2026 01:02:03 GMT"
    );

    let answer = ask(&double, "HEAD", &upload(), &[], "").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("upload-offset"), "2");
    assert_eq!(answer.header("upload-length"), "4");
    assert_eq!(answer.header("upload-metadata"), "dataset cmF3LnZpc2l0cw==");
    assert_eq!(answer.header("cache-control"), "no-store");

    let at = [PART, ("upload-offset", "2")];
    let answer = ask(&double, "PATCH", &upload(), &at, "a").await;
    assert_eq!(answer.status, 204, "{}", answer.body);
    assert_eq!(answer.header("upload-offset"), "3");
    assert_eq!(answer.header("location"), "");

    let sum = ("upload-checksum", "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=");
    let last = [PART, ("upload-offset", "2"), sum];
    let answer = ask(&double, "PATCH", &upload(), &last, "ab").await;
    assert_eq!(answer.header("location"), upload());
    assert_eq!(
        answer.header("link"),
        format!("<{}>; rel=\"status\"", upload())
    );

    for (method, means) in [("DELETE", "DELETE"), ("POST", "DELETE"), ("POST", "PATCH")] {
        let headers = [
            PART,
            ("upload-offset", "0"),
            ("x-http-method-override", means),
        ];
        let answer = ask(&double, method, &upload(), &headers, "").await;
        assert_eq!(answer.status, 204, "{method} for {means}: {}", answer.body);
    }
    let asked = double.asked();
    let asked: Vec<&str> = asked.iter().filter_map(|a| a.split(' ').next()).collect();
    expect!["create_upload resume_upload continue_upload continue_upload end_upload end_upload continue_upload"]
        .assert_eq(&asked.join(" "));
    assert!(
        double.asked()[3].contains("Some(Sha1(["),
        "{:?}",
        double.asked()
    );
}

#[tokio::test]
async fn the_first_part_may_come_with_the_beginning() {
    let double = Double::new();
    let begun = [("upload-length", "4"), ("upload-metadata", METADATA), PART];
    let answer = ask(&double, "POST", UPLOADS, &begun, "abc").await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_eq!(answer.header("upload-offset"), "3");
}

#[tokio::test]
async fn what_became_of_an_upload_is_read_without_the_protocol() {
    let request = request("GET", &upload()).body(Body::empty()).unwrap();
    let answer = send(&Double::new(), request).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let read: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(
        (&read["state"], &read["offset"]),
        (&"done".into(), &4.into())
    );
    assert_eq!(read["answer"]["rows"]["landed"], 2);
    assert_eq!(read["submission"], read["answer"]["id"]);
}

#[tokio::test]
async fn another_version_is_refused_with_the_one_that_is_spoken() {
    for version in [None, Some("0.2.2")] {
        for method in ["POST", "HEAD", "PATCH", "DELETE"] {
            let double = Double::new();
            let path = if method == "POST" {
                UPLOADS.to_owned()
            } else {
                upload()
            };
            let mut request = request(method, &path);
            if let Some(version) = version {
                request = request.header("tus-resumable", version);
            }
            let answer = send(&double, request.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.status, 412, "{method} {version:?}");
            assert_eq!(answer.header("tus-version"), "1.0.0");
            assert!(double.asked().is_empty());
        }
    }
}

#[tokio::test]
async fn a_request_that_is_wrong_is_refused_before_it_is_read() {
    let (length, metadata) = (("upload-length", "4"), ("upload-metadata", METADATA));
    let (offset, deferred) = (("upload-offset", "0"), ("upload-defer-length", "1"));
    let csv = ("content-type", "text/csv");
    let md5 = ("upload-checksum", "md5 rL0Y20zC+Fzt72VPzMSk2A==");
    let short = ("upload-checksum", "sha1 rL0Y20zC");
    let none: (&str, &str) = ("x-none", "");
    for (method, headers, status) in [
        ("POST", [metadata, none, none], 400),
        ("POST", [metadata, deferred, none], 400),
        ("POST", [metadata, ("upload-length", "-1"), none], 400),
        ("POST", [length, none, none], 400),
        ("POST", [length, metadata, csv], 415),
        ("PATCH", [PART, none, none], 400),
        ("PATCH", [PART, ("upload-offset", "x"), none], 400),
        ("PATCH", [offset, none, none], 415),
        ("PATCH", [csv, offset, none], 415),
        ("PATCH", [PART, offset, md5], 400),
        ("PATCH", [PART, offset, short], 400),
    ] {
        let double = Double::new();
        let path = if method == "POST" {
            UPLOADS.to_owned()
        } else {
            upload()
        };
        let answer = ask(&double, method, &path, &headers, "abc").await;
        assert_eq!(
            answer.status, status,
            "{method} {headers:?}: {}",
            answer.body
        );
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert!(double.asked().is_empty(), "{method} {headers:?}");
    }
    let double = Double::new();
    let answer = ask(&double, "POST", &upload(), &[PART, offset], "a").await;
    assert_eq!(answer.status, 405);
    let answer = ask(&double, "HEAD", &format!("{UPLOADS}/7"), &[], "").await;
    assert_eq!(answer.status, 404);
    assert!(double.asked().is_empty());
}

#[tokio::test]
async fn each_refusal_of_a_part_has_the_status_of_the_protocol() {
    for (kind, status) in [
        (ErrorKind::Conflict, 409),
        (ErrorKind::BodyTooLarge, 413),
        (ErrorKind::Locked, 423),
        (ErrorKind::Busy, 429),
        (ErrorKind::Damaged, 460),
    ] {
        let double = Double::failing(move || ServiceError::new(kind, "no"));
        let headers = [PART, ("upload-offset", "0")];
        let answer = ask(&double, "PATCH", &upload(), &headers, "a").await;
        assert_eq!(answer.status, status);
    }
}
