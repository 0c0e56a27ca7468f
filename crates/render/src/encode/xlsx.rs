//! XLSX: the rows on one sheet or several, then the manifest.
//!
//! A workbook is an archive that can only be closed when its last row is known: rows wait in
//! temporary files of the spool folder, and the finished file is sent from there.

use std::fs::File;
use std::path::PathBuf;

use arrow::array::{Array, ArrayRef};
use arrow::compute::cast;
use arrow::datatypes::{DataType, SchemaRef};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use futures::{StreamExt, TryStreamExt, stream};
use rust_xlsxwriter::XlsxError;
use service::{Batches, ErrorKind, Result, ServiceError};
use tokio_util::io::ReaderStream;

use super::Chunks;
use super::flat::flat;
use super::origin::Origin;
use crate::sheet::{Book, Cell, Days, Head, SHEET_COLUMNS};

/// Bytes of a chunk.
const CHUNK_BYTES: usize = 64 << 10;

/// The name of the first sheet; the next ones are numbered.
const ROWS: &str = "rows";

/// Where the workbook is written, and how many rows a sheet of it takes.
pub(super) struct Spool {
    pub(super) folder: PathBuf,
    pub(super) sheet_rows: u32,
}

/// The chunks of the workbook. Nothing leaves before the last row was taken, so that every error of
/// the batches comes before the first byte.
pub(super) fn chunks(
    schema: &SchemaRef,
    batches: Batches,
    origin: Origin,
    spool: Spool,
) -> Result<Chunks> {
    flat(schema, "XLSX")?;
    let columns = schema.fields().len();
    if columns > SHEET_COLUMNS {
        let message = format!(
            "cannot write the result as XLSX: it has {columns} columns, and a sheet holds \
             {SHEET_COLUMNS}"
        );
        return Err(ServiceError::new(ErrorKind::Invalid, message).hint("Select fewer columns."));
    }
    let labels = schema.fields().iter().map(|field| field.name().clone());
    let labels = labels.collect();
    let file = written(labels, batches, origin, spool);
    let chunks = stream::once(file).map_ok(|file| {
        ReaderStream::with_capacity(tokio::fs::File::from_std(file), CHUNK_BYTES)
            .map_err(|error| unspooled(&error).caused_by(error))
    });
    Ok(chunks.try_flatten().boxed())
}

/// The finished workbook, to be read from its beginning.
async fn written(
    labels: Vec<String>,
    mut batches: Batches,
    origin: Origin,
    spool: Spool,
) -> Result<File> {
    let mut writing = blocking(move || Writing::begin(labels, origin, spool)).await?;
    while let Some(batch) = batches.next().await.transpose()? {
        writing = blocking(move || {
            writing.rows(&batch)?;
            Ok(writing)
        })
        .await?;
    }
    blocking(move || writing.end()).await
}

/// Runs what waits for the disk. The writer of workbooks ends a thread by a panic when its
/// temporary file cannot be written.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failed> + Send + 'static,
) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(Failed(error))) => Err(error),
        Err(error) => Err(unspooled(&"its temporary files cannot be written").caused_by(error)),
    }
}

struct Writing {
    book: Book,
    origin: Origin,
    folder: PathBuf,
    rows: u64,
}

impl Writing {
    fn begin(labels: Vec<String>, origin: Origin, spool: Spool) -> Result<Self, Failed> {
        let mut book = Book::create(&spool.folder, origin.read_at, spool.sheet_rows)?;
        book.open(Head {
            name: ROWS.to_owned(),
            title: None,
            labels,
        })?;
        Ok(Self {
            book,
            origin,
            folder: spool.folder,
            rows: 0,
        })
    }

    fn rows(&mut self, batch: &RecordBatch) -> Result<(), Failed> {
        let columns: Vec<ArrayRef> = batch
            .columns()
            .iter()
            .map(plain)
            .collect::<Result<_, _>>()?;
        for row in 0..batch.num_rows() {
            let cells = columns
                .iter()
                .map(|column| Cell::of(column, row, Days::YearFirst));
            self.book.row(cells.collect())?;
        }
        self.rows += batch.num_rows() as u64;
        Ok(())
    }

    fn end(mut self) -> Result<File, Failed> {
        self.manifest()?;
        let mut file = tempfile::tempfile_in(&self.folder)?;
        self.book.finish(&mut file)?;
        std::io::Seek::rewind(&mut file)?;
        Ok(file)
    }

    fn manifest(&mut self) -> Result<(), XlsxError> {
        let Self {
            book, origin, rows, ..
        } = self;
        let marks = book.marks();
        book.open_manifest(["item", "name", "value"].map(str::to_owned).into())?;
        let mut line = |item: &str, name: &str, value: Cell| {
            book.row(vec![Cell::text(item), Cell::text(name), value])
        };
        line("sql", "", Cell::text(&origin.sql))?;
        line("sql_sha256", "", Cell::text(&origin.sql_sha256))?;
        for (name, value) in &origin.params {
            line("param", name, Cell::text(value))?;
        }
        for (dataset, version) in &origin.versions {
            line("version", dataset, Cell::whole(*version))?;
        }
        line("read_at", "", Cell::text(origin.read_at()))?;
        line("times_are_in", "", Cell::text("+07:00"))?;
        line("rows", "", Cell::whole(*rows))?;
        line("numbers_as_text", "", Cell::whole(marks.digits))?;
        line("texts_cut", "", Cell::whole(marks.cut))
    }
}

/// An error of the writing.
struct Failed(ServiceError);

impl From<XlsxError> for Failed {
    fn from(error: XlsxError) -> Self {
        Self(unspooled(&error).caused_by(error))
    }
}

impl From<std::io::Error> for Failed {
    fn from(error: std::io::Error) -> Self {
        Self(unspooled(&error).caused_by(error))
    }
}

impl From<ArrowError> for Failed {
    fn from(error: ArrowError) -> Self {
        Self(super::unwritten(error))
    }
}

fn unspooled(why: &dyn std::fmt::Display) -> ServiceError {
    ServiceError::new(
        ErrorKind::Unavailable,
        format!("cannot write the workbook: {why}"),
    )
    .hint("Look at the free space of the folder where results are put together, or ask for CSV.")
}

/// The column without its dictionary.
fn plain(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    match column.data_type() {
        DataType::Dictionary(_, values) => cast(column, values),
        _ => Ok(column.clone()),
    }
}

#[cfg(test)]
mod tests;
