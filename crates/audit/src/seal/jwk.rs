//! Public keys as they are published: JWK (RFC 7517) of the kind that RFC 8037 defines.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::key::PUBLIC_LABEL;
use super::{KeyId, PublicKey, SealError, json, pem};

/// A public key and its time. A key that was not read from a JWK of ours has no times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRecord {
    /// The key.
    pub key: PublicKey,
    /// When it was made.
    pub created_at: Option<DateTime<Utc>>,
    /// When it signed for the last time; none while it is in use.
    pub retired_at: Option<DateTime<Utc>>,
}

impl From<PublicKey> for KeyRecord {
    fn from(key: PublicKey) -> Self {
        Self {
            key,
            created_at: None,
            retired_at: None,
        }
    }
}

impl KeyRecord {
    /// What records are sorted by: when they were made, and in the same second by name.
    pub(super) fn order(&self) -> (Option<DateTime<Utc>>, KeyId) {
        (self.created_at, self.key.id())
    }

    /// Reads a JWK. Its `kid` is not looked at: what a key is called follows from the key.
    pub fn from_jwk(text: &str) -> Result<Self, SealError> {
        let value = json::parse(text).map_err(SealError::Unreadable)?;
        read(value)?.ok_or_else(|| {
            SealError::Unreadable("it is a JWK, but of no Ed25519 key for signatures".to_owned())
        })
    }

    /// The JWK, with `kid` and our own members `created_at` and, once retired, `retired_at`.
    pub fn to_jwk(&self) -> Value {
        let mut jwk = json!({
            "kty": "OKP",
            "crv": "Ed25519",
            "x": URL_SAFE_NO_PAD.encode(self.key.as_bytes()),
            "kid": self.key.id().to_string(),
            "use": "sig",
            "alg": "EdDSA",
        });
        if let Some(created_at) = self.created_at {
            jwk["created_at"] = json!(created_at);
        }
        if let Some(retired_at) = self.retired_at {
            jwk["retired_at"] = json!(retired_at);
        }
        jwk
    }
}

/// What is looked at in a JWK.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    crv: Option<String>,
    x: Option<String>,
    d: Option<IgnoredAny>,
    #[serde(rename = "use")]
    usage: Option<String>,
    created_at: Option<DateTime<Utc>>,
    retired_at: Option<DateTime<Utc>>,
}

/// None if it is a key of another kind.
fn read(value: Value) -> Result<Option<KeyRecord>, SealError> {
    let unreadable = |message: String| SealError::Unreadable(message);
    let jwk: Jwk = serde_json::from_value(value)
        .map_err(|error| unreadable(format!("it is no JWK: {error}")))?;
    if jwk.d.is_some() {
        return Err(SealError::Private);
    }
    let signs = jwk.usage.is_none_or(|usage| usage == "sig");
    if jwk.kty != "OKP" || jwk.crv.as_deref() != Some("Ed25519") || !signs {
        return Ok(None);
    }
    let raw = jwk.x.and_then(|x| URL_SAFE_NO_PAD.decode(x).ok());
    let raw = raw.and_then(|raw| raw.try_into().ok());
    let raw = raw.ok_or_else(|| {
        unreadable("the member `x` of a JWK is no base64url of 32 bytes".to_owned())
    })?;
    Ok(Some(KeyRecord {
        key: PublicKey::from_bytes(raw),
        created_at: jwk.created_at,
        retired_at: jwk.retired_at,
    }))
}

/// The public keys that a signature may come from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PublicKeys(Vec<KeyRecord>);

impl PublicKeys {
    /// Reads whichever form the text has: PEM (one block or more), base64 of one key, a JWK, or a
    /// JWK Set. Keys of other kinds in a set are passed over, as RFC 7517 says; a private key is
    /// refused.
    pub fn parse(text: &str) -> Result<Self, SealError> {
        let text = text.trim();
        if text.starts_with('{') {
            return Self::parse_json(text);
        }
        if !text.starts_with("-----BEGIN") {
            return PublicKey::from_base64(text).map(Self::from);
        }
        let mut keys = Self::default();
        let end = pem::end(PUBLIC_LABEL);
        for block in text.split_inclusive(&end) {
            keys.add(PublicKey::from_pem(block)?.into());
        }
        Ok(keys)
    }

    fn parse_json(text: &str) -> Result<Self, SealError> {
        #[derive(Deserialize)]
        struct Set {
            keys: Vec<Value>,
        }
        let value = json::parse(text).map_err(SealError::Unreadable)?;
        if value.get("keys").is_none() {
            return KeyRecord::from_jwk(text).map(|record| Self(vec![record]));
        }
        let set: Set = serde_json::from_value(value)
            .map_err(|error| SealError::Unreadable(format!("it is no JWK Set: {error}")))?;
        let mut keys = Self::default();
        for value in set.keys {
            if let Some(record) = read(value)? {
                keys.add(record);
            }
        }
        Ok(keys)
    }

    /// Adds a key, unless one of that name is there.
    pub fn add(&mut self, record: KeyRecord) {
        if self.get(record.key.id()).is_none() {
            self.0.push(record);
        }
    }

    /// The key of that name.
    pub fn get(&self, id: KeyId) -> Option<&KeyRecord> {
        self.iter().find(|record| record.key.id() == id)
    }

    /// The keys in their order.
    pub fn iter(&self) -> impl Iterator<Item = &KeyRecord> {
        self.0.iter()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The JWK Set.
    pub fn to_jwks(&self) -> Value {
        let keys: Vec<_> = self.iter().map(KeyRecord::to_jwk).collect();
        json!({ "keys": keys })
    }
}

impl From<PublicKey> for PublicKeys {
    fn from(key: PublicKey) -> Self {
        Self(vec![key.into()])
    }
}

impl FromIterator<KeyRecord> for PublicKeys {
    fn from_iter<I: IntoIterator<Item = KeyRecord>>(records: I) -> Self {
        let mut keys = Self::default();
        records.into_iter().for_each(|record| keys.add(record));
        keys
    }
}

#[cfg(test)]
mod tests;
