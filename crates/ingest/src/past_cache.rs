//! Large files past the operating system's cache: what is written once and read once takes there the
//! place of what queries read again and again, and each of its pages is memory to be found, cleared
//! and copied. A disk keeps up with that; where a file system has no such way, the cache is used.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};

use tempfile::NamedTempFile;

/// A file uses the cache up to here. Most end before.
pub(crate) const FROM_BYTES: u64 = 64 << 20;
/// Where memory, lengths and places in a file must begin.
const ALIGN: usize = 4096;
/// Written at once as long as the cache takes it, and past it.
const CACHED_BYTES: usize = 256 << 10;
const PAST_BYTES: usize = 1 << 20;

/// A file being written.
#[derive(Debug)]
pub(crate) struct Writer {
    file: NamedTempFile,
    from_bytes: u64,
    written: u64,
    waiting: Waiting,
    way: Way,
}

/// Bytes that wait to be written together.
#[derive(Debug)]
struct Waiting {
    bytes: Vec<u8>,
    /// Where they begin.
    start: usize,
    room: usize,
}

/// How a file is used now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// By the cache so far.
    Cache,
    Past,
    /// By the cache to the end.
    CacheOnly,
}

impl Way {
    /// The way of what lies at this place.
    fn on(self, file: &File, at: u64, from_bytes: u64) -> Self {
        match self {
            Self::Cache if at >= from_bytes && at.is_multiple_of(ALIGN as u64) => {
                if pass(file, true) {
                    Self::Past
                } else {
                    Self::CacheOnly
                }
            }
            way => way,
        }
    }

    /// Goes back to the cache after an error that says so.
    fn back(&mut self, file: &File, error: &io::Error) -> bool {
        let is_it = *self == Self::Past && error.kind() == ErrorKind::InvalidInput;
        if is_it {
            pass(file, false);
            *self = Self::CacheOnly;
        }
        is_it
    }
}

impl Waiting {
    fn new(room: usize) -> Self {
        let mut bytes: Vec<u8> = Vec::with_capacity(room + ALIGN);
        let start = bytes.as_ptr().addr().next_multiple_of(ALIGN) - bytes.as_ptr().addr();
        bytes.resize(start, 0);
        Self { bytes, start, room }
    }

    fn waiting(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    /// Takes as many bytes as there is room for, and says how many.
    fn take(&mut self, bytes: &[u8]) -> usize {
        let taken = bytes.len().min(self.room - self.waiting().len());
        self.bytes.extend_from_slice(&bytes[..taken]);
        taken
    }
}

impl Writer {
    pub(crate) fn new(file: NamedTempFile) -> Self {
        Self::with(file, FROM_BYTES)
    }

    fn with(file: NamedTempFile, from_bytes: u64) -> Self {
        Self {
            file,
            from_bytes,
            written: 0,
            waiting: Waiting::new(CACHED_BYTES),
            way: Way::Cache,
        }
    }

    pub(crate) fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            bytes = &bytes[self.waiting.take(bytes)..];
            if self.waiting.waiting().len() == self.waiting.room {
                self.flush()?;
                let before = self.way;
                self.way = before.on(self.file.as_file(), self.written, self.from_bytes);
                if before != self.way && self.way == Way::Past {
                    self.waiting = Waiting::new(PAST_BYTES);
                }
            }
        }
        Ok(())
    }

    /// Writes what waits, and gives the file.
    pub(crate) fn finish(mut self) -> io::Result<NamedTempFile> {
        if self.way == Way::Past {
            pass(self.file.as_file(), false);
            self.way = Way::CacheOnly;
        }
        self.flush()?;
        Ok(self.file)
    }

    fn flush(&mut self) -> io::Result<()> {
        let file = self.file.as_file();
        let mut rest = self.waiting.waiting();
        while !rest.is_empty() {
            match (&mut &*file).write(rest) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => {
                    rest = &rest[written..];
                    self.written += written as u64;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if self.way.back(file, &error) => {}
                Err(error) => return Err(error),
            }
        }
        self.waiting.bytes.truncate(self.waiting.start);
        Ok(())
    }
}

/// A file being read from first to last.
#[derive(Debug)]
pub(crate) struct Reader {
    file: File,
    from_bytes: u64,
    read: u64,
    bytes: Vec<u8>,
    /// Where in `bytes` the next are, and where they end.
    next: usize,
    end: usize,
    start: usize,
    way: Way,
}

impl Reader {
    /// The file's bytes, whatever way it was written.
    pub(crate) fn new(file: File) -> Self {
        Self::with(file, FROM_BYTES)
    }

    fn with(file: File, from_bytes: u64) -> Self {
        let Waiting {
            mut bytes, start, ..
        } = Waiting::new(PAST_BYTES);
        bytes.resize(start + PAST_BYTES, 0);
        Self {
            file,
            from_bytes,
            read: 0,
            bytes,
            next: start,
            end: start,
            start,
            way: Way::Cache,
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        self.way = self.way.on(&self.file, self.read, self.from_bytes);
        let read = loop {
            match self.file.read(&mut self.bytes[self.start..]) {
                Ok(read) => break read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if self.way.back(&self.file, &error) => {}
                Err(error) => return Err(error),
            }
        };
        self.read += read as u64;
        (self.next, self.end) = (self.start, self.start + read);
        Ok(())
    }
}

impl Read for Reader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.next == self.end {
            self.fill()?;
        }
        let count = into.len().min(self.end - self.next);
        into[..count].copy_from_slice(&self.bytes[self.next..self.next + count]);
        self.next += count;
        Ok(count)
    }
}

/// Whether what is read and written from now on passes the cache, as was asked for.
#[cfg(target_os = "linux")]
fn pass(file: &File, wanted: bool) -> bool {
    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
    let Ok(mut flags) = fcntl_getfl(file) else {
        return false;
    };
    flags.set(OFlags::DIRECT, wanted);
    fcntl_setfl(file, flags).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn pass(_: &File, _: bool) -> bool {
    false
}

#[cfg(test)]
mod tests;
