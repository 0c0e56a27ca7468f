//! Withdrawing: the rows of a submission, and of its corrections, leave the table.

use project::Contract;
use serde_json::{Map, json};
use service::{
    Action, Call, Ended, ErrorKind, Receipt, Result, ServiceError, Submission, SubmissionId,
    WithdrawRequest,
};

use super::amend::{self, Amendment, Change};
use crate::handles::Handles;
use crate::perform::{About, Gate};
use crate::{failure, obligations};

/// The note of which submission a commit withdraws.
pub(crate) const NOTE: &str = "dtm.withdrawn";
const REASON: &str = "dtm.reason";
const BY: &str = "dtm.principal";

/// The longest reason.
const REASON_CHARS: usize = 1000;

/// Withdraws a submission, once.
pub(crate) async fn withdraw(
    gate: &Gate,
    call: &Call,
    request: WithdrawRequest,
) -> Result<Submission> {
    let agency = gate.agency_of_submission(request.id).await?;
    let about = About::named(format!("submission {}", request.id))
        .of_agency(agency)
        .detail(json!({ "reason": request.reason }));
    gate.perform(
        call,
        Action::Withdraw,
        about,
        |handles, principal| async move {
            let reason = request.reason.trim();
            if reason.is_empty() || reason.chars().count() > REASON_CHARS {
                return Err(ServiceError::new(
                    ErrorKind::Invalid,
                    "the withdrawal gives no reason that can be kept",
                )
                .hint(format!("Say why, in 1 to {REASON_CHARS} characters.")));
            }
            let _landing = handles.landing.read().await;
            let found = super::known(&handles, request.id).await?;
            if found.ended.is_some_and(|ended| ended.by.is_none()) {
                return Ok(found);
            }
            amend::is_root(&found)?;
            amend::stands(&found)?;
            let info = Map::from_iter([
                (NOTE.to_owned(), json!(request.id.to_string())),
                (REASON.to_owned(), json!(reason)),
                (BY.to_owned(), json!(principal.name)),
            ]);
            take_out(&handles, &found, info).await?;
            super::known(&handles, request.id).await
        },
    )
    .await
}

/// The submission, if it could be withdrawn now.
pub(crate) async fn withdrawable(handles: &Handles, id: SubmissionId) -> Result<Submission> {
    let found = super::known(handles, id).await?;
    amend::is_root(&found)?;
    amend::stands(&found)?;
    let contract = handles.contract(&found.receipt.dataset)?;
    match refusal(handles, &contract, &found.receipt).await? {
        Some(refusal) => Err(refusal),
        None => Ok(found),
    }
}

async fn take_out(
    handles: &Handles,
    root: &Submission,
    info: Map<String, serde_json::Value>,
) -> Result<()> {
    let receipt = &root.receipt;
    let dataset = &receipt.dataset;
    let (table, contract) = (handles.table(dataset).await?, handles.contract(dataset)?);
    let amendment = Amendment {
        table: &table,
        contract: &contract,
        root,
        change: Change::Withdraw,
        since: receipt.table_version.unwrap_or(-1),
        info,
    };
    let amended = match refusal(handles, &contract, receipt).await? {
        None => amendment.commit(handles).await?,
        // Whoever withdrew it in time and did not hear of it is told now.
        Some(refusal) => amendment.before().await?.ok_or(refusal)?,
    };
    let ended = Ended {
        by: None,
        at: amended.committed.committed_at,
    };
    let told = handles.books.end_submission(receipt.id, ended).await;
    told.map_err(failure::books)
}

/// Why the period of a submission takes no change now.
async fn refusal(
    handles: &Handles,
    contract: &Contract,
    of: &Receipt,
) -> Result<Option<ServiceError>> {
    let project = handles.project();
    // A period that the calendar has no more has no deadline.
    let Ok(period) = project.calendar.get(&of.period) else {
        return Ok(None);
    };
    let now = handles.now();
    let admission = obligations::admission(handles, contract, period, &of.agency, now).await?;
    Ok(admission.refusal)
}
