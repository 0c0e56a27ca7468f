//! Whether a sealed document is to be believed.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::document::{ALGORITHM, PROOF};
use super::{Difference, KeyId, KeyRecord, PublicKeys, VerifyError, json};

/// How much of a value is shown where it differs.
const SHOWN_BYTES: usize = 200;

/// A document that is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The bytes that were signed.
    pub payload: Vec<u8>,
    /// What they say; always an object.
    pub value: Value,
    /// The key that signed. If it is retired, a document that dates itself after that is suspect.
    pub key: KeyRecord,
}

impl Verified {
    /// What the key is called.
    pub fn key_id(&self) -> KeyId {
        self.key.key.id()
    }
}

/// Verifies a document with one of the keys given, and no other. Then every member beside `proof`
/// must say what was signed, and none may be missing or added; the order of members, the space
/// between them and the escapes of letters do not matter.
pub fn verify(text: &str, keys: &PublicKeys) -> Result<Verified, VerifyError> {
    if keys.is_empty() {
        return Err(VerifyError::NoKey);
    }
    let mut shown = json::parse_object(text).map_err(VerifyError::Unreadable)?;
    let proof = shown.remove(PROOF).ok_or(VerifyError::NoProof)?;
    let proof = read_proof(proof)?;
    let key = find_key(&proof.key_id, keys)?;
    let id = key.key.id();
    let payload = decode("payload", &proof.payload)?;
    let signature: [u8; 64] = decode("signature", &proof.signature)?
        .try_into()
        .map_err(|_| VerifyError::WrongSignature(id))?;
    if !key.key.verifies(&payload, &signature) {
        return Err(VerifyError::WrongSignature(id));
    }
    let signed = read_payload(&payload).map_err(|message| VerifyError::BadPayload {
        key_id: id,
        message,
    })?;
    let mut differences = Vec::new();
    compare_members("", &shown, &signed, &mut differences);
    if !differences.is_empty() {
        return Err(VerifyError::Differs(differences));
    }
    Ok(Verified {
        payload,
        value: Value::Object(signed),
        key: key.clone(),
    })
}

/// Whether the file of this SHA-256 and size is the one that the document's `evidence` names.
pub fn verify_evidence(
    verified: &Verified,
    sha256_hex: &str,
    size_bytes: u64,
) -> Result<(), VerifyError> {
    let evidence = &verified.value["evidence"];
    let (Some(sha256), Some(size)) = (evidence["sha256"].as_str(), evidence["size_bytes"].as_u64())
    else {
        return Err(VerifyError::NoEvidence);
    };
    let mut differences = Vec::new();
    let found = Value::from(sha256_hex.to_ascii_lowercase());
    let pairs = [
        ("evidence.sha256", found, Value::from(sha256)),
        ("evidence.size_bytes", size_bytes.into(), size.into()),
    ];
    for (member, found, signed) in &pairs {
        compare(member, Some(found), Some(signed), &mut differences);
    }
    if differences.is_empty() {
        Ok(())
    } else {
        Err(VerifyError::OtherEvidence(differences))
    }
}

/// The member `proof`, but for its algorithm.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Proof {
    key_id: String,
    payload: String,
    signature: String,
}

fn read_proof(mut proof: Value) -> Result<Proof, VerifyError> {
    let bad = |message: &str| VerifyError::BadProof(message.to_owned());
    let members = proof.as_object_mut();
    let members = members.ok_or_else(|| bad("it is no object"))?;
    // Looked at first: of another algorithm nothing else is known.
    match members.remove("algorithm") {
        Some(Value::String(algorithm)) if algorithm == ALGORITHM => {}
        Some(Value::String(other)) => return Err(VerifyError::UnknownAlgorithm(other)),
        _ => return Err(bad("it names no algorithm")),
    }
    serde_json::from_value(proof).map_err(|error| bad(&error.to_string()))
}

fn find_key<'a>(key_id: &str, keys: &'a PublicKeys) -> Result<&'a KeyRecord, VerifyError> {
    let id = key_id.parse().ok();
    id.and_then(|id| keys.get(id))
        .ok_or_else(|| VerifyError::UnknownKey {
            key_id: key_id.to_owned(),
            given: keys.iter().map(|record| record.key.id()).collect(),
        })
}

fn decode(member: &str, text: &str) -> Result<Vec<u8>, VerifyError> {
    let decoded = STANDARD.decode(text);
    decoded.map_err(|_| VerifyError::BadProof(format!("`{member}` is no base64")))
}

fn read_payload(payload: &[u8]) -> Result<Map<String, Value>, String> {
    let text = str::from_utf8(payload).map_err(|error| error.to_string())?;
    let members = json::parse_object(text)?;
    if members.contains_key(PROOF) {
        return Err(format!("it has a member `{PROOF}`"));
    }
    Ok(members)
}

fn compare_members(
    path: &str,
    found: &Map<String, Value>,
    signed: &Map<String, Value>,
    differences: &mut Vec<Difference>,
) {
    let names: BTreeSet<&String> = found.keys().chain(signed.keys()).collect();
    for name in names {
        let member = match path {
            "" => name.clone(),
            _ => format!("{path}.{name}"),
        };
        compare(&member, found.get(name), signed.get(name), differences);
    }
}

fn compare(
    member: &str,
    found: Option<&Value>,
    signed: Option<&Value>,
    differences: &mut Vec<Difference>,
) {
    match (found, signed) {
        (Some(Value::Object(found)), Some(Value::Object(signed))) => {
            compare_members(member, found, signed, differences);
        }
        (Some(Value::Array(found)), Some(Value::Array(signed))) => {
            for index in 0..found.len().max(signed.len()) {
                let item = format!("{member}[{index}]");
                compare(&item, found.get(index), signed.get(index), differences);
            }
        }
        _ if found == signed => {}
        _ => differences.push(Difference {
            member: member.to_owned(),
            found: found.map(show),
            signed: signed.map(show),
        }),
    }
}

fn show(value: &Value) -> String {
    let text = value.to_string();
    match text.floor_char_boundary(SHOWN_BYTES) {
        end if end < text.len() => format!("{}…", &text[..end]),
        _ => text,
    }
}

#[cfg(test)]
mod tests;
