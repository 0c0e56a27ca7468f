//! The quarantine: search, files of refused rows, and releases.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use service::{ErrorKind, Page, QuarantineFilter, QuarantineFormat, ServiceError, SubmissionId};
use utoipa::IntoParams;

use super::{Answer, default_limit};
use crate::dto::{QuarantinePageDto, ReleaseDto, ReleaseReportDto};
use crate::extract::{JsonBody, NoParams, Params, SubmissionPath};
use crate::{ApiCall, ApiState};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct QuarantineParams {
    /// Rows that were sent to that dataset.
    #[param(example = "raw.dossiers")]
    dataset: Option<String>,
    /// Rows of that agency.
    #[param(example = "H26")]
    agency: Option<String>,
    /// Rows for that period.
    #[param(example = "2026-09")]
    period: Option<String>,
    /// Rows that broke that rule.
    #[param(example = "required")]
    rule: Option<String>,
    /// Rows of that submission.
    submission: Option<String>,
    /// How many to pass over.
    #[serde(default)]
    offset: u64,
    /// How many to answer, at most 1,000.
    #[serde(default = "default_limit")]
    limit: u64,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct FileParams {
    /// The language of the notes: `vi` or `en`.
    #[serde(default = "vietnamese")]
    #[param(example = "vi")]
    language: String,
}

fn vietnamese() -> String {
    "vi".to_owned()
}

/// What is asked for in words; empty words ask for nothing.
pub(crate) fn filter<'w>(
    word: impl Fn(&str) -> Option<&'w str>,
) -> Result<QuarantineFilter, ServiceError> {
    let invalid = |message: String| ServiceError::new(ErrorKind::Invalid, message);
    let name = |error: project::NameError| invalid(error.to_string());
    let period = |error: calendar::CalendarError| invalid(error.to_string());
    let id = |id: &'w str| {
        id.parse::<SubmissionId>().map_err(|_| {
            invalid(format!(
                "`submission` is `{id}`, and that is no submission id"
            ))
            .hint("A submission id is the `id` of a receipt.")
        })
    };
    let dataset = word("dataset").map(str::parse).transpose();
    let agency = word("agency").map(str::parse).transpose();
    let of = word("period").map(str::parse).transpose();
    Ok(QuarantineFilter {
        dataset: dataset.map_err(name)?,
        agency: agency.map_err(name)?,
        period: of.map_err(period)?,
        rule: word("rule").map(str::to_owned),
        submission: word("submission").map(id).transpose()?,
    })
}

/// Search the quarantine
#[utoipa::path(get, path = "/api/v1/quarantine", tag = "submissions", params(QuarantineParams),
    responses((status = 200, description = "A page of the rules that refused rows broke, the \
        newest submissions first", body = QuarantinePageDto)))]
pub(super) async fn search(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    Params(params): Params<QuarantineParams>,
) -> Answer<Json<QuarantinePageDto>> {
    let page = Page {
        offset: params.offset,
        limit: params.limit,
    };
    let filter = filter(|name| match name {
        "dataset" => params.dataset.as_deref(),
        "agency" => params.agency.as_deref(),
        "period" => params.period.as_deref(),
        "rule" => params.rule.as_deref(),
        _ => params.submission.as_deref(),
    })?;
    Ok(Json(
        state.service.quarantine(&call, filter, page).await?.into(),
    ))
}

/// Judge quarantined rows again by the contract in force
#[utoipa::path(post, path = "/api/v1/quarantine/release", tag = "submissions",
    request_body = ReleaseDto,
    description = "Rows that pass now land as rows of their own submission, once; its receipt \
        stays as it is. Of a submission that was refused, replaced or withdrawn none does, and no row of \
        whose key the submission or a correction of it has a row.",
    responses((status = 200, description = "How many rows landed, and why the others did not",
        body = ReleaseReportDto)))]
pub(super) async fn release(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    Params(NoParams {}): Params<NoParams>,
    JsonBody(request): JsonBody<ReleaseDto>,
) -> Answer<Json<ReleaseReportDto>> {
    let report = state.service.release(&call, request.try_into()?).await?;
    Ok(Json(report.into()))
}

/// Read the refused rows of a submission as CSV, to mend and send back
#[utoipa::path(get, path = "/api/v1/submissions/{id}/quarantine.csv", tag = "submissions",
    description = "The cells as they were received, what looks like personal data masked, beside \
        the notes `_row`, `_rules`, `_message` and, where a row could not be split into cells, \
        `_text`. Mended, the file is sent back as it is: notes are passed over, and a value that \
        is still masked is refused. UTF-8 with a byte order mark; texts that a spreadsheet would \
        take for a formula begin with `'`, which is taken off again.",
    params(("id" = String, Path, description = "The submission"), FileParams),
    responses((status = 200, description = "The refused rows", body = String,
        content_type = "text/csv")))]
pub(super) async fn csv(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    SubmissionPath(id): SubmissionPath,
    Params(FileParams { language }): Params<FileParams>,
) -> Answer<Response> {
    let format = QuarantineFormat::Csv;
    let found = state.service.quarantine_file(&call, id, format, &language);
    Ok(file(id, found.await?))
}

/// Read the refused rows of a submission as a workbook, to mend and send back
#[utoipa::path(get, path = "/api/v1/submissions/{id}/quarantine.xlsx", tag = "submissions",
    description = "As `quarantine.csv`, with every cell as text.",
    params(("id" = String, Path, description = "The submission"), FileParams),
    responses((status = 200, description = "The refused rows", body = Vec<u8>, content_type =
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")))]
pub(super) async fn xlsx(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    SubmissionPath(id): SubmissionPath,
    Params(FileParams { language }): Params<FileParams>,
) -> Answer<Response> {
    let format = QuarantineFormat::Xlsx;
    let found = state.service.quarantine_file(&call, id, format, &language);
    Ok(file(id, found.await?))
}

/// A file to keep, never something that a browser shows.
fn file(id: SubmissionId, file: service::QuarantineFile) -> Response {
    let format = file.format;
    let name = format!(
        "attachment; filename=\"{id}.quarantine.{}\"",
        format.ending()
    );
    let headers = [
        (CONTENT_TYPE, format.media_type().to_owned()),
        (CONTENT_DISPOSITION, name),
    ];
    (headers, Body::from_stream(file.bytes)).into_response()
}
