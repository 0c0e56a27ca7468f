//! Rules that look at one row alone.

use super::super::{Check, Column, ColumnType, Missing};
use super::Reference;
use super::whole::nothing_invalid;
use crate::problem::Sink;
use crate::sql::Scan;
use crate::yaml::Map;

/// Values of a column that are codes of a list.
pub(super) fn code_list(
    map: &mut Map<'_, '_>,
    column: Option<&Column>,
    sink: &Sink<'_>,
) -> Option<Reference> {
    nothing_invalid(map, sink);
    let mut arguments = map.map("arguments")?;
    let list = arguments.text("codeList");
    arguments.close();
    let list = list?;
    let Some(column) = column else {
        sink.at(
            map.at(),
            "`invalidValues` belongs to the `quality` of a column",
        );
        return None;
    };
    if column.column_type != ColumnType::String {
        let (name, found) = (&column.name, column.column_type);
        sink.at(
            list.at,
            format!("codes are text, but column `{name}` is `{found}`"),
        );
    }
    Some(Reference {
        list: list.text.to_owned(),
        at: list.at,
    })
}

/// An expression over the columns of the row.
pub(super) fn expression(
    map: &mut Map<'_, '_>,
    missing: Missing,
    sink: &Sink<'_>,
) -> Option<Check> {
    map.choice("engine", &[("dtm", ())]);
    let implementation = map.text("implementation")?;
    let scan = Scan::new(implementation.text);
    let instead = "compare with columns of the row";
    let mut found = scan.problems_of_an_expression(instead);
    found.extend(scan.foreign_parameters(&[]));
    for (at, message) in &found {
        sink.at(implementation.at.within(*at), message.as_str());
    }
    if scan.is_empty() {
        sink.at(implementation.at, "`implementation` holds no expression");
    }
    Some(Check::Expression {
        sql: implementation.text.to_owned(),
        missing,
    })
}
