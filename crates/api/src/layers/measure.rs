//! Metrics of the door.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;

/// Counts and times requests by method, route and status; the time ends where the body begins.
pub(crate) async fn measure(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let path = request.extensions().get::<MatchedPath>();
    // A path that is no route is not a label: strangers would choose how many there are.
    let path = path.map_or_else(|| "unknown".to_owned(), |path| path.as_str().to_owned());
    let method = match request.method().as_str() {
        known @ ("GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS") => {
            known.to_owned()
        }
        _ => "other".to_owned(),
    };
    let answer = next.run(request).await;
    let status = answer.status().as_u16().to_string();
    let labels = [("method", method), ("path", path), ("status", status)];
    metrics::counter!("dtm_http_requests_total", &labels).increment(1);
    metrics::histogram!("dtm_http_request_seconds", &labels)
        .record(started.elapsed().as_secs_f64());
    answer
}
