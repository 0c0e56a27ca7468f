//! One Parquet file on its way to the store.

use std::sync::Arc;

use arrow::array::{AsArray as _, RecordBatch};
use arrow::datatypes::{DataType, Float32Type, Float64Type};
use object_store::buffered::BufWriter;
use object_store::path::Path;
use parquet::arrow::async_writer::AsyncFileWriter as _;
use parquet::basic::ZstdLevel;
use parquet::errors::ParquetError;

use super::encode::{Encoder, InOrder, Rows};
use super::order::{Order, places};
use super::{StagedFile, Target, stats};
use crate::error::{LakeError, Result};

/// Buffered before an upload in parts begins; smaller files are one put.
const PART_BYTES: usize = 8 * 1024 * 1024;
/// Parts under way at once: bounds the memory of a file.
const PARTS: usize = 3;

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
        let level = level(target.settings.zstd_level)?;
        let unbounded = vec![false; schema.fields().len()];
        let keys = target.settings.sort_by.iter();
        let order = Order::by(keys.filter_map(|name| schema.index_of(name).ok()).collect());
        let (rows, threads) = (target.settings.row_group_rows, target.settings.threads);
        let encoder =
            Encoder::new(schema, level, rows, threads).map_err(|error| failed(&path, error))?;
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
            let encoded = self.encoder.write(&Rows::AsTheyCome(batch));
            encoded.map_err(|error| failed(&self.path, error))?;
            return self.send().await;
        }
        // Each row group is put in order by itself, unless more rows come at once.
        let group_rows = self.target.settings.row_group_rows;
        let waiting: usize = self.waiting.iter().map(RecordBatch::num_rows).sum();
        let (rows, room) = (batch.num_rows(), group_rows.saturating_sub(waiting));
        if rows < room {
            self.waiting.push(batch);
            return Ok(());
        }
        let taken = if rows < group_rows { room } else { rows };
        self.waiting.push(batch.slice(0, taken));
        self.encode_sorted().await?;
        let rest = batch.slice(taken, rows - taken);
        self.waiting.extend((taken < rows).then_some(rest));
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
        let order = self.order.of(&batches).map_err(fail)?;
        let places = places(&batches, &order);
        let encoded = self.encoder.write(&Rows::InOrder(InOrder {
            batches: &batches,
            order: &order,
            places: &places,
        }));
        encoded.map_err(|error| failed(&self.path, error))?;
        self.send().await
    }
}

/// The compression, from 1 for quick to 22 for small.
pub(super) fn level(level: i32) -> Result<ZstdLevel> {
    ZstdLevel::try_new(level).map_err(|error| LakeError::refused("cannot write files", error))
}

/// `_period=2026-09/part-<id>.zstd.parquet`. The folders are for people: what a partition's value
/// is stands in the log, so that characters with a meaning in paths can be left out here.
fn path_of(target: &Target, partition: &[Option<String>]) -> String {
    let mut path = String::new();
    for (name, value) in target.partition_by.iter().zip(partition) {
        let value = value.as_deref().unwrap_or("__HIVE_DEFAULT_PARTITION__");
        path.push_str(&format!("{}={}/", plain(name), plain(value)));
    }
    let id = target.table.place().given.id();
    format!("{path}part-{}.zstd.parquet", plain(&id))
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
