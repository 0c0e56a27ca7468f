//! The lineage pages: a picture of tables, opening to columns, each with its list beside it.

mod columns;
mod layout;
mod picture;
mod search;
mod tables;

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use lineage::Graph;
use project::{DatasetName, Text};
use render::format::Formats;
use service::{Direction, ErrorKind, LineageAnswer, LineageRequest, Result, ServiceError};

use super::shell::Shell;
use super::visit::{Visit, Words, address, written};
use crate::ApiState;
use columns::Edges;
use picture::Picture;
use search::Search;

/// The steps that a picture goes up and down, to choose from.
const DEPTHS: [u32; 4] = [1, 2, 3, 9];

#[derive(Template)]
#[template(path = "lineage.html")]
struct AllPage {
    shell: Shell,
    /// What was found, if something was looked for.
    search: Option<Search>,
    /// None if there are more tables than are drawn.
    picture: Option<Picture>,
    lines: Vec<tables::Line>,
}

#[derive(Template)]
#[template(path = "lineage_tables.html")]
struct TablesPage {
    shell: Shell,
    name: String,
    title: String,
    depth: u32,
    depths: [u32; 4],
    /// Whether everything within the depth is drawn.
    whole: bool,
    picture: Picture,
    lines: Vec<tables::Line>,
}

#[derive(Template)]
#[template(path = "lineage_columns.html")]
struct ColumnsPage {
    shell: Shell,
    name: String,
    /// The column, if the page is about one.
    column: Option<String>,
    title: String,
    about: Option<Words>,
    /// Whether what only decides about rows is drawn too, and the page where that is otherwise.
    all: bool,
    all_switch: String,
    whole: bool,
    picture: Picture,
    made_of: Vec<columns::Line>,
    makes: Vec<columns::Line>,
}

pub(super) async fn all(State(state): State<ApiState>, visit: Visit) -> Response {
    let page = read_all(&state, &visit).await;
    visit.answer(page)
}

async fn read_all(state: &ApiState, visit: &Visit) -> Result<Response> {
    let shell = visit.shell(state).await?;
    let asked = visit.param("q").map(str::trim).filter(|q| !q.is_empty());
    if let Some(text) = asked {
        let datasets = state.service.datasets(&visit.call).await?;
        let page = AllPage {
            shell,
            search: Some(Search::among(&datasets, text, visit.language)),
            picture: None,
            lines: Vec::new(),
        };
        return written(StatusCode::OK, &page);
    }
    let request = LineageRequest {
        dataset: None,
        column: None,
        direction: Direction::Up,
    };
    let answer = state.service.lineage(&visit.call, request).await?;
    let (graph, titles) = (answer.graph, titles(answer.titles, visit));
    let shown: BTreeSet<DatasetName> = graph.datasets().cloned().collect();
    let picture = (shown.len() <= tables::DRAWN)
        .then(|| tables::picture(&graph, &shown, None, &titles, &shell));
    let lines = tables::lines(&graph, &shown, &titles);
    written(
        StatusCode::OK,
        &AllPage {
            shell,
            search: None,
            picture,
            lines,
        },
    )
}

/// The titles in the language of the page.
fn titles(titles: BTreeMap<DatasetName, Text>, visit: &Visit) -> BTreeMap<DatasetName, String> {
    let title = |(dataset, title): (DatasetName, Text)| {
        let title = visit.language.of(&title).to_owned();
        (dataset, title)
    };
    titles.into_iter().map(title).collect()
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
    let (dataset, column) = subject(name)?;
    let answer = both_ways(state, visit, &dataset, column.as_deref()).await?;
    let graph = answer.graph;
    if column.is_some() || visit.param("columns").is_some() {
        let page = columns_page(state, visit, shell, (&dataset, column), &graph).await?;
        return written(StatusCode::OK, &page);
    }
    let asked = visit.param("depth").and_then(|depth| depth.parse().ok());
    let depth = asked
        .filter(|depth| DEPTHS.contains(depth))
        .unwrap_or(DEPTHS[0]);
    let titles = titles(answer.titles, visit);
    let (shown, whole) = tables::around(&graph, &dataset, depth);
    let page = TablesPage {
        name: dataset.to_string(),
        title: titles.get(&dataset).cloned().unwrap_or_default(),
        depth,
        depths: DEPTHS,
        whole,
        picture: tables::picture(&graph, &shown, Some(&dataset), &titles, &shell),
        lines: tables::lines(&graph, &shown, &titles),
        shell,
    };
    written(StatusCode::OK, &page)
}

