//! Arrow IPC, as a stream and as a file: message by message, each bounded before it is decoded.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::SchemaRef;
use arrow_ipc::convert::fb_to_schema;
use arrow_ipc::reader::{read_dictionary, read_footer_length, read_record_batch};
use arrow_ipc::{Block, MessageHeader, MetadataVersion, root_as_footer};
use project::Contract;

use crate::batches::{Columns, Kind};
use crate::ipc_message::{METADATA_BYTES, Raw, bound};
use crate::judge::Judge;
use crate::{IngestError, Limits};

const STREAM: Kind = Kind("Arrow stream");
const FILE: Kind = Kind("Arrow file");

const BUFFER_BYTES: usize = 256 * 1024;

/// What stands at both ends of a file.
const MAGIC: &[u8] = b"ARROW1";
/// The footer's length and the magic word behind it.
const TAIL_BYTES: u64 = 10;

/// Checks an Arrow stream. One without its end mark is refused: it may have been cut off between
/// two messages, and part of a body must not land as if it were the whole.
pub(crate) fn check_stream(
    bytes: Box<dyn Read>,
    contract: &Contract,
    limits: &Limits,
    judge: &mut Judge<'_>,
) -> Result<(), IngestError> {
    let mut bytes = BufReader::with_capacity(BUFFER_BYTES, bytes);
    let Some(first) = Raw::read(&mut bytes, STREAM, limits)? else {
        return Err(STREAM.unreadable("it has no schema"));
    };
    let message = first.parsed(STREAM)?;
    let Some(schema) = message.header_as_schema() else {
        return Err(STREAM.unreadable("it does not begin with a schema"));
    };
    let mut body = Body::new(STREAM, schema, message.version(), contract, limits)?;
    while let Some(raw) = Raw::read(&mut bytes, STREAM, limits)? {
        body.take(&raw, judge)?;
    }
    let mut behind = [0];
    match bytes.read(&mut behind).map_err(IngestError::read)? {
        0 => Ok(()),
        _ => Err(STREAM.unreadable("something stands behind its end mark")),
    }
}

/// Checks an Arrow file.
pub(crate) fn check_file(
    mut file: File,
    contract: &Contract,
    limits: &Limits,
    judge: &mut Judge<'_>,
) -> Result<(), IngestError> {
    let size_bytes = file.metadata().map_err(IngestError::read)?.len();
    let footer = footer(&mut file, size_bytes)?;
    let footer =
        root_as_footer(&footer).map_err(|_| FILE.unreadable("its footer cannot be understood"))?;
    let Some(schema) = footer.schema() else {
        return Err(FILE.unreadable("it has no schema"));
    };
    let mut body = Body::new(FILE, schema, footer.version(), contract, limits)?;
    let dictionaries = footer.dictionaries().into_iter().flatten();
    let batches = footer.recordBatches().into_iter().flatten();
    // Blocks that together are longer than the file are one block named many times.
    let mut left = size_bytes;
    for block in dictionaries.chain(batches) {
        let (start, length) = place(block, size_bytes, left)?;
        left -= length;
        file.seek(SeekFrom::Start(start))
            .map_err(IngestError::read)?;
        let mut bytes = BufReader::with_capacity(BUFFER_BYTES, (&file).take(length));
        let Some(raw) = Raw::read(&mut bytes, FILE, limits)? else {
            return Err(FILE.unreadable("its footer names a message that is not there"));
        };
        body.take(&raw, judge)?;
    }
    Ok(())
}

fn footer(file: &mut File, size_bytes: u64) -> Result<Vec<u8>, IngestError> {
    let mut read = |from: u64, bytes: &mut [u8]| {
        let sought = file.seek(SeekFrom::Start(from));
        sought
            .and_then(|_| file.read_exact(bytes))
            .map_err(IngestError::read)
    };
    if size_bytes < MAGIC.len() as u64 + TAIL_BYTES {
        return Err(FILE.unreadable("it is too short"));
    }
    let mut magic = [0; MAGIC.len()];
    read(0, &mut magic)?;
    if magic != MAGIC {
        return Err(FILE.unreadable("it does not begin as one"));
    }
    let mut tail = [0; 10];
    read(size_bytes - TAIL_BYTES, &mut tail)?;
    let length = FILE.guarded(|| read_footer_length(tail))?;
    let start = (size_bytes - TAIL_BYTES).checked_sub(length as u64);
    match start {
        Some(start) if length <= METADATA_BYTES => {
            let mut footer = vec![0; length];
            read(start, &mut footer)?;
            Ok(footer)
        }
        _ => Err(FILE.unreadable("its footer is longer than can be")),
    }
}

