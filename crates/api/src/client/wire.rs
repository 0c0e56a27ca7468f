//! Requests out, answers in.

use std::time::Duration;

use axum::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, COOKIE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, Method};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use reqwest::Response;
use serde::Serialize;
use serde::de::DeserializeOwned;
use service::{ByteStream, Call, Credential, ErrorKind, Result, Secret, ServiceError};
use url::{Host, Url};

use crate::{PROBLEM_MEDIA_TYPE, Problem, SESSION_COOKIE};

/// How long a server may take to take a connection.
const CONNECT_WAIT: Duration = Duration::from_secs(10);

/// A server, and what is shown to it where a call shows nothing.
pub(super) struct Wire {
    http: reqwest::Client,
    base: Url,
    token: Option<Secret>,
}

/// A request in the making.
pub(super) struct Ask {
    method: Method,
    path: Vec<String>,
    params: Vec<(&'static str, String)>,
    headers: Vec<(&'static str, String)>,
    body: Option<reqwest::Body>,
}

impl Ask {
    /// Reads below `/api/v1`.
    pub(super) fn get(path: &[&str]) -> Self {
        Self::new(Method::GET, ["api", "v1"].iter().chain(path))
    }

    /// Acts below `/api/v1`.
    pub(super) fn post(path: &[&str]) -> Self {
        Self::new(Method::POST, ["api", "v1"].iter().chain(path))
    }

    /// Does something else below `/api/v1`.
    pub(super) fn to(method: Method, path: &[&str]) -> Self {
        Self::new(method, ["api", "v1"].iter().chain(path))
    }

    /// Reads that path from the root.
    pub(super) fn root(path: &str) -> Self {
        let parts: Vec<&str> = path.split('/').collect();
        Self::new(Method::GET, parts.iter())
    }

    fn new<'p>(method: Method, path: impl Iterator<Item = &'p &'p str>) -> Self {
        let path = path.map(|part| (*part).to_owned()).collect();
        Self {
            method,
            path,
            params: Vec::new(),
            headers: Vec::new(),
            body: None,
        }
    }

    pub(super) fn param(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.params.push((name, value.into()));
        self
    }

    pub(super) fn params(
        mut self,
        params: impl IntoIterator<Item = (&'static str, String)>,
    ) -> Self {
        self.params.extend(params);
        self
    }

    pub(super) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(super) fn json(mut self, body: &impl Serialize) -> Result<Self> {
        let body = serde_json::to_vec(body).map_err(|error| {
            ServiceError::new(ErrorKind::Internal, "cannot write the request").caused_by(error)
        })?;
        self.body = Some(body.into());
        Ok(self.header(CONTENT_TYPE_NAME, "application/json"))
    }

    /// With bytes as they come; they are never held whole.
    pub(super) fn body(mut self, media_type: &str, body: ByteStream) -> Self {
        self.body = Some(reqwest::Body::wrap_stream(body));
        self.header(CONTENT_TYPE_NAME, media_type)
    }
}

const CONTENT_TYPE_NAME: &str = "content-type";

impl Wire {
    pub(super) fn new(base: &str, token: Option<Secret>) -> Result<Self> {
        let base = Url::parse(base)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https"));
        let base = base.ok_or_else(|| {
            ServiceError::new(
                ErrorKind::Invalid,
                "the server's address is no http address",
            )
            .hint("Give it as `http://127.0.0.1:8080`.")
        })?;
        let mut http = reqwest::Client::builder()
            .connect_timeout(CONNECT_WAIT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("dtm/", env!("CARGO_PKG_VERSION")));
        if is_loopback(&base) {
            http = http.no_proxy();
        }
        let http = http.build().map_err(|error| {
            ServiceError::new(ErrorKind::Unavailable, "cannot set up an HTTP client")
                .caused_by(error)
        })?;
        Ok(Self { http, base, token })
    }

    /// Sends the request as the caller; a problem comes back as the error it was made from.
    pub(super) async fn send(&self, call: &Call, ask: Ask) -> Result<Response> {
        let shown = match (&call.credential, &self.token) {
            (Some(Credential::Token(token)), _) | (None, Some(token)) => {
                Some((AUTHORIZATION, format!("Bearer {}", token.reveal())))
            }
            (Some(Credential::Session(session)), _) => {
                Some((COOKIE, format!("{SESSION_COOKIE}={}", session.reveal())))
            }
            (None, None) => None,
        };
        let mut headers = HeaderMap::new();
        if let Some((name, text)) = shown {
            let mut value = HeaderValue::try_from(text).map_err(|_| {
                ServiceError::new(
                    ErrorKind::Unauthenticated,
                    "the token has a line break in it",
                )
                .hint("Use the token as it was printed.")
            })?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        self.dispatch(headers, ask).await
    }

    /// Sends the request as nobody.
    pub(super) async fn send_open(&self, ask: Ask) -> Result<Response> {
        self.dispatch(HeaderMap::new(), ask).await
    }

    async fn dispatch(&self, credential: HeaderMap, ask: Ask) -> Result<Response> {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(&ask.path);
        }
        if !ask.params.is_empty() {
            url.query_pairs_mut().extend_pairs(&ask.params);
        }
        let mut request = self.http.request(ask.method, url).headers(credential);
        if !ask.headers.iter().any(|(name, _)| *name == ACCEPT.as_str()) {
            request = request.header(ACCEPT, "*/*");
        }
        for (name, value) in ask.headers {
            request = request.header(name, value);
        }
        if let Some(body) = ask.body {
            request = request.body(body);
        }
        let answer = request
            .send()
            .await
            .map_err(|error| self.unreached(error))?;
        if answer.status().is_success() {
            Ok(answer)
        } else {
            Err(self.refused(answer).await)
        }
    }

    fn unreached(&self, error: reqwest::Error) -> ServiceError {
        let what = if error.is_connect() {
            "reach"
        } else {
            "finish the request to"
        };
        let message = format!("cannot {what} the server at `{}`", self.base);
        ServiceError::new(ErrorKind::Unavailable, message)
            .hint("Check the address, and that `dtm serve` runs there.")
            .caused_by(error)
    }

    async fn refused(&self, answer: Response) -> ServiceError {
        let status = answer.status();
        let retry_after = header(answer.headers(), RETRY_AFTER.as_str());
        let retry_after_s = retry_after.ok().and_then(|seconds| seconds.parse().ok());
        let is_problem = header(answer.headers(), CONTENT_TYPE.as_str())
            .is_ok_and(|media_type| media_type.starts_with(PROBLEM_MEDIA_TYPE));
        let body = answer.bytes().await.unwrap_or_default();
        let problem = is_problem
            .then(|| serde_json::from_slice::<Problem>(&body).ok())
            .flatten();
        let Some(problem) = problem else {
            let detail = format!("the server at `{}` answered `{status}`", self.base);
            let mut error = Problem::of_status(status, detail)
                .hint("Check the address: something else seems to answer there.")
                .into_error();
            error.retry_after_s = retry_after_s;
            return error;
        };
        let id = problem.correlation_id.clone();
        let mut error = problem.into_error();
        error.retry_after_s = retry_after_s;
        if matches!(error.kind, ErrorKind::Internal | ErrorKind::Corrupt) && !id.is_empty() {
            let hint = error.hint.take().unwrap_or_default();
            error.hint = Some(
                format!("{hint} The server's log has it as `{id}`.")
                    .trim()
                    .to_owned(),
            );
        }
        error
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// The answer's JSON.
pub(super) async fn json<T: DeserializeOwned>(answer: Response) -> Result<T> {
    serde_json::from_slice(&bytes(answer).await?)
        .map_err(|error| unread("its JSON").caused_by(error))
}

/// The answer's JSON array as domain types.
pub(super) async fn rows<D, T>(answer: Response) -> Result<Vec<T>>
where
    D: DeserializeOwned,
    T: TryFrom<D, Error = ServiceError>,
{
    json::<Vec<D>>(answer)
        .await?
        .into_iter()
        .map(T::try_from)
        .collect()
}

/// The answer's bytes.
pub(super) async fn bytes(answer: Response) -> Result<Bytes> {
    answer.bytes().await.map_err(broken)
}

/// The answer's bytes as they come.
pub(super) fn stream(answer: Response) -> ByteStream {
    answer.bytes_stream().map_err(std::io::Error::other).boxed()
}

/// A header of the answer.
pub(super) fn header<'h>(headers: &'h HeaderMap, name: &str) -> Result<&'h str> {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.ok_or_else(|| unread(&format!("its header `{name}`")))
}

/// The error of an answer that ended before its end.
pub(super) fn broken(error: impl std::error::Error + Send + Sync + 'static) -> ServiceError {
    ServiceError::new(
        ErrorKind::Unavailable,
        "the server's answer broke off before its end",
    )
    .hint("Ask again; if it happens again, a limit of the server may have been met.")
    .caused_by(error)
}

/// The error of an answer that has not the form it must have.
pub(super) fn unread(what: &str) -> ServiceError {
    ServiceError::new(
        ErrorKind::Invalid,
        format!("cannot read the server's answer: {what}"),
    )
    .hint("Use a client of the server's version.")
}
