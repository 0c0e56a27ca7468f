//! One table of a rollback.

use lake::{LakeError, Table};
use project::DatasetName;
use serde_json::{Map, Value, json};
use service::{ErrorKind, Result, ServiceError};

use crate::failure;
use crate::handles::Handles;
use crate::runs::{CONTRACT, INPUTS, MEANING, RUN, SQL};

/// The number of the rollback, in the commits that it made.
const ROLLBACK: &str = "dtm.rollback";
/// Commits of others that are given way to, before it gives up.
const RACES: usize = 16;

/// Why a table is restored.
pub(crate) struct Cause<'a> {
    /// The run that is undone.
    pub(crate) run: &'a str,
    /// The number of the rollback; none if the run was cut off.
    pub(crate) rollback: Option<u64>,
}

/// Restores the table unless it has the rows of version `to` already; gives its version. None if it
/// went its own way meanwhile: its columns are others now, or it is gone.
pub(crate) async fn restored(
    handles: &Handles,
    dataset: &DatasetName,
    to: i64,
    cause: &Cause<'_>,
) -> Result<Option<i64>> {
    for _ in 0..RACES {
        let table = match handles.lake.table(dataset).await {
            Ok(table) => table,
            Err(LakeError::NotFound(_)) => return left(dataset, cause),
            Err(error) => return Err(failure::lake(error)),
        };
        let newest = table.snapshot();
        let has_rows = table.same_rows(to, newest.version()).await;
        if has_rows.map_err(failure::lake)? {
            return Ok(Some(newest.version()));
        }
        let older = table.snapshot_at(to).await.map_err(failure::lake)?;
        if !older.same_columns(&newest) {
            return left(dataset, cause);
        }
        let notes = notes(&table, to, cause.rollback).await?;
        match table.restore(&older, newest.version(), notes).await {
            Ok(committed) => return Ok(Some(committed.version)),
            // Another committed first: its rows are looked at, too.
            Err(LakeError::Conflict(_)) => {}
            Err(error) => return Err(failure::lake(error)),
        }
    }
    Err(ServiceError::new(
        ErrorKind::Conflict,
        format!("cannot restore dataset `{dataset}`: others commit first, again and again"),
    )
    .hint("Ask for the rollback again when they have ended: it goes on where it stands."))
}

fn left(dataset: &DatasetName, cause: &Cause<'_>) -> Result<Option<i64>> {
    tracing::warn!(
        %dataset,
        run = cause.run,
        "not rolled back: since that was asked for, its table is another"
    );
    Ok(None)
}

/// What a commit says that restores a version: what made the rows, so that a run knows whether they
/// are current.
async fn notes(table: &Table, to: i64, rollback: Option<u64>) -> Result<Map<String, Value>> {
    let made = table.noting_until(to, RUN).await.map_err(failure::lake)?;
    let made = made.map(|record| record.info).unwrap_or_default();
    // Where no run made them, that is noted, too: an earlier note would be taken for theirs.
    let noted = [RUN, INPUTS, SQL, MEANING, CONTRACT].map(|key| {
        let value = made.get(key).cloned().unwrap_or_default();
        (key.to_owned(), value)
    });
    let mut notes = Map::from_iter(noted);
    if let Some(rollback) = rollback {
        notes.insert(ROLLBACK.to_owned(), json!(rollback));
    }
    Ok(notes)
}
