//! Intervals that are a number of microseconds, as such: to add an interval to an instant takes a
//! walk through the calendar for every row, to add a duration takes an addition.

use datafusion::arrow::datatypes::{DataType, IntervalMonthDayNano, TimeUnit};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, Operator, lit};

const DAY_NANOS: i64 = 24 * 60 * 60 * 1_000_000_000;

/// The expression, the intervals that it adds to instants or takes from them being durations.
pub(super) fn as_durations(expr: Expr, schema: &DFSchema) -> Result<Expr> {
    let rewritten = expr.transform_up(|expr| match expr {
        Expr::BinaryExpr(mut sum) => match duration(&sum, schema) {
            Some(duration) => {
                *sum.right = lit(duration);
                Ok(Transformed::yes(Expr::BinaryExpr(sum)))
            }
            None => Ok(Transformed::no(Expr::BinaryExpr(sum))),
        },
        other => Ok(Transformed::no(other)),
    })?;
    Ok(rewritten.data)
}

/// What stands on the right of a sum, if that is the same as a duration there.
fn duration(sum: &BinaryExpr, schema: &DFSchema) -> Option<ScalarValue> {
    let (Operator::Plus | Operator::Minus) = sum.op else {
        return None;
    };
    let Expr::Literal(ScalarValue::IntervalMonthDayNano(Some(interval)), _) = &*sum.right else {
        return None;
    };
    let DataType::Timestamp(TimeUnit::Microsecond, zone) = sum.left.get_type(schema).ok()? else {
        return None;
    };
    // In a place that turns its clocks a day has not always as many hours.
    let even = zone.is_none_or(|zone| matches!(&*zone, "UTC" | "+00:00"));
    let IntervalMonthDayNano {
        months,
        days,
        nanoseconds,
    } = *interval;
    if months != 0 || (days != 0 && !even) {
        return None;
    }
    let days = i64::from(days).checked_mul(DAY_NANOS)?;
    let nanos = days.checked_add(nanoseconds)?;
    let micros = (nanos % 1000 == 0).then_some(nanos / 1000)?;
    Some(ScalarValue::DurationMicrosecond(Some(micros)))
}
