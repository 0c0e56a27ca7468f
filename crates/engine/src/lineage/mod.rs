//! Column lineage from a plan as the SQL says it, by position.
//!
//! Each node of the plan answers, for each of its columns, which source columns its values come from
//! and how, and for the node as a whole which source columns decide over its rows. The
//! plan is the one before analysis and optimisation, so that no rule of theirs is in the answer: the
//! analyser replaces `grouping(key)` by bits of a marker that does not tell which key it is.

mod expr;
mod plan;
mod recursion;
mod structs;

use std::collections::{BTreeMap, BTreeSet};

use ::lineage::{ColumnRef, Edge, EdgeKind};
use project::DatasetName;

use crate::{Planned, Result};

/// Where a value comes from.
pub type Sources = BTreeSet<(ColumnRef, EdgeKind)>;

/// What an answer is made of: that of a node of the plan, or of the whole statement.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traced {
    /// The sources of each column, by position.
    pub columns: Vec<Sources>,
    /// What decides over the rows as a whole.
    pub rows: Sources,
    /// The fields of columns that are structs, where they are known apart, by position.
    fields: BTreeMap<usize, structs::Fields>,
}

/// What a statement's answer is made of, by position: two of its columns may have one name.
pub fn traced(planned: &Planned) -> Result<Traced> {
    plan::trace(&planned.plan, expr::Around::default())
}

/// The edges of a dataset: its columns are the statement's, by position.
pub fn edges(target: &DatasetName, planned: &Planned) -> Result<Vec<Edge>> {
    let traced = traced(planned)?;
    let schema = planned.plan.schema();
    let names = schema.fields().iter().map(|f| f.name().clone());
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

/// The same sources seen through another step. What decides over rows makes all of them edges of
/// rows, and stays what it is in whatever is computed from it; an aggregation stays one, and so does
/// what decides over a value.
pub(crate) fn through(sources: &Sources, step: EdgeKind) -> Sources {
    sources
        .iter()
        .map(|(column, kind)| (column.clone(), compose(step, *kind)))
        .collect()
}

/// Whatever the sources are of, they decide over a value.
pub(crate) fn decides(sources: Sources) -> Sources {
    let kind = |kind| match kind {
        EdgeKind::Opaque => EdgeKind::Opaque,
        _ => EdgeKind::Conditional,
    };
    sources
        .into_iter()
        .map(|(column, of)| (column, kind(of)))
        .collect()
}

fn compose(step: EdgeKind, below: EdgeKind) -> EdgeKind {
    use EdgeKind::{Aggregation, Identity, Opaque, Transformation};
    match (step, below) {
        (_, Opaque) | (Opaque, _) => Opaque,
        (Identity, kind) | (kind, Identity) => kind,
        (step, _) if step.is_of_rows() => step,
        (_, below) if below.is_of_rows() => below,
        (step, _) if !step.is_direct() => step,
        (_, below) if !below.is_direct() => below,
        (Aggregation, _) | (_, Aggregation) => Aggregation,
        (Transformation, _) => Transformation,
        (step, _) => step,
    }
}
