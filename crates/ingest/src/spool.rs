//! A body on its way in: written to disk while it is hashed, so that its size never meets memory.

use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::Path;

use sha2::{Digest, Sha256};
use tempfile::{NamedTempFile, TempPath};

use crate::IngestError;

/// A body that is still arriving. Dropping it deletes the file.
#[derive(Debug)]
pub struct Spool {
    file: BufWriter<NamedTempFile>,
    hasher: Sha256,
    size_bytes: u64,
    limit_bytes: u64,
}

impl Spool {
    /// Opens a file in `dir`, which must exist.
    pub fn create(dir: &Path, limit_bytes: u64) -> Result<Self, IngestError> {
        let file = tempfile::Builder::new()
            .prefix("body-")
            .tempfile_in(dir)
            .map_err(IngestError::io(format!(
                "create a spool file in `{}`",
                dir.display()
            )))?;
        let file = BufWriter::with_capacity(256 * 1024, file);
        Ok(Self {
            file,
            hasher: Sha256::new(),
            size_bytes: 0,
            limit_bytes,
        })
    }

    /// Takes the next bytes. Refuses, with nothing of `bytes` kept, once the limit is passed.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), IngestError> {
        let size_bytes = self.size_bytes.saturating_add(bytes.len() as u64);
        if size_bytes > self.limit_bytes {
            return Err(IngestError::body_limit("body_bytes", self.limit_bytes));
        }
        self.file
            .write_all(bytes)
            .map_err(IngestError::io("write the spool file"))?;
        self.hasher.update(bytes);
        self.size_bytes = size_bytes;
        Ok(())
    }

    /// Ends the body. The file is flushed, not synced: what must outlive a crash is the copy that
    /// the evidence store makes.
    pub fn finish(self) -> Result<Spooled, IngestError> {
        let file = self.file.into_inner().map_err(|e| e.into_error());
        let file = file.map_err(IngestError::io("write the spool file"))?;
        Ok(Spooled {
            path: file.into_temp_path(),
            sha256: hex::encode(self.hasher.finalize()),
            size_bytes: self.size_bytes,
        })
    }
}

/// A whole body on disk. Dropping it deletes the file.
#[derive(Debug)]
pub struct Spooled {
    path: TempPath,
    sha256: String,
    size_bytes: u64,
}

impl Spooled {
    /// A body that lies in a file already and is to stay there: this is a second name of it, in
    /// the same folder, and dropping it deletes that name alone.
    pub fn of(file: &Path) -> Result<Self, IngestError> {
        let failed = || IngestError::io(format!("read the spool file `{}`", file.display()));
        let folder = file.parent().unwrap_or(Path::new("."));
        let link = |path: &Path| std::fs::hard_link(file, path);
        let linked = tempfile::Builder::new()
            .prefix("body-")
            .make_in(folder, link);
        let path = linked.map_err(failed())?.into_temp_path();
        let mut file = File::open(&path).map_err(failed())?;
        let mut hasher = Sha256::new();
        let mut size_bytes = 0;
        let mut buffer = vec![0; 1 << 20];
        loop {
            let read = file.read(&mut buffer).map_err(failed())?;
            if read == 0 {
                break;
            }
            hasher.update(&buffer[..read]);
            size_bytes += read as u64;
        }
        Ok(Self {
            path,
            sha256: hex::encode(hasher.finalize()),
            size_bytes,
        })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its SHA-256 in lowercase hex.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Its size.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }
}

#[cfg(test)]
mod tests;
