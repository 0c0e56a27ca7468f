//! Transformations that run by their headers: when an input changed, by a cron expression in civil
//! time, or at the close of a period.
//!
//! What is due is looked for without the lease, and once more under it: what another process did
//! meanwhile is not done again. A time that was missed is caught up by one run, however many were.

mod close;
mod due;
mod ended;

use std::sync::Arc;
use std::time::Duration;

use audit::Outcome as Ended;
use futures::FutureExt;
use serde_json::json;
use service::{Action, Principal, Result, RunReport, RunRequest, StepState};

use crate::alone::Alone;
use crate::handles::Handles;
use crate::perform::{About, Gate};
use crate::{House, plan, rollback, runs};

pub(crate) use ended::ran_by_hand;

/// Who runs them.
const NAME: &str = "schedule";

/// Runs what is due; none if nothing is, or another process is at it.
async fn run(gate: &Gate) -> Result<Option<RunReport>> {
    let handles = gate.own();
    if handles.is_stopping() || !due::may_begin(handles).await? {
        return Ok(None);
    }
    let looked = due::look(handles, &handles.project()).await?;
    if looked.is_empty() {
        return Ok(None);
    }
    let agent = gate.agent(Principal {
        name: NAME.to_owned(),
        role: access::Role::Operator.as_str().to_owned(),
        agency: None,
    });
    let about = About::named("run").detail(json!({ "due": due::told(&looked) }));
    let acting = gate.begin(&agent.call, Action::Run, about).await?;
    // Boxed, for the compiler gives up on futures that nest as deep as these.
    let done = under_lease(&acting.handles).boxed().await;
    let (outcome, word, detail) = match &done {
        Ok(None) => (Ended::Done, "nothing", json!({})),
        Ok(Some(report)) => {
            let failed = report.steps.iter().filter(|s| s.state == StepState::Failed);
            match failed.count() {
                0 => (Ended::Done, "done", json!({ "run": report.id })),
                n => (
                    Ended::Failed,
                    "failed",
                    json!({ "run": report.id, "failed": n }),
                ),
            }
        }
        Err(error) => (Ended::Failed, "failed", json!({ "error": error.message })),
    };
    metrics::counter!("dtm_scheduled_runs_total", "outcome" => word).increment(1);
    acting.end(outcome, detail).await?;
    done
}

async fn under_lease(handles: &Arc<Handles>) -> Result<Option<RunReport>> {
    let alone = Alone::begin(handles, &format!("run by `{NAME}`")).await?;
    let done = take(handles, &alone).await;
    let error = done.as_ref().err().map(ToString::to_string);
    alone.end(error.as_deref()).await;
    done
}

async fn take(handles: &Handles, alone: &Alone) -> Result<Option<RunReport>> {
    rollback::finish_open(handles, alone).await?;
    plan::books(handles).await?;
    // A rollback may have come first.
    if handles.published.newest().await?.held {
        return Ok(None);
    }
    let project = handles.project();
    let looked = due::look(handles, &project).await?;
    if looked.is_empty() {
        return Ok(None);
    }
    let mut chosen = runs::chosen(&project, &RunRequest::default())?;
    chosen.retain(|transformation| looked.contains_key(&transformation.dataset));
    let occasions = looked
        .iter()
        .map(|(dataset, due)| (dataset.clone(), due.note.clone()))
        .collect();
    let report = runs::take(
        handles,
        alone,
        (project.as_ref(), chosen, false),
        &occasions,
    )
    .await?;
    ended::record(handles, alone, &looked, &report).await?;
    Ok(Some(report))
}

impl House {
    /// Runs the transformations that are due by their headers, once; answers the run, if any was.
    pub async fn run_due(&self) -> Result<Option<RunReport>> {
        run(&self.gate).boxed().await
    }

    /// Runs transformations when they are due, until the house is told to stop, and looks for them
    /// after every such time; zero means never. The house waits for a run when it stops.
    pub async fn run_when_due(&self, every: Duration) {
        let handles = self.gate.own();
        let mut stopping = handles.stopping.subscribe();
        if every.is_zero() {
            // The sender is ours, so it is there.
            let _ = stopping.wait_for(|stopping| *stopping).await;
            return;
        }
        loop {
            tokio::select! {
                biased;
                _ = stopping.wait_for(|stopping| *stopping) => return,
                () = tokio::time::sleep(every) => {}
            }
            let gate = Arc::clone(&self.gate);
            let running = async move { run(&gate).boxed().await };
            match handles.pull_tasks.spawn(running).await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => tracing::warn!(%error, "what is due could not run"),
                Err(error) => tracing::error!(%error, "what is due was cut off"),
            }
        }
    }
}
