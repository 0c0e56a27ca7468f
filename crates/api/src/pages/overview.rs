//! The overview: the country's figures, the provincial scoreboard, what came in and what ran.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use project::{ChartKind, ColumnFormat, Contract, DatasetName};
use render::chart::{Chart, Point, svg};
use render::format::Formats;
use service::{ErrorKind, Page as Part, Result};

use super::ask::{Rows, ask, periods};
use super::shell::Shell;
use super::submissions::{Line, line};
use super::visit::{Visit, broken, written};
use crate::ApiState;

const NATIONAL: &str = include_str!("../../sql/overview_national.sql");
const SCOREBOARD: &str = include_str!("../../sql/overview_scoreboard.sql");
const RUN: &str = include_str!("../../sql/overview_run.sql");

/// The dataset that is filled last; without it there is nothing to see yet.
const SUMMARY: &str = "served.national_summary";
const PROVINCES: usize = 100;
const SUBMISSIONS: u64 = 8;
/// Transformations that one run is looked at for.
const STEPS: usize = 500;

/// The national figures in order, labelled by the contract.
const FIGURES: [(&str, ColumnFormat); 12] = [
    ("dossiers_received", ColumnFormat::Integer),
    ("dossiers_resolved", ColumnFormat::Integer),
    ("dossiers_in_progress", ColumnFormat::Integer),
    ("online_dossier_rate", ColumnFormat::Percent1),
    ("full_online_dossier_rate", ColumnFormat::Percent1),
    ("on_time_rate", ColumnFormat::Percent1),
    ("satisfaction_rate", ColumnFormat::Percent1),
    ("p50_hours", ColumnFormat::Decimal1),
    ("mean_score", ColumnFormat::Decimal1),
    ("agencies_submitted", ColumnFormat::Integer),
    ("exchange_calls", ColumnFormat::Integer),
    ("figures_major", ColumnFormat::Integer),
];

/// What is missing before there are figures.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Missing {
    /// The caller's role may not query.
    Permission,
    /// The dataset itself: the project is another one.
    Summary,
    /// Tables: `dtm apply`.
    Tables,
    /// Submissions.
    Data,
    /// A run: `dtm run`.
    Run,
}

struct Province {
    rank: String,
    name: String,
    score: String,
    band: String,
    scored: String,
    total: String,
}

struct Figures {
    period: String,
    periods: Vec<(String, String)>,
    national: Vec<(String, String)>,
    provinces: Vec<Province>,
    chart: String,
}

struct Run {
    id: String,
    started_at: String,
    seconds: String,
    states: Vec<(String, String)>,
    failures: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "overview.html")]
struct Page {
    shell: Shell,
    missing: Option<Missing>,
    figures: Option<Figures>,
    submissions: Option<Vec<Line>>,
    may_query: bool,
    run: Option<Run>,
}

pub(super) async fn page(State(state): State<ApiState>, visit: Visit) -> Response {
    let page = read(&state, &visit).await;
    visit.answer(page)
}

async fn read(state: &ApiState, visit: &Visit) -> Result<Response> {
    let shell = visit.shell(state).await?;
    let figures = figures(state, visit, &shell).await?;
    let may_query = !matches!(figures, Err(Missing::Permission));
    let run = if may_query {
        run(state, visit, &shell).await?
    } else {
        None
    };
    let newest = Part {
        offset: 0,
        limit: SUBMISSIONS,
    };
    let submissions = allowed(state.service.submissions(&visit.call, newest).await)?;
    let formats = visit.formats()?;
    let submissions: Option<Vec<Line>> = submissions.map(|submissions| {
        submissions
            .iter()
            .map(|s| line(s, &shell, &formats))
            .collect()
    });
    let (figures, missing) = match figures {
        Ok(figures) => (Some(figures), None),
        Err(Missing::Run) if submissions.as_ref().is_some_and(Vec::is_empty) => {
            (None, Some(Missing::Data))
        }
        Err(missing) => (None, Some(missing)),
    };
    written(
        StatusCode::OK,
        &Page {
            shell,
            missing,
            figures,
            submissions,
            may_query,
            run,
        },
    )
}

/// What the caller may see, or nothing where the caller may not.
fn allowed<T>(answer: Result<T>) -> Result<Option<T>> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.kind == ErrorKind::Forbidden => Ok(None),
        Err(error) => Err(error),
    }
}

/// The contract of the summary if its table is there and filled; else what is missing.
async fn summary(state: &ApiState, visit: &Visit) -> Result<Result<Contract, Missing>> {
    let Ok(name) = SUMMARY.parse::<DatasetName>() else {
        return Ok(Err(Missing::Summary));
    };
    match state.service.dataset(&visit.call, &name).await {
        Ok(detail) => Ok(match detail.summary.table {
            None => Err(Missing::Tables),
            Some(table) if table.rows == 0 => Err(Missing::Run),
            Some(_) => Ok(detail.summary.contract),
        }),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(Err(Missing::Summary)),
        Err(error) => Err(error),
    }
}

