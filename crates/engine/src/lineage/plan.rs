//! Lineage through the nodes of a plan.

use std::collections::{BTreeMap, BTreeSet};

use ::lineage::{ColumnRef, EdgeKind};
use datafusion::common::{DFSchema, JoinType};
use datafusion::logical_expr::{
    Aggregate, Distinct, Expr, Join, LogicalPlan, Projection, Sort, TableScan, Union, Unnest,
    Values, Window,
};
use project::DatasetName;

use super::expr::{Around, Scope, sources};
use super::{Sources, Traced, recursion, structs, through};
use crate::{EngineError, Result};

/// Traces a node.
pub(crate) fn trace(plan: &LogicalPlan, outer: Around<'_>) -> Result<Traced> {
    match plan {
        LogicalPlan::TableScan(scan) => table(scan, outer),
        LogicalPlan::Projection(projection) => project(projection, outer),
        LogicalPlan::Filter(filter) => {
            let mut traced = trace(&filter.input, outer)?;
            let found = among(&filter.predicate, &filter.input, &traced, outer)?;
            traced.rows.extend(through(&found, EdgeKind::Filter));
            Ok(traced)
        }
        LogicalPlan::Aggregate(node) => aggregate(node, outer),
        LogicalPlan::Window(node) => window(node, outer),
        LogicalPlan::Join(node) => join(node, outer),
        LogicalPlan::Union(node) => union(node, outer),
        LogicalPlan::Sort(node) => sort(node, outer),
        LogicalPlan::Distinct(node) => distinct(node, outer),
        LogicalPlan::SubqueryAlias(node) => trace(&node.input, outer),
        LogicalPlan::Subquery(node) => trace(&node.subquery, outer),
        LogicalPlan::Limit(node) => trace(&node.input, outer),
        LogicalPlan::Repartition(node) => trace(&node.input, outer),
        LogicalPlan::EmptyRelation(node) => Ok(empty(node.schema.fields().len())),
        LogicalPlan::Values(node) => values(node, outer),
        LogicalPlan::Unnest(node) => unnest(node, outer),
        LogicalPlan::RecursiveQuery(node) => recursion::query(node, outer),
        other => opaque(other, outer),
    }
}

/// The sources of an expression over the node's input.
fn among(expr: &Expr, input: &LogicalPlan, traced: &Traced, outer: Around<'_>) -> Result<Sources> {
    sources(
        expr,
        &Scope {
            schema: input.schema(),
            traced,
        },
        outer,
    )
}

pub(super) fn empty(columns: usize) -> Traced {
    Traced {
        columns: vec![Sources::new(); columns],
        ..Traced::default()
    }
}

fn values(node: &Values, outer: Around<'_>) -> Result<Traced> {
    let mut traced = empty(node.schema.fields().len());
    let nothing = Scope {
        schema: &DFSchema::empty(),
        traced: &Traced::default(),
    };
    for row in &node.values {
        for (column, value) in traced.columns.iter_mut().zip(row) {
            column.extend(sources(value, &nothing, outer)?);
        }
    }
    Ok(traced)
}

/// An element is of its list, and a list says how many rows there are.
fn unnest(node: &Unnest, outer: Around<'_>) -> Result<Traced> {
    let input = trace(&node.input, outer)?;
    let lists: BTreeSet<usize> = node.list_type_columns.iter().map(|(at, _)| *at).collect();
    let of = |at: &usize| input.columns.get(*at).cloned().unwrap_or_default();
    let columns = node.dependency_indices.iter().map(|at| {
        if lists.contains(at) || node.struct_type_columns.contains(at) {
            through(&of(at), EdgeKind::Transformation)
        } else {
            of(at)
        }
    });
    let columns = columns.collect();
    let mut rows = input.rows.clone();
    for list in &lists {
        rows.extend(through(&of(list), EdgeKind::Join));
    }
    Ok(Traced {
        columns,
        rows,
        ..Traced::default()
    })
}

