//! Lineage.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use service::{Direction, ErrorKind, LineageRequest, ServiceError};
use utoipa::IntoParams;

use super::Answer;
use crate::dto::LineageDto;
use crate::extract::Params;
use crate::{ApiCall, ApiState};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct LineageParams {
    /// The dataset; left out, it is the whole graph.
    #[param(example = "served.scoreboard")]
    dataset: Option<String>,
    /// A column of the dataset; left out, it is the dataset as a whole.
    column: Option<String>,
    /// `up`: what it is made of; `down`: what is made of it. `up` if left out.
    #[param(example = "up")]
    direction: Option<String>,
}

/// Read the lineage graph, or the part around a dataset or column
#[utoipa::path(get, path = "/api/v1/lineage", tag = "catalogue", params(LineageParams),
    responses((status = 200, description = "The graph", body = LineageDto)))]
pub(super) async fn lineage(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    Params(params): Params<LineageParams>,
) -> Answer<Json<LineageDto>> {
    let request = LineageRequest::try_from(params)?;
    Ok(Json(state.service.lineage(&call, request).await?.into()))
}

impl TryFrom<LineageParams> for LineageRequest {
    type Error = ServiceError;

    fn try_from(params: LineageParams) -> Result<Self, ServiceError> {
        let invalid = |message: String| ServiceError::new(ErrorKind::Invalid, message);
        let direction = match params.direction.as_deref() {
            None | Some("up") => Direction::Up,
            Some("down") => Direction::Down,
            Some(other) => {
                let message = format!("`{other}` is no direction");
                return Err(invalid(message).hint("Give `direction=up` or `direction=down`."));
            }
        };
        if params.column.is_some() && params.dataset.is_none() {
            let message = "a column is given without its dataset".to_owned();
            return Err(invalid(message).hint("Add `dataset=`."));
        }
        let dataset = params.dataset.map(|dataset| dataset.parse()).transpose();
        let dataset = dataset.map_err(|error: project::NameError| invalid(error.to_string()))?;
        Ok(Self {
            dataset,
            column: params.column,
            direction,
        })
    }
}
