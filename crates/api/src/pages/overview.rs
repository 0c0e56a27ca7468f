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
use super::runs;
use super::shell::Shell;
use super::submissions::{Line, lines};
use super::visit::{Visit, broken, written};
use crate::ApiState;

const NATIONAL: &str = include_str!("../../sql/overview_national.sql");
const SCOREBOARD: &str = include_str!("../../sql/overview_scoreboard.sql");

/// The dataset that is filled last; without it there is nothing to see yet.
const SUMMARY: &str = "served.national_summary";
const PROVINCES: usize = 100;
const SUBMISSIONS: u64 = 8;

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
    /// The caller's role may not read figures.
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
    /// Whether the provinces are in the order of their names, not of their ranks.
    by_name: bool,
    chart: String,
}

#[derive(Template)]
#[template(path = "overview.html")]
struct Page {
    shell: Shell,
    missing: Option<Missing>,
    figures: Option<Figures>,
    submissions: Option<Vec<Line>>,
    /// The newest run; none for whoever may not see runs.
    runs: Option<Vec<runs::Line>>,
}

pub(super) async fn page(State(state): State<ApiState>, visit: Visit) -> Response {
    let page = read(&state, &visit).await;
    visit.answer(page)
}

async fn read(state: &ApiState, visit: &Visit) -> Result<Response> {
    let shell = visit.shell(state).await?;
    let figures = figures(state, visit, &shell).await?;
    let newest = Part {
        offset: 0,
        limit: SUBMISSIONS,
    };
    let submissions = allowed(state.service.submissions(&visit.call, newest).await)?;
    let newest = Part {
        offset: 0,
        limit: 1,
    };
    let runs = allowed(state.service.runs(&visit.call, newest).await)?;
    let submissions = match submissions {
        Some(submissions) => Some(lines(state, visit, &shell, &submissions).await?),
        None => None,
    };
    let formats = visit.formats()?;
    let runs = runs.map(|runs| {
        let lines = runs.iter().map(|run| runs::line(run, &shell, &formats));
        lines.collect()
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
            runs,
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
    let by_name = visit.param("sort") == Some("name");
    let title = shell.say_with("overview-chart", "period", &period);
    Ok(Ok(Figures {
        periods,
        national: labelled(&national, &contract, &formats),
        provinces: provinces(&scoreboard, by_name, &formats),
        by_name,
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

fn provinces(rows: &Rows, by_name: bool, formats: &Formats) -> Vec<Province> {
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
    let names = column("province_name", ColumnFormat::Text);
    let mut provinces: Vec<Province> = names.map_while(province).collect();
    if by_name {
        provinces.sort_by(|one, other| formats.compare(&one.name, &other.name));
    }
    provinces
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
