//! Queries.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, VARY};
use axum::response::{IntoResponse, Response};
use project::DatasetName;
use render::encode::{Encoding, encode};
use service::{QueryAnswer, QueryRequest, ServiceError};

use super::Answer;
use crate::body::answered;
use crate::dto::QueryDto;
use crate::extract::{Accepted, JsonBody, NoParams, Params};
use crate::{ApiCall, ApiState, Problem};

/// Run a read-only query
#[utoipa::path(post, path = "/api/v1/query", tag = "query", request_body = QueryDto,
    responses(
        (status = 200, description = "The result as `Accept` asks for it: JSON, NDJSON, CSV, an \
            Arrow IPC stream or an aligned table. An error after its first bytes ends the \
            connection",
            headers(("Dtm-Versions" = String, description = "The versions read, as JSON")),
            content((Vec<Object> = "application/json"), (String = "application/x-ndjson"),
                (String = "text/csv"), (Vec<u8> = "application/vnd.apache.arrow.stream"),
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
    let answer = state.service.query(&call, request).await?;
    Ok(written(encoding, answer).await?)
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
    let answer = state.service.figures(&call, request).await?;
    Ok(written(encoding, answer).await?)
}

async fn written(encoding: Encoding, answer: QueryAnswer) -> Result<Response, ServiceError> {
    let versions = versions(&answer.versions);
    let body = answered(encode(encoding, answer.schema, answer.batches)?).await?;
    let headers = [
        (CONTENT_TYPE.as_str(), encoding.media_type().to_owned()),
        (VARY.as_str(), "Accept".to_owned()),
        ("dtm-versions", versions),
    ];
    Ok((headers, body).into_response())
}

fn versions(versions: &BTreeMap<DatasetName, i64>) -> String {
    let versions: BTreeMap<&str, i64> = versions.iter().map(|(d, v)| (d.as_str(), *v)).collect();
    serde_json::json!(versions).to_string()
}
