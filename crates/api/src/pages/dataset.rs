//! A dataset: its contract, columns, rules, table, quarantine, lineage, files and history.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use project::{Check, Classification, Contract, DatasetName, DeadlineTerms, Layer};
use render::Language;
use render::format::{Formats, NOTHING};
use service::{
    Action, ColumnProfile, DataFileState, DatasetDetail, ErrorKind, PartitionState, Result,
    RuleOutcome, ServiceError,
};

use super::datasets::{Row, row};
use super::history::{VersionRow, version};
use super::profiles::{self, Profiles};
use super::quality::{self, LastRun};
use super::shell::Shell;
use super::visit::{Visit, Words, address, written};
use crate::ApiState;

/// Partitions and versions that the page shows; the API answers more.
const PARTITIONS: usize = 100;
const VERSIONS: usize = 20;

const QUARANTINE: &str = include_str!("../../sql/query_quarantine.sql");

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
    severity: &'static str,
    message: String,
}

struct PartitionRow {
    values: Vec<String>,
    rows: String,
    files: String,
    size: String,
}

struct FileRow {
    path: String,
    values: Vec<String>,
    rows: String,
    size: String,
}

/// When the data of a period is due.
struct Due {
    due: String,
    /// Empty if the period never locks.
    locks: String,
    legal_basis: String,
    verified: bool,
}

/// The rows that did not land.
struct Quarantined {
    rows: String,
    /// The query box with a query for them, if there are any and the role may query.
    query: Option<String>,
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
    deadline: Option<Due>,
    facts: Option<Row>,
    files: String,
    quarantined: Option<Quarantined>,
    columns: Vec<ColumnRow>,
    rules: Vec<RuleRow>,
    /// What the last run found of them.
    last_run: Option<LastRun>,
    /// What the newest run found in its columns.
    profiles: Option<Profiles>,
    upstream: Vec<DatasetName>,
    downstream: Vec<DatasetName>,
    sql: Option<String>,
    partitions: Vec<PartitionRow>,
    partitions_total: usize,
    data_files: Vec<FileRow>,
    /// How many files are not shown; none if all are.
    data_files_rest: Option<String>,
    history: Vec<VersionRow>,
    /// Whether there are more versions.
    history_more: bool,
    /// The query box with a first query on this dataset.
    query: String,
}

impl Page {
    fn offers_query(&self) -> bool {
        self.shell.offers(Action::Query)
    }

    /// Whoever may not query traces what is published, and nothing else.
    fn offers_trace(&self) -> bool {
        let is_public = self.contract.classification == Classification::Public;
        let is_published = is_public && self.contract.dataset.layer() == Layer::Served;
        (self.sql.is_some() || self.takes_submissions())
            && self.shell.offers(Action::Trace)
            && (is_published || self.offers_query())
    }

    fn takes_submissions(&self) -> bool {
        self.contract.dataset.layer() == Layer::Raw
    }

    fn offers_obligations(&self) -> bool {
        self.deadline.is_some() && self.shell.offers(Action::ReadObligations)
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
    let name = named(name)?;
    let detail = state.service.dataset(&visit.call, &name).await?;
    // A run judges what it computes, and nothing else.
    let found = if detail.sql.is_some() {
        let (rules, columns) = (quality::NEWEST, profiles::NEWEST);
        let outcomes = state.service.quality(&visit.call, &name, rules).await?;
        (
            outcomes,
            state.service.profiles(&visit.call, &name, columns).await?,
        )
    } else {
        (vec![], vec![])
    };
    written(StatusCode::OK, &filled(shell, visit, detail, found)?)
}

/// The dataset that the address names.
pub(super) fn named(name: &str) -> Result<DatasetName> {
    name.parse().map_err(|error: project::NameError| {
        ServiceError::new(ErrorKind::NotFound, error.to_string())
            .hint("`/datasets` lists the datasets.")
    })
}

fn filled(
    shell: Shell,
    visit: &Visit,
    detail: DatasetDetail,
    (outcomes, found): (Vec<RuleOutcome>, Vec<ColumnProfile>),
) -> Result<Page> {
    let formats = visit.formats()?;
    let table = detail.summary.table.as_ref();
    let files = table.map_or(0, |table| table.files);
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
    let rest = files.saturating_sub(detail.data_files.len() as u64);
    let history_more = detail.history.len() > VERSIONS;
    let versions = detail.history.into_iter().take(VERSIONS);
    let partitions = detail.partitions.iter().take(PARTITIONS);
    Ok(Page {
        title: visit.language.of(&contract.title).to_owned(),
        purpose: visit.language.of(&contract.purpose).to_owned(),
        limitations: (!limitations.text.is_empty()).then_some(limitations),
        classification: shell.say(classification),
        deadline: contract.deadline.as_ref().map(|terms| due(terms, &shell)),
        facts,
        files: formats.integer(files),
        quarantined: detail
            .quarantined
            .map(|rows| quarantined(rows, &name, &shell, &formats)),
        columns: columns(&contract, visit),
        rules: rules(&contract, &formats),
        last_run: quality::last_run(&contract.dataset, outcomes, &shell, &formats),
        profiles: profiles::newest(&contract, found, &shell, &formats),
        upstream: detail.upstream,
        downstream: detail.downstream,
        sql: detail.sql,
        partitions_total: detail.partitions.len(),
        partitions: partitions.map(|p| partition(p, &formats)).collect(),
        data_files: detail
            .data_files
            .iter()
            .map(|f| file(f, &formats))
            .collect(),
        data_files_rest: (rest > 0).then(|| formats.integer(rest)),
        history: versions.map(|v| version(v, &formats)).collect(),
        history_more,
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
        severity: quality::severity(rule.severity),
        message: formats.language().of(&rule.message).to_owned(),
    };
    contract.rules.iter().map(row).collect()
}

fn due(terms: &DeadlineTerms, shell: &Shell) -> Due {
    let lock = terms.rule.lock_after_days;
    let lock = lock.map(|days| shell.say_with("deadline-days", "days", days));
    Due {
        due: shell.say_with("deadline-days", "days", terms.rule.due_after_days),
        locks: lock.unwrap_or_default(),
        legal_basis: terms.legal_basis.clone(),
        verified: terms.verified,
    }
}

fn quarantined(rows: u64, dataset: &str, shell: &Shell, formats: &Formats) -> Quarantined {
    let message = match formats.language() {
        Language::Vi => "message_vi",
        Language::En => "message_en",
    };
    let sql = QUARANTINE.replace("{dataset}", dataset);
    let sql = sql.replace("{message}", message);
    let shown = rows > 0 && shell.offers(Action::Query);
    let query = shown.then(|| address("/query", &[("sql", sql.trim())]));
    Quarantined {
        rows: formats.integer(rows),
        query,
    }
}

fn partition(partition: &PartitionState, formats: &Formats) -> PartitionRow {
    PartitionRow {
        values: values(&partition.values),
        rows: formats.integer(partition.rows),
        files: formats.integer(partition.files),
        size: formats.size(partition.size_bytes),
    }
}

fn file(file: &DataFileState, formats: &Formats) -> FileRow {
    FileRow {
        path: file.path.clone(),
        values: values(&file.values),
        rows: formats.integer(file.rows),
        size: formats.size(file.size_bytes),
    }
}

fn values(values: &[(String, Option<String>)]) -> Vec<String> {
    let values = values.iter().map(|(_, value)| value.clone());
    values
        .map(|value| value.unwrap_or_else(|| NOTHING.to_owned()))
        .collect()
}
