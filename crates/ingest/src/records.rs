//! A text body cut into records, a block of them at a time, so that memory is bounded by the block
//! and by the longest row that is taken.

use std::io::BufRead;
use std::ops::Range;

use crate::{IngestError, Limits};

/// A block ends behind the record that fills it.
const BLOCK_BYTES: usize = 4 * 1024 * 1024;
/// A block that has so many bytes will have more: it gets its memory at once, and what is read
/// beyond its end has room too.
const MANY_BYTES: usize = 256 * 1024;
const FULL_BYTES: usize = BLOCK_BYTES + 2 * MANY_BYTES;

/// What ends a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// Every line break.
    Lines,
    /// Every line break that is not within quotes.
    Csv(Marks),
}

/// The characters that mean something in a CSV record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Marks {
    pub(crate) delimiter: u8,
    /// None if cells are not quoted.
    pub(crate) quote: Option<u8>,
}

/// A stretch of records.
#[derive(Debug, Default)]
pub(crate) struct Block {
    bytes: Vec<u8>,
    records: Vec<Range<usize>>,
    /// The number of the first record.
    pub(crate) first_row: u64,
}

impl Block {
    /// The records, without their line breaks: as text, or as the bytes that are no UTF-8.
    pub(crate) fn texts(&self) -> impl Iterator<Item = Result<&str, &[u8]>> {
        // Records end at line breaks, so that all of them are text if the whole is.
        let whole = simdutf8::basic::from_utf8(&self.bytes).ok();
        self.records.iter().map(move |range| {
            let record = &self.bytes[range.clone()];
            match whole.and_then(|whole| whole.get(range.clone())) {
                Some(text) => Ok(text),
                None => std::str::from_utf8(record).map_err(|_| record),
            }
        })
    }

    /// The record with that number; nothing if it stands elsewhere.
    pub(crate) fn row(&self, row: u64) -> &[u8] {
        let at = row.checked_sub(self.first_row);
        let at = at.and_then(|at| usize::try_from(at).ok());
        at.and_then(|at| self.records.get(at))
            .map_or(&[], |range| &self.bytes[range.clone()])
    }

    /// How many records there are.
    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }
}

/// The body being cut.
pub(crate) struct Records<R> {
    reader: R,
    framing: Framing,
    limits: Limits,
    next_row: u64,
    /// What was read behind the last record.
    rest: Vec<u8>,
    /// What is told once the records before it were judged, so that it does not matter how many of
    /// them a block has.
    failure: Option<IngestError>,
}

impl<R: BufRead> Records<R> {
    /// The first record found is `first_row`.
    pub(crate) fn new(reader: R, framing: Framing, limits: &Limits, first_row: u64) -> Self {
        Self {
            reader,
            framing,
            limits: *limits,
            next_row: first_row,
            rest: Vec::new(),
            failure: None,
        }
    }

    /// From here on records end as `framing` says, and the next one is `next_row`.
    pub(crate) fn go_on(&mut self, framing: Framing, next_row: u64) {
        self.framing = framing;
        self.next_row = next_row;
    }

    /// Replaces the block's records by the next ones, at most `rows`; none at the end of the body.
    /// What goes wrong behind a record is told by the next call.
    pub(crate) fn fill(&mut self, block: &mut Block, rows: usize) -> Result<(), IngestError> {
        block.bytes.clear();
        block.records.clear();
        block.first_row = self.next_row;
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        match self.append_records(block, rows) {
            Err(error) if !block.records.is_empty() => {
                self.failure = Some(error);
                Ok(())
            }
            answer => answer,
        }
    }

    fn append_records(&mut self, block: &mut Block, rows: usize) -> Result<(), IngestError> {
        let Block { bytes, records, .. } = block;
        bytes.append(&mut self.rest);
        let mut start = 0;
        while records.len() < rows && start < BLOCK_BYTES {
            let Some(end) = self.end_of_record(bytes, start)? else {
                break;
            };
            let content = self.content(&bytes[start..end]);
            if content.len() > self.limits.row_bytes {
                return Err(self.too_long());
            }
            if !content.is_empty() {
                if self.next_row > self.limits.rows {
                    return Err(IngestError::body_limit("rows", self.limits.rows));
                }
                records.push(start + content.start..start + content.end);
                self.next_row += 1;
            }
            start = end;
        }
        self.rest.extend_from_slice(&bytes[start..]);
        bytes.truncate(start);
        Ok(())
    }

    fn too_long(&self) -> IngestError {
        IngestError::row_limit("row_bytes", self.limits.row_bytes, self.next_row)
    }

    /// Where a record's content lies: without the line break, and nowhere if the line is blank.
    fn content(&self, record: &[u8]) -> Range<usize> {
        let line = record.strip_suffix(b"\n").unwrap_or(record);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match self.framing {
            Framing::Lines if line.trim_ascii().is_empty() => 0..0,
            _ => 0..line.len(),
        }
    }

    /// Where the record ends that begins at `start`; more is read until it does. None at the end of
    /// the body.
    fn end_of_record(
        &mut self,
        bytes: &mut Vec<u8>,
        start: usize,
    ) -> Result<Option<usize>, IngestError> {
        let mut quotes = Quotes::FieldStart;
        let (mut line, mut searched) = (start, start);
        loop {
            if let Some(at) = memchr::memchr(b'\n', &bytes[searched..]) {
                searched += at + 1;
                match self.framing {
                    Framing::Csv(Marks {
                        delimiter,
                        quote: Some(quote),
                    }) if quotes.are_open_behind(&bytes[line..searched], delimiter, quote) => {
                        line = searched;
                    }
                    _ => return Ok(Some(searched)),
                }
                continue;
            }
            searched = bytes.len();
            // Two bytes more than a row may have, for its line break.
            if searched - start > self.limits.row_bytes + 2 {
                return Err(self.too_long());
            }
            let more = self.reader.fill_buf().map_err(IngestError::read)?;
            let read = more.len();
            if bytes.len() >= MANY_BYTES {
                bytes.reserve(FULL_BYTES.saturating_sub(bytes.len()));
            }
            bytes.extend_from_slice(more);
            self.reader.consume(read);
            if read == 0 {
                return Ok(Some(searched).filter(|end| *end > start));
            }
        }
    }
}

/// Where in a CSV record the reading stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quotes {
    FieldStart,
    Unquoted,
    Quoted,
    /// Behind a quote within quotes: the end of the field, or half of an escaped quote.
    Closing,
}

impl Quotes {
    /// Reads a line; true if its line break belongs to a quoted field.
    fn are_open_behind(&mut self, line: &[u8], delimiter: u8, quote: u8) -> bool {
        if *self != Self::Quoted && memchr::memchr(quote, line).is_none() {
            return false;
        }
        for byte in line.iter().copied() {
            *self = match *self {
                Self::FieldStart | Self::Closing if byte == quote => Self::Quoted,
                Self::Quoted if byte == quote => Self::Closing,
                Self::Quoted => Self::Quoted,
                _ if byte == delimiter => Self::FieldStart,
                _ => Self::Unquoted,
            };
        }
        *self == Self::Quoted
    }
}

#[cfg(test)]
mod tests;
