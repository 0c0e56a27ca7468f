//! Closed routes answer nothing but 401 to those who show no credential.

use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::{AUTHORIZATION, COOKIE};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use service::{ErrorKind, ServiceError};

use crate::{Problem, SESSION_COOKIE};

/// Whether a call is allowed is decided, and recorded, behind the service. But a request that is
/// refused before it becomes a call, for its form, would tell a stranger about the route; and a
/// handler that forgot to hand on the call would let it in. Neither leaves this layer.
pub(crate) async fn closed(request: Request, next: Next) -> Response {
    let headers = request.headers();
    let cookies = headers.get_all(COOKIE).iter();
    let session = format!("{SESSION_COOKIE}=");
    let shown = headers.contains_key(AUTHORIZATION)
        || cookies
            .filter_map(|cookie| cookie.to_str().ok())
            .any(|c| c.contains(&session));
    let answer = next.run(request).await;
    if shown || answer.status() == StatusCode::UNAUTHORIZED {
        return answer;
    }
    let error = ServiceError::new(ErrorKind::Unauthenticated, "no credentials were given");
    Problem::from(error.hint("Send `Authorization: Bearer` with a token, or sign in."))
        .into_response()
}
