//! What a change of the graph means to who reviews it.

use std::collections::{BTreeMap, BTreeSet};

use project::DatasetName;

use crate::{ColumnRef, Edge, Graph};

const EVERY: &str = "*";

/// What came of a dataset or a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// The dataset is new in the graph.
    Added,
    /// The dataset is in the graph no more.
    Removed,
    /// The column depends on a source that it did not depend on.
    Gains,
    /// The column depends on a source no more.
    Loses,
    /// The column depends on the source in another way.
    Changes,
    /// The column itself is made as before, of something that is not.
    Affected,
}

impl Outcome {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Gains => "gains",
            Self::Loses => "loses",
            Self::Changes => "changes",
            Self::Affected => "affected",
        }
    }
}

/// One thing to look at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// What came of it.
    pub outcome: Outcome,
    /// The column; `*` is the dataset, or its rows as a whole.
    pub target: ColumnRef,
    /// The source that is gained, lost or used otherwise.
    pub source: Option<ColumnRef>,
    /// How the source entered the column, in the words of [`crate::EdgeKind::meaning`].
    pub before: BTreeSet<&'static str>,
    /// How it does now.
    pub after: BTreeSet<&'static str>,
}

type Ways = BTreeMap<(ColumnRef, ColumnRef), BTreeSet<&'static str>>;

/// What the change from `old` to `new` means: what is new and gone, each column with other sources,
/// and everything below these. Edges of a dataset that is itself new or gone are not told one by one.
pub fn review(old: &Graph, new: &Graph) -> Vec<Finding> {
    let mut found = BTreeSet::new();
    let (there, here) = (names(old), names(new));
    let whole = |outcome, dataset: &DatasetName| Finding {
        outcome,
        target: ColumnRef {
            dataset: dataset.clone(),
            column: EVERY.to_owned(),
        },
        source: None,
        before: BTreeSet::new(),
        after: BTreeSet::new(),
    };
    found.extend(here.difference(&there).map(|d| whole(Outcome::Added, d)));
    found.extend(there.difference(&here).map(|d| whole(Outcome::Removed, d)));
    let (before, after) = (ways(old), ways(new));
    let pairs: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    for pair @ (target, source) in pairs {
        let ways_of = |ways: &Ways| ways.get(pair).cloned().unwrap_or_default();
        let (before, after) = (ways_of(&before), ways_of(&after));
        let stays = there.contains(&target.dataset) && here.contains(&target.dataset);
        if before == after || !stays {
            continue;
        }
        let outcome = match (before.is_empty(), after.is_empty()) {
            (true, _) => Outcome::Gains,
            (_, true) => Outcome::Loses,
            _ => Outcome::Changes,
        };
        found.insert(Finding {
            outcome,
            target: target.clone(),
            source: Some(source.clone()),
            before,
            after,
        });
    }
    let changed: BTreeSet<ColumnRef> = found.iter().map(|f| f.target.clone()).collect();
    found.extend(below(&changed, new).into_iter().map(|target| Finding {
        target: target.clone(),
        ..whole(Outcome::Affected, &target.dataset)
    }));
    found.into_iter().collect()
}

fn names(graph: &Graph) -> BTreeSet<DatasetName> {
    graph.datasets().cloned().collect()
}

fn ways(graph: &Graph) -> Ways {
    let mut ways = Ways::new();
    for Edge {
        target,
        source,
        kind,
    } in graph.edges()
    {
        let pair = (target.clone(), source.clone());
        ways.entry(pair).or_default().insert(kind.meaning());
    }
    ways
}

/// Everything that is made of what changed and did not change itself. A dataset whose rows are
/// affected is, as a whole: its columns are not told beside it.
fn below(changed: &BTreeSet<ColumnRef>, graph: &Graph) -> BTreeSet<ColumnRef> {
    let mut targets = BTreeSet::new();
    for column in changed {
        let name = (column.column != EVERY).then_some(column.column.as_str());
        let part = graph.down(&column.dataset, name);
        targets.extend(part.edges().iter().map(|edge| edge.target.clone()));
    }
    let wholes: BTreeSet<DatasetName> = targets
        .iter()
        .chain(changed)
        .filter(|target| target.column == EVERY)
        .map(|target| target.dataset.clone())
        .collect();
    targets.retain(|target| {
        let told = target.column != EVERY && wholes.contains(&target.dataset);
        !told && !changed.contains(target)
    });
    targets
}
