//! A sealed document, as it leaves the house.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::{Seal, SealError, json};

pub(super) const ALGORITHM: &str = "Ed25519";
pub(super) const PROOF: &str = "proof";

/// The exact text of a JSON object, and its seal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    stored: String,
    seal: Seal,
}

impl Sealed {
    /// Puts together what is stored. It refuses what nobody could verify: bytes that are no JSON
    /// object, a member that is there twice or is named `proof`, a number that is no integer of
    /// 64 bits. Whether the seal is that of the bytes is for [`verify`](super::verify) to say.
    pub fn new(stored: impl Into<Vec<u8>>, seal: Seal) -> Result<Self, SealError> {
        let stored = String::from_utf8(stored.into())
            .map_err(|_| SealError::Unsealable("it is no UTF-8".to_owned()))?;
        let members = json::parse_object(&stored).map_err(SealError::Unsealable)?;
        if members.contains_key(PROOF) {
            let message = format!("it has a member `{PROOF}`");
            return Err(SealError::Unsealable(message));
        }
        Ok(Self { stored, seal })
    }

    /// What a person keeps: the stored text, with the member `proof` added at its end.
    pub fn to_json(&self) -> String {
        let proof = json!({
            "algorithm": ALGORITHM,
            "key_id": self.seal.key_id.to_string(),
            "payload": STANDARD.encode(&self.stored),
            "signature": STANDARD.encode(self.seal.signature),
        });
        let text = self.stored.trim_end();
        let members = text.strip_suffix('}').unwrap_or(text).trim_end();
        let comma = if members.ends_with('{') { "" } else { "," };
        format!("{members}{comma}\"{PROOF}\":{proof}}}")
    }
}
