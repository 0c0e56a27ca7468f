//! Reports: what there is, a form for the parameters, and on to the rendition.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use project::{ParameterType, ReportDefinition};
use service::{ErrorKind, RenderRequest, RenditionFormat, Result, ServiceError, Supersession};

use super::ask::periods;
use super::shell::Shell;
use super::visit::{Fields, Refusal, Sent, Visit, fields, redirect, written};
use crate::ApiState;

/// The field of the form that says which of the formats is wanted; no parameter has that name.
const WANTED: &str = "_format";

/// Renditions that the page of a report lists.
const KEPT: u64 = 50;

struct Row {
    name: String,
    title: String,
    description: String,
}

#[derive(Template)]
#[template(path = "reports.html")]
struct ListPage {
    shell: Shell,
    reports: Vec<Row>,
}

struct Field {
    name: String,
    label: String,
    input: &'static str,
    numeric: bool,
    /// The periods to choose from; none if they are not known or the value is none of them.
    periods: Vec<(String, String)>,
    period: bool,
    required: bool,
    value: String,
}

/// A rendition in the list.
struct Kept {
    id: String,
    rendered_at: String,
    params: String,
    endings: Vec<&'static str>,
    superseded: Option<Superseding>,
}

/// By what a rendition in the list is superseded.
struct Superseding {
    at: String,
    run: Option<String>,
    by: Option<String>,
}

#[derive(Template)]
#[template(path = "report.html")]
struct Page {
    shell: Shell,
    report: Row,
    fields: Vec<Field>,
    kept: Vec<Kept>,
    refusal: Option<Refusal>,
}

pub(super) async fn list(State(state): State<ApiState>, visit: Visit) -> Response {
    let page = read_list(&state, &visit).await;
    visit.answer(page)
}

async fn read_list(state: &ApiState, visit: &Visit) -> Result<Response> {
    let shell = visit.shell(state).await?;
    let reports = state.service.reports(&visit.call).await?;
    let formats = visit.formats()?;
    let mut reports: Vec<Row> = reports.iter().map(|report| row(report, visit)).collect();
    reports.sort_by(|one, other| formats.compare(&one.title, &other.title));
    written(StatusCode::OK, &ListPage { shell, reports })
}

fn row(report: &ReportDefinition, visit: &Visit) -> Row {
    Row {
        name: report.name.clone(),
        title: visit.language.of(&report.title).to_owned(),
        description: visit.language.of(&report.description).to_owned(),
    }
}

pub(super) async fn form(
    State(state): State<ApiState>,
    visit: Visit,
    Path(name): Path<String>,
) -> Response {
    let page = read_form(&state, &visit, &name).await;
    visit.answer(page)
}

async fn read_form(state: &ApiState, visit: &Visit, name: &str) -> Result<Response> {
    let report = find(state, visit, name).await?;
    let page = page(state, visit, &report, &visit.query, None).await?;
    written(StatusCode::OK, &page)
}

async fn find(state: &ApiState, visit: &Visit, name: &str) -> Result<ReportDefinition> {
    let reports = state.service.reports(&visit.call).await?;
    reports
        .into_iter()
        .find(|report| report.name == name)
        .ok_or_else(|| {
            ServiceError::new(ErrorKind::NotFound, format!("there is no report `{name}`"))
                .hint("`/reports` lists the reports.")
        })
}

/// Rendering keeps a rendition, so it is asked for by `POST`; the browser is sent on to the kept
/// document, which can be saved as it is.
pub(super) async fn render(
    State(state): State<ApiState>,
    visit: Visit,
    Path(name): Path<String>,
    sent: Sent,
) -> Response {
    let page = rendered(&state, &visit, &name, sent).await;
    visit.answer(page)
}

