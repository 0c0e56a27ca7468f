//! One part of a body on its way to the disk.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};

use serde_json::json;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::{Files, log};
use crate::IngestError;

/// What the bytes of a part must hash to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checksum {
    /// The algorithm that every server of the tus protocol knows.
    Sha1([u8; 20]),
    /// The one to prefer.
    Sha256([u8; 32]),
}

/// A part that arrives. Dropped before it is synced, it never was.
#[derive(Debug)]
pub struct Part {
    files: Files,
    data: File,
    log: File,
    length: u64,
    /// What is on the disk for certain.
    offset: u64,
    written: u64,
    check: Option<Check>,
}

#[derive(Debug)]
enum Check {
    Sha1(Sha1, [u8; 20]),
    Sha256(Sha256, [u8; 32]),
}

impl Check {
    fn new(checksum: Checksum) -> Self {
        match checksum {
            Checksum::Sha1(expected) => Self::Sha1(Sha1::new(), expected),
            Checksum::Sha256(expected) => Self::Sha256(Sha256::new(), expected),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha1(hash, _) => hash.update(bytes),
            Self::Sha256(hash, _) => hash.update(bytes),
        }
    }

    fn holds(self) -> bool {
        match self {
            Self::Sha1(hash, expected) => hash.finalize()[..] == expected,
            Self::Sha256(hash, expected) => hash.finalize()[..] == expected,
        }
    }
}

impl Part {
    pub(super) fn begin(
        files: &Files,
        length: u64,
        offset: u64,
        checksum: Option<Checksum>,
    ) -> Result<Self, IngestError> {
        let open = || -> io::Result<(File, File)> {
            let mut data = OpenOptions::new().write(true).open(files.data())?;
            // What came after it was acknowledged to nobody.
            data.set_len(offset)?;
            data.seek(SeekFrom::End(0))?;
            Ok((data, OpenOptions::new().append(true).open(files.log())?))
        };
        let (data, log) = open().map_err(files.failed("go on with"))?;
        Ok(Self {
            files: files.clone(),
            data,
            log,
            length,
            offset,
            written: offset,
            check: checksum.map(Check::new),
        })
    }

    /// Takes the next bytes. Refuses, with nothing of `bytes` kept, those beyond the body's length.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), IngestError> {
        let written = self.written.saturating_add(bytes.len() as u64);
        if written > self.length {
            return Err(IngestError::body_limit("Upload-Length", self.length));
        }
        let wrote = self.data.write_all(bytes);
        wrote.map_err(self.files.failed("write"))?;
        if let Some(check) = &mut self.check {
            check.update(bytes);
        }
        self.written = written;
        Ok(())
    }

    /// Bytes that were taken and may be lost.
    pub fn pending(&self) -> u64 {
        self.written - self.offset
    }

    /// Whether it must arrive whole.
    pub fn is_checked(&self) -> bool {
        self.check.is_some()
    }

    /// What is on the disk for certain.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Puts what was taken on the disk, and then says so. A part with a checksum waits for its end.
    pub fn sync(&mut self, stamp: i64) -> Result<(), IngestError> {
        if self.check.is_some() || self.pending() == 0 {
            return Ok(());
        }
        let line = json!({ "offset": self.written, "stamp": stamp });
        let sync = || -> io::Result<()> {
            self.data.sync_data()?;
            log::append(&self.log, &line)?;
            self.log.sync_data()
        };
        sync().map_err(self.files.failed("write"))?;
        self.offset = self.written;
        Ok(())
    }

    /// Ends the part: what was taken is on the disk when this returns. Answers whether it is what
    /// its checksum says; if not, nothing of it is kept.
    pub fn finish(&mut self, stamp: i64) -> Result<bool, IngestError> {
        if let Some(check) = self.check.take()
            && !check.holds()
        {
            self.written = self.offset;
            let cut = self.data.set_len(self.offset);
            cut.map_err(self.files.failed("write"))?;
            return Ok(false);
        }
        self.sync(stamp)?;
        Ok(true)
    }
}
