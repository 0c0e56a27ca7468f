//! The tree and its files beside those of two other implementations.

use std::cell::RefCell;
use std::sync::Arc;

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::prelude::*;
use sha2::Sha256;
use tlog_tiles::{
    Hash, HashReader, check_record, check_tree, prove_record, prove_tree, stored_hashes, tree_hash,
};

use super::{Chance, MemoryFiles, entries, open};
use crate::log::tree::{
    Edge, NodeHash, consistency_ranges, fold, inclusion_ranges, leaf_hash, peaks, subtree_hash,
    verify_consistency, verify_inclusion,
};
use crate::log::{Files, Tile, TileReader, TreeHead};

fn leaves(count: u64) -> Vec<Vec<u8>> {
    let mut chance = Chance(count);
    (0..count)
        .map(|_| chance.next().to_be_bytes()[..chance.below(9)].to_vec())
        .collect()
}

fn range_hash(hashes: &[NodeHash], range: std::ops::Range<u64>) -> NodeHash {
    let hash = |(height, index): (u32, u64)| {
        let from = (index << height) as usize;
        subtree_hash(&hashes[from..from + (1 << height)])
    };
    fold(peaks(range).into_iter().map(hash))
}

/// What `tlog_tiles` keeps of a tree.
#[derive(Default)]
struct Stored(RefCell<Vec<Hash>>);

impl HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, tlog_tiles::Error> {
        let stored = self.0.borrow();
        Ok(indexes
            .iter()
            .map(|index| stored[*index as usize])
            .collect())
    }
}

impl Stored {
    fn of(leaves: &[Vec<u8>]) -> Self {
        let stored = Self::default();
        for (index, leaf) in (0..).zip(leaves) {
            let more = stored_hashes(index, leaf, &stored).unwrap();
            stored.0.borrow_mut().extend(more);
        }
        stored
    }
}

fn theirs(hashes: &[NodeHash]) -> Vec<Hash> {
    hashes.iter().map(|hash| Hash(hash.0)).collect()
}

