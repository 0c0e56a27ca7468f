//! The lineage graph.

use std::collections::{BTreeMap, BTreeSet};

use lineage::{ColumnRef, Edge, EdgeKind, Graph};
use serde::{Deserialize, Serialize};
use service::{LineageAnswer, ServiceError};
use utoipa::ToSchema;

use super::{known, read};

/// A column of a dataset; `*` stands for every column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ColumnRefDto {
    /// The dataset.
    pub dataset: String,
    /// The column.
    pub column: String,
}

/// A dataset of the graph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NodeDto {
    /// The dataset.
    pub dataset: String,
    /// Its layer.
    pub layer: String,
    /// The columns that edges name.
    pub columns: Vec<String>,
}

/// What a column depends on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EdgeDto {
    /// What depends.
    pub target: ColumnRefDto,
    /// On what.
    pub source: ColumnRefDto,
    /// How: `identity`, `transformation`, `aggregation`, `join`, `filter`, …
    #[schema(example = "aggregation")]
    pub kind: String,
    /// Whether the source's values are in the target's.
    pub direct: bool,
}

/// A part of the lineage graph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LineageDto {
    /// The datasets.
    pub nodes: Vec<NodeDto>,
    /// The edges, sorted by target.
    pub edges: Vec<EdgeDto>,
}

impl From<LineageAnswer> for LineageDto {
    fn from(answer: LineageAnswer) -> Self {
        let graph = answer.graph;
        let mut columns: BTreeMap<_, BTreeSet<&str>> = graph
            .datasets()
            .map(|dataset| (dataset, BTreeSet::new()))
            .collect();
        for end in graph
            .edges()
            .iter()
            .flat_map(|edge| [&edge.source, &edge.target])
        {
            columns.entry(&end.dataset).or_default().insert(&end.column);
        }
        let nodes = columns.into_iter().map(|(dataset, columns)| NodeDto {
            dataset: dataset.to_string(),
            layer: dataset.layer().as_str().to_owned(),
            columns: columns.into_iter().map(ToOwned::to_owned).collect(),
        });
        let end = |end: &ColumnRef| ColumnRefDto {
            dataset: end.dataset.to_string(),
            column: end.column.clone(),
        };
        let edges = graph.edges().iter().map(|edge| EdgeDto {
            target: end(&edge.target),
            source: end(&edge.source),
            kind: edge.kind.as_str().to_owned(),
            direct: edge.kind.is_direct(),
        });
        Self {
            nodes: nodes.collect(),
            edges: edges.collect(),
        }
    }
}

impl TryFrom<LineageDto> for LineageAnswer {
    type Error = ServiceError;

    fn try_from(dto: LineageDto) -> Result<Self, ServiceError> {
        let end = |end: ColumnRefDto| -> Result<ColumnRef, ServiceError> {
            let dataset = read(&end.dataset, "a dataset name")?;
            Ok(ColumnRef {
                dataset,
                column: end.column,
            })
        };
        let edge = |edge: EdgeDto| -> Result<Edge, ServiceError> {
            let kind = known(&edge.kind, "a kind of edge", EdgeKind::ALL, |kind| {
                kind.as_str()
            })?;
            Ok(Edge {
                target: end(edge.target)?,
                source: end(edge.source)?,
                kind,
            })
        };
        let edges: Vec<Edge> = dto.edges.into_iter().map(edge).collect::<Result<_, _>>()?;
        let nodes = dto
            .nodes
            .iter()
            .map(|node| read(&node.dataset, "a dataset name"));
        let nodes: Vec<_> = nodes.collect::<Result<_, _>>()?;
        Ok(Self {
            graph: Graph::new(edges).including(nodes),
            titles: BTreeMap::new(),
        })
    }
}
