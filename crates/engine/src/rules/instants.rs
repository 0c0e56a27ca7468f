//! What rules ask of instants, without the calendar: to add an interval, or to ask for the day, takes
//! a walk through it for every row. In UTC an interval of hours is a number, and so is a day.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Date32Array};
use datafusion::arrow::datatypes::{DataType, IntervalMonthDayNano, TimeUnit};
use datafusion::common::cast::as_timestamp_microsecond_array;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result, ScalarValue, exec_err};
use datafusion::logical_expr::{
    BinaryExpr, ColumnarValue, Expr, ExprSchemable, Operator, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature, Volatility, lit,
};

const DAY_NANOS: i64 = 24 * 60 * 60 * 1_000_000_000;
const DAY_MICROS: i64 = DAY_NANOS / 1000;

/// The expression, the same in value, with numbers for what it asks of instants.
pub(super) fn by_number(expr: Expr, schema: &DFSchema) -> Result<Expr> {
    let rewritten = expr.transform_up(|expr| match expr {
        Expr::BinaryExpr(mut sum) => match duration(&sum, schema) {
            Some(duration) => {
                *sum.right = lit(duration);
                Ok(Transformed::yes(Expr::BinaryExpr(sum)))
            }
            None => Ok(Transformed::no(Expr::BinaryExpr(sum))),
        },
        Expr::Cast(cast)
            if *cast.field.data_type() == DataType::Date32
                && zone(&cast.expr, schema).is_some_and(is_even) =>
        {
            let day = ScalarUDF::from(DayOf::default()).call(vec![*cast.expr]);
            Ok(Transformed::yes(day))
        }
        other => Ok(Transformed::no(other)),
    })?;
    Ok(rewritten.data)
}

type Zone = Option<Arc<str>>;

/// The zone of an instant; none if the expression is no instant of ours.
fn zone(expr: &Expr, schema: &DFSchema) -> Option<Zone> {
    match expr.get_type(schema).ok()? {
        DataType::Timestamp(TimeUnit::Microsecond, zone) => Some(zone),
        _ => None,
    }
}

/// Whether all its days have as many hours, and begin with those of UTC.
fn is_even(zone: Zone) -> bool {
    zone.is_none_or(|zone| matches!(&*zone, "UTC" | "+00:00"))
}

/// What stands on the right of a sum, if that is the same as a duration there.
fn duration(sum: &BinaryExpr, schema: &DFSchema) -> Option<ScalarValue> {
    let (Operator::Plus | Operator::Minus) = sum.op else {
        return None;
    };
    let Expr::Literal(ScalarValue::IntervalMonthDayNano(Some(interval)), _) = &*sum.right else {
        return None;
    };
    let zone = zone(&sum.left, schema)?;
    let IntervalMonthDayNano {
        months,
        days,
        nanoseconds,
    } = *interval;
    if months != 0 || (days != 0 && !is_even(zone)) {
        return None;
    }
    let days = i64::from(days).checked_mul(DAY_NANOS)?;
    let nanos = days.checked_add(nanoseconds)?;
    let micros = (nanos % 1000 == 0).then_some(nanos / 1000)?;
    Some(ScalarValue::DurationMicrosecond(Some(micros)))
}

/// The day of an instant in UTC.
#[derive(Debug, PartialEq, Eq, Hash)]
struct DayOf {
    signature: Signature,
}

impl Default for DayOf {
    fn default() -> Self {
        Self {
            signature: Signature::any(1, Volatility::Immutable),
        }
    }
}

impl ScalarUDFImpl for DayOf {
    fn name(&self) -> &str {
        "day_of"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Date32)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let scalar = matches!(args.args[..], [ColumnarValue::Scalar(_)]);
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let [instants] = &arrays[..] else {
            return exec_err!("`day_of` takes one instant");
        };
        let instants = as_timestamp_microsecond_array(instants)?;
        let day = |micros: i64| i32::try_from(micros.div_euclid(DAY_MICROS)).unwrap_or(i32::MAX);
        let days: Date32Array = instants.unary(day);
        let days: ArrayRef = Arc::new(days);
        Ok(if scalar {
            ColumnarValue::Scalar(ScalarValue::try_from_array(&days, 0)?)
        } else {
            ColumnarValue::Array(days)
        })
    }
}
