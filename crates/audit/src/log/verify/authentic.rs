//! Hash tiles that are shown, from the signed root down, to be what was signed.

use std::sync::Arc;

use crate::log::checkpoint::TreeHead;
use crate::log::reader::{read_edge, read_tile};
use crate::log::tile::{TILE_WIDTH, Tile, TileKind, split_bundle};
use crate::log::tree::{Edge, NodeHash, leaf_hash, subtree_hash};
use crate::log::{Damage, Files, Result};

/// Tiles of one tree, each believed because the one above it says its root, and the right edge
/// because the signed root follows from it.
pub struct Authentic<'a> {
    files: &'a dyn Files,
    size: u64,
    edge: Edge,
    /// The tile that was last read of each level.
    kept: Vec<(u64, Arc<Vec<NodeHash>>)>,
}

impl<'a> Authentic<'a> {
    /// Reads the right edge and holds it against the root.
    pub async fn open(files: &'a dyn Files, head: &TreeHead, path: &str) -> Result<Self> {
        let (edge, paths) = read_edge(files, head.size).await?;
        if edge.root() != head.root {
            return Err(blame_edge(files, &edge, &paths, head, path).await.into());
        }
        Ok(Self {
            files,
            size: head.size,
            edge,
            kept: Vec::new(),
        })
    }

    /// The hashes of a tile, as wide as it is in this tree.
    pub async fn tile(&mut self, level: u8, index: u64) -> Result<Arc<Vec<NodeHash>>> {
        let (mut level, mut index) = (level, index);
        let mut below = Vec::new();
        let mut hashes = loop {
            if Tile::width_at(TileKind::Hashes(level), index, self.size) < TILE_WIDTH {
                break Arc::new(self.edge.level(level).to_vec());
            }
            if let Some((kept, hashes)) = self.kept.get(usize::from(level))
                && *kept == index
                && !hashes.is_empty()
            {
                break hashes.clone();
            }
            below.push((level, index));
            (level, index) = (level + 1, index / TILE_WIDTH as u64);
        };
        for (level, index) in below.into_iter().rev() {
            let place = (index % TILE_WIDTH as u64) as usize;
            hashes = self.read_full(level, index, hashes.get(place)).await?;
        }
        Ok(hashes)
    }

    async fn read_full(
        &mut self,
        level: u8,
        index: u64,
        root: Option<&NodeHash>,
    ) -> Result<Arc<Vec<NodeHash>>> {
        let read = read_tile(self.files, TileKind::Hashes(level), index, self.size).await?;
        let hashes = NodeHash::split(&read.bytes).unwrap_or_default();
        if Some(&subtree_hash(&hashes)) != root {
            let message = "its hashes are not what was signed";
            let mut damage = Damage::of(read.path, message);
            for (place, hash) in hashes.iter().enumerate() {
                let below = hash_below(self.files, level, index, place, self.size).await;
                if below.is_some_and(|below| below != *hash) {
                    damage = damage.at((place * NodeHash::BYTES) as u64);
                    break;
                }
            }
            return Err(damage.into());
        }
        let hashes = Arc::new(hashes);
        let place = usize::from(level);
        if self.kept.len() <= place {
            self.kept.resize(place + 1, (0, Arc::default()));
        }
        self.kept[place] = (index, hashes.clone());
        Ok(hashes)
    }
}

/// What a hash of a tile should be by what is below it, which is not believed either; nothing if
/// that cannot be read.
async fn hash_below(
    files: &dyn Files,
    level: u8,
    index: u64,
    place: usize,
    size: u64,
) -> Option<NodeHash> {
    let below = index * TILE_WIDTH as u64 + place as u64;
    if level == 0 {
        let read = read_tile(files, TileKind::Entries, index, size)
            .await
            .ok()?;
        let (entries, _) = split_bundle(&read.bytes);
        return entries.get(place).map(|(_, entry)| leaf_hash(entry));
    }
    let read = read_tile(files, TileKind::Hashes(level - 1), below, size)
        .await
        .ok()?;
    NodeHash::split(&read.bytes).map(|hashes| subtree_hash(&hashes))
}

/// Finds out which tile of a right edge is not what was signed: the one that, mended by what is
/// below it, gives the root.
async fn blame_edge(
    files: &dyn Files,
    edge: &Edge,
    paths: &[String],
    head: &TreeHead,
    head_path: &str,
) -> Damage {
    let mut suspects = Vec::new();
    let mut all_mended = edge.clone();
    for (level, index, hashes) in edge.partial_tiles() {
        let mut mended = edge.clone();
        let mut first = None;
        for (place, hash) in hashes.iter().enumerate() {
            let below = hash_below(files, level, index, place, head.size).await;
            if let Some(below) = below.filter(|below| below != hash) {
                mended.replace(level, place, below);
                all_mended.replace(level, place, below);
                first.get_or_insert(place);
            }
        }
        if let Some(place) = first {
            let path = paths.get(usize::from(level)).cloned().unwrap_or_default();
            let damage = Damage::of(path, "its hashes are not what was signed");
            let damage = damage.at((place * NodeHash::BYTES) as u64);
            if mended.root() == head.root {
                return damage;
            }
            suspects.push(damage);
        }
    }
    let message = "no tree of the files here has the root that was signed";
    let nothing = || Damage::of(head_path, message);
    suspects.into_iter().next().unwrap_or_else(nothing)
}
