//! Parquet: a row group leaves as soon as it is full.

use std::collections::BTreeSet;

use arrow::datatypes::{DataType, IntervalUnit, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use service::{ErrorKind, Result, ServiceError};

use super::origin::Origin;
use super::{Encoder, unwritten};

/// A row group is closed when what it holds, encoded, reaches that size.
const ROW_GROUP_BYTES: usize = 16 << 20;

/// Row groups, then the footer. Its metadata says what the result was made from.
pub(super) struct Parquet {
    writer: ArrowWriter<Vec<u8>>,
    row_group_bytes: usize,
}

impl Parquet {
    pub(super) fn new(schema: &SchemaRef, origin: &Origin) -> Result<Self> {
        Self::sized(schema, origin, ROW_GROUP_BYTES)
    }

    pub(super) fn sized(
        schema: &SchemaRef,
        origin: &Origin,
        row_group_bytes: usize,
    ) -> Result<Self> {
        let mut names = BTreeSet::new();
        if let Some(twice) = schema.fields().iter().find(|f| !names.insert(f.name())) {
            let message = format!(
                "cannot write the result as Parquet: it has two columns `{}`",
                twice.name()
            );
            return Err(ServiceError::new(ErrorKind::Invalid, message)
                .hint("Give one of them another name with `as`."));
        }
        check_types(schema)?;
        let writer = ArrowWriter::try_new(Vec::new(), schema.clone(), Some(properties(origin)))
            .map_err(|error| unwritten(error.into()))?;
        Ok(Self {
            writer,
            row_group_bytes,
        })
    }

    fn take(&mut self, out: &mut Vec<u8>) {
        out.append(self.writer.inner_mut());
    }
}

impl Encoder for Parquet {
    fn rows(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), ArrowError> {
        self.writer.write(batch)?;
        if self.writer.in_progress_size() >= self.row_group_bytes {
            self.writer.flush()?;
        }
        self.take(out);
        Ok(())
    }

    fn end(&mut self, out: &mut Vec<u8>) -> Result<(), ArrowError> {
        self.writer.finish()?;
        self.take(out);
        Ok(())
    }
}

fn properties(origin: &Origin) -> WriterProperties {
    let versions = serde_json::json!(origin.versions).to_string();
    let params = serde_json::json!(origin.params).to_string();
    let pairs = [
        ("dtm.sql", origin.sql.clone()),
        ("dtm.sql_sha256", origin.sql_sha256.clone()),
        ("dtm.params", params),
        ("dtm.versions", versions),
        ("dtm.read_at", origin.read_at()),
    ];
    let pairs = pairs.map(|(key, value)| KeyValue::new(key.to_owned(), value));
    WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_key_value_metadata(Some(pairs.into()))
        .build()
}

/// Refuses a column that the writer has no form for.
fn check_types(schema: &Schema) -> Result<()> {
    let refused = schema.fields().iter().find(|f| is_unknown(f.data_type()));
    let Some(field) = refused else {
        return Ok(());
    };
    let message = format!(
        "cannot write column `{}` as Parquet: it is a `{}`",
        field.name(),
        field.data_type()
    );
    Err(ServiceError::new(ErrorKind::Invalid, message).hint("Cast the column in the query."))
}

fn is_unknown(data_type: &DataType) -> bool {
    match data_type {
        DataType::Interval(IntervalUnit::MonthDayNano)
        | DataType::Union(..)
        | DataType::RunEndEncoded(..) => true,
        DataType::List(of)
        | DataType::LargeList(of)
        | DataType::FixedSizeList(of, _)
        | DataType::Map(of, _) => is_unknown(of.data_type()),
        DataType::Struct(parts) => parts.iter().any(|part| is_unknown(part.data_type())),
        DataType::Dictionary(_, values) => is_unknown(values),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
