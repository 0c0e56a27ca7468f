//! The first row of each key, found by one order over all rows.
//!
//! `row_number() over (partition by k order by o) = 1` is how SQL asks for it. The engine would begin
//! a window for every key, and where most keys have a row or two that costs far more than the sort.
//! The same rows are those whose key is another than that of the row before, in the order of `k, o`.

use std::sync::Arc;

use datafusion::common::tree_node::Transformed;
use datafusion::common::{Column, ExprSchema as _, Result, ScalarValue};
use datafusion::functions_window::lead_lag::lag_udwf;
use datafusion::logical_expr::expr::{Sort, WindowFunction, WindowFunctionParams};
use datafusion::logical_expr::utils::{conjunction, disjunction, split_conjunction};
use datafusion::logical_expr::{
    BinaryExpr, Expr, LogicalPlan, LogicalPlanBuilder, Operator, Window, WindowFunctionDefinition,
    binary_expr, lit,
};
use datafusion::optimizer::optimizer::ApplyOrder;
use datafusion::optimizer::{OptimizerConfig, OptimizerRule};

/// The rule. It goes after all others, so that conditions on keys are below the window by then.
#[derive(Debug)]
pub(crate) struct FirstOfEach;

impl OptimizerRule for FirstOfEach {
    fn name(&self) -> &str {
        "first_of_each"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::TopDown)
    }

    fn rewrite(
        &self,
        plan: LogicalPlan,
        _: &dyn OptimizerConfig,
    ) -> Result<Transformed<LogicalPlan>> {
        let LogicalPlan::Filter(filter) = &plan else {
            return Ok(Transformed::no(plan));
        };
        let Some((window, shown)) = numbered(&filter.input) else {
            return Ok(Transformed::no(plan));
        };
        let Some(first) = First::of(window, &filter.predicate) else {
            return Ok(Transformed::no(plan));
        };
        let first = first.plan(window)?;
        let plan = match shown {
            None => first,
            Some(shown) => LogicalPlanBuilder::from(first)
                .project(shown.iter().cloned())?
                .build()?,
        };
        Ok(Transformed::yes(plan))
    }
}

/// A window, and which of its columns are shown if it is not all of them: what a condition alone
/// needs, as what rows are ordered by, is projected away right above it.
fn numbered(plan: &LogicalPlan) -> Option<(&Window, Option<&[Expr]>)> {
    match plan {
        LogicalPlan::Window(window) => Some((window, None)),
        LogicalPlan::Projection(shown) => {
            let plain = |expr: &Expr| matches!(expr, Expr::Column(_));
            match shown.input.as_ref() {
                LogicalPlan::Window(window) if shown.expr.iter().all(plain) => {
                    Some((window, Some(&shown.expr)))
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// A window that numbers the rows of each key, under a condition that keeps the first of them.
struct First<'a> {
    params: &'a WindowFunctionParams,
    /// The column of the numbers.
    number: Column,
    /// The keys, none of which is ever null.
    keys: Vec<Column>,
    /// The rest of the condition.
    others: Vec<Expr>,
}

impl<'a> First<'a> {
    fn of(window: &'a Window, predicate: &Expr) -> Option<Self> {
        let [expr] = &window.window_expr[..] else {
            return None;
        };
        let Expr::WindowFunction(function) = expr else {
            return None;
        };
        let WindowFunctionDefinition::WindowUDF(named) = &function.fun else {
            return None;
        };
        let params = &function.params;
        let plain = params.filter.is_none() && !params.distinct && !params.order_by.is_empty();
        if named.name() != "row_number" || !plain || params.partition_by.is_empty() {
            return None;
        }
        let input = window.input.schema();
        let mut keys = Vec::new();
        for key in &params.partition_by {
            let Expr::Column(column) = key else {
                return None;
            };
            if input.nullable(column).unwrap_or(true) {
                return None;
            }
            keys.push(column.clone());
        }
        let number = window.schema.columns().pop()?;
        let (first, others): (Vec<&Expr>, Vec<&Expr>) = split_conjunction(predicate)
            .into_iter()
            .partition(|part| is_first(part, &number));
        if first.is_empty() {
            return None;
        }
        Some(Self {
            params,
            number,
            keys,
            others: others.into_iter().cloned().collect(),
        })
    }

    fn plan(self, window: &Window) -> Result<LogicalPlan> {
        let order_by: Vec<Sort> = self
            .keys
            .iter()
            .map(|key| Expr::Column(key.clone()).sort(true, false))
            .chain(self.params.order_by.iter().cloned())
            .collect();
        let before: Vec<Expr> = self
            .keys
            .iter()
            .map(|key| {
                let params = WindowFunctionParams {
                    args: vec![Expr::Column(key.clone())],
                    partition_by: Vec::new(),
                    order_by: order_by.clone(),
                    ..self.params.clone()
                };
                let fun = WindowFunctionDefinition::WindowUDF(lag_udwf());
                Expr::from(WindowFunction { fun, params })
            })
            .collect();
        let columns = window.input.schema().columns();
        let lagged = LogicalPlanBuilder::from(Arc::clone(&window.input))
            .window(before)?
            .build()?;
        let befores = lagged.schema().columns().split_off(columns.len());
        let another = befores.into_iter().zip(&self.keys).map(|(before, key)| {
            binary_expr(
                Expr::Column(before),
                Operator::IsDistinctFrom,
                Expr::Column(key.clone()),
            )
        });
        let another = disjunction(another).unwrap_or_else(|| lit(true));
        let condition = conjunction(self.others.into_iter().chain([another]));
        let one = lit(ScalarValue::UInt64(Some(1)));
        let number = one.alias_qualified(self.number.relation, self.number.name);
        let columns = columns.into_iter().map(Expr::Column).chain([number]);
        LogicalPlanBuilder::from(lagged)
            .filter(condition.unwrap_or_else(|| lit(true)))?
            .project(columns)?
            .build()
    }
}

/// Whether the condition says that the number is one.
fn is_first(part: &Expr, number: &Column) -> bool {
    let Expr::BinaryExpr(BinaryExpr { left, op, right }) = part else {
        return false;
    };
    let (Expr::Column(column), Expr::Literal(value, _)) = (left.as_ref(), right.as_ref()) else {
        return false;
    };
    let value = value.cast_to(&datafusion::arrow::datatypes::DataType::UInt64);
    let bound = match op {
        Operator::Eq | Operator::LtEq => 1,
        Operator::Lt => 2,
        _ => return false,
    };
    column == number && value.is_ok_and(|value| value == ScalarValue::UInt64(Some(bound)))
}
