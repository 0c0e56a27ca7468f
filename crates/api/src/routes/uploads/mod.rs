//! Uploads: bodies that arrive in parts, by the tus protocol, version 1.0.

mod metadata;
mod tus;

use axum::Json;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::header::{LINK, LOCATION};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use service::{Call, Upload, UploadId, UploadState};

use super::Answer;
use crate::body::received;
use crate::dto::UploadDto;
use crate::extract::{NoParams, Params, UploadPath};
use crate::{ApiCall, ApiState, Problem};

pub(super) use tus::protocol;

/// What the protocol's extensions are called, of those that are spoken here.
const EXTENSIONS: &str = "creation,creation-with-upload,termination,checksum,expiration";
const ALGORITHMS: &str = "sha1,sha256";

const TUS_VERSION: HeaderName = HeaderName::from_static("tus-version");
const TUS_EXTENSION: HeaderName = HeaderName::from_static("tus-extension");
const TUS_MAX_SIZE: HeaderName = HeaderName::from_static("tus-max-size");
const TUS_ALGORITHMS: HeaderName = HeaderName::from_static("tus-checksum-algorithm");

/// Read what of the tus protocol is spoken here
#[utoipa::path(options, path = "/api/v1/uploads", tag = "submissions",
    responses((status = 204, description = "`Tus-Version`, `Tus-Extension`, `Tus-Max-Size`, \
        `Tus-Checksum-Algorithm`")))]
pub(super) async fn options(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
) -> Answer<Response> {
    state.service.whoami(&call).await?;
    let headers = [
        (TUS_VERSION, HeaderValue::from_static(tus::VERSION)),
        (TUS_EXTENSION, HeaderValue::from_static(EXTENSIONS)),
        (TUS_MAX_SIZE, state.limits.body_bytes.into()),
        (TUS_ALGORITHMS, HeaderValue::from_static(ALGORITHMS)),
    ];
    Ok((StatusCode::NO_CONTENT, headers).into_response())
}

/// Begin an upload
///
/// `Upload-Metadata` (or the query string) says what the body is submitted as: `dataset`,
/// `filename` or `content_type`, `idempotency_key`, and the parameters of a submission under their
/// names there. The body may hold the first part, as `application/offset+octet-stream`.
#[utoipa::path(post, path = "/api/v1/uploads", tag = "submissions",
    params(
        ("Tus-Resumable" = String, Header, description = "`1.0.0`"),
        ("Upload-Length" = u64, Header, description = "How many bytes the body has"),
        ("Upload-Metadata" = Option<String>, Header, description = "Names, each with a space and \
            its value in base64, between commas"),
        ("Upload-Checksum" = Option<String>, Header, description = "`sha1` or `sha256` with a \
            space and the hash of the first part in base64")),
    responses(
        (status = 201, description = "It is begun; `Location` is the upload"),
        (status = 409, description = "The submission to replace or correct does not stand",
            body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is over its limit", body = Problem,
            content_type = "application/problem+json"),
        (status = 429, description = "Too many uploads are begun, or too much is in work",
            body = Problem, content_type = "application/problem+json")))]
pub(super) async fn create(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Answer<Response> {
    let request = metadata::request(query.as_deref().unwrap_or_default(), &headers)?;
    let part = tus::first_part(&headers)?;
    let mut upload = state.service.create_upload(&call, request).await?;
    if let Some(part) = part.filter(|_| matches!(upload.state, UploadState::Receiving)) {
        let (service, id) = (&state.service, upload.id);
        match service
            .continue_upload(&call, id, part, received(body))
            .await
        {
            Ok(continued) => upload = continued,
            Err(error) => {
                // The client does not know of it yet, and begins again.
                let _ = service.end_upload(&call, id).await;
                return Err(error.into());
            }
        }
    }
    let location = [(LOCATION, path(upload.id))];
    Ok((StatusCode::CREATED, location, standing(&upload)).into_response())
}

/// Read where an upload stands, to go on from there
///
/// A part that is under way is cut off, and what arrived of it is kept.
#[utoipa::path(head, path = "/api/v1/uploads/{id}", tag = "submissions",
    params(("id" = String, Path, description = "The upload"),
        ("Tus-Resumable" = String, Header, description = "`1.0.0`")),
    responses((status = 200, description = "`Upload-Offset`, `Upload-Length`, `Upload-Metadata`, \
        `Upload-Expires`")))]
pub(super) async fn resume(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    UploadPath(id): UploadPath,
) -> Answer<Response> {
    let upload = state.service.resume_upload(&call, id).await?;
    let mut headers = standing(&upload);
    headers.insert(tus::LENGTH, upload.length.into());
    if let Ok(metadata) = HeaderValue::try_from(upload.metadata)
        && !metadata.is_empty()
    {
        headers.insert(tus::METADATA, metadata);
    }
    Ok(headers.into_response())
}

