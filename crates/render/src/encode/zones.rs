//! Instants that can be written without a time zone database.

use std::sync::Arc;

use arrow::array::{ArrayRef, make_array};
use arrow::datatypes::{DataType, Schema};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;

/// Zero offset: written as `Z`.
const OFFSET: &str = "+00:00";

/// The batch with its UTC instants labelled by offset. Arrow resolves the name `UTC` only where a
/// build turns its time zone database on, which a light build does not.
pub(crate) fn by_offset(batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let schema = batch.schema();
    if !schema
        .fields()
        .iter()
        .any(|field| relabelled(field.data_type()).is_some())
    {
        return Ok(batch.clone());
    }
    let fields = schema
        .fields()
        .iter()
        .map(|field| match relabelled(field.data_type()) {
            Some(data_type) => field.as_ref().clone().with_data_type(data_type),
            None => field.as_ref().clone(),
        });
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let columns = batch
        .columns()
        .iter()
        .map(relabel)
        .collect::<Result<_, _>>()?;
    RecordBatch::try_new(schema, columns)
}

fn relabel(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let Some(data_type) = relabelled(column.data_type()) else {
        return Ok(column.clone());
    };
    Ok(make_array(
        column
            .to_data()
            .into_builder()
            .data_type(data_type)
            .build()?,
    ))
}

fn relabelled(data_type: &DataType) -> Option<DataType> {
    match data_type {
        DataType::Timestamp(unit, Some(zone)) if zone.eq_ignore_ascii_case("utc") => {
            Some(DataType::Timestamp(*unit, Some(OFFSET.into())))
        }
        _ => None,
    }
}
