//! Landing: check, stage, commit, record, answer.

use std::sync::Arc;

use lake::{StagedSubmission, Table};
use serde_json::{Map, json};
use service::{
    Ended, ErrorKind, Principal, Receipt, Relation, Result, RowCounts, RowErrors, ServiceError,
    Submission, SubmissionId, SubmissionState, SubmitAnswer, SubmitRequest, Superseded,
};

use super::admit::InWork;
use super::amend::{Amended, Amendment, Change};
use super::body::Body;
use super::claim::Manifest;
use super::judge::{Judged, Staged, check, discard, may_hold};
use super::tray::Rows;
use super::{Terms, quarantine, receipt, refused, restriction};
use crate::failure;
use crate::handles::Handles;
use crate::restate;

/// What is to land.
pub(crate) enum Work {
    Body(Body),
    /// A body that was judged while it was kept.
    Judged(Judged),
}

/// Where the rows of a submission land, and where those that do not.
pub(crate) async fn tables(
    handles: &Handles,
    terms: &Terms,
    submission: &Submission,
) -> Result<(Table, Table)> {
    let (dataset, quarantine) = (&terms.contract.dataset, quarantine::dataset()?);
    if may_hold(submission) {
        // Its rows are written when they are committed, and to the tables as they are then.
        let table = handles.known_table(dataset).await?;
        return Ok((table, handles.known_table(&quarantine).await?));
    }
    let table = handles.table(dataset).await?;
    Ok((table, handles.table(&quarantine).await?))
}

/// Lands a body that is kept: used when it arrives, and again after a crash.
pub(crate) async fn land(
    handles: &Arc<Handles>,
    terms: &Terms,
    submission: Submission,
    manifest: &Manifest,
    work: Work,
) -> Result<SubmitAnswer> {
    let id = submission.receipt.id;
    let (table, ledger) = tables(handles, terms, &submission).await?;
    let mut submission = submission;
    let judged = match work {
        Work::Judged(judged) => judged,
        Work::Body(body) => check(handles, terms, &submission, body, Some((&table, &ledger))).await,
    };
    let is_decided = |error: &ServiceError| error.kind == ErrorKind::Refused;
    if judged.outcome.as_ref().err().is_none_or(is_decided) {
        let marked = restriction::mark(handles, &mut submission, judged.restricted).await;
        if let Err(error) = marked {
            judged.discard((&table, &ledger)).await;
            return Err(kept(error, id));
        }
    }
    let staged = match judged.outcome {
        Ok(staged) => staged,
        Err(error) if is_decided(&error) => return refuse_whole(handles, submission, error).await,
        Err(error) => return Err(kept(error, id)),
    };
    settle(
        handles,
        terms,
        submission,
        staged,
        (&table, &ledger),
        manifest,
    )
    .await
    .map_err(|error| match error.kind {
        ErrorKind::Refused => error,
        _ => kept(error, id),
    })
}

/// What a body is checked for of which nothing lands.
pub(crate) struct Rehearsal {
    pub(crate) principal: Principal,
    pub(crate) request: SubmitRequest,
    pub(crate) receipt: Receipt,
}

impl Rehearsal {
    /// Checks a body and lands nothing of it.
    pub(crate) async fn hold(
        self,
        handles: &Arc<Handles>,
        terms: &Terms,
        body: Body,
    ) -> Result<SubmitAnswer> {
        let mut submission = Submission {
            state: SubmissionState::Durable,
            receipt: self.receipt,
            principal: String::new(),
            format: self.request.format,
            refusal: None,
            key: None,
            ended: None,
            restricted: None,
            erased: None,
            sealed: None,
        };
        let spooled = Arc::clone(&body.spooled);
        let judged = check(handles, terms, &submission, body, None).await;
        let staged = judged.outcome?;
        let restatement = if self.request.restatement && staged.counts.landed > 0 {
            let of = restate::of_body(handles, &self.principal, terms, &submission, spooled);
            Some(of.await?)
        } else {
            None
        };
        submission.receipt.rows = staged.counts;
        submission.receipt.control_totals = staged.control_totals;
        Ok(SubmitAnswer {
            receipt: submission.receipt,
            errors: staged.errors,
            replayed: false,
            dry_run: true,
            sealed: None,
            restatement,
        })
    }
}

