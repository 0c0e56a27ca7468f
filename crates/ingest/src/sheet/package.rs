//! The archive that a spreadsheet is: its parts, read within bounds. What an archive says of itself
//! is not believed; bytes are counted while they are expanded.

use std::cell::Cell;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::rc::Rc;

use zip::ZipArchive;
use zip::read::ZipFile;
use zip::result::ZipError;

use super::xml::Xml;
use super::{disguise, malformed};
use crate::{IngestError, Limits};

/// An archive's list of entries is read whole; a longer one is no spreadsheet's.
const DIRECTORY_BYTES: u64 = 8 << 20;

/// What expands to less is never too much, however small it was.
const FREE_BYTES: u64 = 1 << 20;

/// A tag, or a text without markup, may at least have so many bytes.
const EVENT_BYTES: u64 = 1 << 20;

/// An archive.
pub(super) struct Package {
    zip: ZipArchive<Source>,
    names: HashMap<String, usize>,
    gauge: Rc<Gauge>,
}

impl Package {
    /// Opens the archive. Refuses what is none, with a word on what it is instead.
    pub(super) fn open(mut file: File, limits: &Limits) -> Result<Self, IngestError> {
        disguise::unmask(&mut file)?;
        let left = Rc::new(Cell::new(DIRECTORY_BYTES));
        let source = Source {
            file,
            left: left.clone(),
        };
        let zip = ZipArchive::new(source).map_err(|error| match error {
            _ if left.get() == 0 => too_many_entries(limits),
            ZipError::Io(error) if IngestError::is_of_disk(&error) => {
                IngestError::io("read the spooled body")(error)
            }
            _ => malformed("the file is cut off or damaged: its list of parts cannot be read"),
        })?;
        left.set(u64::MAX);
        if zip.len() > limits.archive_entries {
            return Err(too_many_entries(limits));
        }
        let mut names = HashMap::new();
        for (place, name) in zip.file_names().enumerate() {
            let name = name.map_err(|_| malformed("the archive names a part in no known way"))?;
            if names.insert(folded(&name), place).is_some() {
                return Err(malformed("the archive has a part twice"));
            }
        }
        Ok(Self {
            zip,
            names,
            gauge: Rc::new(Gauge::new(limits)),
        })
    }

    /// Whether there is such a part.
    pub(super) fn has(&self, name: &str) -> bool {
        self.names.contains_key(&folded(name))
    }

    /// Opens a part of XML; none if there is none of that name.
    pub(super) fn part(&mut self, name: &str) -> Result<Option<Xml<'_>>, IngestError> {
        let Some(place) = self.names.get(&folded(name)) else {
            return Ok(None);
        };
        let part = match self.zip.by_index(*place) {
            Ok(part) => part,
            Err(ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED)) => {
                return Err(encrypted());
            }
            Err(_) => {
                let message = format!("the part `{name}` is damaged or packed in an unknown way");
                return Err(malformed(message));
            }
        };
        if part.size() > self.gauge.left.get() {
            self.gauge.over.set(Some(Over::Bytes));
            return Err(self.gauge.error(""));
        }
        let most = part.compressed_size().saturating_mul(self.gauge.ratio);
        let metered = Metered {
            inner: BufReader::with_capacity(1 << 16, part),
            left: most.saturating_add(FREE_BYTES),
            gauge: self.gauge.clone(),
        };
        Ok(Some(Xml::new(metered, self.gauge.clone(), name)))
    }

    /// What keeps the count.
    pub(super) fn gauge(&self) -> Rc<Gauge> {
        self.gauge.clone()
    }
}

/// Names of parts are compared as Windows does: producers are not careful.
fn folded(name: &str) -> String {
    name.replace('\\', "/").to_ascii_lowercase()
}

fn too_many_entries(limits: &Limits) -> IngestError {
    IngestError::body_limit("archive_entries", limits.archive_entries as u64)
}

