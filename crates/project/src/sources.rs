//! The project's files as bytes, wherever they come from.

use std::collections::BTreeMap;
use std::path::Path;

use sha2::{Digest, Sha256};

/// Files by path relative to the project, with `/`.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    files: BTreeMap<String, Vec<u8>>,
}

impl Sources {
    /// The folders that make a project.
    pub const ROOMS: [&'static str; 3] = ["warehouse", "sql", "lineage"];

    /// Takes files from memory, as an installed binary does with the project it carries.
    pub fn from_files(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Self {
        Self {
            files: files.into_iter().collect(),
        }
    }

    /// Reads the data rooms below `folder`. Hidden files are passed over; a room that is missing is
    /// empty.
    pub fn from_folder(folder: &Path) -> std::io::Result<Self> {
        let mut files = BTreeMap::new();
        for room in Self::ROOMS {
            let path = folder.join(room);
            if path.is_dir() {
                collect(&path, room, &mut files)?;
            }
        }
        Ok(Self { files })
    }

    /// Every file with its path, sorted.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.files
            .iter()
            .map(|(path, bytes)| (path.as_str(), bytes.as_slice()))
    }

    /// The SHA-256 over every path and its bytes in hex: equal for equal projects.
    pub fn sha256(&self) -> String {
        let mut hash = Sha256::new();
        for (path, bytes) in self.iter() {
            hash.update(format!("{} {path}\0", bytes.len()));
            hash.update(bytes);
        }
        hex::encode(hash.finalize())
    }

    /// One file's bytes.
    pub fn get(&self, path: &str) -> Option<&[u8]> {
        self.files.get(path).map(Vec::as_slice)
    }
}

fn collect(
    folder: &Path,
    prefix: &str,
    files: &mut BTreeMap<String, Vec<u8>>,
) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        let path = format!("{prefix}/{name}");
        if entry.path().is_dir() {
            collect(&entry.path(), &path, files)?;
        } else {
            files.insert(path, std::fs::read(entry.path())?);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
