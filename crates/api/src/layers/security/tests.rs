use axum::body::Body;

use crate::testing::{Double, TOKEN, get, send};
use axum::http::Request;

#[tokio::test]
async fn every_answer_has_the_security_headers() {
    for path in ["/healthz", "/nowhere", "/api/v1/plan"] {
        let answer = get(&Double::new(), path).await;
        let policy = answer.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none';"),
            "{path}: {policy}"
        );
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("strict-transport-security"), "");
    }
}

#[tokio::test]
async fn another_site_cannot_make_a_browser_act() {
    let cases: [(&[(&str, &str)], u16); 8] = [
        (&[], 200),
        (&[("sec-fetch-site", "same-origin")], 200),
        (&[("sec-fetch-site", "none")], 200),
        (&[("sec-fetch-site", "same-site")], 403),
        (&[("sec-fetch-site", "cross-site")], 403),
        (
            &[
                ("origin", "http://dtm.gov.vn:8080"),
                ("host", "dtm.gov.vn:8080"),
            ],
            200,
        ),
        (
            &[
                ("origin", "http://evil.example"),
                ("host", "dtm.gov.vn:8080"),
            ],
            403,
        ),
        (&[("origin", "null"), ("host", "dtm.gov.vn:8080")], 403),
    ];
    for (headers, status) in cases {
        let acted = |name: &str, value: String| {
            let mut request = Request::builder()
                .method("POST")
                .uri("/api/v1/apply")
                .header(name, value);
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            request.body(Body::empty()).unwrap()
        };
        let by_cookie = acted("cookie", format!("dtm_session={TOKEN}"));
        let double = Double::new();
        assert_eq!(send(&double, by_cookie).await.status, status, "{headers:?}");
        assert_eq!(
            double.asked().len(),
            usize::from(status == 200),
            "{headers:?}"
        );
        let by_token = acted("authorization", format!("Bearer {TOKEN}"));
        assert_eq!(send(&double, by_token).await.status, 200, "{headers:?}");
    }
}
