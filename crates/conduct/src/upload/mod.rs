//! Uploads: bodies that arrive in parts. With its last byte an upload becomes a submission by the
//! same path as a body that comes at once.
//!
//! They lie in a folder of this node and nowhere else: whoever sends parts sends them to one node.

mod ending;
mod kept;
mod part;
mod record;
mod uploads;

use std::sync::Arc;

use serde_json::json;
use service::{
    Action, ByteStream, Call, ErrorKind, Principal, Result, ServiceError, Upload, UploadId,
    UploadPart, UploadRequest, UploadState,
};

use crate::handles::Handles;
use crate::perform::{About, Gate};
use crate::submit;

use kept::Kept;
use record::Record;

pub(crate) use ending::resume_all;
pub(crate) use uploads::{Uploads, sweep_from_now_on};

/// Begins an upload.
pub(crate) async fn create(
    gate: &Arc<Gate>,
    call: &Call,
    request: UploadRequest,
) -> Result<Upload> {
    let named = request.submit.agency.as_ref();
    let agency = submit::agency_of(gate, call, named).await?;
    let about = submit::about(&request.submit, agency.clone());
    let begun = gate.perform(
        call,
        Action::Upload,
        about,
        |handles, principal| async move {
            if request.submit.restatement {
                let message = "a body that arrives in parts is not held against published figures";
                return Err(ServiceError::new(ErrorKind::Invalid, message)
                    .hint("Leave `restatement` out, or send the body in one request."));
            }
            let due = submit::due(&handles, &request.submit, agency).await?;
            let limit = handles.settings.body_bytes;
            if request.length > limit {
                return Err(too_large(limit));
            }
            // Beginning an upload is coming; its parts and its end are going on.
            drop(submit::seat(&handles, call.door, &principal, &due.agency)?);
            let id = UploadId::new((handles.given.ids)());
            let record = Record::new(id, principal, call, due.agency, request);
            let kept = uploads::begin(&handles, id, record).await?;
            Ok((shown(&handles, &kept).await?, kept))
        },
    );
    let (upload, kept) = begun.await?;
    ending::begin(gate, &kept);
    Ok(upload)
}

/// Takes the next part.
pub(crate) async fn go_on(
    gate: &Arc<Gate>,
    call: &Call,
    id: UploadId,
    part: UploadPart,
    body: ByteStream,
) -> Result<Upload> {
    let about = about(gate, call, id).await;
    let about = about.detail(json!({ "offset": part.offset }));
    let taken = gate.perform(
        call,
        Action::Upload,
        about,
        |handles, principal| async move {
            let kept = own(&handles, &principal, id)?;
            part::take(&handles, call.door, &principal, (&*kept, part), body).await?;
            Ok((shown(&handles, &kept).await?, kept))
        },
    );
    let (upload, kept) = taken.await?;
    ending::begin(gate, &kept);
    Ok(upload)
}

/// An upload to go on with.
pub(crate) async fn resume(gate: &Gate, call: &Call, id: UploadId) -> Result<Upload> {
    let about = about(gate, call, id).await;
    gate.perform(
        call,
        Action::Upload,
        about,
        |handles, principal| async move {
            let kept = own(&handles, &principal, id)?;
            if !kept.is_complete() {
                drop(kept.interrupt().await?);
            }
            shown(&handles, &kept).await
        },
    )
    .await
}

/// An upload.
pub(crate) async fn one(gate: &Gate, call: &Call, id: UploadId) -> Result<Upload> {
    let about = about(gate, call, id).await;
    gate.perform(
        call,
        Action::Upload,
        about,
        |handles, principal| async move {
            let kept = own(&handles, &principal, id)?;
            shown(&handles, &kept).await
        },
    )
    .await
}

/// Gives an upload up, or forgets one that is done.
pub(crate) async fn end(gate: &Gate, call: &Call, id: UploadId) -> Result<()> {
    let about = about(gate, call, id).await;
    gate.perform(
        call,
        Action::Upload,
        about,
        |handles, principal| async move {
            let kept = own(&handles, &principal, id)?;
            may_end(&kept)?;
            let body = kept.interrupt().await?;
            // Its last byte may have come meanwhile.
            may_end(&kept)?;
            uploads::forget(&handles, &kept, body).await
        },
    )
    .await
}

fn may_end(kept: &Kept) -> Result<()> {
    if kept.is_settled() || !kept.is_complete() {
        return Ok(());
    }
    Err(ServiceError::new(
        ErrorKind::Conflict,
        format!("upload `{}` is complete and being landed", kept.id),
    )
    .hint("Wait for its submission, and withdraw that."))
}

async fn about(gate: &Gate, call: &Call, id: UploadId) -> About {
    let agency = gate.agency_of_upload(call, id).await;
    About::named(format!("upload {id}")).of_agency(agency)
}

/// The upload, which must be there, of this caller, and not given up.
fn own(handles: &Handles, principal: &Principal, id: UploadId) -> Result<Arc<Kept>> {
    let now = handles.now();
    let found = handles.uploads.find(id);
    let found = found.filter(|kept| kept.is_of(principal) && !kept.is_expired(now));
    found.ok_or_else(|| {
        ServiceError::new(
            ErrorKind::NotFound,
            format!("there is no upload `{id}` of yours"),
        )
        .hint(format!(
            "It may have been given up, after {} h without a byte, or lie at another node: \
                 parts are taken by the node that the upload was begun at. Begin it again.",
            handles.settings.upload.keep_hours
        ))
    })
}

/// The upload as its owner is shown it.
async fn shown(handles: &Handles, kept: &Kept) -> Result<Upload> {
    let state = match kept.outcome() {
        Some(outcome) => ending::told(handles, &outcome).await?,
        None if kept.is_complete() => UploadState::Landing,
        None => UploadState::Receiving,
    };
    Ok(Upload {
        id: kept.id,
        length: kept.length,
        offset: kept.offset(),
        metadata: kept.record.metadata.clone(),
        expires_at: kept.expires_at(),
        state,
    })
}

fn too_large(limit: u64) -> ServiceError {
    ServiceError::new(
        ErrorKind::BodyTooLarge,
        format!("the upload is over the limit `submission.body_bytes` of {limit} bytes"),
    )
    .hint("Send the rows as several submissions, or ask the operator to raise the limit.")
}
