//! APIs that are not at their best.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::body::Body as Bytes;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use futures::{StreamExt, stream};
use tokio::net::TcpListener;

use super::api::{Asked, Bench, Log, body, json, with_api};
use crate::guard::{Guard, Names};
use crate::{Auth, HttpSpec, Paging, PullError, SecretRef, Since, Source};

fn secret(name: &str) -> SecretRef {
    SecretRef::parse(name).unwrap()
}

/// The failure, when each page is answered like that.
async fn failure(
    answer: impl Fn(&Asked) -> Response + Clone + Send + Sync + 'static,
    declare: impl FnOnce(&mut HttpSpec),
) -> (PullError, usize) {
    with_api(answer, async |bench| {
        let mut spec = bench.spec();
        declare(&mut spec);
        let error = bench.failure(spec).await;
        assert!(!error.to_string().contains("hunter2"), "{error}");
        (error, bench.asked())
    })
    .await
}

#[tokio::test]
async fn a_page_that_is_not_what_was_agreed_is_said_to_be_so() {
    let with_type = |kind: &'static str, text: &'static str| {
        move || ([("content-type", kind)], text).into_response()
    };
    let page = |text: &'static str| with_type("application/json", text);
    for (answer, why) in [
        (page("{\"data\": ["), "is not JSON as a whole"),
        (page(""), "is not JSON as a whole"),
        (page("<html></html>"), "is not JSON as a whole"),
        (page("{\"data\": []} x"), "is not JSON as a whole"),
        (page("{\"items\": []}"), "has nothing at `/data`"),
        (page("[]"), "has nothing at `/data`"),
        (page("{\"data\": {}}"), "has no array of records at `/data`"),
        (
            page("{\"data\": null}"),
            "has no array of records at `/data`",
        ),
        (
            with_type("text/html", "[]"),
            "came as `text/html`, declared is `application/json`",
        ),
        (with_type("", "[]"), "came without a media type"),
        (
            with_type("application/json-seq", "[]"),
            "came as `application/json-seq`",
        ),
    ] {
        let (error, asked) = failure(move |_| answer(), |spec| spec.records = "/data".into()).await;
        assert!(matches!(error, PullError::Answer(_)), "{error}");
        assert!(error.to_string().contains(why), "{error}");
        assert!(
            error.to_string().contains("page 1 of `http://127.0.0.1:"),
            "{error}"
        );
        assert_eq!(asked, 1, "{error}");
    }
}

#[tokio::test]
async fn a_record_that_cannot_be_placed_is_named() {
    for (record, why) in [
        ("{}", "has nothing at `/at` in record 2"),
        (
            "{\"at\": null}",
            "has neither text nor number at `/at` in record 2",
        ),
        (
            "{\"at\": \"\"}",
            "has neither text nor number at `/at` in record 2",
        ),
        (
            "{\"at\": [1]}",
            "has neither text nor number at `/at` in record 2",
        ),
        (
            "{\"at\": 1.5}",
            "has no whole number of 64 bits at `/at` in record 2",
        ),
        (
            "{\"at\": 9223372036854775808}",
            "has no whole number of 64 bits at `/at` in record 2",
        ),
        ("{\"at\": \"31/12/2026\"}", "the day comes first"),
        ("{\"at\": \"1-2-2026 10:00\"}", "the day comes first"),
        ("{\"at\": \"2026-01-01T00:00:00Z\"}", "cannot be compared"),
        ("{\"at\": 20260101}", "cannot be compared"),
    ] {
        let answer = move |_: &Asked| json(format!("[{{\"at\": \"2026-01-01\"}}, {record}]"));
        let (error, _) = failure(answer, |spec| {
            spec.since = Some(Since {
                parameter: "since".into(),
                field: "/at".into(),
                start: None,
            });
        })
        .await;
        assert!(matches!(error, PullError::Answer(_)), "{error}");
        assert!(error.to_string().contains(why), "{record}: {error}");
    }
}

