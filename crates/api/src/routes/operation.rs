//! Operation: whether the node lives, can act, and how it fares.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use super::Answer;
use crate::extract::{NoParams, Params};
use crate::{ApiCall, ApiState, openapi};

/// Whether the process lives
#[utoipa::path(get, path = "/healthz", tag = "operation", security(()),
    responses((status = 200, description = "It does", body = String)))]
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// Whether the node can act
#[utoipa::path(get, path = "/readyz", tag = "operation", security(()),
    responses((status = 200, description = "It can", body = String),
        (status = 503, description = "It cannot now", body = crate::Problem,
            content_type = "application/problem+json")))]
pub(super) async fn ready(State(state): State<ApiState>) -> Answer<&'static str> {
    state.service.ready().await?;
    Ok("ready\n")
}

/// Read the metrics in Prometheus' text form
#[utoipa::path(get, path = "/metrics", tag = "operation",
    responses((status = 200, description = "The metrics", body = String)))]
pub(super) async fn metrics(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    Params(NoParams {}): Params<NoParams>,
) -> Answer<Response> {
    state.service.may_read_metrics(&call).await?;
    let text = (state.metrics)();
    Ok((
        [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
        text,
    )
        .into_response())
}

/// Read this description
#[utoipa::path(get, path = "/api/openapi.json", tag = "operation", security(()),
    responses((status = 200, description = "OpenAPI 3.1", body = Object)))]
pub(super) async fn openapi() -> Response {
    ([(CONTENT_TYPE, "application/json")], openapi::COMMITTED).into_response()
}
