//! A request to a page, and its answer: language, sign-in, errors as pages.

use std::collections::BTreeMap;
use std::convert::Infallible;

use askama::Template;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, FromRequestParts};
use axum::http::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use render::Language;
use render::format::Formats;
use service::{Call, ErrorKind, Result, ServiceError};
use url::form_urlencoded;

use super::shell::Shell;
use super::texts::Texts;
use crate::{ApiState, PageCall, Problem};

/// The name of the cookie that keeps the language.
const LANGUAGE_COOKIE: &str = "dtm_lang";
const LANGUAGE_SECONDS: u32 = 365 * 24 * 3600;

/// The fields of a form, or of a query string; of one that stands twice the last.
pub(super) type Fields = BTreeMap<String, String>;

/// The body of a form.
pub(super) type Sent = Result<Form<Vec<(String, String)>>, FormRejection>;

/// A text that may be in another language than its page.
pub(super) struct Words {
    pub(super) text: String,
    pub(super) language: &'static str,
}

/// Why what a form asked for was not done; it stands beside the form.
pub(super) struct Refusal {
    pub(super) title: String,
    pub(super) problem: Problem,
    pub(super) correlation_id: String,
}

/// A request to a page.
pub(super) struct Visit {
    pub(super) call: Call,
    pub(super) language: Language,
    pub(super) path: String,
    pub(super) query: Fields,
    /// The language was chosen by this request and is to be kept.
    chosen: bool,
    https: bool,
}

impl FromRequestParts<ApiState> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Infallible> {
        let PageCall(call) = PageCall::from_request_parts(parts, state).await?;
        let query = parts.uri.query().unwrap_or_default();
        let mut query: Fields = form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();
        let chosen = query
            .remove("lang")
            .and_then(|language| language.parse().ok());
        let language = chosen.or_else(|| kept(&parts.headers)).unwrap_or_default();
        let path = parts.uri.path().to_owned();
        let https = state.https;
        Ok(Self {
            call,
            language,
            path,
            query,
            chosen: chosen.is_some(),
            https,
        })
    }
}

/// The language that the cookie keeps.
fn kept(headers: &HeaderMap) -> Option<Language> {
    let headers = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok());
    headers
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == LANGUAGE_COOKIE)
        .and_then(|(_, language)| language.parse().ok())
}

impl Visit {
    /// A parameter of the query string, if it is there and not empty.
    pub(super) fn param(&self, name: &str) -> Option<&str> {
        self.query
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// What there is in the language of the page; where there is no Vietnamese, the English.
    pub(super) fn words(&self, vi: &str, en: &str) -> Words {
        let (text, language) = match self.language {
            Language::Vi if !vi.is_empty() => (vi, Language::Vi),
            _ => (en, Language::En),
        };
        Words {
            text: text.to_owned(),
            language: language.as_str(),
        }
    }

    pub(super) fn formats(&self) -> Result<Formats> {
        Formats::new(self.language).map_err(|error| broken(&error))
    }

    /// The shell for whoever is signed in; refuses others.
    pub(super) async fn shell(&self, state: &ApiState) -> Result<Shell> {
        let principal = state.service.whoami(&self.call).await?;
        let mut shell = self.open_shell();
        shell.principal = Some(principal);
        Ok(shell)
    }

    /// The shell for a page that everyone may see.
    pub(super) fn open_shell(&self) -> Shell {
        let texts = Texts::of(self.language);
        let mut shell = Shell::new(texts, None, self.path.clone(), String::new());
        let mut query: Vec<(&str, &str)> = self
            .query
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        query.push(("lang", shell.other().as_str()));
        shell.switch = address(&self.path, &query);
        shell
    }

    /// The answer to the request: the page, or the error as a page.
    pub(super) fn answer(&self, page: Result<Response>) -> Response {
        let mut answer = match page {
            Ok(answer) => answer,
            Err(error) if error.kind == ErrorKind::Unauthenticated => self.to_sign_in(),
            Err(error) => self.failure(error),
        };
        if self.chosen {
            let secure = if self.https { "; Secure" } else { "" };
            let cookie = format!(
                "{LANGUAGE_COOKIE}={}; Path=/; HttpOnly; SameSite=Lax; \
                 Max-Age={LANGUAGE_SECONDS}{secure}",
                self.language.as_str()
            );
            answer
                .headers_mut()
                .extend(HeaderValue::try_from(cookie).ok().map(|c| (SET_COOKIE, c)));
        }
        answer
    }

    fn to_sign_in(&self) -> Response {
        let query: Vec<(&str, &str)> = self
            .query
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let here = address(&self.path, &query);
        let next: &[(&str, &str)] = if here == "/" { &[] } else { &[("next", &here)] };
        redirect(&address("/sign-in", next))
    }

    /// The error as it stands beside a form, and the status of the page.
    pub(super) fn refusal(&self, error: ServiceError) -> (StatusCode, Refusal) {
        let problem = Problem::from(error);
        let status = StatusCode::from_u16(problem.status);
        let refusal = Refusal {
            title: problem_title(&self.open_shell(), &problem),
            problem,
            correlation_id: self.call.correlation_id.clone(),
        };
        (status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), refusal)
    }

