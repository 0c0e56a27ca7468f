//! Paths that are no route.

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use render::Language;
use tower::ServiceExt;

use super::fake::{Fake, Stage};
use super::{check, state};

async fn ask(path: &str, accept: &str) -> (StatusCode, String, String) {
    let fake = Fake::new(Stage::Full);
    let request = Request::get(path)
        .header("accept", accept)
        .header("cookie", "dtm_session=known");
    let request = request.body(Body::empty()).unwrap();
    let answer = crate::router(state(&fake)).oneshot(request).await.unwrap();
    let status = answer.status();
    let media_type = answer.headers()["content-type"]
        .to_str()
        .unwrap()
        .to_owned();
    let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    (
        status,
        media_type,
        String::from_utf8(body.to_vec()).unwrap(),
    )
}

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

#[tokio::test]
async fn an_unknown_path_is_a_page_to_browsers_and_a_problem_to_programs() {
    for path in ["/nowhere", "/datasets/raw.dossiers/nowhere", "/<b>"] {
        let path = path.replace('<', "%3C").replace('>', "%3E");
        let (status, media_type, body) = ask(&path, BROWSER).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert_eq!(media_type, "text/html; charset=utf-8");
        check(&path, &body, Language::Vi);
        assert!(body.contains("Không tìm thấy"), "{body}");
    }
    for (path, accept) in [
        ("/nowhere", "*/*"),
        ("/nowhere", "application/json"),
        ("/api/v1/nowhere", BROWSER),
    ] {
        let (status, media_type, body) = ask(path, accept).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert_eq!(media_type, "application/problem+json");
        assert!(body.contains(&format!("nothing is at `{path}`")), "{body}");
    }
}
