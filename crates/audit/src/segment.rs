//! The files of the journal: their names, their order, and whether they are what was written.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use chrono::NaiveDate;

use crate::line::{self, Head};
use crate::{AuditError, Result};

const ENDING: &str = ".jsonl";
/// The digits of a sequence in a file's name, so that names sort as numbers do.
const DIGITS: usize = 20;
const CHUNK_BYTES: u64 = 64 * 1024;

/// A file of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Where it is.
    pub path: PathBuf,
    /// The sequence of its first line.
    pub first: u64,
    /// The UTC day it was begun on.
    pub day: NaiveDate,
    /// How much of it is durable.
    pub bytes: u64,
}

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// How many entries there are.
    pub entries: u64,
    /// How many files.
    pub files: usize,
    /// The hash of the newest line in hex; whoever notes it can later tell a journal that was cut.
    pub head: String,
    /// The bytes of a line that a crash left unfinished; its act was never acknowledged.
    pub torn_bytes: u64,
}

/// Checks every line of a journal and changes nothing.
pub fn verify_folder(folder: &Path) -> Result<Verified> {
    verify(&list(folder)?)
}

pub fn verify(segments: &[Segment]) -> Result<Verified> {
    let mut head = Head::start();
    let mut torn_bytes = 0;
    for (index, segment) in segments.iter().enumerate() {
        torn_bytes = scan(segment, &mut head, index + 1 == segments.len())?;
    }
    let (entries, files) = (head.sequence, segments.len());
    Ok(Verified {
        entries,
        files,
        head: head.hash,
        torn_bytes,
    })
}

/// The files of the folder in their order.
pub fn list(folder: &Path) -> Result<Vec<Segment>> {
    let unreadable = |error| AuditError::unavailable("read", folder, error);
    let mut segments = Vec::new();
    for found in fs::read_dir(folder).map_err(unreadable)? {
        let found = found.map_err(unreadable)?;
        if let Some((first, day)) = found.file_name().to_str().and_then(parse_name) {
            let bytes = found.metadata().map_err(unreadable)?.len();
            segments.push(Segment {
                path: found.path(),
                first,
                day,
                bytes,
            });
        }
    }
    segments.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(segments)
}

/// `00000000000000000001-2026-09-15.jsonl`
pub fn name(first: u64, day: NaiveDate) -> String {
    format!("{first:0DIGITS$}-{day}{ENDING}")
}

fn parse_name(name: &str) -> Option<(u64, NaiveDate)> {
    let (first, day) = name.strip_suffix(ENDING)?.split_once('-')?;
    if first.len() != DIGITS {
        return None;
    }
    Some((first.parse().ok()?, day.parse().ok()?))
}

/// Reads the whole file and moves `head` over its lines. Answers the bytes of an unfinished last
/// line, which only the last file may have.
pub fn scan(segment: &Segment, head: &mut Head, is_last: bool) -> Result<u64> {
    let path = &segment.path;
    let unreadable = |error| AuditError::unavailable("read", path, error);
    check_start(segment, head)?;
    if segment.bytes == 0 {
        let message = "it is empty, and files follow it";
        return if is_last {
            Ok(0)
        } else {
            Err(AuditError::corrupt(path, 0, message))
        };
    }
    let file = File::open(path).map_err(unreadable)?;
    let mut reader = BufReader::with_capacity(CHUNK_BYTES as usize, file.take(segment.bytes));
    let mut buffer = Vec::new();
    for number in 1.. {
        buffer.clear();
        reader.read_until(b'\n', &mut buffer).map_err(unreadable)?;
        let Some(line) = buffer.strip_suffix(b"\n") else {
            break;
        };
        let read = line::decode(line, head);
        let read = read.map_err(|message| AuditError::corrupt(path, number, message))?;
        *head = Head::after(read.sequence, line);
    }
    if !is_last && !buffer.is_empty() {
        return Err(AuditError::corrupt(
            path,
            0,
            "it ends in the middle of a line",
        ));
    }
    Ok(buffer.len() as u64)
}

/// Moves `head` from the first to the last line of a file, which must fit to what is before it,
/// and reads nothing between them.
pub fn skim(segment: &Segment, head: &mut Head) -> Result<()> {
    let path = &segment.path;
    let unreadable = |error| AuditError::unread(path, error);
    let broken = |message: String| AuditError::corrupt(path, 0, message);
    check_start(segment, head)?;
    let mut file = File::open(path).map_err(unreadable)?;
    let mut first = Vec::new();
    BufReader::new((&mut file).take(segment.bytes))
        .read_until(b'\n', &mut first)
        .map_err(unreadable)?;
    let first = first.strip_suffix(b"\n").unwrap_or_default();
    line::decode(first, head).map_err(|message| AuditError::corrupt(path, 1, message))?;
    let mut lines = Backwards::open(file, segment.bytes).map_err(unreadable)?;
    let last = lines.next_line().map_err(unreadable)?.unwrap_or_default();
    let read: line::Line<'_> = serde_json::from_slice(&last)
        .map_err(|error| broken(format!("its last line is no entry: {error}")))?;
    *head = Head::after(read.sequence, &last);
    Ok(())
}

fn check_start(segment: &Segment, head: &Head) -> Result<()> {
    let expected = head.sequence + 1;
    if segment.first == expected {
        return Ok(());
    }
    let message = format!(
        "it begins at entry {}, expected entry {expected}",
        segment.first
    );
    Err(AuditError::corrupt(&segment.path, 0, message))
}

/// The lines of a file from its end.
pub struct Backwards {
    file: File,
    /// Where in the file the buffer begins.
    start: u64,
    buffer: Vec<u8>,
}

impl Backwards {
    /// From `bytes` on, which is the end of a line.
    pub fn open(file: File, bytes: u64) -> io::Result<Self> {
        let mut lines = Self {
            file,
            start: bytes,
            buffer: Vec::new(),
        };
        lines.fill()?;
        if lines.buffer.pop_if(|end| *end == b'\n').is_none() && bytes > 0 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "it ends in the middle of a line",
            ));
        }
        Ok(lines)
    }

    /// The line before, without its end. The buffer never ends with a line's end, for each was
    /// taken off with the line after it.
    pub fn next_line(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            if let Some(end) = self.buffer.iter().rposition(|byte| *byte == b'\n') {
                let line = self.buffer.split_off(end + 1);
                self.buffer.truncate(end);
                return Ok(Some(line));
            }
            if self.start == 0 {
                let line = std::mem::take(&mut self.buffer);
                return Ok((!line.is_empty()).then_some(line));
            }
            self.fill()?;
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        let bytes = self.start.min(CHUNK_BYTES);
        self.start -= bytes;
        self.file.seek(SeekFrom::Start(self.start))?;
        let mut chunk = Vec::with_capacity(bytes as usize + self.buffer.len());
        (&mut self.file).take(bytes).read_to_end(&mut chunk)?;
        chunk.append(&mut self.buffer);
        self.buffer = chunk;
        Ok(())
    }
}
