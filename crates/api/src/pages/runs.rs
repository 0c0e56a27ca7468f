//! Runs: what ran, what came of it, and what each transformation read and made.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use render::format::{Formats, NOTHING};
use service::{Action, Result, RunReport, RunStep, StepState};

use super::parts::{Around, and_one_more, cut, part};
use super::rollback::Form;
use super::shell::Shell;
use super::visit::{Visit, written};
use crate::ApiState;

const RUNS: u64 = 50;

const STATES: [StepState; 4] = [
    StepState::Built,
    StepState::UpToDate,
    StepState::Failed,
    StepState::Skipped,
];

/// A run in a list.
pub(super) struct Line {
    pub(super) id: String,
    pub(super) started_at: String,
    pub(super) seconds: String,
    pub(super) rows: String,
    /// What became of its transformations: label and count, in the order of [`STATES`].
    pub(super) states: Vec<(String, String)>,
    pub(super) failed: bool,
}

#[derive(Template)]
#[template(path = "runs.html")]
struct ListPage {
    shell: Shell,
    runs: Vec<Line>,
    around: Around,
}

struct StepLine {
    dataset: String,
    state: String,
    failed: bool,
    rows: String,
    seconds: String,
    inputs: Vec<(String, i64)>,
    version: String,
    scope: String,
    message: String,
}

#[derive(Template)]
#[template(path = "run.html")]
pub(super) struct Page {
    shell: Shell,
    run: Line,
    steps: Vec<StepLine>,
    /// For whoever may, where there is something to roll back.
    rollback: Option<Form>,
}

/// The word for what became of a transformation.
fn state_word(state: StepState, shell: &Shell) -> String {
    shell.say(&format!("step-{}", state.as_str().replace('_', "-")))
}

pub(super) fn line(run: &RunReport, shell: &Shell, formats: &Formats) -> Line {
    let count = |state| run.steps.iter().filter(|step| step.state == state).count();
    let counted = |state| {
        (
            state_word(state, shell),
            formats.integer(count(state) as u64),
        )
    };
    Line {
        id: run.id.clone().unwrap_or_default(),
        started_at: formats.date_time(run.started_at),
        seconds: formats.decimal(run.seconds, 1),
        rows: formats.integer(run.steps.iter().map(|step| step.rows).sum::<u64>()),
        states: STATES.map(counted).into(),
        failed: count(StepState::Failed) > 0,
    }
}

pub(super) async fn list(State(state): State<ApiState>, visit: Visit) -> Response {
    let page = read_list(&state, &visit).await;
    visit.answer(page)
}

async fn read_list(state: &ApiState, visit: &Visit) -> Result<Response> {
    let shell = visit.shell(state).await?;
    let part = part(visit, RUNS);
    let mut runs = state.service.runs(&visit.call, and_one_more(part)).await?;
    let around = cut(&mut runs, &visit.path, part);
    let formats = visit.formats()?;
    let runs = runs.iter().map(|run| line(run, &shell, &formats)).collect();
    written(
        StatusCode::OK,
        &ListPage {
            shell,
            runs,
            around,
        },
    )
}

pub(super) async fn one(
    State(state): State<ApiState>,
    visit: Visit,
    Path(id): Path<String>,
) -> Response {
    let page = page(&state, &visit, &id, Form::default()).await;
    visit.answer(page.and_then(|page| written(StatusCode::OK, &page)))
}

/// The page of a run, with the form that rolls it back as it was sent.
pub(super) async fn page(state: &ApiState, visit: &Visit, id: &str, form: Form) -> Result<Page> {
    let shell = visit.shell(state).await?;
    let run = state.service.run_of(&visit.call, id).await?;
    let formats = visit.formats()?;
    let was_sent = form.refusal.is_some() || form.done.is_some();
    let has_made = run.steps.iter().any(|step| step.version.is_some());
    let is_offered = was_sent || has_made && shell.offers(Action::Rollback);
    let steps = run.steps.iter();
    Ok(Page {
        steps: steps.map(|s| step(s, &shell, &formats)).collect(),
        run: line(&run, &shell, &formats),
        rollback: is_offered.then_some(form),
        shell,
    })
}

fn step(step: &RunStep, shell: &Shell, formats: &Formats) -> StepLine {
    let shown = |text: Option<String>| text.unwrap_or_else(|| NOTHING.to_owned());
    let inputs = step.inputs.iter();
    StepLine {
        dataset: step.dataset.to_string(),
        state: state_word(step.state, shell),
        failed: step.state == StepState::Failed,
        rows: formats.integer(step.rows),
        seconds: formats.decimal(step.seconds, 2),
        inputs: inputs
            .map(|(d, version)| (d.to_string(), *version))
            .collect(),
        version: shown(step.version.map(|version| version.to_string())),
        scope: shown(step.scope.clone()),
        message: shown(step.message.clone()),
    }
}
