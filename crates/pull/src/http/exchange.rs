//! One request and its answer, asked again where that may help.

use std::fs;
use std::io::{self, Write};
use std::sync::Arc;

use flate2::write::MultiGzDecoder;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, LINK, LOCATION};
use reqwest::{Certificate, Client, Response, StatusCode, redirect};
use url::{Host, Url};

use super::credential;
use super::failure::{Again, Failure, innermost, text};
use super::spec::{HttpSpec, Retry};
use crate::guard::{Checked, Guard};
use crate::{PullError, Result, Secrets};

/// A client of one server.
pub(super) struct Exchange {
    client: Client,
    guard: Guard,
    retry: Retry,
    content_type: String,
    max_bytes: usize,
    /// What the server was shown, for the message when it does not like it.
    credential: String,
}

/// A page as it was received, unpacked.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) content_type: String,
    pub(super) links: Vec<String>,
    pub(super) body: Vec<u8>,
}

impl Exchange {
    pub(super) fn new(
        spec: &HttpSpec,
        url: &Url,
        guard: &Guard,
        secrets: &dyn Secrets,
    ) -> Result<Self> {
        let names = Checked {
            guard: guard.clone(),
            port: url.port_or_known_default().unwrap_or_default(),
        };
        let mut builder = Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .referer(false)
            .dns_resolver(Arc::new(names))
            .default_headers(credential::headers(spec, secrets)?)
            .connect_timeout(spec.connect_within)
            .timeout(spec.answer_within);
        if let Some(file) = &spec.root_certificates {
            let bad = |why: &dyn std::fmt::Display| {
                let file = file.display();
                PullError::Declared(format!("cannot read the certificates in `{file}`: {why}"))
            };
            let pem = fs::read(file).map_err(|error| bad(&error))?;
            let found = Certificate::from_pem_bundle(&pem).map_err(|error| bad(&error))?;
            builder = found.into_iter().fold(builder, |builder, certificate| {
                builder.add_root_certificate(certificate)
            });
        }
        let client = builder.build().map_err(|error| {
            PullError::Declared(format!("cannot make a client: {}", innermost(&error)))
        })?;
        Ok(Self {
            client,
            guard: guard.clone(),
            retry: spec.retry,
            content_type: spec.content_type.clone(),
            max_bytes: usize::try_from(spec.max_page_bytes).unwrap_or(usize::MAX),
            credential: credential::shown(&spec.auth),
        })
    }

    /// Asks until there is an answer, or none is to be had. `place` is what errors call it.
    pub(super) async fn get(&self, url: &Url, place: &str) -> Result<Answer> {
        let mut wait = self.retry.first_wait.min(self.retry.longest_wait);
        for left in (0..self.retry.tries.max(1)).rev() {
            let failure = match self.try_once(url, place).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let pause = match failure.again {
                Again::Later if left > 0 => wait,
                Again::After(asked) if asked > self.retry.longest_wait => {
                    let longest = self.retry.longest_wait;
                    return Err(PullError::Unavailable(format!(
                        "{}, and asks to be left alone for {asked:?}, longer than the \
                         {longest:?} that is waited",
                        failure.error
                    )));
                }
                Again::After(asked) if left > 0 => asked.max(wait),
                _ => return Err(failure.error),
            };
            tokio::time::sleep(pause).await;
            wait = wait.saturating_mul(2).min(self.retry.longest_wait);
        }
        Err(PullError::Unavailable(format!("{place} was not asked for")))
    }

