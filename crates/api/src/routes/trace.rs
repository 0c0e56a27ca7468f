//! Tracing.

use axum::Json;
use axum::extract::State;

use super::Answer;
use crate::dto::{TraceDto, TraceRequestDto};
use crate::extract::{JsonBody, NoParams, Params};
use crate::{ApiCall, ApiState, Problem};

/// Find the submissions behind a figure
#[utoipa::path(post, path = "/api/v1/trace", tag = "catalogue", request_body = TraceRequestDto,
    description = "Follows the figures that the condition chooses through the SQL that computed \
        them, back to the submissions whose rows are in them, and computes them again from these \
        alone. Where an operator does not tell which rows it used, the answer names it and every \
        submission that it may have used.",
    responses(
        (status = 200, description = "The submissions, each with where its receipt is",
            body = TraceDto),
        (status = 404, description = "There is no such dataset, or a version that would be read \
            is not kept", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A limit was met", body = Problem,
            content_type = "application/problem+json")))]
pub(super) async fn trace(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    Params(NoParams {}): Params<NoParams>,
    JsonBody(request): JsonBody<TraceRequestDto>,
) -> Answer<Json<TraceDto>> {
    let answer = state.service.trace(&call, request.try_into()?).await?;
    Ok(Json(answer.into()))
}
