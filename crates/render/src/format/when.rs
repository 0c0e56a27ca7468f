//! Days and times.

use arrow::array::{Array, AsArray};
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType,
};
use chrono::{Duration, NaiveDate, NaiveDateTime};

use super::NOTHING;

/// Civil time in Vietnam is ahead of UTC by that many hours, all year.
const CIVIL_HOURS: i64 = 7;

pub(super) fn date(day: NaiveDate) -> String {
    day.format("%d/%m/%Y").to_string()
}

/// An instant in UTC, shown in civil time.
pub(super) fn date_time(at: NaiveDateTime) -> String {
    civil(at).format("%d/%m/%Y %H:%M:%S").to_string()
}

/// The day or instant of a cell, each in its own form; none if the type is neither.
pub(super) fn of(column: &dyn Array, row: usize) -> Option<String> {
    match column.data_type() {
        DataType::Date32 | DataType::Date64 => day_of(column, row),
        DataType::Timestamp(..) => instant_of(column, row),
        _ => None,
    }
}

/// The civil day of a cell; none if the type has no day.
pub(super) fn day_of(column: &dyn Array, row: usize) -> Option<String> {
    if column.is_null(row) {
        return has_day(column.data_type()).then(|| NOTHING.to_owned());
    }
    civil_day(column, row).map(date)
}

/// The civil time of a cell; none if the type has no time of day.
pub(super) fn instant_of(column: &dyn Array, row: usize) -> Option<String> {
    if column.is_null(row) {
        return has_time(column.data_type()).then(|| NOTHING.to_owned());
    }
    instant(column, row).map(date_time)
}

/// The civil day in a cell that is not null; none if the type has no day.
pub(crate) fn civil_day(column: &dyn Array, row: usize) -> Option<NaiveDate> {
    match column.data_type() {
        DataType::Date32 => column.as_primitive::<Date32Type>().value_as_date(row),
        DataType::Date64 => column.as_primitive::<Date64Type>().value_as_date(row),
        _ => civil_time(column, row).map(|at| at.date()),
    }
}

/// The civil time in a cell that is not null; none if the type has no time of day.
pub(crate) fn civil_time(column: &dyn Array, row: usize) -> Option<NaiveDateTime> {
    instant(column, row).map(civil)
}

/// Whether values of the type have a day.
pub(crate) fn has_day(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(..)
    )
}

/// Whether values of the type have a time of day.
pub(crate) fn has_time(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Timestamp(..))
}

/// Every timestamp of the lake is UTC; one that lost its zone in a query still is.
fn instant(column: &dyn Array, row: usize) -> Option<NaiveDateTime> {
    let DataType::Timestamp(unit, _) = column.data_type() else {
        return None;
    };
    match unit {
        TimeUnit::Second => column
            .as_primitive::<TimestampSecondType>()
            .value_as_datetime(row),
        TimeUnit::Millisecond => column
            .as_primitive::<TimestampMillisecondType>()
            .value_as_datetime(row),
        TimeUnit::Microsecond => column
            .as_primitive::<TimestampMicrosecondType>()
            .value_as_datetime(row),
        TimeUnit::Nanosecond => column
            .as_primitive::<TimestampNanosecondType>()
            .value_as_datetime(row),
    }
}

/// An instant in UTC as civil time.
pub(crate) fn civil(at: NaiveDateTime) -> NaiveDateTime {
    at.checked_add_signed(Duration::hours(CIVIL_HOURS))
        .unwrap_or(at)
}
