//! Column lineage from an analysed plan, by position.
//!
//! Each node of the plan answers, for each of its columns, which source columns its values come from
//! and how, and for the node as a whole which source columns decide over its rows.

mod expr;
mod plan;

use std::collections::BTreeSet;

use ::lineage::{ColumnRef, Edge, EdgeKind};
use datafusion::logical_expr::LogicalPlan;
use project::DatasetName;

use crate::Result;

/// Where a value comes from.
pub(crate) type Sources = BTreeSet<(ColumnRef, EdgeKind)>;

/// What a node knows of its answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Traced {
    /// The sources of each column, by position.
    pub columns: Vec<Sources>,
    /// What decides over the rows as a whole.
    pub rows: Sources,
}

/// The edges of a dataset: its columns are the plan's, by position.
pub fn edges(target: &DatasetName, plan: &LogicalPlan) -> Result<Vec<Edge>> {
    let traced = plan::trace(plan, &[])?;
    let names = plan.schema().fields().iter().map(|f| f.name().clone());
    let mut edges: Vec<Edge> = names
        .zip(traced.columns)
        .flat_map(|(column, sources)| {
            let target = ColumnRef {
                dataset: target.clone(),
                column,
            };
            sources.into_iter().map(move |(source, kind)| Edge {
                target: target.clone(),
                source,
                kind,
            })
        })
        .collect();
    let whole = ColumnRef {
        dataset: target.clone(),
        column: "*".to_owned(),
    };
    edges.extend(traced.rows.into_iter().map(|(source, kind)| Edge {
        target: whole.clone(),
        source,
        kind,
    }));
    edges.sort();
    edges.dedup();
    Ok(edges)
}

/// The same sources seen through another step: an indirect step makes all of them indirect, an
/// aggregation stays one, and a source that is indirect already stays what it is.
pub(crate) fn through(sources: &Sources, step: EdgeKind) -> Sources {
    sources
        .iter()
        .map(|(column, kind)| (column.clone(), compose(step, *kind)))
        .collect()
}

fn compose(step: EdgeKind, below: EdgeKind) -> EdgeKind {
    use EdgeKind::{Aggregation, Identity, Opaque, Transformation};
    match (step, below) {
        (_, Opaque) => Opaque,
        (Identity, kind) => kind,
        (step, _) if !step.is_direct() => step,
        (_, kind) if !kind.is_direct() => kind,
        (Opaque, _) => Opaque,
        (Aggregation, _) | (_, Aggregation) => Aggregation,
        (Transformation, _) => Transformation,
        (step, _) => step,
    }
}
