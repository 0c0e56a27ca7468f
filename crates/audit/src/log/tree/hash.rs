//! The hashes of leaves and of nodes.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// The hash of a leaf or of a node: 32 bytes of SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeHash(pub [u8; 32]);

impl NodeHash {
    /// How many bytes it has.
    pub const BYTES: usize = 32;

    /// The root of the empty tree.
    pub fn empty() -> Self {
        Self(Sha256::digest([]).into())
    }

    /// Reads the standard base64 of the 32 bytes, in its one spelling.
    pub fn from_base64(text: &str) -> Option<Self> {
        STANDARD.decode(text).ok()?.try_into().ok().map(Self)
    }

    /// Reads hashes that stand one after another; nothing if a part of one is left over.
    pub fn split(bytes: &[u8]) -> Option<Vec<Self>> {
        let (hashes, rest) = bytes.as_chunks::<{ Self::BYTES }>();
        rest.is_empty()
            .then(|| hashes.iter().copied().map(Self).collect())
    }

    /// Hashes one after another.
    pub fn join(hashes: &[Self]) -> Vec<u8> {
        hashes.iter().flat_map(|hash| hash.0).collect()
    }
}

impl fmt::Display for NodeHash {
    /// Standard base64, as in checkpoints and proofs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}

impl fmt::Debug for NodeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The hash of a leaf: SHA-256 over 0x00 and its bytes (RFC 6962, section 2.1).
pub fn leaf_hash(bytes: &[u8]) -> NodeHash {
    NodeHash(
        Sha256::new()
            .chain_update([0])
            .chain_update(bytes)
            .finalize()
            .into(),
    )
}

/// The hash of a node: SHA-256 over 0x01, its left and its right child (RFC 6962, section 2.1).
pub fn node_hash(left: NodeHash, right: NodeHash) -> NodeHash {
    let mut bytes = [1; 1 + 2 * NodeHash::BYTES];
    bytes[1..=NodeHash::BYTES].copy_from_slice(&left.0);
    bytes[1 + NodeHash::BYTES..].copy_from_slice(&right.0);
    NodeHash(Sha256::digest(bytes).into())
}

/// The root over neighbours of one level, whose number is a power of two.
pub fn subtree_hash(hashes: &[NodeHash]) -> NodeHash {
    let mut level = hashes.to_vec();
    while level.len() > 1 {
        let (pairs, _) = level.as_chunks::<2>();
        level = pairs
            .iter()
            .map(|[left, right]| node_hash(*left, *right))
            .collect();
    }
    level.first().copied().unwrap_or_else(NodeHash::empty)
}

/// The hash over perfect subtrees that stand side by side, each larger than the next; the hash of
/// the empty tree over none.
pub fn fold(peaks: impl DoubleEndedIterator<Item = NodeHash>) -> NodeHash {
    peaks
        .rev()
        .reduce(|right, left| node_hash(left, right))
        .unwrap_or_else(NodeHash::empty)
}
