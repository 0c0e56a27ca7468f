//! A copied log in a local folder.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::task::spawn_blocking;

use super::{Files, Put};
use crate::log::{Damage, LogError, Result};

/// No file of a log is longer.
const LONGEST_FILE_BYTES: u64 = 64 * 1024 * 1024;

/// A folder that holds the files of a log and is only read.
#[derive(Debug, Clone)]
pub struct LocalFolder {
    root: PathBuf,
}

impl LocalFolder {
    /// The folder in which `head` and `tile` are.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }
}

#[async_trait]
impl Files for LocalFolder {
    async fn get(&self, path: &str) -> Result<Option<Bytes>> {
        let mut parts = Path::new(path).components();
        if !parts.all(|part| matches!(part, Component::Normal(_))) {
            return Ok(None);
        }
        let (full, path) = (self.root.join(path), path.to_owned());
        blocking(path.clone(), move || read(&full, &path)).await
    }

    async fn put_new(&self, path: &str, _: Bytes) -> Result<Put> {
        let refused = io::Error::new(io::ErrorKind::ReadOnlyFilesystem, "it is only read");
        Err(unavailable("write", path, refused))
    }

    async fn list(&self) -> Result<Option<Vec<String>>> {
        let root = self.root.clone();
        let walk = move || {
            let mut found = Vec::new();
            walk(&root, "", &mut found).map_err(|error| unavailable("list", ".", error))?;
            Ok(Some(found))
        };
        blocking(".".to_owned(), walk).await
    }
}

async fn blocking<T: Send + 'static>(
    path: String,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let done = spawn_blocking(work).await;
    done.map_err(|error| unavailable("read", &path, io::Error::other(error)))?
}

fn read(full: &Path, path: &str) -> Result<Option<Bytes>> {
    let absent = |error: &io::Error| {
        matches!(
            error.kind(),
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
        )
    };
    let length = match fs::metadata(full) {
        Ok(found) if found.is_dir() => return Ok(None),
        Ok(found) => found.len(),
        Err(error) if absent(&error) => return Ok(None),
        Err(error) => return Err(unavailable("read", path, error)),
    };
    if length > LONGEST_FILE_BYTES {
        return Err(Damage::of(path, "it is longer than any file of a log").into());
    }
    let bytes = fs::read(full).map_err(|error| unavailable("read", path, error))?;
    Ok(Some(bytes.into()))
}

fn walk(folder: &Path, above: &str, found: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // A name that is no text is none of ours, and is shown as such.
        let name = format!("{above}{}", entry.file_name().to_string_lossy());
        // A link is none of ours: it is named as a file, and refused as one.
        if entry.file_type()?.is_dir() {
            walk(&entry.path(), &format!("{name}/"), found)?;
        } else {
            found.push(name);
        }
    }
    Ok(())
}

fn unavailable(doing: &'static str, path: &str, error: io::Error) -> LogError {
    LogError::Unavailable {
        doing,
        path: path.to_owned(),
        source: Arc::new(error),
    }
}
