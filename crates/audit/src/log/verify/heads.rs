//! The signed heads in their order, and the cosignatures under them.

use crate::log::checkpoint::{SignedBy, TreeHead, Trust};
use crate::log::layout::Place;
use crate::log::note::Note;
use crate::log::serve::read_cosignature;
use crate::log::tree::{Edge, NodeHash};
use crate::log::{Damage, Files, Result};

use super::listing::Listing;

/// The newest head that a witness cosigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CosignedHead {
    /// The name of the witness, and when it cosigned.
    pub by: SignedBy,
    /// The number of the head; 0 if there are no numbered heads.
    pub number: u64,
    /// How many entries it has.
    pub size: u64,
}

/// Goes over the heads as the tree grows, and sees that each signed what the tree was.
pub struct Heads<'a> {
    files: &'a dyn Files,
    trust: &'a Trust,
    listing: Option<&'a Listing>,
    newest: u64,
    /// How many entries the newest head has.
    size: u64,
    /// The sizes of the head before the next one, and of that before it.
    before: [u64; 2],
    next: Option<(u64, TreeHead, Note)>,
    pub cosigned: Vec<CosignedHead>,
    /// Cosignatures by witnesses that are not trusted.
    pub unknown_cosignatures: u64,
}

impl<'a> Heads<'a> {
    /// From the first head on to that of number `newest`, which has `size` entries.
    pub async fn open(
        files: &'a dyn Files,
        trust: &'a Trust,
        listing: Option<&'a Listing>,
        newest: u64,
        size: u64,
    ) -> Result<Self> {
        let mut heads = Self {
            files,
            trust,
            listing,
            newest,
            size,
            before: [0, 0],
            next: None,
            cosigned: Vec::new(),
            unknown_cosignatures: 0,
        };
        heads.advance(1).await?;
        Ok(heads)
    }

    /// Looks whether the next head signed a tree of this size, and if so whether it signed this
    /// tree.
    pub async fn check(&mut self, tree: &Edge) -> Result<()> {
        let is_next = |(_, head, _): &(u64, TreeHead, Note)| head.size == tree.size();
        if !self.next.as_ref().is_some_and(is_next) {
            return Ok(());
        }
        let Some((number, head, note)) = self.next.take() else {
            return Ok(());
        };
        if head.root != tree.root() {
            let path = Place::Head(number).to_string();
            let message = format!(
                "it signed another tree of {} entries than the newest head: the log forked",
                head.size
            );
            return Err(Damage::of(path, message).into());
        }
        self.before = [tree.size(), self.before[0]];
        // First the order of the heads: a head in the place of another has its own cosignatures.
        self.advance(number + 1).await?;
        self.check_cosignatures(number, &note, head.size).await
    }

    /// Reads the head of that number, which must have more entries than the one before.
    async fn advance(&mut self, number: u64) -> Result<()> {
        self.next = None;
        if number > self.newest {
            return Ok(());
        }
        let path = Place::Head(number).to_string();
        let bytes = self.files.get(&path).await?;
        let bytes = bytes.ok_or_else(|| Damage::of(&path, "it is missing"))?;
        let opened = self.trust.open_checkpoint(&bytes);
        let opened = opened.map_err(|error| Damage::of(&path, error.to_string()))?;
        if opened.note.signatures.len() != 1 {
            let message = "it has more than the signature of the log";
            return Err(Damage::of(&path, message).into());
        }
        if opened.head.size > self.size {
            let message = format!("it has more entries than the {} of the newest", self.size);
            return Err(Damage::of(&path, message).into());
        }
        if opened.head.size <= self.before[0] {
            // Of the two that are out of order, the one that does not fit to the one before both.
            let earlier = u64::from(opened.head.size > self.before[1]);
            let path = Place::Head(number - earlier).to_string();
            let message = "its number of entries does not lie between those of its neighbours";
            return Err(Damage::of(path, message).into());
        }
        self.next = Some((number, opened.head, opened.note));
        Ok(())
    }

    async fn check_cosignatures(&mut self, number: u64, note: &Note, size: u64) -> Result<()> {
        let listed = self
            .listing
            .map(|listing| listing.cosignatures.get(&number));
        let count = listed.map(|listed| listed.map_or(0, Vec::len) as u64);
        if count == Some(0) || count.is_none() && number != self.newest {
            return Ok(());
        }
        let mut known = 0;
        for witness in self.trust.witnesses() {
            let found = read_cosignature(self.files, number, &note.text, witness).await?;
            if let Some((_, by)) = found {
                known += 1;
                self.cosigned.retain(|older| older.by.name != by.name);
                self.cosigned.push(CosignedHead { by, number, size });
            }
        }
        self.unknown_cosignatures += count.unwrap_or(known).saturating_sub(known);
        Ok(())
    }
}

/// Whether a checkpoint beside the numbered heads says what they say.
pub fn check_beside(head: &TreeHead, newest: &TreeHead, root_then: NodeHash) -> Result<()> {
    let path = Place::Checkpoint.to_string();
    if head.size > newest.size {
        let message = format!(
            "it has {} entries, the heads only {}",
            head.size, newest.size
        );
        return Err(Damage::of(path, message).into());
    }
    if head.root != root_then {
        let message = "it signed another tree than the heads: the log forked";
        return Err(Damage::of(path, message).into());
    }
    Ok(())
}
