//! The folder of keys: its files, and how they are written so that none is ever there in part.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::writer::sync_folder;

use super::{KeyId, KeyRecord, SealError, SigningKey};

const CURRENT: &str = "current";
const PRIVATE_ENDING: &str = ".pem";
const PUBLIC_ENDING: &str = ".jwk";
const UNFINISHED_ENDING: &str = ".unfinished";

/// What changes the folder. An error leaves the change done or not, and nothing in between but an
/// unfinished file, which is no key.
pub trait Disk: Send + Sync + fmt::Debug {
    /// Makes the file durable with these bytes, for its owner's eyes only.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    /// Removes the file durably; it may be gone already.
    fn remove(&self, path: &Path) -> io::Result<()>;
}

/// The disk of this machine.
#[derive(Debug)]
pub struct LocalDisk;

impl Disk for LocalDisk {
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let unfinished = unfinished(path);
        remove_if_there(&unfinished)?;
        let mut file = create_private(&unfinished)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&unfinished, path)?;
        path.parent().map_or(Ok(()), sync_folder)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        remove_if_there(path)?;
        path.parent().map_or(Ok(()), sync_folder)
    }
}

/// Where a file is written before it gets its name.
pub fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(UNFINISHED_ENDING);
    name.into()
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// The folder.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    disk: Box<dyn Disk>,
}

impl Folder {
    pub fn new(path: &Path, disk: Box<dyn Disk>) -> Self {
        let path = path.to_owned();
        Self { path, disk }
    }

    /// Makes the folder if it is not there.
    pub fn make(&self) -> Result<(), SealError> {
        let refused = |error| SealError::unavailable("make the folder of", &self.path, error);
        if self.path.is_dir() {
            return Ok(());
        }
        let parent = self.path.parent().filter(|parent| *parent != Path::new(""));
        let parent = parent.unwrap_or(Path::new("."));
        fs::create_dir_all(parent).map_err(refused)?;
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder
            .create(&self.path)
            .and_then(|()| sync_folder(parent))
            .map_err(refused)
    }

    /// Removes what a crash left unfinished, for it may hold a private key.
    pub fn remove_unfinished(&self) -> Result<(), SealError> {
        for name in self.names()? {
            if name.ends_with(UNFINISHED_ENDING) {
                self.remove(&self.path.join(name))?;
            }
        }
        Ok(())
    }

    /// Takes the rights of others off the folder and the private keys; answers where there were
    /// any.
    #[cfg(unix)]
    pub fn close_to_others(&self) -> Result<Vec<PathBuf>, SealError> {
        use std::os::unix::fs::PermissionsExt;

        let names = self.names()?.into_iter();
        let private = names.filter(|name| name.ends_with(PRIVATE_ENDING));
        let mut paths: Vec<_> = private.map(|name| self.path.join(name)).collect();
        paths.insert(0, self.path.clone());
        let mut open = Vec::new();
        for path in paths {
            let refused = |error| SealError::unavailable("close to others", &path, error);
            let mode = fs::metadata(&path).map_err(refused)?.permissions().mode();
            if mode & 0o077 != 0 {
                let closed = fs::Permissions::from_mode(mode & 0o700);
                fs::set_permissions(&path, closed).map_err(refused)?;
                open.push(path);
            }
        }
        Ok(open)
    }

    #[cfg(not(unix))]
    pub fn close_to_others(&self) -> Result<Vec<PathBuf>, SealError> {
        Ok(Vec::new())
    }

    /// The key that signs; none in a folder that has no such.
    pub fn current(&self) -> Result<Option<KeyId>, SealError> {
        let path = self.path.join(CURRENT);
        let Some(text) = read_if_there(&path)? else {
            return Ok(None);
        };
        let id = text.trim_end().parse();
        id.map(Some)
            .map_err(|_| SealError::corrupt(&path, "it names no key"))
    }