/// Quarantine first, then the rows, then the books: a crash between them is mended on start.
async fn settle(
    handles: &Arc<Handles>,
    terms: &Terms,
    mut submission: Submission,
    staged: Staged,
    (table, ledger): (&Table, &Table),
    manifest: &Manifest,
) -> Result<SubmitAnswer> {
    let _landing = InWork::of("landing");
    let receipt = &mut submission.receipt;
    tracing::debug!(submission = %receipt.id, "its rows are staged");
    receipt.rows = staged.counts;
    receipt.control_totals = staged.control_totals;
    receipt.contract_version = terms.contract.version.to_string();
    if !staged.quarantined.is_empty() {
        let part = part(
            receipt,
            staged.quarantined,
            manifest.since(ledger.dataset()),
        );
        let committer = handles.committer(ledger).await;
        if let Err(error) = committer.append(part).await {
            discard(table, staged.landed).await;
            return Err(failure::lake(error));
        }
        tracing::debug!(submission = %receipt.id, "its quarantine is committed");
    }
    count_rows(receipt);
    if staged.counts.landed == 0 {
        discard(table, staged.landed).await;
        return refuse_rows(handles, submission, staged.errors).await;
    }
    let part = part(receipt, staged.landed, manifest.since(table.dataset()));
    let committed = match receipt.supersedes {
        None => {
            let committer = handles.committer(table).await;
            committer.append(part).await.map_err(failure::lake)?
        }
        Some(superseded) => {
            let amended = amend(handles, terms, table, superseded.relation, part).await;
            let amended = match amended {
                Ok(amended) => amended,
                Err(error) if error.kind == ErrorKind::Conflict => {
                    return refuse_whole(handles, submission, error).await;
                }
                Err(error) => return Err(error),
            };
            receipt.supersedes = Some(Superseded {
                rows: amended.rows,
                ..superseded
            });
            amended.committed
        }
    };
    tracing::debug!(submission = %receipt.id, "its rows are committed");
    receipt.table_version = Some(committed.version);
    receipt.committed_at = Some(committed.committed_at);
    let sealed = record(handles, receipt).await?;
    Ok(SubmitAnswer {
        receipt: submission.receipt,
        errors: staged.errors,
        replayed: false,
        dry_run: false,
        sealed: Some(sealed),
        restatement: None,
    })
}

/// Tells the books of a submission that is in its table; gives the signed receipt.
pub(crate) async fn record(handles: &Handles, receipt: &Receipt) -> Result<String> {
    let sealed = receipt::seal(handles, receipt)?;
    if let (Some(Superseded { relation, .. }), Some(at)) =
        (receipt.supersedes, receipt.committed_at)
        && let Relation::Replaces(root) = relation
    {
        let by = Some(receipt.id);
        let ended = handles.books.end_submission(root, Ended { by, at }).await;
        ended.map_err(failure::books)?;
    }
    let recorded = handles.books.commit_submission(receipt, &sealed).await;
    recorded.map_err(failure::books)?;
    tracing::debug!(submission = %receipt.id, "its receipt is kept");
    Ok(sealed)
}

/// Lands rows in place of others.
async fn amend(
    handles: &Handles,
    terms: &Terms,
    table: &Table,
    relation: Relation,
    part: StagedSubmission,
) -> Result<Amended> {
    let id = part.submission_id.parse().map_err(|error: uuid::Error| {
        ServiceError::new(ErrorKind::Internal, "a submission has no id").caused_by(error)
    })?;
    let root = super::known(handles, relation.target()).await?;
    let change = match relation {
        Relation::Replaces(_) => Change::Replace(id, &part.files),
        Relation::Corrects(_) => Change::Correct(id, &part.files),
    };
    let notes = Map::from_iter([(part.submission_id.clone(), part.info.into())]);
    let amendment = Amendment {
        table,
        contract: &terms.contract,
        root: &root,
        change,
        since: part.since,
        info: Map::from_iter([
            ("dtm.submissions".to_owned(), json!([part.submission_id])),
            ("dtm.notes".to_owned(), notes.into()),
        ]),
    };
    let amended = amendment.commit(handles).await;
    if let Err(error) = &amended
        && error.kind == ErrorKind::Conflict
    {
        table.discard(part.files).await.map_err(failure::lake)?;
    }
    amended
}

fn part(receipt: &Receipt, rows: Rows, since: i64) -> StagedSubmission {
    StagedSubmission {
        submission_id: receipt.id.to_string(),
        files: rows.files,
        held: rows.held,
        info: info(receipt),
        since,
    }
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
    let first = error.rows.as_ref().and_then(|rows| rows.errors.first());
    let rule = first.map_or_else(|| "body".to_owned(), |error| error.rule.clone());
    metrics::counter!("dtm_rejections_total", "of" => "body", "rule" => rule).increment(1);
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
    if !receipt.control_totals.is_empty() {
        let totals = receipt.control_totals.iter();
        let found = totals.map(|total| (total.name.clone(), json!(total.found)));
        info.insert("control_totals".to_owned(), Map::from_iter(found).into());
    }
    if let Some(superseded) = receipt.supersedes {
        let target = superseded.relation.target().to_string();
        info.insert(superseded.relation.as_str().to_owned(), json!(target));
    }
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
