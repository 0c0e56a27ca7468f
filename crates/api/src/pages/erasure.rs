//! Erasing the evidence of a submission: the form on its page, sent.

use axum::extract::{Path, State};
use axum::response::Response;
use service::{Action, EraseRequest, Erasure, ErrorKind, Result, Submission, SubmissionState};

use super::shell::Shell;
use super::submissions::{named, page};
use super::visit::{Refusal, Sent, Visit, fields, redirect, written};
use crate::ApiState;

/// That evidence is gone, in words.
pub(super) struct Erased {
    pub(super) at: String,
    pub(super) by: String,
    pub(super) reason: String,
}

impl Erased {
    pub(super) fn new(erasure: &Erasure, at: String) -> Self {
        Self {
            at,
            by: erasure.principal.clone(),
            reason: erasure.reason.clone(),
        }
    }
}

/// The form, for whoever it may be of use to.
#[derive(Default)]
pub(super) struct Form {
    pub(super) reason: String,
    pub(super) others: bool,
    pub(super) refusal: Option<Refusal>,
}

impl Form {
    /// Whether there is something to erase, and the role may.
    pub(super) fn is_offered(of: &Submission, shell: &Shell) -> bool {
        let is_decided = of.state != SubmissionState::Durable;
        is_decided && of.erased.is_none() && shell.offers(Action::Erase)
    }
}

/// Nothing is seen where the form is sent to; who asks for it, as to have a refusal in the other
/// language, is sent to the submission.
pub(super) async fn back(visit: Visit, Path(id): Path<String>) -> Response {
    let there = named(&id).map(|id| redirect(&format!("/submissions/{id}")));
    visit.answer(there)
}

pub(super) async fn erase(
    State(state): State<ApiState>,
    visit: Visit,
    Path(id): Path<String>,
    sent: Sent,
) -> Response {
    let answer = erased(&state, &visit, &id, sent).await;
    visit.answer(answer)
}

async fn erased(state: &ApiState, visit: &Visit, id: &str, sent: Sent) -> Result<Response> {
    let (id, mut given) = (named(id)?, fields(sent)?);
    let reason = given.remove("reason").unwrap_or_default();
    let others = given.contains_key("others");
    let request = EraseRequest {
        id,
        reason: reason.clone(),
        others,
    };
    let error = match state.service.erase(&visit.call, request).await {
        Ok(_) => return Ok(redirect(&format!("/submissions/{id}"))),
        Err(error) if matches!(error.kind, ErrorKind::Invalid | ErrorKind::Conflict) => error,
        Err(error) => return Err(error),
    };
    let (status, refusal) = visit.refusal(error);
    let form = Form {
        reason,
        others,
        refusal: Some(refusal),
    };
    written(status, &page(state, visit, id, form).await?)
}
