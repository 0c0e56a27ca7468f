//! Retention: whole entry bundles may be deleted once a signed marker says so. Their hash tiles
//! stay, so that the tree, its checkpoints and its proofs stand as before. Side objects that no entry
//! names which is still there may go with them; heads and cosignatures stay.

use super::checkpoint::{Signer, Trust, verify_signatures};
use super::layout::{Place, newest};
use super::note::{KeyKind, Note, NoteSignature, VerifierKey};
use super::serve::newest_checkpoint;
use super::tile::{TILE_WIDTH, TileKind};
use super::{Damage, Files, LogError, Put, Result};

/// The first line of a marker, which no checkpoint has with a number after it.
const HEADER: &str = "dtm-audit-expired/v1";

/// How far entries have expired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Expired {
    /// The number of the newest marker; 0 without one.
    pub marker: u64,
    /// How many first entries may be missing; a multiple of 256.
    pub entries: u64,
}

/// How far entries have expired, by the newest marker.
pub async fn expired(files: &dyn Files, trust: &Trust) -> Result<Expired> {
    match newest(files, Place::Expired).await? {
        None => Ok(Expired::default()),
        Some(found) => {
            let damaged = |error: LogError| {
                Damage::of(Place::Expired(found.number).to_string(), error.to_string())
            };
            let entries = read_marker(&found.bytes, trust).map_err(damaged)?;
            Ok(Expired {
                marker: found.number,
                entries,
            })
        }
    }
}

/// Declares that the first `entries` entries, rounded down to whole bundles, have expired; answers
/// what holds then. What is declared is never taken back, and only then may the files be deleted.
///
/// Errors: more entries than the log has; another marker was put meanwhile.
pub async fn expire(
    files: &dyn Files,
    signer: &dyn Signer,
    trust: &Trust,
    entries: u64,
) -> Result<Expired> {
    let before = expired(files, trust).await?;
    let entries = entries - entries % TILE_WIDTH as u64;
    if entries <= before.entries {
        return Ok(before);
    }
    let newest = newest_checkpoint(files, trust).await?;
    if newest.is_none_or(|(_, checkpoint)| checkpoint.head.size < entries) {
        let message = "the log has not so many entries";
        return Err(LogError::unreadable("expiry", message));
    }
    let text = format!("{HEADER}\n{}\n{entries}\n", trust.origin());
    let (key, signature) = signer.sign(text.as_bytes());
    let key = VerifierKey::new(trust.origin(), KeyKind::Ed25519, key)?;
    let signature = NoteSignature {
        name: trust.origin().to_owned(),
        id: key.id(),
        bytes: signature.to_vec(),
    };
    let marker = before.marker + 1;
    let note = Note {
        text,
        signatures: vec![signature],
    };
    let path = Place::Expired(marker).to_string();
    match files.put_new(&path, note.to_string().into()).await? {
        Put::Created | Put::Same => Ok(Expired { marker, entries }),
        Put::Other => Err(LogError::Occupied { path }),
    }
}

/// Whether a file may be deleted in a log of that size: an entry bundle of which every entry has
/// expired, and a partial tile or bundle whose full one takes its place. It must have been seen
/// that the full one is there.
pub fn is_deletable(place: &Place, size: u64, expired: Expired) -> bool {
    let Place::Tile(tile) = place else {
        return false;
    };
    let full = super::tile::Tile::width_at(tile.kind, tile.index, size) == TILE_WIDTH;
    let gone = tile.kind == TileKind::Entries && tile.index < expired.entries / TILE_WIDTH as u64;
    gone || full && !tile.is_full()
}

/// How many entries a marker speaks of.
pub(super) fn read_marker(bytes: &[u8], trust: &Trust) -> Result<u64> {
    let broken = |message: &str| LogError::unreadable("marker of expiry", message);
    let note = Note::parse(bytes)?;
    let lines: Vec<_> = note.text.split('\n').collect();
    let [HEADER, origin, entries, ""] = lines[..] else {
        return Err(broken("it has other lines"));
    };
    if note.signatures.len() != 1 || verify_signatures(&note, trust.log_keys())?.is_empty() {
        return Err(broken("it is not signed by a key of the log alone"));
    }
    let number = entries
        .parse::<u64>()
        .ok()
        .filter(|number| number.to_string() == entries);
    let number = number.filter(|number| number.is_multiple_of(TILE_WIDTH as u64));
    number
        .filter(|_| origin == trust.origin())
        .ok_or_else(|| broken("it is of another log, or of no whole bundles"))
}
