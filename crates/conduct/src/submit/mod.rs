//! Receiving: body → evidence → claim → verdicts → quarantine and table → receipt.

mod admit;
mod amend;
mod body;
mod claim;
mod coding;
mod evidence;
mod judge;
mod land;
mod quarantine;
mod receipt;
mod receive;
mod recover;
mod restriction;
mod rows;
mod totals;
mod tray;
mod withdraw;

use std::sync::Arc;

use access::Seat;
use calendar::PeriodCode;
use chrono::{DateTime, Utc};
use ingest::Spooled;
use project::{AgencyCode, CodeList, Contract, DatasetName, Layer, Project};
use serde_json::json;
use service::{
    Action, ByteStream, Call, ControlTotal, ErrorKind, Page, Principal, Receipt, Relation,
    Restriction, Result, RowCounts, RowErrors, ServiceError, Submission, SubmissionId,
    SubmissionState, SubmitAnswer, SubmitRequest, Superseded,
};

use crate::failure;
use crate::handles::Handles;
use crate::obligations::{self, Admission};
use crate::perform::{About, Gate};
use body::{Body, Turn};

pub(crate) use admit::{InWork, guest, line, seat, seat_again};
pub(crate) use amend::{Amendment, CORRECTING, Change, ENDED};
pub(crate) use body::{blocking, next, spool};
pub(crate) use claim::{Manifest, of as manifest_of};
pub(crate) use evidence::{SMALL_BYTES, open as open_evidence};
pub(crate) use judge::decoded;
pub(crate) use quarantine::dataset as quarantine_dataset;
pub(crate) use receipt::{keys, publish_keys};
pub(crate) use recover::recover;
pub(crate) use rows::{errors, evidence as evidence_of, quarantined};
pub(crate) use withdraw::{withdraw, withdrawable};

/// What a body is judged by, all of one project.
#[derive(Clone)]
pub(crate) struct Terms {
    pub project: Arc<Project>,
    pub contract: Contract,
    pub period: calendar::Period,
    pub agency: AgencyCode,
}

/// Receives a submission.
pub(crate) async fn submit(
    gate: &Gate,
    call: &Call,
    request: SubmitRequest,
    body: ByteStream,
) -> Result<SubmitAnswer> {
    // A token that is bound to an agency may leave the agency out; who it is, is known only inside.
    let agency = agency_of(gate, call, request.agency.as_ref()).await?;
    let about = about(&request, agency.clone());
    let door = call.door;
    gate.perform(
        call,
        Action::Submit,
        about,
        |handles, principal| async move {
            // A request that is wrong is told before its body is read.
            let due = due(&handles, &request, agency).await?;
            let seat = admit::seat(&handles, door, &principal, &due.agency)?;
            let spooled = body::spool(&handles, door, body).await?;
            let bytes = spooled.size_bytes();
            metrics::counter!("dtm_body_bytes_total", "way" => "post").increment(bytes);
            take(&handles, principal, (request, due), (seat, spooled)).await
        },
    )
    .await
}

/// What the journal keeps of a request.
pub(crate) fn about(request: &SubmitRequest, agency: Option<AgencyCode>) -> About {
    About::dataset(&request.dataset)
        .of_agency(agency)
        .detail(json!({
            "period": request.period.as_str(),
            "format": request.format.to_string(),
            "key": request.key,
            "dry_run": request.dry_run,
            "restatement": request.restatement,
            "relation": request.relation.map(Relation::as_str),
            "related_to": request.relation.map(|relation| relation.target().to_string()),
        }))
}

/// What is found out about a request before its body is read.
pub(crate) struct Due {
    pub agency: AgencyCode,
    relation: Option<Relation>,
}

