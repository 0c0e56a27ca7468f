//! The headers of the tus protocol.

use axum::extract::Request;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use service::{Checksum, ErrorKind, ServiceError, UploadPart};

use crate::Problem;

/// The version that is spoken.
pub(super) const VERSION: &str = "1.0.0";
/// The media type of a part.
const PART: &str = "application/offset+octet-stream";

const RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const OVERRIDE: HeaderName = HeaderName::from_static("x-http-method-override");
const CHECKSUM: HeaderName = HeaderName::from_static("upload-checksum");
const DEFER_LENGTH: HeaderName = HeaderName::from_static("upload-defer-length");
pub(super) const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
pub(super) const LENGTH: HeaderName = HeaderName::from_static("upload-length");
pub(super) const METADATA: HeaderName = HeaderName::from_static("upload-metadata");
pub(super) const EXPIRES: HeaderName = HeaderName::from_static("upload-expires");

/// Refuses whoever speaks another version, and says in every answer which one is spoken. `GET` is
/// none of the protocol's methods.
pub(in crate::routes) async fn protocol(request: Request, next: Next) -> Response {
    let is_of_it = !matches!(*request.method(), Method::OPTIONS | Method::GET);
    let mut answer = match other_version(request.headers()).filter(|_| is_of_it) {
        Some(refused) => refused,
        None => next.run(request).await,
    };
    let version = HeaderValue::from_static(VERSION);
    answer.headers_mut().insert(RESUMABLE, version);
    answer
}

/// The answer to whoever does not speak this version.
fn other_version(headers: &HeaderMap) -> Option<Response> {
    let detail = match headers.get(RESUMABLE) {
        Some(version) if version == VERSION => return None,
        Some(other) => {
            let other = String::from_utf8_lossy(other.as_bytes());
            format!("version `{other}` of the tus protocol is not spoken here")
        }
        None => "the request names no version of the tus protocol".to_owned(),
    };
    let problem = Problem::of_status(StatusCode::PRECONDITION_FAILED, detail)
        .hint(format!("Send `Tus-Resumable: {VERSION}`."));
    let version = [(super::TUS_VERSION, VERSION)];
    Some((version, problem).into_response())
}

/// The part that a request holds.
pub(super) fn part(headers: &HeaderMap) -> Result<UploadPart, Box<Problem>> {
    is_part(headers)?;
    let offset = number(headers, &OFFSET)?;
    let offset = offset.ok_or_else(|| {
        invalid("the part names no `Upload-Offset`")
            .hint("Ask for the upload's offset with `HEAD`, and send what comes from there.")
    })?;
    Ok(UploadPart {
        offset,
        checksum: checksum(headers)?,
    })
}

/// The part that a request holds which begins an upload; none if it says that it has no body.
pub(super) fn first_part(headers: &HeaderMap) -> Result<Option<UploadPart>, Box<Problem>> {
    if !headers.contains_key(CONTENT_TYPE) {
        return Ok(None);
    }
    is_part(headers)?;
    let checksum = checksum(headers)?;
    Ok(Some(UploadPart {
        offset: 0,
        checksum,
    }))
}

fn is_part(headers: &HeaderMap) -> Result<(), Box<Problem>> {
    if headers.get(CONTENT_TYPE).is_some_and(|given| given == PART) {
        return Ok(());
    }
    let detail = format!("the part's `Content-Type` is not `{PART}`");
    let problem = Problem::of_status(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail);
    let hint = "What the body is written in is said by `Upload-Metadata` at the beginning.";
    Err(Box::new(problem.hint(hint)))
}

/// How long the body of an upload will be.
pub(super) fn length(headers: &HeaderMap) -> Result<u64, ServiceError> {
    if let Some(length) = number(headers, &LENGTH)? {
        return Ok(length);
    }
    let message = if headers.contains_key(DEFER_LENGTH) {
        "an upload whose length is told later is not taken"
    } else {
        "the upload names no `Upload-Length`"
    };
    Err(invalid(message).hint("Say in `Upload-Length` how many bytes the body has."))
}

fn number(headers: &HeaderMap, name: &HeaderName) -> Result<Option<u64>, ServiceError> {
    let Some(given) = headers.get(name) else {
        return Ok(None);
    };
    let read = given.to_str().ok().and_then(|text| text.parse().ok());
    read.map(Some).ok_or_else(|| {
        invalid(&format!("cannot read `{name}`")).hint("Give a whole number, from 0 on.")
    })
}

fn checksum(headers: &HeaderMap) -> Result<Option<Checksum>, ServiceError> {
    let Some(given) = headers.get(CHECKSUM) else {
        return Ok(None);
    };
    let pair = given.to_str().ok().and_then(|text| text.split_once(' '));
    let read = pair.and_then(|(algorithm, hash)| {
        let hash = STANDARD.decode(hash.trim()).ok()?;
        Some(match algorithm {
            "sha1" => Checksum::Sha1(hash.try_into().ok()?),
            "sha256" => Checksum::Sha256(hash.try_into().ok()?),
            _ => return None,
        })
    });
    read.map(Some).ok_or_else(|| {
        invalid("cannot read `Upload-Checksum`")
            .hint("Give `sha1` or `sha256`, a space, and the hash of the part in base64.")
    })
}

/// The method that a `POST` stands for.
pub(super) fn meant(headers: &HeaderMap) -> Option<&str> {
    headers
        .get(OVERRIDE)
        .and_then(|method| method.to_str().ok())
}

/// The answer to a `POST` to an upload that stands for nothing else.
pub(super) fn not_meant() -> Problem {
    let detail = "an upload takes `POST` in the place of `PATCH` and `DELETE` alone";
    Problem::of_status(StatusCode::METHOD_NOT_ALLOWED, detail)
        .hint("Send `PATCH`, or name it in `X-HTTP-Method-Override`.")
}

fn invalid(message: &str) -> ServiceError {
    ServiceError::new(ErrorKind::Invalid, message)
}
