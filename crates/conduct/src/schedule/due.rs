//! Which transformations are due.

use std::collections::{BTreeMap, BTreeSet};

use books::JobRecord;
use calendar::civil;
use chrono::{DateTime, Utc};
use engine::Statement;
use project::{DatasetName, Project, Refresh, Schedule, Transformation};
use serde_json::{Value, json};
use service::{Result, RunRequest};

use super::close;
use crate::alone::RUNS;
use crate::handles::Handles;
use crate::{failure, pull, runs};

/// Times of a cron expression that are counted; of more, that there were so many.
const COUNTED: u64 = 1_000;

/// Why a transformation is due.
#[derive(Debug, Clone, Default)]
pub(super) struct Due {
    /// The slot that is done by it, in the words of its schedule.
    pub slot: Option<String>,
    /// What the ledger says of it.
    pub note: Option<String>,
    /// Times that passed without a run, before the one that it is due for.
    pub missed: u64,
}

/// What is due, by dataset.
pub(super) type Looked = BTreeMap<DatasetName, Due>;

/// What the journal says of it.
pub(super) fn told(looked: &Looked) -> Value {
    let told = looked.iter();
    let told = told.map(|(dataset, due)| {
        let why = due.note.as_ref().or(due.slot.as_ref());
        (
            dataset.to_string(),
            json!(why.map_or("on change", String::as_str)),
        )
    });
    Value::Object(told.collect())
}

/// What is kept of each job, by name.
pub(super) async fn records(handles: &Handles) -> Result<BTreeMap<String, JobRecord>> {
    let jobs = handles.books.jobs().await.map_err(failure::books)?;
    Ok(jobs
        .into_iter()
        .map(|job| (job.name.clone(), job))
        .collect())
}

/// Whether nobody has the lease of runs, the last run by schedule need not be waited for, and no
/// rollback holds the schedule.
pub(super) async fn may_begin(handles: &Handles) -> Result<bool> {
    if handles.published.newest().await?.held {
        return Ok(false);
    }
    let (now, records) = (handles.now(), records(handles).await?);
    let Some(record) = records.get(RUNS) else {
        return Ok(true);
    };
    let is_held = record.held.as_ref().is_some_and(|held| held.until > now);
    Ok(!is_held && !waits(record, now))
}

/// What is due now. What failed waits, and so does what reads it.
pub(super) async fn look(handles: &Handles, project: &Project) -> Result<Looked> {
    let (now, records) = (handles.now(), records(handles).await?);
    let mut waiting: BTreeSet<DatasetName> = BTreeSet::new();
    let mut looked = Looked::new();
    let mut candidates: Vec<&Transformation> = Vec::new();
    for transformation in runs::chosen(project, &RunRequest::default())? {
        let dataset = &transformation.dataset;
        let record = records.get(dataset.as_str());
        let statement = Statement::parse(&transformation.sql).map_err(failure::engine)?;
        let is_behind = statement.inputs().iter().any(|d| waiting.contains(d));
        if is_behind || record.is_some_and(|record| waits(record, now)) {
            waiting.insert(dataset.clone());
            continue;
        }
        let due = match &transformation.refresh {
            Refresh::OnChange => Some(Due::default()),
            Refresh::Cron(schedule) => by_cron(handles, schedule, dataset, record).await?,
            Refresh::AtPeriodClose => {
                let kept = record.and_then(|record| record.slot.as_deref());
                close::due(handles, project, transformation, kept).await?
            }
        };
        if let Some(due) = due {
            looked.insert(dataset.clone(), due);
            candidates.push(transformation);
        }
    }
    if candidates.is_empty() {
        return Ok(looked);
    }
    let changed = runs::due_of(handles, project, &candidates).await?;
    let changed: BTreeSet<DatasetName> = changed.into_iter().map(|run| run.dataset).collect();
    let shown = handles.published.newest().await?;
    for transformation in candidates {
        let dataset = &transformation.dataset;
        let is_due = looked.get(dataset).is_some_and(|due| due.slot.is_some())
            || changed.contains(dataset)
            || is_unseen(handles, dataset, shown.version(dataset)).await?;
        if !is_due {
            looked.remove(dataset);
        }
    }
    Ok(looked)
}

/// Whether readers do not see the newest version: whoever made it did not come to publish it.
async fn is_unseen(handles: &Handles, dataset: &DatasetName, shown: Option<i64>) -> Result<bool> {
    let table = handles.table(dataset).await?;
    Ok(shown != Some(table.version()))
}

/// Whether it failed, and is to be left alone for a while.
fn waits(record: &JobRecord, now: DateTime<Utc>) -> bool {
    let failed_at = record.ended_at.filter(|_| record.failures > 0);
    failed_at.is_some_and(|at| now < at + pull::back_off(record.failures))
}

/// The last time of the expression that passed and was not done. One that is seen for the first
/// time waits for its first time.
async fn by_cron(
    handles: &Handles,
    schedule: &Schedule,
    dataset: &DatasetName,
    record: Option<&JobRecord>,
) -> Result<Option<Due>> {
    let now = handles.now();
    let Some(record) = record else {
        let known = handles.books.know_job(dataset.as_str(), now).await;
        known.map_err(failure::books)?;
        return Ok(None);
    };
    let done = record.slot.as_deref().and_then(|slot| slot.parse().ok());
    let mut last = done.unwrap_or(record.known_at);
    let mut passed = 0;
    while let Some(next) = schedule.after(last).filter(|next| *next <= now) {
        passed += 1;
        // So many are as good as all of them: what counts is that the next one is to come.
        last = if passed < COUNTED { next } else { now };
    }
    Ok((passed > 0).then(|| Due {
        slot: Some(civil(last).to_rfc3339()),
        note: None,
        missed: passed - 1,
    }))
}
