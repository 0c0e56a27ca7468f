//! Entry bundles and the side objects of their entries.

use std::collections::BTreeMap;

use crate::log::layout::Place;
use crate::log::leaf::{Leaf, sha256};
use crate::log::reader::check_shape;
use crate::log::tile::{TILE_WIDTH, Tile, TileKind, split_bundle};
use crate::log::tree::{NodeHash, leaf_hash};
use crate::log::{Damage, Files, LogError, Result};

/// Checks bundles and side objects, each side object once.
pub struct Bundles<'a> {
    files: &'a dyn Files,
    /// How long each side object is that was seen.
    seen: BTreeMap<[u8; 32], u64>,
}

impl<'a> Bundles<'a> {
    pub fn new(files: &'a dyn Files) -> Self {
        Self {
            files,
            seen: BTreeMap::new(),
        }
    }

    /// How many side objects were seen.
    pub fn side_objects(&self) -> u64 {
        self.seen.len() as u64
    }

    /// Checks every entry of a bundle against the hash that was signed, and what it names. Answers
    /// whether the bundle is there.
    pub async fn check(&mut self, index: u64, signed: &[NodeHash], size: u64) -> Result<bool> {
        let width = Tile::width_at(TileKind::Entries, index, size);
        let tile = Tile::entries(index, width);
        let mut found = self
            .files
            .get(&tile.to_string())
            .await?
            .map(|bytes| (tile, bytes));
        if found.is_none() && !tile.is_full() {
            let full = self.files.get(&tile.full().to_string()).await?;
            found = full.map(|bytes| (tile.full(), bytes));
        }
        let Some((tile, bytes)) = found else {
            return Ok(false);
        };
        let path = tile.to_string();
        let entries = check_hashes(tile, &bytes, signed)?;
        for (place, (offset, entry)) in entries.into_iter().enumerate().take(signed.len()) {
            let at = index * TILE_WIDTH as u64 + place as u64;
            let damage =
                |message: String| Damage::of(&path, message).at(offset as u64).in_entry(at);
            let leaf = Leaf::parse(entry).map_err(|error| damage(error.to_string()))?;
            if leaf.index() != at {
                let message = format!("its sequence is {}, expected {}", leaf.sequence, at + 1);
                return Err(damage(message).into());
            }
            self.check_sides(&leaf).await?;
        }
        Ok(true)
    }

    /// Checks a partial bundle that another took the place of.
    pub async fn check_older(&self, tile: Tile, signed: &[NodeHash]) -> Result<()> {
        let found = self.files.get(&tile.to_string()).await?;
        // It may have been deleted since it was listed.
        found.map_or(Ok(()), |bytes| {
            check_hashes(tile, &bytes, signed).map(|_| ())
        })
    }

    /// Checks side objects that are listed and no entry names that is there.
    pub async fn check_unnamed<'s>(
        &self,
        listed: impl Iterator<Item = &'s [u8; 32]>,
    ) -> Result<()> {
        for name in listed.filter(|name| !self.seen.contains_key(*name)) {
            let path = Place::Side(*name).to_string();
            let bytes = self.files.get(&path).await?;
            if bytes.is_some_and(|bytes| sha256(&bytes) != *name) {
                return Err(Damage::of(path, "its SHA-256 is not its name").into());
            }
        }
        Ok(())
    }

    async fn check_sides(&mut self, leaf: &Leaf) -> Result<()> {
        for side in &leaf.sides {
            if self.seen.get(&side.sha256) == Some(&side.size_bytes) {
                continue;
            }
            let path = Place::Side(side.sha256).to_string();
            let damage = |message: &str| Damage::of(&path, message).in_entry(leaf.index());
            let bytes = self.files.get(&path).await?;
            let bytes = bytes.ok_or_else(|| damage("it is missing"))?;
            if let Some(fault) = side.fault(&bytes) {
                return Err(damage(fault).into());
            }
            self.seen.insert(side.sha256, side.size_bytes);
        }
        Ok(())
    }
}

/// The entries of a bundle, if those that the tree has are what was signed.
fn check_hashes<'b>(
    tile: Tile,
    bytes: &'b [u8],
    signed: &[NodeHash],
) -> Result<Vec<(usize, &'b [u8])>, LogError> {
    let path = tile.to_string();
    let (entries, _) = split_bundle(bytes);
    for (place, ((offset, entry), hash)) in entries.iter().zip(signed).enumerate() {
        if leaf_hash(entry) != *hash {
            let damage = Damage::of(&path, "the entry is not what was signed");
            let at = tile.index * TILE_WIDTH as u64 + place as u64;
            return Err(damage.at(*offset as u64).in_entry(at).into());
        }
    }
    check_shape(TileKind::Entries, &path, bytes, usize::from(tile.width))?;
    Ok(entries)
}
