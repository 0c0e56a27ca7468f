//! Principals, tokens, sign-in codes.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use service::Principal;

use super::Answer;
use crate::dto::{CodeDto, NewTokenDto, PrincipalDto, TokenDto};
use crate::extract::{JsonBody, NoParams, Params};
use crate::{ApiCall, ApiState};

/// Read who the caller is
#[utoipa::path(get, path = "/api/v1/whoami", tag = "access",
    responses((status = 200, description = "The caller", body = PrincipalDto)))]
pub(super) async fn whoami(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    Params(NoParams {}): Params<NoParams>,
) -> Answer<Json<PrincipalDto>> {
    Ok(Json(state.service.whoami(&call).await?.into()))
}

/// Make a token for a new principal
#[utoipa::path(post, path = "/api/v1/tokens", tag = "access", request_body = NewTokenDto,
    responses((status = 201, description = "The token, which is shown this once",
        body = TokenDto)))]
pub(super) async fn create_token(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    Params(NoParams {}): Params<NoParams>,
    JsonBody(body): JsonBody<NewTokenDto>,
) -> Answer<(StatusCode, Json<TokenDto>)> {
    let principal = Principal::try_from(body)?;
    let token = state.service.create_token(&call, &principal).await?;
    Ok((StatusCode::CREATED, Json(TokenDto::new(&token, principal))))
}

/// Make a code that signs the caller in on the pages once
#[utoipa::path(post, path = "/api/v1/sign-in-codes", tag = "access",
    responses((status = 201, description = "The code", body = CodeDto)))]
pub(super) async fn create_sign_in_code(
    State(state): State<ApiState>,
    ApiCall(call): ApiCall,
    Params(NoParams {}): Params<NoParams>,
) -> Answer<(StatusCode, Json<CodeDto>)> {
    let code = state.service.create_sign_in_code(&call).await?;
    Ok((
        StatusCode::CREATED,
        Json(CodeDto {
            code: code.reveal().to_owned(),
        }),
    ))
}
