//! Which published figures data would change that no run has taken: before a correction is landed,
//! before a submission is withdrawn, and of what waits for the next run.
//!
//! What is published is held against what is published *and* those rows, so that the difference is
//! theirs alone, and nobody sees figures of others that are not published yet. It is bounded as a
//! query is, and keeps nothing.

mod cited;
mod moved;
mod number;
mod work;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use access::Resource;
use arrow::record_batch::RecordBatch;
use engine::{DifferentRow, DifferentValue};
use ingest::Spooled;
use project::{Classification, Contract, DatasetName, Layer, Project};
use serde_json::json;
use service::{
    Action, Call, ErrorKind, Principal, RestateRequest, RestatedDataset, RestatedFigure,
    RestatedRow, Restatement, Result, ServiceError, Submission, SubmissionId,
};
use tokio::sync::OwnedSemaphorePermit;

use crate::failure;
use crate::handles::Handles;
use crate::perform::{About, Gate};
use crate::query::is_published;
use crate::submit::{self, Terms};
use moved::{Change, Moved};
use work::{Step, Work};

/// Rows of a body are held in memory up to this.
const HELD_BYTES: usize = 128 << 20;

/// What a withdrawal would change, or what waits.
pub(crate) async fn restate(
    gate: &Gate,
    call: &Call,
    request: RestateRequest,
) -> Result<Restatement> {
    match request {
        RestateRequest::Withdrawal(id) => {
            let agency = gate.agency_of_submission(id).await?;
            let about = About::named(format!("submission {id}")).of_agency(agency);
            let about = about.detail(json!({ "dry_run": true }));
            gate.perform(
                call,
                Action::Withdraw,
                about,
                |handles, principal| async move { of_withdrawal(&handles, &principal, id).await },
            )
            .await
        }
        RestateRequest::Waiting => {
            let about = About::named("project").detail(json!({ "restatement": true }));
            gate.perform(call, Action::Plan, about, |handles, principal| async move {
                of_what_waits(&handles, &principal).await
            })
            .await
        }
    }
}

/// What a body would change whose dry run found rows that would land.
pub(crate) async fn of_body(
    handles: &Handles,
    principal: &Principal,
    terms: &Terms,
    submission: &Submission,
    body: Arc<Spooled>,
) -> Result<Restatement> {
    let _place = place(handles).await?;
    let come = coming(handles, terms, submission, body).await?;
    let relation = submission.receipt.supersedes.map(|of| of.relation);
    let change = Change::of_body(handles, &terms.contract, relation, come).await?;
    changed(handles, principal, &terms.project, change).await
}

async fn of_withdrawal(
    handles: &Handles,
    principal: &Principal,
    id: SubmissionId,
) -> Result<Restatement> {
    let root = submit::withdrawable(handles, id).await?;
    let _place = place(handles).await?;
    let contract = handles.contract(&root.receipt.dataset)?;
    let change = Change::of_withdrawal(handles, &contract, id).await?;
    changed(handles, principal, &handles.project(), change).await
}

async fn of_what_waits(handles: &Handles, principal: &Principal) -> Result<Restatement> {
    let _place = place(handles).await?;
    let project = handles.project();
    let read = read(handles).await?;
    let mut work = work(handles, &project);
    for dataset in received(handles, &project)? {
        let Some(version) = read.get(&dataset) else {
            let table = handles.table(&dataset).await?;
            let now = table.provider().map_err(failure::lake)?;
            let rows = table.row_count().map_err(failure::lake)?;
            if rows > 0 {
                work.moved.insert(dataset, Moved::unread(now));
            }
            continue;
        };
        if let Some(moved) = moved::since(handles, &dataset, *version).await? {
            work.moved.insert(dataset, moved);
        }
    }
    told(work, principal, Vec::new()).await
}

/// What the change of a received dataset would change.
async fn changed(
    handles: &Handles,
    principal: &Principal,
    project: &Project,
    change: Change<'_>,
) -> Result<Restatement> {
    let read = read(handles).await?;
    let mut waiting = Vec::new();
    for dataset in received(handles, project)? {
        let table = handles.table(&dataset).await?;
        let is_read = match read.get(&dataset) {
            Some(version) => table.same_rows(*version, table.version()).await,
            None => table.row_count().map(|rows| rows == 0),
        };
        if !is_read.map_err(failure::lake)? {
            waiting.push(dataset);
        }
    }
    let mut work = work(handles, project);
    work.read = Some(read);
    let dataset = change.contract.dataset.clone();
    let there = work.given(&dataset).await?;
    let moved = change.to(handles, there, work.limits).await?;
    work.moved.insert(dataset, moved);
    told(work, principal, waiting).await
}

fn work<'a>(handles: &'a Handles, project: &'a Project) -> Work<'a> {
    Work {
        handles,
        project,
        limits: handles.settings.query,
        read: None,
        moved: BTreeMap::new(),
        failed: BTreeSet::new(),
        sessions: Vec::new(),
    }
}

