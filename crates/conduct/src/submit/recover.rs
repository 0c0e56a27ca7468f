//! On start: submissions that were kept and not settled are looked up in the log, or landed again.

use std::sync::Arc;

use futures::StreamExt;
use serde_json::{Map, Value};
use service::{Door, Result, RowCounts, ServiceError, Submission, SubmitRequest};

use super::{body, land, terms};
use crate::failure;
use crate::handles::Handles;

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
    let receipt = &submission.receipt;
    let table = handles.table(&receipt.dataset).await?;
    let found = table
        .find_submission(&receipt.id.to_string())
        .await
        .map_err(failure::lake)?;
    if let Some(commit) = found {
        let counts = counts_of(&commit.info, &receipt.id.to_string());
        return handles
            .books
            .commit_submission(receipt.id, counts, commit.version, commit.committed_at)
            .await
            .map_err(failure::books);
    }
    let request = SubmitRequest {
        dataset: receipt.dataset.clone(),
        agency: Some(receipt.agency.clone()),
        period: receipt.period.clone(),
        format: submission.format,
        key: None,
        dry_run: false,
    };
    let terms = terms(&handles.project(), &request, Some(receipt.agency.clone()))?;
    let sha256 = receipt.evidence_sha256.clone();
    let kept = handles
        .lake
        .evidence()
        .get(&sha256)
        .await
        .map_err(failure::lake)?;
    let bytes = kept
        .bytes
        .map(|chunk| chunk.map_err(std::io::Error::other))
        .boxed();
    // The store has patience of its own.
    let spooled = body::spool(handles, Door::Cli, bytes).await?;
    match land::land(handles, &terms, submission, spooled, land::Try::Again).await {
        Err(ServiceError {
            kind: service::ErrorKind::Refused,
            ..
        })
        | Ok(_) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The counts that the commit keeps of each of its submissions.
fn counts_of(info: &Map<String, Value>, id: &str) -> RowCounts {
    let number = |key: &str| {
        let of = info
            .get("dtm.notes")
            .and_then(|all| all.get(id))
            .and_then(|one| one.get(key));
        of.and_then(Value::as_u64).unwrap_or(0)
    };
    RowCounts {
        received: number("received"),
        landed: number("landed"),
        quarantined: number("quarantined"),
        warned: number("warned"),
    }
}