    async fn try_once(&self, url: &Url, place: &str) -> Result<Answer, Failure> {
        // An address needs no resolver, so it is checked here.
        if let Some(Host::Ipv4(_) | Host::Ipv6(_)) = url.host() {
            let port = url.port_or_known_default().unwrap_or_default();
            let host = url.host_str().unwrap_or_default();
            self.guard
                .addresses(host, port)
                .await
                .map_err(Failure::never)?;
        }
        let sent = self.client.get(url.clone()).send().await;
        let response = sent.map_err(|error| Failure::of(&error, place))?;
        self.check_status(&response, place)?;
        let header = |name| text(response.headers().get(name));
        let content_type = header(CONTENT_TYPE);
        if essence(&content_type) != essence(&self.content_type) {
            return Err(Failure::answer(match content_type.as_str() {
                "" => format!("{place} came without a media type"),
                other => {
                    let declared = &self.content_type;
                    format!("{place} came as `{other}`, declared is `{declared}`")
                }
            }));
        }
        let links = response.headers().get_all(LINK).iter();
        let links = links.map(|value| text(Some(value))).collect();
        let coding = header(CONTENT_ENCODING).trim().to_ascii_lowercase();
        let body = match coding.as_str() {
            "" | "identity" => self.receive(response, Vec::new(), place).await?,
            "gzip" | "x-gzip" => {
                let unpacked = MultiGzDecoder::new(Bounded {
                    bytes: Vec::new(),
                    most: self.max_bytes,
                });
                let mut unpacked = self.receive(response, unpacked, place).await?;
                unpacked
                    .try_finish()
                    .map_err(|error| self.cannot_unpack(&error, place))?;
                let finished = unpacked.finish();
                finished
                    .map_err(|error| self.cannot_unpack(&error, place))?
                    .bytes
            }
            other => {
                let message = format!("{place} came packed as `{other}`, which was not asked for");
                return Err(Failure::answer(message));
            }
        };
        Ok(Answer {
            content_type,
            links,
            body,
        })
    }

    async fn receive<W: Write>(
        &self,
        mut response: Response,
        mut sink: W,
        place: &str,
    ) -> Result<W, Failure> {
        let mut left = self.max_bytes;
        if response
            .content_length()
            .is_some_and(|length| length > left as u64)
        {
            return Err(self.too_large(place));
        }
        loop {
            let chunk = response.chunk().await;
            let Some(chunk) = chunk.map_err(|error| Failure::of(&error, place))? else {
                return Ok(sink);
            };
            left = left
                .checked_sub(chunk.len())
                .ok_or_else(|| self.too_large(place))?;
            let kept = sink.write_all(&chunk);
            kept.map_err(|error| self.cannot_unpack(&error, place))?;
        }
    }

    fn check_status(&self, response: &Response, place: &str) -> Result<(), Failure> {
        let status = response.status();
        let number = status.as_u16();
        match status {
            StatusCode::OK => Ok(()),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                let credential = &self.credential;
                Err(Failure::never(PullError::Declared(format!(
                    "{place} is refused to this client ({number}), which shows {credential}"
                ))))
            }
            StatusCode::NOT_FOUND => Err(Failure::answer(format!("{place} does not exist (404)"))),
            status if status.is_redirection() => {
                let to = text(response.headers().get(LOCATION));
                let to = to.split(['?', '#']).next().unwrap_or_default();
                Err(Failure::answer(format!(
                    "{place} is answered with a redirect to `{to}` ({number}), which is not \
                     followed; declare the address where the API is"
                )))
            }
            StatusCode::TOO_MANY_REQUESTS => Err(Failure {
                error: PullError::Unavailable(format!("{place} was asked for too often (429)")),
                again: Again::asked_for(response.headers()),
            }),
            status if status.is_server_error() => Err(Failure {
                error: PullError::Unavailable(format!("the server fails at {place} ({number})")),
                again: Again::asked_for(response.headers()),
            }),
            _ => Err(Failure::answer(format!(
                "{place} is answered with {number}, not with 200"
            ))),
        }
    }

    fn too_large(&self, place: &str) -> Failure {
        Failure::never(PullError::Limit(format!(
            "{place} is larger than {} bytes; ask for fewer records a page, or raise the limit",
            self.max_bytes
        )))
    }

    fn cannot_unpack(&self, error: &io::Error, place: &str) -> Failure {
        match error.kind() {
            io::ErrorKind::FileTooLarge => self.too_large(place),
            _ => Failure::answer(format!("{place} cannot be unpacked: {error}")),
        }
    }
}

/// Bytes that stop growing.
struct Bounded {
    bytes: Vec<u8>,
    most: usize,
}

impl Write for Bounded {
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        match self.bytes.len() + more.len() <= self.most {
            true => self.bytes.write(more),
            false => Err(io::ErrorKind::FileTooLarge.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A media type without its parameters.
fn essence(content_type: &str) -> String {
    let essence = content_type.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}
