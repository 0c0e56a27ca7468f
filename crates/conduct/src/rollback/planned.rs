//! What a rollback would do. Everything that stands against it is found here, before it begins.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lake::{LakeError, Snapshot, Table};
use project::DatasetName;
use service::{ErrorKind, Result, ServiceError};

use super::intent::{Change, Intent};
use crate::failure;
use crate::handles::Handles;
use crate::published::PublishedSet;
use crate::runs::RUN;

/// What is to be done to undo the run. Nothing is changed.
pub(super) async fn intent(handles: &Handles, run: &str) -> Result<Intent> {
    let newest = handles.published.newest().await?;
    let of_run = handles.published.of_run(run).await?;
    let before = handles.published.set(of_run.sequence - 1).await?;
    let undone = shown(handles, &newest, before.sequence).await?;
    if !undone.iter().any(|shown| shown == run) {
        return Err(nothing(run));
    }
    let mut datasets = BTreeMap::new();
    for dataset in computed(handles, &[before.as_ref(), newest.as_ref()])? {
        let table = match handles.lake.table(&dataset).await {
            Ok(table) => table,
            Err(LakeError::NotFound(_)) => continue,
            Err(error) => return Err(failure::lake(error)),
        };
        let to = match before.version(&dataset) {
            Some(version) => version,
            None => unbuilt(&table).await?,
        };
        let there = table.snapshot();
        let has_rows = table.same_rows(to, there.version()).await;
        let has_rows = has_rows.map_err(failure::lake)?;
        if !has_rows {
            check(run, &table, &there, to).await?;
        }
        let from = newest.version(&dataset).unwrap_or(there.version());
        if !has_rows || from != there.version() {
            datasets.insert(dataset.to_string(), Change { from, to });
        }
    }
    if datasets.is_empty() {
        return Err(nothing(run));
    }
    Ok(Intent {
        number: newest.sequence,
        run: run.to_owned(),
        set: before.sequence,
        undone,
        datasets,
    })
}

/// The datasets that the sets name, or that the project in force computes.
pub(crate) fn computed(handles: &Handles, sets: &[&PublishedSet]) -> Result<BTreeSet<DatasetName>> {
    let project = handles.project();
    let mut datasets: BTreeSet<DatasetName> = project.transformations.keys().cloned().collect();
    for name in sets.iter().flat_map(|set| set.versions.keys()) {
        let dataset = name.parse().map_err(|_| {
            let message = format!("a published set names `{name}`, which is no dataset");
            ServiceError::new(ErrorKind::Corrupt, message)
                .hint("Restore the objects below `published/` from a copy of the store.")
        })?;
        datasets.insert(dataset);
    }
    Ok(datasets)
}

/// The runs that published after the set `before` and whose work `newest` shows, newest first. What
/// an earlier rollback undid is not shown.
async fn shown(handles: &Handles, newest: &Arc<PublishedSet>, before: u64) -> Result<Vec<String>> {
    let mut runs = Vec::new();
    let mut at = Arc::clone(newest);
    while at.sequence > before {
        let previous = at.sequence - 1;
        let next = match &at.restores {
            Some(restores) => restores.set.min(previous),
            None => {
                runs.extend(at.run.clone());
                previous
            }
        };
        at = handles.published.set(next).await?;
    }
    Ok(runs)
}

/// The version before any run computed the table.
pub(crate) async fn unbuilt(table: &Table) -> Result<i64> {
    let computed = table.noted_since(-1, RUN).await.map_err(failure::lake)?;
    let first = computed.first().map(|record| record.version - 1);
    Ok(first.unwrap_or(table.version()).max(0))
}

/// Refuses a version that the table cannot go back to.
async fn check(run: &str, table: &Table, there: &Snapshot, to: i64) -> Result<()> {
    let dataset = table.dataset();
    let refuse = |why: String, hint: &str| {
        let message = format!("cannot roll back run `{run}`: {why}");
        Err(ServiceError::new(ErrorKind::Conflict, message)
            .hint(format!("Nothing was changed. {hint}")))
    };
    let snapshot = table.snapshot_at(to).await.map_err(failure::lake)?;
    if !snapshot.same_columns(there) {
        return refuse(
            format!(
                "the columns of dataset `{dataset}` have changed since its version {to}, which \
                 readers would see again"
            ),
            "Apply a contract with the columns of then, whose major version is higher, and roll \
             back after that; or mend the SQL and run.",
        );
    }
    let missing = table.missing_files(&snapshot).await;
    match missing.map_err(failure::lake)? {
        0 => Ok(()),
        missing => refuse(
            format!("{missing} files of version {to} of dataset `{dataset}` are gone"),
            "Restore them from a copy of the store; or mend the SQL and run.",
        ),
    }
}

fn nothing(run: &str) -> ServiceError {
    ServiceError::new(
        ErrorKind::Conflict,
        format!("there is nothing to undo: readers see nothing of run `{run}`"),
    )
    .hint(
        "It was rolled back before, or computed the rows that were there. `select run_id, \
         started_at, state from system.runs` lists the runs.",
    )
}
