//! The secrets: what they look like, and the hash that is kept of them.
//!
//! A secret is a prefix that says its kind, 32 random bytes and a checksum of 4, both in hex. The
//! prefix lets scanners find leaked ones; the checksum tells a typing error from an unknown secret
//! without asking the database. Only the SHA-256 is kept: 256 random bits need no slow hash, and a
//! look-up by hash leaks nothing by its time.

use service::Secret;
use sha2::{Digest, Sha256};

use crate::AccessError;

/// What a secret is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretKind {
    /// An access token.
    Token,
    /// A one-time sign-in code.
    SignInCode,
    /// A session of the pages.
    Session,
}

const RANDOM_BYTES: usize = 32;
const CHECKSUM_BYTES: usize = 4;

impl SecretKind {
    const ALL: [Self; 3] = [Self::Token, Self::SignInCode, Self::Session];

    /// None is another's start followed by hex, so a text has one kind at most.
    fn prefix(self) -> &'static str {
        match self {
            Self::Token => "dtm_",
            Self::SignInCode => "dtm_code_",
            Self::Session => "dtm_session_",
        }
    }
}

/// The secret of those random bytes, which must come from the operating system and be used once.
pub fn mint(kind: SecretKind, random: [u8; RANDOM_BYTES]) -> Secret {
    let body = hex::encode(random);
    let checksum = checksum(kind, &body);
    Secret::new(format!("{}{body}{checksum}", kind.prefix()))
}

/// The kind of a secret that has the form of one; whether it is known is another question.
pub fn kind_of(shown: &Secret) -> Result<SecretKind, AccessError> {
    let fits = |kind: &SecretKind| {
        let rest = shown.reveal().strip_prefix(kind.prefix());
        let split = rest.and_then(|rest| rest.split_at_checked(2 * RANDOM_BYTES));
        split.is_some_and(|(body, end)| end == checksum(*kind, body))
    };
    SecretKind::ALL
        .into_iter()
        .find(fits)
        .ok_or(AccessError::NotASecret)
}

/// What is kept of a secret, and what it is found by: its SHA-256 in hex.
pub fn hash(secret: &Secret) -> String {
    hex::encode(Sha256::digest(secret.reveal()))
}

fn checksum(kind: SecretKind, body: &str) -> String {
    let digest = Sha256::new()
        .chain_update(kind.prefix())
        .chain_update(body)
        .finalize();
    hex::encode(&digest[..CHECKSUM_BYTES])
}
