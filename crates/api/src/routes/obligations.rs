//! Obligations: what is owed until when, and moving that.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use service::{ErrorKind, ObligationFilter, Page, ServiceError};
use utoipa::IntoParams;

use super::{Answer, default_limit};
use crate::dto::{ExtendDto, ObligationDto};
use crate::extract::{JsonBody, NoParams, Params};
use crate::{ApiCall, ApiState, Problem};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ObligationParams {
    /// Of that dataset; left out, of every one that has a deadline.
    #[param(example = "raw.dossiers")]
    dataset: Option<String>,
    /// For that period; left out, it is the month that ended last.
    #[param(example = "2026-09")]
    period: Option<String>,
    /// Of that agency; left out, of every one that you may see.
    #[param(example = "H26")]
    agency: Option<String>,
    /// How many to pass over.
    #[serde(default)]
    offset: u64,
    /// How many to answer, at most 1,000.
    #[serde(default = "default_limit")]
    limit: u64,
}

impl ObligationParams {
    fn filter(&self) -> Result<ObligationFilter, ServiceError> {
        let invalid = |message: String| ServiceError::new(ErrorKind::Invalid, message);
        let name = |error: project::NameError| invalid(error.to_string());
        let period = |error: calendar::CalendarError| invalid(error.to_string());
        let dataset = self.dataset.as_deref().map(str::parse).transpose();
        let agency = self.agency.as_deref().map(str::parse).transpose();
        let of = self.period.as_deref().map(str::parse).transpose();
        Ok(ObligationFilter {
            dataset: dataset.map_err(name)?,
            period: of.map_err(period)?,
            agency: agency.map_err(name)?,
        })
    }
}

/// List what agencies owe for a period, by dataset and agency
#[utoipa::path(get, path = "/api/v1/obligations", tag = "submissions", params(ObligationParams),
    responses((status = 200, description = "A page of obligations: whether each takes data now, \
        until when, what was handed in, and how its deadline was moved",
        body = Vec<ObligationDto>)))]
pub(super) async fn list(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    Params(params): Params<ObligationParams>,
) -> Answer<Json<Vec<ObligationDto>>> {
    let page = Page {
        offset: params.offset,
        limit: params.limit,
    };
    let found = state.service.obligations(&call, params.filter()?, page);
    Ok(super::list(found.await?))
}

/// Extend a deadline
#[utoipa::path(post, path = "/api/v1/obligations/extensions", tag = "submissions",
    request_body = ExtendDto,
    responses(
        (status = 200, description = "The obligation with its new deadline. The same day and \
            reason again are answered so and change nothing", body = ObligationDto),
        (status = 409, description = "The day would not be later than the deadline, or the dataset \
            has none", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn extend(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    Params(NoParams {}): Params<NoParams>,
    JsonBody(request): JsonBody<ExtendDto>,
) -> Answer<Json<ObligationDto>> {
    let extended = state.service.extend(&call, request.try_into()?).await?;
    Ok(Json(extended.into()))
}
