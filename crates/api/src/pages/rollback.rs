//! Rolling back a run: the form on its page, sent.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use service::{ErrorKind, Result, RollbackReport, ServiceError};

use super::runs::page;
use super::visit::{Refusal, Sent, Visit, fields, redirect, written};
use crate::ApiState;

/// The form, or what came of it.
#[derive(Default)]
pub(super) struct Form {
    pub(super) refusal: Option<Refusal>,
    pub(super) done: Option<RollbackReport>,
}

/// Nothing is seen where the form is sent to; who asks for it, as to have an answer in the other
/// language, is sent to the run.
pub(super) async fn back(visit: Visit) -> Response {
    let there = visit.path.strip_suffix("/rollback").unwrap_or("/runs");
    visit.answer(Ok(redirect(there)))
}

pub(super) async fn rollback(
    State(state): State<ApiState>,
    visit: Visit,
    Path(id): Path<String>,
    sent: Sent,
) -> Response {
    let answer = rolled_back(&state, &visit, &id, sent).await;
    visit.answer(answer)
}

async fn rolled_back(state: &ApiState, visit: &Visit, id: &str, sent: Sent) -> Result<Response> {
    let error = match asked(state, visit, id, sent).await {
        Ok(report) => {
            let form = Form {
                refusal: None,
                done: Some(report),
            };
            return written(StatusCode::OK, &page(state, visit, id, form).await?);
        }
        Err(error) => error,
    };
    if !matches!(
        error.kind,
        ErrorKind::Invalid | ErrorKind::NotFound | ErrorKind::Conflict
    ) {
        return Err(error);
    }
    let (status, refusal) = visit.refusal(error);
    let form = Form {
        refusal: Some(refusal),
        done: None,
    };
    written(status, &page(state, visit, id, form).await?)
}

/// Rolls back, if it was said that it is meant.
async fn asked(state: &ApiState, visit: &Visit, id: &str, sent: Sent) -> Result<RollbackReport> {
    if !fields(sent)?.contains_key("sure") {
        let message = format!("run `{id}` is not rolled back: it was not confirmed");
        return Err(ServiceError::new(ErrorKind::Invalid, message)
            .hint("Tick the box beside the button and send the form again."));
    }
    state.service.rollback(&visit.call, id).await
}
