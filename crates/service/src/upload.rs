//! Uploads: bodies that arrive in parts, over links that break.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};

use crate::{ServiceError, SubmitAnswer, SubmitRequest};

/// The id of an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UploadId(uuid::Uuid);

impl UploadId {
    /// Wraps an id.
    pub fn new(id: uuid::Uuid) -> Self {
        Self(id)
    }
}

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl FromStr for UploadId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        text.parse().map(Self)
    }
}

/// A request to send a body in parts.
#[derive(Debug, Clone)]
pub struct UploadRequest {
    /// What the body is to be submitted as once it is there. Without a key, it gets one of its
    /// own: whatever happens on the way, it lands once.
    pub submit: SubmitRequest,
    /// How many bytes it has.
    pub length: u64,
    /// What the client wants to be told again when it asks: `Upload-Metadata` as it was given.
    pub metadata: String,
}

/// What the bytes of a part hash to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checksum {
    /// SHA-1, which every client of the tus protocol knows.
    Sha1([u8; 20]),
    /// SHA-256.
    Sha256([u8; 32]),
}

/// The next part of an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UploadPart {
    /// Where it begins, which must be where the upload stands.
    pub offset: u64,
    /// What it hashes to, if the sender says so: then it is kept whole or not at all.
    pub checksum: Option<Checksum>,
}

/// An upload as it stands.
#[derive(Debug)]
pub struct Upload {
    /// Its id.
    pub id: UploadId,
    /// How many bytes it has.
    pub length: u64,
    /// How many of them are kept; the next part begins there.
    pub offset: u64,
    /// As it was given.
    pub metadata: String,
    /// When it is given up, or forgotten if it is done, unless more of it comes before.
    pub expires_at: DateTime<Utc>,
    /// What became of it.
    pub state: UploadState,
}

/// What became of an upload.
#[derive(Debug)]
pub enum UploadState {
    /// Bytes are missing.
    Receiving,
    /// It is complete, and waits to be landed or is.
    Landing,
    /// The answer, as to a body that came at once.
    Done(Box<SubmitAnswer>),
    /// The refusal, as of a body that came at once.
    Refused(Box<ServiceError>),
}

impl UploadState {
    /// The word for the state.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Receiving => "receiving",
            Self::Landing => "landing",
            Self::Done(_) => "done",
            Self::Refused(_) => "refused",
        }
    }
}
