//! Reading hashes out of tiles, and making proofs of them.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use super::layout::Place;
use super::tile::{TILE_WIDTH, Tile, TileKind, split_bundle};
use super::tree::{
    Edge, NodeHash, consistency_ranges, fold, inclusion_ranges, peaks, subtree_hash,
};
use super::{Damage, Files, Result};

/// How many tiles are kept at most: 8 MiB.
const KEPT_TILES: usize = 1024;

/// A tile or a bundle as it was read: where, and exactly so many hashes or entries.
pub(crate) struct ReadTile {
    pub path: String,
    pub bytes: Bytes,
}

/// Reads the tiles of a tree of one size. It believes what it reads: whoever needs a proof checks
/// it against a signed root.
pub struct TileReader<'a> {
    files: &'a dyn Files,
    size: u64,
    kept: HashMap<(u8, u64), Arc<Vec<NodeHash>>>,
}

impl<'a> TileReader<'a> {
    /// The tiles of a tree of that size.
    pub fn new(files: &'a dyn Files, size: u64) -> Self {
        Self {
            files,
            size,
            kept: HashMap::new(),
        }
    }

    /// The hashes of a tile, as wide as it is in this tree.
    pub async fn hashes(&mut self, level: u8, index: u64) -> Result<Arc<Vec<NodeHash>>> {
        if let Some(kept) = self.kept.get(&(level, index)) {
            return Ok(kept.clone());
        }
        let read = read_tile(self.files, TileKind::Hashes(level), index, self.size).await?;
        let hashes = Arc::new(NodeHash::split(&read.bytes).unwrap_or_default());
        if self.kept.len() >= KEPT_TILES {
            self.kept.clear();
        }
        self.kept.insert((level, index), hashes.clone());
        Ok(hashes)
    }

    /// The hash over the leaves of a range that proofs ask for.
    pub async fn range(&mut self, range: Range<u64>) -> Result<NodeHash> {
        let mut hashes = Vec::new();
        for (height, index) in peaks(range) {
            hashes.push(self.node(height, index).await?);
        }
        Ok(fold(hashes.into_iter()))
    }

    /// The proof of the entry at `index`, which must be below the tree's size.
    pub async fn inclusion(&mut self, index: u64) -> Result<Vec<NodeHash>> {
        self.ranges(inclusion_ranges(index, self.size)).await
    }

    /// The proof that the first `old` entries are an older state; `old` must not be above the
    /// tree's size.
    pub async fn consistency(&mut self, old: u64) -> Result<Vec<NodeHash>> {
        self.ranges(consistency_ranges(old, self.size)).await
    }

    async fn ranges(&mut self, ranges: Vec<Range<u64>>) -> Result<Vec<NodeHash>> {
        let mut proof = Vec::new();
        for range in ranges {
            proof.push(self.range(range).await?);
        }
        Ok(proof)
    }

    /// The root over `1 << height` leaves.
    async fn node(&mut self, height: u32, index: u64) -> Result<NodeHash> {
        let (level, inside) = ((height / 8) as u8, height % 8);
        let first = index << inside;
        let tile = first / TILE_WIDTH as u64;
        let from = (first % TILE_WIDTH as u64) as usize;
        let hashes = self.hashes(level, tile).await?;
        let wanted = hashes.get(from..from + (1 << inside)).map(subtree_hash);
        wanted.ok_or_else(|| {
            let path = Tile::hashes(level, tile, TILE_WIDTH).to_string();
            Damage::of(path, "it has too few hashes").into()
        })
    }
}

/// Reads a tile or a bundle as wide as it is in a tree of that size: the partial one, or the
/// beginning of the full one that took its place.
pub(crate) async fn read_tile(
    files: &dyn Files,
    kind: TileKind,
    index: u64,
    size: u64,
) -> Result<ReadTile> {
    let width = Tile::width_at(kind, index, size);
    let wanted = Tile {
        kind,
        index,
        width: width as u16,
    };
    let mut path = wanted.to_string();
    let mut found = files.get(&path).await?;
    let mut whole = width;
    if found.is_none() && !wanted.is_full() {
        let full = wanted.full().to_string();
        found = files.get(&full).await?;
        if found.is_some() {
            (path, whole) = (full, TILE_WIDTH);
        }
    }
    let Some(bytes) = found else {
        return Err(Damage::of(path, "it is missing").into());
    };
    check_shape(kind, &path, &bytes, whole)?;
    let bytes = match kind {
        TileKind::Hashes(_) => bytes.slice(..width * NodeHash::BYTES),
        TileKind::Entries => {
            let (entries, end) = split_bundle(&bytes);
            bytes.slice(..entries.get(width).map_or(end, |(offset, _)| *offset))
        }
    };
    Ok(ReadTile { path, bytes })
}

/// Refuses bytes that are not so many hashes or entries and nothing else.
pub(crate) fn check_shape(kind: TileKind, path: &str, bytes: &[u8], width: usize) -> Result<()> {
    let (count, end) = match kind {
        TileKind::Hashes(_) => {
            let count = bytes.len() / NodeHash::BYTES;
            (count, count * NodeHash::BYTES)
        }
        TileKind::Entries => {
            let (entries, end) = split_bundle(bytes);
            (entries.len(), end)
        }
    };
    if count == width && end == bytes.len() {
        return Ok(());
    }
    let message = format!(
        "it has {count} of {width} and {} bytes more",
        bytes.len() - end
    );
    let offset = if count > width { 0 } else { end };
    Err(Damage::of(path, message).at(offset as u64).into())
}

/// The right edge of a tree of that size, and where each of its tiles was read.
pub(crate) async fn read_edge(files: &dyn Files, size: u64) -> Result<(Edge, Vec<String>)> {
    let (mut levels, mut paths) = (Vec::new(), Vec::new());
    for (level, width) in super::tree::widths_of(size).enumerate() {
        let (mut hashes, mut path) = (Vec::new(), String::new());
        if width > 0 {
            let index = super::tree::tile_index(size, level as u8);
            let read = read_tile(files, TileKind::Hashes(level as u8), index, size).await?;
            hashes = NodeHash::split(&read.bytes).unwrap_or_default();
            path = read.path;
        }
        levels.push(hashes);
        paths.push(path);
    }
    let path = || Place::Checkpoint.to_string();
    let edge = Edge::new(size, levels);
    let edge = edge.ok_or_else(|| Damage::of(path(), "its size fits no tiles"))?;
    Ok((edge, paths))
}
