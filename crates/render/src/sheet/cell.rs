//! Cells of a workbook out of Arrow.

use arrow::array::{Array, AsArray};
use arrow::datatypes::DataType;
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use project::ColumnFormat;

use crate::format::{Number, is_absent, plain, when};

/// Whole numbers below it, and decimals whose digits are below it, are kept by every spreadsheet.
const FIFTEEN_DIGITS: u128 = 1_000_000_000_000_000;

/// Up to that scale a power of ten is a floating point number without rounding.
const EXACT_TENS: u32 = 22;

/// Spreadsheets know no format with more decimals.
const MOST_DECIMALS: u32 = 30;

/// A cell.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    Nothing,
    Text(String),
    /// A number that a spreadsheet would round.
    Digits(String),
    Number(f64, Look),
    Truth(bool),
}

/// How a number is shown; days and times are numbers too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Look {
    General,
    /// With that many decimals.
    Fixed(u32),
    /// With that many decimals, and its thousands apart.
    Grouped(u32),
    /// A share as a percentage with that many decimals.
    Percent(u32),
    Day(Days),
    Time(Days),
}

/// How days are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Days {
    /// 2026-09-15, for data.
    YearFirst,
    /// 15/09/2026, for documents.
    DayFirst,
}

impl Cell {
    /// A text.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A count or a version.
    pub(crate) fn whole(value: impl Into<i128>) -> Self {
        let digits = value.into();
        natural(Number::Exact { digits, scale: 0 })
    }

    /// An instant in civil time.
    pub(crate) fn instant(at: DateTime<Utc>, days: Days) -> Self {
        time(when::civil(at.naive_utc()), days)
    }

    /// The value of a cell by its type alone.
    pub(crate) fn of(column: &dyn Array, row: usize, days: Days) -> Self {
        if is_absent(column, row) {
            return Self::Nothing;
        }
        if let Some(number) = Number::of(column, row) {
            return natural(number);
        }
        match column.data_type() {
            DataType::Boolean => Self::Truth(column.as_boolean().value(row)),
            DataType::Date32 | DataType::Date64 => {
                when::civil_day(column, row).map_or(Self::Nothing, |at| day(at, days))
            }
            DataType::Timestamp(..) => {
                when::civil_time(column, row).map_or(Self::Nothing, |at| time(at, days))
            }
            _ => Self::Text(plain(column, row)),
        }
    }

    /// The value of a cell in a format of a report; none if the column's type does not have it.
    pub(crate) fn shown(column: &dyn Array, row: usize, format: ColumnFormat) -> Option<Self> {
        let data_type = column.data_type();
        let has = match format {
            ColumnFormat::Text => true,
            ColumnFormat::Integer
            | ColumnFormat::Decimal1
            | ColumnFormat::Decimal2
            | ColumnFormat::Percent1 => Number::is_type(data_type),
            ColumnFormat::Date => when::has_day(data_type),
            ColumnFormat::DateTime => when::has_time(data_type),
        };
        if data_type == &DataType::Null {
            return Some(Self::Nothing);
        }
        if !has {
            return None;
        }
        if is_absent(column, row) {
            return Some(Self::Nothing);
        }
        let number = |look| Number::of(column, row).map(|number| looking(number, look));
        match format {
            ColumnFormat::Text => Some(match Number::of(column, row) {
                // A code is no amount.
                Some(Number::Exact { digits, scale: 0 }) => Self::Text(digits.to_string()),
                _ => Self::of(column, row, Days::DayFirst),
            }),
            ColumnFormat::Integer => number(Look::Grouped(0)),
            ColumnFormat::Decimal1 => number(Look::Grouped(1)),
            ColumnFormat::Decimal2 => number(Look::Grouped(2)),
            ColumnFormat::Percent1 => number(Look::Percent(1)),
            ColumnFormat::Date => when::civil_day(column, row).map(|at| day(at, Days::DayFirst)),
            ColumnFormat::DateTime => {
                when::civil_time(column, row).map(|at| time(at, Days::DayFirst))
            }
        }
    }

    /// About how many characters wide it is shown.
    pub(crate) fn width(&self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Text(text) | Self::Digits(text) => {
                text.lines().next().unwrap_or_default().chars().count()
            }
            Self::Number(_, Look::Day(_)) => 10,
            Self::Number(_, Look::Time(_)) => 19,
            Self::Number(value, look) => {
                let whole = format!("{:.0}", value.abs()).len();
                match look {
                    Look::Fixed(decimals) => whole + *decimals as usize + 2,
                    Look::Grouped(decimals) => whole + whole / 3 + *decimals as usize + 2,
                    _ => whole.max(8) + 2,
                }
            }
            Self::Truth(_) => 5,
        }
    }
}

