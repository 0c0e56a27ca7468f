//! The values of a column, in order and counted.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float64Type, Int64Type, TimeUnit,
    TimestampMicrosecondType,
};
use chrono::{DateTime, NaiveDate, SecondsFormat, TimeDelta};
use polars::prelude::{
    ChunkSort, Float64Chunked, Int64Chunked, NewChunkedArray, PlSmallStr, SortOptions,
    StringChunked,
};

use crate::Result;

/// A longer text is shown by its beginning.
const SHOWN_CHARS: usize = 100;

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Whole numbers, decimals, floating point.
    Number,
    /// Civil days; on the number line, days since 1970.
    Day,
    /// Instants; on the number line, microseconds since 1970.
    Instant,
    /// True and false.
    Boolean,
    /// Texts.
    Text,
    /// Lists, structs, bytes and what else has no order here: only rows and nulls are counted.
    Other,
}

impl Kind {
    /// A place on the number line as people read a value of that kind.
    pub fn shown(self, at: f64) -> String {
        match self {
            Self::Day => day(at as i64),
            Self::Instant => instant(at as i64),
            _ => at.to_string(),
        }
    }

    /// Whether between two values there may be none: they are shown and counted by whole steps.
    pub(crate) fn is_stepped(self) -> bool {
        matches!(self, Self::Day | Self::Instant)
    }
}

/// The values of one column.
#[derive(Debug, Clone)]
pub struct Values {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) rows: u64,
    pub(crate) nulls: u64,
    /// NaN and the infinities, which are on no number line.
    pub(crate) not_finite: u64,
    /// Every value that is there once, in order.
    pub(crate) runs: Vec<Run>,
    /// The finite numbers, days and instants, ascending.
    pub(crate) line: Option<Float64Chunked>,
}

/// A value and the rows that have it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Run {
    pub(crate) shown: String,
    pub(crate) at: Option<f64>,
    pub(crate) rows: u64,
}

impl Values {
    /// The values of a column that lies in several arrays of one type.
    ///
    /// # Errors
    /// `Arrow` when a column cannot be read.
    pub fn of(name: &str, arrays: &[ArrayRef]) -> Result<Self> {
        let count = |of: &dyn Fn(&ArrayRef) -> usize| arrays.iter().map(of).sum::<usize>() as u64;
        let data_type = arrays.first().map(|array| array.data_type().clone());
        let mut values = Self {
            name: name.to_owned(),
            kind: Kind::Other,
            rows: count(&|array| array.len()),
            nulls: count(&|array| array.logical_null_count()),
            not_finite: 0,
            runs: Vec::new(),
            line: None,
        };
        values.read(data_type.unwrap_or(DataType::Null), arrays)?;
        Ok(values)
    }

    fn read(&mut self, data_type: DataType, arrays: &[ArrayRef]) -> Result<()> {
        match data_type {
            DataType::Dictionary(_, value) => {
                let plain = arrays.iter().map(|array| cast(array, &value));
                let plain = plain.collect::<Result<Vec<ArrayRef>, _>>()?;
                self.read(*value, &plain)?;
            }
            DataType::UInt64 => self.decimals(arrays, 20, 0)?,
            DataType::Decimal128(precision, scale) => self.decimals(arrays, precision, scale)?,
            whole if whole.is_integer() => {
                let numbers = as_integers(arrays, &[DataType::Int64])?;
                self.integers(Kind::Number, numbers, &|n| n.to_string());
            }
            DataType::Float16 | DataType::Float32 | DataType::Float64 => self.floats(arrays)?,
            DataType::Date32 | DataType::Date64 => {
                let days = as_integers(arrays, &[DataType::Date32, DataType::Int32])?;
                self.integers(Kind::Day, days, &day);
            }
            DataType::Timestamp(_, zone) => {
                let micros = DataType::Timestamp(TimeUnit::Microsecond, zone);
                let instants = as_integers(arrays, &[micros])?;
                self.integers(Kind::Instant, instants, &instant);
            }
            DataType::Boolean => self.booleans(arrays),
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => self.texts(arrays)?,
            _ => {}
        }
        Ok(())
    }

    fn integers(&mut self, kind: Kind, values: Vec<i64>, shown: &dyn Fn(i64) -> String) {
        let values = Int64Chunked::from_vec(PlSmallStr::EMPTY, values).sort_with(ascending());
        let mut line = Vec::with_capacity(values.len());
        let mut last = None;
        for value in values.iter().flatten() {
            line.push(value as f64);
            self.count(last == Some(value), || (shown(value), Some(value as f64)));
            last = Some(value);
        }
        self.kind = kind;
        self.line = Some(Float64Chunked::from_vec(PlSmallStr::EMPTY, line));
    }

