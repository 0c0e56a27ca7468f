//! Evidence that is past its retention: told, and erased if that was asked for.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use audit::Outcome;
use books::Retention;
use chrono::{DateTime, TimeDelta, Utc};
use project::DatasetName;
use serde_json::json;
use service::{
    Action, Call, ErrorKind, MaintainRequest, MaintenanceState, MaintenanceStep, MaintenanceTask,
    Result, ServiceError, Submission, SubmissionState,
};

use crate::erase::Entombed;
use crate::handles::Handles;
use crate::perform::{About, Gate};
use crate::{erase, failure, select};

/// Bodies that are erased by one maintenance at the most; the rest is for the next.
const BODIES: usize = 10_000;
/// Bodies that are erased by one act.
const AT_ONCE: usize = 200;
/// Submissions that are read at once.
const PAGE: u64 = 1000;

/// Bytes that are past their retention, whoever brought them.
struct Due {
    of: Vec<Submission>,
    reason: String,
}

impl Due {
    fn size_bytes(&self) -> u64 {
        let first = self.of.first();
        first.map_or(0, |one| one.receipt.evidence_size_bytes)
    }
}

/// A step for each dataset that has such evidence.
pub(super) async fn take(
    handles: &Arc<Handles>,
    (gate, call): (&Gate, &Call),
    request: &MaintainRequest,
    id: &str,
) -> Result<Vec<MaintenanceStep>> {
    let mut by_dataset: BTreeMap<DatasetName, Vec<Due>> = BTreeMap::new();
    for due in due(handles, &request.select).await? {
        if let Some(first) = due.of.first() {
            let dataset = first.receipt.dataset.clone();
            by_dataset.entry(dataset).or_default().push(due);
        }
    }
    let mut steps = Vec::new();
    for (dataset, all) in by_dataset {
        let started = Instant::now();
        let mut step = MaintenanceStep {
            dataset: dataset.clone(),
            task: MaintenanceTask::Erase,
            state: MaintenanceState::DryRun,
            version: None,
            files_removed: 0,
            files_added: 0,
            bytes_removed: 0,
            bytes_added: 0,
            seconds: 0.0,
            message: None,
        };
        for some in all.chunks(AT_ONCE) {
            let mut counted = some.iter().collect();
            if request.erase {
                step.state = MaintenanceState::Done;
                match act(gate, call, &dataset, some, id).await {
                    Ok(erased) => counted = erased,
                    Err(error) => {
                        step.state = MaintenanceState::Failed;
                        step.message = Some(match error.hint {
                            Some(hint) => format!("{}. {hint}", error.message),
                            None => error.message,
                        });
                        break;
                    }
                }
            }
            step.files_removed += counted.len() as u64;
            step.bytes_removed += counted.iter().map(|due| due.size_bytes()).sum::<u64>();
        }
        step.seconds = started.elapsed().as_secs_f64();
        steps.push(step);
    }
    Ok(steps)
}

/// Erases some bodies, as an act of its own: who may maintain tables may not do this yet. Gives
/// those that it erased.
async fn act<'d>(
    gate: &Gate,
    call: &Call,
    dataset: &DatasetName,
    some: &'d [Due],
    id: &str,
) -> Result<Vec<&'d Due>> {
    let about = About::dataset(dataset).detail(json!({
        "reason": "past its retention",
        "bodies": some.len(),
        "maintenance": id,
    }));
    let acting = gate.begin(call, Action::Erase, about).await?;
    let handles = Arc::clone(&acting.handles);
    let done = erased(&handles, &acting.principal.name, some).await;
    let (outcome, detail) = match &done {
        Ok(erased) => {
            let ids = erased.iter().flat_map(|due| &due.of);
            let ids = ids.map(|one| one.receipt.id.to_string());
            let detail = json!({ "submissions": ids.collect::<Vec<_>>() });
            (Outcome::Done, detail)
        }
        Err(error) => (Outcome::Failed, json!({ "error": error.message })),
    };
    acting.end(outcome, detail).await?;
    done
}

