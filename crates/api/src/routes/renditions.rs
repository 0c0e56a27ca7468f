//! Reports and their renditions.

use axum::Json;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use render::encode::XLSX_MEDIA_TYPE;
use service::{Document, ErrorKind, RenditionFormat, ServiceError, Supersession};
use sha2::{Digest, Sha256};

use super::{Answer, PageParams};
use crate::dto::{RenderDto, RenditionDto, ReportDto, instant};
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

/// Render a report in every format and keep the rendition
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

/// List renditions of a report, newest first
#[utoipa::path(get, path = "/api/v1/reports/{name}/renditions", tag = "reports",
    params(("name" = String, Path, description = "The report"), PageParams),
    responses((status = 200, description = "A page of renditions, each with whether it is \
        superseded", body = Vec<RenditionDto>)))]
pub(super) async fn list(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    WordPath(report): WordPath,
    Params(page): Params<PageParams>,
) -> Answer<Json<Vec<RenditionDto>>> {
    let listed = state.service.renditions(&call, &report, page.into());
    Ok(super::list(listed.await?))
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
    params(("id" = String, Path, description = "The rendition's id, a dot, and the format: \
        `html`, `xlsx` or `csv`", example = "0192.html")),
    responses((status = 200, description = "The document",
        headers(("Dtm-Superseded" = String, description = "Since when other figures are \
            published than it shows; `run` published them, `by` is the rendition that shows them")),
        content(
        (String = "text/html"), (String = "text/csv"),
        (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")))))]
pub(super) async fn document(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    WordPath(file): WordPath,
    Params(NoParams {}): Params<NoParams>,
) -> Answer<Response> {
    let (id, format) = split(&file)?;
    Ok(written(state.service.document(&call, id, format).await?))
}

/// The report that a document is of.
const REPORT: HeaderName = HeaderName::from_static("dtm-report");

/// Since when a document is superseded, and by what.
const SUPERSEDED: HeaderName = HeaderName::from_static("dtm-superseded");

fn split(file: &str) -> Result<(&str, RenditionFormat), ServiceError> {
    let parts = file.rsplit_once('.');
    let parts = parts.and_then(|(id, end)| Some((id, RenditionFormat::from_ending(end)?)));
    parts.ok_or_else(|| {
        ServiceError::new(
            ErrorKind::NotFound,
            format!("`{file}` names no rendition in a format"),
        )
        .hint("Ask for the rendition's id and `.html`, `.xlsx` or `.csv`.")
    })
}

/// As the value of a header: `2026-11-02T03:00:00Z; run=…; by=…`.
fn told(of: Supersession) -> String {
    let run = of.run.map(|run| format!("; run={run}"));
    let by = of.by.map(|by| format!("; by={by}"));
    let parts = [Some(instant(of.at)), run, by];
    parts.into_iter().flatten().collect()
}

fn written(document: Document) -> Response {
    let media_type = match document.format {
        RenditionFormat::Html => "text/html; charset=utf-8",
        RenditionFormat::Xlsx => XLSX_MEDIA_TYPE,
        RenditionFormat::Csv => "text/csv; charset=utf-8; header=present",
    };
    let how = match document.format {
        RenditionFormat::Html => (CONTENT_SECURITY_POLICY, policy(&document.bytes)),
        format => (
            CONTENT_DISPOSITION,
            format!(
                "attachment; filename=\"{}.{}\"",
                document.report,
                format.ending()
            ),
        ),
    };
    let headers = [
        (CONTENT_TYPE, media_type.to_owned()),
        (REPORT, document.report),
        how,
    ];
    let superseded = document.superseded.map(|of| [(SUPERSEDED, told(of))]);
    (headers, superseded, document.bytes).into_response()
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
