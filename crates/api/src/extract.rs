//! What handlers are given of a request, each part refused with a problem where it is wrong.

use axum::body::to_bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, Uri};
use project::DatasetName;
use render::encode::Encoding;
use serde::de::DeserializeOwned;
use service::{BodyFormat, BodyType, ErrorKind, ServiceError, SubmissionId, UploadId};
use utoipa::IntoParams;

use crate::{ApiState, Problem};

/// The query string; a parameter that the route does not know, or that stands twice, is refused.
pub(crate) struct Params<T>(pub T);

/// The query string of a route that takes none.
#[derive(serde::Deserialize, IntoParams)]
pub(crate) struct NoParams {}

/// The JSON body; a key that the route does not know is refused.
pub(crate) struct JsonBody<T>(pub T);

/// The dataset that the path names.
pub(crate) struct DatasetPath(pub DatasetName);

/// The submission that the path names.
pub(crate) struct SubmissionPath(pub SubmissionId);

/// The upload that the path names.
pub(crate) struct UploadPath(pub UploadId);

/// Another word of the path.
pub(crate) struct WordPath(pub String);

/// The encoding of a query's result, from `Accept`.
pub(crate) struct Accepted(pub Encoding);

/// How a submission is written, from `Content-Type` and `Content-Encoding`.
pub(crate) struct Format(pub BodyType);

impl<T: DeserializeOwned + IntoParams> FromRequestParts<ApiState> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &ApiState) -> Result<Self, Problem> {
        Ok(Self(read_params(&parts.uri)?))
    }
}

/// Reads a query string.
pub(crate) fn read_params<T: DeserializeOwned + IntoParams>(uri: &Uri) -> Result<T, Box<Problem>> {
    let known: Vec<String> = T::into_params(|| None)
        .into_iter()
        .map(|parameter| parameter.name)
        .collect();
    let pairs: Query<Vec<(String, String)>> =
        Query::try_from_uri(uri).map_err(|error| Box::new(unread(&error)))?;
    let mut unknown: Vec<&str> = pairs.iter().map(|(name, _)| name.as_str()).collect();
    unknown.retain(|name| !known.iter().any(|known| known == name));
    if !unknown.is_empty() {
        let message = format!("this route takes no parameter {}", quoted(&unknown));
        let hint = match known.as_slice() {
            [] => "Leave the query string out.".to_owned(),
            known => format!("It takes {}.", quoted(known)),
        };
        return Err(Box::new(invalid(message, hint)));
    }
    Query::try_from_uri(uri)
        .map(|Query(params)| params)
        .map_err(|e| Box::new(unread(&e)))
}

fn unread(error: &dyn std::error::Error) -> Problem {
    let cause = error
        .source()
        .map_or_else(|| error.to_string(), ToString::to_string);
    let message = format!("cannot read the query string: {cause}");
    invalid(message, "See `/api/openapi.json` for the parameters.")
}

impl<T: DeserializeOwned> FromRequest<ApiState> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &ApiState) -> Result<Self, Problem> {
        if essence(request.headers()).is_none_or(|given| given != "application/json") {
            let detail = "the body's `Content-Type` is not `application/json`";
            return Err(
                Problem::of_status(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail)
                    .hint("Send JSON with `Content-Type: application/json`."),
            );
        }
        let limit = state.limits.request_bytes;
        too_long(request.headers(), limit as u64, "request_bytes")?;
        let body = to_bytes(request.into_body(), limit).await;
        let body = body.map_err(|_| over("request_bytes", limit as u64))?;
        serde_json::from_slice(&body).map(Self).map_err(|error| {
            let message = format!("cannot read the body as this route's JSON: {error}");
            invalid(message, "See `/api/openapi.json` for its form.")
        })
    }
}

impl FromRequestParts<ApiState> for DatasetPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let WordPath(word) = WordPath::from_request_parts(parts, state).await?;
        word.parse().map(Self).map_err(|error: project::NameError| {
            let error = ServiceError::new(ErrorKind::NotFound, error.to_string());
            error
                .hint("`GET /api/v1/datasets` lists the datasets.")
                .into()
        })
    }
}

