//! Maintenance.

use axum::Json;
use axum::extract::State;

use super::Answer;
use crate::dto::{MaintainDto, MaintenanceDto};
use crate::extract::{JsonBody, NoParams, Params};
use crate::{ApiCall, ApiState};

/// Put small files together, write checkpoints, and tell or delete what nobody needs
#[utoipa::path(post, path = "/api/v1/maintenance", tag = "operation", request_body = MaintainDto,
    responses((status = 200, description = "What was done", body = MaintenanceDto)))]
pub(super) async fn maintain(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    Params(NoParams {}): Params<NoParams>,
    JsonBody(request): JsonBody<MaintainDto>,
) -> Answer<Json<MaintenanceDto>> {
    let report = state.service.maintain(&call, request.into()).await?;
    Ok(Json(report.into()))
}
