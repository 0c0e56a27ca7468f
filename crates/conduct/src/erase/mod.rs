//! Erasing: the bytes of evidence go for good; hash, receipt and rows stay.
//!
//! A tombstone is put first, so that what a crash cuts off is finished on start or when it is asked
//! again. Bytes that several submissions brought are erased for all of them or not at all. Who comes
//! with the same bytes at the same time is seen by the erasure, which then does nothing, or sees the
//! tombstone and keeps them under another name. Of nodes that erase the same bytes at the same time
//! one does: a tombstone that another may be at is left to it.

mod begun;
mod finish;
mod keeping;
mod kept;

use std::sync::Arc;

use audit::Outcome;
use serde_json::json;
use service::{
    Action, Call, EraseReport, EraseRequest, Erasure, ErrorKind, Result, ServiceError, Submission,
    SubmissionId, SubmissionState,
};

use crate::handles::Handles;
use crate::perform::{About, Gate};
use crate::{failure, submit};
use kept::{State, Tombstone};

pub(crate) use begun::{Begun, Entombed, entomb};
pub(crate) use finish::{finish, recover};
pub(crate) use keeping::{Held, Keeping};
pub(crate) use kept::{of, recall, times};

/// The longest reason.
const REASON_CHARS: usize = 1000;
/// Submissions that an error names.
const NAMED: usize = 10;

/// Erases the evidence of a submission.
pub(crate) async fn erase(gate: &Gate, call: &Call, request: EraseRequest) -> Result<EraseReport> {
    let agency = gate.agency_of_submission(request.id).await?;
    let about = About::named(format!("evidence of submission {}", request.id))
        .of_agency(agency)
        .detail(json!({ "reason": told(&request.reason), "others": request.others }));
    let acting = gate.begin(call, Action::Erase, about).await?;
    let handles = Arc::clone(&acting.handles);
    let done = act(&handles, &acting.principal.name, &request).await;
    let (outcome, detail) = match &done {
        Ok(report) => (Outcome::Done, detail(report)),
        Err(error) => (Outcome::Failed, json!({ "error": error.message })),
    };
    acting.end(outcome, detail).await?;
    done
}

/// What the journal keeps of an erasure.
fn detail(report: &EraseReport) -> serde_json::Value {
    let ids = report.submissions.iter().map(ToString::to_string);
    json!({
        "sha256": report.sha256,
        "size_bytes": report.size_bytes,
        "submissions": ids.collect::<Vec<_>>(),
    })
}

async fn act(handles: &Arc<Handles>, by: &str, request: &EraseRequest) -> Result<EraseReport> {
    let reason = reason(&request.reason)?;
    let mut begun = handles.erasing.lock().await;
    let found = submit::known(handles, request.id).await?;
    let sha256 = &found.receipt.evidence_sha256;
    // One that was begun is finished: whoever began it had consent, and bytes may be gone.
    let mut all = listing(handles, sha256, request.id).await?;
    if found.erased.is_none() {
        all = standing(handles, &mut begun, all).await?;
        if all.is_empty() {
            let live = live(handles, &found, request.others).await?;
            if live.is_empty() {
                // Another node has erased them since they were looked at.
                let since = listing(handles, sha256, request.id).await?;
                all = standing(handles, &mut begun, since).await?;
            } else {
                match entomb(handles, &mut begun, (by, &reason), &live).await? {
                    Entombed::Theirs(one) if one.state == State::Pending => {
                        return Err(at_it(&one));
                    }
                    Entombed::Ours(one) | Entombed::Theirs(one) => all.push(one),
                }
            }
        }
    }
    finish(handles, &all).await?;
    begun.end(&all);
    report(handles, request.id, &all).await
}

/// The tombstones of these bytes that list the submission and are not void.
async fn listing(handles: &Handles, sha256: &str, id: SubmissionId) -> Result<Vec<Tombstone>> {
    let mut all = kept::all(handles, sha256).await?;
    all.retain(|one| one.state != State::Void && one.lists(id));
    Ok(all)
}

/// Those that nothing stands in the way of; the others are void.
async fn standing(
    handles: &Handles,
    begun: &mut Begun,
    all: Vec<Tombstone>,
) -> Result<Vec<Tombstone>> {
    let mut standing = Vec::new();
    for one in all {
        if begun.is_theirs(handles, &one) {
            return Err(at_it(&one));
        }
        if one.state == State::Done || begun.stands(handles, &one).await? {
            standing.push(one);
        }
    }
    Ok(standing)
}

