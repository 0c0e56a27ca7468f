//! The log of a body that arrives in parts: a JSON object a line, of which a torn last one is none.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use serde_json::Value;

/// What a log says.
pub(super) struct Told {
    pub(super) length: u64,
    pub(super) offset: u64,
    pub(super) about: Value,
    pub(super) stamp: i64,
    pub(super) outcome: Option<Value>,
}

/// Writes a line. It is there for certain once the file is synced.
pub(super) fn append(mut log: &File, line: &Value) -> io::Result<()> {
    log.write_all(format!("{line}\n").as_bytes())
}

/// Reads a log and cuts off a torn last line; none if not even its first line is whole.
pub(super) fn read(path: &Path) -> io::Result<Option<Told>> {
    let text = std::fs::read(path)?;
    let whole = text.iter().rposition(|byte| *byte == b'\n');
    let whole = whole.map_or(0, |end| end + 1);
    if whole < text.len() {
        let log = OpenOptions::new().write(true).open(path)?;
        log.set_len(whole as u64)?;
        log.sync_all()?;
    }
    let mut lines = text[..whole].split(|byte| *byte == b'\n');
    let read = |line: &[u8]| serde_json::from_slice::<Value>(line).ok();
    let Some(mut first) = lines.next().and_then(read) else {
        return Ok(None);
    };
    let (Some(length), Some(stamp)) = (first["length"].as_u64(), first["stamp"].as_i64()) else {
        return Ok(None);
    };
    let mut told = Told {
        length,
        offset: 0,
        about: first["about"].take(),
        stamp,
        outcome: None,
    };
    for mut line in lines.filter_map(read) {
        told.stamp = line["stamp"].as_i64().unwrap_or(told.stamp);
        if let Some(offset) = line["offset"].as_u64() {
            told.offset = offset;
        }
        if line["outcome"].is_object() {
            told.outcome = Some(line["outcome"].take());
        }
    }
    Ok(Some(told))
}
