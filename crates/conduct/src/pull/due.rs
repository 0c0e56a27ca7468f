//! How connectors stand, and which are due.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use books::ConnectorRecord;
use chrono::{DateTime, TimeDelta, Utc};
use project::{Connector, Schedule};
use service::{ConnectorState, Result};

use super::sources;
use crate::failure;
use crate::handles::Handles;

/// Time between two looks at what is due.
pub(super) const LOOK: Duration = Duration::from_secs(5);
/// How long a connector waits at least after its first failure; doubled with each further one.
const BACK_OFF: TimeDelta = TimeDelta::minutes(1);
/// How long it waits at the most.
const BACK_OFF_MOST: TimeDelta = TimeDelta::hours(6);

/// Every connector of the project with what is kept of it.
pub(super) async fn states(handles: &Handles) -> Result<Vec<ConnectorState>> {
    let project = handles.project();
    let (now, records) = (handles.now(), records(handles).await?);
    let state = |connector: &Connector| {
        let record = records.get(&connector.name);
        let held = record.and_then(|record| record.held.as_ref());
        ConnectorState {
            name: connector.name.clone(),
            title: connector.title.clone(),
            kind: connector.source.as_str().to_owned(),
            schedule: connector.schedule.to_string(),
            enabled: connector.enabled,
            running: held.is_some_and(|(_, until)| *until > now),
            mark: record
                .and_then(|record| record.mark.clone())
                .and_then(|mark| sources::told(connector, mark)),
            started_at: record.and_then(|record| record.started_at),
            ended_at: record.and_then(|record| record.ended_at),
            landed: record.map_or(0, |record| record.landed),
            refused: record.map_or(0, |record| record.refused),
            failures: record.map_or(0, |record| record.failures),
            error: record.and_then(|record| record.error.clone()),
            error_kind: record.and_then(|record| record.error_kind),
            due_at: connector
                .enabled
                .then(|| due_at(&connector.schedule, record, now))
                .flatten(),
        }
    };
    Ok(project.connectors.values().map(state).collect())
}

/// The connectors that are to run now. One that is seen for the first time is recorded.
pub(super) async fn due(handles: &Handles) -> Result<Vec<Connector>> {
    let project = handles.project();
    let enabled = project.connectors.values().filter(|c| c.enabled);
    let enabled: Vec<&Connector> = enabled.collect();
    if enabled.is_empty() || handles.is_stopping() {
        return Ok(Vec::new());
    }
    let now = handles.now();
    let records = records(handles).await?;
    let mut due = Vec::new();
    for connector in enabled {
        let record = records.get(&connector.name);
        if record.is_none() {
            let known = handles.books.know_connector(&connector.name, now).await;
            known.map_err(failure::books)?;
        }
        let held = record.and_then(|record| record.held.as_ref());
        let is_held = held.is_some_and(|(_, until)| *until > now);
        let at = due_at(&connector.schedule, record, now);
        if !is_held && at.is_some_and(|at| at <= now) {
            due.push(connector.clone());
        }
    }
    Ok(due)
}

async fn records(handles: &Handles) -> Result<BTreeMap<String, ConnectorRecord>> {
    let records = handles.books.connectors().await.map_err(failure::books)?;
    let named = records
        .into_iter()
        .map(|record| (record.name.clone(), record));
    Ok(named.collect())
}

/// When a connector is due: the first time after it last began, however many were missed.
fn due_at(
    schedule: &Schedule,
    record: Option<&ConnectorRecord>,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let Some(record) = record else {
        return if schedule.waits() {
            schedule.after(now)
        } else {
            Some(now)
        };
    };
    let at = match record.started_at {
        Some(started_at) => schedule.after(started_at)?,
        None if schedule.waits() => schedule.after(record.known_at)?,
        None => record.known_at,
    };
    let Some(ended_at) = record.ended_at.filter(|_| record.failures > 0) else {
        return Some(at);
    };
    let earliest = ended_at + back_off(record.failures);
    if at >= earliest {
        Some(at)
    } else if schedule.waits() {
        schedule.after(earliest)
    } else {
        Some(earliest)
    }
}

/// How long what failed so many times waits.
pub(crate) fn back_off(failures: u64) -> TimeDelta {
    let doubled = u32::try_from(failures.saturating_sub(1)).unwrap_or(u32::MAX);
    let times = 1_i32.checked_shl(doubled.min(16)).unwrap_or(i32::MAX);
    (BACK_OFF * times).min(BACK_OFF_MOST)
}

/// A connector's turn in this process; dropped, it is free again.
pub(super) struct Turn {
    handles: Arc<Handles>,
    name: String,
}

impl Turn {
    pub(super) fn take(handles: &Arc<Handles>, name: &str) -> Option<Self> {
        let mut pulling = handles
            .pulling
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        pulling.insert(name.to_owned()).then(|| Self {
            handles: Arc::clone(handles),
            name: name.to_owned(),
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let pulling = &self.handles.pulling;
        let mut pulling = pulling.lock().unwrap_or_else(PoisonError::into_inner);
        pulling.remove(&self.name);
    }
}
