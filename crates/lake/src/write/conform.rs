//! From the batches of a stream to the columns of a table.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, new_null_array};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, SchemaRef};
use project::DatasetName;

use crate::error::{LakeError, Result};

/// The batch with the columns of `schema`, in their order and types.
pub(super) fn conform(
    batch: &RecordBatch,
    schema: &SchemaRef,
    dataset: &DatasetName,
) -> Result<RecordBatch> {
    let given = batch.schema();
    if let Some(field) = given
        .fields()
        .iter()
        .find(|f| schema.index_of(f.name()).is_err())
    {
        return Err(LakeError::invalid(format!(
            "cannot write to dataset `{dataset}`: it has no column `{}`",
            field.name()
        )));
    }
    let mut columns = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        let column = match given.index_of(field.name()) {
            Ok(at) => convert(batch.column(at), field, dataset)?,
            Err(_) => new_null_array(field.data_type(), batch.num_rows()),
        };
        if !field.is_nullable() && column.null_count() > 0 {
            return Err(LakeError::invalid(format!(
                "cannot write to dataset `{dataset}`: column `{}` is required and has {} nulls",
                field.name(),
                column.null_count()
            )));
        }
        columns.push(column);
    }
    RecordBatch::try_new(schema.clone(), columns)
        .map_err(|error| LakeError::refused(&format!("cannot write to `{dataset}`"), error))
}

fn convert(column: &ArrayRef, field: &Field, dataset: &DatasetName) -> Result<ArrayRef> {
    if column.data_type() == field.data_type() {
        return Ok(Arc::clone(column));
    }
    let doing = format!(
        "cannot write to dataset `{dataset}`: column `{}` is `{}`, the table has `{}`",
        field.name(),
        column.data_type(),
        field.data_type()
    );
    if !is_lossless(column.data_type(), field.data_type()) {
        return Err(LakeError::invalid(doing));
    }
    let strict = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    cast_with_options(column, field.data_type(), &strict)
        .map_err(|error| LakeError::refused(&doing, error))
}

fn is_lossless(from: &DataType, to: &DataType) -> bool {
    use DataType as T;
    match (from, to) {
        (T::Null, _) => true,
        (T::Dictionary(_, value), to) => value.as_ref() == to || is_lossless(value, to),
        (T::LargeUtf8 | T::Utf8View, T::Utf8)
        | (T::LargeBinary | T::BinaryView | T::FixedSizeBinary(_), T::Binary)
        | (T::Int8 | T::UInt8, T::Int16 | T::Int32 | T::Int64)
        | (T::Int16 | T::UInt16, T::Int32 | T::Int64)
        | (T::Int32 | T::UInt32, T::Int64)
        | (T::Float32 | T::Int8 | T::Int16 | T::Int32, T::Float64) => true,
        // Counts are unsigned in the query engine; one that does not fit is refused by the cast.
        (T::UInt64, T::Int64) => true,
        // A zone only says how a moment is shown; finer units are the caller's to round.
        (T::Timestamp(a, Some(_)), T::Timestamp(b, Some(_))) => a <= b,
        (T::Decimal128(p, s), T::Decimal128(q, t)) => {
            s <= t && i16::from(*p) - i16::from(*s) <= i16::from(*q) - i16::from(*t)
        }
        _ => false,
    }
}
