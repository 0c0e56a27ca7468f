//! The Merkle tree of RFC 6962 over SHA-256: hashes, the right edge of a growing tree, proofs.

mod edge;
mod hash;
mod proof;

pub use edge::{Edge, FullTile, tile_index, widths_of};
pub use hash::{NodeHash, fold, leaf_hash, node_hash, subtree_hash};
pub use proof::{
    consistency_ranges, inclusion_ranges, peaks, verify_consistency, verify_inclusion,
};
