//! Checkpoints: signed heads of the tree (C2SP tlog-checkpoint), and cosignatures of witnesses over
//! them (C2SP tlog-cosignature, version 1).

use std::fmt;

use super::note::{KeyKind, Note, NoteSignature, VerifierKey};
use super::tree::NodeHash;
use super::{LogError, Result};
use crate::seal::{PublicKey, SigningKey, SigningKeys};

const KIND: &str = "checkpoint";
/// A timestamp and a signature of Ed25519.
const COSIGNATURE_BYTES: usize = 8 + 64;

/// Who signs: the key of the log, or of a witness.
pub trait Signer: Send + Sync {
    /// Signs exactly these bytes, and says with which key.
    fn sign(&self, bytes: &[u8]) -> (PublicKey, [u8; 64]);
}

impl Signer for SigningKey {
    fn sign(&self, bytes: &[u8]) -> (PublicKey, [u8; 64]) {
        (self.public(), SigningKey::sign(self, bytes).signature)
    }
}

impl Signer for SigningKeys {
    fn sign(&self, bytes: &[u8]) -> (PublicKey, [u8; 64]) {
        self.sign_and_name(bytes)
    }
}

/// What a checkpoint says: whose tree, how many leaves, which root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeHead {
    /// The name of the log.
    pub origin: String,
    /// How many entries it has.
    pub size: u64,
    /// The root over them.
    pub root: NodeHash,
}

impl fmt::Display for TreeHead {
    /// The text of the note.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}\n{}\n", self.origin, self.size, self.root)
    }
}

impl TreeHead {
    /// Reads the text of a note. Lines of extension may follow and are passed over.
    pub fn parse(text: &str) -> Result<Self> {
        let broken = |message: &str| LogError::unreadable(KIND, message);
        let lines = text.strip_suffix('\n').unwrap_or(text);
        let lines: Vec<_> = lines.split('\n').collect();
        let [origin, size, root, ..] = lines[..] else {
            return Err(broken("it has fewer than three lines"));
        };
        if lines.iter().any(|line| line.is_empty()) {
            return Err(broken("it has an empty line"));
        }
        let number = size
            .parse::<u64>()
            .ok()
            .filter(|number| number.to_string() == size);
        Ok(Self {
            origin: origin.to_owned(),
            size: number.ok_or_else(|| broken("its size is no decimal number"))?,
            root: NodeHash::from_base64(root)
                .ok_or_else(|| broken("its root is no base64 of 32 bytes"))?,
        })
    }

    /// The checkpoint, signed by the key of the log under the log's name.
    pub fn sign(&self, signer: &dyn Signer) -> Result<Note> {
        let text = self.to_string();
        let (key, signature) = signer.sign(text.as_bytes());
        let key = VerifierKey::new(&self.origin, KeyKind::Ed25519, key)?;
        Ok(Note {
            text,
            signatures: vec![NoteSignature {
                name: self.origin.clone(),
                id: key.id(),
                bytes: signature.to_vec(),
            }],
        })
    }
}

/// A signature that was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedBy {
    /// The name of the key.
    pub name: String,
    /// When, in seconds since 1970, for a cosignature.
    pub at_unix_s: Option<u64>,
}

/// A signature of a witness over the text of a checkpoint, at a time in seconds since 1970.
pub fn cosign(
    name: &str,
    signer: &dyn Signer,
    text: &str,
    at_unix_s: u64,
) -> Result<NoteSignature> {
    let (key, signature) = signer.sign(cosigned(text, at_unix_s).as_bytes());
    let key = VerifierKey::new(name, KeyKind::Cosignature, key)?;
    Ok(NoteSignature {
        name: name.to_owned(),
        id: key.id(),
        bytes: [&at_unix_s.to_be_bytes()[..], &signature].concat(),
    })
}

/// Verifies the signatures of a note that are by known keys, and passes over others. A signature
/// that claims to be by a known key and is not makes the whole note unproven. Answers those that
/// hold, which may be none.
pub fn verify_signatures(note: &Note, keys: &[VerifierKey]) -> Result<Vec<SignedBy>> {
    let mut signed = Vec::new();
    for signature in &note.signatures {
        let Some(key) = keys.iter().find(|key| key.is_named_by(signature)) else {
            continue;
        };
        let by = verify_signature(&note.text, signature, key).ok_or_else(|| {
            let message = format!("the signature of `{}` does not hold", signature.name);
            LogError::unproven("signed note", message)
        })?;
        if !signed.contains(&by) {
            signed.push(by);
        }
    }
    Ok(signed)
}

