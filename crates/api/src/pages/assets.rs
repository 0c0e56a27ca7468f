//! What pages load, compiled in. It is the same for everyone and holds no data, so browsers may
//! keep it.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;

const STYLE: &str = include_str!("../../assets/pages.css");
const ICON: &str = include_str!("../../assets/icon.svg");

const KEPT: &str = "max-age=300";

/// The style sheet.
pub(super) async fn style() -> impl IntoResponse {
    (
        [
            (CONTENT_TYPE, "text/css; charset=utf-8"),
            (CACHE_CONTROL, KEPT),
        ],
        STYLE,
    )
}

/// The icon.
pub(super) async fn icon() -> impl IntoResponse {
    (
        [(CONTENT_TYPE, "image/svg+xml"), (CACHE_CONTROL, KEPT)],
        ICON,
    )
}
