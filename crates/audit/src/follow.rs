//! Reading the journal forward, as it is sequenced into the transparency log.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::PathBuf;

use tokio::task::spawn_blocking;

use crate::writer::{Durable, Shared};
use crate::{AuditError, Result};

/// Reads durable lines in their order. It keeps its place, so that each line is read once.
#[derive(Debug)]
pub struct Follower {
    shared: Shared,
    place: Place,
}

#[derive(Debug, Clone)]
struct Place {
    /// The sequence of the line that comes next.
    next: u64,
    /// The file, and where in it that line begins, if it was read before.
    read: Option<(PathBuf, u64)>,
}

impl Follower {
    /// From that sequence on; the first line has 1.
    pub(crate) fn new(shared: Shared, next: u64) -> Self {
        Self {
            shared,
            place: Place { next, read: None },
        }
    }

    /// The lines that follow, without their ends, at most `limit`; none if all that is durable was
    /// read. When the caller goes away while it waits, the same lines come again.
    pub async fn read(&mut self, limit: usize) -> Result<Vec<Vec<u8>>> {
        let (durable, mut place) = (self.shared.get(), self.place.clone());
        let read = move || read(&durable, &mut place, limit).map(|lines| (lines, place));
        let (lines, place) = spawn_blocking(read)
            .await
            .map_err(|_| AuditError::Closed)??;
        self.place = place;
        Ok(lines)
    }
}

fn read(durable: &Durable, place: &mut Place, limit: usize) -> Result<Vec<Vec<u8>>> {
    let mut lines = Vec::new();
    while lines.len() < limit && place.next <= durable.head.sequence {
        let mut segments = durable.segments.iter();
        let segment = segments.rfind(|segment| segment.first <= place.next && segment.bytes > 0);
        let segment = segment.ok_or(AuditError::Closed)?;
        let (mut offset, mut sequence) = match &place.read {
            Some((path, offset)) if *path == segment.path => (*offset, place.next),
            _ => (0, segment.first),
        };
        let unreadable = |error| AuditError::unread(&segment.path, error);
        let mut reader = open(segment.path.clone(), offset, segment.bytes).map_err(unreadable)?;
        let before = place.next;
        let mut line = Vec::new();
        while lines.len() < limit {
            line.clear();
            offset += reader.read_until(b'\n', &mut line).map_err(unreadable)? as u64;
            let Some(whole) = line.strip_suffix(b"\n") else {
                break;
            };
            if sequence == place.next {
                lines.push(whole.to_vec());
                place.next += 1;
            }
            sequence += 1;
        }
        if place.next == before {
            let message = format!("it ends before entry {before}");
            return Err(AuditError::corrupt(&segment.path, 0, message));
        }
        place.read = Some((segment.path.clone(), offset));
    }
    Ok(lines)
}

fn open(path: PathBuf, offset: u64, end: u64) -> io::Result<impl BufRead> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(offset))?;
    Ok(BufReader::new(file.take(end.saturating_sub(offset))))
}