/// The refusal of a workbook that cannot be read without a password.
pub(super) fn encrypted() -> IngestError {
    let hint = "Remove the password from the workbook, save it and send it again.";
    IngestError::refused(
        "malformed",
        Vec::new(),
        "the workbook is protected by a password",
        hint,
    )
}

/// The body, of which only so much is read while the list of entries is.
struct Source {
    file: File,
    left: Rc<Cell<u64>>,
}

impl Read for Source {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = self.left.get();
        if left == 0 {
            return Err(io::Error::other("the list of entries is too long"));
        }
        let most = buf.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let read = self.file.read(&mut buf[..most])?;
        self.left.set(left - read as u64);
        Ok(read)
    }
}

impl Seek for Source {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

/// Which bound was passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Over {
    Bytes,
    Ratio,
    Event,
}

/// Counts what the parts of an archive expand to.
pub(super) struct Gauge {
    sheet_bytes: u64,
    ratio: u64,
    event_bytes: u64,
    cell_bytes: u64,
    left: Cell<u64>,
    event_left: Cell<u64>,
    over: Cell<Option<Over>>,
}

impl Gauge {
    fn new(limits: &Limits) -> Self {
        Self {
            sheet_bytes: limits.sheet_bytes,
            ratio: limits.expansion_ratio,
            event_bytes: EVENT_BYTES.max(limits.row_bytes as u64),
            cell_bytes: limits.cell_bytes as u64,
            left: Cell::new(limits.sheet_bytes),
            event_left: Cell::new(0),
            over: Cell::new(None),
        }
    }

    /// Begins to count anew: the workbook is read once more from its beginning.
    pub(super) fn restart(&self) {
        self.left.set(self.sheet_bytes);
    }

    /// Lets the next event be read.
    pub(super) fn next_event(&self) {
        self.event_left.set(self.event_bytes);
    }

    /// Counts what is said once and stands several times.
    pub(super) fn charge(&self, bytes: u64) -> Result<(), IngestError> {
        self.spend(bytes);
        match self.over.get() {
            Some(_) => Err(self.error("")),
            None => Ok(()),
        }
    }

    /// Why a part could not be read on.
    pub(super) fn error(&self, otherwise: impl Into<String>) -> IngestError {
        match self.over.get() {
            Some(Over::Bytes) => IngestError::body_limit("sheet_bytes", self.sheet_bytes),
            Some(Over::Ratio) => malformed(format!(
                "the workbook is over the limit `expansion_ratio` of {}: a part of it says little \
                 in much",
                self.ratio
            )),
            Some(Over::Event) => IngestError::body_limit("cell_bytes", self.cell_bytes),
            None => malformed(otherwise),
        }
    }

    fn spend(&self, bytes: u64) {
        match self.left.get().checked_sub(bytes) {
            Some(left) => self.left.set(left),
            None => self.over.set(Some(Over::Bytes)),
        }
    }
}

/// A part whose bytes are counted.
pub(super) struct Metered<'p> {
    inner: BufReader<ZipFile<'p, Source>>,
    left: u64,
    gauge: Rc<Gauge>,
}

impl Read for Metered<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let ready = self.fill_buf()?;
        let read = ready.len().min(buf.len());
        buf[..read].copy_from_slice(&ready[..read]);
        self.consume(read);
        Ok(read)
    }
}

impl BufRead for Metered<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.gauge.over.get().is_some() {
            return Err(io::Error::other("a bound was passed"));
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, read: usize) {
        self.inner.consume(read);
        let read = read as u64;
        let gauge = &self.gauge;
        gauge.spend(read);
        self.left = self.left.saturating_sub(read);
        if self.left == 0 {
            gauge.over.set(Some(Over::Ratio));
        }
        let event_left = gauge.event_left.get().saturating_sub(read);
        gauge.event_left.set(event_left);
        if event_left == 0 {
            gauge.over.set(Some(Over::Event));
        }
    }
}
