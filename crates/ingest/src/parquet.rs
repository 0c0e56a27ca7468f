//! Parquet: columns by name, in types that can be read without loss, batch by batch.

use std::error::Error;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::{io, iter};

use arrow::array::{ArrayRef, AsArray, RecordBatch, new_null_array};
use arrow::datatypes::{DataType, Schema};
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};
use parquet::basic::Type as PhysicalType;
use project::{ColumnType, Contract};

use crate::judge::Judge;
use crate::rows::Decoded;
use crate::{IngestError, Limits, header, lossless, row_text};

/// Strings are laid out a stretch of rows at a time. A dictionary makes a small file of long
/// values, so this bounds memory where the number of rows does not.
const STRETCH_BYTES: usize = 16 * 1024 * 1024;

/// Checks a Parquet body.
pub(crate) fn check(
    file: File,
    contract: &Contract,
    limits: &Limits,
    judge: &mut Judge<'_>,
) -> Result<(), IngestError> {
    let body = Body::open(file, contract, limits)?;
    let mut next_row = 1;
    let mut reader = body.reader;
    while let Some(batch) = guarded(|| reader.next().transpose())? {
        for stretch in stretches(&batch, next_row, limits)? {
            let rows = stretch.num_rows() as u64;
            if next_row + rows - 1 > limits.rows {
                return Err(IngestError::body_limit("rows", limits.rows));
            }
            let decoded = decode(&stretch, &body.places, next_row, contract)?;
            judge.decide(decoded, &|row, masked| {
                let slot = usize::try_from(row - next_row).unwrap_or(usize::MAX);
                row_text::of_batch(&stretch, slot, masked)
            })?;
            next_row += rows;
        }
    }
    Ok(())
}

struct Body {
    reader: ParquetRecordBatchReader,
    /// For every column of the file, its place in the contract.
    places: Vec<usize>,
}

impl Body {
    fn open(file: File, contract: &Contract, limits: &Limits) -> Result<Self, IngestError> {
        let options = ArrowReaderOptions::new();
        let metadata = guarded(|| ArrowReaderMetadata::load(&file, options))?;
        let schema = metadata.schema().clone();
        let names: Vec<String> = schema.fields().iter().map(|f| f.name().clone()).collect();
        let places = header::places(&names, contract, limits)?;
        refuse_types(&schema, &metadata, &places, contract)?;
        refuse_sizes(&metadata, limits)?;

        // Views share the bytes of equal strings: nothing is laid out before its length is known.
        let fields = schema.fields().iter().zip(&places).map(|(field, place)| {
            match contract.columns[*place].column_type {
                ColumnType::String => field.as_ref().clone().with_data_type(DataType::Utf8View),
                _ => field.as_ref().clone(),
            }
        });
        let viewed =
            Schema::new_with_metadata(fields.collect::<Vec<_>>(), schema.metadata().clone());
        let options = ArrowReaderOptions::new().with_schema(Arc::new(viewed));
        let metadata = metadata.metadata().clone();
        let reader = guarded(|| {
            let metadata = ArrowReaderMetadata::try_new(metadata, options)?;
            ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata)
                .with_batch_size(limits.batch_rows)
                .build()
        })?;
        Ok(Self { reader, places })
    }
}

fn refuse_types(
    schema: &Schema,
    metadata: &ArrowReaderMetadata,
    places: &[usize],
    contract: &Contract,
) -> Result<(), IngestError> {
    let leaves = metadata.parquet_schema().columns();
    let is_int96 = |name: &str| {
        let mut leaves = leaves.iter().filter(|leaf| leaf.name() == name);
        leaves.any(|leaf| leaf.physical_type() == PhysicalType::INT96)
    };
    let mut columns = Vec::new();
    let mut reasons = Vec::new();
    for (field, place) in schema.fields().iter().zip(places) {
        let (name, expected) = (field.name(), contract.columns[*place].column_type);
        // Writers disagree on whether an INT96 is an instant or a civil time.
        let found = if is_int96(name) {
            "Int96".to_owned()
        } else {
            field.data_type().to_string()
        };
        if found == "Int96" || !lossless::can_read(field.data_type(), expected) {
            reasons.push(format!(
                "column `{name}` is `{found}`, the contract says `{expected}`"
            ));
            columns.push(name.clone());
        }
    }
    if columns.is_empty() {
        return Ok(());
    }
    let hint = "Write the columns in the contract's types.";
    Err(IngestError::refused(
        "type",
        columns,
        reasons.join("; "),
        hint,
    ))
}

