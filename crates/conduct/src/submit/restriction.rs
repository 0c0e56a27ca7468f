//! The mark of evidence that may hold personal data. What the contract says stands in the manifest;
//! what judging finds is put on the store before the books are told what became of the rows.

use lake::LakeError;
use serde::{Deserialize, Serialize};
use service::{ErrorKind, Restriction, Result, ServiceError, Submission, SubmissionId};

use crate::failure;
use crate::handles::Handles;

/// Where marks are kept, an object for each submission.
const FOLDER: &str = "evidence/restricted";

#[derive(Serialize, Deserialize)]
struct Mark {
    submission: String,
    sha256: String,
    restricted: String,
}

/// Marks the evidence of a submission, unless it is.
pub(super) async fn mark(
    handles: &Handles,
    of: &mut Submission,
    why: Option<Restriction>,
) -> Result<()> {
    let (Some(why), None) = (why, of.restricted) else {
        return Ok(());
    };
    let id = of.receipt.id;
    let mark = Mark {
        submission: id.to_string(),
        sha256: of.receipt.evidence_sha256.clone(),
        restricted: why.as_str().to_owned(),
    };
    let text = serde_json::to_vec_pretty(&mark).map_err(|error| {
        ServiceError::new(ErrorKind::Internal, "cannot write a mark of evidence").caused_by(error)
    })?;
    let put = handles.lake.objects().put(&path(id), text.into()).await;
    put.map_err(failure::lake)?;
    told(handles, of, why).await
}

/// Tells the books of a mark that lies on the store.
pub(super) async fn recall(handles: &Handles, of: &mut Submission) -> Result<()> {
    if of.restricted.is_some() {
        return Ok(());
    }
    let path = path(of.receipt.id);
    let text = match handles.lake.objects().get(&path).await {
        Ok(text) => text,
        Err(LakeError::NotFound(_)) => return Ok(()),
        Err(error) => return Err(failure::lake(error)),
    };
    let mark: Option<Mark> = serde_json::from_slice(&text).ok();
    let why = mark.and_then(|mark| Restriction::from_word(&mark.restricted));
    // One that cannot be read was put for a reason.
    told(handles, of, why.unwrap_or(Restriction::PersonalData)).await
}

async fn told(handles: &Handles, of: &mut Submission, why: Restriction) -> Result<()> {
    let told = handles.books.restrict_submission(of.receipt.id, why).await;
    told.map_err(failure::books)?;
    of.restricted = Some(why);
    Ok(())
}

fn path(id: SubmissionId) -> String {
    format!("{FOLDER}/{id}.json")
}
