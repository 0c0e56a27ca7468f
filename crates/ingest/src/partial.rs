//! A body that arrives in parts, over days if need be: what was acknowledged survives a power cut.
//!
//! It is two files of a folder. `NAME.data` holds its bytes; `NAME.log` holds a JSON object a line:
//! what it is, each offset up to which its bytes are on the disk, and what became of it. A line
//! counts once it is whole, and bytes count once a line says so.

mod log;
mod part;

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::{IngestError, Spooled};
pub use part::{Checksum, Part};

/// A body that arrives in parts. Nothing is open between them.
#[derive(Debug)]
pub struct PartialBody {
    files: Files,
    length: u64,
    offset: u64,
}

/// One that was found in a folder.
#[derive(Debug)]
pub struct Found {
    /// The body.
    pub body: PartialBody,
    /// What it is, as whoever began it said.
    pub about: Value,
    /// When it was last changed, as that was stamped.
    pub stamp: i64,
    /// What became of it; then its bytes are gone.
    pub outcome: Option<Value>,
}

#[derive(Debug, Clone)]
struct Files {
    folder: PathBuf,
    name: String,
}

impl Files {
    fn of(folder: &Path, name: &str) -> Self {
        Self {
            folder: folder.to_owned(),
            name: name.to_owned(),
        }
    }

    fn data(&self) -> PathBuf {
        self.folder.join(format!("{}.data", self.name))
    }

    fn log(&self) -> PathBuf {
        self.folder.join(format!("{}.log", self.name))
    }

    fn failed(&self, verb: &str) -> impl FnOnce(io::Error) -> IngestError + use<> {
        let path = self.folder.join(&self.name);
        IngestError::io(format!("{verb} the upload `{}`", path.display()))
    }
}

impl PartialBody {
    /// Begins one of that length. It is on the disk when this returns.
    pub fn create(
        folder: &Path,
        name: &str,
        length: u64,
        about: &Value,
        stamp: i64,
    ) -> Result<Self, IngestError> {
        let files = Files::of(folder, name);
        let make = || -> io::Result<()> {
            new_file(&files.data())?.sync_all()?;
            let log = new_file(&files.log())?;
            let first = json!({ "length": length, "about": about, "stamp": stamp });
            log::append(&log, &first)?;
            log.sync_all()?;
            File::open(&files.folder)?.sync_all()
        };
        make().map_err(files.failed("begin"))?;
        Ok(Self {
            files,
            length,
            offset: 0,
        })
    }

    /// The names of those in a folder, sorted. What a crash left of others is deleted: bytes that
    /// nobody was told of, and second names of bodies that were being judged.
    pub fn sweep(folder: &Path) -> Result<Vec<String>, IngestError> {
        let failed = || IngestError::io(format!("list the uploads in `{}`", folder.display()));
        let mut names = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(failed())? {
            let path = entry.map_err(failed())?.path();
            let stem = path.file_stem().unwrap_or_default();
            let stem = stem.to_string_lossy().into_owned();
            match path.extension().and_then(|ending| ending.to_str()) {
                Some("log") => names.push(stem),
                Some("data") if Files::of(folder, &stem).log().exists() => {}
                // What cannot be deleted costs disk, not truth.
                _ => drop(std::fs::remove_file(&path)),
            }
        }
        names.sort();
        Ok(names)
    }

    /// Opens one again as it was when it was last acknowledged; none if it never was, or if its
    /// bytes are gone. Then nothing is left of it.
    pub fn open(folder: &Path, name: &str) -> Result<Option<Found>, IngestError> {
        let files = Files::of(folder, name);
        let read = log::read(&files.log()).map_err(files.failed("read"))?;
        let found = read.filter(|found| {
            let size = std::fs::metadata(files.data()).map_or(0, |data| data.len());
            found.outcome.is_some() || size >= found.offset && files.data().exists()
        });
        let Some(found) = found else {
            Self::remove(&files)?;
            return Ok(None);
        };
        Ok(Some(Found {
            body: Self {
                files,
                length: found.length,
                offset: found.offset,
            },
            about: found.about,
            stamp: found.stamp,
            outcome: found.outcome,
        }))
    }

    /// How many bytes it will have.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// How many of them are on the disk.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether all of them are.
    pub fn is_complete(&self) -> bool {
        self.offset == self.length
    }

    /// Begins the next part, which is kept whole or not at all if it has a checksum.
    pub fn part(&self, checksum: Option<Checksum>) -> Result<Part, IngestError> {
        Part::begin(&self.files, self.length, self.offset, checksum)
    }

    /// Notes up to where a part has brought it onto the disk.
    pub fn advance(&mut self, offset: u64) {
        self.offset = offset;
    }

    /// The whole body under a second name, hashed. Dropping it leaves this one as it is.
    pub fn spooled(&self) -> Result<Spooled, IngestError> {
        Spooled::of(&self.files.data())
    }

    /// Notes what became of it, and deletes its bytes.
    pub fn settle(&self, outcome: &Value, stamp: i64) -> Result<(), IngestError> {
        let settle = || -> io::Result<()> {
            let log = OpenOptions::new().append(true).open(self.files.log())?;
            log::append(&log, &json!({ "outcome": outcome, "stamp": stamp }))?;
            log.sync_data()?;
            std::fs::remove_file(self.files.data())
        };
        settle().map_err(self.files.failed("settle"))
    }

    /// Deletes it.
    pub fn delete(&self) -> Result<(), IngestError> {
        Self::remove(&self.files)
    }

    /// The log first: bytes without one are nothing.
    fn remove(files: &Files) -> Result<(), IngestError> {
        for path in [files.log(), files.data()] {
            match std::fs::remove_file(path) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(files.failed("delete")(error)),
            }
        }
        Ok(())
    }
}

fn new_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

#[cfg(test)]
mod tests;
