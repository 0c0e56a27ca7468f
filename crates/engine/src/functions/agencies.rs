//! The agency that answers for a code on a day, through mergers, with the agencies handed in.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::NaiveDate;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, StringArray, StructArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Date32Type};
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::DocSection;

use super::function::{Function, Takes, arg};
use super::given::{Given, Made, number_of};

const SECTION: DocSection = DocSection {
    include: true,
    label: "Succession of agencies",
    description: Some(
        "In a transformation join `refined.agencies` instead, on `reported_code` and a day \
         `between valid_from and valid_to`: it brings names and province along, and a run follows \
         it by windows. The function is for a query that has codes and days only, and for more \
         than the two mergers in a row that `refined.agencies` follows. It takes the agencies as \
         a list:\n\n`(select array_agg(named_struct('code', code, 'successor_code', \
         successor_code, 'valid_from', valid_from, 'valid_to', valid_to)) from codes.agencies)`",
    ),
};

pub(super) fn functions() -> Vec<Function> {
    vec![Function::new(
        ("agency_at", SECTION),
        "The code of the agency that answers for `code` on the day: itself while it exists, after \
         its last day its successor, and so on; null before its first day, for a code that is not \
         in the list, and where no successor was there on the day.",
        (
            &[
                arg("code", Takes::Text, "the code of an agency"),
                arg("day", Takes::Day, "a civil day"),
                arg(
                    "agencies",
                    Takes::Rows,
                    "structs with `code`, `successor_code`, `valid_from` and `valid_to`; null, or \
                     an empty text, where there is none",
                ),
            ],
            3,
        ),
        (DataType::Utf8, at),
        include_str!("examples/agency_at.sql"),
    )]
}

/// The days of an agency, as numbers from 1970-01-01, and who comes after it.
struct Listed {
    from: i32,
    to: i32,
    successor: Option<String>,
}

/// The agencies by code, the rows of each in order of their days.
type Agencies = HashMap<String, Vec<Listed>>;

fn at(given: &Given<'_>) -> Result<ArrayRef> {
    let (codes, days) = (given.texts(0)?, given.days(1)?);
    let lists = [given.lists(2)?];
    let mut made = Made::new(&lists);
    let answers = (0..given.rows).map(|row| {
        let (Some(code), Some(day)) = (codes.get(row), days.get(row)) else {
            return Ok(None);
        };
        let agencies = made.of(&lists, row, |lists| match lists {
            [Some(list)] => agencies(given.function, list),
            _ => Ok(Agencies::new()),
        })?;
        Ok(answers_for(agencies, code, day))
    });
    Ok(Arc::new(answers.collect::<Result<StringArray>>()?))
}

fn answers_for(agencies: &Agencies, code: &str, day: NaiveDate) -> Option<String> {
    let day = number_of(day)?;
    let mut code = code;
    // The last day of the one before: it rises with every step, so that a ring comes to an end.
    let mut after = i32::MIN;
    loop {
        let rows = agencies.get(code)?;
        if rows
            .iter()
            .any(|row| after.max(row.from) <= day && day <= row.to && after < day)
        {
            return Some(code.to_owned());
        }
        let ended = rows.iter().filter(|row| after < row.to && row.to < day);
        let last = ended.max_by_key(|row| row.to)?;
        (code, after) = (last.successor.as_deref()?, last.to);
    }
}

fn agencies(function: &str, list: &ArrayRef) -> Result<Agencies> {
    let Some(rows) = list.as_struct_opt() else {
        return exec_err!("`agencies` of `{function}` is a list of structs");
    };
    let codes = field(function, rows, "code", &DataType::Utf8)?;
    let successors = field(function, rows, "successor_code", &DataType::Utf8)?;
    let from = field(function, rows, "valid_from", &DataType::Date32)?;
    let to = field(function, rows, "valid_to", &DataType::Date32)?;
    let texts = |array: &ArrayRef, row: usize| {
        let array: &StringArray = array.as_string();
        let text = array.is_valid(row).then(|| array.value(row));
        text.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let days = |array: &ArrayRef, row: usize| {
        let array = array.as_primitive::<Date32Type>();
        array.is_valid(row).then(|| array.value(row))
    };
    let mut agencies = Agencies::new();
    for row in (0..rows.len()).filter(|row| rows.is_valid(*row)) {
        let Some(code) = texts(&codes, row) else {
            continue;
        };
        agencies.entry(code).or_default().push(Listed {
            from: days(&from, row).unwrap_or(i32::MIN),
            to: days(&to, row).unwrap_or(i32::MAX),
            successor: texts(&successors, row),
        });
    }
    Ok(agencies)
}

fn field(function: &str, rows: &StructArray, name: &str, as_type: &DataType) -> Result<ArrayRef> {
    match rows.column_by_name(name) {
        Some(column) => Ok(cast(column, as_type)?),
        None => exec_err!("the structs in `agencies` of `{function}` have no `{name}`"),
    }
}
