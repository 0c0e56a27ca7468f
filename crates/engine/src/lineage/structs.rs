//! Lineage through structs that the SQL makes of named values: a field is made of its own value.

use std::collections::BTreeMap;

use datafusion::common::ScalarValue;
use datafusion::functions::core::getfield::GetFieldFunc;
use datafusion::functions::core::named_struct::NamedStructFunc;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::expr::ScalarFunction;

use super::Sources;
use super::expr::{Around, Scope, sources};
use crate::Result;

/// The sources of each field.
pub(crate) type Fields = BTreeMap<String, Sources>;

/// The fields of an expression, where they are known apart; a struct that is read from a dataset is
/// a column of it as a whole.
pub(super) fn fields(expr: &Expr, scope: &Scope<'_>, outer: Around<'_>) -> Result<Option<Fields>> {
    match expr {
        Expr::Alias(alias) => fields(&alias.expr, scope, outer),
        Expr::Column(column) => {
            let at = scope.schema.maybe_index_of_column(column);
            Ok(at.and_then(|at| scope.traced.fields.get(&at).cloned()))
        }
        Expr::ScalarFunction(call) if call.func.inner().is::<NamedStructFunc>() => {
            named(call, scope, outer)
        }
        _ => Ok(None),
    }
}

fn named(call: &ScalarFunction, scope: &Scope<'_>, outer: Around<'_>) -> Result<Option<Fields>> {
    let mut found = Fields::new();
    for pair in call.args.chunks(2) {
        let [key, value] = pair else {
            return Ok(None);
        };
        let Some(name) = text(key) else {
            return Ok(None);
        };
        found.insert(name.to_owned(), sources(value, scope, outer)?);
    }
    Ok(Some(found))
}

/// The sources of the field that a call takes out of a struct, where they are known apart.
pub(super) fn taken(
    call: &ScalarFunction,
    scope: &Scope<'_>,
    outer: Around<'_>,
) -> Result<Option<Sources>> {
    if !call.func.inner().is::<GetFieldFunc>() {
        return Ok(None);
    }
    let [from, key] = call.args.as_slice() else {
        return Ok(None);
    };
    let known = fields(from, scope, outer)?.unwrap_or_default();
    Ok(text(key).and_then(|name| known.get(name).cloned()))
}

fn text(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Literal(ScalarValue::Utf8(Some(text)), _) => Some(text),
        _ => None,
    }
}

/// The fields of both sides of a join, by their positions behind one another.
pub(super) fn beside(
    left: BTreeMap<usize, Fields>,
    width: usize,
    right: BTreeMap<usize, Fields>,
) -> BTreeMap<usize, Fields> {
    let moved = right.into_iter().map(|(at, fields)| (at + width, fields));
    left.into_iter().chain(moved).collect()
}
