//! Checking a project against itself: contracts, SQL, code lists, reports, lineage; offline.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::datasource::empty::EmptyTable;
use engine::{
    Engine, EngineError, EngineSettings, Param, QueryLimits, RowRules, Session, Statement, Subject,
    TableRules,
};
use lineage::{ColumnRef, Edge, Graph};
use project::{
    Contract, DatasetName, LANGUAGE, Layer, ParameterType, Problem, Project, ReportDefinition,
    Sources, Transformation, Write,
};

use crate::{catalogue, runs, system};

/// A project that was read and checked.
pub struct Checked {
    /// The project, as far as it could be read.
    pub project: Project,
    /// Every problem, by place.
    pub problems: Vec<Problem>,
    /// What the lineage files must say, by path; complete only if no transformation has a problem.
    pub lineage: BTreeMap<String, String>,
}

/// Reads a project and checks everything that can be known without a lake.
pub async fn check(sources: &Sources) -> Checked {
    let (project, mut problems) = Project::read(sources);
    let mut lineage = BTreeMap::new();
    match session(&project) {
        Ok(session) => {
            let mut edges = Vec::new();
            for transformation in project.transformations.values() {
                match transformed(&session, &project, transformation).await {
                    Ok(found) => edges.extend(found),
                    Err(error) => problems.push(problem(&transformation.path, &error)),
                }
            }
            for report in project.reports.values() {
                check_report(&session, report, &mut problems).await;
            }
            check_rules(&project, &mut problems).await;
            lineage = files(&project, edges, &mut problems);
        }
        Err(error) => problems.push(problem("warehouse", &error)),
    }
    stale(&project, &lineage, &mut problems);
    problems.sort();
    problems.dedup();
    Checked {
        project,
        problems,
        lineage,
    }
}

const LIMITS: QueryLimits = QueryLimits {
    memory_bytes: 64 << 20,
    memory_name: "query.memory_bytes",
    spill_bytes: 0,
    wait_ms: 10_000,
    rows: 1_000_000,
    bytes: 64 << 20,
};

fn engine() -> Engine {
    Engine::new(EngineSettings {
        partitions: 1,
        batch_rows: 1024,
        spill_folder: std::path::PathBuf::new(),
        memory_bytes: 64 << 20,
        spill_bytes: 0,
    })
}

fn empty(contract: &Contract) -> Arc<dyn TableProvider> {
    Arc::new(EmptyTable::new(Arc::new(contract.table_schema())))
}

/// The contract of a dataset, our own books included.
fn contract<'p>(project: &'p Project, dataset: &DatasetName) -> Option<&'p Contract> {
    let own = || system::contracts().get(dataset);
    project.contracts.get(dataset).or_else(own)
}

/// A session over empty tables of every contract.
fn session(project: &Project) -> engine::Result<Session> {
    let own = system::contracts().values();
    let contracts = project.contracts.values().chain(own);
    let tables = contracts.map(|contract| (contract.dataset.clone(), empty(contract)));
    engine().session(tables.collect(), LIMITS)
}

fn known(what: &str, read: &BTreeSet<DatasetName>, project: &Project) -> engine::Result<()> {
    let missing = read.iter().find(|d| contract(project, d).is_none());
    match missing {
        None => Ok(()),
        Some(dataset) => Err(EngineError::Invalid {
            message: format!("{what} reads `{dataset}`, and there is no such dataset"),
            hint: format!(
                "Write its contract at `warehouse/{}.odcs.yaml`.",
                dataset.path()
            ),
        }),
    }
}

async fn transformed(
    session: &Session,
    project: &Project,
    transformation: &Transformation,
) -> engine::Result<Vec<Edge>> {
    let statement = Statement::parse(&transformation.sql)?;
    known("the SQL", statement.inputs(), project)?;
    let planned = session
        .plan(&statement, &run_params(&transformation.sql, 0))
        .await?;
    session.analysed(&planned)?;
    let edges = engine::lineage::edges(&transformation.dataset, &planned)?;
    if let Some(contract) = project.contracts.get(&transformation.dataset) {
        session.under_contract(planned, contract)?;
        windows(contract, transformation)?;
    }
    Ok(edges)
}

