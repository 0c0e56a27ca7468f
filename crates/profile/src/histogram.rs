//! Bins of equal width between the least and the greatest value.

use crate::values::{Kind, Values};

/// A histogram has at most so many bins.
pub const BINS: usize = 20;

/// A part of the number line and the rows whose value lies in it. The upper edge belongs to the next
/// bin, and that of the last bin to itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Bin {
    /// The lower edge.
    pub from: f64,
    /// The upper edge.
    pub to: f64,
    /// The rows.
    pub rows: u64,
}

/// The histogram of finite values; none for what is on no number line.
pub(crate) fn histogram(values: &Values) -> Vec<Bin> {
    let finite = || values.runs.iter().filter_map(|run| run.at);
    let (Some(low), Some(high)) = (finite().next(), finite().next_back()) else {
        return Vec::new();
    };
    // Neighbours that differ exactly may be one place in floating point.
    let mut distinct: Vec<f64> = finite().collect();
    distinct.dedup();
    let edges = edges(values.kind, (low, high), distinct.len().min(BINS));
    let counts = counts(values, &edges);
    let pairs = edges.windows(2);
    pairs
        .zip(counts)
        .map(|(edge, rows)| Bin {
            from: edge[0],
            to: edge[1],
            rows,
        })
        .collect()
}

/// The edges of so many bins, of which there are fewer where steps or digits do not allow for more.
fn edges(kind: Kind, (low, high): (f64, f64), bins: usize) -> Vec<f64> {
    let mut edges = vec![low];
    for place in 1..bins {
        let share = place as f64 / bins as f64;
        // Not by the distance, which two finite numbers may have an infinite one of.
        let edge = low * (1.0 - share) + high * share;
        let edge = if kind.is_stepped() { edge.ceil() } else { edge };
        if edges.last().is_none_or(|last| *last < edge) && edge < high {
            edges.push(edge);
        }
    }
    edges.push(high);
    edges
}

/// The rows in each bin; values outside count for the bin that is nearest.
fn counts(values: &Values, edges: &[f64]) -> Vec<u64> {
    let mut counts = vec![0; edges.len().saturating_sub(1)];
    for run in &values.runs {
        let Some(at) = run.at else { continue };
        let bin = bin_of(at, edges).min(counts.len().saturating_sub(1));
        if let Some(count) = counts.get_mut(bin) {
            *count += run.rows;
        }
    }
    counts
}

/// The bin that holds a value from the first edge on.
fn bin_of(at: f64, edges: &[f64]) -> usize {
    edges.partition_point(|edge| *edge <= at).saturating_sub(1)
}

/// The rows before the earlier bins, in each of them, and behind them.
pub(crate) fn over(values: &Values, earlier: &[Bin]) -> Vec<u64> {
    let (Some(first), Some(last)) = (earlier.first(), earlier.last()) else {
        return Vec::new();
    };
    let edges: Vec<f64> = earlier.iter().map(|bin| bin.from).collect();
    let mut counts = vec![0; earlier.len() + 2];
    for run in &values.runs {
        let Some(at) = run.at else { continue };
        let place = if at < first.from {
            0
        } else if at > last.to {
            earlier.len() + 1
        } else {
            bin_of(at, &edges) + 1
        };
        counts[place] += run.rows;
    }
    counts
}
