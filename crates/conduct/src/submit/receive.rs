//! Receiving: the body is kept, its key is claimed, and it is landed, now or afterwards.

use std::collections::BTreeMap;
use std::sync::Arc;

use access::Seat;
use books::{Claim, NewSubmission};
use lake::Table;
use service::{
    Ack, ErrorKind, Result, RowErrors, ServiceError, Submission, SubmissionId, SubmissionState,
    SubmitAnswer,
};

use super::body::{Body, Turn};
use super::claim::{Claimed, Manifest};
use super::evidence::{self, Kept};
use super::judge::{Judged, check};
use super::land::{Work, land, tables};
use super::{Terms, claim, quarantine, restriction, settled};
use crate::erase::{self, Held};
use crate::failure;
use crate::handles::Handles;

/// Tries while others come with the same key at the same time.
const CLAIMS: usize = 10;

/// Keeps the body, claims its key, and lands it. The seat is held for as long as the body is in
/// work, be it answered before or not. What its period does not take is answered only if it came
/// before.
pub(crate) async fn receive(
    handles: &Arc<Handles>,
    terms: &Terms,
    submission: Submission,
    ack: Ack,
    (seat, body, refusal): (Arc<Seat>, Body, Option<ServiceError>),
) -> Result<SubmitAnswer> {
    let key = submission.key.as_deref();
    let refusal = match refusal {
        Some(refusal) if !claim::came_before(handles, terms, key).await? => return Err(refusal),
        other => other,
    };
    let (new, id) = (claimed(&submission), submission.receipt.id);
    // What was answered before is not kept again: its evidence may be erased by now.
    match handles
        .books
        .claimed_before(&new)
        .await
        .map_err(failure::books)?
    {
        Some(Claim::OtherBody(id)) => return Err(other_body(id)),
        Some(Claim::Replay(found)) if found.state != SubmissionState::Durable => {
            return settled(handles, *found, true).await;
        }
        _ => {}
    }
    // A missing table is found before anything is kept.
    let since = versions(handles, terms).await?;
    let held = handles.keeping.hold(body.spooled.sha256());
    let waits = ack == Ack::Committed && refusal.is_none();
    let (kept, body, mut meanwhile) = keep(handles, terms, &submission, body, waits).await?;
    tracing::debug!(submission = %id, "evidence is kept");
    let coming = Coming {
        new,
        submission,
        since,
        kept,
        held,
        body,
        ack,
        seat,
        refusal,
    };
    let answer = coming.land(handles, terms, &mut meanwhile).await;
    if let Some(meanwhile) = meanwhile {
        meanwhile.discard().await;
    }
    answer
}

/// What was judged while the body was kept, and the tables for which its rows are staged.
struct Meanwhile {
    judged: Judged,
    tables: (Table, Table),
}

impl Meanwhile {
    /// Takes back what is staged: another submission has the key, or nothing came of this one.
    async fn discard(self) {
        let (table, ledger) = &self.tables;
        self.judged.discard((table, ledger)).await;
    }
}

/// Keeps the body. A large one is judged meanwhile if its sender waits for that: then it is what
/// takes long, and not the disk.
async fn keep(
    handles: &Arc<Handles>,
    terms: &Terms,
    submission: &Submission,
    body: Body,
    waits: bool,
) -> Result<(Kept, Body, Option<Meanwhile>)> {
    let Body { spooled, turn } = body;
    let with = |turn| Body {
        spooled: Arc::clone(&spooled),
        turn,
    };
    if !waits || spooled.size_bytes() <= evidence::SMALL_BYTES {
        let kept = evidence::keep(handles, &spooled).await?;
        return Ok((kept, with(turn), None));
    }
    let tables = tables(handles, terms, submission).await?;
    // Until it is both kept and judged: few are copied at the same time.
    let place = turn.come(spooled.size_bytes()).await?;
    let into = Some((&tables.0, &tables.1));
    let keeping = evidence::keep(handles, &spooled);
    let judging = check(handles, terms, submission, with(Turn::Free), into);
    let (kept, judged) = tokio::join!(keeping, judging);
    drop(place);
    let meanwhile = Meanwhile { judged, tables };
    match kept {
        Ok(kept) => Ok((kept, with(Turn::Free), Some(meanwhile))),
        Err(error) => {
            meanwhile.discard().await;
            Err(error)
        }
    }
}

