//! What the tests of the log share: keys, entries, logs, chance with a seed.

mod crash;
mod differential;
mod expiry;
mod formats;
mod journal;
mod leaf;
mod proofs;
mod second;
mod sequencing;
mod tampering;
mod witnesses;

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::json;

use super::{
    Files, KeyKind, MemoryFiles, Note, Sequencer, SplitEntry, Trust, VerifierKey, cosign, newest,
    newest_checkpoint, record_cosignature,
};
use crate::log::layout::Place;
use crate::seal::SigningKey;

pub const ORIGIN: &str = "dtm.example/audit";
pub const WITNESS: &str = "witness.example/w1";

/// SplitMix64: chance that a seed repeats.
pub struct Chance(pub u64);

impl Chance {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
}

pub fn key(seed: u8) -> Arc<SigningKey> {
    Arc::new(SigningKey::from_seed(&[seed; 32]).unwrap())
}

pub fn log_key() -> Arc<SigningKey> {
    key(1)
}

pub fn witness_key() -> Arc<SigningKey> {
    key(2)
}

pub fn vkey(name: &str, kind: KeyKind, key: &SigningKey) -> VerifierKey {
    VerifierKey::new(name, kind, key.public()).unwrap()
}

pub fn witness_vkey() -> VerifierKey {
    vkey(WITNESS, KeyKind::Cosignature, &witness_key())
}

pub fn log_vkey() -> VerifierKey {
    vkey(ORIGIN, KeyKind::Ed25519, &log_key())
}

pub fn trust() -> Trust {
    Trust::new(vec![log_vkey()], vec![witness_vkey()]).unwrap()
}

/// A line of the journal; every seventh has a long query, of which some are the same.
pub fn line(sequence: u64, word: &str) -> Vec<u8> {
    let detail = if sequence.is_multiple_of(7) {
        format!(
            "select {} from served.visits",
            "1, ".repeat(700 + (sequence % 3) as usize)
        )
    } else {
        format!("{{\"sql\":\"select {sequence}\"}}")
    };
    let line = json!({
        "sequence": sequence, "at": "2026-09-15T10:00:00Z", "phase": "attempt",
        "action": "query", "resource": word, "principal": "lan", "detail": detail,
    });
    serde_json::to_vec(&line).unwrap()
}

pub fn entries(sequences: std::ops::RangeInclusive<u64>) -> Vec<SplitEntry> {
    entries_of(sequences, "served.visits")
}

pub fn entries_of(sequences: std::ops::RangeInclusive<u64>, word: &str) -> Vec<SplitEntry> {
    sequences
        .map(|sequence| SplitEntry::from_json(&line(sequence, word)).unwrap())
        .collect()
}

pub async fn open(files: &Arc<MemoryFiles>) -> Sequencer {
    Sequencer::open(files.clone(), log_key(), &trust())
        .await
        .unwrap()
}

/// Appends batches that end at these sizes.
pub async fn grow(files: &Arc<MemoryFiles>, sizes: &[u64]) -> Vec<Note> {
    let mut sequencer = open(files).await;
    let mut checkpoints = Vec::new();
    for size in sizes {
        let batch = entries(sequencer.next_sequence()..=*size);
        let appended = sequencer.append(&batch).await.unwrap();
        checkpoints.push(appended.checkpoint.unwrap());
    }
    checkpoints
}

pub async fn log_of(sizes: &[u64]) -> Arc<MemoryFiles> {
    let files = Arc::new(MemoryFiles::default());
    grow(&files, sizes).await;
    files
}

/// The witness cosigns the newest head.
pub async fn cosign_newest(files: &MemoryFiles) {
    let (number, checkpoint) = newest_checkpoint(files, &trust()).await.unwrap().unwrap();
    let line = cosign(
        WITNESS,
        &*witness_key(),
        &checkpoint.note.text,
        1_789_466_400,
    )
    .unwrap();
    record_cosignature(files, &trust(), number, &line)
        .await
        .unwrap();
}

pub async fn newest_head(files: &MemoryFiles) -> Bytes {
    newest(files, Place::Head).await.unwrap().unwrap().bytes
}

pub fn memory(files: &BTreeMap<String, Bytes>) -> MemoryFiles {
    MemoryFiles::new(files.clone())
}

/// So that a test names what it needs of the trait.
pub async fn bytes_of(files: &dyn Files, path: &str) -> Bytes {
    files.get(path).await.unwrap().unwrap()
}
