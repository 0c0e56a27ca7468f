//! Typed columns into the contract's types, only where every value survives.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, TimestampMicrosecondArray};
use arrow::compute::{CastOptions, cast_with_options, nullif};
use arrow::datatypes::{DataType, Date32Type, Float64Type, TimeUnit, TimestampMicrosecondType};
use arrow::error::ArrowError;
use project::ColumnType;

use crate::cell::{Cell, FINITE, Fault, RANGE};
use crate::columns::ColumnBuilder;
use crate::time::{self, CIVIL_OFFSET_MICROS, YEAR};
use crate::words;

/// Values that cannot be kept, by place.
type Faults = Vec<(usize, Fault)>;

/// Whether a column of that type can be read as the contract's.
pub(crate) fn can_read(from: &DataType, to: ColumnType) -> bool {
    use DataType as D;
    if let D::Dictionary(_, values) = from {
        return can_read(values, to);
    }
    match to {
        ColumnType::String => matches!(from, D::Utf8 | D::LargeUtf8 | D::Utf8View),
        ColumnType::Int32 => is_small_integer(from) || *from == D::Int32,
        ColumnType::Int64 => {
            is_small_integer(from) || matches!(from, D::Int32 | D::UInt32 | D::Int64)
        }
        ColumnType::Float64 => {
            is_small_integer(from)
                || matches!(
                    from,
                    D::Int32 | D::UInt32 | D::Float16 | D::Float32 | D::Float64
                )
        }
        ColumnType::Decimal(precision, scale) => digits(from).is_some_and(|(whole, fraction)| {
            fraction <= i16::from(scale) && whole <= i16::from(precision) - i16::from(scale)
        }),
        ColumnType::Boolean => *from == D::Boolean,
        ColumnType::Date => matches!(from, D::Date32),
        ColumnType::Timestamp => matches!(from, D::Timestamp(..)),
    }
}

fn is_small_integer(from: &DataType) -> bool {
    matches!(
        from,
        DataType::Int8 | DataType::Int16 | DataType::UInt8 | DataType::UInt16
    )
}

/// The most digits before and behind the decimal point.
fn digits(from: &DataType) -> Option<(i16, i16)> {
    use DataType as D;
    match from {
        D::Int8 | D::UInt8 => Some((3, 0)),
        D::Int16 | D::UInt16 => Some((5, 0)),
        D::Int32 | D::UInt32 => Some((10, 0)),
        D::Int64 => Some((19, 0)),
        D::Decimal32(precision, scale)
        | D::Decimal64(precision, scale)
        | D::Decimal128(precision, scale)
        | D::Decimal256(precision, scale) => {
            Some((i16::from(*precision) - i16::from(*scale), i16::from(*scale)))
        }
        _ => None,
    }
}

/// The column in the contract's type; a value that cannot be kept is null.
pub(crate) fn read(from: &ArrayRef, to: ColumnType) -> Result<(ArrayRef, Faults), ArrowError> {
    match to {
        ColumnType::String => strings(from),
        ColumnType::Timestamp => timestamps(from),
        _ => plain(from, to),
    }
}

fn plain(from: &ArrayRef, to: ColumnType) -> Result<(ArrayRef, Faults), ArrowError> {
    let array = cast(from, &to.to_arrow())?;
    let mut faults = lost(from, &array);
    let array = match to {
        ColumnType::Float64 => {
            let values = array.as_primitive::<Float64Type>();
            let infinite = BooleanArray::from_unary(values, |value| !value.is_finite());
            without(&array, &infinite, FINITE, &mut faults)?
        }
        ColumnType::Date => {
            let days = array.as_primitive::<Date32Type>();
            let insane = BooleanArray::from_unary(days, |day| !time::is_sane_day(day));
            without(&array, &insane, YEAR, &mut faults)?
        }
        _ => array,
    };
    Ok((array, faults))
}

fn strings(from: &ArrayRef) -> Result<(ArrayRef, Faults), ArrowError> {
    let laid_out = cast(from, &DataType::Utf8)?;
    let texts = laid_out.as_string::<i32>();
    let (start, end) = (texts.value_offsets()[0], texts.value_offsets()[texts.len()]);
    // Nothing in it is written another way than we do.
    if words::are_printable(&texts.value_data()[start as usize..end as usize]) {
        return Ok((laid_out, Faults::new()));
    }
    let mut builder = ColumnBuilder::new(ColumnType::String, texts.len());
    let mut faults = Faults::new();
    for (slot, text) in texts.iter().enumerate() {
        let cell = text.map_or(Cell::Null, |text| Cell::Text(text.into()));
        if let Err(fault) = builder.push(&cell) {
            faults.push((slot, fault));
        }
    }
    Ok((builder.finish(), faults))
}

/// Instants; a time without a zone is civil time.
fn timestamps(from: &ArrayRef) -> Result<(ArrayRef, Faults), ArrowError> {
    let civil = match from.data_type() {
        DataType::Timestamp(_, zone) => zone.is_none(),
        DataType::Dictionary(_, values) => matches!(**values, DataType::Timestamp(_, None)),
        _ => false,
    };
    let zone = if civil { None } else { Some("UTC".into()) };
    let micros = cast(from, &DataType::Timestamp(TimeUnit::Microsecond, zone))?;
    let mut faults = lost(from, &micros);
    let micros = micros.as_primitive::<TimestampMicrosecondType>();
    let ahead = if civil { CIVIL_OFFSET_MICROS } else { 0 };
    let utc: TimestampMicrosecondArray = micros.unary(|at| at.saturating_sub(ahead));
    let insane = BooleanArray::from_unary(&utc, |at| !time::is_sane_instant(at));
    let utc: ArrayRef = Arc::new(utc.with_timezone("UTC"));
    Ok((without(&utc, &insane, YEAR, &mut faults)?, faults))
}

fn cast(from: &ArrayRef, to: &DataType) -> Result<ArrayRef, ArrowError> {
    let options = CastOptions {
        safe: true,
        ..CastOptions::default()
    };
    cast_with_options(from, to, &options)
}

/// The values that the cast could not keep.
fn lost(from: &ArrayRef, to: &ArrayRef) -> Faults {
    if from.logical_null_count() == to.null_count() {
        return Faults::new();
    }
    let before = from.logical_nulls();
    let was_valid = |slot: &usize| before.as_ref().is_none_or(|nulls| nulls.is_valid(*slot));
    let slots = (0..to.len())
        .filter(|slot| to.is_null(*slot))
        .filter(was_valid);
    slots.map(|slot| (slot, RANGE)).collect()
}

/// The column with null where `insane` is true.
fn without(
    array: &ArrayRef,
    insane: &BooleanArray,
    fault: Fault,
    faults: &mut Faults,
) -> Result<ArrayRef, ArrowError> {
    if insane.true_count() == 0 {
        return Ok(array.clone());
    }
    let slots = (0..insane.len()).filter(|slot| insane.is_valid(*slot) && insane.value(*slot));
    faults.extend(slots.map(|slot| (slot, fault)));
    nullif(array, insane)
}

#[cfg(test)]
mod tests;
