//! A line of the journal: an entry with its place, its time and its link to the line before.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use service::AuditRecord;
use sha2::{Digest, Sha256};

use crate::Entry;

/// Bounds on the fields whose length a caller chooses, as they stand in the line. Without its
/// detail no line is longer than 16 KiB.
const RESOURCE_BYTES: usize = 1024;
const NAME_BYTES: usize = 512;
const DETAIL_BYTES: usize = 1 << 20;
/// How long a detail may be in a record: many are answered at once.
const SHOWN_DETAIL_BYTES: usize = 12_000;
/// How much of an overlong text is kept. Escaped twice, one byte becomes up to seven.
const START_BYTES: usize = 1024;

/// Where the chain stands: the newest line's number and hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The newest sequence; 0 before the first line.
    pub sequence: u64,
    /// The SHA-256 of the newest line in hex; zeros before the first line.
    pub hash: String,
}

impl Head {
    /// Before the first line.
    pub fn start() -> Self {
        Self {
            sequence: 0,
            hash: "0".repeat(64),
        }
    }

    /// After that line, which is given without its end.
    pub fn after(sequence: u64, line: &[u8]) -> Self {
        Self {
            sequence,
            hash: sha256(line),
        }
    }
}

/// The JSON of a line, in the order of its fields.
#[derive(Serialize, Deserialize)]
pub struct Line<'a> {
    pub sequence: u64,
    pub previous: Cow<'a, str>,
    pub at: DateTime<Utc>,
    pub phase: Cow<'a, str>,
    pub action: Cow<'a, str>,
    pub resource: Cow<'a, str>,
    pub principal: Cow<'a, str>,
    pub door: Cow<'a, str>,
    pub peer: Cow<'a, str>,
    pub outcome: Cow<'a, str>,
    pub detail: Cow<'a, str>,
    pub correlation_id: Cow<'a, str>,
}

impl Line<'_> {
    /// The record that readers get. A long detail is in it as its start, its size and its SHA-256;
    /// the whole is in the line, and beside the entry in the transparency log under that hash.
    pub fn into_record(self) -> serde_json::Result<AuditRecord> {
        let detail = clip_detail(&self.detail, SHOWN_DETAIL_BYTES)?.into_owned();
        Ok(AuditRecord {
            sequence: self.sequence,
            at: self.at,
            phase: self.phase.into_owned(),
            action: self.action.into_owned(),
            resource: self.resource.into_owned(),
            principal: self.principal.into_owned(),
            door: self.door.into_owned(),
            peer: self.peer.into_owned(),
            outcome: self.outcome.into_owned(),
            detail,
            correlation_id: self.correlation_id.into_owned(),
        })
    }
}

/// The line that follows `head`, without its end.
pub fn encode(entry: &Entry, head: &Head, at: DateTime<Utc>) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(&Line {
        sequence: head.sequence + 1,
        previous: Cow::Borrowed(&head.hash),
        at,
        phase: Cow::Borrowed(entry.phase.as_str()),
        action: Cow::Borrowed(entry.action.as_str()),
        resource: clip(&entry.resource, RESOURCE_BYTES),
        principal: clip(&entry.principal, NAME_BYTES),
        door: Cow::Borrowed(entry.door.as_str()),
        peer: Cow::Owned(entry.peer.map(|peer| peer.to_string()).unwrap_or_default()),
        outcome: Cow::Borrowed(entry.outcome.as_str()),
        detail: clip_detail(&entry.detail, DETAIL_BYTES)?,
        correlation_id: clip(&entry.correlation_id, NAME_BYTES),
    })
}

/// The line, if it is one and follows `head`; else what is wrong with it.
pub fn decode<'a>(line: &'a [u8], head: &Head) -> Result<Line<'a>, String> {
    let read: Line<'a> =
        serde_json::from_slice(line).map_err(|error| format!("it is no entry: {error}"))?;
    if read.sequence != head.sequence + 1 {
        let expected = head.sequence + 1;
        return Err(format!(
            "its sequence is {}, expected {expected}",
            read.sequence
        ));
    }
    if read.previous != head.hash {
        return Err("the line before it is not the one that it was written after".to_owned());
    }
    Ok(read)
}

fn clip(text: &str, bound: usize) -> Cow<'_, str> {
    if escaped_bytes(text) <= bound {
        return Cow::Borrowed(text);
    }
    let end = format!(
        "… ({} bytes, sha256 {})",
        text.len(),
        sha256(text.as_bytes())
    );
    let mut kept = 0;
    let mut used = escaped_bytes(&end);
    for letter in text.chars() {
        used += escaped_letter(letter);
        if used > bound {
            break;
        }
        kept += letter.len_utf8();
    }
    Cow::Owned(format!("{}{end}", &text[..kept]))
}

fn clip_detail(text: &str, bound: usize) -> serde_json::Result<Cow<'_, str>> {
    if escaped_bytes(text) <= bound {
        return Ok(Cow::Borrowed(text));
    }
    let short = serde_json::json!({
        "truncated": true,
        "size_bytes": text.len(),
        "sha256": sha256(text.as_bytes()),
        "start": &text[..text.floor_char_boundary(START_BYTES)],
    });
    serde_json::to_string(&short).map(Cow::Owned)
}

/// How long the text is inside a JSON string.
fn escaped_bytes(text: &str) -> usize {
    text.chars().map(escaped_letter).sum()
}

fn escaped_letter(letter: char) -> usize {
    match letter {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\u{0}'..='\u{1f}' => 6,
        _ => letter.len_utf8(),
    }
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