#[tokio::test]
async fn a_status_says_whose_fault_it_is_and_is_not_tried_again_in_vain() {
    for (status, kind, why, tries) in [
        (201, "Answer", "is answered with 201, not with 200", 1),
        (204, "Answer", "is answered with 204, not with 200", 1),
        (304, "Answer", "redirect", 1),
        (400, "Answer", "is answered with 400, not with 200", 1),
        (
            401,
            "Declared",
            "refused to this client (401), which shows no credential",
            1,
        ),
        (
            403,
            "Declared",
            "refused to this client (403), which shows no credential",
            1,
        ),
        (404, "Answer", "does not exist (404)", 1),
        (429, "Unavailable", "asked for too often (429)", 3),
        (500, "Unavailable", "the server fails at page 1", 3),
        (503, "Unavailable", "(503)", 3),
    ] {
        let status = StatusCode::from_u16(status).unwrap();
        let (error, asked) = failure(move |_| status.into_response(), |_| {}).await;
        assert!(format!("{error:?}").starts_with(kind), "{error:?}");
        assert!(error.to_string().contains(why), "{error}");
        assert_eq!(asked, tries, "{error}");
    }
}

#[tokio::test]
async fn a_refused_credential_is_named_by_where_it_is() {
    for (auth, shown) in [
        (Auth::Bearer(secret("env:TOKEN")), "the secret `env:TOKEN`"),
        (
            Auth::Basic {
                user: "dtm".into(),
                password: secret("env:PASSWORD"),
            },
            "the user `dtm` and the secret `env:PASSWORD`",
        ),
        (
            Auth::Header {
                name: "X-Api-Key".into(),
                value: secret("env:KEY"),
            },
            "the secret `env:KEY`",
        ),
    ] {
        let answer = |_: &Asked| StatusCode::UNAUTHORIZED.into_response();
        let (error, _) = failure(answer, |spec| spec.auth = auth).await;
        assert!(error.to_string().ends_with(shown), "{error}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let answer = |asked: &Asked| match asked.path.as_str() {
        "/list" => {
            let to = format!("http://{}/other?key=hunter2", asked.header("host"));
            (StatusCode::FOUND, [("location", to)]).into_response()
        }
        _ => json("[1]"),
    };
    let (error, asked) = failure(answer, |_| {}).await;
    assert!(matches!(error, PullError::Answer(_)), "{error}");
    assert!(
        error
            .to_string()
            .contains("/other` (302), which is not followed"),
        "{error}"
    );
    assert_eq!(asked, 1);
}

#[tokio::test]
async fn a_server_that_recovers_is_asked_until_it_does() {
    let failing = std::sync::atomic::AtomicUsize::new(0);
    let failing = Arc::new(failing);
    let answer = move |_: &Asked| match failing.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
        0 => StatusCode::BAD_GATEWAY.into_response(),
        1 => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "0")]).into_response(),
        _ => json("[1]"),
    };
    with_api(answer, async |bench| {
        let piece = bench.open(bench.spec()).next(None).await.unwrap().unwrap();
        assert_eq!(body(&piece), "[1]");
        assert_eq!(bench.asked(), 3);
    })
    .await;
}

