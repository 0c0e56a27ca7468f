//! What came of the transformations that ran: their slots are done, or they wait to be tried again.

use books::JobEnd;
use service::{Result, RunReport, RunStep, StepState};

use super::due::{Looked, records};
use crate::alone::{self, Alone};
use crate::failure;
use crate::handles::Handles;

/// Records what came of a run by schedule.
pub(super) async fn record(
    handles: &Handles,
    alone: &Alone,
    looked: &Looked,
    report: &RunReport,
) -> Result<()> {
    let records = records(handles).await?;
    for step in &report.steps {
        let Some(due) = looked.get(&step.dataset) else {
            continue;
        };
        count(step, due.missed);
        let failed = match step.state {
            StepState::Failed => step.message.as_deref().or(Some("it failed")),
            StepState::Built | StepState::UpToDate => None,
            // It is due as it was, once what it reads is there.
            StepState::Skipped => continue,
        };
        let before = records.get(step.dataset.as_str());
        let is_kept = before.is_some_and(|record| record.failures > 0);
        let slot = due.slot.as_deref().filter(|_| failed.is_none());
        if failed.is_some() || slot.is_some() || is_kept {
            finish(handles, alone, step, slot, failed).await?;
        }
    }
    Ok(())
}

/// What went well by hand need not wait any more.
pub(crate) async fn ran_by_hand(
    handles: &Handles,
    alone: &Alone,
    report: &RunReport,
) -> Result<()> {
    let records = records(handles).await?;
    for step in report.steps.iter().filter(|step| step.version.is_some()) {
        let before = records.get(step.dataset.as_str());
        if before.is_some_and(|record| record.failures > 0) {
            finish(handles, alone, step, None, None).await?;
        }
    }
    Ok(())
}

async fn finish(
    handles: &Handles,
    alone: &Alone,
    step: &RunStep,
    slot: Option<&str>,
    error: Option<&str>,
) -> Result<()> {
    let end = JobEnd {
        name: step.dataset.as_str(),
        slot,
        at: handles.now(),
        error,
    };
    let counts = handles.books.finish_job(alone.lease(), end).await;
    if counts.map_err(failure::books)? {
        Ok(())
    } else {
        Err(alone::lost())
    }
}

fn count(step: &RunStep, missed: u64) {
    let dataset = step.dataset.to_string();
    if missed > 0 {
        tracing::warn!(%dataset, missed, "times were missed, and are caught up by one run");
        metrics::counter!("dtm_scheduled_missed_total", "dataset" => dataset.clone())
            .increment(missed);
    }
    if step.state == StepState::Failed {
        let error = step.message.as_deref().unwrap_or_default();
        tracing::warn!(%dataset, error, "a transformation failed, and waits to be tried again");
    }
    let labels = [
        ("dataset", dataset),
        ("outcome", step.state.as_str().to_owned()),
    ];
    metrics::counter!("dtm_scheduled_transformations_total", &labels).increment(1);
}