/// Refuses windows that the target does not have.
fn windows(contract: &Contract, transformation: &Transformation) -> engine::Result<()> {
    let invalid = |message: String, hint: &str| {
        Err(EngineError::Invalid {
            message,
            hint: hint.to_owned(),
        })
    };
    let named = transformation.write.windows();
    if named.is_empty() {
        return Ok(());
    }
    let has = |name: &&String| contract.columns.iter().any(|column| column.name == **name);
    if let Some(unknown) = named.iter().find(|name| !has(name)) {
        return invalid(
            format!("`write` names the column `{unknown}`, and the contract has none of that name"),
            "Name columns of the answer.",
        );
    }
    let keys: BTreeSet<&String> = contract.key.iter().collect();
    if let Write::Merge(columns) = &transformation.write
        && keys != columns.iter().collect()
    {
        return invalid(
            format!(
                "`merge on` names `{}`, and that is not the contract's key",
                columns.join("`, `")
            ),
            "Name the columns of the primary key, or say `replace window`.",
        );
    }
    Ok(())
}

/// The parameters of a transformation: `$run_at`, if it is used.
pub(crate) fn run_params(sql: &str, run_at_micros: i64) -> BTreeMap<String, Param> {
    if sql.contains("$run_at") {
        BTreeMap::from([("run_at".to_owned(), Param::Instant(run_at_micros))])
    } else {
        BTreeMap::new()
    }
}

async fn check_report(session: &Session, report: &ReportDefinition, problems: &mut Vec<Problem>) {
    for (name, sql) in &report.queries {
        let params = sample_params(report, sql);
        let planned = match Statement::parse(sql) {
            Ok(statement) => session.plan(&statement, &params).await,
            Err(error) => Err(error),
        };
        let place = format!("{}: query `{name}`", report.path);
        match planned {
            Err(error) => problems.push(problem(&place, &error)),
            Ok(planned) => {
                for column in report.columns_of(name) {
                    if planned.schema().field_with_name(column).is_err() {
                        problems.push(Problem::at(
                            &place,
                            0,
                            0,
                            format!(
                                "the layout shows column `{column}`, and the query answers none"
                            ),
                        ));
                    }
                }
            }
        }
    }
}

/// The columns that each report reads, by the report's name.
pub(crate) async fn report_columns(
    project: &Project,
) -> engine::Result<BTreeMap<String, BTreeSet<ColumnRef>>> {
    let session = session(project)?;
    let mut columns: BTreeMap<String, BTreeSet<ColumnRef>> = BTreeMap::new();
    for report in project.reports.values() {
        let read = columns.entry(report.name.clone()).or_default();
        for sql in report.queries.values() {
            let statement = Statement::parse(sql)?;
            let planned = session
                .plan(&statement, &sample_params(report, sql))
                .await?;
            session.analysed(&planned)?;
            // Whatever the answer is called, what it reads is the same.
            let Some(target) = statement.inputs().first() else {
                continue;
            };
            let edges = engine::lineage::edges(target, &planned)?;
            read.extend(edges.into_iter().map(|edge| edge.source));
        }
    }
    Ok(columns)
}

/// A value of each parameter that the query uses, to plan it with.
fn sample_params(report: &ReportDefinition, sql: &str) -> BTreeMap<String, Param> {
    let used = report.parameters.iter().filter(|p| uses(sql, &p.name));
    used.map(|p| {
        let value = match p.parameter_type {
            ParameterType::String | ParameterType::Period => Param::Text("2026-09".to_owned()),
            ParameterType::Integer => Param::Integer(1),
            ParameterType::Date => Param::Text("2026-09-14".to_owned()),
        };
        (p.name.clone(), value)
    })
    .chain(language_param(sql, "vi"))
    .collect()
}

/// The language of the rendition, for a query that uses it.
pub(crate) fn language_param(sql: &str, language: &str) -> Option<(String, Param)> {
    uses(sql, LANGUAGE).then(|| (LANGUAGE.to_owned(), Param::Text(language.to_owned())))
}

