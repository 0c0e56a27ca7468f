//! The catalogue: what datasets there are, and all that is known of one.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use project::{Classification, Contract, DatasetName, Layer, Severity};
use render::format::{Formats, NOTHING};
use service::{DatasetDetail, DatasetSummary, ErrorKind, Result, ServiceError, TableVersion};

use super::shell::Shell;
use super::visit::{Visit, address, written};
use crate::ApiState;

struct Row {
    name: String,
    title: String,
    rows: String,
    size: String,
    version: String,
    committed_at: String,
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
            rows: of_layer.map(|dataset| row(dataset, &formats)).collect(),
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

fn row(dataset: &DatasetSummary, formats: &Formats) -> Row {
    let table = dataset.table.as_ref();
    let shown = |text: Option<String>| text.unwrap_or_else(|| NOTHING.to_owned());
    let committed_at = table.and_then(|table| table.committed_at);
    Row {
        name: dataset.contract.dataset.to_string(),
        title: formats.language().of(&dataset.contract.title).to_owned(),
        rows: shown(table.map(|table| formats.integer(table.rows))),
        size: shown(table.map(|table| formats.size(table.size_bytes))),
        version: shown(table.map(|table| table.version.to_string())),
        committed_at: shown(committed_at.map(|at| formats.date_time(at))),
    }
}

struct ColumnRow {
    name: String,
    label: String,
    column_type: String,
    key: bool,
    required: bool,
    about: String,
}

struct RuleRow {
    name: String,
    column: String,
    error: bool,
    message: String,
}

struct VersionRow {
    version: String,
    committed_at: String,
    operation: String,
    info: String,
}

#[derive(Template)]
#[template(path = "dataset.html")]
struct Page {
    shell: Shell,
    name: String,
    title: String,
    purpose: String,
    contract: Contract,
    classification: String,
    facts: Option<Row>,
    files: String,
    columns: Vec<ColumnRow>,
    rules: Vec<RuleRow>,
    upstream: Vec<DatasetName>,
    downstream: Vec<DatasetName>,
    sql: Option<String>,
    history: Vec<VersionRow>,
    /// The query box with a first query on this dataset.
    query: String,
}

pub(super) async fn one(
    State(state): State<ApiState>,
    visit: Visit,
    Path(name): Path<String>,
) -> Response {
    let page = read_one(&state, &visit, &name).await;
    visit.answer(page)
}

async fn read_one(state: &ApiState, visit: &Visit, name: &str) -> Result<Response> {
    let shell = visit.shell(state).await?;
    let name: DatasetName = name.parse().map_err(|error: project::NameError| {
        ServiceError::new(ErrorKind::NotFound, error.to_string())
            .hint("`/datasets` lists the datasets.")
    })?;
    let detail = state.service.dataset(&visit.call, &name).await?;
    written(StatusCode::OK, &page(shell, detail, &visit.formats()?))
}

fn page(shell: Shell, detail: DatasetDetail, formats: &Formats) -> Page {
    let language = formats.language();
    let facts = detail
        .summary
        .table
        .is_some()
        .then(|| row(&detail.summary, formats));
    let files = detail
        .summary
        .table
        .as_ref()
        .map(|table| formats.integer(table.files));
    let contract = detail.summary.contract;
    let name = contract.dataset.to_string();
    let first = format!("select *\nfrom {name}\nlimit 50");
    let classification = match contract.classification {
        Classification::Public => "classification-public",
        Classification::Internal => "classification-internal",
        Classification::Restricted => "classification-restricted",
    };
    Page {
        title: language.of(&contract.title).to_owned(),
        purpose: language.of(&contract.purpose).to_owned(),
        classification: shell.say(classification),
        facts,
        files: files.unwrap_or_default(),
        columns: columns(&contract, formats),
        rules: rules(&contract, formats),
        upstream: detail.upstream,
        downstream: detail.downstream,
        sql: detail.sql,
        history: detail
            .history
            .into_iter()
            .map(|v| version(v, formats))
            .collect(),
        query: address("/query", &[("sql", &first)]),
        shell,
        name,
        contract,
    }
}

fn columns(contract: &Contract, formats: &Formats) -> Vec<ColumnRow> {
    let row = |column: &project::Column| ColumnRow {
        name: column.name.clone(),
        label: formats.language().of(&column.label).to_owned(),
        column_type: column.column_type.to_string(),
        key: contract.key.contains(&column.name),
        required: column.required,
        about: column.description.clone(),
    };
    contract.columns.iter().map(row).collect()
}

fn rules(contract: &Contract, formats: &Formats) -> Vec<RuleRow> {
    let row = |rule: &project::Rule| RuleRow {
        name: rule.name.clone(),
        column: rule.column.clone().unwrap_or_else(|| NOTHING.to_owned()),
        error: rule.severity == Severity::Error,
        message: formats.language().of(&rule.message).to_owned(),
    };
    contract.rules.iter().map(row).collect()
}

fn version(version: TableVersion, formats: &Formats) -> VersionRow {
    VersionRow {
        version: version.version.to_string(),
        committed_at: formats.date_time(version.committed_at),
        operation: version.operation,
        info: version.info,
    }
}
