//! A message of Arrow IPC, held against its own bytes before the decoder sees it: the decoder
//! allocates what a length says, whatever there is.

use std::io::{self, Read};

use arrow::buffer::{Buffer, MutableBuffer};
use arrow_ipc::{CompressionType, Message, RecordBatch, root_as_message};
use lz4_flex::frame::FrameDecoder;

use crate::batches::Kind;
use crate::{IngestError, Limits};

/// What a message says of itself is the schema at most, or a few numbers for every column.
pub(crate) const METADATA_BYTES: usize = 16 * 1024 * 1024;

const CONTINUATION: [u8; 4] = [0xff; 4];

/// Bytes are taken so many at a time, so that memory follows what is there.
const CHUNK_BYTES: usize = 256 * 1024;

/// A message as it stands in the body.
pub(crate) struct Raw {
    metadata: Vec<u8>,
    /// The buffers that it speaks of.
    pub(crate) body: Buffer,
}

impl Raw {
    /// The next message; none at the mark that ends a stream.
    pub(crate) fn read(
        bytes: &mut dyn Read,
        kind: Kind,
        limits: &Limits,
    ) -> Result<Option<Self>, IngestError> {
        let mut prefix = word(bytes, kind)?;
        if prefix == CONTINUATION {
            prefix = word(bytes, kind)?;
        }
        let length = u32::from_le_bytes(prefix) as usize;
        if length == 0 {
            return Ok(None);
        }
        if length > METADATA_BYTES {
            return Err(kind.unreadable("a message describes itself in too many bytes"));
        }
        let metadata = exactly(bytes, length, kind)?;
        let length = parse(&metadata, kind)?.bodyLength();
        let length = u64::try_from(length)
            .map_err(|_| kind.unreadable("a message says that it is shorter than nothing"))?;
        if length > limits.message_bytes {
            return Err(IngestError::body_limit(
                "message_bytes",
                limits.message_bytes,
            ));
        }
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let body = exactly(bytes, length, kind)?;
        Ok(Some(Self {
            metadata: metadata.to_vec(),
            body: body.into(),
        }))
    }

    /// What it says of itself.
    pub(crate) fn parsed(&self, kind: Kind) -> Result<Message<'_>, IngestError> {
        parse(&self.metadata, kind)
    }
}

fn parse(metadata: &[u8], kind: Kind) -> Result<Message<'_>, IngestError> {
    root_as_message(metadata).map_err(|_| kind.unreadable("a message cannot be understood"))
}

fn word(bytes: &mut dyn Read, kind: Kind) -> Result<[u8; 4], IngestError> {
    let mut word = [0; 4];
    match bytes.read_exact(&mut word) {
        Ok(()) => Ok(word),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Err(kind.unreadable("it ends without its end mark"))
        }
        Err(error) => Err(IngestError::read(error)),
    }
}

fn exactly(bytes: &mut dyn Read, length: usize, kind: Kind) -> Result<MutableBuffer, IngestError> {
    let mut taken = MutableBuffer::with_capacity(length.min(CHUNK_BYTES));
    let mut chunk = vec![0; length.min(CHUNK_BYTES)];
    while taken.len() < length {
        let next = (length - taken.len()).min(chunk.len());
        let read = match bytes.read(&mut chunk[..next]) {
            Ok(0) => return Err(kind.unreadable("it ends within a message")),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(IngestError::read(error)),
        };
        taken.extend_from_slice(&chunk[..read]);
    }
    Ok(taken)
}

/// Refuses a batch that claims more than its message holds, or more than is taken once it is
/// unpacked. Answers with how many bytes it will be.
pub(crate) fn bound(
    batch: RecordBatch<'_>,
    body: &Buffer,
    kind: Kind,
    limits: &Limits,
) -> Result<u64, IngestError> {
    let rows = u64::try_from(batch.length())
        .map_err(|_| kind.unreadable("a batch says that it has less than no rows"))?;
    if rows > limits.rows {
        return Err(IngestError::body_limit("rows", limits.rows));
    }
    let mut nodes = batch.nodes().into_iter().flatten();
    let is_told =
        |length: i64, nulls: i64| length == batch.length() && (0..=length).contains(&nulls);
    if !nodes.all(|node| is_told(node.length(), node.null_count())) {
        return Err(kind.unreadable("a column has not as many rows as its batch"));
    }
    let codec = batch.compression().map(|compression| compression.codec());
    let mut unpacked = 0_u64;
    for buffer in batch.buffers().into_iter().flatten() {
        let packed = within(body, buffer.offset(), buffer.length())
            .ok_or_else(|| kind.unreadable("a buffer lies outside of its message"))?;
        let length = match codec {
            Some(_) if !packed.is_empty() => declared(packed)
                .ok_or_else(|| kind.unreadable("a compressed buffer does not tell its length"))?,
            _ => packed.len() as u64,
        };
        unpacked = unpacked.saturating_add(length);
        if unpacked > limits.message_bytes {
            return Err(IngestError::body_limit(
                "message_bytes",
                limits.message_bytes,
            ));
        }
        if codec == Some(CompressionType::LZ4_FRAME) && !is_plain(packed) {
            measure(&packed[8..], length, kind)?;
        }
    }
    Ok(unpacked)
}

fn within(body: &Buffer, offset: i64, length: i64) -> Option<&[u8]> {
    let start = usize::try_from(offset).ok()?;
    let end = start.checked_add(usize::try_from(length).ok()?)?;
    body.as_slice().get(start..end)
}

/// Whether a buffer of a compressed batch is empty or marked as not compressed.
fn is_plain(packed: &[u8]) -> bool {
    packed.is_empty() || packed.starts_with(&(-1_i64).to_le_bytes())
}

/// The length that stands in front of a compressed buffer; -1 says that it is not compressed.
fn declared(packed: &[u8]) -> Option<u64> {
    let (length, rest) = packed.split_first_chunk::<8>()?;
    match i64::from_le_bytes(*length) {
        -1 => Some(rest.len() as u64),
        length => u64::try_from(length).ok(),
    }
}

/// The decoder unpacks LZ4 to its end, whatever length was declared; so that is seen to before.
fn measure(packed: &[u8], length: u64, kind: Kind) -> Result<(), IngestError> {
    let mut decoder = FrameDecoder::new(packed).take(length.saturating_add(1));
    match io::copy(&mut decoder, &mut io::sink()) {
        Ok(found) if found == length => Ok(()),
        Ok(_) => Err(kind.unreadable("a compressed buffer has not the length that it declares")),
        Err(_) => Err(kind.unreadable("a compressed buffer is damaged")),
    }
}