fn table(scan: &TableScan, outer: Around<'_>) -> Result<Traced> {
    if let Some(traced) = recursion::no_dataset(scan, outer) {
        return Ok(traced);
    }
    let name = match (scan.table_name.schema(), scan.table_name.table()) {
        (Some(schema), table) => format!("{schema}.{table}"),
        (None, table) => format!("served.{table}"),
    };
    let dataset: DatasetName = name.parse().map_err(|_| {
        EngineError::invalid(
            format!("the plan reads `{name}`, and that is no dataset"),
            "Read datasets only, as `layer.name`.",
        )
    })?;
    let columns = scan.projected_schema.fields().iter().map(|field| {
        let column = ColumnRef {
            dataset: dataset.clone(),
            column: field.name().clone(),
        };
        Sources::from([(column, EdgeKind::Identity)])
    });
    Ok(Traced {
        columns: columns.collect(),
        ..Traced::default()
    })
}

fn project(node: &Projection, outer: Around<'_>) -> Result<Traced> {
    let input = trace(&node.input, outer)?;
    let columns = node
        .expr
        .iter()
        .map(|expr| among(expr, &node.input, &input, outer))
        .collect::<Result<_>>()?;
    let scope = Scope {
        schema: node.input.schema(),
        traced: &input,
    };
    let mut fields = BTreeMap::new();
    for (at, expr) in node.expr.iter().enumerate() {
        if let Some(known) = structs::fields(expr, &scope, outer)? {
            fields.insert(at, known);
        }
    }
    Ok(Traced {
        columns,
        rows: input.rows,
        fields,
    })
}

fn aggregate(node: &Aggregate, outer: Around<'_>) -> Result<Traced> {
    let input = trace(&node.input, outer)?;
    let keys: Vec<&Expr> = match node.group_expr.as_slice() {
        [Expr::GroupingSet(set)] => set.distinct_expr(),
        exprs => exprs.iter().collect(),
    };
    let mut rows = input.rows.clone();
    let mut columns = Vec::new();
    for key in keys {
        let found = among(key, &node.input, &input, outer)?;
        rows.extend(through(&found, EdgeKind::GroupBy));
        columns.push(found);
    }
    // With grouping sets the engine puts its own marker column between keys and aggregates; which
    // keys of a row are kept is in no column of a dataset.
    let markers = node.schema.fields().len() - columns.len() - node.aggr_expr.len();
    columns.extend(vec![Sources::new(); markers]);
    for expr in &node.aggr_expr {
        columns.push(among(expr, &node.input, &input, outer)?);
    }
    Ok(Traced {
        columns,
        rows,
        ..Traced::default()
    })
}

fn window(node: &Window, outer: Around<'_>) -> Result<Traced> {
    let mut traced = trace(&node.input, outer)?;
    let computed: Vec<Sources> = node
        .window_expr
        .iter()
        .map(|expr| among(expr, &node.input, &traced, outer))
        .collect::<Result<_>>()?;
    traced.columns.extend(computed);
    Ok(traced)
}

fn join(node: &Join, outer: Around<'_>) -> Result<Traced> {
    let left = trace(&node.left, outer)?;
    let right = beside(node, &left, outer)?;
    let mut deciding = Sources::new();
    for (l, r) in &node.on {
        deciding.extend(among(l, &node.left, &left, outer)?);
        deciding.extend(among(r, &node.right, &right, outer)?);
    }
    if let Some(filter) = &node.filter {
        let schema = node
            .left
            .schema()
            .join(node.right.schema())
            .map_err(EngineError::planning)?;
        let both = Traced {
            columns: left.columns.iter().chain(&right.columns).cloned().collect(),
            ..Traced::default()
        };
        deciding.extend(sources(
            filter,
            &Scope {
                schema: &schema,
                traced: &both,
            },
            outer,
        )?);
    }
    let deciding = through(&deciding, EdgeKind::Join);
    let mut rows: Sources = left.rows.into_iter().chain(right.rows).collect();
    let (columns, fields) = match node.join_type {
        JoinType::LeftSemi | JoinType::LeftAnti => (left.columns, left.fields),
        JoinType::RightSemi | JoinType::RightAnti => (right.columns, right.fields),
        JoinType::LeftMark => (with_mark(left.columns, &deciding), left.fields),
        JoinType::RightMark => (with_mark(right.columns, &deciding), right.fields),
        JoinType::Inner | JoinType::Left | JoinType::Right | JoinType::Full => {
            let fields = structs::beside(left.fields, left.columns.len(), right.fields);
            let columns = left.columns.into_iter().chain(right.columns).collect();
            (columns, fields)
        }
    };
    rows.extend(deciding);
    Ok(Traced {
        columns,
        rows,
        fields,
    })
}

