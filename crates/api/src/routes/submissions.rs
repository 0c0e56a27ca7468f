//! Submissions.

use std::collections::BTreeMap;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use service::{
    Ack, BodyType, ErrorKind, Evidence, Relation, RestateRequest, ServiceError, SubmissionId,
    SubmitAnswer, SubmitRequest, WithdrawRequest,
};
use utoipa::IntoParams;

use super::{Answer, PageParams};
use crate::body::received;
use crate::dto::{
    ReceiptDto, RowErrorsDto, SubmissionDto, SubmitAnswerDto, WithdrawalDto, WithdrawnDto, sealed,
};
use crate::extract::{DatasetPath, Format, JsonBody, NoParams, Params, SubmissionPath};
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
    /// With `dry_run`: also say which published figures the rows would change, and which
    /// renditions show them.
    #[serde(default)]
    restatement: bool,
    /// What the answer waits for: `committed`, the rows are in the table; or `durable`, the body is
    /// kept and will be landed.
    #[param(example = "committed")]
    ack: Option<String>,
    /// The submission that this one takes the place of.
    replaces: Option<String>,
    /// The submission whose rows with the same keys this one takes the place of.
    corrects: Option<String>,
    /// Totals that you counted: `rows`, and sums of columns. A body in which they differ is refused.
    #[param(example = "rows:1250,fee_vnd:98000000")]
    control_totals: Option<String>,
    /// How text is written in bytes, where `Content-Type` does not say it: `utf-8`, `utf-16`,
    /// `windows-1258` or `tcvn3`.
    charset: Option<String>,
    /// `gzip` or `zstd`, where `Content-Encoding` does not say it.
    compression: Option<String>,
    /// What separates the cells of CSV; left out, it is found from the header.
    #[param(example = "semicolon")]
    delimiter: Option<String>,
    /// What encloses cells of CSV: `double`, `single` or `none`.
    quote: Option<String>,
    /// How CSV writes numbers: `comma` or `point`; left out, it is `comma` where cells are
    /// separated by `;`.
    decimal: Option<String>,
    /// The adapter through which the rows of a foreign system are read.
    #[param(example = "national-portal-dossiers")]
    adapter: Option<String>,
}