impl FromRequestParts<ApiState> for SubmissionPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let WordPath(word) = WordPath::from_request_parts(parts, state).await?;
        word.parse().map(Self).map_err(|_| {
            let message = format!("`{word}` is no submission id");
            let error = ServiceError::new(ErrorKind::NotFound, message);
            error
                .hint("A submission id is the `id` of a receipt.")
                .into()
        })
    }
}

impl FromRequestParts<ApiState> for UploadPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let WordPath(word) = WordPath::from_request_parts(parts, state).await?;
        word.parse().map(Self).map_err(|_| {
            let error = ServiceError::new(ErrorKind::NotFound, format!("`{word}` is no upload id"));
            error
                .hint("Begin one with `POST /api/v1/uploads`; its `Location` is the upload.")
                .into()
        })
    }
}

impl FromRequestParts<ApiState> for WordPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(word)) => Ok(Self(word)),
            Err(error) => Err(invalid(
                format!("cannot read the path: {}", error.body_text()),
                "Percent-encode it as UTF-8.",
            )),
        }
    }
}

impl FromRequestParts<ApiState> for Accepted {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &ApiState) -> Result<Self, Problem> {
        let headers = parts.headers.get_all(ACCEPT).iter();
        let accept: Vec<&str> = headers.filter_map(|header| header.to_str().ok()).collect();
        let accept = accept.join(", ");
        Encoding::negotiate(Some(&accept)).map(Self).ok_or_else(|| {
            let known = Encoding::ALL.map(Encoding::essence);
            let detail = format!("no result is written as `{accept}`");
            Problem::of_status(StatusCode::NOT_ACCEPTABLE, detail)
                .hint(format!("Accept one of {}.", quoted(&known)))
        })
    }
}

impl FromRequestParts<ApiState> for Format {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let given = parts
            .headers
            .get(CONTENT_TYPE)
            .map(|h| String::from_utf8_lossy(h.as_bytes()));
        let mut format = given
            .as_deref()
            .and_then(BodyType::from_media_type)
            .ok_or_else(|| {
                let detail = match &given {
                    Some(given) => format!("no submission is read as `{given}`"),
                    None => "the submission has no `Content-Type`".to_owned(),
                };
                let known = BodyFormat::ALL.map(BodyFormat::media_type);
                Problem::of_status(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail).hint(format!(
                    "Send one of {} and name it in `Content-Type`.",
                    quoted(&known)
                ))
            })?;
        if let Some(encoding) = parts.headers.get(CONTENT_ENCODING) {
            let encoding = String::from_utf8_lossy(encoding.as_bytes()).to_ascii_lowercase();
            if encoding != "identity" {
                format.declare(BodyType::COMPRESSION, encoding);
            }
        }
        too_long(&parts.headers, state.limits.body_bytes, "body_bytes")?;
        Ok(Self(format))
    }
}

/// Refuses a body that says itself that it is over the limit, before it is read.
fn too_long(headers: &HeaderMap, limit: u64, name: &str) -> Result<(), ServiceError> {
    let length = headers
        .get(CONTENT_LENGTH)
        .and_then(|header| header.to_str().ok()?.parse().ok());
    match length {
        Some(length) if limit < length => Err(over(name, limit)),
        _ => Ok(()),
    }
}

fn over(name: &str, limit: u64) -> ServiceError {
    let message = format!("the body is over the limit `{name}` of {limit} bytes");
    ServiceError::new(ErrorKind::BodyTooLarge, message).hint(format!(
        "Send it in parts, or ask the operator to raise `{name}`."
    ))
}

fn essence(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    Some(text.split(';').next()?.trim().to_ascii_lowercase())
}

fn invalid(message: String, hint: impl Into<String>) -> Problem {
    ServiceError::new(ErrorKind::Invalid, message)
        .hint(hint)
        .into()
}

/// Words in backticks with commas.
fn quoted(words: &[impl AsRef<str>]) -> String {
    let words: Vec<String> = words
        .iter()
        .map(|word| format!("`{}`", word.as_ref()))
        .collect();
    words.join(", ")
}
