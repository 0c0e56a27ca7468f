//! Routes and layers put together.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{Extensions, HeaderMap, StatusCode, Version};
use axum::middleware::{from_fn, from_fn_with_state, map_response};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{Predicate, SizeAbove};

use crate::{ApiState, layers, pages, routes};

/// The smallest answer that is worth compressing.
const COMPRESSED_BYTES: u64 = 1024;

/// Everything that is served: the API and the pages. Serve it with
/// `into_make_service_with_connect_info::<SocketAddr>()`, so that calls carry their peer.
pub fn router(state: ApiState) -> Router {
    let (api, _) = routes::routes(&state).split_for_parts();
    let https = state.https;
    let compression =
        CompressionLayer::new().compress_when(SizeAbove::new(COMPRESSED_BYTES).and(compressible));
    api.merge(pages::router())
        .method_not_allowed_fallback(layers::method_refused)
        // The last layer is the outermost.
        .layer(DefaultBodyLimit::max(state.limits.request_bytes))
        .layer(CatchPanicLayer::custom(layers::panicked))
        .layer(from_fn(layers::cross_origin))
        .layer(from_fn(layers::finish))
        .layer(map_response(move |answer| async move { layers::secure(https, answer) }))
        .layer(from_fn(layers::measure))
        .layer(compression)
        .layer(from_fn_with_state(state.clone(), layers::line))
        .with_state(state)
}

/// Whether compressing pays: evidence leaves as it came, and columnar formats are dense already.
fn compressible(_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    let media_type = headers
        .get(CONTENT_TYPE)
        .map(|value| value.as_bytes())
        .unwrap_or_default();
    let dense = [
        &b"application/vnd.apache."[..],
        b"application/vnd.openxmlformats",
        b"image/png",
        b"font/",
    ];
    !headers.contains_key(CONTENT_DISPOSITION) && !dense.iter().any(|d| media_type.starts_with(d))
}

#[cfg(test)]
mod tests;
