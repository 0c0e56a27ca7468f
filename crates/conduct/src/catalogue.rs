//! The catalogue: contracts beside tables, history, lineage.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use futures::{StreamExt, TryStreamExt, stream};
use lineage::Graph;
use project::{Contract, DatasetName, Layer, Project, Text};
use render::ListedCode;
use service::{
    Action, Call, DataFileState, DatasetDetail, DatasetSummary, Direction, ErrorKind,
    LineageAnswer, LineageRequest, Page, PartitionState, Result, ServiceError, TableState,
    TableVersion,
};

use crate::handles::Handles;
use crate::perform::{About, Gate};
use crate::{failure, submit, system};

/// The versions that are shown with a dataset.
const NEWEST: Page = Page {
    offset: 0,
    limit: 100,
};
/// Versions in a page at the most.
const PAGE: u64 = 1000;
/// Partitions of a dataset's table at the most.
const PARTITIONS: usize = 1000;
/// Files of a dataset's table at the most.
const FILES: usize = 50;

/// Tables that are looked at at once when all are listed.
const TABLES_AT_ONCE: usize = 16;

/// Every dataset, by name.
pub(crate) async fn datasets(gate: &Gate, call: &Call) -> Result<Vec<DatasetSummary>> {
    let about = About::named("datasets");
    let act = Action::ReadCatalogue;
    gate.perform(call, act, about, |handles, _| async move {
        summaries(&handles).await
    })
    .await
}

/// One dataset with what surrounds it.
pub(crate) async fn dataset(
    gate: &Gate,
    call: &Call,
    dataset: &DatasetName,
) -> Result<DatasetDetail> {
    let (about, name) = (About::dataset(dataset), dataset.clone());
    let act = Action::ReadCatalogue;
    gate.perform(call, act, about, |handles, _| async move {
        detail(&handles, &name).await
    })
    .await
}

/// The versions of a dataset's table, newest first.
pub(crate) async fn history(
    gate: &Gate,
    call: &Call,
    dataset: &DatasetName,
    page: Page,
) -> Result<Vec<TableVersion>> {
    let (about, name) = (About::dataset(dataset), dataset.clone());
    let act = Action::ReadCatalogue;
    gate.perform(call, act, about, |handles, _| async move {
        versions(&handles, &name, page).await
    })
    .await
}

async fn summaries(handles: &Handles) -> Result<Vec<DatasetSummary>> {
    let project = handles.project();
    let mut all: BTreeMap<&DatasetName, &Contract> = project.contracts.iter().collect();
    all.extend(system::contracts());
    let all: Vec<Contract> = all.into_values().cloned().collect();
    // Each asks the store whether its table moved on.
    let each = stream::iter(all).map(async |contract| summary(handles, &contract).await);
    each.buffered(TABLES_AT_ONCE).try_collect().await
}

async fn detail(handles: &Handles, dataset: &DatasetName) -> Result<DatasetDetail> {
    let contract = handles.contract(dataset)?;
    let project = handles.project();
    let graph = handles.project.graph();
    let summary = summary(handles, &contract).await?;
    let (history, held) = if summary.table.is_some() {
        let history = versions(handles, dataset, NEWEST).await?;
        (history, held(handles, &contract).await?)
    } else {
        (vec![], (vec![], vec![]))
    };
    let (partitions, data_files) = held;
    let receives = dataset.layer() == Layer::Raw && summary.table.is_some();
    let quarantined = if receives {
        Some(submit::quarantined(handles, dataset).await?)
    } else {
        None
    };
    Ok(DatasetDetail {
        summary,
        sql: project.transformations.get(dataset).map(|t| t.sql.clone()),
        upstream: graph.upstream(dataset),
        downstream: graph.downstream(dataset),
        history,
        partitions,
        data_files,
        quarantined,
    })
}

async fn summary(handles: &Handles, contract: &Contract) -> Result<DatasetSummary> {
    let table = match handles.lake.table(&contract.dataset).await {
        Ok(table) => table,
        Err(lake::LakeError::NotFound { .. }) => {
            return Ok(DatasetSummary {
                contract: contract.clone(),
                table: None,
            });
        }
        Err(error) => return Err(failure::lake(error)),
    };
    let files = table.files().map_err(failure::lake)?;
    let newest = table.history(1).await.map_err(failure::lake)?;
    let state = TableState {
        version: table.version(),
        rows: files.rows,
        files: files.count,
        size_bytes: files.bytes,
        committed_at: newest.first().map(|commit| commit.committed_at),
    };
    Ok(DatasetSummary {
        contract: contract.clone(),
        table: Some(state),
    })
}

/// What the dataset's table holds: its partitions and its largest files.
async fn held(
    handles: &Handles,
    contract: &Contract,
) -> Result<(Vec<PartitionState>, Vec<DataFileState>)> {
    let snapshot = handles.table(&contract.dataset).await?.snapshot();
    let file = |file: lake::TableFile| DataFileState {
        path: file.path,
        values: file.values,
        rows: file.rows,
        size_bytes: file.bytes,
    };
    let largest = snapshot.file_list(FILES).map_err(failure::lake)?;
    let files = largest.into_iter().map(file).collect();
    if contract.partition_by.is_empty() {
        return Ok((vec![], files));
    }
    let partitions = snapshot.files().map_err(failure::lake)?.partitions;
    let partitions = partitions.into_iter().take(PARTITIONS);
    let state = |partition: lake::PartitionFiles| PartitionState {
        values: partition.values,
        rows: partition.rows,
        files: partition.count,
        size_bytes: partition.bytes,
    };
    Ok((partitions.map(state).collect(), files))
}

