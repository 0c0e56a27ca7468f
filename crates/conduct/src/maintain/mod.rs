//! Maintenance: the one job that rewrites files, writes checkpoints and deletes what nobody needs.
//!
//! Writers go on meanwhile: rewriting changes no row and gives way to whoever removed a file first.
//! Runs and maintenance take turns, table by table.

mod cited;
mod evidence;
mod record;
mod work;

use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};
use project::DatasetName;
use serde_json::{Map, Value};
use service::{
    Call, ErrorKind, MaintainRequest, MaintenanceReport, MaintenanceState, MaintenanceStep, Result,
    ServiceError,
};

use crate::failure;
use crate::handles::Handles;
use crate::perform::Gate;
use crate::select;
use cited::Cited;
use work::Work;

/// Maintains every table, or those selected, and what was received for them.
pub(crate) async fn maintain(
    handles: &Arc<Handles>,
    doors: (&Gate, &Call),
    request: MaintainRequest,
) -> Result<MaintenanceReport> {
    let (started_at, started) = (handles.now(), Instant::now());
    let since = since(handles, &request, started_at)?;
    let datasets = chosen(handles, &request).await?;
    let cited = Cited::read(handles).await?;
    let id = (handles.given.ids)().to_string();
    evidence::allowed(doors, &request, &id).await?;
    let mut steps = Vec::new();
    for dataset in datasets {
        let _alone = handles.running.lock().await;
        let work = Work {
            handles,
            id: &id,
            table: handles.lake.table(&dataset).await.map_err(failure::lake)?,
            cited: &cited,
            since,
            delete: request.delete,
        };
        for step in work.take().await {
            say(&id, &step);
            steps.push(step);
        }
    }
    for step in evidence::take(handles, doors, &request, &id).await? {
        say(&id, &step);
        steps.push(step);
    }
    let report = MaintenanceReport {
        id,
        started_at,
        seconds: started.elapsed().as_secs_f64(),
        steps,
    };
    if report
        .steps
        .iter()
        .any(|step| step.state != MaintenanceState::DryRun)
    {
        record::record(handles, &report).await?;
    }
    Ok(report)
}

fn say(id: &str, step: &MaintenanceStep) {
    tracing::info!(
        maintenance = %id,
        dataset = %step.dataset,
        task = step.task.as_str(),
        state = step.state.as_str(),
        files_removed = step.files_removed,
        files_added = step.files_added,
        seconds = step.seconds,
        message = step.message,
        "maintenance"
    );
}

/// What a commit of maintenance says of itself.
fn note(id: &str) -> Map<String, Value> {
    Map::from_iter([("dtm.maintenance".to_owned(), Value::from(id))])
}

/// What is younger stays.
fn since(
    handles: &Handles,
    request: &MaintainRequest,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>> {
    let setting = handles.settings.maintain.keep_hours;
    let hours = request.keep_hours.unwrap_or(setting);
    let keep = i64::try_from(hours).ok().filter(|hours| *hours >= 1);
    keep.and_then(TimeDelta::try_hours)
        .and_then(|keep| now.checked_sub_signed(keep))
        .ok_or_else(|| {
            ServiceError::new(
                ErrorKind::Invalid,
                format!("`keep_hours` is {hours}, and files are kept for at least 1 hour"),
            )
            .hint("What a running job has written must outlive the job: keep it for a day or more.")
        })
}

/// The datasets that have a table, our own books included.
async fn chosen(handles: &Handles, request: &MaintainRequest) -> Result<Vec<DatasetName>> {
    let there = handles.lake.datasets().await.map_err(failure::lake)?;
    let chosen: Vec<DatasetName> = there
        .into_iter()
        .filter(|dataset| select::chooses(&request.select, dataset))
        .collect();
    if chosen.is_empty() && !request.select.is_empty() {
        return Err(select::nothing("table", &request.select));
    }
    Ok(chosen)
}
