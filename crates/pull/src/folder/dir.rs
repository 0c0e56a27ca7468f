//! A folder by its handle: nothing in it is reached through a link, whatever others do meanwhile.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{
    AtFlags, CWD, Dir as Listing, FileType, Mode, OFlags, Stat, fstat, fsync, mkdirat, openat,
    renameat, statat,
};
use rustix::io::Errno;

const FOLDER: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::CLOEXEC);

/// An open folder.
pub(super) struct Dir(OwnedFd);

/// What tells one state of a file from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stamp {
    /// When it was last written, in nanoseconds since 1970.
    pub(super) written_ns: i128,
    /// Its size.
    pub(super) size_bytes: u64,
}

impl Stamp {
    fn of(stat: &Stat) -> Self {
        Self {
            written_ns: i128::from(stat.st_mtime) * 1_000_000_000 + i128::from(stat.st_mtime_nsec),
            size_bytes: u64::try_from(stat.st_size).unwrap_or(0),
        }
    }
}

impl Dir {
    /// Opens the folder that was declared; where it leads is its owner's choice.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self(openat(CWD, path, FOLDER, Mode::empty())?))
    }

    /// A folder in this one.
    pub(super) fn below(&self, name: &OsStr) -> io::Result<Self> {
        let flags = FOLDER | OFlags::NOFOLLOW;
        Ok(Self(openat(&self.0, name, flags, Mode::empty())?))
    }

    /// The folder that the names lead to, one after another.
    pub(super) fn at<'n>(&self, names: impl Iterator<Item = &'n str>) -> io::Result<Self> {
        let mut found = Self(openat(&self.0, ".", FOLDER, Mode::empty())?);
        for name in names {
            found = found.below(OsStr::new(name))?;
        }
        Ok(found)
    }

    /// A folder in this one, made if it is not there.
    pub(super) fn made(&self, name: &str) -> io::Result<Self> {
        match mkdirat(&self.0, name, Mode::from_raw_mode(0o777)) {
            Ok(()) => fsync(&self.0)?,
            Err(Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
        self.below(OsStr::new(name))
    }

    /// What lies in it, by name.
    pub(super) fn entries(&self) -> io::Result<Vec<(OsString, FileType)>> {
        let mut found = Vec::new();
        for entry in Listing::read_from(&self.0)? {
            let entry = entry?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if name == "." || name == ".." {
                continue;
            }
            let kind = match entry.file_type() {
                // Not every file system says it in the list.
                FileType::Unknown => match statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW) {
                    Ok(stat) => FileType::from_raw_mode(stat.st_mode),
                    Err(Errno::NOENT) => continue,
                    Err(error) => return Err(error.into()),
                },
                kind => kind,
            };
            found.push((name.to_owned(), kind));
        }
        Ok(found)
    }

    /// The state of a file; none if it is gone.
    pub(super) fn stamp(&self, name: &OsStr) -> io::Result<Option<Stamp>> {
        match statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(Stamp::of(&stat))),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// A file with its state, if it is a plain one.
    pub(super) fn file(&self, name: &OsStr) -> io::Result<(File, Stamp)> {
        // A pipe would keep whoever opens it waiting.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = openat(&self.0, name, flags, Mode::empty())?;
        let stat = fstat(&file)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(io::Error::other("it is no plain file"));
        }
        Ok((File::from(file), Stamp::of(&stat)))
    }

    /// Writes a small file that is there as a whole or not at all.
    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let unready = format!(".{name}.tmp");
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = openat(&self.0, &unready, flags, Mode::from_raw_mode(0o666))?;
        let mut file = File::from(file);
        file.write_all(bytes)?;
        file.sync_all()?;
        renameat(&self.0, &unready, &self.0, name)?;
        fsync(&self.0)?;
        Ok(())
    }

    /// Moves what lies here into another folder.
    pub(super) fn moved(&self, name: &OsStr, to: &Self, as_name: &OsStr) -> io::Result<()> {
        renameat(&self.0, name, &to.0, as_name)?;
        fsync(&to.0)?;
        fsync(&self.0)?;
        Ok(())
    }

    /// Whether something of that name lies here.
    pub(super) fn has(&self, name: &OsStr) -> io::Result<bool> {
        Ok(self.stamp(name)?.is_some())
    }
}
