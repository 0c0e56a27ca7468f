//! A dataset: its contract, columns, rules, table, lineage and history.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use project::{Check, Classification, Contract, DatasetName, Severity};
use render::format::{Formats, NOTHING};
use service::{
    Action, DatasetDetail, ErrorKind, PartitionState, Result, ServiceError, TableVersion,
};

use super::datasets::{Row, row};
use super::shell::Shell;
use super::visit::{Visit, Words, address, written};
use crate::ApiState;

/// Partitions and versions that the page shows; the API answers more.
const PARTITIONS: usize = 100;
const VERSIONS: usize = 20;

struct ColumnRow {
    name: String,
    label: String,
    column_type: String,
    /// The code list that its values are of.
    codes: Option<DatasetName>,
    key: bool,
    required: bool,
    about: Words,
}

struct RuleRow {
    name: String,
    column: String,
    error: bool,
    message: String,
}

struct PartitionRow {
    values: Vec<String>,
    rows: String,
    files: String,
    size: String,
}

struct VersionRow {
    version: String,
    committed_at: String,
    operation: String,
    rows: String,
    info: String,
}

#[derive(Template)]
#[template(path = "dataset.html")]
struct Page {
    shell: Shell,
    name: String,
    title: String,
    purpose: String,
    limitations: Option<Words>,
    contract: Contract,
    classification: String,
    facts: Option<Row>,
    files: String,
    quarantined: Option<String>,
    columns: Vec<ColumnRow>,
    rules: Vec<RuleRow>,
    upstream: Vec<DatasetName>,
    downstream: Vec<DatasetName>,
    sql: Option<String>,
    partitions: Vec<PartitionRow>,
    partitions_total: usize,
    history: Vec<VersionRow>,
    /// The query box with a first query on this dataset.
    query: String,
}

impl Page {
    fn offers_query(&self) -> bool {
        self.shell.offers(Action::Query)
    }

    fn offers_submissions(&self) -> bool {
        self.shell.offers(Action::ReadSubmission)
    }
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
    let name: DatasetName = name.parse().map_err(|error: project::NameError| {
        ServiceError::new(ErrorKind::NotFound, error.to_string())
            .hint("`/datasets` lists the datasets.")
    })?;
    let detail = state.service.dataset(&visit.call, &name).await?;
    written(StatusCode::OK, &filled(shell, visit, detail)?)
}

fn filled(shell: Shell, visit: &Visit, detail: DatasetDetail) -> Result<Page> {
    let formats = visit.formats()?;
    let table = detail.summary.table.as_ref();
    let files = table.map(|table| formats.integer(table.files));
    let facts = table.map(|_| row(&detail.summary, &formats));
    let contract = detail.summary.contract;
    let name = contract.dataset.to_string();
    let first = format!("select *\nfrom {name}\nlimit 50");
    let classification = match contract.classification {
        Classification::Public => "classification-public",
        Classification::Internal => "classification-internal",
        Classification::Restricted => "classification-restricted",
    };
    let limitations = visit.words(&contract.limitations_vi, &contract.limitations);
    let versions = detail.history.into_iter().take(VERSIONS);
    let partitions = detail.partitions.iter().take(PARTITIONS);
    Ok(Page {
        title: visit.language.of(&contract.title).to_owned(),
        purpose: visit.language.of(&contract.purpose).to_owned(),
        limitations: (!limitations.text.is_empty()).then_some(limitations),
        classification: shell.say(classification),
        facts,
        files: files.unwrap_or_default(),
        quarantined: detail.quarantined.map(|rows| formats.integer(rows)),
        columns: columns(&contract, visit),
        rules: rules(&contract, &formats),
        upstream: detail.upstream,
        downstream: detail.downstream,
        sql: detail.sql,
        partitions_total: detail.partitions.len(),
        partitions: partitions.map(|p| partition(p, &formats)).collect(),
        history: versions.map(|v| version(v, &formats)).collect(),
        query: address("/query", &[("sql", &first)]),
        shell,
        name,
        contract,
    })
}

fn columns(contract: &Contract, visit: &Visit) -> Vec<ColumnRow> {
    let row = |column: &project::Column| ColumnRow {
        name: column.name.clone(),
        label: visit.language.of(&column.label).to_owned(),
        column_type: column.column_type.to_string(),
        codes: codes(contract, &column.name),
        key: contract.key.contains(&column.name),
        required: column.required,
        about: visit.words(&column.description_vi, &column.description),
    };
    contract.columns.iter().map(row).collect()
}

/// The code list that a rule holds the column to.
fn codes(contract: &Contract, column: &str) -> Option<DatasetName> {
    let of_column = |rule: &&project::Rule| rule.column.as_deref() == Some(column);
    let mut rules = contract.rules.iter().filter(of_column);
    rules.find_map(|rule| match &rule.check {
        Check::CodeList(list) => format!("codes.{list}").parse().ok(),
        _ => None,
    })
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

fn partition(partition: &PartitionState, formats: &Formats) -> PartitionRow {
    let value =
        |(_, value): &(String, Option<String>)| value.clone().unwrap_or_else(|| NOTHING.to_owned());
    PartitionRow {
        values: partition.values.iter().map(value).collect(),
        rows: formats.integer(partition.rows),
        files: formats.integer(partition.files),
        size: formats.size(partition.size_bytes),
    }
}

fn version(version: TableVersion, formats: &Formats) -> VersionRow {
    let rows = version.rows.map(|rows| formats.integer(rows));
    VersionRow {
        version: version.version.to_string(),
        committed_at: formats.date_time(version.committed_at),
        operation: version.operation,
        rows: rows.unwrap_or_else(|| NOTHING.to_owned()),
        info: version.info,
    }
}
