//! The transparency log: entries as leaves of a Merkle tree (RFC 6962), kept as static files (C2SP
//! tlog-tiles) under signed checkpoints (C2SP tlog-checkpoint), which witnesses cosign.
//!
//! [`Sequencer`] appends and [`verify`] checks everything from the files alone; [`prove`] takes one
//! entry out with its proof, which [`verify_proof`] checks without the log; [`Witness`] sees to it
//! that all see the same log. *What is never here*: a clock, a store (see [`Files`]), the network.
//! `README.md` beside the crate's manifest has the formats.

mod checkpoint;
mod error;
mod expiry;
mod files;
mod layout;
mod leaf;
mod note;
mod prove;
mod reader;
mod sequencer;
mod serve;
mod tile;
pub mod tree;
mod verify;
mod witness;

pub use checkpoint::{Checkpoint, SignedBy, Signer, TreeHead, Trust, cosign, verify_signatures};
pub use error::{Damage, LogError, Result};
pub use expiry::{Expired, expire, expired, is_deletable};
pub use files::{Files, LocalFolder, MemoryFiles, Put};
pub use layout::{Numbered, Place, newest};
pub use leaf::{LEAF_BYTES, Leaf, SIDE_BYTES, SideRef, SplitEntry};
pub use note::{KeyKind, Note, NoteSignature, VerifierKey};
pub use prove::{Proof, Proven, prove, verify_proof};
pub use reader::TileReader;
pub use sequencer::{Appended, Sequencer};
pub use serve::{newest_checkpoint, numbered_checkpoint, record_cosignature};
pub use tile::{TILE_WIDTH, Tile, TileKind, append_entry, split_bundle};
pub use verify::{CosignedHead, Verified, against, verify};
pub use witness::{AddCheckpoint, Cosigned, Refusal, Witness, consistency_request, read_answer};

#[cfg(test)]
mod tests;
