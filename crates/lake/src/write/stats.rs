//! What the Delta log says about a file's values, from the file's own footer.

use arrow::array::{Array, ArrayRef, AsArray as _, Decimal128Array, PrimitiveArray};
use arrow::compute::{max, max_string, min, min_string, sum};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, SchemaRef, TimestampMicrosecondType,
};
use chrono::{DateTime, Days, NaiveDate};
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use parquet::errors::Result;
use parquet::file::metadata::ParquetMetaData;

/// `{"numRecords":…,"minValues":{…},"maxValues":{…},"nullCount":{…}}`. Written as text, because
/// a decimal of 38 digits is a JSON number that no Rust number holds.
pub(super) fn stats(
    metadata: &ParquetMetaData,
    schema: &SchemaRef,
    unbounded: &[bool],
) -> Result<String> {
    let descriptor = metadata.file_metadata().schema_descr();
    let groups = metadata.row_groups();
    let (mut least, mut most, mut nulls) = (Vec::new(), Vec::new(), Vec::new());
    for (field, unbounded) in schema.fields().iter().zip(unbounded) {
        let name = field.name();
        let converter = StatisticsConverter::try_new(name, schema, descriptor)?;
        let counts = converter.row_group_null_counts(groups)?;
        if counts.null_count() == 0 {
            nulls.push((name, sum(&counts).unwrap_or_default().to_string()));
        }
        let mins = converter.row_group_mins(groups)?;
        let maxes = converter.row_group_maxes(groups)?;
        // A row group without bounds has none for lack of values, or leaves the file without.
        let bounded = groups.iter().enumerate().all(|(at, group)| {
            let empty = counts.is_valid(at) && counts.value(at) == group.num_rows() as u64;
            empty || (mins.is_valid(at) && maxes.is_valid(at))
        });
        if bounded
            && !unbounded
            && let Some((low, high)) = bounds(&mins, &maxes)
        {
            least.push((name, low));
            most.push((name, high));
        }
    }
    Ok(format!(
        "{{\"numRecords\":{},\"minValues\":{},\"maxValues\":{},\"nullCount\":{}}}",
        metadata.file_metadata().num_rows(),
        object(&least),
        object(&most),
        object(&nulls)
    ))
}

fn object(members: &[(&String, String)]) -> String {
    let members: Vec<_> = members
        .iter()
        .map(|(name, value)| format!("{}:{value}", quoted(name)))
        .collect();
    format!("{{{}}}", members.join(","))
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The least of the lower and the greatest of the upper bounds, as JSON.
fn bounds(mins: &ArrayRef, maxes: &ArrayRef) -> Option<(String, String)> {
    match mins.data_type() {
        DataType::Int8 => numbers::<Int8Type>(mins, maxes),
        DataType::Int16 => numbers::<Int16Type>(mins, maxes),
        DataType::Int32 => numbers::<Int32Type>(mins, maxes),
        DataType::Int64 => numbers::<Int64Type>(mins, maxes),
        DataType::Float32 => {
            let (low, high) = ends::<Float32Type>(mins, maxes)?;
            floats(f64::from(low), f64::from(high))
        }
        DataType::Float64 => {
            let (low, high) = ends::<Float64Type>(mins, maxes)?;
            floats(low, high)
        }
        DataType::Date32 => {
            let (low, high) = ends::<Date32Type>(mins, maxes)?;
            Some((date(low)?, date(high)?))
        }
        DataType::Timestamp(_, _) => {
            let (low, high) = ends::<TimestampMicrosecondType>(mins, maxes)?;
            // The protocol keeps milliseconds: the bounds are moved apart to whole ones.
            Some((
                moment(low.div_euclid(1000))?,
                moment(high.div_euclid(1000) + up(high))?,
            ))
        }
        DataType::Decimal128(precision, scale) => {
            let (low, high) = ends::<Decimal128Type>(mins, maxes)?;
            let ends = Decimal128Array::from(vec![low, high])
                .with_precision_and_scale(*precision, *scale)
                .ok()?;
            Some((ends.value_as_string(0), ends.value_as_string(1)))
        }
        DataType::Utf8 => {
            let low = min_string(mins.as_string::<i32>())?;
            let high = max_string(maxes.as_string::<i32>())?;
            Some((quoted(low), quoted(high)))
        }
        _ => None,
    }
}

fn ends<T: ArrowPrimitiveType>(mins: &ArrayRef, maxes: &ArrayRef) -> Option<(T::Native, T::Native)>
where
    T::Native: arrow::datatypes::ArrowNativeTypeOp,
{
    let low: &PrimitiveArray<T> = mins.as_primitive_opt()?;
    let high: &PrimitiveArray<T> = maxes.as_primitive_opt()?;
    Some((min(low)?, max(high)?))
}

fn numbers<T: ArrowPrimitiveType>(mins: &ArrayRef, maxes: &ArrayRef) -> Option<(String, String)>
where
    T::Native: arrow::datatypes::ArrowNativeTypeOp + std::fmt::Display,
{
    let (low, high) = ends::<T>(mins, maxes)?;
    Some((low.to_string(), high.to_string()))
}

/// JSON has no infinity.
fn floats(low: f64, high: f64) -> Option<(String, String)> {
    let number = |value: f64| serde_json::Number::from_f64(value).map(|n| n.to_string());
    Some((number(low)?, number(high)?))
}

fn date(days: i32) -> Option<String> {
    let epoch = NaiveDate::from_ymd_opt(1970, 1, 1)?;
    let days_apart = Days::new(u64::from(days.unsigned_abs()));
    let date = if days < 0 {
        epoch.checked_sub_days(days_apart)?
    } else {
        epoch.checked_add_days(days_apart)?
    };
    Some(quoted(&date.format("%Y-%m-%d").to_string()))
}

fn moment(millis: i64) -> Option<String> {
    let moment = DateTime::from_timestamp_millis(millis)?;
    Some(quoted(&moment.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()))
}

/// One for a time that is not a whole millisecond.
fn up(micros: i64) -> i64 {
    i64::from(micros.rem_euclid(1000) != 0)
}
