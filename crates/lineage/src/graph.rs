//! The graph: neighbours, order and ancestry.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;
use std::ops::Range;

use project::DatasetName;

use crate::{ColumnRef, Edge, EdgeKind};

/// The column that stands for every column.
const EVERY: &str = "*";

/// Edges, indexed from both ends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Graph {
    /// Sorted by target, so what one column depends on is one slice.
    edges: Vec<Edge>,
    /// Positions in `edges`, sorted by source.
    by_source: Vec<usize>,
    /// Every dataset, with those it reads and those that read it.
    datasets: BTreeMap<DatasetName, Neighbours>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Neighbours {
    up: BTreeSet<DatasetName>,
    down: BTreeSet<DatasetName>,
}

/// Datasets that need each other, so none of them can be made first.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Cycle {
    /// Each dataset reads the one before it; the first is the last again.
    pub path: Vec<DatasetName>,
}

impl fmt::Display for Cycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the datasets need each other: ")?;
        for (position, dataset) in self.path.iter().enumerate() {
            let arrow = if position == 0 { "" } else { " → " };
            write!(f, "{arrow}`{dataset}`")?;
        }
        Ok(())
    }
}

impl Graph {
    /// The graph of the edges; one given twice is one edge.
    pub fn new(edges: impl IntoIterator<Item = Edge>) -> Self {
        let mut edges: Vec<Edge> = edges.into_iter().collect();
        edges.sort_unstable();
        edges.dedup();
        let mut by_source: Vec<usize> = (0..edges.len()).collect();
        by_source.sort_by(|a, b| edges[*a].source.cmp(&edges[*b].source));

        let mut datasets: BTreeMap<DatasetName, Neighbours> = BTreeMap::new();
        let mut linked = HashSet::new();
        for edge in &edges {
            let (source, target) = (&edge.source.dataset, &edge.target.dataset);
            if linked.insert((source, target)) {
                datasets
                    .entry(target.clone())
                    .or_default()
                    .up
                    .insert(source.clone());
                datasets
                    .entry(source.clone())
                    .or_default()
                    .down
                    .insert(target.clone());
            }
        }
        Self {
            edges,
            by_source,
            datasets,
        }
    }

    /// With datasets that may have no edge, so that they have their place in the order too.
    #[must_use]
    pub fn including(mut self, datasets: impl IntoIterator<Item = DatasetName>) -> Self {
        for dataset in datasets {
            self.datasets.entry(dataset).or_default();
        }
        self
    }

    /// Every edge, sorted by target.
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// The edges stored at that consumer.
    pub fn edges_of(&self, consumer: &DatasetName) -> &[Edge] {
        &self.edges[self.touching(consumer, None, true)]
    }

    /// What no plan tells: only the edges that are opaque.
    #[must_use]
    pub fn opaque(&self) -> Self {
        let opaque = self.edges.iter().filter(|e| e.kind == EdgeKind::Opaque);
        Self::new(opaque.cloned())
    }

    /// Every dataset, by layer and name.
    pub fn datasets(&self) -> impl Iterator<Item = &DatasetName> {
        self.datasets.keys()
    }

    /// The datasets that this one reads.
    pub fn upstream(&self, dataset: &DatasetName) -> Vec<DatasetName> {
        self.datasets
            .get(dataset)
            .map(|n| n.up.iter().cloned().collect())
            .unwrap_or_default()
    }

    /// The datasets that read this one.
    pub fn downstream(&self, dataset: &DatasetName) -> Vec<DatasetName> {
        self.datasets
            .get(dataset)
            .map(|n| n.down.iter().cloned().collect())
            .unwrap_or_default()
    }

    /// Every dataset after those it reads; among equals, by layer and name.
    pub fn order(&self) -> Result<Vec<DatasetName>, Cycle> {
        let mut waiting: BTreeMap<&DatasetName, usize> = self
            .datasets
            .iter()
            .map(|(dataset, near)| (dataset, near.up.len()))
            .collect();
        let mut ready: BTreeSet<&DatasetName> = waiting
            .iter()
            .filter(|(_, needs)| **needs == 0)
            .map(|(dataset, _)| *dataset)
            .collect();
        let mut order = Vec::with_capacity(waiting.len());
        while let Some(dataset) = ready.pop_first() {
            waiting.remove(dataset);
            order.push(dataset.clone());
            for reader in self
                .datasets
                .get(dataset)
                .into_iter()
                .flat_map(|near| &near.down)
            {
                if let Some(needs) = waiting.get_mut(reader) {
                    *needs -= 1;
                    if *needs == 0 {
                        ready.insert(reader);
                    }
                }
            }
        }
        if waiting.is_empty() {
            Ok(order)
        } else {
            Err(self.cycle_among(&waiting))
        }
    }

