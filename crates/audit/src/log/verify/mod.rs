//! The verification of a whole log from its files alone. It only reads.

mod authentic;
mod bundles;
mod heads;
mod listing;

use super::checkpoint::{Checkpoint, TreeHead, Trust};
use super::expiry::{Expired, expired, read_marker};
use super::layout::Place;
use super::reader::TileReader;
use super::serve::{add_cosignatures, head_path, newest_checkpoint, newest_head};
use super::tile::{TILE_WIDTH, Tile, TileKind};
use super::tree::{Edge, NodeHash, verify_consistency};
use super::{Damage, Files, LogError, Result};
use authentic::Authentic;
use bundles::Bundles;
use heads::{Heads, check_beside};
use listing::Listing;

pub use heads::CosignedHead;

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// How many entries the log has.
    pub entries: u64,
    /// How many of the first entries have expired by a signed marker.
    pub expired: u64,
    /// How many entries are gone: at most those that expired.
    pub gone: u64,
    /// How many numbered heads there are.
    pub heads: u64,
    /// The newest checkpoint, with the witnesses that cosigned it; none in a log without entries.
    pub checkpoint: Option<Checkpoint>,
    /// For each trusted witness that cosigned anything, the newest head that it cosigned.
    pub cosigned_by: Vec<CosignedHead>,
    /// How many cosignatures are by witnesses that are not trusted; they were not checked.
    pub unknown_cosignatures: u64,
    /// How many side objects the entries name.
    pub side_objects: u64,
    /// How many tiles are there that no checkpoint knows. A crash leaves some; so does a log that
    /// was rolled back.
    pub beyond: u64,
}

/// Checks every file of a log: signatures of all heads and cosignatures, each head against the
/// tree, every hash tile, every entry and its sequence, every side object, every marker of expiry.
///
/// The first thing that is wrong ends it, with its place. What it cannot show is that the newest
/// heads were cut off; [`against`] shows that with a checkpoint from elsewhere.
pub async fn verify(files: &dyn Files, trust: &Trust) -> Result<Verified> {
    let newest = newest_head(files, trust).await?;
    let (number, checkpoint) = newest.unzip();
    let number = number.unwrap_or(0);
    let size = checkpoint
        .as_ref()
        .map_or(0, |checkpoint| checkpoint.head.size);
    let listing = Listing::read(files, size).await?;
    let gone_to = check_markers(files, trust, listing.as_ref()).await?;
    if let Some(listing) = &listing {
        Listing::check_numbers(&listing.heads, number, Place::Head)?;
        listing.check_cosigned_heads()?;
    }
    let mut verified = Verified {
        entries: size,
        expired: gone_to.entries,
        gone: 0,
        heads: number,
        cosigned_by: cosigned_without_heads(number, checkpoint.as_ref()),
        checkpoint,
        unknown_cosignatures: 0,
        side_objects: 0,
        beyond: listing.as_ref().map_or(0, |listing| listing.beyond),
    };
    if let Some(head) = verified
        .checkpoint
        .as_ref()
        .map(|newest| newest.head.clone())
    {
        walk(files, trust, listing.as_ref(), &head, &mut verified).await?;
        if let Some(checkpoint) = &mut verified.checkpoint {
            add_cosignatures(files, trust, number, checkpoint).await?;
        }
    } else if let Some(listing) = &listing {
        Bundles::new(files)
            .check_unnamed(listing.sides.iter())
            .await?;
    }
    let grew = |listing: &Listing| listing.heads.len() as u64 > number;
    if gone_to.entries > size && !listing.as_ref().is_some_and(grew) {
        let path = Place::Expired(gone_to.marker).to_string();
        let message = "more entries expired than the log has";
        return Err(Damage::of(path, message).into());
    }
    Ok(verified)
}

/// Goes over the log from its first entry to its last.
async fn walk(
    files: &dyn Files,
    trust: &Trust,
    listing: Option<&Listing>,
    head: &TreeHead,
    verified: &mut Verified,
) -> Result<()> {
    let number = verified.heads;
    let mut tiles = Authentic::open(files, head, &head_path(number)).await?;
    let mut bundles = Bundles::new(files);
    let mut heads = Heads::open(files, trust, listing, number, head.size).await?;
    let mut tree = Edge::default();
    let beside = read_beside(files, trust, listing, number).await?;
    let mut root_beside = NodeHash::empty();
    for index in 0..head.size.div_ceil(TILE_WIDTH as u64) {
        let signed = tiles.tile(0, index).await?;
        if !bundles.check(index, &signed, head.size).await? {
            if (index + 1) * TILE_WIDTH as u64 > verified.expired {
                let width = Tile::width_at(TileKind::Entries, index, head.size);
                let path = Tile::entries(index, width).to_string();
                return Err(Damage::of(path, "it is missing and has not expired").into());
            }
            verified.gone += signed.len() as u64;
        }
        for hash in signed.iter() {
            tree.push(*hash);
            heads.check(&tree).await?;
            if beside
                .as_ref()
                .is_some_and(|beside| beside.size == tree.size())
            {
                root_beside = tree.root();
            }
        }
        check_older(files, listing, &bundles, index, &signed).await?;
    }
    if let Some(beside) = &beside {
        check_beside(beside, head, root_beside)?;
    }
    check_older_above(files, listing, &mut tiles).await?;
    if let Some(listing) = listing {
        bundles.check_unnamed(listing.sides.iter()).await?;
    }
    verified.side_objects = bundles.side_objects();
    verified.unknown_cosignatures = heads.unknown_cosignatures;
    verified.cosigned_by.append(&mut heads.cosigned);
    Ok(())
}

