//! The writer: one thread that owns the open file and makes many entries durable with one fsync.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, NaiveDate, Utc};
use tokio::sync::{mpsc, oneshot};

use crate::journal::Clock;
use crate::line::{self, Head};
use crate::segment::{self, Segment};
use crate::{AuditError, Entry, Result};

/// A file is closed at the first entry past this size.
const SEGMENT_BYTES: u64 = 64 * 1024 * 1024;
/// How many entries one fsync serves at most.
const GROUP: usize = 256;

/// An entry that waits, and who waits for it.
pub type Queued = (Entry, oneshot::Sender<Result<u64>>);

/// What is durable; readers see nothing else.
#[derive(Debug, Clone)]
pub struct Durable {
    pub segments: Vec<Segment>,
    pub head: Head,
}

/// What is durable, shared by the writer with readers.
#[derive(Debug, Clone)]
pub struct Shared(Arc<Mutex<Durable>>);

impl Shared {
    pub fn new(durable: Durable) -> Self {
        Self(Arc::new(Mutex::new(durable)))
    }

    pub fn get(&self) -> Durable {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub fn sequence(&self) -> u64 {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .head
            .sequence
    }

    fn set(&self, durable: Durable) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = durable;
    }
}

/// What the writer needs of a file, so that tests can hand in one that fails.
pub trait Append: Send {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
    fn sync(&mut self) -> io::Result<()>;
}

impl Append for File {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}

/// Opens a file of the journal for appending, cut to its first `bytes`.
pub type OpenFile = Box<dyn Fn(&Path, u64) -> io::Result<Box<dyn Append>> + Send>;

/// The files of the disk.
pub fn open_file(path: &Path, bytes: u64) -> io::Result<Box<dyn Append>> {
    let file = OpenOptions::new().create(true).append(true).open(path)?;
    file.set_len(bytes)?;
    file.sync_all()?;
    if let Some(folder) = path.parent() {
        sync_folder(folder)?;
    }
    Ok(Box::new(file))
}

/// Makes the names in a folder durable.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// The only one who writes.
pub struct Writer {
    folder: PathBuf,
    clock: Clock,
    shared: Shared,
    open_file: OpenFile,
    /// The file of the last segment; none before the first entry, and after a failure, when what
    /// follows the durable part must be cut off before anything else is written.
    file: Option<Box<dyn Append>>,
}

impl Writer {
    pub fn new(folder: &Path, clock: Clock, shared: Shared, open_file: OpenFile) -> Self {
        Self {
            folder: folder.to_owned(),
            clock,
            shared,
            open_file,
            file: None,
        }
    }

    /// Writes until nobody can append any more.
    pub fn run(mut self, mut queue: mpsc::Receiver<Queued>) {
        while let Some(first) = queue.blocking_recv() {
            let mut group = vec![first];
            while group.len() < GROUP {
                let Ok(next) = queue.try_recv() else { break };
                group.push(next);
            }
            let (entries, waiting): (Vec<_>, Vec<_>) = group.into_iter().unzip();
            let written = self.write(&entries);
            for (position, waiting) in waiting.into_iter().enumerate() {
                let answer = written.clone().map(|first| first + position as u64);
                // Whoever went away in the meantime does not need the answer.
                let _ = waiting.send(answer);
            }
        }
    }

    /// Makes the entries durable, all or none; answers the sequence of the first.
    pub fn write(&mut self, entries: &[Entry]) -> Result<u64> {
        let at = (self.clock)();
        let mut durable = self.shared.get();
        let first = durable.head.sequence + 1;
        self.choose_segment(&mut durable, first, at.date_naive());
        let Durable { segments, head } = &mut durable;
        let segment = segments.last_mut().ok_or(AuditError::Closed)?;
        let mut file = match self.file.take() {
            Some(file) => file,
            None => (self.open_file)(&segment.path, segment.bytes)
                .map_err(|error| AuditError::unavailable("open", &segment.path, error))?,
        };
        let bytes = encode(entries, head, at)
            .map_err(|error| AuditError::unavailable("encode", &segment.path, error.into()))?;
        file.append(&bytes)
            .and_then(|()| file.sync())
            .map_err(|error| AuditError::unavailable("write", &segment.path, error))?;
        segment.bytes += bytes.len() as u64;
        self.file = Some(file);
        self.shared.set(durable);
        Ok(first)
    }

    /// Begins a new segment on a new day and when the last is full. A day that lies before the last
    /// one is a clock that was set back, and begins nothing. The new segment is announced before
    /// it is written, so that after a failure the same file is tried again.
    fn choose_segment(&mut self, durable: &mut Durable, first: u64, day: NaiveDate) {
        let goes_on = |s: &Segment| s.bytes == 0 || (s.day >= day && s.bytes < SEGMENT_BYTES);
        if !durable.segments.last().is_some_and(goes_on) {
            self.file = None;
            let path = self.folder.join(segment::name(first, day));
            durable.segments.push(Segment {
                path,
                first,
                day,
                bytes: 0,
            });
            self.shared.set(durable.clone());
        }
    }
}

fn encode(entries: &[Entry], head: &mut Head, at: DateTime<Utc>) -> serde_json::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for entry in entries {
        let line = line::encode(entry, head, at)?;
        *head = Head::after(head.sequence + 1, &line);
        bytes.extend_from_slice(&line);
        bytes.push(b'\n');
    }
    Ok(bytes)
}
