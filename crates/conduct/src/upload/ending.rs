//! The end of an upload: it is submitted as whoever sent it, by itself, and what became of it is
//! kept to be told.

use std::sync::Arc;
use std::time::Duration;

use service::{Action, ErrorKind, Result, ServiceError, SubmitAnswer, UploadState};
use tracing::Instrument;

use super::kept::Kept;
use super::record::{Outcome, Refusal, stamp};
use crate::handles::Handles;
use crate::perform::Gate;
use crate::submit::{self, blocking};

/// The first pause before what could not be done is tried again, and the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Goes on with those that were complete when the last process ended.
pub(crate) fn resume_all(gate: &Arc<Gate>) {
    for kept in gate.own().uploads.complete() {
        begin(gate, &kept);
    }
}

/// Brings a complete upload to its end, once, whoever asks for it; a node that stops leaves that to
/// its next start.
pub(super) fn begin(gate: &Arc<Gate>, kept: &Arc<Kept>) {
    let handles = gate.own();
    let is_due = kept.is_complete() && !kept.is_settled();
    if *handles.stopping.borrow() || !is_due || !kept.begin_ending() {
        return;
    }
    let (gate, kept) = (Arc::clone(gate), Arc::clone(kept));
    let span = tracing::info_span!("upload", id = %kept.id);
    let ending = async move { end(&gate, &kept).await };
    handles.landings.spawn(ending.instrument(span));
}

async fn end(gate: &Gate, kept: &Kept) {
    let mut pause = FIRST_PAUSE;
    loop {
        let error = match submit(gate, kept).await {
            Err(error) if error.kind == ErrorKind::Unavailable => error,
            ended => {
                if let Err(error) = settle(gate.own(), kept, ended).await {
                    tracing::error!(%error, "what became of an upload could not be kept");
                }
                return;
            }
        };
        tracing::warn!(%error, "a complete upload could not be landed yet");
        let mut stopping = gate.own().stopping.subscribe();
        tokio::select! {
            _ = stopping.wait_for(|stopping| *stopping) => return,
            () = tokio::time::sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
        }
    }
}

/// Submits it: the same act, with the same entry, as that of a body that comes at once.
async fn submit(gate: &Gate, kept: &Kept) -> Result<SubmitAnswer> {
    let record = &kept.record;
    let agency = Some(record.agency.clone());
    let about = submit::about(&record.submit, agency.clone());
    let (principal, call) = (record.principal.clone(), &record.call);
    gate.perform_for(
        principal,
        call,
        Action::Submit,
        about,
        |handles, principal| async move {
            let request = record.submit.clone();
            let due = submit::due(&handles, &request, agency).await?;
            let seat = handles
                .admission
                .guest(submit::line(&principal, &due.agency));
            let body = kept.interrupt().await?;
            let spooled = blocking(move || body.spooled()).await?;
            submit::take(&handles, principal, (request, due), (seat, spooled)).await
        },
    )
    .await
}

/// Keeps what became of it, and lets its bytes go unless it was a dry run.
async fn settle(handles: &Handles, kept: &Kept, ended: Result<SubmitAnswer>) -> Result<()> {
    let outcome = match ended {
        Ok(answer) if answer.dry_run => Outcome::Rehearsed(Box::new(answer)),
        Ok(answer) => Outcome::Submission {
            id: answer.receipt.id,
            replayed: answer.replayed,
        },
        Err(error) => match error.submission {
            Some(id) => Outcome::Submission {
                id,
                replayed: false,
            },
            None => Outcome::Refused(Refusal::of(&error)),
        },
    };
    let now = handles.now();
    if let Some(told) = outcome.to_json() {
        let body = kept.interrupt().await?;
        blocking(move || body.settle(&told, stamp(now))).await?;
    }
    kept.settled(outcome, now);
    handles.uploads.count();
    Ok(())
}

/// What the owner is told of it.
pub(super) async fn told(handles: &Handles, outcome: &Outcome) -> Result<UploadState> {
    let refused = |error: ServiceError| UploadState::Refused(Box::new(error));
    Ok(match outcome {
        Outcome::Submission { id, replayed } => {
            let found = submit::known(handles, *id).await?;
            match submit::settled(handles, found, *replayed).await {
                Ok(answer) => UploadState::Done(Box::new(answer)),
                Err(error) if error.kind == ErrorKind::Refused => refused(error),
                Err(error) => return Err(error),
            }
        }
        Outcome::Refused(refusal) => refused(refusal.error()),
        Outcome::Rehearsed(answer) => UploadState::Done(answer.clone()),
    })
}
