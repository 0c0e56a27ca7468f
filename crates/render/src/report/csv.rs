//! One table of a report as CSV: labels for people, values for programs.

use std::sync::Arc;

use arrow::array::{ArrayRef, new_empty_array};
use arrow::compute::concat;
use arrow::csv::WriterBuilder;
use arrow::csv::writer::Terminator;
use arrow::datatypes::{DataType, Field, Schema};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;

use super::extract::{Column, Extract, Kind};
use crate::encode::by_offset;

/// The table as RFC 4180 has it, with every digit and with instants in UTC.
pub(super) fn csv(extract: &Extract<'_>) -> Result<Vec<u8>, ArrowError> {
    let columns = extract.columns.iter().map(|column| values(column, extract));
    let columns = columns.collect::<Result<Vec<ArrayRef>, _>>()?;
    let fields = extract.columns.iter().zip(&columns);
    let fields = fields.map(|(head, c)| Field::new(&head.label, c.data_type().clone(), true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let batch = by_offset(&RecordBatch::try_new(schema, columns)?)?;
    let mut out = Vec::new();
    let builder = WriterBuilder::new()
        .with_header(true)
        .with_line_terminator(Terminator::CRLF);
    builder.build(&mut out).write(&batch)?;
    Ok(out)
}

fn values(column: &Column<'_>, extract: &Extract<'_>) -> Result<ArrayRef, ArrowError> {
    let arrays: Vec<_> = column.arrays.iter().map(|array| array.as_ref()).collect();
    let all = match arrays.as_slice() {
        [] => new_empty_array(&DataType::Utf8),
        arrays => concat(arrays)?,
    };
    let rows = match extract.kind {
        Kind::Figures => all.len().min(1),
        Kind::Table => all.len(),
    };
    Ok(all.slice(0, rows))
}