/// Read what became of an upload
#[utoipa::path(get, path = "/api/v1/uploads/{id}", tag = "submissions",
    params(("id" = String, Path, description = "The upload")),
    responses((status = 200, description = "Where it stands, and once it is landed the answer or \
        problem of a submission", body = UploadDto)))]
pub(super) async fn one(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    UploadPath(id): UploadPath,
    Params(NoParams {}): Params<NoParams>,
) -> Answer<Json<UploadDto>> {
    Ok(Json(state.service.upload(&call, id).await?.into()))
}

/// Send the next part of an upload
///
/// With its last byte the body is submitted; `Location` says where to ask what became of it.
#[utoipa::path(patch, path = "/api/v1/uploads/{id}", tag = "submissions",
    params(("id" = String, Path, description = "The upload"),
        ("Tus-Resumable" = String, Header, description = "`1.0.0`"),
        ("Upload-Offset" = u64, Header, description = "Where the part begins"),
        ("Upload-Checksum" = Option<String>, Header, description = "`sha1` or `sha256` with a \
            space and the hash of the part in base64")),
    request_body(content = Vec<u8>, content_type = "application/offset+octet-stream"),
    responses(
        (status = 204, description = "It is kept; `Upload-Offset` is where the next one begins"),
        (status = 409, description = "It does not begin where the upload stands", body = Problem,
            content_type = "application/problem+json"),
        (status = 413, description = "It is longer than what is missing", body = Problem,
            content_type = "application/problem+json"),
        (status = 423, description = "Another part is under way", body = Problem,
            content_type = "application/problem+json"),
        (status = 429, description = "Too much is in work", body = Problem,
            content_type = "application/problem+json"),
        (status = 460, description = "It is not what its checksum says", body = Problem,
            content_type = "application/problem+json")))]
pub(super) async fn go_on(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    UploadPath(id): UploadPath,
    headers: HeaderMap,
    body: Body,
) -> Answer<Response> {
    send_part(&state, &call, id, &headers, body).await
}

/// Give up an upload, or forget one that is done
#[utoipa::path(delete, path = "/api/v1/uploads/{id}", tag = "submissions",
    params(("id" = String, Path, description = "The upload"),
        ("Tus-Resumable" = String, Header, description = "`1.0.0`")),
    responses(
        (status = 204, description = "It is gone; what was submitted stays"),
        (status = 409, description = "It is complete and being landed", body = Problem,
            content_type = "application/problem+json")))]
pub(super) async fn end(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    UploadPath(id): UploadPath,
) -> Answer<StatusCode> {
    state.service.end_upload(&call, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Send a part, or give an upload up, from where only `POST` comes through
#[utoipa::path(post, path = "/api/v1/uploads/{id}", tag = "submissions",
    params(("id" = String, Path, description = "The upload"),
        ("X-HTTP-Method-Override" = String, Header, description = "`PATCH` or `DELETE`"),
        ("Tus-Resumable" = String, Header, description = "`1.0.0`")),
    responses((status = 204, description = "As to that method")))]
pub(super) async fn overridden(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    UploadPath(id): UploadPath,
    headers: HeaderMap,
    body: Body,
) -> Answer<Response> {
    match tus::meant(&headers) {
        Some("PATCH") => send_part(&state, &call, id, &headers, body).await,
        Some("DELETE") => {
            state.service.end_upload(&call, id).await?;
            Ok(StatusCode::NO_CONTENT.into_response())
        }
        _ => Err(tus::not_meant()),
    }
}

async fn send_part(
    state: &ApiState,
    call: &Call,
    id: UploadId,
    headers: &HeaderMap,
    body: Body,
) -> Answer<Response> {
    let part = tus::part(headers)?;
    let upload = state
        .service
        .continue_upload(call, id, part, received(body))
        .await?;
    let standing = standing(&upload);
    if matches!(upload.state, UploadState::Receiving) {
        return Ok((StatusCode::NO_CONTENT, standing).into_response());
    }
    let path = path(id);
    let link = format!("<{path}>; rel=\"status\"");
    let told = [(LOCATION, path), (LINK, link)];
    Ok((StatusCode::NO_CONTENT, told, standing).into_response())
}

fn path(id: UploadId) -> String {
    format!("/api/v1/uploads/{id}")
}

/// Where an upload stands, and until when it may be gone on with.
fn standing(upload: &Upload) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(tus::OFFSET, upload.offset.into());
    let expires = upload.expires_at.format("%a, %d %b %Y %H:%M:%S GMT");
    if let Ok(expires) = HeaderValue::try_from(expires.to_string()) {
        headers.insert(tus::EXPIRES, expires);
    }
    headers
}

#[cfg(test)]
mod tests;
