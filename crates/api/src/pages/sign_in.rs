//! Signing in with a token or a one-time code, and out.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::Response;
use service::{ErrorKind, Result, Secret};

use super::shell::Shell;
use super::visit::{Fields, Sent, Visit, fields, redirect, written};
use crate::{ApiState, clear_session_cookie, session_cookie};

#[derive(Template)]
#[template(path = "sign_in.html")]
struct Page<'a> {
    shell: Shell,
    /// A one-time code waits for the button: programs that preview links follow them, and would use
    /// the code up.
    code: Option<&'a str>,
    next: &'a str,
    refused: bool,
}

pub(super) async fn form(visit: Visit) -> Response {
    let next = local(visit.param("next"));
    let code = visit.param("code");
    let page = Page {
        shell: visit.open_shell(),
        code,
        next,
        refused: false,
    };
    visit.answer(written(StatusCode::OK, &page))
}

pub(super) async fn submit(State(state): State<ApiState>, visit: Visit, sent: Sent) -> Response {
    let page = enter(&state, &visit, sent).await;
    visit.answer(page)
}

async fn enter(state: &ApiState, visit: &Visit, sent: Sent) -> Result<Response> {
    let fields = fields(sent)?;
    let next = local(fields.get("next").map(String::as_str));
    let shown = shown(&fields);
    let session = match &shown {
        Some(secret) => state.service.sign_in(&visit.call, secret).await,
        None => return refused(visit, next),
    };
    match session {
        Ok(session) => {
            let mut answer = redirect(next);
            let cookie = session_cookie(&session, state.https);
            answer
                .headers_mut()
                .extend(cookie.map(|cookie| (SET_COOKIE, cookie)));
            Ok(answer)
        }
        Err(error) if matches!(error.kind, ErrorKind::Unauthenticated | ErrorKind::Invalid) => {
            refused(visit, next)
        }
        Err(error) => Err(error),
    }
}

fn refused(visit: &Visit, next: &str) -> Result<Response> {
    let page = Page {
        shell: visit.open_shell(),
        code: None,
        next,
        refused: true,
    };
    written(StatusCode::UNAUTHORIZED, &page)
}

/// The token or code of the form. People paste with spaces around.
fn shown(fields: &Fields) -> Option<Secret> {
    let values = ["code", "token"]
        .into_iter()
        .filter_map(|name| fields.get(name));
    values
        .map(|value| value.trim())
        .find(|value| !value.is_empty())
        .map(Secret::new)
}

/// Leaves this browser signed out, even if the session had ended before.
pub(super) async fn leave(State(state): State<ApiState>, visit: Visit) -> Response {
    let left = match state.service.sign_out(&visit.call).await {
        Err(error) if error.kind != ErrorKind::Unauthenticated => Err(error),
        _ => {
            let mut answer = redirect("/sign-in");
            let cookie = clear_session_cookie(state.https);
            answer
                .headers_mut()
                .extend(cookie.map(|cookie| (SET_COOKIE, cookie)));
            Ok(answer)
        }
    };
    visit.answer(left)
}

/// Where to go afterwards: a path of this site, or the overview. Browsers read `//` and `/\` as the
/// start of another site.
pub(super) fn local(next: Option<&str>) -> &str {
    let plain = |next: &&str| {
        let rest = next.strip_prefix('/');
        rest.is_some_and(|rest| !rest.starts_with(['/', '\\']))
            && next.bytes().all(|b| b.is_ascii_graphic() && b != b'\\')
            && !next.starts_with("/sign-")
    };
    next.filter(plain).unwrap_or("/")
}
