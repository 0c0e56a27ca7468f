//! Results of the query box as files: the whole of them, where the page shows the first rows.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_DISPOSITION;
use axum::response::Response;
use render::encode::Encoding;
use service::{ErrorKind, QueryRequest, Result, ServiceError};

use super::visit::{Sent, Visit, fields};
use crate::ApiState;
use crate::body::result;
use crate::dto::at_from_text;

/// Runs the query once more, at the versions that the page names.
pub(super) async fn run(State(state): State<ApiState>, visit: Visit, sent: Sent) -> Response {
    let file = file(&state, &visit, sent).await;
    visit.answer(file)
}

async fn file(state: &ApiState, visit: &Visit, sent: Sent) -> Result<Response> {
    let mut fields = fields(sent)?;
    let name = fields.remove("as").unwrap_or_default();
    let encoding = Encoding::from_name(&name).ok_or_else(|| {
        let message = format!("no result is written as `{name}`");
        ServiceError::new(ErrorKind::Invalid, message)
            .hint("Choose one of the formats beside the result.")
    })?;
    let request = QueryRequest {
        sql: fields.remove("sql").unwrap_or_default(),
        params: BTreeMap::new(),
        at: at_from_text(&fields.remove("at").unwrap_or_default())?,
    };
    let answer = state.service.query(&visit.call, request.clone()).await?;
    let mut file = result(encoding, &request, answer, &state.spool_folder).await?;
    let disposition = format!("attachment; filename=\"result.{name}\"");
    let disposition = HeaderValue::try_from(disposition).ok();
    let headers = file.headers_mut();
    headers.extend(disposition.map(|value| (CONTENT_DISPOSITION, value)));
    Ok(file)
}
