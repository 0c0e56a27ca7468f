//! Tiles and entry bundles: their paths and their bytes (C2SP tlog-tiles).

use std::fmt;
use std::str::FromStr;

use super::{LogError, Result};

/// How many hashes or entries a full tile holds.
pub const TILE_WIDTH: usize = 256;
/// The highest level that a path may name.
const HIGHEST_LEVEL: u8 = 63;
/// How many digits an element of a path has.
const ELEMENT: u64 = 1000;

/// What a tile holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TileKind {
    /// Hashes of that level; 0 are those of leaves.
    Hashes(u8),
    /// The entries themselves.
    Entries,
}

/// A tile by its place in the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    /// What it holds.
    pub kind: TileKind,
    /// Its index in its level.
    pub index: u64,
    /// How many hashes or entries it holds: 1 to 256.
    pub width: u16,
}

impl Tile {
    /// A tile of hashes.
    pub fn hashes(level: u8, index: u64, width: usize) -> Self {
        Self {
            kind: TileKind::Hashes(level),
            index,
            width: width as u16,
        }
    }

    /// An entry bundle.
    pub fn entries(index: u64, width: usize) -> Self {
        Self {
            kind: TileKind::Entries,
            index,
            width: width as u16,
        }
    }

    /// Whether it has all its 256 hashes or entries.
    pub fn is_full(&self) -> bool {
        usize::from(self.width) == TILE_WIDTH
    }

    /// The same tile with all its hashes or entries.
    #[must_use]
    pub fn full(mut self) -> Self {
        self.width = TILE_WIDTH as u16;
        self
    }

    /// How wide that tile is in a tree of that size: 0 to 256.
    pub fn width_at(kind: TileKind, index: u64, size: u64) -> usize {
        let level = match kind {
            TileKind::Hashes(level) => u32::from(level),
            TileKind::Entries => 0,
        };
        let hashes = size.checked_shr(8 * level).unwrap_or(0);
        let before = index.saturating_mul(TILE_WIDTH as u64);
        hashes.saturating_sub(before).min(TILE_WIDTH as u64) as usize
    }
}

impl fmt::Display for Tile {
    /// `tile/<L>/<N>[.p/<W>]` or `tile/entries/<N>[.p/<W>]`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            TileKind::Hashes(level) => write!(f, "tile/{level}")?,
            TileKind::Entries => write!(f, "tile/entries")?,
        }
        let mut elements = vec![self.index % ELEMENT];
        let mut rest = self.index / ELEMENT;
        while rest > 0 {
            elements.push(rest % ELEMENT);
            rest /= ELEMENT;
        }
        for (place, element) in elements.iter().enumerate().rev() {
            let mark = if place == 0 { "" } else { "x" };
            write!(f, "/{mark}{element:03}")?;
        }
        if self.is_full() {
            Ok(())
        } else {
            write!(f, ".p/{}", self.width)
        }
    }
}

impl FromStr for Tile {
    type Err = LogError;

    /// Takes the one spelling of a path that is printed.
    fn from_str(path: &str) -> Result<Self> {
        let read = parse(path).filter(|tile| tile.to_string() == path);
        read.ok_or_else(|| LogError::unreadable("path of a tile", format!("`{path}` is none")))
    }
}

fn parse(path: &str) -> Option<Tile> {
    let (kind, place) = path.strip_prefix("tile/")?.split_once('/')?;
    let kind = match kind {
        "entries" => TileKind::Entries,
        level => TileKind::Hashes(level.parse().ok().filter(|level| *level <= HIGHEST_LEVEL)?),
    };
    let (index, width) = match place.split_once(".p/") {
        Some((index, width)) => (index, width.parse().ok().filter(|w| (1..256).contains(w))?),
        None => (place, TILE_WIDTH as u16),
    };
    let mut number = 0_u64;
    for element in index.split('/') {
        let digits = element.trim_start_matches('x');
        if digits.len() != 3 {
            return None;
        }
        number = number
            .checked_mul(ELEMENT)?
            .checked_add(digits.parse().ok()?)?;
    }
    Some(Tile {
        kind,
        index: number,
        width,
    })
}

/// The bytes of entries as a bundle has them: each after its length in 16 bits, big end first.
/// Nothing if an entry is longer than 65,535 bytes.
pub fn append_entry(bundle: &mut Vec<u8>, entry: &[u8]) -> Option<()> {
    let length = u16::try_from(entry.len()).ok()?;
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
    Some(())
}

/// The entries of a bundle, each with the offset of its length, and where the last whole entry
/// ends; bytes after that are none of an entry.
pub fn split_bundle(bundle: &[u8]) -> (Vec<(usize, &[u8])>, usize) {
    let mut entries = Vec::new();
    let mut offset = 0;
    while let Some((length, rest)) = bundle[offset..].split_first_chunk::<2>() {
        let Some(entry) = rest.get(..usize::from(u16::from_be_bytes(*length))) else {
            break;
        };
        entries.push((offset, entry));
        offset += length.len() + entry.len();
    }
    (entries, offset)
}
