//! Evidence that is marked, and evidence that is gone.

use chrono::{DateTime, Utc};

use crate::SubmissionId;

/// Why the evidence of a submission is restricted: it may hold what looks like personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Restriction {
    /// Its contract is classified `restricted`, or lets a column hold personal data.
    Classified,
    /// Judging it hid values that look personal.
    PersonalData,
    /// It was refused before it was read to its end, so nobody knows what it holds.
    Unread,
}

impl Restriction {
    /// Every reason.
    pub const ALL: [Self; 3] = [Self::Classified, Self::PersonalData, Self::Unread];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Classified => "classified",
            Self::PersonalData => "personal_data",
            Self::Unread => "unread",
        }
    }

    /// The reason of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }
}

/// That evidence was erased: its bytes are gone, its hash stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// When.
    pub at: DateTime<Utc>,
    /// Who erased it.
    pub principal: String,
    /// Why.
    pub reason: String,
}

/// A request to erase the evidence of a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EraseRequest {
    /// The submission.
    pub id: SubmissionId,
    /// Why, for the history; it must name nobody.
    pub reason: String,
    /// Whether it may be erased although other submissions brought the same bytes, whose evidence
    /// it is too.
    pub others: bool,
}

/// What an erasure did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EraseReport {
    /// The submissions whose evidence is gone with it, the one that was named first.
    pub submissions: Vec<SubmissionId>,
    /// The SHA-256 of the bytes in hex.
    pub sha256: String,
    /// How many bytes they were.
    pub size_bytes: u64,
    /// Rows that landed from them. Erasing takes none out of its table; withdrawing does.
    pub rows_landed: u64,
    /// When, by whom and why.
    pub erasure: Erasure,
}