/// Every submission whose evidence the bytes are, if they may all be erased.
async fn live(handles: &Handles, found: &Submission, others: bool) -> Result<Vec<Submission>> {
    let receipt = &found.receipt;
    let of = handles
        .books
        .submissions_of_evidence(&receipt.evidence_sha256);
    let mut live: Vec<Submission> = of.await.map_err(failure::books)?;
    live.retain(|one| one.erased.is_none());
    let undecided = |one: &&Submission| one.state == SubmissionState::Durable;
    if let Some(open) = live.iter().find(undecided) {
        return Err(not_decided(open.receipt.id));
    }
    if live.len() > 1 && !others {
        return Err(shared(found, &live));
    }
    Ok(live)
}

/// What became of the submissions that these tombstones list.
async fn report(handles: &Handles, id: SubmissionId, of: &[Tombstone]) -> Result<EraseReport> {
    let erased = submit::known(handles, id).await?;
    let Some(erasure) = erased.erased else {
        let message = format!("the erasure of submission `{id}` is not recorded");
        return Err(ServiceError::new(ErrorKind::Unavailable, message).hint("Ask again."));
    };
    let sha256 = erased.receipt.evidence_sha256;
    let all = handles.books.submissions_of_evidence(&sha256).await;
    let mut all = all.map_err(failure::books)?;
    all.retain(|one| of.iter().any(|tomb| tomb.lists(one.receipt.id)));
    let ids = all.iter().map(|one| one.receipt.id);
    let others = ids.filter(|other| *other != id);
    Ok(EraseReport {
        submissions: std::iter::once(id).chain(others).collect(),
        sha256,
        size_bytes: erased.receipt.evidence_size_bytes,
        rows_landed: all.iter().map(|one| one.receipt.rows.landed).sum(),
        erasure,
    })
}

/// The error of whoever wants what was erased.
pub(crate) fn gone(id: SubmissionId, erasure: &Erasure) -> ServiceError {
    let message = format!("the evidence of submission `{id}` {}", how(erasure));
    ServiceError::new(ErrorKind::Gone, message).hint(
        "Its SHA-256 and its receipt stay. Whoever has the file can send it again, as evidence of \
         a new submission.",
    )
}

/// When, by whom and why.
pub(crate) fn how(erasure: &Erasure) -> String {
    let Erasure {
        at,
        principal,
        reason,
    } = erasure;
    let at = at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
    format!("was erased at {at} by `{principal}`: {reason}")
}

/// The reason as the journal may keep it, whatever it is.
fn told(given: &str) -> String {
    if ingest::looks_personal(given) {
        return ingest::mask(given);
    }
    given.chars().take(REASON_CHARS).collect()
}

fn reason(given: &str) -> Result<String> {
    let reason = given.trim();
    let invalid = |message: &str, hint: String| {
        Err(ServiceError::new(ErrorKind::Invalid, message).hint(hint))
    };
    if reason.is_empty() || reason.chars().count() > REASON_CHARS {
        let message = "the erasure gives no reason that can be kept";
        return invalid(
            message,
            format!("Say why, in 1 to {REASON_CHARS} characters."),
        );
    }
    if ingest::looks_personal(reason) {
        let hint = "The reason is kept for good. Say why without a number, an address or a name.";
        return invalid(
            "the reason itself looks like personal data",
            hint.to_owned(),
        );
    }
    Ok(reason.to_owned())
}

/// The error of whoever wants to erase what another node erases.
fn at_it(one: &Tombstone) -> ServiceError {
    let Tombstone {
        sha256,
        at,
        principal,
        ..
    } = one;
    let at = at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
    let message = format!(
        "the bytes `{sha256}` are being erased by another node, for `{principal}` since {at}"
    );
    ServiceError::new(ErrorKind::Unavailable, message).hint(
        "Ask again in a moment for what became of it. Should that node have died, the erasure is \
         taken up ten minutes after it began.",
    )
}

fn not_decided(id: SubmissionId) -> ServiceError {
    let message = format!(
        "the evidence of submission `{id}` cannot be erased: whether its rows land is not decided yet"
    );
    ServiceError::new(ErrorKind::Conflict, message).hint(
        "Ask again when it is committed or refused. Landing it is taken up again when the node \
         starts, or when it is sent again under the same key.",
    )
}

fn shared(found: &Submission, live: &[Submission]) -> ServiceError {
    let id = found.receipt.id;
    let ids = live.iter().map(|one| one.receipt.id);
    let others: Vec<String> = ids
        .filter(|other| *other != id)
        .map(|other| format!("`{other}`"))
        .collect();
    let more = others.len().saturating_sub(NAMED);
    let named = others[..others.len().min(NAMED)].join(", ");
    let more = match more {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let message = format!(
        "the evidence of submission `{id}` is also that of {named}{more}: the same bytes came with \
         them"
    );
    ServiceError::new(ErrorKind::Conflict, message)
        .hint("Ask with `others` (`--others`, the box on the page) to erase it for all of them.")
}