async fn versions(
    handles: &Handles,
    dataset: &DatasetName,
    page: Page,
) -> Result<Vec<TableVersion>> {
    let limit = usize::try_from(page.limit.min(PAGE)).unwrap_or(usize::MAX);
    let commits = handles
        .table(dataset)
        .await?
        .history_after(page.offset, limit)
        .await
        .map_err(failure::lake)?;
    let versions = commits.into_iter().map(|commit| TableVersion {
        version: commit.version,
        committed_at: commit.committed_at,
        operation: commit.operation,
        rows: commit.rows,
        info: serde_json::Value::Object(commit.info).to_string(),
    });
    Ok(versions.collect())
}

/// The form of a dataset that takes submissions.
pub(crate) async fn template(gate: &Gate, call: &Call, dataset: &DatasetName) -> Result<Vec<u8>> {
    let about = About::dataset(dataset);
    let name = dataset.clone();
    gate.perform(
        call,
        Action::ReadCatalogue,
        about,
        |handles, _| async move {
            let contract = handles.contract(&name)?;
            if name.layer() != Layer::Raw {
                let message = format!("dataset `{name}` takes no submissions, so it has no form");
                return Err(ServiceError::new(ErrorKind::NotFound, message)
                    .hint("Datasets of layer `raw` have one."));
            }
            let (project, today) = (handles.project(), handles.now().date_naive());
            let lists = |list: &str| listed(&project, list, today);
            render::template(&contract, &lists).map_err(|error| {
                let message = format!("cannot make the form of dataset `{name}`");
                ServiceError::new(ErrorKind::Internal, message).caused_by(error)
            })
        },
    )
    .await
}

/// The codes of a list that are valid on a day, with their names.
fn listed(project: &Project, list: &str, on: NaiveDate) -> Option<Vec<ListedCode>> {
    let found = project.code_lists.get(list)?;
    let dataset: DatasetName = format!("codes.{list}").parse().ok()?;
    let columns = &project.contracts.get(&dataset)?.columns;
    let named = columns.iter().position(|column| column.name == "name_vi");
    let codes = found.codes.iter().zip(&found.rows);
    let valid = codes.filter(|(code, _)| code.overlaps(on, on));
    let listed = valid.map(|(code, row)| ListedCode {
        code: code.code.clone(),
        name: named
            .and_then(|at| row.get(at).cloned().flatten())
            .unwrap_or_default(),
    });
    Some(listed.collect())
}

/// The part of the committed graph that was asked for.
pub(crate) async fn lineage(
    gate: &Gate,
    call: &Call,
    request: LineageRequest,
) -> Result<LineageAnswer> {
    let about = match &request.dataset {
        Some(dataset) => About::dataset(dataset),
        None => About::named("lineage"),
    };
    let act = Action::ReadCatalogue;
    gate.perform(call, act, about, |handles, _| async move {
        part(&handles, &request)
    })
    .await
}

fn part(handles: &Handles, request: &LineageRequest) -> Result<LineageAnswer> {
    let project = handles.project();
    let graph = handles.project.graph();
    let Some(dataset) = &request.dataset else {
        let graph = (*graph).clone();
        let titles = titles(&project, graph.datasets());
        return Ok(LineageAnswer { graph, titles });
    };
    let contract = handles.contract(dataset)?;
    if let Some(column) = request.column.as_deref()
        && contract.table_schema().field_with_name(column).is_err()
    {
        let names: Vec<&str> = contract.columns.iter().map(|c| c.name.as_str()).collect();
        return Err(ServiceError::new(
            ErrorKind::NotFound,
            format!("dataset `{dataset}` has no column `{column}`"),
        )
        .hint(format!("Its columns are `{}`.", names.join("`, `"))));
    }
    let column = request.column.as_deref();
    let graph = match request.direction {
        Direction::Up => graph.up(dataset, column),
        Direction::Down => graph.down(dataset, column),
    };
    let titles = titles(&project, graph.datasets().chain([dataset]));
    Ok(LineageAnswer { graph, titles })
}

/// The titles of the datasets that have a contract, our own books included.
fn titles<'d>(
    project: &Project,
    datasets: impl Iterator<Item = &'d DatasetName>,
) -> BTreeMap<DatasetName, Text> {
    let title = |dataset: &DatasetName| {
        let own = || system::contracts().get(dataset);
        let contract = project.contracts.get(dataset).or_else(own)?;
        Some((dataset.clone(), contract.title.clone()))
    };
    datasets.filter_map(title).collect()
}

/// The graph as the project's lineage files state it.
pub(crate) fn graph(project: &Project) -> Result<Graph> {
    let mut edges = Vec::new();
    for (path, text) in &project.lineage {
        let Some(dataset) = dataset_of(path) else {
            continue;
        };
        let found = lineage::parse(&dataset, text).map_err(|error| {
            ServiceError::new(
                ErrorKind::Corrupt,
                format!("{path}:{}: {}", error.line, error.message),
            )
            .hint("Run `dtm lineage --bless`.")
        })?;
        edges.extend(found);
    }
    Ok(Graph::new(edges).including(project.contracts.keys().cloned()))
}

/// The consumer whose edges the file holds.
fn dataset_of(path: &str) -> Option<DatasetName> {
    let name = path.strip_prefix("lineage/")?.strip_suffix(".txt")?;
    name.replacen('/', ".", 1).parse().ok()
}
