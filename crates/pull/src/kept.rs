//! A piece on its way to a disk of ours.

use std::io::{Read, Write};
use std::path::Path;

use tempfile::NamedTempFile;

use crate::{PullError, Result};

/// How much is read at once.
const CHUNK: usize = 256 << 10;

/// A file of the spool folder that takes at most so many bytes; dropped, it is gone.
pub(crate) struct Kept {
    file: NamedTempFile,
    size_bytes: u64,
    limit_bytes: u64,
}

impl Kept {
    pub(crate) fn create(folder: &Path, limit_bytes: u64) -> Result<Self> {
        let file = tempfile::Builder::new()
            .prefix("pull-")
            .tempfile_in(folder)?;
        Ok(Self {
            file,
            size_bytes: 0,
            limit_bytes,
        })
    }

    /// Takes the next bytes; refuses those over the limit.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<()> {
        let size_bytes = self.size_bytes.saturating_add(bytes.len() as u64);
        if size_bytes > self.limit_bytes {
            return Err(too_large(self.limit_bytes));
        }
        self.file.write_all(bytes)?;
        self.size_bytes = size_bytes;
        Ok(())
    }

    /// Takes all that is to be read; what fails there is told with `unread`.
    pub(crate) fn fill(
        &mut self,
        mut from: impl Read,
        unread: impl Fn(std::io::Error) -> PullError,
    ) -> Result<()> {
        let mut chunk = vec![0; CHUNK];
        loop {
            match from.read(&mut chunk).map_err(&unread)? {
                0 => return Ok(()),
                read => self.push(&chunk[..read])?,
            }
        }
    }

    /// The file and its size.
    pub(crate) fn finish(mut self) -> Result<(NamedTempFile, u64)> {
        self.file.flush()?;
        Ok((self.file, self.size_bytes))
    }
}

pub(crate) fn too_large(limit_bytes: u64) -> PullError {
    PullError::Limit(format!(
        "it is larger than the limit of {limit_bytes} bytes"
    ))
}

#[cfg(test)]
mod tests;
