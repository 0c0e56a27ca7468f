//! The right edge of a tree: all that is needed to append to it and to know its root.

use super::{NodeHash, fold, peaks, subtree_hash};
use crate::log::tile::TILE_WIDTH;

/// How many bits of an index one level of tiles takes.
const TILE_BITS: u32 = 8;

/// A tile that became full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FullTile {
    /// Its level; 0 holds the hashes of leaves.
    pub level: u8,
    /// Its index in the level.
    pub index: u64,
    /// Its 256 hashes.
    pub hashes: Vec<NodeHash>,
}

/// The newest tile of each level, as far as it is not full. From these alone the root follows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Edge {
    size: u64,
    levels: Vec<Vec<NodeHash>>,
}

impl Edge {
    /// The edge of a tree of that size; nothing if the widths are not those of that size.
    pub fn new(size: u64, levels: Vec<Vec<NodeHash>>) -> Option<Self> {
        let widths = levels.iter().map(Vec::len);
        widths.eq(widths_of(size)).then_some(Self { size, levels })
    }

    /// How many leaves the tree has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf; answers the tiles that it filled, from level 0 up.
    pub fn push(&mut self, leaf: NodeHash) -> Vec<FullTile> {
        let mut filled = Vec::new();
        let mut hash = leaf;
        for level in 0.. {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            self.levels[level].push(hash);
            if self.levels[level].len() < TILE_WIDTH {
                break;
            }
            let hashes = std::mem::take(&mut self.levels[level]);
            hash = subtree_hash(&hashes);
            filled.push(FullTile {
                level: level as u8,
                index: tile_index(self.size, level as u8),
                hashes,
            });
        }
        self.size += 1;
        filled
    }

    /// The root of the tree.
    pub fn root(&self) -> NodeHash {
        let mut all = Vec::new();
        for hashes in self.levels.iter().rev() {
            for (height, index) in peaks(0..hashes.len() as u64) {
                let from = (index << height) as usize;
                all.push(subtree_hash(&hashes[from..from + (1 << height)]));
            }
        }
        fold(all.into_iter())
    }

    /// The partial tiles: level, index and hashes; none of them empty.
    pub fn partial_tiles(&self) -> impl Iterator<Item = (u8, u64, &[NodeHash])> {
        let levels = self.levels.iter().enumerate();
        levels
            .filter(|(_, hashes)| !hashes.is_empty())
            .map(|(level, hashes)| {
                let index = tile_index(self.size, level as u8);
                (level as u8, index, &hashes[..])
            })
    }

    /// The hashes of a level's partial tile; empty if it has none.
    pub fn level(&self, level: u8) -> &[NodeHash] {
        self.levels
            .get(usize::from(level))
            .map_or(&[], Vec::as_slice)
    }

    /// Puts another hash in one's place.
    pub(crate) fn replace(&mut self, level: u8, place: usize, hash: NodeHash) {
        self.levels[usize::from(level)][place] = hash;
    }
}

/// The index of the tile of a level that is not full in a tree of that size.
pub fn tile_index(size: u64, level: u8) -> u64 {
    size.checked_shr(TILE_BITS * (u32::from(level) + 1))
        .unwrap_or(0)
}

/// The widths of the partial tiles of a tree, from level 0 to the highest that has a hash.
pub fn widths_of(size: u64) -> impl Iterator<Item = usize> {
    let levels = (u64::BITS - size.leading_zeros()).div_ceil(TILE_BITS);
    (0..levels).map(move |level| ((size >> (TILE_BITS * level)) % TILE_WIDTH as u64) as usize)
}
