//! Runs: transformations in the order of their inputs, checked before they are visible, recorded.

mod due;
mod held;
mod open;
mod part;
mod step;
mod told;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use lineage::{ColumnRef, Edge, EdgeKind, Graph};
use project::{DatasetName, Project, Transformation};
use service::{
    ErrorKind, Principal, Result, RunReport, RunRequest, RunStep, ServiceError, StepState,
};

use crate::alone::Alone;
use crate::handles::Handles;
use crate::inputs::{self, Inputs};
use crate::ledger::record;
use crate::quality::{self, Judged};
use crate::{plan, profiles, rollback, schedule, select, superseded};

pub(crate) use due::{due, due_of, edited};
use open::Open;
pub(crate) use open::{is_one_open, is_open, undo_cut_off};
use part::Part;
use step::Step;
pub(crate) use step::{CONTRACT, INPUTS, MEANING, SQL, made_by};
use told::Told;

/// The run, in the commit that it made.
pub(crate) const RUN: &str = "dtm.run";

/// Why a transformation runs, where its schedule says so: what is noted of that in the ledger.
pub(crate) type Occasions = BTreeMap<DatasetName, Option<String>>;

/// Runs what has changed, or what was selected whether it has or not. One run at a time.
pub(crate) async fn run(
    handles: &Arc<Handles>,
    principal: &Principal,
    request: RunRequest,
) -> Result<RunReport> {
    let doing = format!("run by `{}`", principal.name);
    let alone = Alone::begin(handles, &doing).await?;
    let done = asked(handles, &alone, &request).await;
    alone.end(None).await;
    done
}

async fn asked(handles: &Handles, alone: &Alone, request: &RunRequest) -> Result<RunReport> {
    rollback::finish_open(handles, alone).await?;
    plan::books(handles).await?;
    let project = plan::for_run(handles).await?;
    let chosen = chosen(&project, request)?;
    let forced = !request.select.is_empty();
    let report = take(
        handles,
        alone,
        (project.as_ref(), chosen, forced),
        &Occasions::new(),
    )
    .await?;
    schedule::ran_by_hand(handles, alone, &report).await?;
    Ok(report)
}

/// Runs the transformations, publishes what they made, and records it.
pub(crate) async fn take(
    handles: &Handles,
    alone: &Alone,
    (project, chosen, forced): (&Project, Vec<&Transformation>, bool),
    occasions: &Occasions,
) -> Result<RunReport> {
    let started_at = handles.now();
    let started = Instant::now();
    let id = (handles.given.ids)().to_string();
    let total = chosen.len();
    let inputs = Inputs::take(handles, project, &chosen).await?;
    let judged = Judged::of(&id);
    let open = Open::new(handles, alone, &id);
    let told = Told::of(handles, alone, &open, &id).await?;
    let mut steps: Vec<RunStep> = Vec::new();
    for transformation in chosen {
        let step = Step {
            handles,
            project,
            transformation,
            inputs: &inputs,
            judged: &judged,
            open: Some(&open),
            told: told.as_ref(),
            run: &id,
            started_at,
            forced,
        };
        let mut done = match step.blocked_by(&steps) {
            Some(dataset) => step.answer(
                StepState::Skipped,
                0.0,
                Some(format!("dataset `{dataset}`, which it reads, failed")),
            ),
            None => step.take().await,
        };
        note(&mut done, occasions);
        (handles.given.on_step)(steps.len() + 1, total, &done);
        log(&id, &done);
        steps.push(done);
    }
    let mut report = RunReport {
        id: Some(id.clone()),
        started_at,
        seconds: started.elapsed().as_secs_f64(),
        steps,
    };
    if let Some(told) = &told {
        let kept = told.endings(project, &report, &judged);
        Part::Record.timed(kept).await?;
    }
    alone.still().await?;
    let publishing = publish(handles, alone, project, &report);
    let published = Part::Publish.timed(publishing).await?;
    open.end().await?;
    handles.outbox.wake();
    let is_told = |s: &RunStep| {
        let is_noted = occasions.get(&s.dataset).is_some_and(Option::is_some);
        s.state != StepState::UpToDate || is_noted
    };
    if published || report.steps.iter().any(is_told) {
        let kept = quality::record(handles, &report, &judged);
        Part::Record.timed(kept).await?;
        let profiled = profiles::record(handles, project, &mut report, &judged);
        Part::Profile.timed(profiled).await;
        Part::Record
            .timed(record(handles, project, &report))
            .await?;
    } else {
        // It leaves nothing behind that could be asked for by its id.
        report.id = None;
    }
    superseded::catch_up(handles).await;
    Ok(report)
}

fn log(run: &str, done: &RunStep) {
    tracing::info!(
        run,
        dataset = %done.dataset,
        state = done.state.as_str(),
        rows = done.rows,
        seconds = done.seconds,
        "transformation"
    );
}

/// Says of a transformation that was computed why it was its time.
fn note(done: &mut RunStep, occasions: &Occasions) {
    let Some(Some(note)) = occasions.get(&done.dataset) else {
        return;
    };
    if done.version.is_some() {
        done.scope = Some(match done.scope.take() {
            Some(scope) => format!("{scope}; {note}"),
            None => note.clone(),
        });
    }
}

/// Every dataset, what it is made of and what its rules look at before itself.
pub(crate) fn order(project: &Project) -> Result<Vec<DatasetName>> {
    let mut edges = Vec::new();
    for transformation in project.transformations.values() {
        let read = inputs::read(project, transformation)?;
        edges.extend(read.iter().map(|input| Edge {
            target: whole(&transformation.dataset),
            source: whole(input),
            kind: EdgeKind::Identity,
        }));
    }
    let graph = Graph::new(edges).including(project.transformations.keys().cloned());
    graph.order().map_err(|cycle| {
        ServiceError::new(ErrorKind::Invalid, cycle.to_string()).hint(
            "Break the cycle: a dataset cannot be made of itself, nor wait for one that waits for \
             it.",
        )
    })
}

/// The transformations to run, in that order.
pub(crate) fn chosen<'a>(
    project: &'a Project,
    request: &RunRequest,
) -> Result<Vec<&'a Transformation>> {
    let order = order(project)?;
    let chosen: Vec<&Transformation> = order
        .iter()
        .filter(|d| select::chooses(&request.select, d))
        .filter_map(|d| project.transformations.get(d))
        .collect();
    if chosen.is_empty() && !request.select.is_empty() {
        return Err(select::nothing("transformation", &request.select));
    }
    Ok(chosen)
}

fn whole(dataset: &DatasetName) -> ColumnRef {
    ColumnRef {
        dataset: dataset.clone(),
        column: "*".to_owned(),
    }
}

/// Lets readers see what the run made, all of it at once. Answers whether they see another set.
async fn publish(
    handles: &Handles,
    alone: &Alone,
    project: &Project,
    report: &RunReport,
) -> Result<bool> {
    let run = report.id.as_deref();
    let under = (handles.now(), Some(alone.fence()));
    let publication = handles.published.publish(run, under, |set| {
        set.held = false;
        for step in &report.steps {
            if let Some(version) = step.version {
                set.versions.insert(step.dataset.to_string(), version);
            }
            let read = step.inputs.iter();
            let read = read.filter(|(d, _)| !project.transformations.contains_key(d));
            set.inputs.extend(read.map(|(d, v)| (d.to_string(), *v)));
        }
    });
    publication.await
}