/// The datasets that agencies send.
fn received(handles: &Handles, project: &Project) -> Result<Vec<DatasetName>> {
    let mut found = Vec::new();
    for transformation in project.transformations.values() {
        let statement = engine::Statement::parse(&transformation.sql).map_err(failure::engine)?;
        found.extend(
            statement
                .inputs()
                .iter()
                .filter(|d| d.layer() == Layer::Raw)
                .cloned(),
        );
    }
    found.sort();
    found.dedup();
    found.retain(|dataset| handles.contract(dataset).is_ok());
    Ok(found)
}

/// The versions of received datasets that what is published was made from.
async fn read(handles: &Handles) -> Result<BTreeMap<DatasetName, i64>> {
    let set = handles.published.newest().await?;
    let inputs = set.inputs.iter();
    Ok(inputs
        .filter_map(|(name, version)| Some((name.parse().ok()?, *version)))
        .collect())
}

async fn told(
    mut work: Work<'_>,
    principal: &Principal,
    waiting: Vec<DatasetName>,
) -> Result<Restatement> {
    let steps = work.all().await?;
    let may = |action: Action| access::decide(principal, action, &Resource::default()).is_allowed();
    let (queries, reads) = (may(Action::Query), may(Action::ReadFigures));
    let sees = |contract: &Contract| queries || (reads && is_published(contract));
    let (seen, others): (Vec<Step>, Vec<Step>) =
        steps.into_iter().partition(|step| sees(&step.contract));
    let mut restatement = Restatement {
        hidden: others.len() as u64,
        datasets: seen.into_iter().map(dataset).collect(),
        waiting,
        ..Restatement::default()
    };
    cited::cited(&work, may(Action::ReadRendition), &mut restatement).await?;
    Ok(restatement)
}

fn dataset(step: Step) -> RestatedDataset {
    let restricted = step.contract.classification == Classification::Restricted;
    let rows = step.difference.examples.into_iter().filter(|_| !restricted);
    RestatedDataset {
        dataset: step.contract.dataset,
        state: step.state,
        message: step.message,
        scope: step.scope,
        added: step.difference.added,
        removed: step.difference.removed,
        changed: step.difference.changed,
        rows: rows.map(|of| row(of, &step.texts)).collect(),
    }
}

fn row(of: DifferentRow, texts: &BTreeSet<String>) -> RestatedRow {
    let shown = |column: &str, value: String| {
        if texts.contains(column) && ingest::looks_personal(&value) {
            ingest::mask(&value)
        } else {
            value
        }
    };
    let figure = |of: DifferentValue| {
        let numbers = of.before.as_deref().zip(of.after.as_deref());
        let numbers = numbers.filter(|_| !texts.contains(&of.column));
        let (difference, relative) = numbers
            .map(|(before, after)| number::difference(before, after))
            .unwrap_or_default();
        RestatedFigure {
            before: of.before.map(|value| shown(&of.column, value)),
            after: of.after.map(|value| shown(&of.column, value)),
            column: of.column,
            difference,
            relative,
        }
    };
    let key = of.key.into_iter();
    let key = key.map(|(column, value)| {
        let value = shown(&column, value);
        (column, value)
    });
    RestatedRow {
        how: of.how,
        key: key.collect(),
        figures: of.values.into_iter().map(figure).collect(),
    }
}

/// One of the places of queries, as its work is theirs.
async fn place(handles: &Handles) -> Result<OwnedSemaphorePermit> {
    let place = Arc::clone(&handles.queries).acquire_owned().await;
    place.map_err(|_| {
        ServiceError::new(ErrorKind::Unavailable, "the node is stopping")
            .hint("Ask again in a moment.")
    })
}

/// The rows of a body that would land.
async fn coming(
    handles: &Handles,
    terms: &Terms,
    submission: &Submission,
    body: Arc<Spooled>,
) -> Result<Vec<RecordBatch>> {
    let (checking, mut receiver) = submit::decoded(handles, terms, submission, body, Vec::new())?;
    let taking = async {
        let (mut rows, mut held) = (Vec::new(), 0);
        while let Some(checked) = receiver.recv().await {
            held += checked.landed.get_array_memory_size();
            if held > HELD_BYTES {
                receiver.close();
                return Err(too_large());
            }
            if checked.landed.num_rows() > 0 {
                rows.push(checked.landed);
            }
        }
        Ok(rows)
    };
    let (checked, taken) = tokio::join!(checking, taking);
    let rows = taken?;
    checked?;
    Ok(rows)
}

fn too_large() -> ServiceError {
    let message = format!(
        "the rows of the body take more than {} MiB, which is the limit of a restatement",
        HELD_BYTES >> 20
    );
    ServiceError::new(ErrorKind::LimitExceeded, message)
        .hint("Ask for it with the rows that change alone, or for a dry run without it.")
}
