//! Runs, plans, applications.

use axum::Json;
use axum::extract::State;

use service::RestateRequest;

use super::{Answer, PageParams};
use crate::dto::{PlanDto, PreviewDto, PreviewRequestDto, RestatementDto, RunDto, RunRequestDto};
use crate::extract::{JsonBody, NoParams, Params, WordPath};
use crate::{ApiCall, ApiState};

/// Run transformations
#[utoipa::path(post, path = "/api/v1/runs", tag = "runs", request_body = RunRequestDto,
    responses((status = 200, description = "The run, when it has ended", body = RunDto)))]
pub(super) async fn run(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    Params(NoParams {}): Params<NoParams>,
    JsonBody(request): JsonBody<RunRequestDto>,
) -> Answer<Json<RunDto>> {
    Ok(Json(state.service.run(&call, request.into()).await?.into()))
}

/// List runs that changed something or failed, newest first
#[utoipa::path(get, path = "/api/v1/runs", tag = "runs", params(PageParams),
    responses((status = 200, description = "The runs", body = Vec<RunDto>)))]
pub(super) async fn list(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    Params(page): Params<PageParams>,
) -> Answer<Json<Vec<RunDto>>> {
    Ok(super::list(state.service.runs(&call, page.into()).await?))
}

/// Read a run
#[utoipa::path(get, path = "/api/v1/runs/{id}", tag = "runs",
    params(("id" = String, Path, description = "The run")),
    responses((status = 200, description = "The run", body = RunDto)))]
pub(super) async fn one(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    WordPath(id): WordPath,
    Params(NoParams {}): Params<NoParams>,
) -> Answer<Json<RunDto>> {
    Ok(Json(state.service.run_of(&call, &id).await?.into()))
}

/// Compare the project with the lake
#[utoipa::path(get, path = "/api/v1/plan", tag = "runs",
    responses((status = 200, description = "What `apply` would do", body = PlanDto)))]
pub(super) async fn plan(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    Params(NoParams {}): Params<NoParams>,
) -> Answer<Json<PlanDto>> {
    Ok(Json(state.service.plan(&call).await?.into()))
}

/// Compute what changed beside what is published, and compare the rows
#[utoipa::path(post, path = "/api/v1/plan/preview", tag = "runs", request_body = PreviewRequestDto,
    responses((status = 200, description = "How each dataset would differ; nothing is published",
        body = Vec<PreviewDto>)))]
pub(super) async fn preview(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    Params(NoParams {}): Params<NoParams>,
    JsonBody(request): JsonBody<PreviewRequestDto>,
) -> Answer<Json<Vec<PreviewDto>>> {
    let previews = state.service.preview(&call, request.into()).await?;
    Ok(super::list(previews))
}

/// Compute which published figures the rows that wait for the next run change
#[utoipa::path(post, path = "/api/v1/plan/restatement", tag = "runs",
    responses((status = 200, description = "What changes, and which renditions show it; nothing is \
        published", body = RestatementDto)))]
pub(super) async fn restatement(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    Params(NoParams {}): Params<NoParams>,
) -> Answer<Json<RestatementDto>> {
    let request = RestateRequest::Waiting;
    Ok(Json(state.service.restate(&call, request).await?.into()))
}

/// Make the lake what the project says
#[utoipa::path(post, path = "/api/v1/apply", tag = "runs",
    responses((status = 200, description = "What was done", body = PlanDto)))]
pub(super) async fn apply(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    Params(NoParams {}): Params<NoParams>,
) -> Answer<Json<PlanDto>> {
    Ok(Json(state.service.apply(&call).await?.into()))
}
