//! Proofs of inclusion and of consistency (RFC 6962, sections 2.1.1 and 2.1.2), and their
//! verification (RFC 9162, sections 2.1.3.2 and 2.1.4.2).

use std::ops::Range;

use super::{NodeHash, node_hash};

/// The ranges of leaves whose hashes prove a leaf in a tree, from its sibling up to the child of
/// the root. `index` must be below `size`.
pub fn inclusion_ranges(index: u64, size: u64) -> Vec<Range<u64>> {
    let (mut low, mut high) = (0, size);
    let mut ranges = Vec::new();
    while high - low > 1 {
        let middle = low + split_point(high - low);
        if index < middle {
            ranges.push(middle..high);
            high = middle;
        } else {
            ranges.push(low..middle);
            low = middle;
        }
    }
    ranges.reverse();
    ranges
}

/// The ranges of leaves whose hashes prove that the first `old` leaves of a tree of `new` are an
/// older state of it. Empty if `old` is 0 or `new`; it must not be above `new`.
pub fn consistency_ranges(old: u64, new: u64) -> Vec<Range<u64>> {
    let (mut low, mut high) = (0, new);
    let mut ranges = Vec::new();
    if old == 0 {
        return ranges;
    }
    while high != old {
        let middle = low + split_point(high - low);
        if old <= middle {
            ranges.push(middle..high);
            high = middle;
        } else {
            ranges.push(low..middle);
            low = middle;
        }
    }
    if low > 0 {
        ranges.push(low..high);
    }
    ranges.reverse();
    ranges
}

/// The perfect subtrees of a range that proofs ask for, from left to right: height and index among
/// the subtrees of that height.
pub fn peaks(range: Range<u64>) -> Vec<(u32, u64)> {
    let Range { mut start, end } = range;
    let mut peaks = Vec::new();
    while start < end {
        let height = (end - start).ilog2();
        peaks.push((height, start >> height));
        start += 1 << height;
    }
    peaks
}

/// Whether the leaf of that hash is at `index` in the tree of that size and root.
pub fn verify_inclusion(
    leaf: NodeHash,
    index: u64,
    size: u64,
    root: NodeHash,
    proof: &[NodeHash],
) -> bool {
    if index >= size {
        return false;
    }
    let (mut place, mut last) = (index, size - 1);
    let mut hash = leaf;
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if place % 2 == 1 || place == last {
            hash = node_hash(*sibling, hash);
            skip_missing(&mut place, &mut last);
        } else {
            hash = node_hash(hash, *sibling);
        }
        place >>= 1;
        last >>= 1;
    }
    last == 0 && hash == root
}

/// Whether the tree of the older size and root is a beginning of the newer one.
pub fn verify_consistency(
    (old_size, old_root): (u64, NodeHash),
    (new_size, new_root): (u64, NodeHash),
    proof: &[NodeHash],
) -> bool {
    if old_size == 0 {
        return proof.is_empty() && old_root == NodeHash::empty();
    }
    if old_size >= new_size {
        return old_size == new_size && proof.is_empty() && old_root == new_root;
    }
    let (mut place, mut last) = (old_size - 1, new_size - 1);
    while place % 2 == 1 {
        place >>= 1;
        last >>= 1;
    }
    let given = old_size.is_power_of_two().then_some(old_root);
    let mut hashes = given.into_iter().chain(proof.iter().copied());
    let Some(first) = hashes.next() else {
        return false;
    };
    let (mut old, mut new) = (first, first);
    for sibling in hashes {
        if last == 0 {
            return false;
        }
        if place % 2 == 1 || place == last {
            old = node_hash(sibling, old);
            new = node_hash(sibling, new);
            skip_missing(&mut place, &mut last);
        } else {
            new = node_hash(new, sibling);
        }
        place >>= 1;
        last >>= 1;
    }
    last == 0 && old == old_root && new == new_root
}

/// Passes over the levels at which the last node of a tree has no sibling.
fn skip_missing(place: &mut u64, last: &mut u64) {
    while place.is_multiple_of(2) && *place != 0 {
        *place >>= 1;
        *last >>= 1;
    }
}

/// The largest power of two below a number above 1.
fn split_point(leaves: u64) -> u64 {
    1 << (leaves - 1).ilog2()
}
