//! Landing: claim, check, stage, commit, answer.

use std::sync::Arc;

use books::{Claim, NewSubmission};
use ingest::Spooled;
use lake::{StagedFile, StagedSubmission, Table};
use serde_json::{Map, json};
use service::{
    ErrorKind, Receipt, Result, RowCounts, RowErrors, ServiceError, Submission, SubmissionId,
    SubmissionState, SubmitAnswer, SubmitRequest,
};

use super::judge::{Staged, check};
use super::{Terms, quarantine, refused, settled};
use crate::failure;
use crate::handles::Handles;

/// Whether a submission may have been landed in part before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Try {
    /// It was claimed just now.
    First,
    /// A crash or a failure came in between.
    Again,
}

/// Keeps the body, claims its key, and lands it.
pub(crate) async fn receive(
    handles: &Arc<Handles>,
    terms: &Terms,
    submission: Submission,
    key: Option<String>,
    spooled: Spooled,
) -> Result<SubmitAnswer> {
    // A missing table is found before anything is kept.
    handles.table(&terms.contract.dataset).await?;
    let evidence = handles.lake.evidence();
    evidence
        .put_file(spooled.path(), spooled.sha256(), spooled.size_bytes())
        .await
        .map_err(failure::lake)?;
    let receipt = &submission.receipt;
    let claim = NewSubmission {
        id: receipt.id,
        agency: receipt.agency.clone(),
        dataset: receipt.dataset.clone(),
        period: receipt.period.clone(),
        contract_version: receipt.contract_version.clone(),
        format: submission.format,
        key,
        principal: submission.principal.clone(),
        evidence_sha256: receipt.evidence_sha256.clone(),
        evidence_size_bytes: receipt.evidence_size_bytes,
        received_at: receipt.received_at,
    };
    let _working = Working::take(handles, receipt.id);
    match handles.books.claim(&claim).await.map_err(failure::books)? {
        Claim::New => land(handles, terms, submission, spooled, Try::First).await,
        Claim::OtherBody(id) => Err(ServiceError::new(
            ErrorKind::Conflict,
            format!("the key was used for submission `{id}` with another body or period"),
        )
        .hint("Send the new body under a new `Idempotency-Key`.")),
        Claim::Replay(found) if found.state != SubmissionState::Durable => {
            settled(handles, *found, true).await
        }
        Claim::Replay(found) => match Working::take(handles, found.receipt.id) {
            Some(_working) => land(handles, terms, *found, spooled, Try::Again).await,
            None => Err(ServiceError::new(
                ErrorKind::Unavailable,
                format!(
                    "submission `{}` with this key is being landed",
                    found.receipt.id
                ),
            )
            .hint("Ask again in a moment with the same key for its receipt.")),
        },
    }
}

/// Lands a body that is kept: used when it arrives, and again after a crash.
pub(crate) async fn land(
    handles: &Arc<Handles>,
    terms: &Terms,
    submission: Submission,
    spooled: Spooled,
    time: Try,
) -> Result<SubmitAnswer> {
    let id = submission.receipt.id;
    let table = handles.table(&terms.contract.dataset).await?;
    let ledger = handles.table(&quarantine::dataset()?).await?;
    let staged = match check(
        handles,
        terms,
        &submission,
        spooled,
        Some((&table, &ledger)),
    )
    .await
    {
        Ok(staged) => staged,
        Err(error) if error.kind == ErrorKind::Refused => {
            return refuse_whole(handles, submission, error).await;
        }
        Err(error) => return Err(kept(error, id)),
    };
    settle(handles, submission, staged, (&table, &ledger), time)
        .await
        .map_err(|error| {
            if error.kind == ErrorKind::Refused {
                error
            } else {
                kept(error, id)
            }
        })
}

/// Checks a body and lands nothing of it.
pub(crate) async fn rehearse(
    handles: &Arc<Handles>,
    terms: &Terms,
    request: &SubmitRequest,
    receipt: Receipt,
    spooled: Spooled,
) -> Result<SubmitAnswer> {
    let mut submission = Submission {
        state: SubmissionState::Durable,
        receipt,
        principal: String::new(),
        format: request.format,
        refusal: None,
    };
    let staged = check(handles, terms, &submission, spooled, None).await?;
    submission.receipt.rows = staged.counts;
    Ok(SubmitAnswer {
        receipt: submission.receipt,
        errors: staged.errors,
        replayed: false,
        dry_run: true,
    })
}

