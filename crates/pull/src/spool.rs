//! Bodies on a disk of ours.

use std::io::Write;
use std::path::Path;

use tempfile::NamedTempFile;

use crate::{Mark, Piece, Result};

pub(crate) fn file_in(folder: &Path) -> Result<NamedTempFile> {
    Ok(NamedTempFile::with_prefix_in("pull-", folder)?)
}

/// A piece whose bytes are at hand.
pub(crate) fn piece(
    folder: &Path,
    name: String,
    content_type: String,
    bytes: &[u8],
    mark: Mark,
) -> Result<Piece> {
    let mut body = file_in(folder)?;
    body.write_all(bytes)?;
    body.flush()?;
    Ok(Piece {
        name,
        content_type,
        body,
        size_bytes: bytes.len() as u64,
        mark,
    })
}
