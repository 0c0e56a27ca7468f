//! The versions of a dataset's table.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use render::format::{Formats, NOTHING};
use service::{Result, TableVersion};

use super::dataset::named;
use super::parts::{Around, and_one_more, cut, excerpt, part};
use super::shell::Shell;
use super::visit::{Visit, written};
use crate::ApiState;

const VERSIONS: u64 = 50;

/// Characters of what a commit says of itself that a page shows: a commit may name hundreds of
/// submissions.
const INFO_CHARS: usize = 500;

pub(super) struct VersionRow {
    pub(super) version: String,
    pub(super) committed_at: String,
    pub(super) operation: String,
    pub(super) rows: String,
    pub(super) info: String,
}

#[derive(Template)]
#[template(path = "history.html")]
struct Page {
    shell: Shell,
    name: String,
    history: Vec<VersionRow>,
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
    let part = part(visit, VERSIONS);
    let asked = and_one_more(part);
    let mut history = state.service.history(&visit.call, &name, asked).await?;
    let around = cut(&mut history, &visit.path, part);
    let formats = visit.formats()?;
    let page = Page {
        shell,
        name: name.to_string(),
        history: history.into_iter().map(|v| version(v, &formats)).collect(),
        around,
    };
    written(StatusCode::OK, &page)
}

pub(super) fn version(version: TableVersion, formats: &Formats) -> VersionRow {
    let rows = version.rows.map(|rows| formats.integer(rows));
    let (info, _) = excerpt(version.info, INFO_CHARS);
    VersionRow {
        version: version.version.to_string(),
        committed_at: formats.date_time(version.committed_at),
        operation: version.operation,
        rows: rows.unwrap_or_else(|| NOTHING.to_owned()),
        info,
    }
}
