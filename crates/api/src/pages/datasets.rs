//! The catalogue: what datasets there are.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use project::Layer;
use render::format::{Formats, NOTHING};
use service::{DatasetSummary, Result};

use super::shell::Shell;
use super::visit::{Visit, written};
use crate::ApiState;

/// A dataset with its table in figures.
pub(super) struct Row {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) owner: String,
    pub(super) rows: String,
    pub(super) size: String,
    pub(super) version: String,
    pub(super) committed_at: String,
}

struct LayerPart {
    id: &'static str,
    title: String,
    about: String,
    rows: Vec<Row>,
}

#[derive(Template)]
#[template(path = "datasets.html")]
struct ListPage {
    shell: Shell,
    layers: Vec<LayerPart>,
    unapplied: bool,
}

pub(super) async fn list(State(state): State<ApiState>, visit: Visit) -> Response {
    let page = read_list(&state, &visit).await;
    visit.answer(page)
}

async fn read_list(state: &ApiState, visit: &Visit) -> Result<Response> {
    let shell = visit.shell(state).await?;
    let datasets = state.service.datasets(&visit.call).await?;
    let formats = visit.formats()?;
    // From what is published down to what it is made of: most readers want the first.
    let order = [
        Layer::Served,
        Layer::Refined,
        Layer::Raw,
        Layer::Codes,
        Layer::System,
    ];
    let part = |layer: Layer| {
        let of_layer = datasets
            .iter()
            .filter(|d| d.contract.dataset.layer() == layer);
        LayerPart {
            id: layer.as_str(),
            title: shell.say(&format!("layer-{}", layer.as_str())),
            about: shell.say(&format!("layer-{}-about", layer.as_str())),
            rows: sorted(of_layer.map(|dataset| row(dataset, &formats)), &formats),
        }
    };
    let layers = order
        .map(part)
        .into_iter()
        .filter(|part| !part.rows.is_empty())
        .collect();
    let unapplied = datasets.iter().any(|dataset| dataset.table.is_none());
    written(
        StatusCode::OK,
        &ListPage {
            shell,
            layers,
            unapplied,
        },
    )
}

fn sorted(rows: impl Iterator<Item = Row>, formats: &Formats) -> Vec<Row> {
    let mut rows: Vec<Row> = rows.collect();
    rows.sort_by(|one, other| formats.compare(&one.title, &other.title));
    rows
}

pub(super) fn row(dataset: &DatasetSummary, formats: &Formats) -> Row {
    let table = dataset.table.as_ref();
    let shown = |text: Option<String>| text.unwrap_or_else(|| NOTHING.to_owned());
    let committed_at = table.and_then(|table| table.committed_at);
    Row {
        name: dataset.contract.dataset.to_string(),
        title: formats.language().of(&dataset.contract.title).to_owned(),
        owner: dataset.contract.owner.clone(),
        rows: shown(table.map(|table| formats.integer(table.rows))),
        size: shown(table.map(|table| formats.size(table.size_bytes))),
        version: shown(table.map(|table| table.version.to_string())),
        committed_at: shown(committed_at.map(|at| formats.date_time(at))),
    }
}
