//! What a rule in SQL makes of missing values.

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::{Expr, ExprSchemable, lit, when};
use project::Missing;

/// The expression with missing values taken as the rule says.
pub(super) fn taken(expr: Expr, missing: Missing, schema: &DFSchema) -> Result<Expr> {
    match missing {
        Missing::Skip => Ok(expr),
        Missing::Zero => with_zeros(expr, schema),
        // Null is not true.
        Missing::Fail => Ok(expr.is_true()),
    }
}

/// The expression with 0 for what is missing in columns of numbers.
fn with_zeros(expr: Expr, schema: &DFSchema) -> Result<Expr> {
    let rewritten = expr.transform_up(|expr| {
        if !matches!(expr, Expr::Column(_)) {
            return Ok(Transformed::no(expr));
        }
        let data_type = expr.get_type(schema)?;
        if !data_type.is_numeric() {
            return Ok(Transformed::no(expr));
        }
        let zero = lit(ScalarValue::new_zero(&data_type)?);
        let or_zero = when(expr.clone().is_null(), zero).otherwise(expr)?;
        Ok(Transformed::yes(or_zero))
    })?;
    Ok(rewritten.data)
}