/// Refuses a request that is wrong, whatever its body is.
pub(crate) async fn due(
    handles: &Handles,
    request: &SubmitRequest,
    agency: Option<AgencyCode>,
) -> Result<Due> {
    let project = handles.project();
    let terms = terms(&project, &request.dataset, &request.period, agency)?;
    if request.restatement && !request.dry_run {
        return Err(ServiceError::new(
            ErrorKind::Invalid,
            "a restatement is told by a dry run, and this is none",
        )
        .hint("Add `dry_run=true`, or leave `restatement` out."));
    }
    coding::coding(&request.format)?;
    coding::adapter(&request.format, &terms.project, &request.dataset)?;
    totals::check(&terms.contract, &declared(request))?;
    admitted(handles, &terms, request).await?;
    let relation = related(handles, &terms, request).await?;
    Ok(Due {
        agency: terms.agency,
        relation,
    })
}

/// Takes a body that is complete: judges it, and lands it unless that is not wanted.
pub(crate) async fn take(
    handles: &Arc<Handles>,
    principal: Principal,
    asked: (SubmitRequest, Due),
    body: (Seat, Spooled),
) -> Result<SubmitAnswer> {
    let answer = judged(handles, principal, asked, body).await;
    let outcome = match &answer {
        Ok(answer) if answer.dry_run => "dry_run",
        Ok(answer) if answer.replayed => "replayed",
        Ok(answer) if answer.receipt.table_version.is_none() => "durable",
        Ok(_) => "committed",
        Err(error) if error.kind == ErrorKind::Refused => "refused",
        Err(_) => "failed",
    };
    metrics::counter!("dtm_submissions_total", "outcome" => outcome).increment(1);
    answer
}

async fn judged(
    handles: &Arc<Handles>,
    principal: Principal,
    (request, Due { agency, relation }): (SubmitRequest, Due),
    (seat, spooled): (Seat, Spooled),
) -> Result<SubmitAnswer> {
    let id = SubmissionId::new((handles.given.ids)());
    tracing::debug!(submission = %id, size_bytes = spooled.size_bytes(), "a body is complete");
    let received_at = handles.now();
    // Only now: a sender who takes his time keeps nobody else from being checked.
    let seat = Arc::new(seat);
    let turn = match spooled.size_bytes() {
        ..=evidence::SMALL_BYTES => Turn::Due(Arc::clone(&seat)),
        size_bytes => {
            let wide = judge::is_wide(coding::coding(&request.format)?, size_bytes);
            Turn::Had(admit::turn(&seat, size_bytes, wide).await?)
        }
    };
    let _landing = handles.landing.read().await;
    let project = handles.project();
    let terms = terms(&project, &request.dataset, &request.period, Some(agency))?;
    let admission = admission(handles, &terms, received_at).await?;
    let receipt = Receipt {
        due_on: admission.due_on,
        ..receipt_of((id, received_at), &terms, &request, relation, &spooled)
    };
    let body = Body {
        spooled: Arc::new(spooled),
        turn,
    };
    if request.dry_run {
        admission.refusal.map_or(Ok(()), Err)?;
        let rehearsal = land::Rehearsal {
            principal,
            request,
            receipt,
        };
        return rehearsal.hold(handles, &terms, body).await;
    }
    let submission = Submission {
        state: SubmissionState::Durable,
        receipt,
        principal: principal.name,
        format: request.format,
        refusal: None,
        key: request.key,
        ended: None,
        restricted: restricted(&terms.contract),
        erased: None,
        sealed: None,
    };
    let given = (seat, body, admission.refusal);
    receive::receive(handles, &terms, submission, request.ack, given).await
}

/// Why the evidence of a body is restricted before anybody has looked at it.
fn restricted(contract: &Contract) -> Option<Restriction> {
    contract
        .restricts_bodies()
        .then_some(Restriction::Classified)
}

