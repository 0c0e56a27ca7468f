//! A spooled body as its format's reader takes it: unpacked, and text as UTF-8.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek, Write};
use std::path::Path;

use crate::{Coding, IngestError, Limits, Source, charset, past_cache, unpack};

/// Text in UTF-8 without its byte order mark; bytes that its charset does not have are no UTF-8
/// here either.
pub(crate) type Text = BufReader<Box<dyn Read + Send>>;

const BUFFER_BYTES: usize = 256 * 1024;

/// The body as text.
pub(crate) fn text(
    source: Source<'_>,
    coding: Coding,
    limits: &Limits,
) -> Result<Text, IngestError> {
    let bytes = stream(source, coding, limits)?;
    let text = charset::decoded(bytes, coding.charset)?;
    let buffer_bytes = match source {
        Source::File(_) => BUFFER_BYTES,
        Source::Memory(bytes, _) => bytes.len().clamp(512, BUFFER_BYTES),
    };
    Ok(BufReader::with_capacity(buffer_bytes, text))
}

/// The body's bytes from first to last. Errors of the reader are for [`IngestError::read`].
pub(crate) fn stream(
    source: Source<'_>,
    coding: Coding,
    limits: &Limits,
) -> Result<Box<dyn Read + Send>, IngestError> {
    let (bytes, size_bytes): (Box<dyn Read + Send>, u64) = match source {
        Source::File(path) => {
            let file = open(path)?;
            let size_bytes = file.metadata().map_err(IngestError::read)?.len();
            match size_bytes {
                ..=past_cache::FROM_BYTES => (Box::new(file), size_bytes),
                _ => (Box::new(past_cache::Reader::new(file)), size_bytes),
            }
        }
        Source::Memory(bytes, _) => (Box::new(Cursor::new(bytes.clone())), bytes.len() as u64),
    };
    match coding.compression {
        None => Ok(bytes),
        Some(compression) => unpack::unpacked(bytes, size_bytes, compression, limits),
    }
}

/// The body as a file whose reader moves about in it. One that is compressed or in memory is put
/// into a file without a name, which is gone with its last handle.
pub(crate) fn file(
    source: Source<'_>,
    coding: Coding,
    limits: &Limits,
) -> Result<File, IngestError> {
    let unpack = || IngestError::io("unpack the spooled body");
    let new = |folder| tempfile::tempfile_in(folder).map_err(unpack());
    let mut file = match (source, coding.compression) {
        (Source::File(path), None) => return open(path),
        (Source::Memory(bytes, folder), None) => {
            let mut file = new(folder)?;
            file.write_all(bytes).map_err(unpack())?;
            file
        }
        (Source::File(_) | Source::Memory(..), Some(_)) => {
            let folder = match source {
                Source::File(path) => path.parent().unwrap_or(Path::new(".")),
                Source::Memory(_, folder) => folder,
            };
            let mut file = new(folder)?;
            io::copy(&mut stream(source, coding, limits)?, &mut file).map_err(IngestError::read)?;
            file
        }
    };
    file.rewind().map_err(unpack())?;
    Ok(file)
}

fn open(path: &Path) -> Result<File, IngestError> {
    File::open(path).map_err(IngestError::io("open the spooled body"))
}