/// Whether the SQL uses `$name`.
pub(crate) fn uses(sql: &str, name: &str) -> bool {
    let mark = format!("${name}");
    sql.match_indices(&mark).any(|(at, _)| {
        let after = sql[at + mark.len()..].chars().next();
        !after.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// Plans every rule of every contract.
async fn check_rules(project: &Project, problems: &mut Vec<Problem>) {
    let row_rules = RowRules::new(ingest::looks_personal);
    let Some(period) = project.calendar.periods().next() else {
        return;
    };
    for contract in project.contracts.values() {
        let found = row_rules.compile(contract, period, &|list| project.code_lists.get(list));
        let found = match found {
            Ok(_) => table_rules(project, contract).await,
            Err(error) => Err(error),
        };
        if let Err(error) = found {
            problems.push(problem(&contract.path, &error));
        }
    }
}

/// Plans the rules of a dataset that a run computes over empty tables.
async fn table_rules(project: &Project, contract: &Contract) -> engine::Result<()> {
    if !matches!(contract.dataset.layer(), Layer::Refined | Layer::Served) {
        return Ok(());
    }
    let read = engine::reads(contract)?;
    known("a rule", &read, project)?;
    let others = read.into_iter().filter_map(|dataset| {
        let table = self::contract(project, &dataset).map(empty)?;
        Some((dataset, table))
    });
    let subject = Subject {
        contract,
        table: empty(contract),
        others: others.collect(),
        code_list: &|list| project.code_lists.get(list),
        calendar: &project.calendar,
        begun_at_micros: 0,
    };
    let rules = TableRules::new(&engine(), LIMITS, subject).await?;
    rules.plan().await
}

/// What the lineage files must say; a cycle is a problem of the SQL that closes it.
fn files(
    project: &Project,
    edges: Vec<Edge>,
    problems: &mut Vec<Problem>,
) -> BTreeMap<String, String> {
    let graph = Graph::new(edges).including(project.contracts.keys().cloned());
    if let Err(cycle) = graph.order() {
        problems.push(Problem::at("sql", 0, 0, cycle.to_string()));
    } else if problems.is_empty()
        && let Err(error) = runs::order(project)
    {
        // A dataset can wait for another for the sake of a rule, too.
        problems.push(Problem::at("warehouse", 0, 0, error.message));
    }
    let mut files: BTreeMap<String, String> = project
        .transformations
        .keys()
        .map(|dataset| {
            (
                format!("lineage/{}.txt", dataset.path()),
                graph.text(dataset),
            )
        })
        .collect();
    files.insert(DRAWING.to_owned(), readme(&graph));
    files
}

/// Where the graph is drawn.
const DRAWING: &str = "lineage/README.md";
const README: &str = include_str!("../lineage_readme.md");

fn readme(graph: &Graph) -> String {
    README.replace("{graph}", graph.mermaid().trim_end())
}

/// The drawing of the whole graph is judged when every part of it is known.
fn stale(project: &Project, lineage: &BTreeMap<String, String>, problems: &mut Vec<Problem>) {
    let whole = problems.is_empty();
    let paths: BTreeSet<&String> = project
        .lineage
        .keys()
        .chain(lineage.keys())
        .filter(|p| whole || p.ends_with(".txt"))
        .collect();
    for path in paths {
        let message = match (project.lineage.get(path), lineage.get(path)) {
            (Some(there), Some(wanted)) if there == wanted => continue,
            // There is nothing to draw.
            (None, _) if path == DRAWING && project.transformations.is_empty() => continue,
            (Some(_), Some(_)) => "the lineage is stale; run `dtm lineage --bless`",
            (None, _) => "the lineage is missing; run `dtm lineage --bless`",
            (Some(_), None) => "no transformation has this lineage; run `dtm lineage --bless`",
        };
        problems.push(Problem::at(path, 0, 0, message));
    }
    if let Err(error) = catalogue::graph(project) {
        problems.push(Problem::at("lineage", 0, 0, error.message));
    }
}

fn problem(file: &str, error: &EngineError) -> Problem {
    let (line, column) = place(&error.to_string());
    let message = match error {
        EngineError::Invalid { message, hint } => format!("{message}. {hint}"),
        other => other.to_string(),
    };
    Problem::at(file, line, column, message)
}

/// The line and column that the parser names in its message, `Line: 3, Column: 7`.
fn place(message: &str) -> (usize, usize) {
    let number = |mark: &str| {
        let rest = message.split(mark).nth(1)?;
        let digits: String = rest
            .trim_start()
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        digits.parse::<usize>().ok()
    };
    match (number("Line:"), number("Column:")) {
        (Some(line), Some(column)) => (line, column),
        _ => (0, 0),
    }
}
