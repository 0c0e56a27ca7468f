//! One Parquet file on its way to the store.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray as _, RecordBatch, Scalar};
use arrow::compute::kernels::cmp::not_distinct;
use arrow::compute::{concat, take};
use arrow::datatypes::{DataType, Float32Type, Float64Type, Schema};
use arrow::error::ArrowError;
use object_store::buffered::BufWriter;
use object_store::path::Path;
use parquet::arrow::async_writer::AsyncFileWriter as _;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;

use super::encode::Encoder;
use super::order::Order;
use super::{Codec, StagedFile, Target, stats};
use crate::error::{LakeError, Result};

/// Buffered before an upload in parts begins; smaller files are one put.
const PART_BYTES: usize = 8 * 1024 * 1024;
/// Parts under way at once: bounds the memory of a file.
const PARTS: usize = 3;
/// Longer texts are cut in statistics, the lower bound down and the upper bound up.
const STATISTICS_BYTES: usize = 64;

/// A file that takes rows.
pub(super) struct OpenFile {
    target: Arc<Target>,
    partition: Vec<Option<String>>,
    path: String,
    encoder: Encoder,
    sink: BufWriter,
    rows: usize,
    /// Rows that wait to be sorted.
    waiting: Vec<RecordBatch>,
    order: Order,
    /// Columns in which a value is not a number: they have no bounds.
    unbounded: Vec<bool>,
}

impl std::fmt::Debug for OpenFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenFile")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl OpenFile {
    pub(super) fn create(target: Arc<Target>, partition: Vec<Option<String>>) -> Result<Self> {
        let path = path_of(&target, &partition);
        let store = target.table.store().clone();
        let sink = BufWriter::with_capacity(store, Path::from(path.as_str()), PART_BYTES)
            .with_max_concurrency(PARTS);
        let schema = target.file_schema.clone();
        let properties = properties(&schema, target.settings.compression)?;
        let unbounded = vec![false; schema.fields().len()];
        let keys = target.settings.sort_by.iter();
        let order = Order::by(keys.filter_map(|name| schema.index_of(name).ok()).collect());
        let (rows, threads) = (target.settings.row_group_rows, target.settings.threads);
        let encoder = Encoder::new(schema, properties, rows, threads)
            .map_err(|error| failed(&path, error))?;
        Ok(Self {
            target,
            partition,
            path,
            encoder,
            sink,
            rows: 0,
            waiting: Vec::new(),
            order,
            unbounded,
        })
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn is_full(&self) -> bool {
        self.encoder.size() >= self.target.settings.target_file_bytes
    }

    pub(super) async fn write(&mut self, batch: RecordBatch) -> Result<()> {
        self.rows += batch.num_rows();
        for (at, column) in batch.columns().iter().enumerate() {
            self.unbounded[at] |= match column.data_type() {
                DataType::Float64 => column
                    .as_primitive::<Float64Type>()
                    .values()
                    .iter()
                    .any(|v| v.is_nan()),
                DataType::Float32 => column
                    .as_primitive::<Float32Type>()
                    .values()
                    .iter()
                    .any(|v| v.is_nan()),
                _ => false,
            };
        }
        if self.target.settings.sort_by.is_empty() {
            let columns = |at: usize, rows: Range<usize>| {
                Ok(vec![batch.column(at).slice(rows.start, rows.len())])
            };
            let encoded = self.encoder.write(batch.num_rows(), &columns);
            encoded.map_err(|error| failed(&self.path, error))?;
            return self.send().await;
        }
        self.waiting.push(batch);
        let waiting: usize = self.waiting.iter().map(RecordBatch::num_rows).sum();
        if waiting >= self.target.settings.row_group_rows {
            self.encode_sorted().await?;
        }
        Ok(())
    }

    pub(super) async fn finish(mut self) -> Result<StagedFile> {
        self.encode_sorted().await?;
        let metadata = self.encoder.finish();
        let metadata = metadata.map_err(|error| failed(&self.path, error))?;
        self.send().await?;
        let completed = self.sink.complete().await;
        completed.map_err(|error| failed(&self.path, error))?;
        let file_schema = &self.target.file_schema;
        let stats = stats::stats(&metadata, file_schema, &self.unbounded)
            .map_err(|error| failed(&self.path, error))?;
        Ok(StagedFile {
            path: self.path,
            rows: self.rows as u64,
            bytes: self.encoder.bytes_written() as u64,
            stats,
            partition_by: self.target.partition_by.clone(),
            partition: self.partition,
            schema: self.target.schema.clone(),
            sorted_by: if self.order.is_kept() {
                self.target.settings.sort_by.clone()
            } else {
                Vec::new()
            },
        })
    }

    /// Gives up the upload; nothing of the file stays.
    pub(super) async fn abort(self) -> Result<()> {
        let mut sink = self.sink;
        let doing = format!("cannot give up the file `{}`", self.path);
        sink.abort()
            .await
            .map_err(|error| LakeError::store(&doing, error))
    }

    /// Sends what was encoded to the store.
    async fn send(&mut self) -> Result<()> {
        let bytes = self.encoder.take();
        if bytes.is_empty() {
            return Ok(());
        }
        let sent = self.sink.write(bytes).await;
        sent.map_err(|error| failed(&self.path, ParquetError::External(Box::new(error))))
    }

    async fn encode_sorted(&mut self) -> Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let batches = std::mem::take(&mut self.waiting);
        let fail = |error| LakeError::internal("cannot sort the rows of a file", error);
        let indices = self.order.of(&batches).map_err(fail)?;
        // A column is put in order only when its turn comes, so that no two copies of all of them
        // are in memory.
        let columns = |at: usize, rows: Range<usize>| {
            let arrays: Vec<&ArrayRef> = batches.iter().map(|batch| batch.column(at)).collect();
            if is_constant(&arrays)? {
                return Ok(first_of(&arrays, rows.len()));
            }
            let arrays: Vec<&dyn Array> = arrays.into_iter().map(AsRef::as_ref).collect();
            let indices = indices.slice(rows.start, rows.len());
            Ok(vec![take(&concat(&arrays)?, &indices, None)?])
        };
        let encoded = self.encoder.write(indices.len(), &columns);
        encoded.map_err(|error| failed(&self.path, error))?;
        self.send().await
    }
}

