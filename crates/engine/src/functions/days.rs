//! Working days, with the days off and the days worked instead handed in as lists.

use std::sync::Arc;

use calendar::WorkingDays;
use datafusion::arrow::array::{ArrayRef, BooleanArray, Int64Array};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::DocSection;

use super::function::{Argument, Function, Takes, arg};
use super::given::{Given, Lists, Made, dates, days_in};

const SECTION: DocSection = DocSection {
    include: true,
    label: "Working days",
    description: Some(
        "Monday to Friday, but for the days off that the query hands in, and with the Saturdays \
         and Sundays that are worked in exchange for others. Each is a list of days, written out \
         or taken from a code list of yours: `(select array_agg(day) from codes.days_off)`. A \
         list that is null or left out is empty. Without lists the count is the difference of \
         `refined.calendar.weekday_number`.",
    ),
};

const OFF: Argument = arg("days_off", Takes::Days, "the days that are not worked");
const WORKED: Argument = arg(
    "days_worked",
    Takes::Days,
    "the Saturdays and Sundays that are worked; a day in both lists is worked",
);

pub(super) fn functions() -> Vec<Function> {
    vec![
        Function::new(
            ("working_days", SECTION),
            "How many working days come after `from` up to `to`, which counts and `from` does not, \
             as a term in days is counted; negative where `to` comes first.",
            (
                &[
                    arg("from", Takes::Day, "the day after which is counted"),
                    arg("to", Takes::Day, "the last day that is counted"),
                    OFF,
                    WORKED,
                ],
                2,
            ),
            (DataType::Int64, between),
            include_str!("examples/working_days.sql"),
        ),
        Function::new(
            ("working_day_add", SECTION),
            "The working day to which there are so many from `day`, as `working_days` counts: \
             when a term ends, or for a negative number the last day on which something is so \
             many working days ahead. With 0 it is the day itself, or the working day before it.",
            (
                &[
                    arg("day", Takes::Day, "a civil day"),
                    arg("n", Takes::Whole, "how many working days"),
                    OFF,
                    WORKED,
                ],
                2,
            ),
            (DataType::Date32, after),
            include_str!("examples/working_day_add.sql"),
        ),
        Function::new(
            ("is_working_day", SECTION),
            "Whether the day is a working day.",
            (&[arg("day", Takes::Day, "a civil day"), OFF, WORKED], 1),
            (DataType::Boolean, is_one),
            include_str!("examples/is_working_day.sql"),
        ),
    ]
}

/// The working days of every row, made anew where its lists are others.
struct Worked<'a> {
    lists: [Lists<'a>; 2],
    made: Made<WorkingDays>,
}

impl<'a> Worked<'a> {
    fn new(given: &'a Given<'_>, index: usize) -> Result<Self> {
        let lists = [given.lists(index)?, given.lists(index + 1)?];
        let made = Made::new(&lists);
        Ok(Self { lists, made })
    }

    fn of(&mut self, row: usize) -> Result<&WorkingDays> {
        self.made.of(&self.lists, row, |lists| {
            let days = |index: usize| days_in(lists.get(index).and_then(Option::as_ref));
            Ok(WorkingDays::new(days(0)?, days(1)?))
        })
    }
}

fn between(given: &Given<'_>) -> Result<ArrayRef> {
    let (from, to, mut worked) = (given.days(0)?, given.days(1)?, Worked::new(given, 2)?);
    let counts = (0..given.rows).map(|row| {
        let (Some(from), Some(to)) = (from.get(row), to.get(row)) else {
            return Ok(None);
        };
        Ok(Some(worked.of(row)?.between(from, to)))
    });
    Ok(Arc::new(counts.collect::<Result<Int64Array>>()?))
}

fn after(given: &Given<'_>) -> Result<ArrayRef> {
    let (days, counts, mut worked) = (given.days(0)?, given.whole(1)?, Worked::new(given, 2)?);
    let reached = (0..given.rows).map(|row| {
        let (Some(day), Some(count)) = (days.get(row), counts.get(row)) else {
            return Ok(None);
        };
        Ok(worked.of(row)?.after(day, count))
    });
    let reached: Vec<_> = reached.collect::<Result<_>>()?;
    Ok(dates(reached.into_iter()))
}

fn is_one(given: &Given<'_>) -> Result<ArrayRef> {
    let (days, mut worked) = (given.days(0)?, Worked::new(given, 1)?);
    let answers = (0..given.rows).map(|row| match days.get(row) {
        Some(day) => Ok(Some(worked.of(row)?.has(day))),
        None => Ok(None),
    });
    Ok(Arc::new(answers.collect::<Result<BooleanArray>>()?))
}
