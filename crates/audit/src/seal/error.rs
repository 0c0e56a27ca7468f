//! What can keep a document from being sealed or verified.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::KeyId;

/// An error of keys and of sealing.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SealError {
    /// The disk refuses.
    #[error("cannot {doing} the signing keys at `{}`: {source}", path.display())]
    Unavailable {
        /// What was attempted: `write`, `read`, …
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the disk said.
        source: Arc<io::Error>,
    },
    /// A file of the folder of keys is not what was written.
    #[error("the signing keys are damaged at `{}`: {message}", file.display())]
    Corrupt {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// A text that should be a key is none.
    #[error("cannot read the key: {0}")]
    Unreadable(String),
    /// A private key was given where a public one belongs.
    #[error("cannot read the public key: it is a private key")]
    Private,
    /// A document has a form that cannot be sealed.
    #[error("cannot seal the document: {0}")]
    Unsealable(String),
    /// The maker of keys gave one that has signed before.
    #[error("cannot make key `{0}` current: it has been published before")]
    Reused(KeyId),
    /// There was no chance to be had for a key.
    #[error("cannot make a signing key: the generator of random numbers fails")]
    Generate,
}

impl SealError {
    /// The way out, as a full sentence.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unavailable { .. } => {
                "Mend the disk or the permissions of the folder; it must be ours alone."
            }
            Self::Corrupt { .. } => {
                "Restore the folder of keys from a copy; to sign with a new key instead, delete \
                 the file `current` and keep the `.jwk` files."
            }
            Self::Unreadable(_) => {
                "Give an Ed25519 key as PEM, base64 of its 32 bytes, a JWK or a JWK Set."
            }
            Self::Private => {
                "Give the public key, as `openssl pkey -pubout` prints it, and keep the private \
                 one to its owner."
            }
            Self::Unsealable(_) => {
                "Give the text of a JSON object whose numbers are integers, without the member \
                 `proof`."
            }
            Self::Reused(_) => "Make a new key; a retired one never signs again.",
            Self::Generate => "Try again; the operating system gave no random numbers.",
        }
    }

    pub(super) fn unavailable(doing: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Unavailable {
            doing,
            path: path.to_owned(),
            source: Arc::new(source),
        }
    }

    pub(super) fn corrupt(file: &Path, message: impl Into<String>) -> Self {
        Self::Corrupt {
            file: file.to_owned(),
            message: message.into(),
        }
    }
}

/// Why a sealed document is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// Nobody said whose signature to believe.
    #[error("cannot verify the document: no public key was given")]
    NoKey,
    /// It is no JSON object, or one that says something twice.
    #[error("cannot read the document: {0}")]
    Unreadable(String),
    /// It is not sealed.
    #[error("the document has no member `proof`")]
    NoProof,
    /// The member `proof` is not what it should be.
    #[error("cannot read the member `proof`: {0}")]
    BadProof(String),
    /// It is sealed in a way that is not known here.
    #[error("the document is signed with the algorithm `{0}`, expected `Ed25519`")]
    UnknownAlgorithm(String),
    /// It is sealed with a key that is not among those given.
    #[error(
        "the document is signed with key `{key_id}`, which is not among those given: {}",
        list(given)
    )]
    UnknownKey {
        /// The key that the document names.
        key_id: String,
        /// The keys that were given.
        given: Vec<KeyId>,
    },
    /// The signature is not that of the key over the payload.
    #[error("the signature is not that of key `{0}` over the document")]
    WrongSignature(KeyId),
    /// What was signed is no document.
    #[error("what key `{key_id}` signed is no document: {message}")]
    BadPayload {
        /// The key.
        key_id: KeyId,
        /// What is wrong.
        message: String,
    },
    /// What can be read is not what was signed.
    #[error("the document is not what was signed: {}", join(.0))]
    Differs(Vec<Difference>),
    /// The document speaks of no evidence.
    #[error("the document does not give the SHA-256 and the size of its evidence")]
    NoEvidence,
    /// The evidence is another.
    #[error("the file is not the evidence of the document: {}", join(.0))]
    OtherEvidence(Vec<Difference>),
}

impl VerifyError {
    /// The way out, as a full sentence.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoKey => {
                "Get the public keys from whoever signed, by a way that you trust, and give them; \
                 a document cannot vouch for itself."
            }
            Self::Unreadable(_) => "Give the file as it was received, unchanged.",
            Self::NoProof | Self::BadProof(_) => {
                "Ask for the document again; this copy proves nothing."
            }
            Self::UnknownAlgorithm(_) => {
                "Verify it with a newer version of this program, if it comes from one."
            }
            Self::UnknownKey { .. } => {
                "Get the public keys anew, retired ones too; if the key is still not among them, \
                 the document comes from somebody else."
            }
            Self::WrongSignature(_) | Self::BadPayload { .. } => {
                "Do not rely on this copy; ask for the document again."
            }
            Self::Differs(_) => {
                "Rely on what was signed: somebody changed what can be read after the signature."
            }
            Self::NoEvidence => "Verify the document alone; it is about no file.",
            Self::OtherEvidence(_) => "Give the file that was submitted, byte for byte.",
        }
    }
}

/// A member that says something else than what was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The member with the way to it: `rows.landed`.
    pub member: String,
    /// What is there, as JSON; none if the member is missing.
    pub found: Option<String>,
    /// What was signed, as JSON; none if the member was added.
    pub signed: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let member = &self.member;
        match (&self.found, &self.signed) {
            (Some(found), Some(signed)) => {
                write!(f, "`{member}` is `{found}`, signed was `{signed}`")
            }
            (None, Some(signed)) => write!(f, "`{member}` is missing, signed was `{signed}`"),
            (Some(found), None) => write!(f, "`{member}` is `{found}`, and was not signed"),
            (None, None) => write!(f, "`{member}`"),
        }
    }
}

fn join(differences: &[Difference]) -> String {
    let texts: Vec<_> = differences.iter().map(Difference::to_string).collect();
    texts.join("; ")
}

fn list(keys: &[KeyId]) -> String {
    let texts: Vec<_> = keys.iter().map(|key| format!("`{key}`")).collect();
    texts.join(", ")
}
