//! Lineage through expressions.

use ::lineage::EdgeKind;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema};
use datafusion::logical_expr::expr::{AggregateFunction, Case, WindowFunction};
use datafusion::logical_expr::{Expr, Subquery};

use super::{Sources, Traced, decides, plan, structs, through};
use crate::{EngineError, Result};

/// What a column name means: the schema it is looked up in and the sources behind each position.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub schema: &'a DFSchema,
    pub traced: &'a Traced,
}

/// What is known around a sub-query.
#[derive(Clone, Copy, Default)]
pub(crate) struct Around<'a> {
    /// The scopes that a correlated column may mean, innermost last.
    pub scopes: &'a [Scope<'a>],
    /// What the recursive queries around have answered so far, by name, innermost last.
    pub working: &'a [(&'a str, &'a Traced)],
}

/// The sources of an expression's value, with how each enters it.
pub(crate) fn sources(expr: &Expr, scope: &Scope<'_>, outer: Around<'_>) -> Result<Sources> {
    match expr {
        Expr::Alias(alias) => sources(&alias.expr, scope, outer),
        // Every last `select` casts to the contract's types: the value stays what it was.
        Expr::Cast(cast) => sources(&cast.expr, scope, outer),
        Expr::Column(column) => lookup(column, scope),
        Expr::OuterReferenceColumn(_, column) => outer_lookup(column, outer),
        Expr::Case(case) => case_sources(case, scope, outer),
        Expr::AggregateFunction(call) => aggregate_sources(call, scope, outer),
        Expr::WindowFunction(call) => window_sources(call, scope, outer),
        Expr::ScalarSubquery(subquery) => {
            // What decides over the sub-query's rows is a row edge of this one column.
            let traced = inner(subquery, scope, outer)?;
            let values = traced.columns.into_iter().flatten().collect();
            let mut found = through(&values, EdgeKind::Transformation);
            found.extend(traced.rows);
            Ok(found)
        }
        // Whether there is a row is the value, and what decides over the rows decides that.
        Expr::Exists(exists) => Ok(decides(inner(&exists.subquery, scope, outer)?.rows)),
        Expr::InSubquery(test) => compared(&test.expr, &test.subquery, scope, outer),
        Expr::SetComparison(test) => compared(&test.expr, &test.subquery, scope, outer),
        Expr::ScalarFunction(call) => match structs::taken(call, scope, outer)? {
            Some(found) => Ok(found),
            None => children(expr, scope, outer, EdgeKind::Transformation),
        },
        other => children(other, scope, outer, EdgeKind::Transformation),
    }
}

fn lookup(column: &Column, scope: &Scope<'_>) -> Result<Sources> {
    let index = scope
        .schema
        .index_of_column(column)
        .map_err(EngineError::planning)?;
    Ok(scope.traced.columns.get(index).cloned().unwrap_or_default())
}

fn outer_lookup(column: &Column, outer: Around<'_>) -> Result<Sources> {
    for scope in outer.scopes.iter().rev() {
        if scope.schema.has_column(column) {
            return lookup(column, scope);
        }
    }
    Err(EngineError::invalid(
        format!("the sub-query refers to `{column}`, and nothing around it has that column"),
        "Name a column of the outer query.",
    ))
}

fn inner(subquery: &Subquery, scope: &Scope<'_>, outer: Around<'_>) -> Result<Traced> {
    let mut scopes = outer.scopes.to_vec();
    scopes.push(*scope);
    let around = Around {
        scopes: &scopes,
        working: outer.working,
    };
    plan::trace(&subquery.subquery, around)
}

/// A value held against those of a sub-query.
fn compared(
    value: &Expr,
    subquery: &Subquery,
    scope: &Scope<'_>,
    outer: Around<'_>,
) -> Result<Sources> {
    let mut found = sources(value, scope, outer)?;
    let traced = inner(subquery, scope, outer)?;
    found.extend(traced.columns.into_iter().flatten());
    let mut found = through(&found, EdgeKind::Conditional);
    found.extend(traced.rows);
    Ok(found)
}

/// The sources of every child, seen through the step.
fn children(expr: &Expr, scope: &Scope<'_>, outer: Around<'_>, step: EdgeKind) -> Result<Sources> {
    let mut found = Sources::new();
    let mut failed = None;
    expr.apply_children(|child| {
        match sources(child, scope, outer) {
            Ok(below) => found.extend(through(&below, step)),
            Err(error) => failed = Some(error),
        }
        Ok(if failed.is_some() {
            TreeNodeRecursion::Stop
        } else {
            TreeNodeRecursion::Continue
        })
    })
    .map_err(EngineError::planning)?;
    match failed {
        Some(error) => Err(error),
        None => Ok(found),
    }
}

/// A condition decides between values without being one.
fn case_sources(case: &Case, scope: &Scope<'_>, outer: Around<'_>) -> Result<Sources> {
    let mut found = Sources::new();
    let conditions = case
        .expr
        .iter()
        .chain(case.when_then_expr.iter().map(|(when, _)| when));
    for condition in conditions {
        found.extend(through(
            &sources(condition, scope, outer)?,
            EdgeKind::Conditional,
        ));
    }
    let values = case
        .when_then_expr
        .iter()
        .map(|(_, then)| then)
        .chain(case.else_expr.iter());
    for value in values {
        found.extend(through(
            &sources(value, scope, outer)?,
            EdgeKind::Transformation,
        ));
    }
    Ok(found)
}

fn aggregate_sources(
    call: &AggregateFunction,
    scope: &Scope<'_>,
    outer: Around<'_>,
) -> Result<Sources> {
    let mut found = Sources::new();
    for argument in &call.params.args {
        found.extend(through(
            &sources(argument, scope, outer)?,
            EdgeKind::Aggregation,
        ));
    }
    if let Some(filter) = &call.params.filter {
        found.extend(through(
            &sources(filter, scope, outer)?,
            EdgeKind::Conditional,
        ));
    }
    for key in &call.params.order_by {
        found.extend(through(&sources(&key.expr, scope, outer)?, EdgeKind::Sort));
    }
    Ok(found)
}

fn window_sources(call: &WindowFunction, scope: &Scope<'_>, outer: Around<'_>) -> Result<Sources> {
    let mut found = Sources::new();
    for argument in &call.params.args {
        found.extend(through(
            &sources(argument, scope, outer)?,
            EdgeKind::Aggregation,
        ));
    }
    if let Some(filter) = &call.params.filter {
        found.extend(through(
            &sources(filter, scope, outer)?,
            EdgeKind::Conditional,
        ));
    }
    let order = call.params.order_by.iter().map(|key| &key.expr);
    for expr in call.params.partition_by.iter().chain(order) {
        found.extend(through(&sources(expr, scope, outer)?, EdgeKind::Window));
    }
    Ok(found)
}
