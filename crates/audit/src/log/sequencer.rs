//! The sequencer: what appends entries to the tree.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};

use super::checkpoint::{Signer, TreeHead, Trust};
use super::layout::{Place, newest};
use super::leaf::SplitEntry;
use super::note::Note;
use super::reader::{TileReader, read_edge, read_tile};
use super::tile::{TILE_WIDTH, Tile, TileKind, append_entry, split_bundle};
use super::tree::{Edge, FullTile, NodeHash, leaf_hash};
use super::{Damage, Files, LogError, Put, Result};

/// How many files are written at once.
const WRITES_AT_ONCE: usize = 16;

/// What an append made of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// The index of each entry of the batch in the tree.
    pub positions: Vec<u64>,
    /// The number of the newest head; 0 while there is none.
    pub head: u64,
    /// The newest checkpoint; none in a log without entries.
    pub checkpoint: Option<Note>,
}

/// Appends batches of entries. It writes files that are the same whoever writes them, and then the
/// next numbered head, which is created once: so a crash at any write leaves a log that the next
/// sequencer goes on with, and of two sequencers one is refused.
pub struct Sequencer {
    files: Arc<dyn Files>,
    signer: Arc<dyn Signer>,
    origin: String,
    state: State,
    must_reopen: bool,
}

/// What the newest head says, and what is needed to go on from it.
#[derive(Clone, Default)]
struct State {
    head: u64,
    checkpoint: Option<Note>,
    edge: Edge,
    /// The entry bundle that is not full.
    bundle: Vec<u8>,
}

impl Sequencer {
    /// Opens the log where its newest head says that it is. An empty place is an empty log of the
    /// trusted name.
    ///
    /// It refuses a head that no trusted key signed, and a right edge that is not what was signed;
    /// older files are not looked at. One sequencer should write at a time; a second is found when
    /// it writes.
    pub async fn open(
        files: Arc<dyn Files>,
        signer: Arc<dyn Signer>,
        trust: &Trust,
    ) -> Result<Self> {
        let mut state = State::default();
        if let Some(found) = newest(&*files, Place::Head).await? {
            let path = Place::Head(found.number).to_string();
            let opened = trust.open_checkpoint(&found.bytes);
            let opened = opened.map_err(|error| Damage::of(path, error.to_string()))?;
            let (edge, bundle) = read_state(&*files, &opened.head).await?;
            state = State {
                head: found.number,
                checkpoint: Some(opened.note),
                edge,
                bundle,
            };
        } else {
            refuse_headless(&*files).await?;
        }
        Ok(Self {
            files,
            signer,
            origin: trust.origin().to_owned(),
            state,
            must_reopen: false,
        })
    }

    /// The sequence of the entry that comes next; from it on the journal is replayed.
    pub fn next_sequence(&self) -> u64 {
        self.state.edge.size() + 1
    }

    /// The newest checkpoint; none in a log without entries.
    pub fn checkpoint(&self) -> Option<&Note> {
        self.state.checkpoint.as_ref()
    }

    /// Appends entries in the order of their sequences and signs a checkpoint over them. They are
    /// in the log for good when this answers.
    ///
    /// Entries that are in the log already are passed over, if they are the same. After an error
    /// the entries may be in the log or not, and the sequencer must be opened again; an entry out
    /// of order or with other bytes is refused before anything is written and leaves it usable.
    pub async fn append(&mut self, batch: &[SplitEntry]) -> Result<Appended> {
        if self.must_reopen {
            return Err(LogError::MustReopen);
        }
        let known = self.count_known(batch).await?;
        if known < batch.len() {
            self.must_reopen = true;
            self.state = self.write(&batch[known..]).await?;
            self.must_reopen = false;
        }
        Ok(Appended {
            positions: batch.iter().map(|entry| entry.leaf.index()).collect(),
            head: self.state.head,
            checkpoint: self.state.checkpoint.clone(),
        })
    }

    /// How many entries of the batch are in the log; all sequences are checked.
    async fn count_known(&self, batch: &[SplitEntry]) -> Result<usize> {
        let size = self.state.edge.size();
        let mut tiles = TileReader::new(&*self.files, size);
        let mut known = 0;
        let first = batch.first().map_or(size + 1, |entry| entry.leaf.sequence);
        for (expected, entry) in (first.min(size + 1)..).zip(batch) {
            let given = entry.leaf.sequence;
            if given != expected {
                return Err(LogError::OutOfOrder { expected, given });
            }
            if given <= size {
                let (tile, place) = (entry.leaf.index() / 256, entry.leaf.index() % 256);
                let hashes = tiles.hashes(0, tile).await?;
                if hashes.get(place as usize) != Some(&entry.leaf.hash()) {
                    return Err(LogError::Rewritten { sequence: given });
                }
                known += 1;
            }
        }
        Ok(known)
    }

