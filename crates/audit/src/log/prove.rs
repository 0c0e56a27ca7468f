//! Proofs: one entry with all that shows that it is in the log, as one text (C2SP tlog-proof).

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::checkpoint::{Checkpoint, Trust};
use super::leaf::Leaf;
use super::note::Note;
use super::reader::{TileReader, read_tile};
use super::serve::{newest_checkpoint, numbered_checkpoint};
use super::tile::{TILE_WIDTH, TileKind, split_bundle};
use super::tree::{NodeHash, leaf_hash, verify_inclusion};
use super::{Damage, Files, LogError, Result};

const KIND: &str = "proof";
const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// A tree of 64-bit size is no deeper.
const MOST_HASHES: usize = 64;
/// How many heads are looked at for one that a witness cosigned.
const LOOK_BACK: usize = 64;

/// A proof of which nothing has been checked. Its text is a file `.tlog-proof`; the entry's bytes
/// are its extra data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The leaf.
    pub entry: Vec<u8>,
    /// Its index in the tree.
    pub index: u64,
    /// From its sibling up to the child of the root.
    pub hashes: Vec<NodeHash>,
    /// The checkpoint with its signatures.
    pub checkpoint: Note,
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}\nextra {}", STANDARD.encode(&self.entry))?;
        writeln!(f, "index {}", self.index)?;
        self.hashes
            .iter()
            .try_for_each(|hash| writeln!(f, "{hash}"))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

impl FromStr for Proof {
    type Err = LogError;

    /// Takes the one spelling that is printed, with the entry in it.
    fn from_str(text: &str) -> Result<Self> {
        let broken = |message: &str| LogError::unreadable(KIND, message);
        let (top, checkpoint) = text
            .split_once("\n\n")
            .ok_or_else(|| broken("it has no blank line"))?;
        let mut lines = top.split('\n');
        if lines.next() != Some(HEADER) {
            return Err(broken("its first line is not `c2sp.org/tlog-proof@v1`"));
        }
        let extra = lines.next().and_then(|line| line.strip_prefix("extra "));
        let entry = extra.and_then(|extra| STANDARD.decode(extra).ok());
        let entry = entry.ok_or_else(|| broken("it has no entry in its extra data"))?;
        let index = lines.next().and_then(|line| line.strip_prefix("index "));
        let index = index.and_then(|text| {
            let number = text.parse::<u64>().ok();
            number.filter(|number| number.to_string() == text)
        });
        let hashes: Option<Vec<_>> = lines.map(NodeHash::from_base64).collect();
        let hashes = hashes.filter(|hashes| hashes.len() <= MOST_HASHES);
        Ok(Self {
            entry,
            index: index.ok_or_else(|| broken("it has no index"))?,
            hashes: hashes.ok_or_else(|| broken("its hashes are no base64 of 32 bytes"))?,
            checkpoint: Note::parse(checkpoint.as_bytes())?,
        })
    }
}

/// Makes the proof of the entry at `index`, from 0. It is under the newest checkpoint, or, if no
/// trusted witness has cosigned that yet, under the newest of the last 64 that one has.
///
/// Errors: no such entry, one that expired, and files that are not what was signed.
pub async fn prove(files: &dyn Files, trust: &Trust, index: u64) -> Result<Proof> {
    let newest = newest_checkpoint(files, trust).await?;
    let Some((number, newest)) = newest.filter(|(_, newest)| index < newest.head.size) else {
        let message = format!("the log has no entry {index}");
        return Err(LogError::unreadable(KIND, message));
    };
    let cosigned = match newest.cosigned_by.is_empty() && !trust.witnesses().is_empty() {
        true => newest_cosigned(files, trust, number, index).await?,
        false => None,
    };
    let checkpoint = cosigned.unwrap_or(newest);
    let size = checkpoint.head.size;
    let read = read_tile(files, TileKind::Entries, index / TILE_WIDTH as u64, size).await?;
    let (entries, _) = split_bundle(&read.bytes);
    let found = entries.get((index % TILE_WIDTH as u64) as usize);
    let (_, entry) = found.ok_or_else(|| Damage::of(&read.path, "it has too few entries"))?;
    let hashes = TileReader::new(files, size).inclusion(index).await?;
    if !verify_inclusion(leaf_hash(entry), index, size, checkpoint.head.root, &hashes) {
        let damage = Damage::of(read.path, "the entry or its hashes are not what was signed");
        return Err(damage.in_entry(index).into());
    }
    Ok(Proof {
        entry: entry.to_vec(),
        index,
        hashes,
        checkpoint: checkpoint.note,
    })
}

/// The newest cosigned head before that number whose tree has the entry.
async fn newest_cosigned(
    files: &dyn Files,
    trust: &Trust,
    before: u64,
    index: u64,
) -> Result<Option<Checkpoint>> {
    for number in (1..before).rev().take(LOOK_BACK) {
        let Some(checkpoint) = numbered_checkpoint(files, trust, number).await? else {
            break;
        };
        if checkpoint.head.size <= index {
            break;
        }
        if !checkpoint.cosigned_by.is_empty() {
            return Ok(Some(checkpoint));
        }
    }
    Ok(None)
}

/// What a proof shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    /// The entry.
    pub leaf: Leaf,
    /// The checkpoint that it is under, and who cosigned that.
    pub checkpoint: Checkpoint,
}

/// Checks the text of a proof by the trusted keys alone. The checkpoint must be signed by the log;
/// who else must have cosigned is for the caller to say, by the answer.
pub fn verify_proof(text: &str, trust: &Trust) -> Result<Proven> {
    let proof: Proof = text.parse()?;
    let checkpoint = trust.open_checkpoint(proof.checkpoint.to_string().as_bytes())?;
    let (index, head) = (proof.index, &checkpoint.head);
    let hash = leaf_hash(&proof.entry);
    if !verify_inclusion(hash, index, head.size, head.root, &proof.hashes) {
        let message = "its hashes do not lead from the entry to the checkpoint";
        return Err(LogError::unproven(KIND, message));
    }
    let leaf = Leaf::parse(&proof.entry)?;
    if leaf.index() != index {
        let message = "the sequence of the entry is not that of its place";
        return Err(LogError::unproven(KIND, message));
    }
    Ok(Proven { leaf, checkpoint })
}
