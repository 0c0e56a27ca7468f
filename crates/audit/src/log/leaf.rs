//! Leaves: entries as they stand in the tree, and the long texts that stand beside it.
//!
//! A leaf is a JSON object in the canonical form of RFC 8785 with a member `sequence`, which is its
//! index in the tree plus 1. A member that is too long is kept as a *side object*, a file named by
//! the SHA-256 of its bytes, and has in the leaf the value
//! `{"side":{"of":"text","sha256":"…","size_bytes":…}}`; `of` is `json` where the side object is
//! the canonical JSON of a value that is no text. What is split, and where, is part of the format:
//! the same entry gives the same bytes for ever.

use bytes::Bytes;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::tree::{NodeHash, leaf_hash};
use super::{LogError, Result};
use crate::seal::json;

/// How long a leaf may be.
pub const LEAF_BYTES: usize = 16 * 1024;
/// How long a side object may be.
pub const SIDE_BYTES: usize = 16 * 1024 * 1024;
/// A longer text is a side object.
const TEXT_BYTES: usize = 2048;
/// The largest integer that every reader of JSON reads exactly (RFC 8785).
const LARGEST_INTEGER: u64 = (1 << 53) - 1;

const KIND: &str = "audit entry";
const SEQUENCE: &str = "sequence";
const SIDE: &str = "side";

/// Where a long text of an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SideRef {
    /// The member of the entry.
    pub member: String,
    /// The SHA-256 of its bytes, which is its name.
    pub sha256: [u8; 32],
    /// How long it is.
    pub size_bytes: u64,
}

impl SideRef {
    /// What is wrong with the bytes of the side object; nothing if they are the ones.
    pub fn fault(&self, bytes: &[u8]) -> Option<&'static str> {
        if bytes.len() as u64 != self.size_bytes {
            Some("its length is not the one that its entry names")
        } else if sha256(bytes) != self.sha256 {
            Some("its SHA-256 is not its name")
        } else {
            None
        }
    }
}

/// A leaf that was read or made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// The sequence of the entry; its index in the tree is one less.
    pub sequence: u64,
    /// The bytes in the tree.
    pub bytes: Bytes,
    /// What stands beside it.
    pub sides: Vec<SideRef>,
}

impl Leaf {
    /// Reads a leaf: canonical JSON, at most 16 KiB.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let broken = |message: &str| LogError::unreadable(KIND, message);
        if bytes.len() > LEAF_BYTES {
            return Err(broken("it is longer than 16 KiB"));
        }
        let text = str::from_utf8(bytes).map_err(|_| broken("it is no UTF-8"))?;
        let members = json::parse_object(text).map_err(|message| broken(&message))?;
        if canonical(&Value::Object(members.clone())) != bytes {
            return Err(broken("it is no canonical JSON"));
        }
        let mut sides = Vec::new();
        for (member, value) in &members {
            if let Some(side) = value.get(SIDE) {
                let side = read_side(member, side);
                sides.push(side.ok_or_else(|| broken("it names a side object in no known form"))?);
            }
        }
        Ok(Self {
            sequence: sequence_of(&members)?,
            bytes: Bytes::copy_from_slice(bytes),
            sides,
        })
    }

    /// Its index in the tree.
    pub fn index(&self) -> u64 {
        self.sequence - 1
    }

    /// Its hash in the tree.
    pub fn hash(&self) -> NodeHash {
        leaf_hash(&self.bytes)
    }
}

/// An entry ready for the tree: its leaf, and the side objects that it names, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitEntry {
    /// The leaf.
    pub leaf: Leaf,
    /// The bytes of the side objects.
    pub sides: Vec<Bytes>,
}

impl SplitEntry {
    /// Splits an entry that is given as a JSON object, such as a line of the journal.
    ///
    /// It refuses what is no object, has a member twice, has numbers other than integers of up to
    /// 53 bits, has no `sequence` from 1, has a member that looks like a side object, or is too
    /// long when all that can be is beside it.
    pub fn from_json(line: &[u8]) -> Result<Self> {
        let broken = |message: &str| LogError::unreadable(KIND, message);
        let text = str::from_utf8(line).map_err(|_| broken("it is no UTF-8"))?;
        let members = json::parse_object(text).map_err(|message| broken(&message))?;
        Self::from_members(members)
    }

