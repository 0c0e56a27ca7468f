//! Metrics of the door.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;

/// Counts and times requests by method, route and status; the time ends where the body begins.
pub(crate) async fn measure(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let (method, path) = (method(&request).to_owned(), route(&request).to_owned());
    let answer = next.run(request).await;
    let status = answer.status().as_u16().to_string();
    let labels = [("method", method), ("path", path), ("status", status)];
    metrics::counter!("dtm_http_requests_total", &labels).increment(1);
    metrics::histogram!("dtm_http_request_seconds", &labels)
        .record(started.elapsed().as_secs_f64());
    answer
}

/// The route that the request's path is of. A path that is no route is neither a label nor logged:
/// strangers would choose what stands there.
pub(super) fn route(request: &Request) -> &str {
    let path = request.extensions().get::<MatchedPath>();
    path.map_or("unknown", MatchedPath::as_str)
}

/// The request's method, if it is one that is known.
pub(super) fn method(request: &Request) -> &str {
    match request.method().as_str() {
        known @ ("GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS") => known,
        _ => "other",
    }
}
