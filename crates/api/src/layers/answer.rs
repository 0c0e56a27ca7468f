//! What every answer carries: its correlation id, and its problem as a body.

use std::any::Any;

use axum::Extension;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use service::{ErrorKind, ServiceError};

use crate::body::lingering;
use crate::{CorrelationId, Problem};

const CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");

/// Tells the client the correlation id, and writes the answer's problem if it has one.
pub(crate) async fn finish(
    Extension(CorrelationId(id)): Extension<CorrelationId>,
    request: Request,
    next: Next,
) -> Response {
    let mut answer = next.run(request.map(lingering)).await;
    if let Some(mut problem) = answer.extensions_mut().remove::<Problem>() {
        problem.correlation_id.clone_from(&id);
        answer = problem.write(answer);
    }
    if let Ok(id) = HeaderValue::try_from(id) {
        answer.headers_mut().insert(CORRELATION_ID, id);
    }
    answer
}

/// The answer on a path that is no route.
pub(crate) fn unknown_route(uri: &Uri) -> Problem {
    let error = ServiceError::new(
        ErrorKind::NotFound,
        format!("nothing is at `{}`", uri.path()),
    );
    error.hint("`/api/openapi.json` lists the routes.").into()
}

/// The answer to a method that the route does not have.
pub(crate) async fn method_refused(method: Method, uri: Uri) -> Problem {
    let detail = format!("`{}` takes no `{method}`", uri.path());
    Problem::of_status(StatusCode::METHOD_NOT_ALLOWED, detail)
        .hint("The `Allow` header names the methods that it takes.")
}

/// The answer of a handler that panicked.
pub(crate) fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    tracing::error!(panic = text, "a handler panicked");
    let error = ServiceError::new(
        ErrorKind::Internal,
        "the request met a defect of the server",
    );
    let hint = "Report it with the correlation id; other requests are not touched by it.";
    Problem::from(error.hint(hint)).into_response()
}