/// A body that is kept, and not claimed yet.
struct Coming {
    new: NewSubmission,
    submission: Submission,
    since: BTreeMap<String, i64>,
    kept: Kept,
    held: Held,
    body: Body,
    ack: Ack,
    seat: Arc<Seat>,
    refusal: Option<ServiceError>,
}

impl Coming {
    /// Claims its key and lands it. What was judged is taken if it is what lands.
    async fn land(
        self,
        handles: &Arc<Handles>,
        terms: &Terms,
        meanwhile: &mut Option<Meanwhile>,
    ) -> Result<SubmitAnswer> {
        let id = self.submission.receipt.id;
        let mut kept = self.kept;
        let working = Working::take(handles, id);
        for _ in 0..CLAIMS {
            match handles
                .books
                .claim(&self.new)
                .await
                .map_err(failure::books)?
            {
                Claim::OtherBody(id) => return Err(other_body(id)),
                Claim::Replay(found) => return replay(handles, terms, *found, self.body).await,
                Claim::New => tracing::debug!(submission = %id, "the books know of it"),
            }
            kept = evidence::still(handles, &self.body.spooled, kept).await?;
            let manifest = Manifest::new(&self.submission, self.since.clone(), kept.clone());
            let claimed = match &self.refusal {
                None => Some(claim::put(handles, manifest).await?),
                Some(_) => {
                    let earlier = claim::earlier(handles, &manifest).await?;
                    earlier.map(Claimed::Earlier)
                }
            };
            match claimed {
                Some(Claimed::Ours(manifest)) => {
                    tracing::debug!(submission = %id, "the claim is kept");
                    drop(self.held);
                    let work = match meanwhile.take() {
                        Some(meanwhile) => Work::Judged(meanwhile.judged),
                        None => Work::Body(self.body),
                    };
                    let parts = (self.submission, *manifest, work);
                    let seat = (self.seat, working);
                    return acknowledge(handles, terms, parts, self.ack, seat).await;
                }
                // Another process has the key, and its books are not ours.
                Some(Claimed::Earlier(earlier)) => {
                    if adopt(handles, id, &earlier).await? {
                        evidence::take_back(handles, &self.held, &kept).await?;
                    }
                }
                // What came before was given up meanwhile.
                None => break,
            }
        }
        handles.books.forget(id).await.map_err(failure::books)?;
        Err(self.refusal.unwrap_or_else(|| being_landed(id)))
    }
}

/// Puts the submission that has the key on the store in place of one that claimed it in vain; says
/// whether its evidence was erased.
async fn adopt(handles: &Handles, vain: SubmissionId, earlier: &Submission) -> Result<bool> {
    handles.books.forget(vain).await.map_err(failure::books)?;
    let claimed = handles.books.claim(&claimed(earlier)).await;
    claimed.map_err(failure::books)?;
    restriction::recall(handles, &mut earlier.clone()).await?;
    erase::recall(handles, earlier).await
}

