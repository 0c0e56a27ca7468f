//! Writes on a local disk that survive a power cut, and compare-and-swap on it.

use std::collections::HashSet;
use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io::{Error as IoError, ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use object_store::PutPayload;
use rustix::fs::{CWD, FlockOperation, RenameFlags, flock, renameat_with};
use rustix::io::Errno;

/// Names that end in `#` and digits are hidden by the listing of `object_store`'s local store.
const LOCKS: u64 = 16;

/// A folder whose writes are on the disk when they are acknowledged.
#[derive(Debug)]
pub(super) struct Disk {
    root: PathBuf,
    /// Folders whose own entry in their parent is known to be on the disk.
    durable: Mutex<HashSet<PathBuf>>,
}

/// What a conditional write found.
pub(super) enum Swap {
    Done(String),
    Changed,
    Missing,
}

impl Disk {
    pub(super) fn new(root: PathBuf) -> Self {
        Self {
            durable: Mutex::new(HashSet::from([root.clone()])),
            root,
        }
    }

    /// Writes the file whole, over whatever is there.
    pub(super) fn overwrite(&self, path: &Path, payload: &PutPayload) -> Result<String, IoError> {
        let staged = Staged::write(path, payload)?;
        let tag = staged.tag()?;
        staged.rename(path)?;
        self.sync_entry(path)?;
        Ok(tag)
    }

    /// Writes the file if none is there; `AlreadyExists` otherwise.
    pub(super) fn create(&self, path: &Path, payload: &PutPayload) -> Result<String, IoError> {
        let staged = Staged::write(path, payload)?;
        let tag = staged.tag()?;
        staged.name(path)?;
        self.sync_entry(path)?;
        Ok(tag)
    }

    /// A second name, hidden, for a file that stays as it is, beside where it will be; none if it
    /// can have none there.
    pub(super) fn link(&self, file: &Path, path: &Path) -> Option<Given> {
        let staged = Staged::link(file, path).ok()?;
        Some(Given {
            staged,
            path: path.to_owned(),
        })
    }

    /// Puts a given file on the disk and gives it its name, over whatever is there.
    pub(super) fn keep(&self, given: Given) -> Result<String, IoError> {
        given.staged.file.sync_all()?;
        let tag = given.staged.tag()?;
        given.staged.rename(&given.path)?;
        self.sync_entry(&given.path)?;
        Ok(tag)
    }

    /// Writes the file if the one there still carries `expected`.
    pub(super) fn swap(
        &self,
        path: &Path,
        payload: &PutPayload,
        expected: &str,
    ) -> Result<Swap, IoError> {
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.root.join(lock_name(path)))?;
        flock(&lock, FlockOperation::LockExclusive)?;
        let current = match std::fs::metadata(path) {
            Ok(current) => current,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Swap::Missing),
            Err(error) => return Err(error),
        };
        if tag_of(&current) != expected {
            return Ok(Swap::Changed);
        }
        let staged = Staged::write(path, payload)?;
        // An inode freed by an earlier swap can come back within the clock's tick, and its tag
        // with it: the time of change always moves forward.
        let before = current.modified()?;
        if micros(staged.file.metadata()?.modified()?) <= micros(before) {
            staged
                .file
                .set_modified(before + Duration::from_micros(1))?;
            staged.file.sync_all()?;
        }
        let tag = staged.tag()?;
        staged.rename(path)?;
        self.sync_entry(path)?;
        Ok(Swap::Done(tag))
    }

    /// Puts a file that is complete, and its place in its folders, on the disk.
    pub(super) fn sync_file(&self, path: &Path) -> Result<(), IoError> {
        File::open(path)?.sync_all()?;
        self.sync_entry(path)
    }

    fn sync_entry(&self, path: &Path) -> Result<(), IoError> {
        let Some(folder) = path.parent() else {
            return Ok(());
        };
        File::open(folder)?.sync_all()?;
        let mut child = folder;
        while child != self.root && !self.is_durable(child) {
            let Some(parent) = child.parent() else { break };
            File::open(parent)?.sync_all()?;
            child = parent;
        }
        let mut durable = self.durable.lock().unwrap_or_else(PoisonError::into_inner);
        let mut child = folder;
        while durable.insert(child.to_path_buf()) {
            let Some(parent) = child.parent() else { break };
            child = parent;
        }
        Ok(())
    }

    fn is_durable(&self, folder: &Path) -> bool {
        self.durable
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(folder)
    }
}

