//! A bound on how long a client waits for a short act.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use service::{ErrorKind, ServiceError};

use crate::{ApiState, Problem};

/// Gives up a request after `wait_ms`. For acts that read a little; never for those that receive,
/// stream or change data, which have limits of their own.
pub(crate) async fn patient(
    State(state): State<ApiState>,
    request: Request,
    next: Next,
) -> Response {
    let wait_ms = state.limits.wait_ms;
    match tokio::time::timeout(Duration::from_millis(wait_ms), next.run(request)).await {
        Ok(answer) => answer,
        Err(_) => {
            let message = format!("the request met the limit `wait_ms` of {wait_ms} ms");
            let error = ServiceError::new(ErrorKind::Unavailable, message);
            Problem::from(error.hint("Try again when the node has less to do.")).into_response()
        }
    }
}
