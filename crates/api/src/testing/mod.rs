//! A recording double of the service, for tests of routing and encoding alone.

mod connectors;
mod double;
mod log;
mod preview;
mod profile;
mod quality;
mod restatement;
mod rollback;
mod samples;
mod trace;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use tower::ServiceExt;

pub(crate) use connectors::{connector, connectors, pull_report};
pub(crate) use double::Double;
pub(crate) use preview::{impact, previews};
pub(crate) use profile::profiles;
pub(crate) use quality::quality;
pub(crate) use restatement::{restatement, superseded};
pub(crate) use rollback::rollback;
pub(crate) use samples::*;
pub(crate) use trace::trace;

use crate::{ApiLimits, ApiState};

/// The token that the double knows.
pub(crate) const TOKEN: &str = "dtm_t_known";

/// The state over a double; correlation ids count from 1.
pub(crate) fn state(double: &Arc<Double>) -> ApiState {
    let next = AtomicU64::new(1);
    ApiState {
        service: double.clone(),
        metrics: Arc::new(|| "dtm_up 1\n".to_owned()),
        correlation_ids: Arc::new(move || format!("c{}", next.fetch_add(1, Ordering::Relaxed))),
        limits: ApiLimits {
            body_bytes: 1000,
            request_bytes: 500,
            wait_ms: 60_000,
        },
        spool_folder: tempfile::env::temp_dir(),
        https: false,
    }
}

/// The router over a double.
pub(crate) fn router(double: &Arc<Double>) -> Router {
    crate::router(state(double))
}

/// An answer read to its end.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Read {
    /// Status, media type and body, as snapshots show them.
    pub(crate) fn shown(&self) -> String {
        let media_type = self.header("content-type");
        let body = match serde_json::from_str::<serde_json::Value>(&self.body) {
            Ok(json) => serde_json::to_string_pretty(&json).unwrap(),
            // A carriage return would not survive in a source file.
            Err(_) => self.body.replace('\r', "␍"),
        };
        format!("{} {media_type}\n{body}\n", self.status.as_u16())
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

/// Sends a request to a fresh router over the double.
pub(crate) async fn send(double: &Arc<Double>, request: Request<Body>) -> Read {
    let answer = router(double).oneshot(request).await.unwrap();
    let (parts, body) = answer.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let body = String::from_utf8(body.to_vec()).unwrap();
    Read {
        status: parts.status,
        headers: parts.headers,
        body,
    }
}

/// A request with the known token.
pub(crate) fn request(method: &str, path: &str) -> axum::http::request::Builder {
    Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {TOKEN}"))
}

/// `GET` with the known token.
pub(crate) async fn get(double: &Arc<Double>, path: &str) -> Read {
    send(double, request("GET", path).body(Body::empty()).unwrap()).await
}

/// `POST` of JSON with the known token.
pub(crate) async fn post(double: &Arc<Double>, path: &str, json: &str) -> Read {
    let request = request("POST", path).header("content-type", "application/json");
    send(double, request.body(Body::from(json.to_owned())).unwrap()).await
}
