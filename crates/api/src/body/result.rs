//! The answer to a query as an HTTP answer.

use std::collections::BTreeMap;
use std::path::Path;

use axum::http::header::{CONTENT_TYPE, VARY};
use axum::response::{IntoResponse, Response};
use project::DatasetName;
use render::encode::{Encoding, encode};
use service::{QueryAnswer, QueryRequest, ServiceError};

use super::answered;
use crate::dto::instant;

/// The answer to what was asked, in that encoding; `spool` is for what cannot be sent as it comes.
pub(crate) async fn result(
    encoding: Encoding,
    asked: &QueryRequest,
    answer: QueryAnswer,
    spool: &Path,
) -> Result<Response, ServiceError> {
    let headers = [
        (CONTENT_TYPE.as_str(), encoding.media_type().to_owned()),
        (VARY.as_str(), "Accept".to_owned()),
        ("dtm-versions", versions(&answer.versions)),
        ("dtm-read-at", instant(answer.read_at)),
    ];
    let body = answered(encode(encoding, asked, answer, spool)?).await?;
    Ok((headers, body).into_response())
}

fn versions(versions: &BTreeMap<DatasetName, i64>) -> String {
    let versions: BTreeMap<&str, i64> = versions.iter().map(|(d, v)| (d.as_str(), *v)).collect();
    serde_json::json!(versions).to_string()
}