/// Partial bundles, and partial tiles of level 0, that others took the place of.
async fn check_older(
    files: &dyn Files,
    listing: Option<&Listing>,
    bundles: &Bundles<'_>,
    index: u64,
    signed: &[NodeHash],
) -> Result<()> {
    let older = |kind| listing.and_then(|listing| listing.older.get(&(kind, index)));
    for width in older(TileKind::Entries).into_iter().flatten() {
        let width = usize::from(*width);
        bundles
            .check_older(Tile::entries(index, width), &signed[..width])
            .await?;
    }
    for width in older(TileKind::Hashes(0)).into_iter().flatten() {
        let width = usize::from(*width);
        check_older_tile(files, Tile::hashes(0, index, width), signed).await?;
    }
    Ok(())
}

/// Partial tiles above level 0 that others took the place of.
async fn check_older_above(
    files: &dyn Files,
    listing: Option<&Listing>,
    tiles: &mut Authentic<'_>,
) -> Result<()> {
    for ((kind, index), widths) in listing.into_iter().flat_map(|listing| &listing.older) {
        let TileKind::Hashes(level @ 1..) = *kind else {
            continue;
        };
        let signed = tiles.tile(level, *index).await?;
        for width in widths {
            let tile = Tile::hashes(level, *index, usize::from(*width));
            check_older_tile(files, tile, &signed).await?;
        }
    }
    Ok(())
}

async fn check_older_tile(files: &dyn Files, tile: Tile, signed: &[NodeHash]) -> Result<()> {
    let path = tile.to_string();
    // It may have been deleted since it was listed.
    let Some(bytes) = files.get(&path).await? else {
        return Ok(());
    };
    let expected = NodeHash::join(&signed[..usize::from(tile.width)]);
    if bytes == expected {
        return Ok(());
    }
    let first = expected
        .iter()
        .zip(&bytes)
        .position(|(one, other)| one != other);
    let offset = first.unwrap_or(expected.len().min(bytes.len()));
    let damage = Damage::of(path, "its hashes are not what was signed");
    Err(damage.at(offset as u64).into())
}

/// The file `checkpoint` beside numbered heads.
async fn read_beside(
    files: &dyn Files,
    trust: &Trust,
    listing: Option<&Listing>,
    number: u64,
) -> Result<Option<TreeHead>> {
    if number == 0 || !listing.is_some_and(|listing| listing.has_checkpoint) {
        return Ok(None);
    }
    let path = Place::Checkpoint.to_string();
    let bytes = files.get(&path).await?;
    let bytes = bytes.ok_or_else(|| Damage::of(&path, "it is missing"))?;
    let opened = trust.open_checkpoint(&bytes);
    let opened = opened.map_err(|error| Damage::of(&path, error.to_string()))?;
    Ok(Some(opened.head))
}

/// Checks every marker of expiry that is there; answers the newest.
async fn check_markers(
    files: &dyn Files,
    trust: &Trust,
    listing: Option<&Listing>,
) -> Result<Expired> {
    let newest = expired(files, trust).await?;
    let Some(listing) = listing else {
        return Ok(newest);
    };
    Listing::check_numbers(&listing.markers, newest.marker, Place::Expired)?;
    let mut before = 0;
    for number in &listing.markers {
        let path = Place::Expired(*number).to_string();
        let bytes = files.get(&path).await?.unwrap_or_default();
        let entries = read_marker(&bytes, trust);
        let entries = entries.map_err(|error| Damage::of(&path, error.to_string()))?;
        if entries <= before {
            let message = "it says no more entries than the marker before";
            return Err(Damage::of(path, message).into());
        }
        before = entries;
    }
    Ok(Expired {
        marker: listing.markers.len() as u64,
        entries: before,
    })
}

fn cosigned_without_heads(number: u64, checkpoint: Option<&Checkpoint>) -> Vec<CosignedHead> {
    let served = checkpoint.filter(|_| number == 0);
    let signed = served.into_iter().flat_map(|checkpoint| {
        let size = checkpoint.head.size;
        checkpoint
            .cosigned_by
            .iter()
            .map(move |by| (by.clone(), size))
    });
    signed
        .map(|(by, size)| CosignedHead { by, number, size })
        .collect()
}

/// Holds a log against a checkpoint that was kept elsewhere, signed by the log or by a trusted
/// witness; answers what it says. Meant for a log that [`verify`] found whole.
///
/// Errors: [`LogError::RolledBack`] if the log has fewer entries than the checkpoint;
/// [`LogError::Forked`] if the checkpoint is no beginning of the log; a checkpoint that is none,
/// or that nobody trusted signed.
pub async fn against(files: &dyn Files, trust: &Trust, checkpoint: &[u8]) -> Result<TreeHead> {
    let signed = trust.open_either(checkpoint)?.head;
    let newest = newest_checkpoint(files, trust).await?;
    let found = newest.map_or_else(
        || TreeHead {
            origin: trust.origin().to_owned(),
            size: 0,
            root: NodeHash::empty(),
        },
        |(_, checkpoint)| checkpoint.head,
    );
    if signed.size > found.size {
        return Err(LogError::RolledBack {
            found: found.size,
            signed: signed.size,
        });
    }
    let proof = TileReader::new(files, found.size)
        .consistency(signed.size)
        .await?;
    let (old, new) = ((signed.size, signed.root), (found.size, found.root));
    if verify_consistency(old, new, &proof) {
        Ok(signed)
    } else {
        Err(LogError::Forked { size: signed.size })
    }
}