/// Refuses by what the file says of itself, before anything is read.
fn refuse_sizes(metadata: &ArrowReaderMetadata, limits: &Limits) -> Result<(), IngestError> {
    let metadata = metadata.metadata();
    let rows = u64::try_from(metadata.file_metadata().num_rows()).unwrap_or(u64::MAX);
    if rows > limits.rows {
        return Err(IngestError::body_limit("rows", limits.rows));
    }
    // A row group with more bytes than its rows may have holds a row that is too long.
    let row_bytes = i64::try_from(limits.row_bytes).unwrap_or(i64::MAX);
    let too_long = metadata.row_groups().iter().any(|group| {
        group.total_byte_size() > group.num_rows().saturating_add(1).saturating_mul(row_bytes)
    });
    if too_long {
        return Err(IngestError::body_limit(
            "row_bytes",
            limits.row_bytes as u64,
        ));
    }
    Ok(())
}

/// Cuts a batch where its strings together become too long to be laid out at once.
fn stretches(
    batch: &RecordBatch,
    first_row: u64,
    limits: &Limits,
) -> Result<Vec<RecordBatch>, IngestError> {
    let mut sizes = vec![0_usize; batch.num_rows()];
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        let Some(strings) = column.as_string_view_opt() else {
            continue;
        };
        for (row, (size, length)) in (first_row..).zip(sizes.iter_mut().zip(strings.lengths())) {
            if length as usize > limits.cell_bytes {
                return Err(IngestError::cell_limit(
                    limits.cell_bytes,
                    row,
                    field.name(),
                ));
            }
            *size += length as usize;
        }
    }
    let mut cuts = Vec::new();
    let (mut start, mut sum) = (0, 0);
    for (slot, size) in sizes.into_iter().enumerate() {
        if size > limits.row_bytes {
            let row = first_row + slot as u64;
            return Err(IngestError::row_limit("row_bytes", limits.row_bytes, row));
        }
        sum += size;
        if sum > STRETCH_BYTES {
            cuts.push(batch.slice(start, slot + 1 - start));
            (start, sum) = (slot + 1, 0);
        }
    }
    if start < batch.num_rows() {
        cuts.push(batch.slice(start, batch.num_rows() - start));
    }
    Ok(cuts)
}

fn decode(
    batch: &RecordBatch,
    places: &[usize],
    first_row: u64,
    contract: &Contract,
) -> Result<Decoded, IngestError> {
    let mut received: Vec<Option<&ArrayRef>> = vec![None; contract.columns.len()];
    for (place, column) in places.iter().zip(batch.columns()) {
        received[*place] = Some(column);
    }
    let row_numbers = (first_row..).take(batch.num_rows()).collect();
    let mut decoded = Decoded::new(Vec::new(), row_numbers);
    for (place, (column, received)) in contract.columns.iter().zip(received).enumerate() {
        let Some(received) = received else {
            let nulls = new_null_array(&column.column_type.to_arrow(), batch.num_rows());
            decoded.columns.push(nulls);
            continue;
        };
        let (array, faults) = lossless::read(received, column.column_type)?;
        for (slot, fault) in faults {
            let shown = row_text::shown(received, slot);
            decoded.fault(slot, place, contract, fault, None, shown.as_deref());
        }
        decoded.columns.push(array);
    }
    Ok(decoded)
}

/// Runs the decoder, which answers some damaged files with a panic.
fn guarded<T, E: Error + 'static>(read: impl FnOnce() -> Result<T, E>) -> Result<T, IngestError> {
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(answer) => answer.map_err(|error| broken(&error)),
        Err(_) => Err(unreadable("its pages are damaged")),
    }
}

/// An error of the decoder: the file is broken, unless the disk is.
fn broken(error: &(dyn Error + 'static)) -> IngestError {
    let causes = iter::successors(Some(error), |error| (*error).source());
    let mut disk = causes.filter_map(|error| error.downcast_ref::<io::Error>());
    match disk.next() {
        Some(disk) if disk.kind() != io::ErrorKind::UnexpectedEof => {
            let source = io::Error::new(disk.kind(), disk.to_string());
            IngestError::io("read the spooled body")(source)
        }
        _ => unreadable(&error.to_string()),
    }
}

fn unreadable(why: &str) -> IngestError {
    let message = format!("the body is no readable Parquet file: {why}");
    let hint = "Look whether the file was cut off on its way, and send it again.";
    IngestError::refused("malformed", Vec::new(), message, hint)
}

#[cfg(test)]
pub(crate) mod tests;
