//! Parquet: row groups, batch by batch.

use std::fs::File;
use std::sync::Arc;

use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::basic::Type as PhysicalType;
use project::Contract;

use crate::batches::{Columns, Kind};
use crate::judge::Judge;
use crate::{IngestError, Limits, parquet_pages};

const PARQUET: Kind = Kind("Parquet file");

/// Checks a Parquet body.
pub(crate) fn check(
    file: File,
    contract: &Contract,
    limits: &Limits,
    judge: &mut Judge<'_>,
) -> Result<(), IngestError> {
    let options = ArrowReaderOptions::new();
    let metadata = PARQUET.guarded(|| ArrowReaderMetadata::load(&file, options))?;
    let schema = metadata.schema().clone();
    // Writers disagree on whether an INT96 is an instant or a civil time.
    let int96 = |name: &str| {
        let mut leaves = metadata.parquet_schema().columns().iter();
        let is_int96 = leaves.any(|l| l.name() == name && l.physical_type() == PhysicalType::INT96);
        is_int96.then_some("Int96")
    };
    let mut columns = Columns::new(&schema, &int96, contract, limits)?;
    refuse_sizes(&metadata, limits)?;
    parquet_pages::refuse(PARQUET, &file, metadata.metadata(), limits)?;

    let options = ArrowReaderOptions::new().with_schema(Arc::new(columns.viewed(&schema)));
    let metadata = metadata.metadata().clone();
    let mut reader = PARQUET.guarded(|| {
        let metadata = ArrowReaderMetadata::try_new(metadata, options)?;
        ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata)
            .with_batch_size(limits.batch_rows)
            .build()
    })?;
    while let Some(batch) = PARQUET.guarded(|| reader.next().transpose())? {
        columns.judge(&batch, judge)?;
    }
    Ok(())
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

#[cfg(test)]
pub(crate) mod tests;