async fn rendered(state: &ApiState, visit: &Visit, name: &str, sent: Sent) -> Result<Response> {
    let mut given = fields(sent)?;
    let wanted = given.remove(WANTED);
    let format = wanted.and_then(|ending| RenditionFormat::from_ending(&ending));
    let filled = given.iter().filter(|(_, value)| !value.trim().is_empty());
    let params: BTreeMap<String, String> = filled
        .map(|(name, value)| (name.clone(), value.trim().to_owned()))
        .collect();
    let language = visit.language.as_str().to_owned();
    let request = RenderRequest {
        report: name.to_owned(),
        params,
        language,
        table: None,
    };
    match state.service.render(&visit.call, request).await {
        Ok(rendition) => Ok(redirect(&format!(
            "/api/v1/renditions/{}.{}",
            rendition.id,
            format.unwrap_or(RenditionFormat::Html).ending()
        ))),
        Err(error) if error.kind == ErrorKind::Invalid => {
            let report = find(state, visit, name).await?;
            let (status, refusal) = visit.refusal(error);
            let page = page(state, visit, &report, &given, Some(refusal)).await?;
            written(status, &page)
        }
        Err(error) => Err(error),
    }
}

async fn page(
    state: &ApiState,
    visit: &Visit,
    report: &ReportDefinition,
    given: &Fields,
    refusal: Option<Refusal>,
) -> Result<Page> {
    let shell = visit.shell(state).await?;
    let mut parameters = report.parameters.iter();
    let periods = if parameters.any(|p| p.parameter_type == ParameterType::Period) {
        offered(state, visit).await?
    } else {
        vec![]
    };
    let field = |parameter: &project::Parameter| {
        let period = parameter.parameter_type == ParameterType::Period;
        let newest = periods.first().filter(|_| period).map(|(code, _)| code);
        let value = given
            .get(&parameter.name)
            .or(parameter.default.as_ref())
            .or(newest);
        let known = |value: &String| periods.iter().any(|(code, _)| code == value);
        let offered = period && value.is_none_or(known);
        Field {
            periods: if offered { periods.clone() } else { vec![] },
            name: parameter.name.clone(),
            label: visit.language.of(&parameter.label).to_owned(),
            input: if parameter.parameter_type == ParameterType::Date {
                "date"
            } else {
                "text"
            },
            numeric: parameter.parameter_type == ParameterType::Integer,
            period,
            required: parameter.required,
            value: value.cloned().unwrap_or_default(),
        }
    };
    let fields = report.parameters.iter().map(field).collect();
    Ok(Page {
        shell,
        report: row(report, visit),
        fields,
        kept: kept(state, visit, report).await?,
        refusal,
    })
}

/// The newest renditions, for who may read them.
async fn kept(state: &ApiState, visit: &Visit, report: &ReportDefinition) -> Result<Vec<Kept>> {
    let page = service::Page {
        offset: 0,
        limit: KEPT,
    };
    let listed = state
        .service
        .renditions(&visit.call, &report.name, page)
        .await;
    let listed = match listed {
        Err(error) if error.kind == ErrorKind::Forbidden => return Ok(vec![]),
        listed => listed?,
    };
    let formats = visit.formats()?;
    let superseding = |of: Supersession| Superseding {
        at: formats.date_time(of.at),
        run: of.run,
        by: of.by,
    };
    let listed = listed.into_iter().map(|rendition| {
        let params = rendition.manifest.params.into_values();
        Kept {
            id: rendition.id,
            rendered_at: formats.date_time(rendition.manifest.rendered_at),
            params: params.collect::<Vec<_>>().join(", "),
            endings: rendition
                .manifest
                .outputs
                .keys()
                .map(|f| f.ending())
                .collect(),
            superseded: rendition.superseded.map(superseding),
        }
    });
    Ok(listed.collect())
}

/// The periods to choose from: an offer, so none if they cannot be read.
async fn offered(state: &ApiState, visit: &Visit) -> Result<Vec<(String, String)>> {
    match periods(state, visit).await {
        Err(error) if error.kind != ErrorKind::Unauthenticated => Ok(vec![]),
        periods => periods,
    }
}
