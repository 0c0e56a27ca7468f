//! A witness: who checks that a log only grows, and says so (C2SP tlog-witness).

use std::fmt;
use std::str::FromStr;

use super::checkpoint::{Checkpoint, Signer, TreeHead, Trust, cosign, verify_signatures};
use super::note::{KeyKind, Note, NoteSignature, VerifierKey};
use super::reader::TileReader;
use super::serve::newest_checkpoint;
use super::tree::{NodeHash, verify_consistency};
use super::{Files, LogError, Result};

const KIND: &str = "request to a witness";
/// How many hashes the proof of a request has at most, by the specification.
const MOST_HASHES: usize = 63;

/// The body of `add-checkpoint`: a checkpoint, and why it follows the one that the witness knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size of the tree that the witness cosigned last; 0 if none.
    pub old_size: u64,
    /// The proof from there.
    pub proof: Vec<NodeHash>,
    /// The checkpoint with its signatures.
    pub checkpoint: Note,
}

impl fmt::Display for AddCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old_size)?;
        self.proof
            .iter()
            .try_for_each(|hash| writeln!(f, "{hash}"))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

impl FromStr for AddCheckpoint {
    type Err = LogError;

    /// Takes the one spelling that is printed.
    fn from_str(text: &str) -> Result<Self> {
        let broken = |message: &str| LogError::unreadable(KIND, message);
        let (top, checkpoint) = text
            .split_once("\n\n")
            .ok_or_else(|| broken("it has no blank line"))?;
        let mut lines = top.split('\n');
        let old = lines.next().and_then(|line| line.strip_prefix("old "));
        let old = old.and_then(|text| {
            let number = text.parse::<u64>().ok();
            number.filter(|number| number.to_string() == text)
        });
        let proof: Option<Vec<_>> = lines.map(NodeHash::from_base64).collect();
        let proof = proof.filter(|proof| proof.len() <= MOST_HASHES);
        Ok(Self {
            old_size: old.ok_or_else(|| broken("it has no old size"))?,
            proof: proof.ok_or_else(|| broken("its proof is not of up to 63 hashes"))?,
            checkpoint: Note::parse(checkpoint.as_bytes())?,
        })
    }
}

/// Makes the request that brings a witness from `old_size` to the newest checkpoint, and says the
/// number of its head; nothing if the log is empty.
///
/// Errors: the log has fewer entries than the witness saw, which is a rollback.
pub async fn consistency_request(
    files: &dyn Files,
    trust: &Trust,
    old_size: u64,
) -> Result<Option<(u64, AddCheckpoint)>> {
    let Some((number, Checkpoint { head, note, .. })) = newest_checkpoint(files, trust).await?
    else {
        return Ok(None);
    };
    if old_size > head.size {
        return Err(LogError::RolledBack {
            found: head.size,
            signed: old_size,
        });
    }
    let proof = TileReader::new(files, head.size)
        .consistency(old_size)
        .await?;
    let request = AddCheckpoint {
        old_size,
        proof,
        checkpoint: note,
    };
    Ok(Some((number, request)))
}

/// Why a witness does not cosign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The request is none, or its old size is above that of its checkpoint.
    #[error("the request is malformed: {0}")]
    Malformed(String),
    /// The log is none that the witness knows.
    #[error("log `{0}` is not known to this witness")]
    UnknownOrigin(String),
    /// No trusted key signed the checkpoint.
    #[error("the checkpoint is not signed by a known key of the log")]
    Unsigned,
    /// The old size is not that of the checkpoint that was cosigned last: the request is late, or
    /// the log went back.
    #[error("the old size is {given}, the checkpoint cosigned last has {latest} entries")]
    Stale {
        /// What was cosigned last.
        latest: u64,
        /// What the request said.
        given: u64,
    },
    /// The checkpoint has the size of the one cosigned last and another root.
    #[error("the log forked: another root was cosigned for {size} entries")]
    Forked {
        /// The size.
        size: u64,
    },
    /// The proof does not lead from the one to the other.
    #[error("the log forked, or the proof is wrong: it does not lead to the new root")]
    Inconsistent,
    /// The witness cannot sign.
    #[error("{0}")]
    Failed(String),
}