    fn failure(&self, error: ServiceError) -> Response {
        let (status, refusal) = self.refusal(error);
        let page = Failure {
            shell: self.open_shell(),
            title: &refusal.title,
            problem: &refusal.problem,
            correlation_id: &refusal.correlation_id,
        };
        match page.render() {
            Ok(text) => html(status, text),
            Err(_) => (status, refusal.problem.detail).into_response(),
        }
    }
}

/// The title of an error in the language of the page; its message is English.
fn problem_title(shell: &Shell, problem: &Problem) -> String {
    let word = problem
        .problem_type
        .rsplit([':', '/'])
        .next()
        .unwrap_or_default();
    shell.say(&format!("error-{word}"))
}

#[derive(Template)]
#[template(path = "failure.html")]
struct Failure<'a> {
    shell: Shell,
    title: &'a str,
    problem: &'a Problem,
    correlation_id: &'a str,
}

/// A filled-in template as an answer.
pub(super) fn written(status: StatusCode, page: &impl Template) -> Result<Response> {
    let text = page.render().map_err(|error| broken(&error))?;
    Ok(html(status, text))
}

/// The fields of a form that was sent.
pub(super) fn fields(sent: Sent) -> Result<Fields> {
    match sent {
        Ok(Form(fields)) => Ok(fields.into_iter().collect()),
        Err(error) => {
            let kind = match error.status() {
                StatusCode::PAYLOAD_TOO_LARGE => ErrorKind::BodyTooLarge,
                _ => ErrorKind::Invalid,
            };
            let message = format!("cannot read the form: {}", error.body_text());
            Err(ServiceError::new(kind, message).hint("Go back and send the form again."))
        }
    }
}

/// The error of a page that could not be written.
pub(super) fn broken(error: &dyn std::fmt::Display) -> ServiceError {
    ServiceError::new(
        ErrorKind::Internal,
        format!("cannot write the page: {error}"),
    )
}

/// The answer that sends a browser elsewhere, with `GET`.
pub(super) fn redirect(to: &str) -> Response {
    let mut answer = StatusCode::SEE_OTHER.into_response();
    answer
        .headers_mut()
        .extend(HeaderValue::try_from(to).ok().map(|to| (LOCATION, to)));
    answer
}

/// A path with its query string.
pub(super) fn address(path: &str, query: &[(&str, &str)]) -> String {
    if query.is_empty() {
        return path.to_owned();
    }
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(query)
        .finish();
    format!("{path}?{query}")
}

fn html(status: StatusCode, text: String) -> Response {
    (status, [(CONTENT_TYPE, "text/html; charset=utf-8")], text).into_response()
}
