//! Lineage by columns: what the columns of a dataset are made of, and what is made of them.

use std::collections::{BTreeMap, BTreeSet};

use lineage::{ColumnRef, Edge, Graph};
use project::DatasetName;

use super::picture::{Card, Flow, Picture, Row, draw};
use crate::pages::shell::Shell;

/// The column that stands for every column.
pub(super) const EVERY: &str = "*";

/// Arrows that are drawn at the most; the list beside the picture has all of them.
const DRAWN: usize = 400;

/// An edge as the list shows it.
pub(super) struct Line {
    /// The column of the dataset that the page is about.
    pub(super) column: String,
    /// The column at the other end, and where it leads.
    pub(super) other: String,
    pub(super) other_href: String,
    pub(super) kind: String,
    pub(super) direct: bool,
}

/// The edges at a dataset, or at one column of it: what it is made of, and what is made of it.
pub(super) struct Edges<'g> {
    pub(super) up: Vec<&'g Edge>,
    pub(super) down: Vec<&'g Edge>,
}

impl<'g> Edges<'g> {
    pub(super) fn at(graph: &'g Graph, dataset: &DatasetName, column: Option<&str>) -> Self {
        let here = |end: &ColumnRef| {
            let named = |column: &str| end.column == column || end.column == EVERY;
            end.dataset == *dataset && column.is_none_or(named)
        };
        let edges = graph.edges().iter();
        Self {
            up: edges.clone().filter(|edge| here(&edge.target)).collect(),
            down: edges.filter(|edge| here(&edge.source)).collect(),
        }
    }

    pub(super) fn made_of(&self, shell: &Shell) -> Vec<Line> {
        let line = |edge: &&Edge| line(edge, &edge.target, &edge.source, shell);
        self.up.iter().map(line).collect()
    }

    pub(super) fn makes(&self, shell: &Shell) -> Vec<Line> {
        let line = |edge: &&Edge| line(edge, &edge.source, &edge.target, shell);
        self.down.iter().map(line).collect()
    }
}

fn line(edge: &Edge, here: &ColumnRef, other: &ColumnRef, shell: &Shell) -> Line {
    Line {
        column: name(&here.column, shell),
        other: format!("{}.{}", other.dataset, name(&other.column, shell)),
        other_href: href(other),
        kind: shell.say(&format!("kind-{}", edge.kind.as_str().replace('_', "-"))),
        direct: edge.kind.is_direct(),
    }
}

fn name(column: &str, shell: &Shell) -> String {
    if column == EVERY {
        shell.say("every-column")
    } else {
        column.to_owned()
    }
}

/// The page of a column; of what stands for every column, the page of the columns.
fn href(column: &ColumnRef) -> String {
    if column.column == EVERY {
        format!("/lineage/{}?columns=1", column.dataset)
    } else {
        format!("/lineage/{column}")
    }
}

/// The cards of the picture and where each column stands among them.
struct Cards<'s> {
    shell: &'s Shell,
    cards: Vec<Card>,
    ends: BTreeMap<(usize, ColumnRef), (usize, Option<usize>)>,
}

/// The dataset with its columns in the middle, what they are made of on the left, what is made of
/// them on the right. Arrows that only decide about rows are left out unless `all` is said.
pub(super) fn picture(
    edges: &Edges<'_>,
    dataset: &DatasetName,
    columns: &[String],
    all: bool,
    shell: &Shell,
) -> (Picture, bool) {
    let shown = |edges: &[&Edge]| -> Vec<Edge> {
        let shown = edges.iter().filter(|edge| all || edge.kind.is_direct());
        // A dataset that reads itself would stand on both sides; it is in the list.
        let others = shown.filter(|edge| edge.source.dataset != edge.target.dataset);
        others.take(DRAWN).map(|edge| (*edge).clone()).collect()
    };
    let (up, down) = (shown(&edges.up), shown(&edges.down));
    let whole = up.len() < DRAWN && down.len() < DRAWN;
    let mut cards = Cards {
        shell,
        cards: vec![],
        ends: BTreeMap::new(),
    };
    let named = up.iter().map(|edge| &edge.target);
    let named = named.chain(down.iter().map(|edge| &edge.source));
    let named: BTreeSet<&ColumnRef> = named.collect();
    let listed = columns.iter().map(|column| ColumnRef {
        dataset: dataset.clone(),
        column: column.clone(),
    });
    // Columns that the contract does not name, as those of the envelope, and what stands for all.
    let mut own: Vec<ColumnRef> = listed.collect();
    let rest: Vec<ColumnRef> = named
        .into_iter()
        .filter(|end| !own.contains(end))
        .cloned()
        .collect();
    own.extend(rest);
    cards.add(0, up.iter().map(|edge| &edge.source), false);
    cards.add(1, own.iter(), true);
    cards.add(2, down.iter().map(|edge| &edge.target), false);
    let flows: Vec<Flow> = up
        .iter()
        .filter_map(|edge| cards.flow(edge, 0))
        .chain(down.iter().filter_map(|edge| cards.flow(edge, 1)))
        .collect();
    let heads = ["upstream", "this-dataset", "downstream"].map(|key| shell.say(key));
    // Without anything on the left, the middle is the first column.
    let first = usize::from(up.is_empty());
    for card in &mut cards.cards {
        card.column -= first;
    }
    (draw(cards.cards, &flows, &heads[first..]), whole)
}

impl Cards<'_> {
    /// Adds a card per dataset to a column, with a line per column in the order they come.
    fn add<'c>(&mut self, column: usize, ends: impl Iterator<Item = &'c ColumnRef>, main: bool) {
        let mut lines: BTreeMap<&DatasetName, Vec<&ColumnRef>> = BTreeMap::new();
        for end in ends {
            let lines = lines.entry(&end.dataset).or_default();
            if !lines.contains(&end) {
                lines.push(end);
            }
        }
        for (dataset, mut ends) in lines {
            if !main {
                ends.sort();
            }
            let card = self.cards.len();
            let row = |end: &&ColumnRef| Row {
                text: name(&end.column, self.shell),
                label: format!("{dataset}.{}", name(&end.column, self.shell)),
                href: if end.column == EVERY {
                    String::new()
                } else {
                    href(end)
                },
            };
            let rows = ends.iter().map(row).collect();
            for (line, end) in ends.iter().enumerate() {
                self.ends
                    .insert((column, (*end).clone()), (card, Some(line)));
            }
            self.cards.push(Card {
                column,
                title: dataset.to_string(),
                label: dataset.to_string(),
                href: format!("/lineage/{dataset}?columns=1"),
                lines: rows,
                main,
            });
        }
    }

    /// The arrow of an edge from a column of the picture to the next.
    fn flow(&self, edge: &Edge, column: usize) -> Option<Flow> {
        let end = |column: usize, end: &ColumnRef| self.ends.get(&(column, end.clone())).copied();
        Some(Flow {
            from: end(column, &edge.source)?,
            to: end(column + 1, &edge.target)?,
            direct: edge.kind.is_direct(),
        })
    }
}
