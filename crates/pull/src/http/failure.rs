//! Why a request brought no page, and whether another may.

use std::error::Error;
use std::time::Duration;

use chrono::DateTime;
use reqwest::header::{DATE, HeaderMap, HeaderValue, RETRY_AFTER};

use crate::PullError;

/// A try that failed.
pub(super) struct Failure {
    pub(super) error: PullError,
    pub(super) again: Again,
}

/// When it may be tried again.
pub(super) enum Again {
    Never,
    Later,
    /// Not before the time that the server asked for.
    After(Duration),
}

impl Failure {
    pub(super) fn never(error: PullError) -> Self {
        let again = Again::Never;
        Self { error, again }
    }

    pub(super) fn answer(message: String) -> Self {
        Self::never(PullError::Answer(message))
    }

    /// What became of a request that has no answer.
    pub(super) fn of(error: &reqwest::Error, place: &str) -> Self {
        if let Some(refused) = refusal_in(error) {
            let again = match refused {
                PullError::Unavailable(_) => Again::Later,
                _ => Again::Never,
            };
            let error = refused;
            return Self { error, again };
        }
        let why = match error {
            error if error.is_timeout() => "it does not answer in time".to_owned(),
            error if error.is_body() || error.is_decode() => {
                format!("the answer breaks off: {}", innermost(error))
            }
            error => innermost(error),
        };
        Self {
            error: PullError::Unavailable(format!("cannot get {place}: {why}")),
            again: Again::Later,
        }
    }
}

impl Again {
    /// A number of seconds, or a time; that is compared with the server's own clock.
    pub(super) fn asked_for(headers: &HeaderMap) -> Self {
        let asked = text(headers.get(RETRY_AFTER));
        if let Ok(seconds) = asked.trim().parse() {
            return Self::After(Duration::from_secs(seconds));
        }
        let until = DateTime::parse_from_rfc2822(asked.trim());
        let now = DateTime::parse_from_rfc2822(text(headers.get(DATE)).trim());
        match (until, now) {
            (Ok(until), Ok(now)) => Self::After((until - now).to_std().unwrap_or_default()),
            _ => Self::Later,
        }
    }
}

/// What the guard said, if it was asked on the way.
pub(crate) fn refusal_in(error: &reqwest::Error) -> Option<PullError> {
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = next {
        match error.downcast_ref() {
            Some(PullError::Declared(why)) => return Some(PullError::Declared(why.clone())),
            Some(PullError::Unavailable(why)) => return Some(PullError::Unavailable(why.clone())),
            _ => next = error.source(),
        }
    }
    None
}

/// The outer ones name the address with its query, or say nothing.
pub(crate) fn innermost(error: &reqwest::Error) -> String {
    let mut innermost: &dyn Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// The text of a header field; empty if it is not there.
pub(super) fn text(value: Option<&HeaderValue>) -> String {
    let text = value.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    text.unwrap_or_default()
}
