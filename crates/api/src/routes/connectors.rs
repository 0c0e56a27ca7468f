//! Connectors: how they stand, and running them now.

use axum::Json;
use axum::extract::State;

use super::Answer;
use crate::dto::{ConnectorDto, PullReportDto, PullRequestDto};
use crate::extract::{JsonBody, NoParams, Params};
use crate::{ApiCall, ApiState};

/// List the connectors with how they stand
#[utoipa::path(get, path = "/api/v1/connectors", tag = "connectors",
    responses((status = 200, description = "The connectors", body = Vec<ConnectorDto>)))]
pub(super) async fn list(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    Params(NoParams {}): Params<NoParams>,
) -> Answer<Json<Vec<ConnectorDto>>> {
    Ok(super::list(state.service.connectors(&call).await?))
}

/// Run connectors now, each once
#[utoipa::path(post, path = "/api/v1/pulls", tag = "connectors", request_body = PullRequestDto,
    responses((status = 200, description = "What they fetched, when they have ended",
        body = Vec<PullReportDto>)))]
pub(super) async fn pull(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    Params(NoParams {}): Params<NoParams>,
    JsonBody(request): JsonBody<PullRequestDto>,
) -> Answer<Json<Vec<PullReportDto>>> {
    Ok(super::list(
        state.service.pull(&call, request.into()).await?,
    ))
}
