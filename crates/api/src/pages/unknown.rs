//! What is answered on a path that is no route.

use axum::http::header::ACCEPT;
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};

use super::visit::Visit;
use crate::layers;

/// The names of the API; what asks there is a program, whatever it says it accepts.
const API: &str = "/api/";

/// A page for browsers, which ask for `text/html` by name; a problem for everything else.
pub(super) async fn unknown(visit: Visit, headers: HeaderMap, uri: Uri) -> Response {
    let problem = layers::unknown_route(&uri);
    let accepted = headers.get_all(ACCEPT).iter();
    let mut accepted = accepted.filter_map(|header| header.to_str().ok());
    if uri.path().starts_with(API) || !accepted.any(|types| types.contains("text/html")) {
        return problem.into_response();
    }
    visit.answer(Err(problem.into_error()))
}
