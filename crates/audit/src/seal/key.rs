//! A key: what signs, what verifies, and what it is called.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::{SealError, pem};

const PRIVATE_LABEL: &str = "PRIVATE KEY";
pub(super) const PUBLIC_LABEL: &str = "PUBLIC KEY";
/// What stands before the 32 bytes in a SubjectPublicKeyInfo of Ed25519 (RFC 8410).
const PUBLIC_PREFIX: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// The name of a key: the first 16 hex digits of the SHA-256 over its 32 public bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 8]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl FromStr for KeyId {
    type Err = SealError;

    /// Takes the one spelling that is printed: 16 hex digits in lower case.
    fn from_str(text: &str) -> Result<Self, SealError> {
        let mut id = [0; 8];
        let read = hex::decode_to_slice(text, &mut id).map(|()| Self(id));
        let read = read.ok().filter(|id| id.to_string() == text);
        read.ok_or_else(|| SealError::Unreadable(format!("`{text}` is no id of a key")))
    }
}

/// A public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// The key of these bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads one PEM block, as `openssl pkey -pubout` prints it.
    pub fn from_pem(text: &str) -> Result<Self, SealError> {
        if text.contains(PRIVATE_LABEL) {
            return Err(SealError::Private);
        }
        let der = pem::decode(PUBLIC_LABEL, text).map_err(SealError::Unreadable)?;
        let raw = der.strip_prefix(&PUBLIC_PREFIX);
        raw.and_then(|raw| raw.try_into().ok())
            .map(Self)
            .ok_or_else(|| SealError::Unreadable("it is a key, but none of Ed25519".to_owned()))
    }

    /// Reads the base64 of the 32 bytes.
    pub fn from_base64(text: &str) -> Result<Self, SealError> {
        let read = STANDARD.decode(text.trim()).ok();
        read.and_then(|raw| raw.try_into().ok())
            .map(Self)
            .ok_or_else(|| SealError::Unreadable("it is no base64 of 32 bytes".to_owned()))
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// What the key is called.
    pub fn id(&self) -> KeyId {
        let digest = Sha256::digest(self.0);
        let mut id = [0; 8];
        id.copy_from_slice(&digest[..8]);
        KeyId(id)
    }

    /// A SubjectPublicKeyInfo, which `openssl pkey -pubin` reads.
    pub fn to_pem(&self) -> String {
        pem::encode(PUBLIC_LABEL, &[&PUBLIC_PREFIX[..], &self.0].concat())
    }

    /// Whether the signature is that of this key over exactly these bytes.
    pub fn verifies(&self, bytes: &[u8], signature: &[u8; 64]) -> bool {
        let key = UnparsedPublicKey::new(&ED25519, &self.0[..]);
        key.verify(bytes, signature).is_ok()
    }
}

/// A signature and whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seal {
    /// The key that signed.
    pub key_id: KeyId,
    /// The signature of Ed25519.
    pub signature: [u8; 64],
}

/// A private key.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    public: PublicKey,
}

impl SigningKey {
    /// Makes a key out of the operating system's chance.
    pub fn generate() -> Result<Self, SealError> {
        let pair = Ed25519KeyPair::generate().map_err(|_| SealError::Generate)?;
        Self::new(pair)
    }

    /// The key of a seed, the 32 bytes that RFC 8032 calls the secret key. Whoever can guess the
    /// seed can sign, so it is for keys made elsewhere and for tests.
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, SealError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| SealError::Generate)?;
        Self::new(pair)
    }

    /// Reads a PKCS#8 PEM, as `openssl genpkey -algorithm ED25519` prints it.
    pub fn from_pem(text: &str) -> Result<Self, SealError> {
        let der = pem::decode(PRIVATE_LABEL, text).map_err(SealError::Unreadable)?;
        let pair = Ed25519KeyPair::from_pkcs8(&der)
            .map_err(|error| SealError::Unreadable(error.to_string()))?;
        Self::new(pair)
    }

    fn new(pair: Ed25519KeyPair) -> Result<Self, SealError> {
        let raw = pair.public_key().as_ref().try_into();
        let public = raw.map(PublicKey).map_err(|_| SealError::Generate)?;
        Ok(Self { pair, public })
    }

    /// PKCS#8 of version 1: OpenSSL 3.0 does not read version 2, which adds the public key.
    pub(super) fn to_pem(&self) -> Result<String, SealError> {
        let der = self.pair.to_pkcs8v1().map_err(|_| SealError::Generate)?;
        Ok(pem::encode(PRIVATE_LABEL, der.as_ref()))
    }

    /// The half that may be shown.
    pub fn public(&self) -> PublicKey {
        self.public
    }

    /// Signs exactly these bytes; the same bytes get the same signature.
    pub fn sign(&self, bytes: &[u8]) -> Seal {
        let mut signature = [0; 64];
        signature.copy_from_slice(self.pair.sign(bytes).as_ref());
        Seal {
            key_id: self.public.id(),
            signature,
        }
    }
}

impl fmt::Debug for SigningKey {
    /// Shows which key it is, and not the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.public.id())
    }
}

#[cfg(test)]
mod tests;
