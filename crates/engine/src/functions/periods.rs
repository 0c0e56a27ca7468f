//! Reporting periods: arithmetic over their codes, and their days by the rule.

use std::sync::Arc;

use calendar::{FirstDay, PeriodKind, Span};
use datafusion::arrow::array::{ArrayRef, BooleanArray, Int64Array, StringArray};
use datafusion::arrow::array::{ListBuilder, StringBuilder};
use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::DocSection;

use super::function::{Argument, Function, Takes, arg};
use super::given::{Given, Texts, dates};

const SECTION: DocSection = DocSection {
    include: true,
    label: "Reporting periods",
    description: Some(
        "A period is written `2026-09`, `2026-Q3`, `2026-H1`, `2026-9M` or `2026`. A text that is \
         no period gives null, so that dirty rows do not end a query: `period_is_valid` finds \
         them. A kind is `month`, `quarter`, `half`, `nine_months` or `year`; any other is an \
         error.\n\nCodes need no table. Days do: those of a period stand in `codes.periods`, and \
         those of every day in `refined.calendar`. The functions that give days go by the rule \
         that the shipped table was made by, from the 15th of the month before to the 14th, or \
         from `first_day`; they read no table. Where yours departs from the rule, which `select \
         code from codes.periods where start_on <> period_start(code) or end_on <> \
         period_end(code)` tells, join it instead.",
    ),
};

const PERIOD: Argument = arg("period", Takes::Text, "the code of a period");
const DAY: Argument = arg("day", Takes::Day, "a civil day");
const KIND: Argument = arg("kind", Takes::Text, "the word for a kind of period");
const FIRST: Argument = arg(
    "first_day",
    Takes::Whole,
    "the day on which months begin, 1 to 28: 1 for months of the calendar, another for a day of \
     the month before; 15 if it is left out",
);

pub(super) fn functions() -> Vec<Function> {
    let mut functions = of_codes();
    functions.extend(of_days());
    functions
}

fn of_codes() -> Vec<Function> {
    vec![
        Function::new(
            ("period_is_valid", SECTION),
            "Whether the text is a period by its form; null if it is null.",
            (&[arg("text", Takes::Text, "a text")], 1),
            (DataType::Boolean, is_valid),
            include_str!("examples/period_is_valid.sql"),
        ),
        Function::new(
            ("period_kind", SECTION),
            "The kind of the period, in the word of `codes.periods`.",
            (&[PERIOD], 1),
            (DataType::Utf8, kind),
            include_str!("examples/period_kind.sql"),
        ),
        Function::new(
            ("period_add", SECTION),
            "The period that comes so many of its kind later; earlier for a negative number.",
            (&[PERIOD, arg("n", Takes::Whole, "how many")], 2),
            (DataType::Utf8, add),
            include_str!("examples/period_add.sql"),
        ),
        Function::new(
            ("period_diff", SECTION),
            "How many of their kind the first period comes after the second; null if they are of \
             two kinds.",
            (
                &[PERIOD, arg("other", Takes::Text, "the code of a period")],
                2,
            ),
            (DataType::Int64, difference),
            include_str!("examples/period_diff.sql"),
        ),
        Function::new(
            ("period_parent", SECTION),
            "The period of that kind that holds all of this one: itself, if it is of that kind; \
             null if there is none.",
            (&[PERIOD, KIND], 2),
            (DataType::Utf8, parent),
            include_str!("examples/period_parent.sql"),
        ),
        Function::new(
            ("period_parts", SECTION),
            "The periods of that kind that the period holds, in order, as a list for `unnest`; \
             empty if it holds none.",
            (&[PERIOD, KIND], 2),
            (parts_type(), parts),
            include_str!("examples/period_parts.sql"),
        ),
    ]
}

fn of_days() -> Vec<Function> {
    vec![
        Function::new(
            ("period_of", SECTION),
            "The period of that kind that holds the day; null if there is none, as the nine months \
             hold no day of the last quarter.",
            (&[DAY, KIND, FIRST], 2),
            (DataType::Utf8, of_day),
            include_str!("examples/period_of.sql"),
        ),
        Function::new(
            ("period_start", SECTION),
            "The first day of the period.",
            (&[PERIOD, FIRST], 1),
            (DataType::Date32, start),
            include_str!("examples/period_start.sql"),
        ),
        Function::new(
            ("period_end", SECTION),
            "The last day of the period.",
            (&[PERIOD, FIRST], 1),
            (DataType::Date32, end),
            include_str!("examples/period_end.sql"),
        ),
        Function::new(
            ("period_contains", SECTION),
            "Whether the day lies in the period.",
            (&[PERIOD, DAY, FIRST], 2),
            (DataType::Boolean, contains),
            include_str!("examples/period_contains.sql"),
        ),
    ]
}

fn span(periods: &Texts<'_>, row: usize) -> Option<Span> {
    periods.get(row).and_then(Span::read)
}

fn is_valid(given: &Given<'_>) -> Result<ArrayRef> {
    let texts = given.texts(0)?;
    let valid = (0..given.rows).map(|row| texts.get(row).map(|text| Span::read(text).is_some()));
    Ok(Arc::new(valid.collect::<BooleanArray>()))
}

