//! A spooled body as its format's reader takes it: unpacked, and text as UTF-8.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::Path;

use crate::{Coding, IngestError, Limits, charset, unpack};

/// Text in UTF-8 without its byte order mark; bytes that its charset does not have are no UTF-8
/// here either.
pub(crate) type Text = BufReader<Box<dyn Read + Send>>;

const BUFFER_BYTES: usize = 256 * 1024;

/// The body as text.
pub(crate) fn text(path: &Path, coding: Coding, limits: &Limits) -> Result<Text, IngestError> {
    let bytes = stream(path, coding, limits)?;
    let text = charset::decoded(bytes, coding.charset)?;
    Ok(BufReader::with_capacity(BUFFER_BYTES, text))
}

/// The body's bytes from first to last. Errors of the reader are for [`IngestError::read`].
pub(crate) fn stream(
    path: &Path,
    coding: Coding,
    limits: &Limits,
) -> Result<Box<dyn Read + Send>, IngestError> {
    let file = open(path)?;
    match coding.compression {
        None => Ok(Box::new(file)),
        Some(compression) => unpack::unpacked(file, compression, limits),
    }
}

/// The body as a file whose reader moves about in it. A compressed one is unpacked beside the
/// spooled body, into a file without a name, which is gone with its last handle.
pub(crate) fn file(path: &Path, coding: Coding, limits: &Limits) -> Result<File, IngestError> {
    if coding.compression.is_none() {
        return open(path);
    }
    let mut bytes = stream(path, coding, limits)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let unpack = || IngestError::io("unpack the spooled body");
    let mut file = tempfile::tempfile_in(folder).map_err(unpack())?;
    io::copy(&mut bytes, &mut file).map_err(IngestError::read)?;
    file.rewind().map_err(unpack())?;
    Ok(file)
}

fn open(path: &Path) -> Result<File, IngestError> {
    File::open(path).map_err(IngestError::io("open the spooled body"))
}