fn verify_signature(text: &str, signature: &NoteSignature, key: &VerifierKey) -> Option<SignedBy> {
    let (holds, at_unix_s) = match key.kind() {
        KeyKind::Ed25519 => {
            let raw: &[u8; 64] = signature.bytes.as_slice().try_into().ok()?;
            (key.key().verifies(text.as_bytes(), raw), None)
        }
        KeyKind::Cosignature => {
            let all: &[u8; COSIGNATURE_BYTES] = signature.bytes.as_slice().try_into().ok()?;
            let (at, raw) = all.split_first_chunk::<8>()?;
            let at = u64::from_be_bytes(*at);
            let text = cosigned(text, at);
            let in_range = i64::try_from(at).is_ok();
            (
                in_range && key.key().verifies(text.as_bytes(), raw.try_into().ok()?),
                Some(at),
            )
        }
    };
    holds.then(|| SignedBy {
        name: key.name().to_owned(),
        at_unix_s,
    })
}

fn cosigned(text: &str, at_unix_s: u64) -> String {
    format!("cosignature/v1\ntime {at_unix_s}\n{text}")
}

/// The keys that a reader of the log believes.
#[derive(Debug, Clone)]
pub struct Trust {
    log: Vec<VerifierKey>,
    witnesses: Vec<VerifierKey>,
}

impl Trust {
    /// The keys of a log, of which one may have followed another, all under its name, and of the
    /// witnesses. Refuses no key, keys of several names, and keys of the wrong kind.
    pub fn new(log: Vec<VerifierKey>, witnesses: Vec<VerifierKey>) -> Result<Self> {
        let broken = |message: &str| Err(LogError::unreadable("trusted keys", message));
        let Some(first) = log.first() else {
            return broken("there is no key of the log");
        };
        let is_log =
            |key: &VerifierKey| key.kind() == KeyKind::Ed25519 && key.name() == first.name();
        if !log.iter().all(is_log) {
            return broken("the keys of the log are not all Ed25519 under one name");
        }
        if witnesses
            .iter()
            .any(|key| key.kind() != KeyKind::Cosignature)
        {
            return broken("the key of a witness is none for cosignatures");
        }
        Ok(Self { log, witnesses })
    }

    /// The name of the log.
    pub fn origin(&self) -> &str {
        self.log.first().map_or("", VerifierKey::name)
    }

    /// The keys of the log.
    pub fn log_keys(&self) -> &[VerifierKey] {
        &self.log
    }

    /// The keys of the witnesses.
    pub fn witnesses(&self) -> &[VerifierKey] {
        &self.witnesses
    }

    /// Reads a checkpoint of this log that its key signed; answers the witnesses beside it.
    pub fn open_checkpoint(&self, bytes: &[u8]) -> Result<Checkpoint> {
        let checkpoint = self.open_either(bytes)?;
        if verify_signatures(&checkpoint.note, &self.log)?.is_empty() {
            let message = "no key of the log signed it";
            return Err(LogError::unproven(KIND, message));
        }
        Ok(checkpoint)
    }

    /// Reads a checkpoint of this log that its key or a witness signed.
    pub fn open_either(&self, bytes: &[u8]) -> Result<Checkpoint> {
        let note = Note::parse(bytes)?;
        let head = TreeHead::parse(&note.text)?;
        if head.origin != self.origin() {
            let message = format!("it is of log `{}`", head.origin);
            return Err(LogError::unproven(KIND, message));
        }
        let signed = verify_signatures(&note, &self.log)?;
        let cosigned_by = verify_signatures(&note, &self.witnesses)?;
        if signed.is_empty() && cosigned_by.is_empty() {
            return Err(LogError::unproven(KIND, "no known key signed it"));
        }
        Ok(Checkpoint {
            head,
            note,
            cosigned_by,
        })
    }
}

/// A checkpoint whose signatures were verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// What it says.
    pub head: TreeHead,
    /// The note.
    pub note: Note,
    /// The witnesses that cosigned it.
    pub cosigned_by: Vec<SignedBy>,
}