/// The receipt of a complete body whose rows are not looked at yet.
fn receipt_of(
    (id, received_at): (SubmissionId, DateTime<Utc>),
    terms: &Terms,
    request: &SubmitRequest,
    relation: Option<Relation>,
    spooled: &Spooled,
) -> Receipt {
    Receipt {
        id,
        agency: terms.agency.clone(),
        dataset: request.dataset.clone(),
        period: request.period.clone(),
        contract_version: terms.contract.version.to_string(),
        evidence_sha256: spooled.sha256().to_owned(),
        evidence_size_bytes: spooled.size_bytes(),
        rows: RowCounts::default(),
        received_at,
        due_on: None,
        table_version: None,
        committed_at: None,
        supersedes: relation.map(|relation| Superseded { relation, rows: 0 }),
        control_totals: declared(request),
    }
}

async fn admission(handles: &Handles, terms: &Terms, at: DateTime<Utc>) -> Result<Admission> {
    let Terms {
        contract,
        period,
        agency,
        ..
    } = terms;
    obligations::admission(handles, contract, period, agency, at).await
}

/// Refuses what its period does not take, unless it came before: that is answered as it was then.
async fn admitted(handles: &Handles, terms: &Terms, request: &SubmitRequest) -> Result<()> {
    let admission = admission(handles, terms, handles.now()).await?;
    let Some(refusal) = admission.refusal else {
        return Ok(());
    };
    let key = request.key.as_deref();
    if !request.dry_run && claim::came_before(handles, terms, key).await? {
        return Ok(());
    }
    Err(refusal)
}

/// What the submission does to the first of a family, which must be of the same agency, dataset
/// and period.
async fn related(
    handles: &Handles,
    terms: &Terms,
    request: &SubmitRequest,
) -> Result<Option<Relation>> {
    let Some(relation) = request.relation else {
        return Ok(None);
    };
    // A replay finds its target ended: by itself. What was answered then is answered again.
    if let Some(key) = &request.key {
        let dataset = &terms.contract.dataset;
        let known = handles
            .books
            .submission_of_key(&terms.agency, dataset, key)
            .await;
        if let Some(known) = known.map_err(failure::books)? {
            return Ok(known
                .receipt
                .supersedes
                .map(|superseded| superseded.relation));
        }
    }
    let root = amend::root(handles, relation, &terms.contract).await?;
    let of = &root.receipt;
    let same = of.agency == terms.agency
        && of.dataset == terms.contract.dataset
        && of.period == request.period;
    if !same {
        return Err(ServiceError::new(
            ErrorKind::Conflict,
            format!(
                "submission `{}` is of agency `{}` for `{}` in period `{}`",
                of.id, of.agency, of.dataset, of.period
            ),
        )
        .hint("A submission replaces or corrects one of its own agency, dataset and period."));
    }
    Ok(Some(match relation {
        Relation::Replaces(_) => Relation::Replaces(of.id),
        Relation::Corrects(_) => Relation::Corrects(of.id),
    }))
}

/// The totals of a request, not yet compared with its rows.
fn declared(request: &SubmitRequest) -> Vec<ControlTotal> {
    let total = |(name, declared): (&String, &String)| ControlTotal {
        name: name.clone(),
        declared: declared.clone(),
        found: None,
    };
    request.control_totals.iter().map(total).collect()
}

/// The agency that is named, or that the caller is bound to.
pub(crate) async fn agency_of(
    gate: &Gate,
    call: &Call,
    named: Option<&AgencyCode>,
) -> Result<Option<AgencyCode>> {
    match named {
        Some(agency) => Ok(Some(agency.clone())),
        None => gate.agency_of(call).await,
    }
}

