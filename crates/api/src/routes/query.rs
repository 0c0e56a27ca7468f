//! Queries.

use axum::extract::State;
use axum::response::Response;
use service::QueryRequest;

use super::Answer;
use crate::body::result;
use crate::dto::QueryDto;
use crate::extract::{Accepted, JsonBody, NoParams, Params};
use crate::{ApiCall, ApiState, Problem};

/// Run a read-only query
#[utoipa::path(post, path = "/api/v1/query", tag = "query", request_body = QueryDto,
    responses(
        (status = 200, description = "The result as `Accept` asks for it: JSON, NDJSON, CSV, an \
            Arrow IPC stream, Parquet, XLSX or an aligned table. An error after its first bytes \
            ends the connection; a workbook begins to arrive when it is complete",
            headers(("Dtm-Versions" = String, description = "The versions read, as JSON"),
                ("Dtm-Read-At" = String, description = "When those versions were taken")),
            content((Vec<Object> = "application/json"), (String = "application/x-ndjson"),
                (String = "text/csv"), (Vec<u8> = "application/vnd.apache.arrow.stream"),
                (Vec<u8> = "application/vnd.apache.parquet"),
                (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
                (String = "text/plain"))),
        (status = 406, description = "No result is written as that", body = Problem,
            content_type = "application/problem+json"),
        (status = 422, description = "A limit was met", body = Problem,
            content_type = "application/problem+json")))]
pub(super) async fn query(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    Params(NoParams {}): Params<NoParams>,
    Accepted(encoding): Accepted,
    JsonBody(query): JsonBody<QueryDto>,
) -> Answer<Response> {
    let request = QueryRequest::try_from(query)?;
    let answer = state.service.query(&call, request.clone()).await?;
    Ok(result(encoding, &request, answer, &state.spool_folder).await?)
}

/// Run a read-only query over what is published
#[utoipa::path(post, path = "/api/v1/figures", tag = "query", request_body = QueryDto,
    description = "Like `/api/v1/query`, for roles that may not query: every dataset that the \
        query reads must be a public one of layer `served` or `codes`.",
    responses(
        (status = 200, description = "The result as `Accept` asks for it",
            headers(("Dtm-Versions" = String, description = "The versions read, as JSON")),
            content((Vec<Object> = "application/json"), (String = "application/x-ndjson"),
                (String = "text/csv"), (Vec<u8> = "application/vnd.apache.arrow.stream"),
                (String = "text/plain"))),
        (status = 403, description = "The query reads what is not published", body = Problem,
            content_type = "application/problem+json")))]
pub(super) async fn figures(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    Params(NoParams {}): Params<NoParams>,
    Accepted(encoding): Accepted,
    JsonBody(query): JsonBody<QueryDto>,
) -> Answer<Response> {
    let request = QueryRequest::try_from(query)?;
    let answer = state.service.figures(&call, request.clone()).await?;
    Ok(result(encoding, &request, answer, &state.spool_folder).await?)
}
