//! Which submissions are behind figures of a dataset.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use project::{ColumnType, Contract, DatasetName};
use render::format::Formats;
use service::{Action, ErrorKind, Result, TraceAnswer, TraceRequest, TraceStop, TracedSubmission};

use super::ask::agencies;
use super::dataset::named;
use super::parts::excerpt;
use super::shell::Shell;
use super::visit::{Refusal, Visit, written};
use crate::ApiState;
use crate::dto::at_from_text;

/// Submissions that the page shows; the API answers all.
const SUBMISSIONS: usize = 100;

/// Characters of a hash that the page shows.
const HASH_CHARS: usize = 12;

/// A column that can be asked about.
struct Choice {
    name: String,
    /// Empty if the contract has no such column.
    label: String,
    chosen: bool,
}

struct Line {
    id: String,
    dataset: String,
    agency: String,
    /// Empty if it is not known.
    agency_name: String,
    period: String,
    role: String,
    rows: String,
    sha256: String,
    sha256_start: String,
}

struct Answer {
    /// Whether the condition chose no row.
    empty: bool,
    rows: String,
    run: Option<String>,
    submissions: String,
    verified: bool,
    exact: bool,
    stops: Vec<TraceStop>,
    lines: Vec<Line>,
    /// How many submissions are shown, if there are more.
    cut: Option<String>,
    versions: Vec<(String, i64)>,
}

#[derive(Template)]
#[template(path = "trace.html")]
struct Page {
    shell: Shell,
    name: String,
    condition: String,
    /// A condition on the key; empty if there is no key.
    example: String,
    choices: Vec<Choice>,
    at: String,
    answer: Option<Answer>,
    refusal: Option<Refusal>,
}

impl Page {
    fn offers_submissions(&self) -> bool {
        self.shell.offers(Action::ReadSubmission)
    }

    fn offers_runs(&self) -> bool {
        self.shell.offers(Action::ReadRuns)
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
    let mut page = form(shell, visit, &detail.summary.contract);
    if page.condition.is_empty() {
        return written(StatusCode::OK, &page);
    }
    let answer = traced(state, visit, &page.shell, name).await;
    let status = match answer {
        Ok(answer) => {
            page.answer = Some(answer);
            StatusCode::OK
        }
        Err(error) if error.kind == ErrorKind::Unauthenticated => return Err(error),
        Err(error) => {
            let (status, refusal) = visit.refusal(error);
            page.refusal = Some(refusal);
            status
        }
    };
    written(status, &page)
}

/// The form as it was sent, without an answer.
fn form(shell: Shell, visit: &Visit, contract: &Contract) -> Page {
    let given = |name: &str| visit.param(name).unwrap_or_default().to_owned();
    Page {
        shell,
        name: contract.dataset.to_string(),
        condition: given("where"),
        example: example(contract),
        choices: choices(contract, visit),
        at: given("at"),
        answer: None,
        refusal: None,
    }
}

fn example(contract: &Contract) -> String {
    let key = contract.key.iter();
    let columns = key.filter_map(|name| contract.column(name));
    let conditions = columns.map(|column| match column.column_type {
        ColumnType::String | ColumnType::Date | ColumnType::Timestamp => {
            format!("{} = '…'", column.name)
        }
        _ => format!("{} = …", column.name),
    });
    conditions.collect::<Vec<_>>().join(" and ")
}

/// The columns of the contract, and one that was asked for and is none of them.
fn choices(contract: &Contract, visit: &Visit) -> Vec<Choice> {
    let asked = visit.param("column");
    let known = contract.columns.iter().map(|column| Choice {
        name: column.name.clone(),
        label: visit.language.of(&column.label).to_owned(),
        chosen: asked == Some(column.name.as_str()),
    });
    let unknown = asked.filter(|name| contract.column(name).is_none());
    let unknown = unknown.map(|name| Choice {
        name: name.to_owned(),
        label: String::new(),
        chosen: true,
    });
    known.chain(unknown).collect()
}

async fn traced(
    state: &ApiState,
    visit: &Visit,
    shell: &Shell,
    dataset: DatasetName,
) -> Result<Answer> {
    let request = TraceRequest {
        dataset,
        condition: visit.param("where").unwrap_or_default().to_owned(),
        column: visit.param("column").map(str::to_owned),
        at: at_from_text(visit.param("at").unwrap_or_default())?,
    };
    let found = state.service.trace(&visit.call, request).await?;
    let names = agencies(state, visit).await?;
    let formats = visit.formats()?;
    let lines = found.submissions.iter().take(SUBMISSIONS).map(|of| {
        let agency_name = names.get(of.agency.as_str());
        line(of, agency_name, shell, &formats)
    });
    let lines: Vec<Line> = lines.collect();
    Ok(answer(found, lines, &formats))
}

fn answer(found: TraceAnswer, lines: Vec<Line>, formats: &Formats) -> Answer {
    let is_cut = lines.len() < found.submissions.len();
    let versions = found.versions.iter().map(|(d, v)| (d.to_string(), *v));
    Answer {
        empty: found.rows == 0,
        rows: formats.integer(found.rows),
        run: found.run,
        submissions: formats.integer(found.submissions.len() as u64),
        verified: found.verified,
        exact: found.exact,
        stops: found.stops,
        cut: is_cut.then(|| formats.integer(lines.len() as u64)),
        lines,
        versions: versions.collect(),
    }
}

fn line(
    of: &TracedSubmission,
    agency_name: Option<&String>,
    shell: &Shell,
    formats: &Formats,
) -> Line {
    let (sha256_start, _) = excerpt(of.evidence_sha256.clone(), HASH_CHARS);
    Line {
        id: of.id.to_string(),
        dataset: of.dataset.to_string(),
        agency: of.agency.to_string(),
        agency_name: agency_name.cloned().unwrap_or_default(),
        period: of.period.to_string(),
        role: shell.say(&format!("trace-role-{}", of.role.as_str())),
        rows: formats.integer(of.rows),
        sha256: of.evidence_sha256.clone(),
        sha256_start,
    }
}
