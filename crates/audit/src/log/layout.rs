//! The layout of a log: which file is called what, and which head is the newest.

use std::fmt;
use std::str::FromStr;

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::note::VerifierKey;
use super::tile::Tile;
use super::{Files, LogError, Result};

/// The newest checkpoint, as tlog-tiles serves it. A log on a store has numbered heads instead.
const CHECKPOINT: &str = "checkpoint";

/// What a file is, by its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// `checkpoint`
    Checkpoint,
    /// `head/<20 digits>`: signed checkpoints in their order, from 1.
    Head(u64),
    /// `cosignature/<20 digits>/<16 hex digits>`: the line of a witness under the head of that
    /// number; the digits are of the SHA-256 over the witness's vkey.
    Cosignature(u64, String),
    /// `expired/<20 digits>`: signed markers in their order, from 1.
    Expired(u64),
    /// `side/<64 hex digits>`
    Side([u8; 32]),
    /// `tile/…`
    Tile(Tile),
}

impl Place {
    /// Where the cosignature of that witness is.
    pub fn cosignature(head: u64, witness: &VerifierKey) -> Self {
        let digest: [u8; 32] = Sha256::digest(witness.to_string()).into();
        Self::Cosignature(head, hex::encode(&digest[..8]))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Checkpoint => f.write_str(CHECKPOINT),
            Self::Head(number) => write!(f, "head/{number:020}"),
            Self::Cosignature(number, witness) => write!(f, "cosignature/{number:020}/{witness}"),
            Self::Expired(number) => write!(f, "expired/{number:020}"),
            Self::Side(sha256) => write!(f, "side/{}", hex::encode(sha256)),
            Self::Tile(tile) => tile.fmt(f),
        }
    }
}

impl FromStr for Place {
    type Err = LogError;

    /// Takes the one spelling of a path that is printed.
    fn from_str(path: &str) -> Result<Self> {
        let read = parse(path).filter(|place| place.to_string() == path);
        read.ok_or_else(|| LogError::unreadable("path of a log", format!("`{path}` is none")))
    }
}

fn parse(path: &str) -> Option<Place> {
    let Some((folder, name)) = path.split_once('/') else {
        return (path == CHECKPOINT).then_some(Place::Checkpoint);
    };
    match folder {
        "head" => name.parse().ok().map(Place::Head),
        "expired" => name.parse().ok().map(Place::Expired),
        "cosignature" => {
            let (number, witness) = name.split_once('/')?;
            let is_id = hex::decode(witness).ok().filter(|id| id.len() == 8)?;
            Some(Place::Cosignature(number.parse().ok()?, hex::encode(is_id)))
        }
        "side" => {
            let mut sha256 = [0; 32];
            hex::decode_to_slice(name, &mut sha256).ok()?;
            Some(Place::Side(sha256))
        }
        _ => path.parse().ok().map(Place::Tile),
    }
}

/// A numbered file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbered {
    /// Its number, from 1.
    pub number: u64,
    /// What it holds.
    pub bytes: Bytes,
}

/// The newest of files that are numbered from 1, without listing them: some two reads for each bit
/// of its number. It looks only at powers of two, at numbers that begin, in binary, as the newest one
/// does, and at some above it, so that any other may be gone.
pub async fn newest(files: &dyn Files, place: fn(u64) -> Place) -> Result<Option<Numbered>> {
    let mut found = None;
    let mut bit = 1;
    while let Some(bytes) = files.get(&place(bit).to_string()).await? {
        found = Some(Numbered { number: bit, bytes });
        bit <<= 1;
    }
    let Some(mut newest) = found else {
        return Ok(None);
    };
    bit >>= 2;
    while bit > 0 {
        let number = newest.number | bit;
        if let Some(bytes) = files.get(&place(number).to_string()).await? {
            newest = Numbered { number, bytes };
        }
        bit >>= 1;
    }
    Ok(Some(newest))
}
