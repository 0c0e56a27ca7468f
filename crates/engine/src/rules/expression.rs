//! A rule as a boolean expression: null or true means that the row keeps it. A rule in SQL may say
//! otherwise of null; its expression is then never null.

use datafusion::common::{DFSchema, ScalarValue};
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::{Expr, ExprSchemable, cast, ident, in_list, lit};
use project::{Bound, Check, Contract, Rule};

use super::instants::by_number;
use super::missing;
use super::texts::{self, LooksPersonal};
use crate::{EngineError, Result};

/// What rules are told by their caller.
pub(crate) struct Given<'a> {
    /// What looks like personal data, as the receiving side masks it; none where it is not looked
    /// for.
    pub looks_personal: Option<LooksPersonal>,
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
    let expr = match &rule.check {
        Check::Required => column().is_not_null(),
        Check::CodeList(list) => {
            let codes = (given.codes)(list);
            match column().get_type(schema) {
                Ok(data_type) if data_type.is_string() => texts::one_of(column(), codes),
                _ => {
                    let codes = codes.into_iter().map(|c| lit(ScalarValue::Utf8(Some(c))));
                    in_list(column(), codes.collect(), false)
                }
            }
        }
        Check::Range { min, max } => range(contract, rule, min.as_ref(), max.as_ref())?,
        Check::Length { min, max } => texts::length_within(column(), *min, *max),
        Check::Pattern(pattern) => texts::matches(column(), &format!("^(?:{pattern})$"))
            .map_err(|error| unplanned(&error, "Mend the pattern in the contract."))?,
        Check::PersonalData => match given.looks_personal {
            Some(looks_personal) => texts::impersonal(column(), looks_personal),
            None => return Ok(None),
        },
        Check::Expression { sql, missing } => {
            let mend = "Mend `implementation` in the contract.";
            let expr = state
                .create_logical_expr(sql, schema)
                .and_then(|expr| by_number(expr, schema))
                .and_then(|expr| missing::taken(expr, *missing, schema));
            expr.map_err(|error| unplanned(&error.strip_backtrace(), mend))?
        }
        Check::Unique(_)
        | Check::RowCount { .. }
        | Check::References { .. }
        | Check::Fresh { .. }
        | Check::Steady(_)
        | Check::Drift(_)
        | Check::Query { .. } => return Ok(None),
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