    /// Writes everything that the entries need, the head last; answers where the log stands then.
    async fn write(&self, batch: &[SplitEntry]) -> Result<State> {
        let mut state = self.state.clone();
        let mut writes = Vec::new();
        let mut sides = HashSet::new();
        for entry in batch {
            for (side, bytes) in entry.leaf.sides.iter().zip(&entry.sides) {
                if sides.insert(side.sha256) {
                    writes.push((Place::Side(side.sha256), bytes.clone()));
                }
            }
            state.push(&entry.leaf.bytes, &mut writes)?;
        }
        state.write_partial(&mut writes);
        self.put_all(writes).await?;
        let head = TreeHead {
            origin: self.origin.clone(),
            size: state.edge.size(),
            root: state.edge.root(),
        };
        let note = head.sign(&*self.signer)?;
        state.head += 1;
        let path = Place::Head(state.head).to_string();
        let text = Bytes::from(note.to_string());
        match self.files.put_new(&path, text).await? {
            // The same bytes are the same tree, signed by the same key: an answer that was lost.
            Put::Created | Put::Same => {}
            Put::Other => return Err(LogError::Overtaken { number: state.head }),
        }
        state.checkpoint = Some(note);
        Ok(state)
    }

    async fn put_all(&self, writes: Vec<(Place, Bytes)>) -> Result<()> {
        let puts = writes.into_iter().map(|(place, bytes)| async move {
            let path = place.to_string();
            match self.files.put_new(&path, bytes).await? {
                Put::Created | Put::Same => Ok(()),
                Put::Other => Err(LogError::Occupied { path }),
            }
        });
        let puts = stream::iter(puts).buffer_unordered(WRITES_AT_ONCE);
        puts.try_collect().await
    }
}

impl State {
    /// Appends a leaf; what became full is to be written.
    fn push(&mut self, leaf: &[u8], writes: &mut Vec<(Place, Bytes)>) -> Result<()> {
        let index = self.edge.size() / TILE_WIDTH as u64;
        append_entry(&mut self.bundle, leaf).ok_or_else(|| {
            LogError::unreadable("audit entry", "it is longer than a bundle takes")
        })?;
        for FullTile {
            level,
            index,
            hashes,
        } in self.edge.push(leaf_hash(leaf))
        {
            let tile = Tile::hashes(level, index, TILE_WIDTH);
            writes.push((Place::Tile(tile), NodeHash::join(&hashes).into()));
        }
        if self.edge.size().is_multiple_of(TILE_WIDTH as u64) {
            let bundle = std::mem::take(&mut self.bundle);
            writes.push((Place::Tile(Tile::entries(index, TILE_WIDTH)), bundle.into()));
        }
        Ok(())
    }

    /// What is not full at this size is to be written, too.
    fn write_partial(&self, writes: &mut Vec<(Place, Bytes)>) {
        for (level, index, hashes) in self.edge.partial_tiles() {
            let tile = Tile::hashes(level, index, hashes.len());
            writes.push((Place::Tile(tile), NodeHash::join(hashes).into()));
        }
        let width = (self.edge.size() % TILE_WIDTH as u64) as usize;
        if width > 0 {
            let tile = Tile::entries(self.edge.size() / TILE_WIDTH as u64, width);
            writes.push((Place::Tile(tile), self.bundle.clone().into()));
        }
    }
}

/// Refuses to begin a log where heads are whose first is gone.
async fn refuse_headless(files: &dyn Files) -> Result<()> {
    let listed = files.list().await?.unwrap_or_default();
    let is_head = |path: &String| matches!(path.parse(), Ok(Place::Head(_)));
    if listed.iter().any(is_head) {
        let path = Place::Head(1).to_string();
        return Err(Damage::of(path, "it is missing, and later ones are there").into());
    }
    Ok(())
}

/// The right edge and the bundle that is not full, checked against what was signed.
async fn read_state(files: &dyn Files, head: &TreeHead) -> Result<(Edge, Vec<u8>)> {
    let (edge, paths) = read_edge(files, head.size).await?;
    if edge.root() != head.root {
        let path = paths.into_iter().find(|path| !path.is_empty());
        let message = "it or a tile above it is not what was signed";
        return Err(Damage::of(path.unwrap_or_default(), message).into());
    }
    if head.size.is_multiple_of(TILE_WIDTH as u64) {
        return Ok((edge, Vec::new()));
    }
    let index = head.size / TILE_WIDTH as u64;
    let read = read_tile(files, TileKind::Entries, index, head.size).await?;
    let (entries, _) = split_bundle(&read.bytes);
    for ((offset, entry), hash) in entries.into_iter().zip(edge.level(0)) {
        if leaf_hash(entry) != *hash {
            let damage = Damage::of(read.path, "an entry is not what was signed");
            return Err(damage.at(offset as u64).into());
        }
    }
    Ok((edge, read.bytes.to_vec()))
}