    fn floats(&mut self, arrays: &[ArrayRef]) -> Result<()> {
        let mut values = Vec::new();
        for array in arrays {
            let array = cast(array, &DataType::Float64)?;
            // There is one zero: `-0` is not another value.
            let floats = array.as_primitive::<Float64Type>().iter().flatten();
            values.extend(floats.map(|value| value + 0.0));
        }
        let values = Float64Chunked::from_vec(PlSmallStr::EMPTY, values).sort_with(ascending());
        let mut line = Vec::with_capacity(values.len());
        let mut last: Option<f64> = None;
        for value in values.iter().flatten() {
            let same = last.is_some_and(|last| last == value || (last.is_nan() && value.is_nan()));
            if value.is_finite() {
                line.push(value);
            } else {
                self.not_finite += 1;
            }
            let at = value.is_finite().then_some(value);
            self.count(same, || (value.to_string(), at));
            last = Some(value);
        }
        self.kind = Kind::Number;
        self.line = Some(Float64Chunked::from_vec(PlSmallStr::EMPTY, line));
        Ok(())
    }

    /// Decimals keep every digit where they are shown; on the number line they are floating point.
    fn decimals(&mut self, arrays: &[ArrayRef], precision: u8, scale: i8) -> Result<()> {
        let data_type = DataType::Decimal128(precision, scale);
        let mut values = Vec::new();
        for array in arrays {
            let array = cast(array, &data_type)?;
            values.extend(array.as_primitive::<Decimal128Type>().iter().flatten());
        }
        // Polars has no whole numbers of 128 bits without a feature that nothing else needs.
        values.sort_unstable();
        let unit = 10_f64.powi(i32::from(scale));
        let mut line = Vec::with_capacity(values.len());
        let mut last = None;
        for value in values {
            let at = value as f64 / unit;
            line.push(at);
            let shown = || (decimal(value, scale), Some(at));
            self.count(last == Some(value), shown);
            last = Some(value);
        }
        self.kind = Kind::Number;
        self.line = Some(Float64Chunked::from_vec(PlSmallStr::EMPTY, line));
        Ok(())
    }

    fn booleans(&mut self, arrays: &[ArrayRef]) {
        self.kind = Kind::Boolean;
        let all = || {
            arrays
                .iter()
                .flat_map(|array| array.as_boolean().iter().flatten())
        };
        for value in [false, true] {
            let rows = all().filter(|found| *found == value).count() as u64;
            if rows > 0 {
                let shown = value.to_string();
                self.runs.push(Run {
                    shown,
                    at: None,
                    rows,
                });
            }
        }
    }

    fn texts(&mut self, arrays: &[ArrayRef]) -> Result<()> {
        let mut texts = Vec::new();
        for array in arrays {
            texts.push(cast(array, &DataType::LargeUtf8)?);
        }
        let all = texts
            .iter()
            .flat_map(|array| array.as_string::<i64>().iter().flatten());
        let sorted = StringChunked::from_iter_values(PlSmallStr::EMPTY, all).sort_with(ascending());
        let mut last = None;
        for text in sorted.iter().flatten() {
            self.count(last == Some(text), || (cut(text), None));
            last = Some(text);
        }
        self.kind = Kind::Text;
        Ok(())
    }

    /// One more row of the value before, or the first of another.
    fn count(&mut self, same: bool, value: impl FnOnce() -> (String, Option<f64>)) {
        match self.runs.last_mut() {
            Some(run) if same => run.rows += 1,
            _ => {
                let (shown, at) = value();
                self.runs.push(Run { shown, at, rows: 1 });
            }
        }
    }
}

/// In order, on this thread alone: whoever profiles may be one of many.
fn ascending() -> SortOptions {
    SortOptions::default().with_multithreaded(false)
}

/// The values that are there, by way of those types, as whole numbers.
fn as_integers(arrays: &[ArrayRef], by_way_of: &[DataType]) -> Result<Vec<i64>> {
    let mut values = Vec::new();
    for array in arrays {
        let mut array = ArrayRef::clone(array);
        for data_type in by_way_of {
            array = cast(&array, data_type)?;
        }
        match array.data_type() {
            DataType::Timestamp(_, _) => {
                values.extend(
                    array
                        .as_primitive::<TimestampMicrosecondType>()
                        .iter()
                        .flatten(),
                );
            }
            DataType::Date32 => {
                let days = array.as_primitive::<Date32Type>().iter().flatten();
                values.extend(days.map(i64::from));
            }
            _ => {
                let numbers = cast(&array, &DataType::Int64)?;
                values.extend(numbers.as_primitive::<Int64Type>().iter().flatten());
            }
        }
    }
    Ok(values)
}

fn day(days: i64) -> String {
    let since = TimeDelta::try_days(days);
    let day = since.and_then(|since| NaiveDate::default().checked_add_signed(since));
    day.map_or_else(|| days.to_string(), |day| day.to_string())
}

fn instant(micros: i64) -> String {
    let instant = DateTime::from_timestamp_micros(micros);
    instant.map_or_else(
        || micros.to_string(),
        |instant| instant.to_rfc3339_opts(SecondsFormat::AutoSi, true),
    )
}

fn decimal(value: i128, scale: i8) -> String {
    let Some(scale) = usize::try_from(scale).ok().filter(|scale| *scale > 0) else {
        let zeros = "0".repeat(usize::from(scale.unsigned_abs()));
        return if value == 0 {
            "0".to_owned()
        } else {
            format!("{value}{zeros}")
        };
    };
    let sign = if value < 0 { "-" } else { "" };
    let digits = format!("{:0width$}", value.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    format!("{sign}{whole}.{fraction}")
}

/// The text, or as much of its beginning as is shown.
fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