    /// Splits an entry that is given by its members, under the same conditions.
    pub fn from_members(mut members: Map<String, Value>) -> Result<Self> {
        let broken = |message: &str| LogError::unreadable(KIND, message);
        let sequence = sequence_of(&members)?;
        if members.values().any(|value| value.get(SIDE).is_some()) {
            return Err(broken("a member of it looks like a side object"));
        }
        if !members.values().all(is_exact) {
            return Err(broken("a number of it is no integer of 53 bits"));
        }
        let mut moved = Vec::new();
        for (member, value) in &mut members {
            if value.as_str().is_some_and(|text| text.len() > TEXT_BYTES) {
                moved.push(move_out(member, value)?);
            }
        }
        let mut bytes = canonical(&Value::Object(members.clone()));
        while bytes.len() > LEAF_BYTES {
            let (member, value) = longest(&mut members).ok_or_else(|| broken("it is too long"))?;
            moved.push(move_out(&member, value)?);
            bytes = canonical(&Value::Object(members.clone()));
        }
        moved.sort_by(|(one, _), (other, _)| one.member.cmp(&other.member));
        let (sides, objects) = moved.into_iter().unzip();
        let leaf = Leaf {
            sequence,
            bytes: bytes.into(),
            sides,
        };
        Ok(Self {
            leaf,
            sides: objects,
        })
    }
}

/// The member that gains most by being moved, if one gains.
fn longest(members: &mut Map<String, Value>) -> Option<(String, &mut Value)> {
    let movable = members
        .iter_mut()
        .filter(|(member, value)| *member != SEQUENCE && value.get(SIDE).is_none());
    let sized = movable.map(|(member, value)| (canonical(value).len(), member, value));
    let (size, member, value) = sized.max_by_key(|(size, member, _)| (*size, (*member).clone()))?;
    (size > 256).then(|| (member.clone(), value))
}

fn move_out(member: &str, value: &mut Value) -> Result<(SideRef, Bytes)> {
    let (of, bytes) = match value.take() {
        Value::String(text) => ("text", text.into_bytes()),
        other => ("json", canonical(&other)),
    };
    if bytes.len() > SIDE_BYTES {
        let message = format!("its member `{member}` is longer than 16 MiB");
        return Err(LogError::unreadable(KIND, message));
    }
    let side = SideRef {
        member: member.to_owned(),
        sha256: sha256(&bytes),
        size_bytes: bytes.len() as u64,
    };
    let name = hex::encode(side.sha256);
    *value = json!({ SIDE: { "of": of, "sha256": name, "size_bytes": side.size_bytes } });
    Ok((side, bytes.into()))
}

fn read_side(member: &str, side: &Value) -> Option<SideRef> {
    let object = side.as_object()?;
    let of = object.get("of")?.as_str()?;
    let name = object.get("sha256")?.as_str()?;
    let mut sha256 = [0; 32];
    hex::decode_to_slice(name, &mut sha256).ok()?;
    let known = object.len() == 3 && ["text", "json"].contains(&of) && hex::encode(sha256) == name;
    let size_bytes = object.get("size_bytes")?.as_u64()?;
    known.then(|| SideRef {
        member: member.to_owned(),
        sha256,
        size_bytes,
    })
}

fn sequence_of(members: &Map<String, Value>) -> Result<u64> {
    let sequence = members.get(SEQUENCE).and_then(Value::as_u64);
    sequence
        .filter(|sequence| (1..=LARGEST_INTEGER).contains(sequence))
        .ok_or_else(|| LogError::unreadable(KIND, "it has no `sequence` from 1"))
}

fn is_exact(value: &Value) -> bool {
    match value {
        Value::Number(number) => {
            let size = number
                .as_i64()
                .map(i64::unsigned_abs)
                .or_else(|| number.as_u64());
            size.is_some_and(|size| size <= LARGEST_INTEGER)
        }
        Value::Array(items) => items.iter().all(is_exact),
        Value::Object(members) => members.values().all(is_exact),
        Value::Null | Value::Bool(_) | Value::String(_) => true,
    }
}

/// The canonical form of RFC 8785 for values whose numbers are integers: members in the order of
/// their names' UTF-16, no space, the shortest escapes.
fn canonical(value: &Value) -> Vec<u8> {
    let mut text = String::new();
    write_canonical(value, &mut text);
    text.into_bytes()
}

fn write_canonical(value: &Value, text: &mut String) {
    match value {
        Value::Array(items) => {
            text.push('[');
            for (place, item) in items.iter().enumerate() {
                text.push_str(if place == 0 { "" } else { "," });
                write_canonical(item, text);
            }
            text.push(']');
        }
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by(|(one, _), (other, _)| one.encode_utf16().cmp(other.encode_utf16()));
            text.push('{');
            for (place, (name, member)) in sorted.into_iter().enumerate() {
                text.push_str(if place == 0 { "" } else { "," });
                write_string(name, text);
                text.push(':');
                write_canonical(member, text);
            }
            text.push('}');
        }
        Value::String(inner) => write_string(inner, text),
        Value::Null | Value::Bool(_) | Value::Number(_) => text.push_str(&value.to_string()),
    }
}

fn write_string(inner: &str, text: &mut String) {
    text.push('"');
    for letter in inner.chars() {
        match letter {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            '\u{0}'..='\u{1f}' => text.push_str(&format!("\\u{:04x}", u32::from(letter))),
            _ => text.push(letter),
        }
    }
    text.push('"');
}

pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}
