//! Lineage by tables: which datasets there are near, and what each reads and is read by.

use std::collections::{BTreeMap, BTreeSet};

use lineage::Graph;
use project::{DatasetName, Layer};

use super::picture::{Card, Flow, Picture, draw};
use crate::pages::shell::Shell;

/// Tables that are drawn at the most; more would not be read.
pub(super) const DRAWN: usize = 60;

/// A dataset in the list beside the picture.
pub(super) struct Line {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) reads: Vec<String>,
    pub(super) read_by: Vec<String>,
}

/// The datasets within so many steps of one, up and down; as many as are drawn, nearest first.
/// Whether that are all is said too.
pub(super) fn around(graph: &Graph, of: &DatasetName, depth: u32) -> (BTreeSet<DatasetName>, bool) {
    let mut near = BTreeSet::from([of.clone()]);
    let mut whole = true;
    for up in [true, false] {
        let mut front = vec![of.clone()];
        for _ in 0..depth {
            let step = |dataset: &DatasetName| {
                if up {
                    graph.upstream(dataset)
                } else {
                    graph.downstream(dataset)
                }
            };
            let found: BTreeSet<DatasetName> = front.iter().flat_map(step).collect();
            front = found.into_iter().filter(|d| !near.contains(d)).collect();
            let room = DRAWN.saturating_sub(near.len());
            whole &= front.len() <= room;
            front.truncate(room);
            near.extend(front.iter().cloned());
        }
    }
    (near, whole)
}

/// The datasets with what they read and are read by, within the list, in the order of the layers.
pub(super) fn lines(
    graph: &Graph,
    shown: &BTreeSet<DatasetName>,
    titles: &BTreeMap<DatasetName, String>,
) -> Vec<Line> {
    let names = |datasets: Vec<DatasetName>| {
        let within = datasets.into_iter().filter(|d| shown.contains(d));
        within.map(|dataset| dataset.to_string()).collect()
    };
    let line = |dataset: &DatasetName| Line {
        name: dataset.to_string(),
        title: titles.get(dataset).cloned().unwrap_or_default(),
        reads: names(graph.upstream(dataset)),
        read_by: names(graph.downstream(dataset)),
    };
    shown.iter().map(line).collect()
}

/// The datasets that are given, in columns by layer and, within a layer, after what they read.
pub(super) fn picture(
    graph: &Graph,
    shown: &BTreeSet<DatasetName>,
    main: Option<&DatasetName>,
    titles: &BTreeMap<DatasetName, String>,
    shell: &Shell,
) -> Picture {
    let ranks = ranks(graph, shown);
    let columns: BTreeSet<(Layer, usize)> = ranks.values().copied().collect();
    let columns: Vec<(Layer, usize)> = columns.into_iter().collect();
    let place = |of: &(Layer, usize)| columns.iter().position(|c| c == of).unwrap_or(0);
    let card = |(dataset, rank): (&&DatasetName, &(Layer, usize))| Card {
        column: place(rank),
        title: dataset.name().to_owned(),
        label: match titles.get(*dataset) {
            Some(title) => format!("{dataset}: {title}"),
            None => dataset.to_string(),
        },
        href: format!("/lineage/{dataset}"),
        lines: vec![],
        main: main == Some(dataset),
    };
    let order: Vec<&DatasetName> = ranks.keys().copied().collect();
    let index: BTreeMap<&DatasetName, usize> =
        order.iter().enumerate().map(|(i, d)| (*d, i)).collect();
    let mut flows = Vec::new();
    for (to, target) in order.iter().enumerate() {
        let sources = graph.upstream(target);
        let from = sources.iter().filter_map(|source| index.get(source));
        flows.extend(from.map(|from| Flow {
            from: (*from, None),
            to: (to, None),
            direct: true,
        }));
    }
    let heads: Vec<String> = columns
        .iter()
        .map(|(layer, rank)| match rank {
            0 => shell.say(&format!("layer-{}", layer.as_str())),
            _ => String::new(),
        })
        .collect();
    draw(ranks.iter().map(card).collect(), &flows, &heads)
}

/// The layer of each dataset, and how many datasets of the layer stand one after another before it.
fn ranks<'d>(
    graph: &Graph,
    shown: &'d BTreeSet<DatasetName>,
) -> BTreeMap<&'d DatasetName, (Layer, usize)> {
    let mut ranks: BTreeMap<&DatasetName, (Layer, usize)> = BTreeMap::new();
    for dataset in shown {
        ranks.insert(dataset, (dataset.layer(), 0));
    }
    // A dataset stands after what it reads, so once in that order is enough. A ring has no order;
    // its datasets stay where they are.
    for dataset in graph.order().unwrap_or_default() {
        let sources = graph.upstream(&dataset);
        let before = sources.iter().filter_map(|source| ranks.get(source));
        let before = before.filter(|(layer, _)| *layer == dataset.layer());
        let rank = before.map(|(_, rank)| rank + 1).max();
        if let (Some(place), Some(rank)) = (ranks.get_mut(&dataset), rank) {
            place.1 = rank;
        }
    }
    ranks
}