/// Those that were erased. What another node erases at the same time is its own to tell.
async fn erased<'d>(handles: &Handles, by: &str, some: &'d [Due]) -> Result<Vec<&'d Due>> {
    let mut begun = handles.erasing.lock().await;
    let (mut tombs, mut erased) = (Vec::new(), Vec::new());
    let mut refused = None;
    for due in some {
        match erase::entomb(handles, &mut begun, (by, &due.reason), &due.of).await {
            Ok(Entombed::Ours(tomb)) => {
                tombs.push(tomb);
                erased.push(due);
            }
            Ok(Entombed::Theirs(_)) => {}
            // The same bytes come again just now.
            Err(error) => {
                refused = Some(error);
                break;
            }
        }
    }
    erase::finish(handles, &tombs).await?;
    begun.end(&tombs);
    refused.map_or(Ok(erased), Err)
}

/// Bytes of which every submission that brought them is past its retention, oldest first.
async fn due(handles: &Handles, select: &[String]) -> Result<Vec<Due>> {
    let settings = handles.settings.evidence;
    let retention = Retention {
        before: before(handles.now(), settings.keep_days),
        restricted_before: before(handles.now(), settings.restricted_keep_days),
    };
    let (mut all, mut met, mut behind) = (Vec::new(), HashSet::new(), None);
    if retention.before.is_none() && retention.restricted_before.is_none() {
        return Ok(all);
    }
    loop {
        let page = handles.books.past_retention(retention, behind, PAGE).await;
        let page = page.map_err(failure::books)?;
        let Some(last) = page.last() else {
            return Ok(all);
        };
        behind = Some((last.receipt.received_at, last.receipt.id));
        for one in page {
            let receipt = &one.receipt;
            let chosen = select::chooses(select, &receipt.dataset);
            if !chosen || !met.insert(receipt.evidence_sha256.clone()) {
                continue;
            }
            let of = handles
                .books
                .submissions_of_evidence(&receipt.evidence_sha256);
            let mut of = of.await.map_err(failure::books)?;
            of.retain(|one| one.erased.is_none());
            let over =
                |one: &Submission| one.state != SubmissionState::Durable && retention.is_over(one);
            if of.iter().all(over) {
                let reason = reason(handles, &of);
                all.push(Due { of, reason });
            }
            if all.len() == BODIES {
                return Ok(all);
            }
        }
    }
}

fn before(now: DateTime<Utc>, days: u64) -> Option<DateTime<Utc>> {
    let days = i64::try_from(days).ok().filter(|days| *days > 0)?;
    now.checked_sub_signed(TimeDelta::try_days(days)?)
}

fn reason(handles: &Handles, of: &[Submission]) -> String {
    let settings = handles.settings.evidence;
    let restricted = of.iter().any(|one| one.restricted.is_some());
    let (name, days) = if restricted {
        (
            "evidence.restricted_keep_days",
            settings.restricted_keep_days,
        )
    } else {
        ("evidence.keep_days", settings.keep_days)
    };
    format!("past the {days} days of `{name}`")
}

/// Refuses to erase for whoever may not, before anything is done.
pub(super) async fn allowed(
    (gate, call): (&Gate, &Call),
    request: &MaintainRequest,
    id: &str,
) -> Result<()> {
    if !request.erase {
        return Ok(());
    }
    let about = About::named("evidence past its retention").detail(json!({ "maintenance": id }));
    let begun = gate.begin(call, Action::Erase, about).await;
    let begun = begun.map_err(|error| match error.kind {
        ErrorKind::Forbidden => ServiceError {
            hint: Some("Leave `erase` out, or ask an administrator to erase.".to_owned()),
            ..error
        },
        _ => error,
    });
    begun?.end(Outcome::Done, json!({ "allowed": true })).await
}
