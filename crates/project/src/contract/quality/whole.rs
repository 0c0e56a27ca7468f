//! Rules that look at the whole table, or at another dataset.

use super::super::{Bound, Check, Column, Expects, Missing, Steady};
use crate::DatasetName;
use crate::problem::{Sink, quoted};
use crate::sql::Scan;
use crate::yaml::{Map, Word};

/// The bounds that ODCS has.
const BOUNDS: [&str; 5] = [
    "mustBe",
    "mustBeGreaterThan",
    "mustBeGreaterOrEqualTo",
    "mustBeLessThan",
    "mustBeLessOrEqualTo",
];

/// Bounds of a count; each is made inclusive.
pub(super) fn row_count(map: &mut Map<'_, '_>, sink: &Sink<'_>) -> Option<Check> {
    map.choice_if("unit", &[("rows", ())]);
    let [exactly, above, at_least, below, at_most] = BOUNDS.map(|key| map.count_if(key));
    let exactly = exactly.map(|c| c.0);
    let above = above.map(|c| c.0.saturating_add(1));
    let below = below.map(|c| c.0.saturating_sub(1));
    let min = exactly.or(at_least.map(|c| c.0)).or(above);
    let max = exactly.or(at_most.map(|c| c.0)).or(below);
    if min.is_none() && max.is_none() {
        sink.at(
            map.at(),
            format!("`rowCount` needs a bound: one of {}", quoted(&BOUNDS)),
        );
    } else if min.is_some_and(|min| max.is_some_and(|max| min > max)) {
        sink.at(map.at(), "no row count lies within these bounds");
    } else {
        return Some(Check::RowCount { min, max });
    }
    None
}

/// Values that stand in another dataset: of the column that states the rule, or of `columns`.
pub(super) fn references(
    map: &mut Map<'_, '_>,
    column: Option<&Column>,
    sink: &Sink<'_>,
) -> Option<Check> {
    nothing_invalid(map, sink);
    let mut arguments = map.map("arguments")?;
    let dataset = arguments.text("dataset");
    let (columns, keys) = match column {
        Some(column) => {
            let key = arguments.text_if("column").map(|word| word.text.to_owned());
            let name = column.name.clone();
            (vec![name.clone()], vec![key.unwrap_or(name)])
        }
        None => {
            let columns = names(arguments.words_if("columns").unwrap_or_default());
            let keys = arguments.words_if("references").map(names);
            if columns.is_empty() {
                let message = "key `columns` is missing in `arguments` of a reference: it names \
                               the columns that stand in the other dataset";
                sink.at(map.at(), message);
                return None;
            }
            (columns.clone(), keys.unwrap_or(columns))
        }
    };
    let at = arguments.at();
    arguments.close();
    if columns.len() != keys.len() {
        let (here, there) = (columns.len(), keys.len());
        let message =
            format!("`columns` names {here} columns and `references` {there}: one for each");
        sink.at(at, message);
        return None;
    }
    Some(Check::References {
        columns,
        dataset: named(dataset?, sink)?,
        keys,
    })
}

/// `invalidValues` can only be none.
pub(super) fn nothing_invalid(map: &mut Map<'_, '_>, sink: &Sink<'_>) {
    let must_be = map.need("mustBe");
    if let Some(node) = must_be.filter(|n| n.describe() != "the number `0`") {
        let found = node.describe();
        sink.at(
            node.at,
            format!("`mustBe` of `invalidValues` can only be 0, found {found}"),
        );
    }
    map.choice_if("unit", &[("rows", ())]);
}

/// `freshness: { column, within }`.
pub(super) fn fresh(map: &mut Map<'_, '_>, sink: &Sink<'_>) -> Option<Check> {
    map.choice("engine", &[("dtm", ())]);
    let mut implementation = map.map("implementation")?;
    let mut freshness = implementation.map("freshness")?;
    let column = freshness.text("column");
    let within = freshness.text("within").and_then(|word| hours(word, sink));
    freshness.close();
    implementation.close();
    Some(Check::Fresh {
        column: column?.text.to_owned(),
        within_hours: within?,
    })
}

/// `36 hours`, `3 days`.
fn hours(word: Word<'_>, sink: &Sink<'_>) -> Option<u32> {
    let parts: Vec<&str> = word.text.split_whitespace().collect();
    let hours = match parts[..] {
        [count, "hour" | "hours"] => count.parse().ok(),
        [count, "day" | "days"] => count.parse().ok().and_then(|n: u32| n.checked_mul(24)),
        _ => None,
    };
    let hours = hours.filter(|hours| *hours > 0);
    if hours.is_none() {
        let found = word.text;
        let message = format!(
            "`within` must be a number of hours or days such as `36 hours`, found `{found}`"
        );
        sink.at(word.at, message);
    }
    hours
}

