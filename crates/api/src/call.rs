//! Who calls: credentials, peer and correlation id of a request; the session cookie.

use std::convert::Infallible;
use std::net::SocketAddr;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header::{AUTHORIZATION, COOKIE, USER_AGENT};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use service::{Call, Credential, Door, ErrorKind, Secret, ServiceError};

use crate::{ApiState, Problem};

/// The name of the session cookie.
pub const SESSION_COOKIE: &str = "dtm_session";

/// The longest `User-Agent` that is passed on.
const USER_AGENT_BYTES: usize = 200;

/// The id that ties the log lines, audit entries and answer of one request together; it stands in
/// the request's extensions. Clients cannot choose it: the audit journal relies on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorrelationId(pub String);

/// The call behind a request to the API; refuses an `Authorization` header that is no bearer token.
#[derive(Debug)]
pub struct ApiCall(pub Call);

/// The call behind a request to a page. It carries the session cookie's credential if there is one;
/// a page may be open without.
#[derive(Debug)]
pub struct PageCall(pub Call);

impl FromRequestParts<ApiState> for ApiCall {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let id = correlation_id(parts, state);
        let shown = match bearer(&parts.headers) {
            Ok(Some(token)) => Some(Credential::Token(token)),
            Ok(None) => session(&parts.headers).map(Credential::Session),
            Err(error) => return Err(Problem::from(error)),
        };
        Ok(Self(call(parts, Door::Http, shown, id)))
    }
}

impl FromRequestParts<ApiState> for PageCall {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Infallible> {
        let id = correlation_id(parts, state);
        let shown = session(&parts.headers).map(Credential::Session);
        Ok(Self(call(parts, Door::Page, shown, id)))
    }
}

impl FromRequestParts<ApiState> for CorrelationId {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Infallible> {
        Ok(Self(correlation_id(parts, state)))
    }
}

/// The `Set-Cookie` that gives a browser its session; `https` is [`ApiState::https`].
pub fn session_cookie(session: &Secret, https: bool) -> Option<HeaderValue> {
    cookie(session.reveal(), "", https)
}

/// The `Set-Cookie` that takes the session away.
pub fn clear_session_cookie(https: bool) -> Option<HeaderValue> {
    cookie("", "; Max-Age=0", https)
}

fn cookie(value: &str, age: &str, https: bool) -> Option<HeaderValue> {
    let secure = if https { "; Secure" } else { "" };
    let text = format!("{SESSION_COOKIE}={value}; Path=/; HttpOnly; SameSite=Lax{age}{secure}");
    let mut header = HeaderValue::try_from(text).ok()?;
    header.set_sensitive(true);
    Some(header)
}

fn call(parts: &Parts, door: Door, credential: Option<Credential>, id: String) -> Call {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    let agent = parts.headers.get(USER_AGENT).map(|agent| {
        String::from_utf8_lossy(agent.as_bytes())
            .chars()
            .take(USER_AGENT_BYTES)
            .collect()
    });
    Call {
        credential,
        door,
        peer: peer.map(|ConnectInfo(address)| address.ip().to_canonical()),
        user_agent: agent,
        correlation_id: id,
    }
}

fn correlation_id(parts: &Parts, state: &ApiState) -> String {
    match parts.extensions.get::<CorrelationId>() {
        Some(id) => id.0.clone(),
        None => (state.correlation_ids)(),
    }
}

/// The bearer token, if there is an `Authorization` header.
fn bearer(headers: &HeaderMap) -> Result<Option<Secret>, ServiceError> {
    let Some(header) = headers.get(AUTHORIZATION) else {
        return Ok(None);
    };
    let token = header.to_str().ok().and_then(|text| {
        let (scheme, token) = text.split_once(' ')?;
        let token = token.trim();
        (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then(|| Secret::new(token))
    });
    token.map(Some).ok_or_else(|| {
        let message = "the `Authorization` header holds no bearer token";
        ServiceError::new(ErrorKind::Unauthenticated, message)
            .hint("Send `Authorization: Bearer TOKEN`, or sign in on the pages.")
    })
}

/// The session, if the cookie is there.
fn session(headers: &HeaderMap) -> Option<Secret> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, value)| *name == SESSION_COOKIE && !value.is_empty())
        .map(|(_, value)| Secret::new(value))
}

#[cfg(test)]
mod tests;
