use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use tokio::net::TcpListener;

use super::{PostSpec, Poster};
use crate::{Guard, PullError, Secret, SecretRef, Secrets};

struct Drawer;

impl Secrets for Drawer {
    fn get(&self, _: &SecretRef) -> crate::Result<Secret> {
        Ok(Secret::new("hunter2"))
    }
}

type Log = Arc<Mutex<Vec<(HeaderMap, String)>>>;

async fn serving(status: StatusCode) -> (SocketAddr, Log) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let log = Log::default();
    let kept = Arc::clone(&log);
    let app = Router::new().fallback(move |headers: HeaderMap, body: String| {
        kept.lock().unwrap().push((headers, body));
        let to = [(header::LOCATION, format!("http://{at}/elsewhere"))];
        async move { (status, to, "hunter2").into_response() }
    });
    tokio::runtime::Handle::current().spawn(async move {
        axum::serve(listener, app).await.unwrap();
    });
    (at, log)
}

fn spec(at: SocketAddr) -> PostSpec {
    PostSpec {
        url: format!("http://{at}/api/v1/lineage?key=hunter2"),
        plain: true,
        content_type: "application/json",
        bearer: Some(SecretRef::Env("TOKEN".to_owned())),
        answer_within: Duration::from_secs(10),
    }
}

fn open(at: SocketAddr) -> Guard {
    Guard::new([at.to_string()]).unwrap()
}

#[tokio::test]
async fn a_body_is_posted_with_its_type_and_the_token() {
    for status in [StatusCode::OK, StatusCode::CREATED, StatusCode::NO_CONTENT] {
        let (at, log) = serving(status).await;
        let poster = Poster::new(&spec(at), &open(at), &Drawer).unwrap();
        poster.post(b"{}".to_vec()).await.unwrap();
        let log = log.lock().unwrap();
        assert_eq!(log.len(), 1);
        assert_eq!(log[0].1, "{}");
        assert_eq!(log[0].0["authorization"], "Bearer hunter2");
        assert_eq!(log[0].0["content-type"], "application/json");
    }
}

#[tokio::test]
async fn any_other_status_is_no_and_a_redirect_is_not_followed() {
    for (status, passes) in [
        (StatusCode::TEMPORARY_REDIRECT, false),
        (StatusCode::PERMANENT_REDIRECT, false),
        (StatusCode::BAD_REQUEST, false),
        (StatusCode::UNAUTHORIZED, false),
        (StatusCode::TOO_MANY_REQUESTS, true),
        (StatusCode::INTERNAL_SERVER_ERROR, true),
    ] {
        let (at, log) = serving(status).await;
        let poster = Poster::new(&spec(at), &open(at), &Drawer).unwrap();
        let error = poster.post(Vec::new()).await.unwrap_err();
        assert_eq!(
            matches!(error, PullError::Unavailable(_)),
            passes,
            "{error}"
        );
        let told = error.to_string();
        assert!(told.contains(status.as_str()), "{told}");
        assert!(!told.contains("hunter2"), "{told}");
        assert_eq!(log.lock().unwrap().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn what_may_not_be_reached_is_not_and_who_is_gone_is_unavailable() {
    let (at, log) = serving(StatusCode::OK).await;
    let closed = Guard::new([""; 0]).unwrap();
    let poster = Poster::new(&spec(at), &closed, &Drawer).unwrap();
    let error = poster.post(Vec::new()).await.unwrap_err();
    assert!(matches!(error, PullError::Declared(_)), "{error}");
    let named = PostSpec {
        url: format!("http://localhost:{}/", at.port()),
        ..spec(at)
    };
    let poster = Poster::new(&named, &closed, &Drawer).unwrap();
    let error = poster.post(Vec::new()).await.unwrap_err();
    assert!(error.to_string().contains("loopback"), "{error}");
    assert!(log.lock().unwrap().is_empty());

    let https = PostSpec {
        plain: false,
        ..spec(at)
    };
    let error = Poster::new(&https, &open(at), &Drawer).unwrap_err();
    assert!(error.to_string().contains("plain HTTP"), "{error}");

    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = gone.local_addr().unwrap();
    drop(gone);
    let poster = Poster::new(&spec(at), &open(at), &Drawer).unwrap();
    let error = poster.post(Vec::new()).await.unwrap_err();
    assert!(matches!(error, PullError::Unavailable(_)), "{error}");
    assert!(!error.to_string().contains("hunter2"), "{error}");
}
