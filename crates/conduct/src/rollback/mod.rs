//! Rollback: readers see again what was published before a run.
//!
//! Every table gets a commit whose files are those of its older version, so that what is published
//! stays the newest, whoever reads it; then one published set shows them all. What is to be done is
//! put on the store before the first table is restored, and a crash is finished from there: a table
//! that has the rows already is left as it is.

mod intent;
mod planned;
mod restore;
mod told;

use std::sync::Arc;

use project::DatasetName;
use service::{Principal, RestoredDataset, Result, RollbackReport};

use crate::alone::Alone;
use crate::handles::Handles;
use crate::published::{PublishedSet, RestoredSet};
use crate::{runs, superseded};
use intent::Intent;

pub(crate) use planned::{computed, unbuilt};
pub(crate) use restore::{Cause, restored};

/// Undoes a run and what was published after it: all of it, or it refuses before anything changed.
pub(crate) async fn rollback(
    handles: &Arc<Handles>,
    principal: &Principal,
    run: &str,
) -> Result<RollbackReport> {
    let doing = format!("rollback by `{}`", principal.name);
    let alone = Alone::begin(handles, &doing).await?;
    let done = undone(handles, &alone, run).await;
    alone.end(None).await;
    done
}

async fn undone(handles: &Handles, alone: &Alone, run: &str) -> Result<RollbackReport> {
    runs::undo_cut_off(handles, alone).await?;
    let before = finish_begun(handles, alone).await?;
    if let Some(report) = before.into_iter().find(|report| report.run == run) {
        // It was asked for before, and cut off.
        return Ok(report);
    }
    let intent = planned::intent(handles, run).await?;
    intent::put(handles, &intent).await?;
    finish(handles, alone, &intent).await
}

/// On start: finishes rollbacks that a crash cut off, and undoes runs. What cannot be done is logged:
/// it must not keep the node from serving, and a run will say the same.
pub(crate) async fn recover(handles: &Arc<Handles>) {
    if let Err(error) = recovered(handles).await {
        tracing::error!(%error, "what was cut off could not be finished or undone");
    }
}

async fn recovered(handles: &Arc<Handles>) -> Result<()> {
    if intent::unfinished(handles).await?.is_empty() && !runs::is_one_open(handles).await? {
        return Ok(());
    }
    let alone = Alone::begin(handles, "what was cut off").await?;
    let done = finish_open(handles, &alone).await;
    alone.end(None).await;
    done
}

/// Finishes rollbacks that were cut off and undoes runs.
pub(crate) async fn finish_open(handles: &Handles, alone: &Alone) -> Result<()> {
    runs::undo_cut_off(handles, alone).await?;
    finish_begun(handles, alone).await.map(drop)
}

async fn finish_begun(handles: &Handles, alone: &Alone) -> Result<Vec<RollbackReport>> {
    let mut reports = Vec::new();
    for intent in intent::unfinished(handles).await? {
        reports.push(finish(handles, alone, &intent).await?);
    }
    Ok(reports)
}

/// Restores what is not restored yet, and shows all of it.
async fn finish(handles: &Handles, alone: &Alone, intent: &Intent) -> Result<RollbackReport> {
    let mut restored = Vec::new();
    let cause = Cause {
        run: &intent.run,
        rollback: Some(intent.number),
    };
    for (name, change) in &intent.datasets {
        let dataset: DatasetName = name
            .parse()
            .map_err(|_| intent::unreadable(&intent::path(intent.number)))?;
        if let Some(version) = restore::restored(handles, &dataset, change.to, &cause).await? {
            restored.push(RestoredDataset {
                dataset,
                from: change.from,
                to: change.to,
                version,
            });
        }
    }
    let shown = handles.published.set(intent.set).await?;
    let change = |set: &mut PublishedSet| {
        let versions = restored.iter();
        let versions = versions.map(|of| (of.dataset.to_string(), of.version));
        set.versions.extend(versions);
        set.inputs.clone_from(&shown.inputs);
        set.held = true;
        set.restores = Some(RestoredSet {
            rollback: intent.number,
            set: intent.set,
        });
    };
    told::restored(handles, alone, intent).await?;
    alone.still().await?;
    let under = (handles.now(), Some(alone.fence()));
    handles.published.publish(None, under, change).await?;
    superseded::catch_up(handles).await;
    tracing::info!(
        run = %intent.run,
        rollback = intent.number,
        undone = intent.undone.len(),
        datasets = restored.len(),
        "rolled back"
    );
    Ok(RollbackReport {
        run: intent.run.clone(),
        undone: intent.undone.clone(),
        restored,
    })
}