fn kind(given: &Given<'_>) -> Result<ArrayRef> {
    given.told(0, |text| Some(Span::read(text)?.kind().as_str().to_owned()))
}

fn codes(spans: impl Iterator<Item = Result<Option<Span>>>) -> Result<ArrayRef> {
    let codes = spans.map(|span| Ok(span?.map(|span| span.to_string())));
    Ok(Arc::new(codes.collect::<Result<StringArray>>()?))
}

fn add(given: &Given<'_>) -> Result<ArrayRef> {
    let (periods, counts) = (given.texts(0)?, given.whole(1)?);
    codes((0..given.rows).map(|row| {
        let span = span(&periods, row);
        Ok(span.and_then(|span| span.plus(counts.get(row)?)))
    }))
}

fn difference(given: &Given<'_>) -> Result<ArrayRef> {
    let (periods, others) = (given.texts(0)?, given.texts(1)?);
    let counts = (0..given.rows).map(|row| span(&periods, row)?.minus(span(&others, row)?));
    Ok(Arc::new(counts.collect::<Int64Array>()))
}

/// The kind that stands in the row; null where there is none.
fn kind_in(given: &Given<'_>, kinds: &Texts<'_>, row: usize) -> Result<Option<PeriodKind>> {
    let Some(word) = kinds.get(row) else {
        return Ok(None);
    };
    match PeriodKind::named(word) {
        Some(kind) => Ok(Some(kind)),
        None => exec_err!(
            "`{}` knows no kind of period `{word}`: it is `month`, `quarter`, `half`, \
             `nine_months` or `year`",
            given.function
        ),
    }
}

fn parent(given: &Given<'_>) -> Result<ArrayRef> {
    let (periods, kinds) = (given.texts(0)?, given.texts(1)?);
    codes((0..given.rows).map(|row| {
        let kind = kind_in(given, &kinds, row)?;
        Ok(span(&periods, row).and_then(|span| span.within(kind?)))
    }))
}

fn parts_type() -> DataType {
    DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true)))
}

fn parts(given: &Given<'_>) -> Result<ArrayRef> {
    let (periods, kinds) = (given.texts(0)?, given.texts(1)?);
    let mut lists = ListBuilder::new(StringBuilder::new());
    for row in 0..given.rows {
        let kind = kind_in(given, &kinds, row)?;
        let (Some(span), Some(kind)) = (span(&periods, row), kind) else {
            lists.append_null();
            continue;
        };
        for part in span.parts(kind) {
            lists.values().append_value(part.to_string());
        }
        lists.append(true);
    }
    Ok(Arc::new(lists.finish()))
}

/// The day on which months begin, for every row.
fn first_days<'a>(
    given: &'a Given<'_>,
    index: usize,
) -> Result<impl Fn(usize) -> Result<Option<FirstDay>> + 'a> {
    let days = given.whole_or(index, 15)?;
    let function = given.function;
    Ok(move |row| {
        let Some(day) = days(row) else {
            return Ok(None);
        };
        match u32::try_from(day).ok().and_then(FirstDay::new) {
            Some(first) => Ok(Some(first)),
            None => exec_err!("`first_day` of `{function}` is from 1 to 28, not {day}"),
        }
    })
}

fn of_day(given: &Given<'_>) -> Result<ArrayRef> {
    let (days, kinds, first) = (given.days(0)?, given.texts(1)?, first_days(given, 2)?);
    codes((0..given.rows).map(|row| {
        let (kind, first) = (kind_in(given, &kinds, row)?, first(row)?);
        let span = days
            .get(row)
            .and_then(|day| Span::holding(day, kind?, first?));
        Ok(span)
    }))
}

/// The first and the last day of the period of each row.
fn ends(
    given: &Given<'_>,
    index: usize,
) -> Result<Vec<Option<(chrono::NaiveDate, chrono::NaiveDate)>>> {
    let (periods, first) = (given.texts(0)?, first_days(given, index)?);
    let ends = (0..given.rows).map(|row| {
        let first = first(row)?;
        Ok(span(&periods, row).and_then(|span| span.days(first?)))
    });
    ends.collect()
}

fn start(given: &Given<'_>) -> Result<ArrayRef> {
    let ends = ends(given, 1)?;
    Ok(dates(ends.into_iter().map(|ends| Some(ends?.0))))
}

fn end(given: &Given<'_>) -> Result<ArrayRef> {
    let ends = ends(given, 1)?;
    Ok(dates(ends.into_iter().map(|ends| Some(ends?.1))))
}

fn contains(given: &Given<'_>) -> Result<ArrayRef> {
    let (days, ends) = (given.days(1)?, ends(given, 2)?);
    let held = ends.into_iter().enumerate().map(|(row, ends)| {
        let ((start, end), day) = (ends?, days.get(row)?);
        Some(start <= day && day <= end)
    });
    Ok(Arc::new(held.collect::<BooleanArray>()))
}
