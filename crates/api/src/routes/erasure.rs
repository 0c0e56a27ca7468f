//! Erasing evidence.

use axum::Json;
use axum::extract::State;
use service::EraseRequest;

use super::Answer;
use crate::dto::{EraseDto, EraseReportDto};
use crate::extract::{JsonBody, NoParams, Params, SubmissionPath};
use crate::{ApiCall, ApiState, Problem};

/// Erase the evidence of a submission
#[utoipa::path(post, path = "/api/v1/submissions/{id}/erase", tag = "submissions",
    params(("id" = String, Path, description = "The submission")),
    request_body = EraseDto,
    responses(
        (status = 200, description = "The bytes that were received are gone, or were before; hash \
            and receipt stay, and so do rows in tables: withdrawing takes these out",
            body = EraseReportDto),
        (status = 409, description = "It is not decided yet whether its rows land; or the same \
            bytes are the evidence of other submissions, which the request does not allow for",
            body = Problem, content_type = "application/problem+json")))]
pub(super) async fn erase(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    SubmissionPath(id): SubmissionPath,
    Params(NoParams {}): Params<NoParams>,
    JsonBody(EraseDto { reason, others }): JsonBody<EraseDto>,
) -> Answer<Json<EraseReportDto>> {
    let request = EraseRequest { id, reason, others };
    Ok(Json(state.service.erase(&call, request).await?.into()))
}