/// Instants are seldom equal, and lie close together: to look each up in a dictionary is in vain,
/// and their differences are short.
fn properties(schema: &Schema, codec: Codec) -> Result<WriterProperties> {
    let mut properties = WriterProperties::builder()
        .set_compression(compression(codec)?)
        .set_statistics_truncate_length(Some(STATISTICS_BYTES))
        .set_created_by("dtm".to_owned());
    for field in schema.fields() {
        if let DataType::Timestamp(..) = field.data_type() {
            let path = ColumnPath::new(vec![field.name().clone()]);
            properties = properties
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
        }
    }
    Ok(properties.build())
}

/// Whether all rows have one value, as they do in most columns of an envelope.
fn is_constant(arrays: &[&ArrayRef]) -> Result<bool, ArrowError> {
    let Some(first) = arrays.iter().find(|array| !array.is_empty()) else {
        return Ok(true);
    };
    let value = Scalar::new(first.slice(0, 1));
    let mut known: Option<&ArrayRef> = None;
    for array in arrays {
        if known.is_some_and(|known| Arc::ptr_eq(known, array)) {
            continue;
        }
        let same = not_distinct(array, &value)?;
        if same.true_count() < array.len() {
            return Ok(false);
        }
        known = Some(array);
    }
    Ok(true)
}

/// The first rows of the arrays, so many in all.
fn first_of(arrays: &[&ArrayRef], mut rows: usize) -> Vec<ArrayRef> {
    let mut first = Vec::new();
    for array in arrays {
        let taken = array.slice(0, rows.min(array.len()));
        rows -= taken.len();
        first.push(taken);
    }
    first
}

/// Whether the compression is one.
pub(super) fn check_codec(codec: Codec) -> Result<()> {
    compression(codec).map(|_| ())
}

fn compression(codec: Codec) -> Result<Compression> {
    match codec {
        Codec::Snappy => Ok(Compression::SNAPPY),
        Codec::Zstd(level) => ZstdLevel::try_new(level)
            .map(Compression::ZSTD)
            .map_err(|error| LakeError::refused("cannot write files", error)),
    }
}

/// `_period=2026-09/part-<id>.zstd.parquet`. The folders are for people: what a partition's value
/// is stands in the log, so that characters with a meaning in paths can be left out here.
fn path_of(target: &Target, partition: &[Option<String>]) -> String {
    let mut path = String::new();
    for (name, value) in target.partition_by.iter().zip(partition) {
        let value = value.as_deref().unwrap_or("__HIVE_DEFAULT_PARTITION__");
        path.push_str(&format!("{}={}/", plain(name), plain(value)));
    }
    let suffix = match target.settings.compression {
        Codec::Zstd(_) => "zstd",
        Codec::Snappy => "snappy",
    };
    let id = target.table.place().given.id();
    format!("{path}part-{}.{suffix}.parquet", plain(&id))
}

fn plain(text: &str) -> String {
    let keep = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    text.chars()
        .map(|c| if keep(c) { c } else { '_' })
        .collect()
}

fn failed(path: &str, error: ParquetError) -> LakeError {
    let doing = format!("cannot write the file `{path}`");
    match error {
        ParquetError::External(inner) => from_io(&doing, inner),
        other => LakeError::internal(&doing, other),
    }
}

/// The upload reports errors of the store wrapped in I/O errors, once or twice.
fn from_io(doing: &str, error: Box<dyn std::error::Error + Send + Sync>) -> LakeError {
    match error.downcast::<std::io::Error>() {
        Ok(io) if io.get_ref().is_some() => match io.into_inner() {
            Some(inner) => from_io(doing, inner),
            None => LakeError::unavailable(doing),
        },
        Ok(io) => LakeError::file(doing, *io),
        Err(other) => match other.downcast::<object_store::Error>() {
            Ok(error) => LakeError::store(doing, *error),
            Err(other) => match other.downcast::<ParquetError>() {
                Ok(error) => match *error {
                    ParquetError::External(inner) => from_io(doing, inner),
                    error => LakeError::internal(doing, error),
                },
                Err(other) => LakeError::unavailable(format!("{doing}: {other}")),
            },
        },
    }
}
