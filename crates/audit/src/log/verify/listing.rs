//! What files there are, where they can be listed.

use std::collections::{BTreeMap, BTreeSet};

use crate::log::layout::Place;
use crate::log::tile::{Tile, TileKind};
use crate::log::{Damage, Files, LogError, Result};

/// The files of a log by what they are.
#[derive(Debug, Default)]
pub struct Listing {
    pub heads: BTreeSet<u64>,
    pub markers: BTreeSet<u64>,
    /// By the number of their heads.
    pub cosignatures: BTreeMap<u64, Vec<String>>,
    pub sides: BTreeSet<[u8; 32]>,
    /// Partial tiles that others took the place of, by level and index.
    pub older: BTreeMap<(TileKind, u64), Vec<u16>>,
    pub has_checkpoint: bool,
    /// Tiles that are in no checkpoint, as a crash leaves them.
    pub beyond: u64,
}

impl Listing {
    /// Lists the files of a log whose newest checkpoint has that size. A file that is none of a log
    /// is damage. Where files cannot be listed there is nothing.
    pub async fn read(files: &dyn Files, size: u64) -> Result<Option<Self>> {
        let Some(mut paths) = files.list().await? else {
            return Ok(None);
        };
        paths.sort();
        let mut listing = Self::default();
        for path in paths {
            let place: Place = path
                .parse()
                .map_err(|_: LogError| Damage::of(&path, "it is no file of a log"))?;
            listing.add(place, size);
        }
        Ok(Some(listing))
    }

    fn add(&mut self, place: Place, size: u64) {
        match place {
            Place::Checkpoint => self.has_checkpoint = true,
            Place::Head(number) => {
                self.heads.insert(number);
            }
            Place::Expired(number) => {
                self.markers.insert(number);
            }
            Place::Cosignature(number, witness) => {
                self.cosignatures.entry(number).or_default().push(witness);
            }
            Place::Side(sha256) => {
                self.sides.insert(sha256);
            }
            Place::Tile(tile) => {
                let Tile { kind, index, width } = tile;
                let now = Tile::width_at(kind, index, size);
                if usize::from(width) > now {
                    self.beyond += 1;
                } else if usize::from(width) < now {
                    self.older.entry((kind, index)).or_default().push(width);
                }
            }
        }
    }

    /// Refuses numbers that do not run from 1 to `newest`, or to a later one: a log may grow while
    /// it is read.
    pub fn check_numbers(
        numbers: &BTreeSet<u64>,
        newest: u64,
        place: fn(u64) -> Place,
    ) -> Result<()> {
        let holes = (1..)
            .zip(numbers)
            .filter(|(expected, number)| expected != *number);
        let hole = holes.map(|(expected, number)| expected.min(*number)).next();
        let count = numbers.len() as u64;
        match hole.or((count < newest).then_some(count + 1)) {
            Some(number) => {
                let message = "it is missing, and one with a greater number is there";
                Err(Damage::of(place(number).to_string(), message).into())
            }
            None => Ok(()),
        }
    }

    /// Refuses cosignatures under heads that are not there.
    pub fn check_cosigned_heads(&self) -> Result<()> {
        let mut cosigned = self.cosignatures.iter();
        let Some((head, witnesses)) = cosigned.find(|(head, _)| !self.heads.contains(head)) else {
            return Ok(());
        };
        let witness = witnesses.first().cloned().unwrap_or_default();
        let path = Place::Cosignature(*head, witness).to_string();
        Err(Damage::of(path, "the head that it cosigns is missing").into())
    }
}