async fn figures(
    state: &ApiState,
    visit: &Visit,
    shell: &Shell,
) -> Result<Result<Figures, Missing>> {
    let contract = match summary(state, visit).await? {
        Ok(contract) => contract,
        Err(missing) => return Ok(Err(missing)),
    };
    let Some(periods) = allowed(periods(state, visit).await)? else {
        return Ok(Err(Missing::Permission));
    };
    let Some((newest, _)) = periods.first() else {
        return Ok(Err(Missing::Run));
    };
    let asked = visit
        .param("period")
        .filter(|asked| periods.iter().any(|(code, _)| code == asked));
    let period = asked.map_or_else(|| newest.clone(), ToOwned::to_owned);

    let of_period = [
        ("period", period.as_str()),
        ("language", visit.language.as_str()),
    ];
    let national = ask(state, visit, NATIONAL, &of_period[..1], 1).await?;
    let scoreboard = ask(state, visit, SCOREBOARD, &of_period, PROVINCES).await?;
    let formats = visit.formats()?;
    let title = shell.say_with("overview-chart", "period", &period);
    Ok(Ok(Figures {
        periods,
        national: labelled(&national, &contract, &formats),
        provinces: provinces(&scoreboard, &formats),
        chart: chart(&scoreboard, &title, &formats)?,
        period,
    }))
}

/// The figures of the one row under the labels of the contract.
fn labelled(rows: &Rows, contract: &Contract, formats: &Formats) -> Vec<(String, String)> {
    let figure = |(name, format): (&str, ColumnFormat)| {
        let label = formats
            .language()
            .of(&contract.column(name)?.label)
            .to_owned();
        let value = rows.texts(name, Some(format), formats).into_iter().next()?;
        Some((label, value))
    };
    FIGURES.into_iter().filter_map(figure).collect()
}

fn provinces(rows: &Rows, formats: &Formats) -> Vec<Province> {
    let column = |name, format| rows.texts(name, Some(format), formats).into_iter();
    let mut rank = column("rank", ColumnFormat::Integer);
    let mut score = column("score", ColumnFormat::Decimal2);
    let mut band = column("band", ColumnFormat::Text);
    let mut scored = column("measures_scored", ColumnFormat::Integer);
    let mut total = column("measures_total", ColumnFormat::Integer);
    let province = |name| {
        Some(Province {
            rank: rank.next()?,
            name,
            score: score.next()?,
            band: band.next()?,
            scored: scored.next()?,
            total: total.next()?,
        })
    };
    column("province_name", ColumnFormat::Text)
        .map_while(province)
        .collect()
}

fn chart(rows: &Rows, title: &str, formats: &Formats) -> Result<String> {
    let names = rows.texts("province_name", Some(ColumnFormat::Text), formats);
    let shown = rows.texts("score", Some(ColumnFormat::Decimal2), formats);
    let points: Vec<Point> = names
        .into_iter()
        .zip(rows.numbers("score"))
        .zip(shown)
        .map(|((label, value), shown)| Point {
            label,
            value,
            shown,
        })
        .collect();
    let kind = ChartKind::Bar;
    let chart = Chart {
        id: "scoreboard",
        kind,
        title,
        percent: false,
        points: &points,
    };
    svg(&chart, formats).map_err(|error| broken(&error))
}

/// The newest run; none if nothing has run, or the ledger is not there or not the caller's to see.
async fn run(state: &ApiState, visit: &Visit, shell: &Shell) -> Result<Option<Run>> {
    let rows = match ask(state, visit, RUN, &[], STEPS).await {
        Ok(rows) => rows,
        Err(error) => {
            return match error.kind {
                ErrorKind::Invalid | ErrorKind::NotFound | ErrorKind::Forbidden => Ok(None),
                _ => Err(error),
            };
        }
    };
    let formats = visit.formats()?;
    let texts = |name| rows.texts(name, Some(ColumnFormat::Text), &formats);
    let (states, ids) = (texts("state"), texts("run_id"));
    let started = rows.texts("started_at", Some(ColumnFormat::DateTime), &formats);
    let (Some(id), Some(started_at)) = (ids.first(), started.first()) else {
        return Ok(None);
    };
    let seconds: f64 = rows.numbers("seconds").into_iter().flatten().sum();
    let count = |state: &str| states.iter().filter(|s| *s == state).count();
    let counted = ["built", "up_to_date", "failed", "skipped"].map(|state| {
        let label = shell.say(&format!("step-{}", state.replace('_', "-")));
        (label, formats.integer(count(state) as u64))
    });
    let failures = states
        .iter()
        .zip(texts("dataset"))
        .zip(texts("message"))
        .filter(|((state, _), _)| *state == "failed")
        .map(|((_, dataset), message)| (dataset, message));
    Ok(Some(Run {
        id: id.clone(),
        started_at: started_at.clone(),
        seconds: formats.decimal(seconds, 1),
        states: counted.into(),
        failures: failures.collect(),
    }))
}
