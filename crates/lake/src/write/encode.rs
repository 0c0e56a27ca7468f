//! Rows as the bytes of a Parquet file: a row group at a time, its columns side by side.

use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::compute::interleave;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, ArrowWriterOptions,
    compute_leaves,
};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ParquetMetaData;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{ColumnDescPtr, ColumnPath};

use super::bounds::BOUND_BYTES;
use super::chunk::{PAGE_ROWS, chunk};
use super::coded::Coded;

/// Fewer rows are not worth another thread.
const ALONE_ROWS: usize = 16 * 1024;

/// Rows to be encoded.
pub(super) enum Rows<'a> {
    AsTheyCome(RecordBatch),
    InOrder(InOrder<'a>),
}

/// Rows of several batches, in an order.
#[derive(Clone, Copy)]
pub(super) struct InOrder<'a> {
    pub(super) batches: &'a [RecordBatch],
    /// Where each is, counted through all batches.
    pub(super) order: &'a [u32],
    /// Where each is: its batch, and its place there.
    pub(super) places: &'a [(usize, usize)],
}

impl Rows<'_> {
    fn len(&self) -> usize {
        match self {
            Self::AsTheyCome(batch) => batch.num_rows(),
            Self::InOrder(rows) => rows.order.len(),
        }
    }

    fn slice(&self, start: usize, count: usize) -> Self {
        match self {
            Self::AsTheyCome(batch) => Self::AsTheyCome(batch.slice(start, count)),
            Self::InOrder(rows) => Self::InOrder(InOrder {
                order: &rows.order[start..start + count],
                places: &rows.places[start..start + count],
                ..*rows
            }),
        }
    }

    fn order(&self) -> Option<&[u32]> {
        match self {
            Self::AsTheyCome(_) => None,
            Self::InOrder(rows) => Some(rows.order),
        }
    }

    /// A column as it came.
    fn arrays(&self, at: usize) -> impl Iterator<Item = &ArrayRef> {
        let batches = match self {
            Self::AsTheyCome(batch) => std::slice::from_ref(batch),
            Self::InOrder(rows) => rows.batches,
        };
        batches.iter().map(move |batch| batch.column(at))
    }

    /// A column in its order. It is put in order only when its turn comes, so that no two copies of
    /// all columns are in memory.
    fn column(&self, at: usize) -> Result<ArrayRef> {
        match self {
            Self::AsTheyCome(batch) => Ok(Arc::clone(batch.column(at))),
            Self::InOrder(rows) => {
                let arrays: Vec<&dyn Array> = self.arrays(at).map(AsRef::as_ref).collect();
                Ok(interleave(&arrays, rows.places)?)
            }
        }
    }
}

/// A file being encoded. No column has columns within it.
pub(super) struct Encoder {
    file: SerializedFileWriter<Vec<u8>>,
    groups: ArrowRowGroupWriterFactory,
    schema: SchemaRef,
    level: ZstdLevel,
    group_rows: usize,
    threads: usize,
    /// Columns that had too many values for a dictionary.
    many: Vec<bool>,
    /// The columns of the row group that is not full yet, and its rows.
    open: Vec<Open>,
    rows: usize,
}

/// A column that takes rows.
enum Open {
    /// Of few values so far, and what takes its rows when they are many.
    Few(Coded, Box<ArrowColumnWriter>),
    Many(Box<ArrowColumnWriter>),
}

/// A column whose rows are complete.
enum Ended {
    Few(Bytes, Box<ColumnCloseResult>),
    Many(Box<ArrowColumnChunk>),
}

/// What becomes of a column when rows were added.
enum Column {
    Open(Open),
    Ended(Ended),
}

impl Open {
    fn add(self, field: &Field, at: usize, rows: &Rows<'_>) -> Result<Self> {
        let mut writer = match self {
            Self::Many(writer) => writer,
            Self::Few(mut coded, mut writer) => {
                if coded.add(rows.arrays(at), rows.order()) {
                    return Ok(Self::Few(coded, writer));
                }
                if !coded.codes.is_empty() {
                    write(&mut writer, field, &coded.plain()?)?;
                }
                writer
            }
        };
        write(&mut writer, field, &rows.column(at)?)?;
        Ok(Self::Many(writer))
    }

    fn end(self, descriptor: &ColumnDescPtr, level: ZstdLevel) -> Result<Ended> {
        match self {
            Self::Few(coded, _) => {
                let (bytes, close) = chunk(&coded, descriptor, level)?;
                Ok(Ended::Few(bytes, Box::new(close)))
            }
            Self::Many(writer) => Ok(Ended::Many(Box::new(writer.close()?))),
        }
    }

    fn size(&self) -> usize {
        match self {
            Self::Few(coded, _) => coded.size(),
            Self::Many(writer) => writer.get_estimated_total_bytes(),
        }
    }
}

fn write(writer: &mut ArrowColumnWriter, field: &Field, values: &ArrayRef) -> Result<()> {
    for leaf in compute_leaves(field, values)? {
        writer.write(&leaf)?;
    }
    Ok(())
}

impl Encoder {
    /// Row groups have `group_rows` rows, and so many threads encode one.
    pub(super) fn new(
        schema: SchemaRef,
        level: ZstdLevel,
        group_rows: usize,
        threads: usize,
    ) -> Result<Self> {
        // Other engines know the types from the log; our own name for them is not needed.
        let options = ArrowWriterOptions::new()
            .with_properties(properties(&schema, level))
            .with_skip_arrow_metadata(true);
        let writer = ArrowWriter::try_new_with_options(Vec::new(), schema.clone(), options)?;
        let (file, groups) = writer.into_serialized_writer()?;
        Ok(Self {
            file,
            groups,
            many: vec![false; schema.fields().len()],
            schema,
            level,
            group_rows: group_rows.max(1),
            threads,
            open: Vec::new(),
            rows: 0,
        })
    }

