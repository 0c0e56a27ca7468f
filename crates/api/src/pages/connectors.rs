//! Connectors: when each last ran, what it brought, and what is wrong with it.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use render::Language;
use render::format::{Formats, NOTHING};
use service::{ConnectorState, ErrorKind, Result};

use super::shell::Shell;
use super::visit::{Visit, written};
use crate::ApiState;

struct Line {
    name: String,
    title: String,
    kind: String,
    schedule: String,
    state: String,
    failed: bool,
    started_at: String,
    landed: String,
    refused: String,
    mark: String,
    /// What went wrong, in the language of the page.
    wrong: Option<String>,
    error: Option<String>,
    due_at: String,
}

#[derive(Template)]
#[template(path = "connectors.html")]
struct Page {
    shell: Shell,
    connectors: Vec<Line>,
}

pub(super) async fn list(State(state): State<ApiState>, visit: Visit) -> Response {
    let page = read(&state, &visit).await;
    visit.answer(page)
}

async fn read(state: &ApiState, visit: &Visit) -> Result<Response> {
    let shell = visit.shell(state).await?;
    let found = state.service.connectors(&visit.call).await?;
    let formats = visit.formats()?;
    let connectors = found.into_iter().map(|found| line(found, &shell, &formats));
    let page = Page {
        connectors: connectors.collect(),
        shell,
    };
    written(StatusCode::OK, &page)
}

fn line(of: ConnectorState, shell: &Shell, formats: &Formats) -> Line {
    let at = |at: Option<_>| at.map_or_else(|| NOTHING.to_owned(), |at| formats.date_time(at));
    let state = match &of {
        of if of.running => "connector-running",
        of if of.failures > 0 => "connector-failed",
        of if !of.enabled => "connector-off",
        of if of.ended_at.is_none() => "connector-new",
        _ => "connector-ready",
    };
    let wrong = of.error.as_ref().and(of.error_kind).map(|kind| match kind {
        ErrorKind::Invalid => "connector-error-declared",
        ErrorKind::Unavailable | ErrorKind::Busy => "connector-error-unavailable",
        ErrorKind::LimitExceeded | ErrorKind::BodyTooLarge => "connector-error-limit",
        _ => "connector-error-other",
    });
    let failures = formats.integer(of.failures);
    Line {
        state: shell.say_with(state, "count", failures),
        failed: of.failures > 0,
        wrong: wrong.map(|key| shell.say(key)),
        title: match shell.language() {
            Language::Vi => of.title.vi,
            Language::En => of.title.en,
        },
        kind: shell.say(&format!("connector-kind-{}", of.kind)),
        schedule: of.schedule,
        started_at: at(of.started_at),
        landed: formats.integer(of.landed),
        refused: formats.integer(of.refused),
        mark: of.mark.unwrap_or_else(|| NOTHING.to_owned()),
        error: of.error,
        due_at: at(of.due_at),
        name: of.name,
    }
}