/// `layer.name` or `layer.name.column`.
fn subject(text: &str) -> Result<(DatasetName, Option<String>)> {
    let mut parts = text.splitn(3, '.');
    let dataset: Vec<&str> = parts.by_ref().take(2).collect();
    let dataset = dataset.join(".").parse();
    let dataset = dataset.map_err(|error: project::NameError| {
        ServiceError::new(ErrorKind::NotFound, error.to_string())
            .hint("`/lineage` shows every dataset.")
    })?;
    Ok((dataset, parts.next().map(ToOwned::to_owned)))
}

/// Everything above and below the dataset or column.
async fn both_ways(
    state: &ApiState,
    visit: &Visit,
    dataset: &DatasetName,
    column: Option<&str>,
) -> Result<LineageAnswer> {
    let (mut edges, mut titles) = (Vec::new(), BTreeMap::new());
    for direction in [Direction::Up, Direction::Down] {
        let request = LineageRequest {
            dataset: Some(dataset.clone()),
            column: column.map(ToOwned::to_owned),
            direction,
        };
        let answer = state.service.lineage(&visit.call, request).await?;
        edges.extend(answer.graph.edges().iter().cloned());
        titles.extend(answer.titles);
    }
    let graph = Graph::new(edges).including([dataset.clone()]);
    Ok(LineageAnswer { graph, titles })
}

async fn columns_page(
    state: &ApiState,
    visit: &Visit,
    shell: Shell,
    (dataset, column): (&DatasetName, Option<String>),
    graph: &Graph,
) -> Result<ColumnsPage> {
    let detail = state.service.dataset(&visit.call, dataset).await?;
    let contract = detail.summary.contract;
    let named = column.as_deref().and_then(|name| contract.column(name));
    let own = match &column {
        Some(column) => vec![column.clone()],
        None => contract.columns.iter().map(|c| c.name.clone()).collect(),
    };
    let edges = Edges::at(graph, dataset, column.as_deref());
    // Of one column there is room for everything.
    let all = column.is_some() || visit.param("all").is_some();
    let (picture, whole) = columns::picture(&edges, dataset, &own, all, &shell);
    let title = named.map_or(&contract.title, |column| &column.label);
    let about = named.map(|column| visit.words(&column.description_vi, &column.description));
    let switch: &[(&str, &str)] = if all {
        &[("columns", "1")]
    } else {
        &[("columns", "1"), ("all", "1")]
    };
    Ok(ColumnsPage {
        title: visit.language.of(title).to_owned(),
        about,
        all,
        all_switch: address(&visit.path, switch),
        whole,
        picture,
        made_of: sorted(edges.made_of(&shell), &visit.formats()?),
        makes: sorted(edges.makes(&shell), &visit.formats()?),
        name: dataset.to_string(),
        column,
        shell,
    })
}

/// What carries values first; then by column.
fn sorted(mut lines: Vec<columns::Line>, formats: &Formats) -> Vec<columns::Line> {
    lines.sort_by(|one, other| {
        let direct = other.direct.cmp(&one.direct);
        direct
            .then_with(|| formats.compare(&one.column, &other.column))
            .then_with(|| formats.compare(&one.other, &other.other))
    });
    lines
}
