//! Rows with given keys, told to the plan as far down as it goes.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, RecordBatch};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Column, JoinConstraint, NullEquality, Result, ScalarValue};
use datafusion::datasource::{MemTable, provider_as_source};
use datafusion::logical_expr::expr::WindowFunction;
use datafusion::logical_expr::{
    Expr, ExprSchemable, Join, JoinType, LogicalPlan, LogicalPlanBuilder, Window, ident,
};

/// So many values of a column or fewer are told to the scans.
const FEW: usize = 500;
/// The name of the table of keys.
const KEYS: &str = "__trace_keys";

/// The columns that keys are named after.
pub(super) fn named(keys: &RecordBatch) -> Vec<Expr> {
    let fields = keys.schema_ref().fields().iter();
    fields.map(|field| ident(field.name())).collect()
}

/// The rows whose expressions have the values of one of the keys; null is a value.
pub(super) fn among(plan: LogicalPlan, exprs: &[Expr], keys: &RecordBatch) -> Result<LogicalPlan> {
    let mut plan = plan;
    for (expr, values) in exprs.iter().zip(keys.columns()) {
        if let Some(column) = position(&plan, expr)
            && let Some(narrower) = below(&plan, column, values, false)?
        {
            plan = narrower;
        }
    }
    let mut builder = LogicalPlanBuilder::from(plan);
    for (expr, values) in exprs.iter().zip(keys.columns()) {
        if let Some(values) = few(values)? {
            builder = builder.filter(expr.clone().in_list(values, false))?;
        }
    }
    let schema = keys.schema();
    let names = schema.fields().iter().map(|field| field.name().as_str());
    semi_join(builder.build()?, exprs, &names.collect::<Vec<_>>(), keys)
}

fn semi_join(
    plan: LogicalPlan,
    exprs: &[Expr],
    names: &[&str],
    keys: &RecordBatch,
) -> Result<LogicalPlan> {
    let source = MemTable::try_new(keys.schema(), vec![vec![keys.clone()]])?;
    let wanted = LogicalPlanBuilder::scan(KEYS, provider_as_source(Arc::new(source)), None)?;
    let key = |name: &&str| Expr::Column(Column::new(Some(KEYS), *name));
    let on = exprs.iter().cloned().zip(names.iter().map(key)).collect();
    let join = Join::try_new(
        Arc::new(plan),
        Arc::new(wanted.build()?),
        on,
        None,
        JoinType::LeftSemi,
        JoinConstraint::On,
        NullEquality::NullEqualsNull,
        false,
    )?;
    Ok(LogicalPlan::Join(join))
}

/// The values of a column, if they are few and none is null.
fn few(column: &ArrayRef) -> Result<Option<Vec<Expr>>> {
    if column.is_empty() || column.null_count() > 0 {
        return Ok(None);
    }
    let mut values = HashSet::new();
    for row in 0..column.len() {
        values.insert(ScalarValue::try_from_array(column, row)?);
        if values.len() > FEW {
            return Ok(None);
        }
    }
    let literal = |value| Expr::Literal(value, None);
    Ok(Some(values.into_iter().map(literal).collect()))
}

fn position(plan: &LogicalPlan, expr: &Expr) -> Option<usize> {
    match expr {
        Expr::Column(column) => plan.schema().maybe_index_of_column(column),
        _ => None,
    }
}

/// The plan with the rows narrowed below its window functions, where the column is one that they
/// take rows apart by: the optimizer brings no join down, and not every filter.
fn below(
    plan: &LogicalPlan,
    column: usize,
    values: &ArrayRef,
    crossed: bool,
) -> Result<Option<LogicalPlan>> {
    let over = |input: &LogicalPlan, column: usize, crossed: bool| {
        let Some(input) = below(input, column, values, crossed)? else {
            return Ok(None);
        };
        plan.with_new_exprs(plan.expressions(), vec![input])
            .map(Some)
    };
    match plan {
        LogicalPlan::Projection(node) => {
            let copied = node
                .expr
                .get(column)
                .and_then(|expr| copied(expr, &node.input));
            copied.map_or(Ok(None), |column| over(&node.input, column, crossed))
        }
        LogicalPlan::SubqueryAlias(node) => over(&node.input, column, crossed),
        LogicalPlan::Filter(node) => over(&node.input, column, crossed),
        LogicalPlan::Sort(node) if node.fetch.is_none() => over(&node.input, column, crossed),
        LogicalPlan::Window(node) if parts(node, column) => over(&node.input, column, true),
        LogicalPlan::Join(node) if matches!(node.join_type, JoinType::Inner | JoinType::Left) => {
            if column >= node.left.schema().fields().len() {
                return Ok(None);
            }
            let Some(left) = below(&node.left, column, values, crossed)? else {
                return Ok(None);
            };
            let inputs = vec![left, node.right.as_ref().clone()];
            plan.with_new_exprs(plan.expressions(), inputs).map(Some)
        }
        other if crossed => {
            let (qualifier, field) = other.schema().qualified_field(column);
            let key = Expr::Column(Column::new(qualifier.cloned(), field.name()));
            let keys = RecordBatch::try_from_iter([("key", Arc::clone(values))])?;
            semi_join(other.clone(), &[key], &["key"], &keys).map(Some)
        }
        _ => Ok(None),
    }
}

/// The column of the input that an expression is a copy of.
fn copied(expr: &Expr, input: &LogicalPlan) -> Option<usize> {
    match expr {
        Expr::Alias(alias) => copied(&alias.expr, input),
        Expr::Column(_) => position(input, expr),
        Expr::Cast(cast) => {
            let from = cast.expr.get_type(input.schema()).ok()?;
            let to = expr.get_type(input.schema()).ok()?;
            (is_text(&from) && is_text(&to)).then(|| copied(&cast.expr, input))?
        }
        _ => None,
    }
}

fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8 => true,
        DataType::Dictionary(_, values) => is_text(values),
        _ => false,
    }
}

/// Whether every window function of a node takes rows apart by the column: rows with other values
/// change nothing for those with one. In an order over all rows that begins with the column, its
/// value in the row before is that of another part, or none, for the first row of a part: which of
/// the two makes no difference to whether it is the same.
fn parts(node: &Window, column: usize) -> bool {
    let is_it = |expr: &Expr| position(&node.input, expr) == Some(column);
    let parts = |call: &WindowFunction| {
        let params = &call.params;
        let first = params.order_by.first();
        params.partition_by.iter().any(is_it)
            || (params.partition_by.is_empty()
                && matches!(call.fun.name(), "lag" | "lead")
                && params.args.len() == 1
                && params.args.first().is_some_and(is_it)
                && first.is_some_and(|first| is_it(&first.expr)))
    };
    node.window_expr
        .iter()
        .all(|expr| match expr.clone().unalias() {
            Expr::WindowFunction(call) => parts(&call),
            _ => false,
        })
}
