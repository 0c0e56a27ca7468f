//! Runs: transformations in the order of their inputs, checked before they are visible, recorded.

mod due;
mod step;

use std::sync::Arc;
use std::time::Instant;

use engine::Statement;
use lineage::{ColumnRef, Edge, EdgeKind, Graph};
use project::{DatasetName, Project, Transformation};
use service::{ErrorKind, Result, RunReport, RunRequest, RunStep, ServiceError, StepState};

use crate::handles::Handles;
use crate::inputs::Inputs;
use crate::ledger::record;
use crate::quality::{self, Judged};
use crate::{failure, plan, rollback, select};

pub(crate) use due::{due, edited};
use step::Step;
pub(crate) use step::{CONTRACT, INPUTS, MEANING, SQL, made_by};

/// The run, in the commit that it made.
pub(crate) const RUN: &str = "dtm.run";

/// Runs what is due, or what was selected whether due or not. One run at a time.
pub(crate) async fn run(handles: &Arc<Handles>, request: RunRequest) -> Result<RunReport> {
    let _alone = handles.running.lock().await;
    rollback::finish_open(handles).await?;
    plan::books(handles).await?;
    let project = plan::for_run(handles).await?;
    let started_at = handles.now();
    let started = Instant::now();
    let id = (handles.given.ids)().to_string();
    let chosen = chosen(&project, &request)?;
    let total = chosen.len();
    let inputs = Inputs::take(handles, &project, &chosen).await?;
    let judged = Judged::default();
    let mut steps: Vec<RunStep> = Vec::new();
    for transformation in chosen {
        let forced = !request.select.is_empty();
        let step = Step {
            handles,
            project: &project,
            transformation,
            inputs: &inputs,
            judged: &judged,
            run: &id,
            started_at,
            forced,
        };
        let done = match step.blocked_by(&steps) {
            Some(dataset) => step.answer(
                StepState::Skipped,
                0.0,
                Some(format!("dataset `{dataset}`, which it reads, failed")),
            ),
            None => step.take().await,
        };
        (handles.given.on_step)(steps.len() + 1, total, &done);
        tracing::info!(
            run = %id,
            dataset = %done.dataset,
            state = done.state.as_str(),
            rows = done.rows,
            seconds = done.seconds,
            "transformation"
        );
        steps.push(done);
    }
    let mut report = RunReport {
        id: Some(id),
        started_at,
        seconds: started.elapsed().as_secs_f64(),
        steps,
    };
    let published = publish(handles, &project, &report).await?;
    if published || report.steps.iter().any(|s| s.state != StepState::UpToDate) {
        quality::record(handles, &report, &judged).await?;
        record(handles, &project, &report).await?;
    } else {
        // It leaves nothing behind that could be asked for by its id.
        report.id = None;
    }
    Ok(report)
}

/// The transformations to run, inputs before what reads them.
pub(crate) fn chosen<'a>(
    project: &'a Project,
    request: &RunRequest,
) -> Result<Vec<&'a Transformation>> {
    let mut edges = Vec::new();
    for transformation in project.transformations.values() {
        let statement = Statement::parse(&transformation.sql).map_err(failure::engine)?;
        edges.extend(statement.inputs().iter().map(|input| Edge {
            target: whole(&transformation.dataset),
            source: whole(input),
            kind: EdgeKind::Identity,
        }));
    }
    let graph = Graph::new(edges).including(project.transformations.keys().cloned());
    let order = graph.order().map_err(|cycle| {
        ServiceError::new(ErrorKind::Invalid, cycle.to_string())
            .hint("Break the cycle: a dataset cannot be made of itself.")
    })?;
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
async fn publish(handles: &Handles, project: &Project, report: &RunReport) -> Result<bool> {
    let run = report.id.as_deref();
    let publication = handles.published.publish(run, handles.now(), |set| {
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
