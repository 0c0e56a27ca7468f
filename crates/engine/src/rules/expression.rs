//! A rule as a boolean expression: null or true means that the row keeps it.

use datafusion::common::{DFSchema, ScalarValue};
use datafusion::execution::session_state::SessionState;
use datafusion::functions::expr_fn::character_length;
use datafusion::logical_expr::{Expr, cast, ident, in_list, lit, not};
use project::{Bound, Check, Contract, Rule};

use super::matches::matches;
use crate::{EngineError, Result};

/// What looks like personal data, as the receiving side masks it; handed in by the caller so that
/// one pattern serves both.
pub(crate) struct Given<'a> {
    /// The pattern of personal data.
    pub personal_data: &'a str,
    /// The codes of a list that are valid where the rule is applied.
    pub codes: &'a (dyn Fn(&str) -> Vec<String> + Sync),
}

/// The rule as an expression over the schema; none for rules that look at more than one row.
pub(crate) fn holds(
    state: &SessionState,
    schema: &DFSchema,
    contract: &Contract,
    rule: &Rule,
    given: &Given<'_>,
) -> Result<Option<Expr>> {
    let column = || ident(rule.column.clone().unwrap_or_default());
    let unplanned = |reason: &dyn std::fmt::Display, hint: &str| {
        EngineError::invalid(
            format!(
                "rule `{}` of dataset `{}` cannot be planned: {reason}",
                rule.name, contract.dataset
            ),
            hint,
        )
    };
    let matching = |pattern: &str| {
        matches(column(), pattern)
            .map_err(|error| unplanned(&error, "Mend the pattern in the contract."))
    };
    let expr = match &rule.check {
        Check::Required => column().is_not_null(),
        Check::CodeList(list) => {
            let codes = (given.codes)(list)
                .into_iter()
                .map(|c| lit(ScalarValue::Utf8(Some(c))));
            in_list(column(), codes.collect(), false)
        }
        Check::Range { min, max } => range(contract, rule, min.as_ref(), max.as_ref())?,
        Check::Length { min, max } => {
            let length = || cast(character_length(column()), arrow_int64());
            let low = min.map(|m| length().gt_eq(lit(signed(m))));
            let high = max.map(|m| length().lt_eq(lit(signed(m))));
            both(low, high)
        }
        Check::Pattern(pattern) => matching(&format!("^(?:{pattern})$"))?,
        Check::PersonalData => not(matching(given.personal_data)?),
        Check::Expression(sql) => state.create_logical_expr(sql, schema).map_err(|error| {
            let reason = error.strip_backtrace();
            unplanned(&reason, "Mend `implementation` in the contract.")
        })?,
        Check::Unique(_) | Check::RowCount { .. } => return Ok(None),
    };
    Ok(Some(expr))
}

fn range(
    contract: &Contract,
    rule: &Rule,
    min: Option<&Bound>,
    max: Option<&Bound>,
) -> Result<Expr> {
    let name = rule.column.as_deref().unwrap_or_default();
    let column = contract.column(name).ok_or_else(|| {
        EngineError::invalid(
            format!(
                "rule `{}` of dataset `{}` names no column",
                rule.name, contract.dataset
            ),
            "Declare the bounds at a column.",
        )
    })?;
    let bound = |b: &Bound| cast(lit(b.value.clone()), column.column_type.to_arrow());
    let low = min.map(|b| {
        if b.exclusive {
            ident(name).gt(bound(b))
        } else {
            ident(name).gt_eq(bound(b))
        }
    });
    let high = max.map(|b| {
        if b.exclusive {
            ident(name).lt(bound(b))
        } else {
            ident(name).lt_eq(bound(b))
        }
    });
    Ok(both(low, high))
}

fn both(low: Option<Expr>, high: Option<Expr>) -> Expr {
    match (low, high) {
        (Some(low), Some(high)) => low.and(high),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => lit(true),
    }
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn arrow_int64() -> datafusion::arrow::datatypes::DataType {
    datafusion::arrow::datatypes::DataType::Int64
}