/// The right side of a join, which a lateral sub-query computes for each row of the left.
fn beside(node: &Join, left: &Traced, outer: Around<'_>) -> Result<Traced> {
    let mut right = node.right.as_ref();
    while let LogicalPlan::SubqueryAlias(alias) = right {
        right = &alias.input;
    }
    let LogicalPlan::Subquery(lateral) = right else {
        return trace(right, outer);
    };
    let mut scopes = outer.scopes.to_vec();
    scopes.push(Scope {
        schema: node.left.schema(),
        traced: left,
    });
    let around = Around {
        scopes: &scopes,
        working: outer.working,
    };
    trace(&lateral.subquery, around)
}

fn with_mark(mut columns: Vec<Sources>, deciding: &Sources) -> Vec<Sources> {
    columns.push(deciding.clone());
    columns
}

fn union(node: &Union, outer: Around<'_>) -> Result<Traced> {
    let mut all = empty(node.schema.fields().len());
    for input in &node.inputs {
        let traced = trace(input, outer)?;
        for (column, found) in all.columns.iter_mut().zip(traced.columns) {
            column.extend(found);
        }
        all.rows.extend(traced.rows);
    }
    Ok(all)
}

/// An order alone changes nothing that a table holds; with a limit it decides which rows stay.
fn sort(node: &Sort, outer: Around<'_>) -> Result<Traced> {
    let mut traced = trace(&node.input, outer)?;
    for key in &node.expr {
        let found = among(&key.expr, &node.input, &traced, outer)?;
        traced.rows.extend(through(&found, EdgeKind::Sort));
    }
    Ok(traced)
}

fn distinct(node: &Distinct, outer: Around<'_>) -> Result<Traced> {
    match node {
        Distinct::All(input) => {
            let mut traced = trace(input, outer)?;
            let all: Sources = traced.columns.iter().flatten().cloned().collect();
            traced.rows.extend(through(&all, EdgeKind::GroupBy));
            Ok(traced)
        }
        Distinct::On(on) => {
            let input = trace(&on.input, outer)?;
            let mut rows = input.rows.clone();
            for key in &on.on_expr {
                let found = among(key, &on.input, &input, outer)?;
                rows.extend(through(&found, EdgeKind::GroupBy));
            }
            for key in on.sort_expr.iter().flatten() {
                let found = among(&key.expr, &on.input, &input, outer)?;
                rows.extend(through(&found, EdgeKind::Sort));
            }
            let columns = on
                .select_expr
                .iter()
                .map(|expr| among(expr, &on.input, &input, outer))
                .collect::<Result<_>>()?;
            Ok(Traced {
                columns,
                rows,
                ..Traced::default()
            })
        }
    }
}

/// A node whose columns cannot be told apart: every column may come from every dataset below.
fn opaque(plan: &LogicalPlan, outer: Around<'_>) -> Result<Traced> {
    let mut below = BTreeSet::new();
    for input in plan.inputs() {
        let traced = trace(input, outer)?;
        let all = traced.columns.into_iter().flatten().chain(traced.rows);
        below.extend(all.map(|(column, _)| column.dataset));
    }
    let whole: Sources = below
        .into_iter()
        .map(|dataset| {
            (
                ColumnRef {
                    dataset,
                    column: "*".to_owned(),
                },
                EdgeKind::Opaque,
            )
        })
        .collect();
    let columns = vec![whole.clone(); plan.schema().fields().len()];
    Ok(Traced {
        columns,
        rows: whole,
        ..Traced::default()
    })
}
