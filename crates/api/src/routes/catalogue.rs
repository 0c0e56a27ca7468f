//! The catalogue.

use axum::Json;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use service::BodyFormat;
use utoipa::IntoParams;

use super::{Answer, PageParams};
use crate::dto::{ColumnProfileDto, DatasetDetailDto, DatasetDto, RuleOutcomeDto, TableVersionDto};
use crate::extract::{DatasetPath, NoParams, Params};
use crate::{ApiCall, ApiState};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct CatalogueParams {
    /// Whether to give the text of each contract too.
    #[serde(default)]
    contract: bool,
}

/// List the datasets
#[utoipa::path(get, path = "/api/v1/datasets", tag = "catalogue", params(CatalogueParams),
    responses((status = 200, description = "Every dataset, by name", body = Vec<DatasetDto>)))]
pub(super) async fn datasets(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    Params(params): Params<CatalogueParams>,
) -> Answer<Json<Vec<DatasetDto>>> {
    let datasets = state.service.datasets(&call).await?.into_iter();
    Ok(Json(
        datasets
            .map(|dataset| DatasetDto::new(dataset, params.contract))
            .collect(),
    ))
}

/// Read a dataset with what surrounds it
#[utoipa::path(get, path = "/api/v1/datasets/{dataset}", tag = "catalogue",
    params(("dataset" = String, Path, description = "The dataset"), CatalogueParams),
    responses((status = 200, description = "The dataset", body = DatasetDetailDto)))]
pub(super) async fn dataset(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    DatasetPath(dataset): DatasetPath,
    Params(params): Params<CatalogueParams>,
) -> Answer<Json<DatasetDetailDto>> {
    let detail = state.service.dataset(&call, &dataset).await?;
    Ok(Json(DatasetDetailDto::new(detail, params.contract)))
}

/// Read a dataset's contract
#[utoipa::path(get, path = "/api/v1/datasets/{dataset}/contract", tag = "catalogue",
    params(("dataset" = String, Path, description = "The dataset")),
    responses((status = 200, description = "The contract in ODCS 3.1", body = String,
        content_type = "application/yaml")))]
pub(super) async fn contract(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    DatasetPath(dataset): DatasetPath,
    Params(NoParams {}): Params<NoParams>,
) -> Answer<Response> {
    let contract = state
        .service
        .dataset(&call, &dataset)
        .await?
        .summary
        .contract;
    Ok(([(CONTENT_TYPE, "application/yaml")], contract.source).into_response())
}

/// Download the form of a dataset, to be filled in with a spreadsheet program and sent
#[utoipa::path(get, path = "/api/v1/datasets/{dataset}/template.xlsx", tag = "catalogue",
    params(("dataset" = String, Path, description = "A dataset of layer `raw`")),
    responses((status = 200, description = "The form", body = Vec<u8>, content_type =
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")))]
pub(super) async fn template(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    DatasetPath(dataset): DatasetPath,
    Params(NoParams {}): Params<NoParams>,
) -> Answer<Response> {
    let form = state.service.template(&call, &dataset).await?;
    let name = format!("attachment; filename=\"{dataset}.xlsx\"");
    let media_type = BodyFormat::Xlsx.media_type().to_owned();
    Ok((
        [(CONTENT_TYPE, media_type), (CONTENT_DISPOSITION, name)],
        form,
    )
        .into_response())
}

/// List the versions of a dataset's table, newest first
#[utoipa::path(get, path = "/api/v1/datasets/{dataset}/history", tag = "catalogue",
    params(("dataset" = String, Path, description = "The dataset"), PageParams),
    responses((status = 200, description = "A page of the versions", body = Vec<TableVersionDto>)))]
pub(super) async fn history(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    DatasetPath(dataset): DatasetPath,
    Params(page): Params<PageParams>,
) -> Answer<Json<Vec<TableVersionDto>>> {
    let history = state.service.history(&call, &dataset, page.into()).await?;
    Ok(super::list(history))
}

/// List what runs found of a dataset's rules, newest first
#[utoipa::path(get, path = "/api/v1/datasets/{dataset}/quality", tag = "catalogue",
    params(("dataset" = String, Path, description = "The dataset"), PageParams),
    responses((status = 200, description = "A page of the results", body = Vec<RuleOutcomeDto>)))]
pub(super) async fn quality(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    DatasetPath(dataset): DatasetPath,
    Params(page): Params<PageParams>,
) -> Answer<Json<Vec<RuleOutcomeDto>>> {
    let quality = state.service.quality(&call, &dataset, page.into()).await?;
    Ok(super::list(quality))
}

/// List the profiles that runs took of a dataset's columns, newest first
#[utoipa::path(get, path = "/api/v1/datasets/{dataset}/profiles", tag = "catalogue",
    params(("dataset" = String, Path, description = "The dataset"), PageParams),
    responses((status = 200, description = "A page of the profiles", body = Vec<ColumnProfileDto>)))]
pub(super) async fn profiles(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    DatasetPath(dataset): DatasetPath,
    Params(page): Params<PageParams>,
) -> Answer<Json<Vec<ColumnProfileDto>>> {
    let profiles = state.service.profiles(&call, &dataset, page.into()).await?;
    Ok(super::list(profiles))
}
