//! Tombstones: what says of bytes that they are erased, an object for each erasure, numbered.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use lake::{LakeError, PutOutcome};
use serde::{Deserialize, Serialize};
use service::{Erasure, ErrorKind, Receipt, Result, ServiceError, Submission, SubmissionId};

use crate::failure;
use crate::handles::Handles;

/// Where they are kept.
const FOLDER: &str = "evidence/erased";

/// How far an erasure has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// Bytes may be there still.
    Pending,
    /// They are gone, and the books know.
    Done,
    /// It was given up before a byte was gone.
    Void,
}

/// A tombstone as it is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Tombstone {
    pub sha256: String,
    pub size_bytes: u64,
    /// The erasures of the same bytes are numbered from 1.
    pub number: u32,
    /// Tells it from that of another node at the same moment: of two that are alike both would seem
    /// to be there first.
    #[serde(default)]
    pub act: String,
    /// Whose evidence they were.
    pub submissions: Vec<String>,
    pub at: DateTime<Utc>,
    pub principal: String,
    pub reason: String,
    pub state: State,
}

impl Tombstone {
    pub(super) fn new(
        receipt: &Receipt,
        (number, act): (u32, String),
        ids: &[SubmissionId],
        erasure: &Erasure,
    ) -> Self {
        Self {
            act,
            sha256: receipt.evidence_sha256.clone(),
            size_bytes: receipt.evidence_size_bytes,
            number,
            submissions: ids.iter().map(ToString::to_string).collect(),
            at: erasure.at,
            principal: erasure.principal.clone(),
            reason: erasure.reason.clone(),
            state: State::Pending,
        }
    }

    pub(super) fn lists(&self, id: SubmissionId) -> bool {
        self.submissions.contains(&id.to_string())
    }

    pub(super) fn to(&self, state: State) -> Self {
        Self {
            state,
            ..self.clone()
        }
    }

    pub(crate) fn erasure(&self) -> Erasure {
        Erasure {
            at: self.at,
            principal: self.principal.clone(),
            reason: self.reason.clone(),
        }
    }

    /// Those that can be read as ids.
    pub(super) fn ids(&self) -> impl Iterator<Item = SubmissionId> {
        self.submissions.iter().filter_map(|id| id.parse().ok())
    }
}

/// The number of the last erasure of these bytes, void ones counted; 0 if there was none.
pub(crate) async fn times(handles: &Handles, sha256: &str) -> Result<u32> {
    let listed = handles.lake.objects().list(&folder(sha256)).await;
    let numbers = listed.map_err(failure::lake)?.into_iter();
    Ok(numbers
        .filter_map(|path| named(&path).map(|(_, number)| number))
        .max()
        .unwrap_or(0))
}

/// Every tombstone of these bytes, by number.
pub(super) async fn all(handles: &Handles, sha256: &str) -> Result<Vec<Tombstone>> {
    let listed = handles.lake.objects().list(&folder(sha256)).await;
    let mut all = Vec::new();
    for path in listed.map_err(failure::lake)? {
        all.push(read(handles, &path).await?);
    }
    Ok(all)
}

/// The tombstone paths of all bytes, with hash and number.
pub(super) async fn listed(handles: &Handles) -> Result<Vec<(String, String, u32)>> {
    let listed = handles.lake.objects().list(FOLDER).await;
    let named = |path: String| named(&path).map(|(sha256, number)| (path.clone(), sha256, number));
    let listed = listed.map_err(failure::lake)?.into_iter();
    Ok(listed.filter_map(named).collect())
}

/// How the evidence of a submission was erased, by what lies on the store: the books may not know.
/// `erasures` says how often the bytes had been erased when it came; none if they share an object.
pub(crate) async fn of(
    handles: &Handles,
    submission: &Submission,
    erasures: Option<u32>,
) -> Result<Option<Erasure>> {
    let receipt = &submission.receipt;
    let all = all(handles, &receipt.evidence_sha256).await?.into_iter();
    let mut own = all.filter(|one| {
        let older = erasures.is_some_and(|erasures| one.number > erasures);
        one.state != State::Void && (older || one.lists(receipt.id))
    });
    Ok(own.next().map(|one| one.erasure()))
}

/// Tells the books of an erasure that lists the submission; says whether there is one.
pub(crate) async fn recall(handles: &Handles, of: &Submission) -> Result<bool> {
    let (id, sha256) = (of.receipt.id, &of.receipt.evidence_sha256);
    let all = all(handles, sha256).await?.into_iter();
    let mut own = all.filter(|one| one.state != State::Void && one.lists(id));
    let Some(one) = own.next() else {
        return Ok(false);
    };
    let (ids, erasure) = ([id], one.erasure());
    let told = handles
        .books
        .erase_submissions(&ids, sha256, one.number, &erasure);
    told.await.map_err(failure::books)?;
    Ok(true)
}

/// Puts it under its number, unless another has it.
pub(super) async fn create(handles: &Handles, one: &Tombstone) -> Result<bool> {
    let objects = handles.lake.objects();
    match objects.create(&path(one), text(one)?).await {
        Ok(PutOutcome::Created | PutOutcome::AlreadyThere) => Ok(true),
        Err(LakeError::Conflict(_)) => Ok(false),
        Err(error) => Err(failure::lake(error)),
    }
}

/// Puts it in another state.
pub(super) async fn put(handles: &Handles, one: &Tombstone) -> Result<()> {
    let put = handles.lake.objects().put(&path(one), text(one)?).await;
    put.map_err(failure::lake)
}

pub(super) async fn read(handles: &Handles, path: &str) -> Result<Tombstone> {
    let text = handles.lake.objects().get(path).await;
    let text = text.map_err(failure::lake)?;
    let broken = || {
        let message = format!("the tombstone `{path}` cannot be read");
        ServiceError::new(ErrorKind::Corrupt, message)
            .hint("Restore the object from a copy of the store.")
    };
    let one: Tombstone =
        serde_json::from_slice(&text).map_err(|error| broken().caused_by(error))?;
    // What lies under another's name is not its own.
    if named(path) == Some((one.sha256.clone(), one.number)) {
        Ok(one)
    } else {
        Err(broken())
    }
}

fn text(one: &Tombstone) -> Result<Bytes> {
    let text = serde_json::to_vec_pretty(one).map_err(|error| {
        ServiceError::new(ErrorKind::Internal, "cannot write a tombstone").caused_by(error)
    })?;
    Ok(text.into())
}

fn folder(sha256: &str) -> String {
    format!("{FOLDER}/{}/{sha256}", sha256.get(..2).unwrap_or_default())
}

fn path(one: &Tombstone) -> String {
    format!("{}/{:06}.json", folder(&one.sha256), one.number)
}

/// The hash and the number that a path names.
fn named(path: &str) -> Option<(String, u32)> {
    let mut parts = path.strip_prefix(FOLDER)?.strip_prefix('/')?.split('/');
    let (_, sha256, file) = (parts.next()?, parts.next()?, parts.next()?);
    let number = file.strip_suffix(".json")?.parse().ok()?;
    parts.next().is_none().then(|| (sha256.to_owned(), number))
}
