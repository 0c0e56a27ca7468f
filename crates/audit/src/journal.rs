//! The journal as its users see it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use chrono::{DateTime, Utc};
use service::AuditRecord;
use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_blocking;

use crate::line::{Head, Line};
use crate::segment::{self, Backwards, Segment, Verified};
use crate::writer::{self, Durable, Queued, Shared, Writer};
use crate::{AuditError, Entry, Follower, Result};

/// Where the time comes from.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// How many entries may wait for the disk before appending waits too.
const QUEUE: usize = 1024;
/// How many entries one answer holds at most.
const READ_LIMIT: u64 = 1000;

/// An unfinished line that was cut off when the journal was opened. Its act was not acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// The file.
    pub file: PathBuf,
    /// How much was cut off.
    pub bytes: u64,
}

/// The open journal. One process may have it open at a time; whoever opens it sees to that.
#[derive(Debug)]
pub struct Journal {
    queue: Option<mpsc::Sender<Queued>>,
    writer: Option<JoinHandle<()>>,
    shared: Shared,
    cut: Option<Cut>,
}

impl Journal {
    /// Opens the journal in that folder, which is made if it is not there.
    ///
    /// A line that a crash left unfinished at the very end is cut off; any other damage refuses.
    /// The newest file is checked line by line; of older ones, which are never written again,
    /// only that each follows the one before. [`Journal::verify`] checks every line.
    pub fn open(folder: &Path, clock: Clock) -> Result<Self> {
        make_folder(folder).map_err(|error| AuditError::unavailable("create", folder, error))?;
        let mut segments = segment::list(folder)?;
        let mut head = Head::start();
        let mut cut = None;
        if let Some((last, older)) = segments.split_last_mut() {
            older
                .iter()
                .try_for_each(|older| segment::skim(older, &mut head))?;
            let torn = segment::scan(last, &mut head, true)?;
            cut = cut_off(last, torn)?;
        }
        let shared = Shared::new(Durable { segments, head });
        let (queue, waiting) = mpsc::channel(QUEUE);
        let writer = Writer::new(folder, clock, shared.clone(), Box::new(writer::open_file));
        let writer = thread::Builder::new()
            .name("audit".to_owned())
            .spawn(move || writer.run(waiting))
            .map_err(|error| AuditError::unavailable("start the writer of", folder, error))?;
        Ok(Self {
            queue: Some(queue),
            writer: Some(writer),
            shared,
            cut,
        })
    }

    /// What was cut off on opening, for the log.
    pub fn cut(&self) -> Option<&Cut> {
        self.cut.as_ref()
    }

    /// How many entries there are.
    pub fn entries(&self) -> u64 {
        self.shared.sequence()
    }

    /// Appends an entry; it is durable when this answers its sequence. On an error it is not in the
    /// journal and its act must not happen. When the caller goes away while it waits, the entry
    /// may be there or not.
    pub async fn append(&self, entry: Entry) -> Result<u64> {
        let queue = self.queue.as_ref().ok_or(AuditError::Closed)?;
        let (answer, answered) = oneshot::channel();
        queue
            .send((entry, answer))
            .await
            .map_err(|_| AuditError::Closed)?;
        answered.await.map_err(|_| AuditError::Closed)?
    }

    /// Entries, newest first, at most 1,000.
    pub async fn read(&self, offset: u64, limit: u64) -> Result<Vec<AuditRecord>> {
        let durable = self.shared.get();
        blocking(move || read(&durable, offset, limit.min(READ_LIMIT))).await
    }

    /// Reads lines forward from that sequence on, which is 1 for the first.
    pub fn follow(&self, sequence: u64) -> Follower {
        Follower::new(self.shared.clone(), sequence)
    }

    /// Checks every durable line.
    pub async fn verify(&self) -> Result<Verified> {
        let durable = self.shared.get();
        blocking(move || segment::verify(&durable.segments)).await
    }
}

impl Drop for Journal {
    /// Waits for what is queued, so that whoever opens the folder next finds it all.
    fn drop(&mut self) {
        self.queue = None;
        if let Some(writer) = self.writer.take() {
            // A writer that died has nothing left to say.
            let _ = writer.join();
        }
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    spawn_blocking(work).await.map_err(|_| AuditError::Closed)?
}

fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(folder)?;
    folder.parent().map_or(Ok(()), |parent| {
        let here = parent.as_os_str().is_empty();
        writer::sync_folder(if here { Path::new(".") } else { parent })
    })
}

fn cut_off(last: &mut Segment, torn: u64) -> Result<Option<Cut>> {
    if torn == 0 {
        return Ok(None);
    }
    last.bytes -= torn;
    let opened = writer::open_file(&last.path, last.bytes);
    opened.map_err(|error| AuditError::unavailable("mend", &last.path, error))?;
    Ok(Some(Cut {
        file: last.path.clone(),
        bytes: torn,
    }))
}

fn read(durable: &Durable, offset: u64, limit: u64) -> Result<Vec<AuditRecord>> {
    let newest = durable.head.sequence.saturating_sub(offset);
    let oldest = newest.saturating_sub(limit) + 1;
    let mut records = Vec::new();
    for segment in durable.segments.iter().rev() {
        if segment.first > newest || segment.bytes == 0 {
            continue;
        }
        if records.len() as u64 == newest + 1 - oldest {
            break;
        }
        read_segment(segment, oldest, newest, &mut records)?;
    }
    Ok(records)
}

fn read_segment(
    segment: &Segment,
    oldest: u64,
    newest: u64,
    records: &mut Vec<AuditRecord>,
) -> Result<()> {
    let unreadable = |error| AuditError::unread(&segment.path, error);
    let broken = |error| {
        AuditError::corrupt(
            &segment.path,
            0,
            format!("a line of it is no entry: {error}"),
        )
    };
    let file = File::open(&segment.path).map_err(unreadable)?;
    let mut lines = Backwards::open(file, segment.bytes).map_err(unreadable)?;
    while let Some(line) = lines.next_line().map_err(unreadable)? {
        let line: Line<'_> = serde_json::from_slice(&line).map_err(broken)?;
        if line.sequence < oldest {
            break;
        }
        if line.sequence <= newest {
            records.push(line.into_record().map_err(broken)?);
        }
    }
    Ok(())
}
