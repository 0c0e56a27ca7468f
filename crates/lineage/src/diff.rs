//! What a change of the SQL changed in the graph.

use std::fmt;

use crate::{Edge, Graph};

/// The edges that one graph has and the other has not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diff {
    /// Only the new graph has them.
    pub added: Vec<Edge>,
    /// Only the old graph has them.
    pub removed: Vec<Edge>,
}

impl Diff {
    /// Whether both graphs have the same edges.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }
}

impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let removed = self.removed.iter().map(|edge| (edge, '-'));
        let mut lines: Vec<_> = removed
            .chain(self.added.iter().map(|edge| (edge, '+')))
            .collect();
        lines.sort_unstable();
        lines
            .into_iter()
            .try_for_each(|(edge, sign)| writeln!(f, "{sign} {edge}"))
    }
}

/// What `new` has more and less than `old`.
pub fn diff(old: &Graph, new: &Graph) -> Diff {
    let without = |edges: &[Edge], other: &Graph| {
        let missing = |edge: &&Edge| other.edges().binary_search(edge).is_err();
        edges.iter().filter(missing).cloned().collect()
    };
    Diff {
        added: without(new.edges(), old),
        removed: without(old.edges(), new),
    }
}
