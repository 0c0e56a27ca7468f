//! The text form, which is committed under `lineage/` and read by people.

use std::fmt;

use project::DatasetName;

use crate::{ColumnRef, Edge, EdgeKind, Graph};

const ARROW: &str = " <- ";

/// A line of a lineage file that is no edge.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct FormError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub message: String,
}

impl Graph {
    /// The file of a consumer: a sorted edge per line, `column <- layer.name.column kind`.
    pub fn text(&self, consumer: &DatasetName) -> String {
        lines(self.edges_of(consumer).iter().map(|edge| {
            let Edge {
                target,
                source,
                kind,
            } = edge;
            format!("{}{ARROW}{source} {}\n", target.column, kind.as_str())
        }))
    }

    /// Every edge, with the consumer's name before its column.
    pub fn full_text(&self) -> String {
        lines(self.edges().iter().map(|edge| format!("{edge}\n")))
    }
}

impl fmt::Display for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}{ARROW}{} {}",
            self.target,
            self.source,
            self.kind.as_str()
        )
    }
}

fn lines(lines: impl Iterator<Item = String>) -> String {
    let mut lines: Vec<String> = lines.collect();
    lines.sort_unstable();
    lines.concat()
}

/// Reads the file of a consumer, as [`Graph::text`] writes it.
pub fn parse(consumer: &DatasetName, text: &str) -> Result<Vec<Edge>, FormError> {
    let mut edges = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let edge = parse_line(consumer, line);
        edges.push(edge.map_err(|message| FormError {
            line: index + 1,
            message,
        })?);
    }
    Ok(edges)
}

fn parse_line(consumer: &DatasetName, line: &str) -> Result<Edge, String> {
    let form = || format!("expected `column <- layer.name.column kind`, found `{line}`");
    let (column, rest) = line.split_once(ARROW).ok_or_else(form)?;
    let (source, kind) = rest.rsplit_once(' ').ok_or_else(form)?;
    let (dataset, source) = split_column(source).ok_or_else(form)?;
    for column in [column, source] {
        if column.is_empty() || column.contains(char::is_whitespace) {
            return Err(form());
        }
    }
    let dataset: DatasetName = dataset.parse().map_err(|error| format!("{error}"))?;
    let kind = EdgeKind::ALL
        .into_iter()
        .find(|known| known.as_str() == kind)
        .ok_or_else(|| {
            let known = EdgeKind::ALL.map(EdgeKind::as_str).join("`, `");
            format!("`{kind}` is no kind of edge: expected one of `{known}`")
        })?;
    Ok(Edge {
        target: ColumnRef {
            dataset: consumer.clone(),
            column: column.to_owned(),
        },
        source: ColumnRef {
            dataset,
            column: source.to_owned(),
        },
        kind,
    })
}

/// Splits behind the second dot: a dataset's name has one.
fn split_column(text: &str) -> Option<(&str, &str)> {
    let layer = text.find('.')? + 1;
    let name = text[layer..].find('.')?;
    Some((&text[..layer + name], &text[layer + name + 1..]))
}
