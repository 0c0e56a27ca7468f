//! Days and times.

use arrow::array::{Array, AsArray};
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType,
};
use chrono::{DateTime, Datelike, Duration, NaiveDate, NaiveDateTime, Timelike, Utc};
use icu_calendar::{Date, Gregorian};
use icu_datetime::fieldsets::{YMD, YMDT};
use icu_datetime::input;
use icu_datetime::options::{Alignment, YearStyle};
use icu_datetime::preferences::HourCycle;
use icu_datetime::{DateTimeFormatterPreferences, FixedCalendarDateTimeFormatter};

use super::{Language, NOTHING};

/// Civil time in Vietnam is ahead of UTC by that many hours, all year.
const CIVIL_HOURS: i64 = 7;

type Formatter<Fields> = FixedCalendarDateTimeFormatter<Gregorian, Fields>;

/// How a language writes days and times.
pub(super) struct When {
    days: Formatter<YMD>,
    times: Formatter<YMDT>,
}

impl When {
    /// None if the language has no patterns.
    pub(super) fn new(language: Language) -> Option<Self> {
        // `en` alone would be American, where the month stands before the day.
        let (locale, fields) = match language {
            Language::Vi => ("vi-VN", YMD::short()),
            Language::En => ("en-GB", YMD::medium()),
        };
        let locale = locale.parse().ok()?;
        let mut preferences = DateTimeFormatterPreferences::from_locale_strict(&locale)
            .unwrap_or_else(|lenient| lenient);
        preferences.hour_cycle = Some(HourCycle::Clock24);
        // Columns of days are read downwards, so every one has as many digits.
        let fields = fields
            .with_alignment(Alignment::Column)
            .with_year_style(YearStyle::Full);
        Some(Self {
            days: Formatter::try_new(preferences, fields).ok()?,
            times: Formatter::try_new(preferences, fields.with_time_hms()).ok()?,
        })
    }

    pub(super) fn date(&self, day: NaiveDate) -> String {
        match gregorian(day) {
            Some(date) => self.days.format(&date).to_string(),
            None => day.to_string(),
        }
    }

    /// An instant, shown in civil time.
    pub(super) fn date_time(&self, at: DateTime<Utc>) -> String {
        self.civil_time(civil(at.naive_utc()))
    }

    /// The day or instant of a cell, each in its own form; none if the type is neither.
    pub(super) fn of(&self, column: &dyn Array, row: usize) -> Option<String> {
        match column.data_type() {
            DataType::Date32 | DataType::Date64 => self.day_of(column, row),
            DataType::Timestamp(..) => self.instant_of(column, row),
            _ => None,
        }
    }

    /// The civil day of a cell; none if the type has no day.
    pub(super) fn day_of(&self, column: &dyn Array, row: usize) -> Option<String> {
        if column.is_null(row) {
            return has_day(column.data_type()).then(|| NOTHING.to_owned());
        }
        civil_day(column, row).map(|day| self.date(day))
    }

    /// The civil time of a cell; none if the type has no time of day.
    pub(super) fn instant_of(&self, column: &dyn Array, row: usize) -> Option<String> {
        if column.is_null(row) {
            return has_time(column.data_type()).then(|| NOTHING.to_owned());
        }
        civil_time(column, row).map(|at| self.civil_time(at))
    }

    fn civil_time(&self, at: NaiveDateTime) -> String {
        let time = input::Time::try_new(
            u8::try_from(at.hour()).unwrap_or_default(),
            u8::try_from(at.minute()).unwrap_or_default(),
            u8::try_from(at.second()).unwrap_or_default(),
            0,
        );
        match (gregorian(at.date()), time) {
            (Some(date), Ok(time)) => self
                .times
                .format(&input::DateTime { date, time })
                .to_string(),
            _ => at.to_string(),
        }
    }
}

/// None for a year that calendars do not reach.
fn gregorian(day: NaiveDate) -> Option<Date<Gregorian>> {
    let month = u8::try_from(day.month()).ok()?;
    Date::try_new_gregorian(day.year(), month, u8::try_from(day.day()).ok()?).ok()
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

pub(crate) fn civil(at: NaiveDateTime) -> NaiveDateTime {
    at.checked_add_signed(Duration::hours(CIVIL_HOURS))
        .unwrap_or(at)
}