    /// Adds rows; row groups that they fill are ended.
    pub(super) fn write(&mut self, rows: &Rows<'_>) -> Result<()> {
        let mut start = 0;
        while start < rows.len() {
            let count = (rows.len() - start).min(self.group_rows - self.rows);
            self.add(&rows.slice(start, count))?;
            start += count;
        }
        Ok(())
    }

    fn add(&mut self, rows: &Rows<'_>) -> Result<()> {
        if self.open.is_empty() {
            self.open = self.columns()?;
        }
        let count = rows.len();
        let ends = self.rows + count >= self.group_rows;
        let threads = if count < ALONE_ROWS { 1 } else { self.threads };
        let (schema, level) = (&self.schema, self.level);
        let descriptors = self.file.schema_descr().columns();
        let waiting = Mutex::new(self.open.drain(..).enumerate());
        let work = || {
            let mut done = Vec::new();
            loop {
                let mut next = waiting.lock().unwrap_or_else(PoisonError::into_inner);
                let Some((at, column)) = next.next() else {
                    return Ok(done);
                };
                drop(next);
                let column = column.add(schema.field(at), at, rows)?;
                let column = match ends {
                    true => Column::Ended(column.end(&descriptors[at], level)?),
                    false => Column::Open(column),
                };
                done.push((at, column));
            }
        };
        let mut done = side_by_side(threads, &work)?;
        drop(waiting);
        done.sort_by_key(|(at, _)| *at);
        let mut ended = Vec::new();
        for (_, column) in done {
            match column {
                Column::Open(column) => self.open.push(column),
                Column::Ended(column) => ended.push(column),
            }
        }
        self.rows += count;
        if ends {
            self.append(ended)?;
        }
        Ok(())
    }

    /// The columns of another row group.
    fn columns(&self) -> Result<Vec<Open>> {
        let group = self.file.flushed_row_groups().len();
        let writers = self.groups.create_column_writers(group)?;
        if writers.len() != self.schema.fields().len() {
            return Err(ParquetError::NYI("columns within columns".to_owned()));
        }
        let columns = writers
            .into_iter()
            .zip(self.schema.fields())
            .zip(&self.many);
        let open = |((writer, field), many): ((_, &FieldRef), &bool)| {
            let coded = Coded::new(field.data_type()).filter(|_| !many);
            let writer = Box::new(writer);
            match coded {
                Some(coded) => Open::Few(coded, writer),
                None => Open::Many(writer),
            }
        };
        Ok(columns.map(open).collect())
    }

    /// Ends the row group.
    fn append(&mut self, columns: Vec<Ended>) -> Result<()> {
        self.rows = 0;
        let mut group = self.file.next_row_group()?;
        for (column, many) in columns.into_iter().zip(&mut self.many) {
            match column {
                Ended::Few(bytes, close) => group.append_column(&bytes, *close)?,
                Ended::Many(column) => {
                    *many = true;
                    column.append_to_row_group(&mut group)?;
                }
            }
        }
        group.close()?;
        Ok(())
    }

    /// How long the file would be if it ended here.
    pub(super) fn size(&self) -> usize {
        self.file.bytes_written() + self.open.iter().map(Open::size).sum::<usize>()
    }

    /// How long the file is so far.
    pub(super) fn bytes_written(&self) -> usize {
        self.file.bytes_written()
    }

    /// The bytes that came since they were last taken; those of row groups that have ended.
    pub(super) fn take(&mut self) -> Bytes {
        std::mem::take(self.file.inner_mut()).into()
    }

    /// Ends the file; its last bytes are to be taken.
    pub(super) fn finish(&mut self) -> Result<ParquetMetaData> {
        let open = std::mem::take(&mut self.open);
        if !open.is_empty() {
            let descriptors = self.file.schema_descr().columns();
            let ended = open.into_iter().zip(descriptors);
            let ended = ended.map(|(column, descriptor)| column.end(descriptor, self.level));
            let ended = ended.collect::<Result<_>>()?;
            self.append(ended)?;
        }
        self.file.finish()
    }
}

/// Columns of few values have a dictionary of ours, and the others of those types none. What lies
/// close together, as instants and the numbers of rows do, has short differences.
fn properties(schema: &Schema, level: ZstdLevel) -> WriterProperties {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_statistics_truncate_length(Some(BOUND_BYTES))
        .set_column_index_truncate_length(Some(BOUND_BYTES))
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_created_by("dtm".to_owned());
    for field in schema.fields() {
        let path = ColumnPath::new(vec![field.name().clone()]);
        let is_instant = matches!(field.data_type(), DataType::Timestamp(..));
        if Coded::new(field.data_type()).is_some() {
            properties = properties.set_column_dictionary_enabled(path.clone(), false);
        }
        if is_instant || field.data_type().is_integer() {
            properties = properties.set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
        }
    }
    properties.build()
}

/// The work of so many threads, this one among them.
fn side_by_side<T: Send>(
    threads: usize,
    work: &(impl Fn() -> Result<Vec<T>> + Sync),
) -> Result<Vec<T>> {
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut done = work()?;
        for other in others {
            match other.join() {
                Ok(more) => done.extend(more?),
                Err(panic) => resume_unwind(panic),
            }
        }
        Ok(done)
    })
}