/// `jump: { measure, by, period, atLeast, atMost }`.
pub(super) fn steady(
    map: &mut Map<'_, '_>,
    missing: Option<Missing>,
    sink: &Sink<'_>,
) -> Option<Check> {
    map.choice("engine", &[("dtm", ())]);
    let mut implementation = map.map("implementation")?;
    let mut jump = implementation.map("jump")?;
    let measure = jump.text("measure");
    let by = names(jump.words_if("by").unwrap_or_default());
    let period = jump.text("period");
    let (min, max) = (jump.number_if("atLeast"), jump.number_if("atMost"));
    let at = jump.at();
    jump.close();
    implementation.close();
    if let Some(measure) = measure {
        let scan = Scan::new(measure.text);
        let mut found = scan.problems_of_an_expression("measure columns of the rows");
        found.extend(scan.foreign_parameters(&[]));
        for (at, message) in found {
            sink.at(measure.at.within(at), message);
        }
    }
    if min.is_none() && max.is_none() {
        sink.at(at, "`jump` needs a bound: `atLeast`, `atMost` or both");
        return None;
    }
    let bound = |word: Word<'_>| {
        let value = word.text.parse::<f64>().ok();
        let value = value.filter(|value| value.is_finite() && *value >= 0.0);
        if value.is_none() {
            sink.at(word.at, "the bound of a ratio is a number from 0");
        }
        value
    };
    let (min, max) = match (min, max) {
        (Some(min), Some(max)) => (Some(bound(min)?), Some(bound(max)?)),
        (min, max) => (min.and_then(bound), max.and_then(bound)),
    };
    if min.zip(max).is_some_and(|(min, max)| min > max) {
        sink.at(at, "no ratio lies within these bounds");
        return None;
    }
    let Some(missing) = missing else {
        let message = "`jump` needs the custom property `missing`: whether a group that lacks one \
                       of the two periods is passed over (`skip`), counts as 0 there (`zero`) or \
                       breaks the rule (`fail`)";
        sink.at(at, message);
        return None;
    };
    Some(Check::Steady(Steady {
        measure: measure?.text.to_owned(),
        by,
        period: period?.text.to_owned(),
        min,
        max,
        missing,
    }))
}

/// A query: without bounds every row that it answers breaks the rule, with bounds its one number
/// must lie within them.
pub(super) fn query(
    map: &mut Map<'_, '_>,
    missing: Option<Missing>,
    sink: &Sink<'_>,
) -> Option<Check> {
    let query = map.text("query")?;
    let scan = Scan::new(query.text);
    let mut found = scan.problems_of_a_query("take the time of the run from `$run_at`");
    found.extend(scan.foreign_parameters(&["run_at"]));
    for (at, message) in found {
        sink.at(query.at.within(at), message);
    }
    let [exactly, above, at_least, below, at_most] = BOUNDS.map(|key| map.number_if(key));
    let bound = |word: Option<Word<'_>>, exclusive| {
        word.map(|word| Bound {
            value: word.text.to_owned(),
            exclusive,
        })
    };
    let min = bound(exactly.or(at_least), false).or_else(|| bound(above, true));
    let max = bound(exactly.or(at_most), false).or_else(|| bound(below, true));
    let of_rows = min.is_none() && max.is_none();
    if of_rows && missing.is_some() {
        let message = "`missing` is for a query that answers a number, with bounds such as \
                       `mustBe`: every row that this one answers breaks the rule";
        sink.at(map.at(), message);
        return None;
    }
    let expects = if of_rows {
        Expects::NoRows
    } else {
        Expects::Number {
            min,
            max,
            missing: missing.unwrap_or(Missing::Fail),
        }
    };
    Some(Check::Query {
        sql: query.text.to_owned(),
        expects,
    })
}

fn names(words: Vec<Word<'_>>) -> Vec<String> {
    words.into_iter().map(|word| word.text.to_owned()).collect()
}

fn named(word: Word<'_>, sink: &Sink<'_>) -> Option<DatasetName> {
    match word.text.parse() {
        Ok(dataset) => Some(dataset),
        Err(error) => {
            sink.at(word.at, format!("`dataset` names no dataset: {error}"));
            None
        }
    }
}