/// Lands a durable submission now, or says that it is durable and lands it afterwards.
async fn acknowledge(
    handles: &Arc<Handles>,
    terms: &Terms,
    (submission, manifest, work): (Submission, Manifest, Work),
    ack: Ack,
    (seat, working): (Arc<Seat>, Option<Working>),
) -> Result<SubmitAnswer> {
    if ack == Ack::Committed {
        return land(handles, terms, submission, &manifest, work).await;
    }
    let answer = SubmitAnswer {
        receipt: submission.receipt.clone(),
        errors: RowErrors::default(),
        replayed: false,
        dry_run: false,
        sealed: None,
        restatement: None,
    };
    let (handles, terms) = (Arc::clone(handles), terms.clone());
    let tracker = handles.landings.clone();
    tracker.spawn(async move {
        let id = submission.receipt.id;
        let _working = working;
        let _seat = seat;
        let _landing = handles.landing.read().await;
        match land(&handles, &terms, submission, &manifest, work).await {
            Ok(_) => {}
            Err(error) if error.kind == ErrorKind::Refused => {}
            Err(error) => tracing::error!(
                submission = %id,
                error = %error,
                "a durable submission could not be landed; it is kept"
            ),
        }
    });
    Ok(answer)
}

/// The answer to a body that came before under the same key.
async fn replay(
    handles: &Arc<Handles>,
    terms: &Terms,
    found: Submission,
    body: Body,
) -> Result<SubmitAnswer> {
    if found.state != SubmissionState::Durable {
        return settled(handles, found, true).await;
    }
    let Some(_working) = Working::take(handles, found.receipt.id) else {
        return Err(being_landed(found.receipt.id));
    };
    // Its landing may have ended while this body came, or its claim been given up.
    let id = found.receipt.id;
    let found = handles.books.submission(id).await.map_err(failure::books)?;
    let Some(found) = found else {
        return Err(being_landed(id));
    };
    if found.state != SubmissionState::Durable {
        return settled(handles, found, true).await;
    }
    let since = versions(handles, terms).await?;
    let _held = handles.keeping.hold(body.spooled.sha256());
    // Its own may be of a process that died before its claim, and then nobody knows where it is.
    let kept = match found.erased {
        None => evidence::keep(handles, &body.spooled).await?,
        Some(_) => Kept::default(),
    };
    match claim::put(handles, Manifest::new(&found, since, kept)).await? {
        Claimed::Ours(manifest) => land(handles, terms, found, &manifest, Work::Body(body)).await,
        Claimed::Earlier(earlier) => {
            adopt(handles, found.receipt.id, &earlier).await?;
            Err(being_landed(earlier.receipt.id))
        }
    }
}

fn other_body(id: SubmissionId) -> ServiceError {
    ServiceError::new(
        ErrorKind::Conflict,
        format!("the key was used for submission `{id}` with another body, period or relation"),
    )
    .hint("Send the new body under a new `Idempotency-Key`.")
}

fn being_landed(id: SubmissionId) -> ServiceError {
    ServiceError::new(
        ErrorKind::Unavailable,
        format!("submission `{id}` with this key is being landed"),
    )
    .hint("Ask again in a moment with the same key for its receipt.")
}

/// Versions of the tables that a submission lands in, before anything of it has landed: not the
/// newest there may be, which are looked for when it lands.
async fn versions(handles: &Handles, terms: &Terms) -> Result<BTreeMap<String, i64>> {
    let mut versions = BTreeMap::new();
    for dataset in [&terms.contract.dataset, &quarantine::dataset()?] {
        let table = handles.known_table(dataset).await?;
        versions.insert(dataset.to_string(), table.version());
    }
    Ok(versions)
}

fn claimed(submission: &Submission) -> NewSubmission {
    let receipt = &submission.receipt;
    NewSubmission {
        id: receipt.id,
        agency: receipt.agency.clone(),
        dataset: receipt.dataset.clone(),
        period: receipt.period.clone(),
        contract_version: receipt.contract_version.clone(),
        format: submission.format.clone(),
        key: submission.key.clone(),
        principal: submission.principal.clone(),
        evidence_sha256: receipt.evidence_sha256.clone(),
        evidence_size_bytes: receipt.evidence_size_bytes,
        received_at: receipt.received_at,
        due_on: receipt.due_on,
        relation: receipt.supersedes.map(|superseded| superseded.relation),
        control_totals: receipt.control_totals.clone(),
        restricted: submission.restricted,
    }
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