/// Where a block begins, and how long it is: within the file, and no longer than what is left of it.
fn place(block: &Block, size_bytes: u64, left: u64) -> Result<(u64, u64), IngestError> {
    let start = u64::try_from(block.offset()).ok();
    let metadata = u64::try_from(block.metaDataLength()).ok();
    let body = u64::try_from(block.bodyLength()).ok();
    let length = metadata.zip(body).and_then(|(m, b)| m.checked_add(b));
    match start.zip(length) {
        Some((start, length)) if length <= left && start <= size_bytes - length => {
            Ok((start, length))
        }
        _ => Err(FILE.unreadable("its footer names more than the file holds")),
    }
}

struct Body<'a> {
    kind: Kind,
    schema: SchemaRef,
    version: MetadataVersion,
    columns: Columns<'a>,
    limits: &'a Limits,
    dictionaries: HashMap<i64, ArrayRef>,
    /// How many bytes each dictionary has.
    dictionary_bytes: HashMap<i64, u64>,
}

impl<'a> Body<'a> {
    fn new(
        kind: Kind,
        schema: arrow_ipc::Schema<'_>,
        version: MetadataVersion,
        contract: &'a Contract,
        limits: &'a Limits,
    ) -> Result<Self, IngestError> {
        if !schema.endianness().equals_to_target_endianness() {
            return Err(kind.unreadable("its numbers have the high byte first"));
        }
        let schema = kind.guarded(|| Ok::<_, Infallible>(fb_to_schema(schema)))?;
        let columns = Columns::new(&schema, &|_| None, contract, limits)?;
        Ok(Self {
            kind,
            schema: Arc::new(schema),
            version,
            columns,
            limits,
            dictionaries: HashMap::new(),
            dictionary_bytes: HashMap::new(),
        })
    }

    fn take(&mut self, raw: &Raw, judge: &mut Judge<'_>) -> Result<(), IngestError> {
        let kind = self.kind;
        let message = raw.parsed(kind)?;
        match message.header_type() {
            MessageHeader::DictionaryBatch => self.dictionary(raw),
            MessageHeader::RecordBatch => {
                let Some(batch) = message.header_as_record_batch() else {
                    return Err(kind.unreadable("a batch cannot be understood"));
                };
                bound(batch, &raw.body, kind, self.limits)?;
                let (schema, held) = (self.schema.clone(), &self.dictionaries);
                let version = &self.version;
                let batch = kind
                    .guarded(|| read_record_batch(&raw.body, batch, schema, held, None, version))?;
                self.columns.judge(&batch, judge)
            }
            _ => Err(kind.unreadable("it holds a message that is neither batch nor dictionary")),
        }
    }

    fn dictionary(&mut self, raw: &Raw) -> Result<(), IngestError> {
        let kind = self.kind;
        let message = raw.parsed(kind)?;
        let Some(batch) = message.header_as_dictionary_batch() else {
            return Err(kind.unreadable("a dictionary cannot be understood"));
        };
        let Some(values) = batch.data() else {
            return Err(kind.unreadable("a dictionary has no values"));
        };
        if batch.isDelta() {
            let message = format!("the {} has a dictionary that grows", kind.0);
            let hint = "Write each dictionary whole, without deltas.";
            return Err(IngestError::refused("malformed", Vec::new(), message, hint));
        }
        let size = bound(values, &raw.body, kind, self.limits)?;
        self.dictionary_bytes.insert(batch.id(), size);
        let all = self.dictionary_bytes.values();
        if all.fold(0, |sum: u64, size| sum.saturating_add(*size)) > self.limits.message_bytes {
            return Err(IngestError::body_limit(
                "message_bytes",
                self.limits.message_bytes,
            ));
        }
        let (schema, held, version) = (&self.schema, &mut self.dictionaries, &self.version);
        kind.guarded(|| read_dictionary(&raw.body, batch, schema, held, version))
    }
}

#[cfg(test)]
pub(crate) mod tests;