/// Receive a submission
#[utoipa::path(post, path = "/api/v1/datasets/{dataset}/submissions", tag = "submissions",
    params(
        ("dataset" = String, Path, description = "A dataset of layer `raw`"), SubmitParams,
        ("Idempotency-Key" = Option<String>, Header, description = "Names the submission: sent \
            again with the same body it is answered as the first time and lands once"),
        ("Prefer" = Option<String>, Header, description = "`respond-async` asks for what \
            `ack=durable` asks for (RFC 7240)"),
    ),
    request_body(description = "The rows", content(
        (String = "application/x-ndjson"), (String = "text/csv"),
        (String = "text/tab-separated-values"), (String = "application/json"),
        (String = "application/xml"),
        (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (Vec<u8> = "application/vnd.oasis.opendocument.spreadsheet"),
        (Vec<u8> = "application/vnd.apache.parquet"),
        (Vec<u8> = "application/vnd.apache.arrow.stream"),
        (Vec<u8> = "application/vnd.apache.arrow.file"))),
    responses(
        (status = 201, description = "Rows landed; some may be in quarantine",
            body = SubmitAnswerDto),
        (status = 200, description = "A dry run, or the answer to an earlier submission with the \
            same key and body", body = SubmitAnswerDto),
        (status = 202, description = "`ack=durable`: the body is kept and will be landed; \
            `Location` is the submission", body = SubmitAnswerDto),
        (status = 409, description = "The key was used with another body, the submission to \
            replace or correct does not stand, or the period is locked", body = Problem,
            content_type = "application/problem+json"),
        (status = 413, description = "The body is over its limit", body = Problem,
            content_type = "application/problem+json"),
        (status = 415, description = "The body has a media type that is not read", body = Problem,
            content_type = "application/problem+json"),
        (status = 422, description = "No row landed; the evidence is kept", body = Problem,
            content_type = "application/problem+json"),
        (status = 429, description = "Too much is in work, or the client comes too often; \
            `Retry-After` says when to send it again, and nothing of it is kept", body = Problem,
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
) -> Answer<Response> {
    let request = request(dataset, params, format, &headers, None)?;
    let preferred = prefers_async(&headers);
    let answer = state.service.submit(&call, request, received(body)).await?;
    Ok(answered(answer, preferred))
}

/// The answer with its status: a receipt, what it would be, what it was, or that it will come.
fn answered(answer: SubmitAnswer, preferred: bool) -> Response {
    let (replayed, dry_run) = (answer.replayed, answer.dry_run);
    let location = format!("/api/v1/submissions/{}", answer.receipt.id);
    let waits = answer.receipt.table_version.is_none();
    let body = Json(SubmitAnswerDto::from(answer));
    match (dry_run, replayed, waits) {
        (true, ..) | (_, true, _) => (StatusCode::OK, body).into_response(),
        (_, _, false) => (StatusCode::CREATED, [(LOCATION, location)], body).into_response(),
        _ if preferred => {
            let applied = ("preference-applied", "respond-async".to_owned());
            let headers = [(LOCATION.as_str(), location), applied];
            (StatusCode::ACCEPTED, headers, body).into_response()
        }
        _ => (StatusCode::ACCEPTED, [(LOCATION, location)], body).into_response(),
    }
}

fn prefers_async(headers: &HeaderMap) -> bool {
    let values = headers.get_all("prefer").iter();
    let mut values = values.filter_map(|value| value.to_str().ok());
    values.any(|value| {
        let mut wishes = value.split(',').map(str::trim);
        wishes.any(|wish| wish.eq_ignore_ascii_case("respond-async"))
    })
}

/// What is asked for; the key is the header's unless it was given elsewhere.
pub(super) fn request(
    dataset: project::DatasetName,
    params: SubmitParams,
    mut format: BodyType,
    headers: &HeaderMap,
    named: Option<&str>,
) -> Result<SubmitRequest, ServiceError> {
    let invalid = |message: String| ServiceError::new(ErrorKind::Invalid, message);
    let period = params.period.ok_or_else(|| {
        invalid("the submission names no period".to_owned())
            .hint("Add `period=`, the period that the data is for, such as `2026-09`.")
    })?;
    for (name, given) in [
        (BodyType::CHARSET, params.charset),
        (BodyType::COMPRESSION, params.compression),
        (BodyType::DELIMITER, params.delimiter),
        (BodyType::QUOTE, params.quote),
        (BodyType::DECIMAL, params.decimal),
        (BodyType::ADAPTER, params.adapter),
    ] {
        if let Some(given) = given {
            format.declare(name, given);
        }
    }
    let agency = params.agency.map(|agency| agency.parse()).transpose();
    let header = headers.get("idempotency-key");
    let given = named.or_else(|| header.map(|key| key.to_str().unwrap_or_default()));
    let key = given.map(|key| {
        let is_visible = key
            .bytes()
            .all(|byte| byte == b' ' || byte.is_ascii_graphic());
        if is_visible && (1..=KEY_CHARS).contains(&key.len()) {
            return Ok(key.to_owned());
        }
        let message = "cannot read `Idempotency-Key`".to_owned();
        Err(invalid(message).hint(format!("Give 1 to {KEY_CHARS} visible ASCII characters.")))
    });
    let period = period
        .parse()
        .map_err(|error: calendar::CalendarError| invalid(error.to_string()))?;
    Ok(SubmitRequest {
        agency: agency.map_err(|error: project::NameError| invalid(error.to_string()))?,
        key: key.transpose()?,
        dry_run: params.dry_run,
        restatement: params.restatement,
        relation: relation(params.replaces.as_deref(), params.corrects.as_deref())?,
        control_totals: control_totals(params.control_totals.as_deref())?,
        ack: ack(params.ack.as_deref(), prefers_async(headers))?,
        ..SubmitRequest::new(dataset, period, format)
    })
}

fn relation(
    replaces: Option<&str>,
    corrects: Option<&str>,
) -> Result<Option<Relation>, ServiceError> {
    let invalid = |message: String| ServiceError::new(ErrorKind::Invalid, message);
    let (word, id) = match (replaces, corrects) {
        (None, None) => return Ok(None),
        (Some(id), None) => ("replaces", id),
        (None, Some(id)) => ("corrects", id),
        (Some(_), Some(_)) => {
            return Err(
                invalid("a submission cannot both replace and correct another".to_owned())
                    .hint("Give `replaces` or `corrects`, not both."),
            );
        }
    };
    let target = id.parse().map_err(|_| {
        invalid(format!("`{word}` is `{id}`, and that is no submission id"))
            .hint("A submission id is the `id` of a receipt.")
    })?;
    Ok(Relation::new(word, target))
}

fn ack(word: Option<&str>, preferred: bool) -> Result<Ack, ServiceError> {
    match word {
        None if preferred => Ok(Ack::Durable),
        None | Some("committed") => Ok(Ack::Committed),
        Some("durable") => Ok(Ack::Durable),
        Some(other) => Err(
            ServiceError::new(ErrorKind::Invalid, format!("`ack` is `{other}`"))
                .hint("Give `committed` or `durable`."),
        ),
    }
}

/// Reads `name:total` pairs between commas.
fn control_totals(text: Option<&str>) -> Result<BTreeMap<String, String>, ServiceError> {
    let mut totals = BTreeMap::new();
    for pair in text
        .unwrap_or_default()
        .split(',')
        .filter(|pair| !pair.is_empty())
    {
        let read = pair
            .split_once(':')
            .map(|(name, total)| (name.trim(), total.trim()));
        let fresh = read.filter(|(name, total)| !name.is_empty() && !total.is_empty());
        let fresh = fresh.filter(|(name, _)| !totals.contains_key(*name));
        let Some((name, total)) = fresh else {
            return Err(ServiceError::new(
                ErrorKind::Invalid,
                format!("cannot read `{pair}` as a control total"),
            )
            .hint("Write each once, as in `rows:1250,fee_vnd:98000000`."));
        };
        totals.insert(name.to_owned(), total.to_owned());
    }
    Ok(totals)
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct WithdrawParams {
    /// Withdraw nothing; say which published figures it would change, and which renditions show
    /// them.
    #[serde(default)]
    dry_run: bool,
}

/// Withdraw a submission
#[utoipa::path(post, path = "/api/v1/submissions/{id}/withdrawal", tag = "submissions",
    params(("id" = String, Path, description = "The submission"), WithdrawParams),
    request_body = WithdrawalDto,
    responses(
        (status = 200, description = "Its rows, and those of its corrections, are out of the \
            table; older versions keep them. After a dry run, a restatement",
            body = WithdrawnDto),
        (status = 409, description = "It does not stand: it was refused, replaced, or is a \
            correction of another; or its period is locked", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn withdraw(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    SubmissionPath(id): SubmissionPath,
    Params(WithdrawParams { dry_run }): Params<WithdrawParams>,
    JsonBody(WithdrawalDto { reason }): JsonBody<WithdrawalDto>,
) -> Answer<Json<WithdrawnDto>> {
    Ok(Json(if dry_run {
        let request = RestateRequest::Withdrawal(id);
        let restated = state.service.restate(&call, request).await?;
        WithdrawnDto::Restatement(Box::new(restated.into()))
    } else {
        let request = WithdrawRequest { id, reason };
        let withdrawn = state.service.withdraw(&call, request).await?;
        WithdrawnDto::Submission(Box::new(withdrawn.into()))
    }))
}

/// Read the public keys that receipts are verified with
#[utoipa::path(get, path = "/api/v1/keys", tag = "submissions", security(()),
    responses((status = 200, description = "A JWK Set (RFC 7517) of Ed25519 keys (RFC 8037), \
        retired ones included", body = Object, content_type = "application/jwk-set+json")))]
pub(super) async fn keys(State(state): State<ApiState>) -> Answer<Response> {
    let keys = state.service.keys().await?;
    Ok(([(CONTENT_TYPE, "application/jwk-set+json")], keys).into_response())
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
    let found = state.service.submission(&call, id).await?;
    Ok(Json(sealed(found.receipt, found.sealed.as_deref())))
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
        headers(("Dtm-Evidence-Sha256" = String, description = "Their SHA-256 in hex"),
            ("Dtm-Body-Type" = String, description = "The media type that they were sent as, \
                with what was declared of them")),
        content((String = "application/x-ndjson"), (String = "text/csv"),
            (Vec<u8> = "application/vnd.apache.parquet"))),
        (status = 410, description = "They were erased; hash and receipt stay", body = Problem,
            content_type = "application/problem+json")))]
pub(super) async fn evidence(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    SubmissionPath(id): SubmissionPath,
    Params(NoParams {}): Params<NoParams>,
) -> Answer<Response> {
    Ok(file(id, state.service.evidence(&call, id).await?))
}

/// The bytes as a file to keep, never as something that a browser shows or unpacks.
fn file(id: SubmissionId, evidence: Evidence) -> Response {
    let BodyType { format, .. } = evidence.format;
    let (media_type, packed) = match evidence.format.get(BodyType::COMPRESSION) {
        Some("gzip") => ("application/gzip", ".gz"),
        Some("zstd") => ("application/zstd", ".zst"),
        _ => (format.media_type(), ""),
    };
    let ending = format!("{}{packed}", format.ending());
    let headers = [
        (CONTENT_TYPE.as_str(), media_type.to_owned()),
        (CONTENT_LENGTH.as_str(), evidence.size_bytes.to_string()),
        (
            CONTENT_DISPOSITION.as_str(),
            format!("attachment; filename=\"{id}.{ending}\""),
        ),
        ("dtm-evidence-sha256", evidence.sha256),
        ("dtm-body-type", evidence.format.to_string()),
    ];
    (headers, Body::from_stream(evidence.bytes)).into_response()
}
