//! Submissions.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use service::{BodyFormat, ErrorKind, Evidence, ServiceError, SubmissionId, SubmitRequest};
use utoipa::IntoParams;

use super::{Answer, PageParams};
use crate::body::received;
use crate::dto::{ReceiptDto, RowErrorsDto, SubmissionDto, SubmitAnswerDto};
use crate::extract::{DatasetPath, Format, NoParams, Params, SubmissionPath};
use crate::{ApiCall, ApiState, Problem};

/// The longest `Idempotency-Key`.
const KEY_CHARS: usize = 200;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct SubmitParams {
    /// The period that the data is for.
    #[param(example = "2026-09")]
    period: Option<String>,
    /// The agency that the data is of; left out, it is the token's own.
    #[param(example = "H26.01")]
    agency: Option<String>,
    /// Check everything, land nothing.
    #[serde(default)]
    dry_run: bool,
}

/// Receive a submission
#[utoipa::path(post, path = "/api/v1/datasets/{dataset}/submissions", tag = "submissions",
    params(
        ("dataset" = String, Path, description = "A dataset of layer `raw`"), SubmitParams,
        ("Idempotency-Key" = Option<String>, Header, description = "Names the submission: sent \
            again with the same body it is answered as the first time and lands once"),
    ),
    request_body(description = "The rows", content(
        (String = "application/x-ndjson"), (String = "text/csv"),
        (Vec<u8> = "application/vnd.apache.parquet"))),
    responses(
        (status = 201, description = "Rows landed; some may be in quarantine",
            body = SubmitAnswerDto),
        (status = 200, description = "A dry run, or the answer to an earlier submission with the \
            same key and body", body = SubmitAnswerDto),
        (status = 409, description = "The key was used with another body", body = Problem,
            content_type = "application/problem+json"),
        (status = 413, description = "The body is over its limit", body = Problem,
            content_type = "application/problem+json"),
        (status = 415, description = "The body has a media type that is not read", body = Problem,
            content_type = "application/problem+json"),
        (status = 422, description = "No row landed; the evidence is kept", body = Problem,
            content_type = "application/problem+json"),
        (status = 503, description = "The body stood still for too long, or the node stops before \
            it is complete; nothing of it is kept", body = Problem,
            content_type = "application/problem+json")))]
pub(super) async fn submit(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    DatasetPath(dataset): DatasetPath,
    Params(params): Params<SubmitParams>,
    Format(format): Format,
    headers: HeaderMap,
    body: Body,
) -> Answer<(StatusCode, Json<SubmitAnswerDto>)> {
    let request = request(dataset, params, format, &headers)?;
    let answer = state.service.submit(&call, request, received(body)).await?;
    let again = answer.replayed || answer.dry_run;
    let status = if again {
        StatusCode::OK
    } else {
        StatusCode::CREATED
    };
    Ok((status, Json(answer.into())))
}

fn request(
    dataset: project::DatasetName,
    params: SubmitParams,
    format: BodyFormat,
    headers: &HeaderMap,
) -> Result<SubmitRequest, ServiceError> {
    let invalid = |message: String| ServiceError::new(ErrorKind::Invalid, message);
    let period = params.period.ok_or_else(|| {
        invalid("the submission names no period".to_owned())
            .hint("Add `period=`, the period that the data is for, such as `2026-09`.")
    })?;
    let agency = params.agency.map(|agency| agency.parse()).transpose();
    let key = headers.get("idempotency-key").map(|key| {
        let key = key
            .to_str()
            .ok()
            .filter(|key| (1..=KEY_CHARS).contains(&key.len()));
        key.map(ToOwned::to_owned).ok_or_else(|| {
            let message = "cannot read `Idempotency-Key`".to_owned();
            invalid(message).hint(format!("Give 1 to {KEY_CHARS} visible ASCII characters."))
        })
    });
    Ok(SubmitRequest {
        dataset,
        agency: agency.map_err(|error: project::NameError| invalid(error.to_string()))?,
        period: period
            .parse()
            .map_err(|error: calendar::CalendarError| invalid(error.to_string()))?,
        format,
        key: key.transpose()?,
        dry_run: params.dry_run,
    })
}