impl Look {
    /// The number format as workbooks write it.
    pub(crate) fn code(self) -> String {
        let decimals = |whole: &str, decimals: u32| match decimals.min(MOST_DECIMALS) {
            0 => whole.to_owned(),
            decimals => format!("{whole}.{}", "0".repeat(decimals as usize)),
        };
        match self {
            Self::General => "General".to_owned(),
            Self::Fixed(places) => decimals("0", places),
            Self::Grouped(places) => decimals("#,##0", places),
            Self::Percent(places) => decimals("0", places) + "%",
            Self::Day(Days::YearFirst) => "yyyy-mm-dd".to_owned(),
            Self::Day(Days::DayFirst) => "dd/mm/yyyy".to_owned(),
            Self::Time(Days::YearFirst) => "yyyy-mm-dd hh:mm:ss".to_owned(),
            Self::Time(Days::DayFirst) => "dd/mm/yyyy hh:mm:ss".to_owned(),
        }
    }
}

/// A number with all its digits.
fn natural(number: Number) -> Cell {
    match number {
        Number::Float(value) if value.is_finite() => Cell::Number(value, Look::General),
        Number::Float(value) => Cell::Text(value.to_string()),
        Number::Exact { digits, scale } => match nearest(digits, scale) {
            Some(value) => Cell::Number(value, Look::Fixed(scale)),
            None => Cell::Digits(number.fixed(scale).unwrap_or_default()),
        },
    }
}

/// A number whose look rounds it, as long as a spreadsheet keeps what it then shows.
fn looking(number: Number, look: Look) -> Cell {
    let shown = match look {
        Look::Percent(decimals) => number.times_hundred().fixed(decimals),
        Look::Grouped(decimals) | Look::Fixed(decimals) => number.fixed(decimals),
        Look::General | Look::Day(_) | Look::Time(_) => return natural(number),
    };
    let Some(shown) = shown else {
        return natural(number);
    };
    let digits = shown.bytes().filter(u8::is_ascii_digit).count();
    match number.to_f64() {
        Some(value) if digits <= FIFTEEN_DIGITS.ilog10() as usize => Cell::Number(value, look),
        _ if matches!(look, Look::Percent(_)) => Cell::Digits(shown + "%"),
        _ => Cell::Digits(shown),
    }
}

/// The floating point number that a spreadsheet shows as exactly these digits.
fn nearest(digits: i128, scale: u32) -> Option<f64> {
    let (mut kept, mut places) = (digits.unsigned_abs(), scale);
    while places > 0 && kept.is_multiple_of(10) {
        kept /= 10;
        places -= 1;
    }
    if kept >= FIFTEEN_DIGITS {
        return None;
    }
    let value = if places <= EXACT_TENS {
        kept as f64 / 10_f64.powi(places as i32)
    } else {
        format!("{kept}e-{places}").parse().ok()?
    };
    Some(if digits < 0 { -value } else { value })
}

fn day(at: NaiveDate, days: Days) -> Cell {
    match serial(at.and_time(NaiveTime::MIN)) {
        Some(serial) => Cell::Number(serial, Look::Day(days)),
        None => Cell::Text(at.to_string()),
    }
}

fn time(at: NaiveDateTime, days: Days) -> Cell {
    match serial(at) {
        Some(serial) => Cell::Number(serial, Look::Time(days)),
        None => Cell::Text(at.to_string()),
    }
}

/// Days since the end of 1899; none before March 1900, because spreadsheets disagree on whether
/// that February had a 29th day, and after the year 9999.
fn serial(at: NaiveDateTime) -> Option<f64> {
    let first = NaiveDate::from_ymd_opt(1900, 3, 1)?.and_time(NaiveTime::MIN);
    let end = NaiveDate::from_ymd_opt(10_000, 1, 1)?.and_time(NaiveTime::MIN);
    let zero = NaiveDate::from_ymd_opt(1899, 12, 30)?.and_time(NaiveTime::MIN);
    let since = at.signed_duration_since(zero);
    let seconds = since.num_seconds() as f64 + f64::from(since.subsec_nanos()) / 1e9;
    (first <= at && at < end).then_some(seconds / 86_400.0)
}