/// A file that was given, and where it will be.
#[derive(Debug)]
pub(super) struct Given {
    staged: Staged,
    path: PathBuf,
}

impl Given {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// A whole file under a hidden name; removed unless it is renamed.
#[derive(Debug)]
struct Staged {
    file: File,
    path: PathBuf,
    /// Whether the hidden name is given up: then whoever has it now is another.
    renamed: bool,
}

impl Staged {
    fn write(target: &Path, payload: &PutPayload) -> Result<Self, IoError> {
        let mut staged = Self::open(target)?;
        for chunk in payload {
            staged.file.write_all(chunk)?;
        }
        staged.file.sync_all()?;
        Ok(staged)
    }

    fn open(target: &Path) -> Result<Self, IoError> {
        Self::made(target, |path| {
            OpenOptions::new().write(true).create_new(true).open(path)
        })
    }

    /// The file itself. It gets the permissions that its new folder lets a file have.
    fn link(file: &Path, target: &Path) -> Result<Self, IoError> {
        let staged = Self::made(target, |path| {
            std::fs::hard_link(file, path)?;
            File::open(path)
        })?;
        if let Some(folder) = target.parent() {
            let mode = std::fs::metadata(folder)?.mode() & 0o666;
            staged.file.set_permissions(Permissions::from_mode(mode))?;
        }
        Ok(staged)
    }

    fn made(target: &Path, make: impl Fn(&Path) -> Result<File, IoError>) -> Result<Self, IoError> {
        let (mut number, mut has_folder) = (1u32, false);
        loop {
            let mut name = target.as_os_str().to_owned();
            name.push(format!("#{number}"));
            let path = PathBuf::from(name);
            match make(&path) {
                Ok(file) => {
                    return Ok(Self {
                        file,
                        path,
                        renamed: false,
                    });
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => number += 1,
                Err(error) if error.kind() == ErrorKind::NotFound => match path.parent() {
                    Some(folder) if !has_folder => {
                        std::fs::create_dir_all(folder)?;
                        has_folder = true;
                    }
                    _ => return Err(error),
                },
                Err(error) => return Err(error),
            }
        }
    }

    fn tag(&self) -> Result<String, IoError> {
        Ok(tag_of(&self.file.metadata()?))
    }

    fn rename(mut self, target: &Path) -> Result<(), IoError> {
        std::fs::rename(&self.path, target)?;
        self.renamed = true;
        Ok(())
    }

    /// Gives the file a name that nothing has; `AlreadyExists` otherwise.
    fn name(mut self, target: &Path) -> Result<(), IoError> {
        match renameat_with(CWD, &self.path, CWD, target, RenameFlags::NOREPLACE) {
            Ok(()) => {
                self.renamed = true;
                Ok(())
            }
            // Not every file system can do that; a second name is given to nothing else, too.
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
                std::fs::hard_link(&self.path, target)
            }
            Err(error) => Err(error.into()),
        }
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.renamed {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// The tag that `object_store`'s local store gives on reading: inode, time of change, size.
fn tag_of(metadata: &Metadata) -> String {
    let changed = metadata.modified().map(micros).unwrap_or_default();
    format!("{:x}-{:x}-{:x}", metadata.ino(), changed, metadata.len())
}

fn micros(time: SystemTime) -> u128 {
    time.duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_micros()
}

fn lock_name(path: &Path) -> String {
    let hash = path
        .as_os_str()
        .as_encoded_bytes()
        .iter()
        .fold(0u64, |hash, byte| {
            hash.wrapping_mul(31).wrapping_add(u64::from(*byte))
        });
    format!(".lock#{}", hash % LOCKS)
}
