//! What a client says of itself with every request.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};

use super::spec::{Auth, HttpSpec};
use crate::{PullError, Result, SecretRef, Secrets};

/// Header fields of every request; the secret among them is marked as one.
pub(super) fn headers(spec: &HttpSpec, secrets: &dyn Secrets) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, value_of("the media type", &spec.content_type)?);
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    for (name, value) in &spec.headers {
        headers.insert(
            name_of(name)?,
            value_of(&format!("the header `{name}`"), value)?,
        );
    }
    let (name, value, from) = match &spec.auth {
        Auth::None => return Ok(headers),
        Auth::Bearer(at) => {
            let token = secrets.get(at)?;
            (AUTHORIZATION, format!("Bearer {}", token.reveal()), at)
        }
        Auth::Basic { user, password: at } => {
            let pair = format!("{user}:{}", secrets.get(at)?.reveal());
            (
                AUTHORIZATION,
                format!("Basic {}", BASE64_STANDARD.encode(pair)),
                at,
            )
        }
        Auth::Header { name, value: at } => {
            (name_of(name)?, secrets.get(at)?.reveal().to_owned(), at)
        }
    };
    let mut value = value_of(&secret_name(from), &value)?;
    value.set_sensitive(true);
    headers.insert(name, value);
    Ok(headers)
}

fn name_of(name: &str) -> Result<HeaderName> {
    let wrong = |_| PullError::Declared(format!("`{name}` cannot be the name of a header"));
    HeaderName::from_bytes(name.as_bytes()).map_err(wrong)
}

fn value_of(what: &str, value: &str) -> Result<HeaderValue> {
    let wrong = |_| PullError::Declared(format!("{what} has signs that no header may have"));
    HeaderValue::from_str(value).map_err(wrong)
}

fn secret_name(at: &SecretRef) -> String {
    format!("the secret `{at}`")
}

/// What the server is shown, without the secret.
pub(super) fn shown(auth: &Auth) -> String {
    match auth {
        Auth::None => "no credential".to_owned(),
        Auth::Bearer(at) | Auth::Header { value: at, .. } => secret_name(at),
        Auth::Basic { user, password } => {
            format!("the user `{user}` and {}", secret_name(password))
        }
    }
}
