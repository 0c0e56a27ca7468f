//! The quarantine: refused rows, searched.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use render::format::{Formats, NOTHING};
use service::{QuarantinedRow, Result};

use super::parts::{Around, around_with, part};
use super::shell::Shell;
use super::visit::{Visit, Words, written};
use crate::ApiState;
use crate::routes::quarantine_filter;

const ROWS: u64 = 100;

/// What can be asked for.
const FIELDS: [&str; 5] = ["dataset", "agency", "period", "rule", "submission"];

struct Field {
    name: &'static str,
    label: String,
    value: String,
}

struct Line {
    submission: String,
    received_at: String,
    dataset: String,
    agency: String,
    period: String,
    row: String,
    column: String,
    rule: String,
    value: String,
    message: Words,
}

#[derive(Template)]
#[template(path = "quarantine.html")]
struct Page {
    shell: Shell,
    fields: Vec<Field>,
    lines: Vec<Line>,
    first: String,
    last: String,
    total: String,
    around: Around,
}

pub(super) async fn page(State(state): State<ApiState>, visit: Visit) -> Response {
    let page = read(&state, &visit).await;
    visit.answer(page)
}

async fn read(state: &ApiState, visit: &Visit) -> Result<Response> {
    let shell = visit.shell(state).await?;
    let asked = |name: &str| {
        visit
            .param(name)
            .map(str::trim)
            .filter(|word| !word.is_empty())
    };
    let filter = quarantine_filter(asked)?;
    let part = part(visit, ROWS);
    let found = state.service.quarantine(&visit.call, filter, part).await?;
    let formats = visit.formats()?;
    let last = part.offset.saturating_add(found.rows.len() as u64);
    let params = FIELDS
        .into_iter()
        .filter_map(|name| Some((name, asked(name)?)));
    let params: Vec<(&str, &str)> = params.collect();
    let field = |name: &'static str| Field {
        name,
        label: shell.say(&format!("quarantine-by-{name}")),
        value: asked(name).unwrap_or_default().to_owned(),
    };
    let page = Page {
        fields: FIELDS.into_iter().map(field).collect(),
        lines: found
            .rows
            .iter()
            .map(|row| line(row, visit, &formats))
            .collect(),
        first: formats.integer(part.offset.saturating_add(1)),
        last: formats.integer(last),
        total: formats.integer(found.total),
        around: around_with(&visit.path, &params, part, last < found.total),
        shell,
    };
    written(StatusCode::OK, &page)
}

fn line(row: &QuarantinedRow, visit: &Visit, formats: &Formats) -> Line {
    let shown = |text: &Option<String>| text.clone().unwrap_or_else(|| NOTHING.to_owned());
    Line {
        submission: row.submission.to_string(),
        received_at: formats.date_time(row.received_at),
        dataset: row.dataset.to_string(),
        agency: row.agency.to_string(),
        period: row.period.to_string(),
        row: formats.integer(row.row),
        column: shown(&row.column),
        rule: row.rule.clone(),
        value: shown(&row.value_excerpt),
        message: visit.words(&row.message.vi, &row.message.en),
    }
}