fn compare(size: u64, index: u64, old: u64) {
    let leaves = leaves(size);
    let hashes: Vec<_> = leaves.iter().map(|leaf| leaf_hash(leaf)).collect();
    let mut edge = Edge::default();
    let mut tree = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    for (leaf, hash) in leaves.iter().zip(&hashes) {
        edge.push(*hash);
        tree.push(leaf.clone());
    }
    let root = edge.root();
    let stored = Stored::of(&leaves);
    assert_eq!(root.0[..], tree.root().as_bytes()[..]);
    assert_eq!(root.0, tree_hash(size, &stored).unwrap().0);
    assert_eq!(root, range_hash(&hashes, 0..size));

    let proof: Vec<_> = inclusion_ranges(index, size)
        .into_iter()
        .map(|range| range_hash(&hashes, range))
        .collect();
    let leaf = hashes[index as usize];
    assert_eq!(
        NodeHash::join(&proof),
        tree.prove_inclusion(index as usize).as_bytes()
    );
    assert_eq!(theirs(&proof), prove_record(size, index, &stored).unwrap());
    assert!(verify_inclusion(leaf, index, size, root, &proof));
    check_record(&theirs(&proof), size, Hash(root.0), index, Hash(leaf.0)).unwrap();

    let old_root = range_hash(&hashes, 0..old);
    let proof: Vec<_> = consistency_ranges(old, size)
        .into_iter()
        .map(|range| range_hash(&hashes, range))
        .collect();
    let additions = (size - old) as usize;
    assert_eq!(
        NodeHash::join(&proof),
        tree.prove_consistency(additions).as_bytes()
    );
    assert_eq!(theirs(&proof), prove_tree(size, old, &stored).unwrap());
    assert!(verify_consistency((old, old_root), (size, root), &proof));
    check_tree(&theirs(&proof), size, Hash(root.0), old, Hash(old_root.0)).unwrap();

    // What one of them refuses, so do we.
    for place in 0..proof.len() {
        let mut wrong = proof.clone();
        wrong[place].0[0] ^= 1;
        assert!(!verify_consistency((old, old_root), (size, root), &wrong));
        wrong = proof.clone();
        wrong.remove(place);
        assert!(!verify_consistency((old, old_root), (size, root), &wrong));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn roots_and_proofs_are_those_of_two_other_implementations(
        size in 1_u64..1500, index in any::<u64>(), old in any::<u64>(),
    ) {
        compare(size, index % size, 1 + old % size);
    }

    #[test]
    fn paths_of_tiles_are_those_of_another_implementation(
        level in 0_u8..64, index in any::<u64>(), shift in 0_u32..64, width in 1_u16..=256,
    ) {
        let index = index >> shift;
        let tile = Tile::hashes(level, index, usize::from(width));
        let theirs = tlog_tiles::Tile::new(8, level, index, u32::from(width), false);
        prop_assert_eq!(format!("tile/8/{}", &tile.to_string()[5..]), theirs.path());
        prop_assert_eq!(tile.to_string().parse::<Tile>().unwrap(), tile);
        let entries = Tile::entries(index, usize::from(width));
        prop_assert_eq!(entries.to_string().parse::<Tile>().unwrap(), entries);
    }

    #[test]
    fn what_is_no_path_of_a_tile_is_refused_by_both(path in "tile/[0-6]?[0-3]/(x?[0-9]{1,4}/){0,3}[0-9]{2,4}(\\.p/[1-9][0-9]{0,2})?") {
        let theirs = tlog_tiles::Tile::from_path(&format!("tile/8/{}", &path[5..]));
        prop_assert_eq!(path.parse::<Tile>().is_ok(), theirs.is_ok());
    }
}

#[test]
fn every_small_tree_agrees() {
    for size in 1..40 {
        for index in 0..size {
            compare(size, index, index + 1);
        }
    }
}

#[tokio::test]
async fn the_files_of_a_log_are_the_tiles_of_another_implementation() {
    let files = Arc::new(MemoryFiles::default());
    let mut sequencer = open(&files).await;
    let all = entries(1..=1100);
    let (stored, mut before) = (Stored::default(), 0);
    for size in [1, 2, 255, 256, 257, 511, 700, 1024, 1100] {
        let appended = sequencer
            .append(&all[before as usize..size as usize])
            .await
            .unwrap();
        for (index, entry) in (before..).zip(&all[before as usize..size as usize]) {
            let more = stored_hashes(index, &entry.leaf.bytes, &stored).unwrap();
            stored.0.borrow_mut().extend(more);
        }
        for tile in tlog_tiles::Tile::new_tiles(8, before, size) {
            let path = tile.path().replacen("tile/8/", "tile/", 1);
            let written = files
                .get(&path)
                .await
                .unwrap()
                .expect("every new tile is written");
            assert_eq!(written, tile.read_data(&stored).unwrap(), "{path}");
        }
        let note = appended.checkpoint.unwrap();
        let checkpoint =
            tlog_tiles::Checkpoint::from_reader(&mut note.to_string().as_bytes(), false).unwrap();
        assert_eq!(checkpoint.size(), size);
        assert_eq!(*checkpoint.hash(), tree_hash(size, &stored).unwrap());
        assert_eq!(checkpoint.to_bytes(), note.text.as_bytes());
        let head = TreeHead::parse(&note.text).unwrap();
        assert_eq!(head.to_string().as_bytes(), checkpoint.to_bytes());

        let mut tiles = TileReader::new(&*files, size);
        for index in [0, size / 2, size - 1] {
            let proof = tiles.inclusion(index).await.unwrap();
            assert_eq!(theirs(&proof), prove_record(size, index, &stored).unwrap());
            let proof = tiles.consistency(index + 1).await.unwrap();
            assert_eq!(
                theirs(&proof),
                prove_tree(size, index + 1, &stored).unwrap()
            );
        }
        before = size;
    }
}