    /// Every dataset that still waits reads another one that waits, so walking from one to the
    /// next must come back to where it has been.
    fn cycle_among(&self, waiting: &BTreeMap<&DatasetName, usize>) -> Cycle {
        let mut path: Vec<&DatasetName> = Vec::new();
        let mut at = waiting.keys().next().copied();
        while let Some(dataset) = at {
            if let Some(start) = path.iter().position(|seen| *seen == dataset) {
                path.drain(..start);
                path.push(dataset);
                path.reverse();
                break;
            }
            path.push(dataset);
            let read = self
                .datasets
                .get(dataset)
                .into_iter()
                .flat_map(|near| &near.up);
            at = read.into_iter().find(|source| waiting.contains_key(source));
        }
        Cycle {
            path: path.into_iter().cloned().collect(),
        }
    }

    /// What the dataset, or one column of it, is made of, as far back as the edges go.
    pub fn up(&self, dataset: &DatasetName, column: Option<&str>) -> Self {
        self.follow(dataset, column, true)
    }

    /// What is made of the dataset, or of one column of it.
    pub fn down(&self, dataset: &DatasetName, column: Option<&str>) -> Self {
        self.follow(dataset, column, false)
    }

    fn follow(&self, dataset: &DatasetName, column: Option<&str>, up: bool) -> Self {
        let mut kept = vec![false; self.edges.len()];
        let mut seen: HashSet<(&DatasetName, Option<&str>)> = HashSet::new();
        let mut todo = vec![(dataset, column)];
        while let Some((dataset, column)) = todo.pop() {
            let whole = column.is_none() || column == Some(EVERY);
            // Edges of `*` concern every column of a dataset, but need to be followed only once.
            let near = if whole { None } else { column };
            if seen.contains(&(dataset, None)) || !seen.insert((dataset, near)) {
                continue;
            }
            let ranges = match near {
                None => vec![self.touching(dataset, None, up)],
                Some(_) if seen.insert((dataset, Some(EVERY))) => vec![
                    self.touching(dataset, near, up),
                    self.touching(dataset, Some(EVERY), up),
                ],
                Some(_) => vec![self.touching(dataset, near, up)],
            };
            for position in ranges.into_iter().flatten() {
                let index = if up {
                    position
                } else {
                    self.by_source[position]
                };
                kept[index] = true;
                let edge = &self.edges[index];
                let next = if up { &edge.source } else { &edge.target };
                todo.push((&next.dataset, Some(next.column.as_str())));
            }
        }
        let edges = self.edges.iter().zip(kept).filter(|(_, kept)| *kept);
        let known = self.datasets.contains_key(dataset).then(|| dataset.clone());
        Self::new(edges.map(|(edge, _)| edge.clone())).including(known)
    }

    /// The positions of the edges at the dataset or at one column: in `edges` if `up`, else in
    /// `by_source`.
    fn touching(&self, dataset: &DatasetName, column: Option<&str>, up: bool) -> Range<usize> {
        let place = |end: &ColumnRef| {
            let by_column =
                || column.map_or(std::cmp::Ordering::Equal, |c| end.column.as_str().cmp(c));
            end.dataset.cmp(dataset).then_with(by_column)
        };
        let target = |edge: &Edge| place(&edge.target);
        let source = |index: &usize| place(&self.edges[*index].source);
        if up {
            let start = self.edges.partition_point(|edge| target(edge).is_lt());
            start..self.edges.partition_point(|edge| target(edge).is_le())
        } else {
            let start = self
                .by_source
                .partition_point(|index| source(index).is_lt());
            start
                ..self
                    .by_source
                    .partition_point(|index| source(index).is_le())
        }
    }
}
