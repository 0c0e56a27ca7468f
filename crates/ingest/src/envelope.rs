//! The batch that rules look at: the contract's columns, the envelope, the period.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Date32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Date32Type, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use chrono::NaiveDate;
use project::Contract;

use crate::rows::Decoded;
use crate::{Envelope, PERIOD_END, PERIOD_START};

/// The schema of the batches that predicates see: the contract's columns, all of them nullable
/// (a value that cannot be read is null), the envelope, and the period's first and last day.
pub fn rule_schema(contract: &Contract) -> SchemaRef {
    let table = contract.table_schema();
    let own = contract.columns.len();
    let fields = table.fields().iter().enumerate().map(|(place, field)| {
        let nullable = field.is_nullable() || place < own;
        field.as_ref().clone().with_nullable(nullable)
    });
    let day = |name| Field::new(name, DataType::Date32, false);
    let days = [day(PERIOD_START), day(PERIOD_END)];
    Arc::new(Schema::new(fields.chain(days).collect::<Vec<_>>()))
}

/// What the envelope gives to so many rows: a column for every one behind the contract's own, but
/// for the rows' numbers.
pub(crate) fn given(
    schema: &SchemaRef,
    contract: &Contract,
    envelope: &Envelope,
    rows: usize,
) -> Result<Vec<Option<ArrayRef>>, ArrowError> {
    let fields = schema.fields()[contract.columns.len()..].iter();
    let columns = fields.map(|field| column(field.name(), envelope, rows));
    columns.collect()
}

/// The decoded rows in the schema that predicates see.
pub(crate) fn rule_batch(
    schema: &SchemaRef,
    decoded: &Decoded,
    given: Vec<Option<ArrayRef>>,
) -> Result<RecordBatch, ArrowError> {
    let mut columns = decoded.columns.clone();
    let numbers = || -> ArrayRef {
        let numbers = decoded.row_numbers.iter().map(|row| row.cast_signed());
        Arc::new(Int64Array::from_iter_values(numbers))
    };
    columns.extend(
        given
            .into_iter()
            .map(|column| column.unwrap_or_else(numbers)),
    );
    RecordBatch::try_new(schema.clone(), columns)
}

/// The column of that name; none for the rows' numbers, which differ.
fn column(name: &str, envelope: &Envelope, rows: usize) -> Result<Option<ArrayRef>, ArrowError> {
    let text = |value: &str| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(std::iter::repeat_n(
            value, rows,
        )))
    };
    let day = |on: NaiveDate| -> ArrayRef {
        Arc::new(Date32Array::from_value(
            Date32Type::from_naive_date(on),
            rows,
        ))
    };
    Ok(Some(match name {
        "_submission_id" => text(&envelope.submission_id),
        "_agency" => text(&envelope.agency),
        "_period" => text(&envelope.period),
        "_row_number" => return Ok(None),
        "_received_at" => {
            let at = envelope.received_at.timestamp_micros();
            Arc::new(TimestampMicrosecondArray::from_value(at, rows).with_timezone("UTC"))
        }
        PERIOD_START => day(envelope.period_start_on),
        PERIOD_END => day(envelope.period_end_on),
        _ => {
            let message = format!("the envelope has no column `{name}`");
            return Err(ArrowError::SchemaError(message));
        }
    }))
}
