//! The audit journal, and the audit log as static files (C2SP tlog-tiles).

use axum::Json;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, Uri};
use axum::response::{IntoResponse, Response};

use super::{Answer, PageParams};
use crate::dto::AuditRecordDto;
use crate::extract::Params;
use crate::{ApiCall, ApiState};

/// Of what never changes.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
const BYTES: &str = "application/octet-stream";

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

/// Read the newest checkpoint of this node's audit log
#[utoipa::path(get, path = "/audit/checkpoint", tag = "audit", security(()),
    responses((status = 200, description = "A signed note (C2SP tlog-checkpoint); the hashes are \
        at `/audit/tile/{level}/…`, the entries at `/audit/tile/entries/…`, as tlog-tiles says",
        body = String)))]
pub(super) async fn checkpoint(State(state): State<ApiState>) -> Answer<Response> {
    let note = state.service.log_checkpoint().await?;
    Ok(([(CONTENT_TYPE, "text/plain; charset=utf-8")], note).into_response())
}

/// A tile of hashes. Its path may have any number of parts, which OpenAPI cannot describe.
pub(super) async fn hashes(State(state): State<ApiState>, uri: Uri) -> Answer<Response> {
    let path = in_log(&uri);
    let tile = state.service.log_hashes(path).await?;
    let mut answer = ([(CONTENT_TYPE, BYTES)], tile).into_response();
    if !path.contains(".p/") {
        let kept = HeaderValue::from_static(FOR_EVER);
        answer.headers_mut().insert(CACHE_CONTROL, kept);
    }
    Ok(answer)
}

/// A bundle of entries.
pub(super) async fn bundle(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    uri: Uri,
) -> Answer<Response> {
    let file = state.service.log_file(&call, in_log(&uri)).await?;
    Ok(([(CONTENT_TYPE, BYTES)], file).into_response())
}

/// Read a text of an audit entry that is kept beside it, by its SHA-256
#[utoipa::path(get, path = "/audit/side/{sha256}", tag = "audit",
    params(("sha256" = String, Path, description = "The SHA-256 that the entry names")),
    responses((status = 200, description = "The text, or canonical JSON", body = Vec<u8>,
        content_type = "application/octet-stream")))]
pub(super) async fn side(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    uri: Uri,
) -> Answer<Response> {
    let file = state.service.log_file(&call, in_log(&uri)).await?;
    Ok(([(CONTENT_TYPE, BYTES)], file).into_response())
}

/// The path in the log as it was asked for: no other spelling of it is taken.
fn in_log(uri: &Uri) -> &str {
    uri.path().strip_prefix("/audit/").unwrap_or_default()
}
