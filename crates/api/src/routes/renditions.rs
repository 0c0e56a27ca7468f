//! Reports and their renditions.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use service::{ErrorKind, Rendition, RenditionFormat, ServiceError};
use sha2::{Digest, Sha256};

use super::Answer;
use crate::dto::{RenderDto, RenditionDto, ReportDto};
use crate::extract::{JsonBody, NoParams, Params, WordPath};
use crate::{ApiCall, ApiState};

/// List the report definitions
#[utoipa::path(get, path = "/api/v1/reports", tag = "reports",
    responses((status = 200, description = "The reports", body = Vec<ReportDto>)))]
pub(super) async fn reports(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    Params(NoParams {}): Params<NoParams>,
) -> Answer<Json<Vec<ReportDto>>> {
    Ok(super::list(state.service.reports(&call).await?))
}

/// Render a report and keep the rendition
#[utoipa::path(post, path = "/api/v1/reports/{name}/renditions", tag = "reports",
    params(("name" = String, Path, description = "The report")), request_body = RenderDto,
    responses((status = 201, description = "The rendition", body = RenditionDto)))]
pub(super) async fn render(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    WordPath(report): WordPath,
    Params(NoParams {}): Params<NoParams>,
    JsonBody(body): JsonBody<RenderDto>,
) -> Answer<Response> {
    let rendition = state
        .service
        .render(&call, body.into_request(report))
        .await?;
    let location = format!("/api/v1/renditions/{}", rendition.id);
    let body = Json(RenditionDto::from(rendition));
    Ok((StatusCode::CREATED, [(LOCATION, location)], body).into_response())
}

/// Read what a rendition was made from
#[utoipa::path(get, path = "/api/v1/renditions/{id}/manifest", tag = "reports",
    params(("id" = String, Path, description = "The rendition")),
    responses((status = 200, description = "The rendition", body = RenditionDto)))]
pub(super) async fn manifest(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    WordPath(id): WordPath,
    Params(NoParams {}): Params<NoParams>,
) -> Answer<Json<RenditionDto>> {
    Ok(Json(state.service.rendition(&call, &id).await?.into()))
}

/// Read a rendition
#[utoipa::path(get, path = "/api/v1/renditions/{id}", tag = "reports",
    params(("id" = String, Path, description = "The rendition's id, a dot, and the format",
        example = "0192.html")),
    responses((status = 200, description = "The document", body = String,
        content_type = "text/html")))]
pub(super) async fn document(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    WordPath(file): WordPath,
    Params(NoParams {}): Params<NoParams>,
) -> Answer<Response> {
    let (id, format) = split(&file)?;
    let rendition = state.service.rendition(&call, id).await?;
    Ok(written(rendition, format)?)
}

fn split(file: &str) -> Result<(&str, RenditionFormat), ServiceError> {
    let parts = file.rsplit_once('.');
    let parts = parts.and_then(|(id, end)| Some((id, RenditionFormat::from_ending(end)?)));
    parts.ok_or_else(|| {
        ServiceError::new(
            ErrorKind::NotFound,
            format!("`{file}` names no rendition in a format"),
        )
        .hint("Ask for the rendition's id and `.html`.")
    })
}

fn written(rendition: Rendition, format: RenditionFormat) -> Result<Response, ServiceError> {
    if rendition.format != format {
        let message = format!("rendition `{}` is not kept in that format", rendition.id);
        return Err(
            ServiceError::new(ErrorKind::NotFound, message).hint(format!(
                "Ask for `{}.{}`.",
                rendition.id,
                rendition.format.ending()
            )),
        );
    }
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (CONTENT_SECURITY_POLICY, policy(&rendition.bytes)),
    ];
    Ok((headers, rendition.bytes).into_response())
}

/// A rendition carries its style in itself, so that it can be kept as one file; the policy allows
/// exactly that text and nothing else.
fn policy(html: &[u8]) -> String {
    let html = String::from_utf8_lossy(html);
    let styles: Vec<String> = html
        .split("<style>")
        .skip(1)
        .filter_map(|rest| rest.split_once("</style>"))
        .map(|(style, _)| format!(" 'sha256-{}'", STANDARD.encode(Sha256::digest(style))))
        .collect();
    let styles = if styles.is_empty() {
        " 'none'".to_owned()
    } else {
        styles.concat()
    };
    format!(
        "default-src 'none'; style-src{styles}; img-src data:; form-action 'none'; \
         frame-ancestors 'none'; base-uri 'none'"
    )
}

#[cfg(test)]
mod tests;