#[tokio::test]
async fn a_server_that_wants_more_patience_than_there_is_is_left_at_once() {
    let late = "Thu, 26 Nov 2026 11:00:00 GMT";
    let now = "Thu, 26 Nov 2026 10:00:00 GMT";
    for (after, waited) in [("3600", "3600s"), (late, "3600s")] {
        for status in [
            StatusCode::TOO_MANY_REQUESTS,
            StatusCode::SERVICE_UNAVAILABLE,
        ] {
            let answer =
                move |_: &Asked| (status, [("retry-after", after), ("date", now)]).into_response();
            let (error, asked) = failure(answer, |_| {}).await;
            assert!(matches!(error, PullError::Unavailable(_)), "{error}");
            let why = format!("asks to be left alone for {waited}, longer than the 20ms");
            assert!(error.to_string().contains(&why), "{error}");
            assert_eq!(asked, 1);
        }
    }
    // What cannot be understood is not heeded.
    let answer = |_: &Asked| {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            [("retry-after", "tomorrow")],
        )
            .into_response()
    };
    assert_eq!(failure(answer, |_| {}).await.1, 3);
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_asked_for_again_and_never_handed_on() {
    let answer = |_: &Asked| {
        let begun = stream::once(async { Ok("[1,") });
        let parts = begun.chain(stream::once(async {
            // What is there is sent before this goes on.
            tokio::task::yield_now().await;
            Err(std::io::Error::other("gone"))
        }));
        json(Bytes::from_stream(parts))
    };
    let (error, asked) = failure(answer, |_| {}).await;
    assert!(matches!(error, PullError::Unavailable(_)), "{error}");
    assert!(error.to_string().contains("breaks off"), "{error}");
    assert_eq!(asked, 3);
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_given_up() {
    let answer = |_: &Asked| json(Bytes::from_stream(stream::pending::<Result<&str, String>>()));
    let (error, asked) = failure(answer, |spec| {
        spec.answer_within = Duration::from_millis(50);
        spec.retry.tries = 2;
    })
    .await;
    assert!(matches!(error, PullError::Unavailable(_)), "{error}");
    assert!(
        error.to_string().contains("does not answer in time"),
        "{error}"
    );
    assert_eq!(asked, 2);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let bench = Bench::new(listener.local_addr().unwrap(), Log::default());
    drop(listener);
    let error = bench.failure(bench.spec()).await;
    assert!(matches!(error, PullError::Unavailable(_)), "{error}");
    assert!(
        error
            .to_string()
            .contains("cannot get page 1 of `http://127.0.0.1:"),
        "{error}"
    );
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

fn packed(coding: &'static str, bytes: Vec<u8>) -> Response {
    let headers = [
        ("content-type", "application/json"),
        ("content-encoding", coding),
    ];
    (headers, bytes).into_response()
}

#[tokio::test]
async fn a_packed_page_is_unpacked() {
    let answer = |asked: &Asked| {
        assert_eq!(asked.header("accept-encoding"), "gzip");
        // Two members, as RFC 1952 lets a file have.
        let mut bytes = gzip(b"[1,");
        bytes.extend(gzip(b"2]"));
        packed("GZIP", bytes)
    };
    with_api(answer, async |bench| {
        let piece = bench.open(bench.spec()).next(None).await.unwrap().unwrap();
        assert_eq!(body(&piece), "[1,2]");
    })
    .await;
}

#[tokio::test]
async fn a_page_has_a_limit_packed_or_not() {
    let spaces = || [b"[1".to_vec(), vec![b' '; 2_000_000], b"]".to_vec()].concat();
    let streamed = || {
        let parts = (0..100).map(|_| Ok::<_, String>(vec![b' '; 20_000]));
        json(Bytes::from_stream(stream::iter(parts)))
    };
    let bomb = move |_: &Asked| packed("gzip", gzip(&spaces()));
    let plain = move |_: &Asked| json(spaces());
    let endless = move |_: &Asked| streamed();
    let declare = |spec: &mut HttpSpec| spec.max_page_bytes = 100_000;
    for (error, asked) in [
        failure(bomb, declare).await,
        failure(plain, declare).await,
        failure(endless, declare).await,
    ] {
        assert!(matches!(error, PullError::Limit(_)), "{error}");
        assert!(
            error.to_string().contains("larger than 100000 bytes"),
            "{error}"
        );
        assert_eq!(asked, 1);
    }
}

#[tokio::test]
async fn a_page_as_large_as_its_limit_is_taken() {
    with_api(
        |_: &Asked| json("[1, 2, 3]"),
        async |bench| {
            let mut spec = bench.spec();
            spec.max_page_bytes = 9;
            assert!(bench.open(spec.clone()).next(None).await.unwrap().is_some());
            spec.max_page_bytes = 8;
            assert!(bench.open(spec).next(None).await.is_err());
        },
    )
    .await;
}

#[tokio::test]
async fn a_page_that_is_packed_wrongly_is_said_to_be_so() {
    let whole = gzip(b"[1]");
    let cut = whole[..whole.len() - 3].to_vec();
    for (coding, bytes, why) in [
        ("gzip", b"[1]".to_vec(), "cannot be unpacked"),
        ("gzip", cut, "cannot be unpacked"),
        (
            "br",
            whole.clone(),
            "came packed as `br`, which was not asked for",
        ),
        ("gzip, gzip", whole, "came packed as `gzip, gzip`"),
    ] {
        let (error, _) = failure(move |_| packed(coding, bytes.clone()), |_| {}).await;
        assert!(matches!(error, PullError::Answer(_)), "{error}");
        assert!(error.to_string().contains(why), "{error}");
    }
}

#[tokio::test]
async fn an_address_that_is_not_listed_is_not_asked() {
    with_api(
        |_: &Asked| json("[1]"),
        async |mut bench| {
            bench.guard = Guard::new(["127.0.0.1:1"]).unwrap();
            let port = bench.at.port();
            for host in [
                "127.0.0.1",
                "localhost",
                "0x7f.1",
                "[::ffff:127.0.0.1]",
                "2130706433",
            ] {
                let mut spec = bench.spec();
                spec.url = format!("http://{host}:{port}/list");
                let error = bench.failure(spec).await;
                assert!(matches!(error, PullError::Declared(_)), "{host}: {error:?}");
                assert!(error.to_string().contains("cannot reach"), "{error}");
            }
            assert_eq!(bench.asked(), 0);
        },
    )
    .await;
}

/// Leads to loopback when it is asked first, and to a private address from then on.
struct Moving(std::sync::atomic::AtomicUsize);

#[async_trait]
impl Names for Moving {
    async fn addresses(&self, _: &str) -> std::io::Result<Vec<std::net::IpAddr>> {
        let first = self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0;
        Ok(vec![
            if first {
                [127, 0, 0, 1]
            } else {
                [169, 254, 169, 254]
            }
            .into(),
        ])
    }
}

#[tokio::test]
async fn the_connection_goes_to_the_address_that_was_checked() {
    with_api(
        |_: &Asked| json("[1]"),
        async |mut bench| {
            let port = bench.at.port();
            let guard = Guard::new([format!("moving.vn:{port}")]).unwrap();
            bench.guard = guard.with_names(Arc::new(Moving(0.into())));
            let mut spec = bench.spec();
            spec.url = format!("http://moving.vn:{port}/list");
            let piece = bench.open(spec.clone()).next(None).await.unwrap().unwrap();
            assert_eq!(body(&piece), "[1]");
            let asked = bench.log.lock().unwrap()[0].clone();
            assert_eq!(asked.header("host"), format!("moving.vn:{port}"));
            // Another client asks for the name again.
            let error = bench.failure(spec).await;
            assert!(
                error
                    .to_string()
                    .contains("`169.254.169.254` is a link-local"),
                "{error}"
            );
        },
    )
    .await;
}

#[tokio::test]
async fn what_cannot_work_is_refused_before_anything_is_asked() {
    let bench = Bench::new(([127, 0, 0, 1], 9).into(), Log::default());
    type Declare = fn(&mut HttpSpec);
    let cases: [(Declare, &str); 11] = [
        (|spec| spec.plain = false, "plain HTTP"),
        (
            |spec| spec.url = "https://u:hunter2@x.vn".into(),
            "by reference",
        ),
        (
            |spec| spec.records = "data".into(),
            "`data` of `records` must begin with `/`",
        ),
        (|spec| spec.total = Some("n".into()), "`n` of `total`"),
        (
            |spec| {
                spec.paging = Paging::Cursor {
                    parameter: "c".into(),
                    next: "n".into(),
                }
            },
            "`n` of `cursor`",
        ),
        (
            |spec| spec.page_size = Some(("n".into(), 0)),
            "at least one record",
        ),
        (|spec| spec.short_page_ends = true, "page size"),
        (
            |spec| spec.headers = vec![("a b".into(), "x".into())],
            "`a b` cannot be the name",
        ),
        (
            |spec| spec.headers = vec![("a".into(), "x\ny".into())],
            "the header `a` has signs",
        ),
        (
            |spec| spec.auth = Auth::Bearer(secret("file:gone")),
            "no secret `file:gone`",
        ),
        (
            |spec| spec.auth = Auth::Bearer(secret("env:BROKEN")),
            "`env:BROKEN` has signs",
        ),
    ];
    for (declare, why) in cases {
        let mut spec = bench.spec();
        declare(&mut spec);
        let error = bench.try_open(spec).err().unwrap();
        assert!(matches!(error, PullError::Declared(_)), "{error}");
        assert!(error.to_string().contains(why), "{error}");
        assert!(!error.to_string().contains("hunter"), "{error}");
    }
    let mut spec = bench.spec();
    spec.root_certificates = Some("/nowhere/ca.pem".into());
    let error = bench.try_open(spec).err().unwrap();
    assert!(error.to_string().contains("`/nowhere/ca.pem`"), "{error}");
}
