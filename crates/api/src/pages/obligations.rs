//! Who owes a dataset's data for a period, until when, and who has handed it in.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use render::format::{Formats, NOTHING};
use service::{ErrorKind, Extension, Obligation, ObligationFilter, Result, ServiceError};

use super::ask::agencies;
use super::dataset::named;
use super::parts::{Around, and_one_more, around_with, part};
use super::shell::Shell;
use super::visit::{Visit, written};
use crate::ApiState;

const OBLIGATIONS: u64 = 100;

struct Line {
    agency: String,
    /// Empty if it is not known.
    agency_name: String,
    state: String,
    due_on: String,
    locks_at: String,
    submissions: String,
    first_received_at: String,
    extensions: Vec<Moved>,
}

struct Moved {
    until: String,
    reason: String,
    by: String,
    at: String,
}

#[derive(Template)]
#[template(path = "obligations.html")]
struct Page {
    shell: Shell,
    name: String,
    /// As it was asked for, or as it was found; empty if there is neither.
    period: String,
    lines: Vec<Line>,
    around: Around,
}

pub(super) async fn page(
    State(state): State<ApiState>,
    visit: Visit,
    Path(name): Path<String>,
) -> Response {
    let page = read(&state, &visit, &name).await;
    visit.answer(page)
}

async fn read(state: &ApiState, visit: &Visit, name: &str) -> Result<Response> {
    let shell = visit.shell(state).await?;
    let name = named(name)?;
    let asked = visit.param("period").map(str::parse).transpose();
    let filter = ObligationFilter {
        dataset: Some(name.clone()),
        period: asked.map_err(|error: calendar::CalendarError| {
            ServiceError::new(ErrorKind::Invalid, error.to_string())
        })?,
        agency: None,
    };
    let part = part(visit, OBLIGATIONS);
    let found = state
        .service
        .obligations(&visit.call, filter, and_one_more(part));
    let mut found = found.await?;
    let period = visit.param("period").map(str::to_owned);
    let of_first = || found.first().map(|first| first.of.period.to_string());
    let period = period.or_else(of_first).unwrap_or_default();
    let more = found.len() as u64 > part.limit;
    found.truncate(usize::try_from(part.limit).unwrap_or(usize::MAX));
    let names = agencies(state, visit).await?;
    let formats = visit.formats()?;
    let lines = found.iter().map(|obligation| {
        let name = names.get(obligation.of.agency.as_str());
        line(obligation, name, &shell, &formats)
    });
    let page = Page {
        lines: lines.collect(),
        around: around_with(&visit.path, &[("period", &period)], part, more),
        name: name.to_string(),
        period,
        shell,
    };
    written(StatusCode::OK, &page)
}

fn line(
    obligation: &Obligation,
    agency_name: Option<&String>,
    shell: &Shell,
    formats: &Formats,
) -> Line {
    let Obligation {
        of,
        deadline,
        standing,
        handed_in,
        extensions,
    } = obligation;
    let instant = |at| formats.date_time(at);
    let locks_at = deadline.locks_at().map(instant);
    let first = handed_in.first_received_at.map(instant);
    Line {
        agency: of.agency.to_string(),
        agency_name: agency_name.cloned().unwrap_or_default(),
        state: shell.say(&format!("standing-{standing}")),
        due_on: formats.date(deadline.due_on),
        locks_at: locks_at.unwrap_or_else(|| NOTHING.to_owned()),
        submissions: formats.integer(handed_in.submissions),
        first_received_at: first.unwrap_or_else(|| NOTHING.to_owned()),
        extensions: extensions.iter().map(|e| moved(e, formats)).collect(),
    }
}

fn moved(extension: &Extension, formats: &Formats) -> Moved {
    Moved {
        until: formats.date(extension.until),
        reason: extension.reason.clone(),
        by: extension.principal.clone(),
        at: formats.date_time(extension.at),
    }
}