/// Quarantine first, then the rows, then the books: a crash between them is mended on start.
async fn settle(
    handles: &Arc<Handles>,
    mut submission: Submission,
    staged: Staged,
    (table, ledger): (&Table, &Table),
    time: Try,
) -> Result<SubmitAnswer> {
    let Staged {
        counts,
        errors,
        landed,
        quarantined,
    } = staged;
    submission.receipt.rows = counts;
    quarantine_rows(handles, &submission.receipt, quarantined, ledger, time).await?;
    count_rows(&submission.receipt);
    if counts.landed == 0 {
        table.discard(landed).await.map_err(failure::lake)?;
        return refuse_rows(handles, submission, errors).await;
    }
    let receipt = &mut submission.receipt;
    let part = StagedSubmission {
        submission_id: receipt.id.to_string(),
        files: landed,
        info: info(receipt),
    };
    let committed = handles
        .committer(table)
        .await
        .append(part)
        .await
        .map_err(failure::lake)?;
    handles
        .books
        .commit_submission(
            receipt.id,
            counts,
            committed.version,
            committed.committed_at,
        )
        .await
        .map_err(failure::books)?;
    receipt.table_version = Some(committed.version);
    receipt.committed_at = Some(committed.committed_at);
    Ok(SubmitAnswer {
        receipt: submission.receipt,
        errors,
        replayed: false,
        dry_run: false,
    })
}

async fn quarantine_rows(
    handles: &Arc<Handles>,
    receipt: &Receipt,
    files: Vec<StagedFile>,
    ledger: &Table,
    time: Try,
) -> Result<()> {
    let id = receipt.id.to_string();
    // Only a second try can find its quarantine there already; the look reads the log.
    let known = match time {
        Try::First => false,
        Try::Again => ledger
            .find_submission(&id)
            .await
            .map_err(failure::lake)?
            .is_some(),
    };
    if known {
        return ledger.discard(files).await.map_err(failure::lake);
    }
    if !files.is_empty() {
        let part = StagedSubmission {
            submission_id: id,
            files,
            info: info(receipt),
        };
        handles
            .committer(ledger)
            .await
            .append(part)
            .await
            .map_err(failure::lake)?;
    }
    Ok(())
}

/// The answer to a body of which no row may land.
async fn refuse_rows(
    handles: &Handles,
    mut submission: Submission,
    errors: RowErrors,
) -> Result<SubmitAnswer> {
    let counts = submission.receipt.rows;
    let reason = if counts.received == 0 {
        "the body holds no rows".to_owned()
    } else {
        format!("none of the {} rows landed", counts.received)
    };
    handles
        .books
        .refuse_submission(submission.receipt.id, counts, &reason)
        .await
        .map_err(failure::books)?;
    submission.refusal = Some(reason);
    Err(refused(&submission, errors))
}

async fn refuse_whole(
    handles: &Handles,
    mut submission: Submission,
    error: ServiceError,
) -> Result<SubmitAnswer> {
    let id = submission.receipt.id;
    handles
        .books
        .refuse_submission(id, RowCounts::default(), &error.message)
        .await
        .map_err(failure::books)?;
    submission.refusal = Some(error.message);
    let mut answer = refused(&submission, error.rows.unwrap_or_default());
    if let (Some(way_out), Some(kept)) = (error.hint, answer.hint.take()) {
        answer.hint = Some(format!("{way_out} {kept}"));
    }
    Err(answer)
}

/// What the commit says of a submission, so that its receipt can be rebuilt from the table alone.
fn info(receipt: &Receipt) -> Map<String, serde_json::Value> {
    let mut info = Map::new();
    info.insert("agency".to_owned(), json!(receipt.agency.as_str()));
    info.insert("period".to_owned(), json!(receipt.period.as_str()));
    info.insert(
        "contract_version".to_owned(),
        json!(receipt.contract_version),
    );
    info.insert("evidence_sha256".to_owned(), json!(receipt.evidence_sha256));
    info.insert("received".to_owned(), json!(receipt.rows.received));
    info.insert("landed".to_owned(), json!(receipt.rows.landed));
    info.insert("quarantined".to_owned(), json!(receipt.rows.quarantined));
    info.insert("warned".to_owned(), json!(receipt.rows.warned));
    info
}

fn count_rows(receipt: &Receipt) {
    let dataset = receipt.dataset.to_string();
    let rows = receipt.rows;
    for (outcome, number) in [("landed", rows.landed), ("quarantined", rows.quarantined)] {
        let labels = [
            ("dataset", dataset.clone()),
            ("outcome", outcome.to_owned()),
        ];
        metrics::counter!("dtm_rows_received_total", &labels).increment(number);
    }
}

fn kept(mut error: ServiceError, id: SubmissionId) -> ServiceError {
    error.submission = Some(id);
    error.hint = Some(format!(
        "The body is kept as submission `{id}`, and landing it is taken up again when the node \
         starts, or when it is sent again under the same key."
    ));
    error
}

/// A mark that this process is landing a submission, so that a replay does not land it twice.
struct Working {
    handles: Arc<Handles>,
    id: SubmissionId,
}

impl Working {
    fn take(handles: &Arc<Handles>, id: SubmissionId) -> Option<Self> {
        let mut in_work = handles
            .in_work
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        in_work.insert(id).then(|| Self {
            handles: Arc::clone(handles),
            id,
        })
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        let mut in_work = self
            .handles
            .in_work
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        in_work.remove(&self.id);
    }
}
