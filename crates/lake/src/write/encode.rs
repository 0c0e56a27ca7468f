//! Rows as the bytes of a Parquet file: a row group at a time, its columns side by side.

use std::io;
use std::ops::Range;
use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};

use arrow::array::ArrayRef;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, ArrowWriterOptions,
    compute_leaves,
};
use parquet::basic::{Encoding, PageType};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ParquetMetaData;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;

/// Fewer rows are not worth another thread.
const ALONE_ROWS: usize = 16 * 1024;

/// Gives the values of a column, by its place, that some of the rows have, in one array or more.
pub(super) type Columns<'a> =
    &'a (dyn Fn(usize, Range<usize>) -> std::result::Result<Vec<ArrayRef>, ArrowError> + Sync);

/// A file being encoded. No column has columns within it.
pub(super) struct Encoder {
    file: SerializedFileWriter<Vec<u8>>,
    groups: ArrowRowGroupWriterFactory,
    schema: SchemaRef,
    properties: WriterProperties,
    group_rows: usize,
    threads: usize,
    /// The columns of the row group that is not full yet, and its rows.
    open: Vec<ArrowColumnWriter>,
    rows: usize,
}

/// What becomes of a column when rows were added.
enum Column {
    Open(Box<ArrowColumnWriter>),
    Ended(Box<ArrowColumnChunk>),
}

impl Encoder {
    /// Row groups have `group_rows` rows, and so many threads encode one.
    pub(super) fn new(
        schema: SchemaRef,
        properties: WriterProperties,
        group_rows: usize,
        threads: usize,
    ) -> Result<Self> {
        // Other engines know the types from the log; our own name for them is not needed.
        let options = ArrowWriterOptions::new()
            .with_properties(properties.clone())
            .with_skip_arrow_metadata(true);
        let writer = ArrowWriter::try_new_with_options(Vec::new(), schema.clone(), options)?;
        let (file, groups) = writer.into_serialized_writer()?;
        Ok(Self {
            file,
            groups,
            schema,
            properties,
            group_rows: group_rows.max(1),
            threads,
            open: Vec::new(),
            rows: 0,
        })
    }

    /// Adds so many rows; row groups that they fill are ended.
    pub(super) fn write(&mut self, rows: usize, columns: Columns<'_>) -> Result<()> {
        let mut start = 0;
        while start < rows {
            let end = rows.min(start + self.group_rows - self.rows);
            self.add(start..end, columns)?;
            start = end;
        }
        Ok(())
    }

    fn add(&mut self, rows: Range<usize>, columns: Columns<'_>) -> Result<()> {
        if self.open.is_empty() {
            let group = self.file.flushed_row_groups().len();
            self.open = self.groups.create_column_writers(group)?;
        }
        if self.open.len() != self.schema.fields().len() {
            return Err(ParquetError::NYI("columns within columns".to_owned()));
        }
        let count = rows.len();
        let ends = self.rows + count >= self.group_rows;
        let threads = if count < ALONE_ROWS { 1 } else { self.threads };
        let waiting = Mutex::new(self.open.drain(..).enumerate());
        let work = || {
            let mut done = Vec::new();
            loop {
                let mut next = waiting.lock().unwrap_or_else(PoisonError::into_inner);
                let Some((at, mut writer)) = next.next() else {
                    return Ok(done);
                };
                drop(next);
                for values in columns(at, rows.clone())? {
                    for leaf in compute_leaves(self.schema.field(at), &values)? {
                        writer.write(&leaf)?;
                    }
                }
                let column = match ends {
                    true => Column::Ended(writer.close()?.into()),
                    false => Column::Open(writer.into()),
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
                Column::Open(writer) => self.open.push(*writer),
                Column::Ended(chunk) => ended.push(*chunk),
            }
        }
        self.rows += count;
        if ends {
            self.append(ended)?;
        }
        Ok(())
    }

    /// Ends the row group. A column that was too much for its dictionary has none from here on: to
    /// look every value up in vain costs more than to write it.
    fn append(&mut self, columns: Vec<ArrowColumnChunk>) -> Result<()> {
        self.rows = 0;
        let full = columns.iter().map(is_dictionary_full);
        let full: Vec<usize> = (0..)
            .zip(full)
            .filter(|(_, full)| *full)
            .map(|(at, _)| at)
            .collect();
        let mut group = self.file.next_row_group()?;
        for column in columns {
            column.append_to_row_group(&mut group)?;
        }
        group.close()?;
        self.leave_dictionaries(&full)
    }

    /// Gives these columns no dictionary in the row groups to come.
    fn leave_dictionaries(&mut self, columns: &[usize]) -> Result<()> {
        if columns.is_empty() {
            return Ok(());
        }
        let mut properties = self.properties.clone().into_builder();
        for at in columns {
            let path = ColumnPath::new(vec![self.schema.field(*at).name().clone()]);
            properties = properties.set_column_dictionary_enabled(path, false);
        }
        self.properties = properties.build();
        // Columns take their properties from a file, and those of ours are made.
        let root = self.file.schema_descr().root_schema_ptr();
        let like = SerializedFileWriter::new(io::sink(), root, self.properties.clone().into())?;
        self.groups = ArrowRowGroupWriterFactory::new(&like, self.schema.clone());
        Ok(())
    }

    /// How long the file would be if it ended here.
    pub(super) fn size(&self) -> usize {
        let open = self.open.iter();
        let open: usize = open.map(ArrowColumnWriter::get_estimated_total_bytes).sum();
        self.file.bytes_written() + open
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
            let columns = open.into_iter().map(ArrowColumnWriter::close);
            self.append(columns.collect::<Result<_>>()?)?;
        }
        self.file.finish()
    }
}

/// Whether the first values went by a dictionary and the last, for which it had no room, did not.
fn is_dictionary_full(column: &ArrowColumnChunk) -> bool {
    let pages = column.close().metadata.page_encoding_stats();
    let mut data = pages
        .into_iter()
        .flatten()
        .filter(|page| matches!(page.page_type, PageType::DATA_PAGE | PageType::DATA_PAGE_V2));
    let first = data.next().map(|page| page.encoding);
    first == Some(Encoding::RLE_DICTIONARY) && data.any(|page| Some(page.encoding) != first)
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
