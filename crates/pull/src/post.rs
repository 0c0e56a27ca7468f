//! A client that gives: it posts bodies to one address, one after another.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Client, redirect};
use url::{Host, Url};

use crate::guard::{Checked, Guard};
use crate::http::failure::{innermost, refusal_in};
use crate::{PullError, Result, SecretRef, Secrets};

#[cfg(test)]
mod tests;

const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// Where bodies are posted to, and as whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostSpec {
    /// The whole address.
    pub url: String,
    /// Whether plain HTTP is meant.
    pub plain: bool,
    /// The media type of the bodies.
    pub content_type: &'static str,
    /// Where the bearer token is; none shows none.
    pub bearer: Option<SecretRef>,
    /// Time until the answer.
    pub answer_within: Duration,
}

/// A client of one address, which is checked with each connection. It follows no redirect, for that
/// would carry bodies and token elsewhere.
#[derive(Debug)]
pub struct Poster {
    client: Client,
    guard: Guard,
    url: Url,
}

impl Poster {
    /// Makes the client; reaches nothing yet.
    ///
    /// # Errors
    /// [`PullError::Declared`] for an address or a secret that cannot work.
    pub fn new(spec: &PostSpec, guard: &Guard, secrets: &dyn Secrets) -> Result<Self> {
        let url = guard.url(&spec.url, spec.plain)?;
        let names = Checked {
            guard: guard.clone(),
            port: url.port_or_known_default().unwrap_or_default(),
        };
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(spec.content_type));
        if let Some(at) = &spec.bearer {
            let shown = format!("Bearer {}", secrets.get(at)?.reveal());
            let mut shown = HeaderValue::from_str(&shown).map_err(|_| {
                PullError::Declared(format!(
                    "the secret `{at}` has signs that no header may have"
                ))
            })?;
            shown.set_sensitive(true);
            headers.insert(AUTHORIZATION, shown);
        }
        let client = Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .referer(false)
            .https_only(!spec.plain)
            .dns_resolver(Arc::new(names))
            .default_headers(headers)
            .connect_timeout(CONNECT_WITHIN)
            .timeout(spec.answer_within)
            .build();
        let client = client.map_err(|error| {
            PullError::Declared(format!("cannot make a client: {}", innermost(&error)))
        })?;
        Ok(Self {
            client,
            guard: guard.clone(),
            url,
        })
    }

    /// Posts a body; it is taken when the answer is a status of 200 to 299.
    ///
    /// # Errors
    /// [`PullError::Declared`] when the address may not be reached, [`PullError::Answer`] for an
    /// answer that the same body gets again, [`PullError::Unavailable`] for what may pass. The body
    /// may have been taken all the same where no answer came. Nothing of the address's query, of
    /// the token or of the answer's body is shown.
    pub async fn post(&self, body: Vec<u8>) -> Result<()> {
        let host = self.url.host_str().unwrap_or_default();
        let port = self.url.port_or_known_default().unwrap_or_default();
        // An address needs no resolver, so it is checked here.
        if let Some(Host::Ipv4(_) | Host::Ipv6(_)) = self.url.host() {
            self.guard.addresses(host, port).await?;
        }
        let sent = self.client.post(self.url.clone()).body(body).send().await;
        let response = sent.map_err(|error| {
            if let Some(refused) = refusal_in(&error) {
                return refused;
            }
            let why = match error.is_timeout() {
                true => "it does not answer in time".to_owned(),
                false => innermost(&error),
            };
            PullError::Unavailable(format!("cannot post to `{host}:{port}`: {why}"))
        })?;
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        let number = status.as_u16();
        if status.is_server_error() || number == 429 || number == 408 {
            let message = format!("`{host}:{port}` fails ({number})");
            return Err(PullError::Unavailable(message));
        }
        let more = match status.is_redirection() {
            true => ", a redirect, which is not followed; name the address where it leads",
            false => "",
        };
        Err(PullError::Answer(format!(
            "`{host}:{port}` does not take it ({number}){more}"
        )))
    }
}
