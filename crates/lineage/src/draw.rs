//! The graph for other eyes: Mermaid for people, JSON for programs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use project::{DatasetName, Layer};
use serde_json::{Value, json};

use crate::{ColumnRef, Graph};

const HEAD: &str = "flowchart LR\n";

impl Graph {
    /// A Mermaid flow chart: a box per dataset, grouped by layer, an arrow per pair.
    pub fn mermaid(&self) -> String {
        let mut out = HEAD.to_owned();
        for layer in Layer::ALL {
            let mut datasets = self.datasets().filter(|d| d.layer() == layer).peekable();
            if datasets.peek().is_none() {
                continue;
            }
            push(&mut out, format_args!("  subgraph {}", layer.as_str()));
            for dataset in datasets {
                push(&mut out, format_args!("    {}[\"{dataset}\"]", id(dataset)));
            }
            push(&mut out, format_args!("  end"));
        }
        for target in self.datasets() {
            for source in self.upstream(target) {
                push(
                    &mut out,
                    format_args!("  {} --> {}", id(&source), id(target)),
                );
            }
        }
        out
    }

    /// A Mermaid flow chart of columns, grouped by dataset: solid arrows carry values, dotted
    /// ones decide about them.
    pub fn mermaid_columns(&self) -> String {
        let columns = self.columns();
        let mut out = HEAD.to_owned();
        // Columns are numbered because their names are free text to Mermaid's grammar.
        let mut ids: BTreeMap<ColumnRef, usize> = BTreeMap::new();
        for (dataset, columns) in columns {
            push(
                &mut out,
                format_args!("  subgraph {}[\"{dataset}\"]", id(dataset)),
            );
            for column in columns {
                let number = ids.len();
                push(
                    &mut out,
                    format_args!("    c{number}[\"{}\"]", label(column)),
                );
                let column = column.to_owned();
                ids.insert(
                    ColumnRef {
                        dataset: dataset.clone(),
                        column,
                    },
                    number,
                );
            }
            push(&mut out, format_args!("  end"));
        }
        for edge in self.edges() {
            let (Some(source), Some(target)) = (ids.get(&edge.source), ids.get(&edge.target))
            else {
                continue;
            };
            let arrow = if edge.kind.is_direct() { "-->" } else { "-.->" };
            let kind = edge.kind.as_str();
            push(
                &mut out,
                format_args!("  c{source} {arrow}|{kind}| c{target}"),
            );
        }
        out
    }

    /// `{"nodes": [{dataset, layer, columns}], "edges": [{target, source, kind, direct}]}`; a
    /// column of `*` stands for every column.
    pub fn json(&self) -> Value {
        let node = |(dataset, columns): (&DatasetName, BTreeSet<&str>)| {
            json!({
                "dataset": dataset.as_str(),
                "layer": dataset.layer().as_str(),
                "columns": columns,
            })
        };
        let end = |end: &ColumnRef| json!({"dataset": end.dataset.as_str(), "column": end.column});
        let nodes: Vec<Value> = self.columns().into_iter().map(node).collect();
        let edges: Vec<Value> = self
            .edges()
            .iter()
            .map(|edge| {
                json!({
                    "target": end(&edge.target),
                    "source": end(&edge.source),
                    "kind": edge.kind.as_str(),
                    "direct": edge.kind.is_direct(),
                })
            })
            .collect();
        json!({ "nodes": nodes, "edges": edges })
    }

    /// The columns that the edges name, by dataset.
    fn columns(&self) -> BTreeMap<&DatasetName, BTreeSet<&str>> {
        let mut columns: BTreeMap<_, BTreeSet<&str>> = self
            .datasets()
            .map(|dataset| (dataset, BTreeSet::new()))
            .collect();
        for end in self
            .edges()
            .iter()
            .flat_map(|edge| [&edge.source, &edge.target])
        {
            columns
                .entry(&end.dataset)
                .or_default()
                .insert(end.column.as_str());
        }
        columns
    }
}

/// `layer_name`: the layer has no underscore, so two datasets never share an id, and no id is a
/// word of Mermaid's grammar.
fn id(dataset: &DatasetName) -> String {
    dataset.as_str().replace('.', "_")
}

fn label(column: &str) -> String {
    column
        .replace('&', "#amp;")
        .replace('"', "#quot;")
        .replace('<', "#lt;")
        .replace('>', "#gt;")
}

fn push(out: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing into a string does not fail.
    let _ = writeln!(out, "{line}");
}