/// List submissions, newest first
#[utoipa::path(get, path = "/api/v1/submissions", tag = "submissions", params(PageParams),
    responses((status = 200, description = "A page of submissions", body = Vec<SubmissionDto>)))]
pub(super) async fn list(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    Params(page): Params<PageParams>,
) -> Answer<Json<Vec<SubmissionDto>>> {
    Ok(super::list(
        state.service.submissions(&call, page.into()).await?,
    ))
}

/// Read a submission
#[utoipa::path(get, path = "/api/v1/submissions/{id}", tag = "submissions",
    params(("id" = String, Path, description = "The submission")),
    responses((status = 200, description = "The submission", body = SubmissionDto)))]
pub(super) async fn one(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    SubmissionPath(id): SubmissionPath,
    Params(NoParams {}): Params<NoParams>,
) -> Answer<Json<SubmissionDto>> {
    Ok(Json(state.service.submission(&call, id).await?.into()))
}

/// Read a submission's receipt
#[utoipa::path(get, path = "/api/v1/submissions/{id}/receipt", tag = "submissions",
    params(("id" = String, Path, description = "The submission")),
    responses((status = 200, description = "The receipt", body = ReceiptDto)))]
pub(super) async fn receipt(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    SubmissionPath(id): SubmissionPath,
    Params(NoParams {}): Params<NoParams>,
) -> Answer<Json<ReceiptDto>> {
    Ok(Json(
        state.service.submission(&call, id).await?.receipt.into(),
    ))
}

/// List what is wrong with a submission's rows
#[utoipa::path(get, path = "/api/v1/submissions/{id}/errors", tag = "submissions",
    params(("id" = String, Path, description = "The submission"), PageParams),
    responses((status = 200, description = "A page of row errors, by row", body = RowErrorsDto)))]
pub(super) async fn errors(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    SubmissionPath(id): SubmissionPath,
    Params(page): Params<PageParams>,
) -> Answer<Json<RowErrorsDto>> {
    Ok(Json(
        state
            .service
            .row_errors(&call, id, page.into())
            .await?
            .into(),
    ))
}

/// Read the bytes of a submission as they were received
#[utoipa::path(get, path = "/api/v1/submissions/{id}/evidence", tag = "submissions",
    params(("id" = String, Path, description = "The submission")),
    responses((status = 200, description = "The bytes, as the media type they were sent as",
        headers(("Dtm-Evidence-Sha256" = String, description = "Their SHA-256 in hex")),
        content((String = "application/x-ndjson"), (String = "text/csv"),
            (Vec<u8> = "application/vnd.apache.parquet")))))]
pub(super) async fn evidence(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    SubmissionPath(id): SubmissionPath,
    Params(NoParams {}): Params<NoParams>,
) -> Answer<Response> {
    Ok(file(id, state.service.evidence(&call, id).await?))
}

/// The bytes as a file to keep, never as something that a browser shows.
fn file(id: SubmissionId, evidence: Evidence) -> Response {
    let ending = match evidence.format {
        BodyFormat::Ndjson => "ndjson",
        BodyFormat::Csv => "csv",
        BodyFormat::Parquet => "parquet",
    };
    let headers = [
        (
            CONTENT_TYPE.as_str(),
            evidence.format.media_type().to_owned(),
        ),
        (CONTENT_LENGTH.as_str(), evidence.size_bytes.to_string()),
        (
            CONTENT_DISPOSITION.as_str(),
            format!("attachment; filename=\"{id}.{ending}\""),
        ),
        ("dtm-evidence-sha256", evidence.sha256),
    ];
    (headers, Body::from_stream(evidence.bytes)).into_response()
}
