//! The audit journal.

use axum::Json;
use axum::extract::State;

use super::{Answer, PageParams};
use crate::dto::AuditRecordDto;
use crate::extract::Params;
use crate::{ApiCall, ApiState};

/// List the entries of the audit journal, newest first
#[utoipa::path(get, path = "/api/v1/audit/entries", tag = "audit", params(PageParams),
    responses((status = 200, description = "A page of entries", body = Vec<AuditRecordDto>)))]
pub(super) async fn entries(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    Params(page): Params<PageParams>,
) -> Answer<Json<Vec<AuditRecordDto>>> {
    Ok(super::list(
        state.service.audit_entries(&call, page.into()).await?,
    ))
}