impl Refusal {
    /// The status of HTTP that the specification names.
    pub fn http_status(&self) -> u16 {
        match self {
            Self::Malformed(_) => 400,
            Self::Unsigned => 403,
            Self::UnknownOrigin(_) => 404,
            Self::Stale { .. } | Self::Forked { .. } => 409,
            Self::Inconsistent => 422,
            Self::Failed(_) => 500,
        }
    }
}

/// What a witness answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosigned {
    /// What it knows of the log from now on.
    pub head: TreeHead,
    /// Its signature line, which is the answer.
    pub line: NoteSignature,
    /// The checkpoint with that line, which it keeps.
    pub note: Note,
}

/// A witness: a name, a key and the logs that it knows. It keeps nothing; whoever asks it hands in
/// the head that it cosigned last, and keeps the new one before the answer is given, while nobody
/// else asks about the same log.
pub struct Witness<'a> {
    name: &'a str,
    signer: &'a dyn Signer,
    logs: &'a [VerifierKey],
}

impl<'a> Witness<'a> {
    /// A witness of the logs whose keys these are; a log's name is its origin.
    pub fn new(name: &'a str, signer: &'a dyn Signer, logs: &'a [VerifierKey]) -> Self {
        Self { name, signer, logs }
    }

    /// The head that was cosigned last, from the note that was kept. Its own signature is checked.
    pub fn recall(&self, note: &[u8]) -> Result<TreeHead> {
        let note = Note::parse(note)?;
        let head = TreeHead::parse(&note.text)?;
        let (key, _) = self.signer.sign(b"");
        let key = VerifierKey::new(self.name, KeyKind::Cosignature, key)?;
        if verify_signatures(&note, &[key])?.is_empty() {
            let message = "this witness did not cosign it";
            return Err(LogError::unproven("state of a witness", message));
        }
        Ok(head)
    }

    /// Checks a request against what was cosigned last for its log, and cosigns it at that time,
    /// in seconds since 1970. To ask again for what was cosigned last is no fault.
    pub fn check(
        &self,
        latest: Option<&TreeHead>,
        request: &AddCheckpoint,
        at_unix_s: u64,
    ) -> Result<Cosigned, Refusal> {
        let note = &request.checkpoint;
        let head = TreeHead::parse(&note.text);
        let head = head.map_err(|error| Refusal::Malformed(error.to_string()))?;
        let is_its =
            |key: &&VerifierKey| key.kind() == KeyKind::Ed25519 && key.name() == head.origin;
        let keys: Vec<_> = self.logs.iter().filter(is_its).cloned().collect();
        if keys.is_empty() {
            return Err(Refusal::UnknownOrigin(head.origin));
        }
        if !verify_signatures(note, &keys).is_ok_and(|signed| !signed.is_empty()) {
            return Err(Refusal::Unsigned);
        }
        check_follows(latest, request, &head)?;
        let failed = |error: LogError| Refusal::Failed(error.to_string());
        let line = cosign(self.name, self.signer, &note.text, at_unix_s).map_err(failed)?;
        let mut note = note.clone();
        note.signatures.push(line.clone());
        Ok(Cosigned { head, line, note })
    }
}

fn check_follows(
    latest: Option<&TreeHead>,
    request: &AddCheckpoint,
    head: &TreeHead,
) -> Result<(), Refusal> {
    let given = request.old_size;
    if given > head.size {
        let message = "the old size is above that of the checkpoint";
        return Err(Refusal::Malformed(message.to_owned()));
    }
    let latest = latest.filter(|latest| latest.origin == head.origin);
    let (size, root) = latest.map_or((0, NodeHash::empty()), |latest| (latest.size, latest.root));
    if given != size {
        return Err(Refusal::Stale {
            latest: size,
            given,
        });
    }
    if size == head.size && root != head.root {
        return Err(Refusal::Forked { size });
    }
    if !verify_consistency((size, root), (head.size, head.root), &request.proof) {
        return Err(Refusal::Inconsistent);
    }
    Ok(())
}

/// The lines of a witness's answer.
pub fn read_answer(text: &str) -> Result<Vec<NoteSignature>> {
    let broken = || LogError::unreadable("answer of a witness", "its last line does not end");
    let lines = text.strip_suffix('\n').ok_or_else(broken)?;
    lines.split('\n').map(str::parse).collect()
}