/// The contract, period and agency that a submission is judged by, or why there is none.
pub(crate) fn terms(
    project: &Arc<Project>,
    dataset: &DatasetName,
    period: &PeriodCode,
    agency: Option<AgencyCode>,
) -> Result<Terms> {
    let not_found = |message: String, hint: &str| {
        Err(ServiceError::new(ErrorKind::NotFound, message).hint(hint))
    };
    let contract = project.contracts.get(dataset);
    let Some(contract) = contract.filter(|c| c.dataset.layer() == Layer::Raw) else {
        let known: Vec<&str> = project
            .contracts
            .keys()
            .filter(|d| d.layer() == Layer::Raw)
            .map(DatasetName::as_str)
            .collect();
        return not_found(
            format!("there is no dataset `{dataset}` that takes submissions"),
            &format!("Send to one of `{}`.", known.join("`, `")),
        );
    };
    let period = match project.calendar.get(period) {
        Ok(period) => period.clone(),
        Err(error) => {
            return Err(ServiceError::new(ErrorKind::Invalid, error.to_string())
                .hint("`select code from codes.periods` lists the periods."));
        }
    };
    let Some(agency) = agency else {
        return Err(
            ServiceError::new(ErrorKind::Invalid, "the submission names no agency")
                .hint("Add `agency=`, the code of the agency that the data is of."),
        );
    };
    let known = |list: &CodeList| {
        list.codes
            .iter()
            .any(|c| c.code == agency.as_str() && c.overlaps(period.start_on, period.end_on))
    };
    if !project.code_lists.get("agencies").is_none_or(known) {
        return Err(ServiceError::new(
            ErrorKind::Invalid,
            format!(
                "agency `{agency}` is not in the code list `agencies` in period `{}`",
                period.code
            ),
        )
        .hint("`select code from codes.agencies` lists the agencies and their days."));
    }
    Ok(Terms {
        project: Arc::clone(project),
        contract: contract.clone(),
        period,
        agency,
    })
}

/// A submission, for its agency or a national role.
pub(crate) async fn one(gate: &Gate, call: &Call, id: SubmissionId) -> Result<Submission> {
    let agency = gate.agency_of_submission(id).await?;
    let about = About::named(format!("submission {id}")).of_agency(agency);
    gate.perform(
        call,
        Action::ReadSubmission,
        about,
        |handles, _| async move { known(&handles, id).await },
    )
    .await
}

/// Submissions, newest first; a principal bound to an agency sees its own.
pub(crate) async fn list(gate: &Gate, call: &Call, page: Page) -> Result<Vec<Submission>> {
    let agency = gate.agency_of(call).await?;
    let about = About::named("submissions").of_agency(agency);
    gate.perform(
        call,
        Action::ReadSubmission,
        about,
        |handles, principal| async move {
            let within = access::scope(&principal);
            handles
                .books
                .submissions(page, within)
                .await
                .map_err(failure::books)
        },
    )
    .await
}

/// The submission, which must be there.
pub(crate) async fn known(handles: &Handles, id: SubmissionId) -> Result<Submission> {
    let found = handles.books.submission(id).await.map_err(failure::books)?;
    found.ok_or_else(|| {
        ServiceError::new(
            ErrorKind::NotFound,
            format!("there is no submission `{id}`"),
        )
        .hint("The receipt carries the id; dry runs leave none.")
    })
}

/// The answer of a submission that is settled.
pub(crate) async fn settled(
    handles: &Handles,
    found: Submission,
    replayed: bool,
) -> Result<SubmitAnswer> {
    let limit = handles.settings.errors_in_answer as u64;
    let page = Page { offset: 0, limit };
    let errors = rows::read(handles, &found, page).await?;
    if found.state == SubmissionState::Refused {
        return Err(refused(&found, errors));
    }
    Ok(SubmitAnswer {
        receipt: found.receipt,
        errors,
        replayed,
        dry_run: false,
        sealed: found.sealed,
        restatement: None,
    })
}

/// The error of a submission of which no row landed.
pub(crate) fn refused(found: &Submission, errors: RowErrors) -> ServiceError {
    let reason = found
        .refusal
        .clone()
        .unwrap_or_else(|| "no row of the body landed".to_owned());
    let mut error = ServiceError::new(ErrorKind::Refused, reason).hint(format!(
        "The body is kept as submission `{}`. Mend the rows and send it again under another key.",
        found.receipt.id
    ));
    error.submission = Some(found.receipt.id);
    error.rows = Some(errors);
    error
}
