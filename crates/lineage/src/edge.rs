//! Edges: what a column, or a whole dataset, depends on.

use std::fmt;

use project::DatasetName;

/// A column of a dataset.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ColumnRef {
    /// The dataset.
    pub dataset: DatasetName,
    /// The column.
    pub column: String,
}

impl fmt::Display for ColumnRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.dataset, self.column)
    }
}

/// How the source enters the target; the words of OpenLineage's column lineage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EdgeKind {
    /// Direct: the value itself.
    Identity,
    /// Direct: a value computed from it in its row.
    Transformation,
    /// Direct: a value computed from many rows of it.
    Aggregation,
    /// Indirect: it decides which rows join.
    Join,
    /// Indirect: it decides which rows stay.
    Filter,
    /// Indirect: it decides which rows are one group.
    GroupBy,
    /// Indirect: it decides an order that the answer depends on.
    Sort,
    /// Indirect: it partitions or orders a window.
    Window,
    /// Indirect: it decides between values.
    Conditional,
    /// The plan does not tell: the source is the whole dataset.
    Opaque,
}

impl EdgeKind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::Identity,
        Self::Transformation,
        Self::Aggregation,
        Self::Join,
        Self::Filter,
        Self::GroupBy,
        Self::Sort,
        Self::Window,
        Self::Conditional,
        Self::Opaque,
    ];

    /// The word in the text form.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Transformation => "transformation",
            Self::Aggregation => "aggregation",
            Self::Join => "join",
            Self::Filter => "filter",
            Self::GroupBy => "group_by",
            Self::Sort => "sort",
            Self::Window => "window",
            Self::Conditional => "conditional",
            Self::Opaque => "opaque",
        }
    }

    /// Whether the source's values are in the target's.
    pub fn is_direct(self) -> bool {
        matches!(
            self,
            Self::Identity | Self::Transformation | Self::Aggregation | Self::Opaque
        )
    }

    /// Whether the source decides which rows there are, and not what a value in a row is.
    pub fn is_of_rows(self) -> bool {
        matches!(self, Self::Join | Self::Filter | Self::GroupBy | Self::Sort)
    }

    /// What the kind means to who reads it: `copied`, `derived` and `aggregated` for values,
    /// `joined`, `filtered`, `grouped` and `ordered` for rows. A value that a window or a condition
    /// chooses is derived from what they look at.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Identity => "copied",
            Self::Transformation | Self::Window | Self::Conditional => "derived",
            Self::Aggregation => "aggregated",
            Self::Join => "joined",
            Self::Filter => "filtered",
            Self::GroupBy => "grouped",
            Self::Sort => "ordered",
            Self::Opaque => "opaque",
        }
    }
}

/// An edge, stored at its consumer. A target column of `*` means every column of the dataset, as
/// filters and joins do; a source column of `*` means that the plan does not tell which.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Edge {
    /// What depends.
    pub target: ColumnRef,
    /// On what.
    pub source: ColumnRef,
    /// How.
    pub kind: EdgeKind,
}