    /// Refuses a key that has been retired, as a folder that was restored in part may name.
    pub fn check_in_use(&self, id: KeyId, published: &[KeyRecord]) -> Result<(), SealError> {
        let mut retired = published.iter().filter(|key| key.retired_at.is_some());
        if retired.any(|record| record.key.id() == id) {
            let message = format!("it names key `{id}`, which has been retired");
            return Err(SealError::corrupt(&self.path.join(CURRENT), message));
        }
        Ok(())
    }

    pub fn private_key(&self, id: KeyId) -> Result<SigningKey, SealError> {
        let path = self.private_path(id);
        let broken = |message: &str| SealError::corrupt(&path, message);
        let text = read_if_there(&path)?.ok_or_else(|| broken("the current key is missing"))?;
        let key = SigningKey::from_pem(&text).map_err(|error| broken(&error.to_string()))?;
        if key.public().id() != id {
            return Err(broken("it is another key than its name says"));
        }
        Ok(key)
    }

    pub fn public_keys(&self) -> Result<Vec<KeyRecord>, SealError> {
        let names = self.names()?;
        let ids = names
            .iter()
            .filter_map(|name| name.strip_suffix(PUBLIC_ENDING)?.parse().ok());
        let mut records = Vec::new();
        for id in ids {
            let path = self.public_path(id);
            let broken = |message: &str| SealError::corrupt(&path, message);
            let text = read_if_there(&path)?.ok_or_else(|| broken("it is gone"))?;
            let record = KeyRecord::from_jwk(&text).map_err(|error| broken(&error.to_string()))?;
            if record.key.id() != id {
                return Err(broken("it is another key than its name says"));
            }
            records.push(record);
        }
        records.sort_by_key(KeyRecord::order);
        Ok(records)
    }

    pub fn write_current(&self, id: KeyId) -> Result<(), SealError> {
        self.write(&self.path.join(CURRENT), &format!("{id}\n"))
    }

    pub fn write_private(&self, key: &SigningKey) -> Result<(), SealError> {
        self.write(&self.private_path(key.public().id()), &key.to_pem()?)
    }

    pub fn write_public(&self, record: &KeyRecord) -> Result<(), SealError> {
        let path = self.public_path(record.key.id());
        self.write(&path, &format!("{}\n", record.to_jwk()))
    }

    /// Removes a private key, if it is there.
    pub fn remove_private(&self, id: KeyId) -> Result<(), SealError> {
        let path = self.private_path(id);
        let there = path
            .try_exists()
            .map_err(|error| SealError::unavailable("read", &path, error))?;
        if there { self.remove(&path) } else { Ok(()) }
    }

    fn private_path(&self, id: KeyId) -> PathBuf {
        self.path.join(format!("{id}{PRIVATE_ENDING}"))
    }

    fn public_path(&self, id: KeyId) -> PathBuf {
        self.path.join(format!("{id}{PUBLIC_ENDING}"))
    }

    fn write(&self, path: &Path, text: &str) -> Result<(), SealError> {
        let written = self.disk.write(path, text.as_bytes());
        written.map_err(|error| SealError::unavailable("write", path, error))
    }

    fn remove(&self, path: &Path) -> Result<(), SealError> {
        let removed = self.disk.remove(path);
        removed.map_err(|error| SealError::unavailable("remove", path, error))
    }

    /// The files' names in their order; such as are no text are none of ours.
    fn names(&self) -> Result<BTreeSet<String>, SealError> {
        let unreadable = |error| SealError::unavailable("read", &self.path, error);
        let mut names = BTreeSet::new();
        for found in fs::read_dir(&self.path).map_err(unreadable)? {
            let name = found.map_err(unreadable)?.file_name();
            names.extend(name.into_string());
        }
        Ok(names)
    }
}

fn read_if_there(path: &Path) -> Result<Option<String>, SealError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            Err(SealError::corrupt(path, "it is no text"))
        }
        Err(error) => Err(SealError::unavailable("read", path, error)),
    }
}
