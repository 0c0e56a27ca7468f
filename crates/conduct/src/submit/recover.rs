//! On start: submissions that were kept and not settled are looked up in the log, or landed again.

use std::sync::Arc;

use books::Place;
use chrono::TimeDelta;
use futures::StreamExt;
use lake::CommitRecord;
use service::{Door, Receipt, Result, RowCounts, ServiceError, Submission};

use super::amend::superseded_rows;
use super::body::{Body, Turn};
use super::claim::Manifest;
use super::{body, claim, evidence, land, restriction, terms};
use crate::failure;
use crate::handles::Handles;

/// Longer than any node takes from its books to its claim.
const CLAIMING: TimeDelta = TimeDelta::minutes(10);

/// Settles every submission that a crash left between evidence and receipt. One that cannot be
/// settled is logged and stays for the next start: it must not keep the node from serving.
pub(crate) async fn recover(handles: &Arc<Handles>) -> Result<()> {
    for submission in handles.books.unfinished().await.map_err(failure::books)? {
        let id = submission.receipt.id;
        match settle(handles, submission).await {
            Ok(()) => tracing::info!(submission = %id, "an unfinished submission was settled"),
            Err(error) => tracing::error!(
                submission = %id,
                error = %error,
                "an unfinished submission could not be settled; it is kept"
            ),
        }
    }
    Ok(())
}

async fn settle(handles: &Arc<Handles>, submission: Submission) -> Result<()> {
    let mut submission = submission;
    let Some(manifest) = claim::of(handles, &submission).await? else {
        return unclaimed(handles, submission).await;
    };
    let receipt = &mut submission.receipt;
    let table = handles.table(&receipt.dataset).await?;
    let since = manifest.since(&receipt.dataset);
    let id = receipt.id.to_string();
    let found = table.find_after(since, &id).await.map_err(failure::lake)?;
    if let Some(commit) = found {
        told(receipt, &commit);
        restriction::recall(handles, &mut submission).await?;
        return land::record(handles, &submission.receipt).await.map(drop);
    }
    land_again(handles, submission, &manifest).await
}

/// One that the books know and the store does not: of a release without manifests, or cut off
/// before its claim, and then nobody was told that it is kept.
async fn unclaimed(handles: &Arc<Handles>, mut submission: Submission) -> Result<()> {
    let receipt = &mut submission.receipt;
    let table = handles.table(&receipt.dataset).await?;
    let found = table.find_after(-1, &receipt.id.to_string()).await;
    if let Some(commit) = found.map_err(failure::lake)? {
        told(receipt, &commit);
        restriction::recall(handles, &mut submission).await?;
        return land::record(handles, &submission.receipt).await.map(drop);
    }
    // Of books that several nodes share, another may be about to claim it.
    let shared = matches!(handles.books.place(), Place::Server { .. });
    if shared && handles.now() - receipt.received_at < CLAIMING {
        return Ok(());
    }
    tracing::info!(submission = %receipt.id, "a submission that was not claimed is forgotten");
    let forgotten = handles.books.forget(receipt.id).await;
    forgotten.map_err(failure::books)
}

async fn land_again(
    handles: &Arc<Handles>,
    submission: Submission,
    manifest: &Manifest,
) -> Result<()> {
    let receipt = &submission.receipt;
    let (dataset, period) = (&receipt.dataset, &receipt.period);
    let agency = Some(receipt.agency.clone());
    let terms = terms(&handles.project(), dataset, period, agency)?;
    let bytes = evidence::open(handles, &submission).await?.bytes;
    let bytes = bytes
        .map(|chunk| chunk.map_err(std::io::Error::other))
        .boxed();
    // The store has patience of its own.
    let spooled = body::spool(handles, Door::Cli, bytes).await?;
    let body = Body {
        spooled: Arc::new(spooled),
        turn: Turn::Free,
    };
    match land::land(
        handles,
        &terms,
        submission,
        manifest,
        land::Work::Body(body),
    )
    .await
    {
        Err(ServiceError {
            kind: service::ErrorKind::Refused,
            ..
        })
        | Ok(_) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Completes a receipt from the commit that landed its rows.
fn told(receipt: &mut Receipt, commit: &CommitRecord) {
    let notes = &commit.info["dtm.notes"][&receipt.id.to_string()];
    let number = |key: &str| notes[key].as_u64().unwrap_or(0);
    receipt.rows = RowCounts {
        received: number("received"),
        landed: number("landed"),
        quarantined: number("quarantined"),
        warned: number("warned"),
    };
    if let Some(version) = notes["contract_version"].as_str() {
        version.clone_into(&mut receipt.contract_version);
    }
    if let Some(superseded) = &mut receipt.supersedes {
        superseded.rows = superseded_rows(commit);
    }
    for total in &mut receipt.control_totals {
        let found = notes["control_totals"][&total.name].as_str();
        total.found = found.map(str::to_owned);
    }
    receipt.table_version = Some(commit.version);
    receipt.committed_at = Some(commit.committed_at);
}
