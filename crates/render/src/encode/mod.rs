//! Encoders of query results: a schema and a stream of batches in, chunks of bytes out.
//!
//! What is encoded is never collected: a chunk leaves before the next batch is asked for, and
//! dropping the chunks drops the batches. An error of the batches ends the chunks with that error.
//! Two encodings hold more than a batch: Parquet a row group, XLSX a row, and its rows on disk.

mod accept;
mod csv;
mod flat;
mod ipc;
mod json;
mod origin;
mod parquet;
mod table;
mod xlsx;
mod zones;

use std::path::Path;

use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use service::{Batches, ErrorKind, QueryAnswer, QueryRequest, Result, ServiceError};

use origin::Origin;

use crate::sheet::SHEET_ROWS;

pub use table::TABLE_WIDTH;
pub(crate) use zones::by_offset;

/// Chunks of an encoded result.
pub type Chunks = BoxStream<'static, Result<Bytes>>;

/// Rows that go into one chunk at the most, so that a wide batch does not become one big chunk.
const CHUNK_ROWS: usize = 2048;

/// The media type of workbooks.
pub const XLSX_MEDIA_TYPE: &str =
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// How a query result is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// An array of objects. Decimals are numbers with all their digits, instants are ISO 8601, what
    /// JSON has no number for (NaN, infinities) is null.
    Json,
    /// An object per line.
    NdJson,
    /// RFC 4180 with a header, in UTF-8; null is an empty field. Refuses lists and structs.
    Csv,
    /// The Arrow IPC stream format.
    ArrowStream,
    /// Parquet with zstd. The footer's metadata holds the SQL, its SHA-256, the parameters, the
    /// versions read and the time, under `dtm.…`. Refuses two columns of one name.
    Parquet,
    /// A workbook: the rows, on further sheets where one is full, and a last sheet `manifest`. Times
    /// are civil, +07:00. Numbers of more than 15 digits and days before March 1900 are text; texts
    /// of more than 32,767 characters end in `[…]`, and the manifest counts them. Refuses lists and
    /// structs.
    Xlsx,
    /// Aligned columns for people, at most [`TABLE_WIDTH`] wide; [`encode_table`] takes a width.
    Table,
}

impl Encoding {
    /// Every encoding.
    pub const ALL: [Self; 7] = [
        Self::Json,
        Self::NdJson,
        Self::Csv,
        Self::ArrowStream,
        Self::Parquet,
        Self::Xlsx,
        Self::Table,
    ];

    /// The name, as the command line takes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::NdJson => "ndjson",
            Self::Csv => "csv",
            Self::ArrowStream => "arrow",
            Self::Parquet => "parquet",
            Self::Xlsx => "xlsx",
            Self::Table => "table",
        }
    }

    /// The encoding of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|encoding| encoding.as_str() == name)
    }

    /// The media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::NdJson => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::ArrowStream => "application/vnd.apache.arrow.stream",
            Self::Parquet => "application/vnd.apache.parquet",
            Self::Xlsx => XLSX_MEDIA_TYPE,
            Self::Table => "text/plain; charset=utf-8",
        }
    }

    /// The media type without parameters.
    pub fn essence(self) -> &'static str {
        let media_type = self.media_type();
        media_type.split(';').next().unwrap_or(media_type)
    }
}

/// Encodes the answer to what was asked; `spool` is a folder for what cannot leave as it comes.
/// Refuses a column whose type the encoding cannot write, before any byte.
pub fn encode(
    encoding: Encoding,
    asked: &QueryRequest,
    answer: QueryAnswer,
    spool: &Path,
) -> Result<Chunks> {
    let origin = Origin::new(asked, &answer);
    let QueryAnswer {
        schema, batches, ..
    } = answer;
    let encoder: Box<dyn Encoder> = match encoding {
        Encoding::Json => Box::new(json::Array::new()),
        Encoding::NdJson => Box::new(json::Lines::new()),
        Encoding::Csv => Box::new(csv::Csv::new(&schema)?),
        Encoding::ArrowStream => Box::new(ipc::Ipc::new(&schema).map_err(unwritten)?),
        Encoding::Parquet => Box::new(parquet::Parquet::new(&schema, &origin)?),
        Encoding::Xlsx => {
            let spool = xlsx::Spool {
                folder: spool.to_owned(),
                sheet_rows: SHEET_ROWS,
            };
            return xlsx::chunks(&schema, batches, origin, spool);
        }
        Encoding::Table => Box::new(table::Table::new(schema, TABLE_WIDTH)),
    };
    Ok(chunks(encoder, batches))
}

/// Encodes a result as aligned columns of at most `width` characters in all.
pub fn encode_table(schema: SchemaRef, batches: Batches, width: usize) -> Chunks {
    chunks(Box::new(table::Table::new(schema, width)), batches)
}

/// Writes batches to the end of a buffer.
trait Encoder: Send {
    /// Writes rows, and before the first ones what precedes them.
    fn rows(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), ArrowError>;
    /// Writes what follows the rows; if there were none, also what precedes them.
    fn end(&mut self, out: &mut Vec<u8>) -> Result<(), ArrowError>;
}

struct Running {
    encoder: Box<dyn Encoder>,
    batches: Batches,
    /// What is left of the batch at hand.
    rest: Option<RecordBatch>,
}

fn chunks(encoder: Box<dyn Encoder>, batches: Batches) -> Chunks {
    let state = Running {
        encoder,
        batches,
        rest: None,
    };
    stream::unfold(Some(state), |state| async {
        let mut state = state?;
        match next(&mut state).await {
            Ok(Step::Chunk(chunk)) => Some((Ok(chunk), Some(state))),
            Ok(Step::Last(chunk)) => Some((Ok(chunk), None)),
            Err(error) => Some((Err(error), None)),
        }
    })
    .filter(|chunk| {
        let empty = matches!(chunk, Ok(chunk) if chunk.is_empty());
        std::future::ready(!empty)
    })
    .boxed()
}

enum Step {
    Chunk(Bytes),
    Last(Bytes),
}

async fn next(state: &mut Running) -> Result<Step> {
    let mut out = Vec::new();
    let batch = match state.rest.take() {
        Some(batch) => Some(batch),
        None => state.batches.next().await.transpose()?,
    };
    let Some(batch) = batch else {
        state.encoder.end(&mut out).map_err(unwritten)?;
        return Ok(Step::Last(out.into()));
    };
    let rows = batch.num_rows().min(CHUNK_ROWS);
    if rows < batch.num_rows() {
        state.rest = Some(batch.slice(rows, batch.num_rows() - rows));
    }
    state
        .encoder
        .rows(&batch.slice(0, rows), &mut out)
        .map_err(unwritten)?;
    Ok(Step::Chunk(out.into()))
}

fn unwritten(error: ArrowError) -> ServiceError {
    ServiceError::new(ErrorKind::Internal, "cannot encode the result").caused_by(error)
}

#[cfg(test)]
mod tests;
