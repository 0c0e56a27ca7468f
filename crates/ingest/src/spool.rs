//! A body on its way in: kept and hashed as it comes, a small one in memory, any other on disk, so
//! that its size never meets memory.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use sha2::{Digest, Sha256};
use tempfile::TempPath;

use crate::IngestError;
use crate::past_cache::Writer;

/// A body that is still arriving. Dropping it deletes its file.
#[derive(Debug)]
pub struct Spool {
    folder: PathBuf,
    memory: Vec<u8>,
    file: Option<Writer>,
    hasher: Sha256,
    size_bytes: u64,
    limit_bytes: u64,
}

impl Spool {
    /// Bodies of up to this size have no file: making and deleting one costs more than checking
    /// twenty rows.
    pub const MEMORY_BYTES: usize = 32 << 10;

    /// For a body that goes to a file in `folder` if it grows.
    pub fn new(folder: &Path, limit_bytes: u64) -> Self {
        Self {
            folder: folder.to_owned(),
            memory: Vec::new(),
            file: None,
            hasher: Sha256::new(),
            size_bytes: 0,
            limit_bytes,
        }
    }

    /// Takes the next bytes. Refuses, with nothing of `bytes` kept, once the limit is passed.
    /// Blocks once the body is larger than [`MEMORY_BYTES`](Self::MEMORY_BYTES).
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), IngestError> {
        let size_bytes = self.size_bytes.saturating_add(bytes.len() as u64);
        if size_bytes > self.limit_bytes {
            return Err(IngestError::body_limit("body_bytes", self.limit_bytes));
        }
        if size_bytes <= Self::MEMORY_BYTES as u64 {
            self.memory.extend_from_slice(bytes);
        } else {
            self.write(bytes)?;
        }
        self.hasher.update(bytes);
        self.size_bytes = size_bytes;
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), IngestError> {
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(create(&self.folder)?),
        };
        let before = std::mem::take(&mut self.memory);
        let written = file.write(&before).and_then(|()| file.write(bytes));
        written.map_err(IngestError::io("write the spool file"))
    }

    /// Ends the body. A file is written, not synced: what must outlive a crash is for the
    /// evidence store to keep.
    pub fn finish(self) -> Result<Spooled, IngestError> {
        let kept = match self.file {
            None => Kept::Memory(self.memory.into(), self.folder),
            Some(file) => {
                let file = file.finish();
                let file = file.map_err(IngestError::io("write the spool file"))?;
                Kept::File(file.into_temp_path())
            }
        };
        Ok(Spooled {
            kept,
            sha256: hex::encode(self.hasher.finalize()),
            size_bytes: self.size_bytes,
        })
    }
}

fn create(folder: &Path) -> Result<Writer, IngestError> {
    let file = tempfile::Builder::new()
        .prefix("body-")
        .tempfile_in(folder)
        .map_err(IngestError::io(format!(
            "create a spool file in `{}`",
            folder.display()
        )))?;
    Ok(Writer::new(file))
}

/// A whole body. Dropping it deletes its file.
#[derive(Debug)]
pub struct Spooled {
    kept: Kept,
    sha256: String,
    size_bytes: u64,
}

#[derive(Debug)]
enum Kept {
    File(TempPath),
    /// A second name of a file that others have.
    Named(TempPath),
    /// With the folder for files that a reader needs.
    Memory(Bytes, PathBuf),
}

/// Where a body is read from.
#[derive(Debug, Clone, Copy)]
pub enum Source<'a> {
    /// A file, beside which others may be made.
    File(&'a Path),
    /// Memory, and a folder where files may be made.
    Memory(&'a Bytes, &'a Path),
}

impl<'a> From<&'a Path> for Source<'a> {
    fn from(path: &'a Path) -> Self {
        Self::File(path)
    }
}

impl<'a> From<&'a PathBuf> for Source<'a> {
    fn from(path: &'a PathBuf) -> Self {
        Self::File(path)
    }
}

impl<'a> From<&'a Spooled> for Source<'a> {
    fn from(spooled: &'a Spooled) -> Self {
        match &spooled.kept {
            Kept::File(path) | Kept::Named(path) => Self::File(path),
            Kept::Memory(bytes, folder) => Self::Memory(bytes, folder),
        }
    }
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
            kept: Kept::Named(path),
            sha256: hex::encode(hasher.finalize()),
            size_bytes,
        })
    }

    #[cfg(test)]
    pub(crate) fn bytes(&self) -> Vec<u8> {
        match self.source() {
            Source::File(path) => std::fs::read(path).unwrap(),
            Source::Memory(bytes, _) => bytes.to_vec(),
        }
    }

    /// Where it is read from.
    pub fn source(&self) -> Source<'_> {
        self.into()
    }

    /// Whether nobody else has the file, so that it may be given away.
    pub fn is_own(&self) -> bool {
        matches!(self.kept, Kept::File(_))
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
