//! Rolling back.

use axum::Json;
use axum::extract::State;

use super::Answer;
use crate::dto::RollbackDto;
use crate::extract::{NoParams, Params, WordPath};
use crate::{ApiCall, ApiState, Problem};

/// Let readers see again what was published before a run
#[utoipa::path(post, path = "/api/v1/runs/{id}/rollback", tag = "runs",
    description = "In one step, readers see the tables that were published just before the run; \
        each gets a version with the rows of then. Runs that published after it are undone with it, \
        and the answer names them. What was asked at their time or of them is answered as before. \
        The next run computes what differs: mend the SQL first.",
    params(("id" = String, Path, description = "The run")),
    responses(
        (status = 200, description = "The runs that are undone and the datasets that were restored",
            body = RollbackDto),
        (status = 404, description = "There is no such run, or it published nothing",
            body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Readers see nothing of the run, the columns of a table have \
            changed since, or files of then are gone; nothing was changed",
            body = Problem, content_type = "application/problem+json")))]
pub(super) async fn rollback(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    WordPath(id): WordPath,
    Params(NoParams {}): Params<NoParams>,
) -> Answer<Json<RollbackDto>> {
    Ok(Json(state.service.rollback(&call, &id).await?.into()))
}
