use chrono::NaiveDate;
use project::ColumnType::{
    self, Boolean, Date, Decimal, Float64, Int32, Int64, String as Text, Timestamp,
};

use super::{Taken, Value};
use crate::columns::ColumnBuilder;
use crate::row_text::shown;

/// What a column of that type has where a cell holds that value, or why it has nothing.
fn read(value: &Value, column_type: ColumnType) -> String {
    let taken = Taken::of(value, column_type);
    let mut builder = ColumnBuilder::new(column_type, 1);
    match builder.push(&taken.cell()) {
        Ok(()) => shown(&builder.finish(), 0).unwrap_or_else(|| "∅".to_owned()),
        Err(fault) => format!("✗ {}", fault.message("c", None, column_type).en),
    }
}

fn refused(value: &Value, column_type: ColumnType, why: &str) {
    let answer = read(value, column_type);
    assert!(
        answer.starts_with('✗') && answer.contains(why),
        "{value:?}: {answer}"
    );
}

fn text(text: &str) -> Value {
    Value::text(text.to_owned())
}

fn moment(hour: u32, minute: u32) -> Value {
    let day = NaiveDate::from_ymd_opt(2026, 9, 15).unwrap();
    Value::Moment(day.and_hms_opt(hour, minute, 0).unwrap())
}

#[test]
fn a_number_in_a_column_of_text_is_its_digits_if_it_has_only_digits() {
    assert_eq!(read(&Value::Number(2026.0), Text), "2026");
    assert_eq!(read(&Value::Number(-5.0), Text), "-5");
    assert_eq!(
        read(&Value::Number(999_999_999_999_999.0), Text),
        "999999999999999"
    );
    refused(&Value::Number(1e15), Text, "format the column as text");
    refused(&Value::Number(1.5), Text, "format the column as text");
    refused(&Value::Bool(true), Text, "format the column as text");
    refused(&moment(0, 0), Text, "made a day of it");
    refused(&Value::NoDay(5.0), Text, "made a day of it");
}

#[test]
fn numbers_are_read_as_they_are_shown() {
    assert_eq!(read(&Value::Number(0.1 + 0.2), Decimal(18, 2)), "0.30");
    assert_eq!(
        read(&Value::Number(0.1 + 0.2), Float64),
        "0.30000000000000004"
    );
    assert_eq!(read(&Value::Number(5.0), Int32), "5");
    assert_eq!(read(&Value::Number(1.0), Boolean), "true");
    assert_eq!(read(&text("1250"), Int64), "1250");
    assert_eq!(
        read(&text("9223372036854775807"), Int64),
        "9223372036854775807"
    );
    refused(&Value::Number(5.5), Int64, "whole number");
    refused(&Value::Number(3e9), Int32, "out of the type's range");
    refused(&Value::Number(1e15), Int64, "15 digits");
    refused(&Value::Number(1e15), Decimal(18, 2), "15 digits");
    refused(&Value::Number(0.125), Decimal(18, 2), "too many digits");
    refused(&text("1.250,5"), Decimal(18, 2), "decimal");
    refused(&moment(0, 0), Int64, "made a day of it");
    refused(&moment(0, 0), Boolean, "made a day of it");
}

#[test]
fn days_are_cells_of_days_or_texts_with_the_day_first() {
    assert_eq!(read(&moment(0, 0), Date), "2026-09-15");
    assert_eq!(read(&text("2026-09-15"), Date), "2026-09-15");
    assert_eq!(read(&text("05/09/2026"), Date), "2026-09-05");
    refused(&text("09/15/2026"), Date, "expected a day");
    refused(&text("5/9/2026"), Date, "expected a day");
    refused(&text("31/02/2026"), Date, "expected a day");
    refused(&Value::Number(46_280.0), Date, "not a day");
    refused(&moment(8, 30), Date, "time of day");
    refused(&Value::NoDay(59.0), Date, "no certain day");
    refused(&Value::Span("0.5".to_owned()), Date, "span of time");
    refused(&Value::Bool(true), Date, "expected a day");
}

#[test]
fn times_are_civil_time() {
    assert_eq!(read(&moment(8, 30), Timestamp), "2026-09-15T08:30:00+07:00");
    assert_eq!(read(&moment(0, 0), Timestamp), "2026-09-15T00:00:00+07:00");
    let typed = text("15/09/2026 08:30");
    assert_eq!(read(&typed, Timestamp), "2026-09-15T08:30:00+07:00");
    let utc = text("2026-09-15T01:30:00Z");
    assert_eq!(read(&utc, Timestamp), "2026-09-15T08:30:00+07:00");
    refused(&text("15/09/2026"), Timestamp, "expected a time");
    refused(&Value::Number(46_280.5), Timestamp, "not a time");
    refused(&Value::NoDay(0.25), Timestamp, "no certain day");
}

#[test]
fn what_has_no_value_is_refused_in_every_column_and_what_nobody_sees_is_null() {
    for of in [
        Text,
        Int32,
        Int64,
        Float64,
        Decimal(6, 2),
        Boolean,
        Date,
        Timestamp,
    ] {
        refused(
            &Value::Error("#N/A".to_owned()),
            of,
            "an error of the spreadsheet",
        );
        refused(&Value::Uncomputed, of, "no result");
        refused(&Value::Span("PT1H".to_owned()), of, "span");
        assert_eq!(read(&Value::Empty, of), "∅");
        assert_eq!(read(&text(" \u{a0}\n"), of), "∅");
    }
    assert_eq!(read(&text("=1+1"), Text), "=1+1");
    assert_eq!(read(&text(" x "), Text), " x ");
}
