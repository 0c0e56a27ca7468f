//! A JSON document's bytes, with the place that the reading has reached.

use std::io::{self, BufRead};

use super::cut::{Cut, Cutter};
use super::{cut_off, not_json};
use crate::IngestError;

/// The bytes of a document.
pub(super) struct Input<R> {
    reader: R,
    at: u64,
}

/// What a value may have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Most {
    pub(super) bytes: usize,
    /// Levels of brackets, its own among them.
    pub(super) levels: usize,
}

/// Which limit a value is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Over {
    Bytes,
    Levels,
}

impl<R: BufRead> Input<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, at: 0 }
    }

    /// How many bytes were read.
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// The next byte that is no white space; none at the end.
    pub(super) fn peek(&mut self) -> Result<Option<u8>, IngestError> {
        loop {
            let bytes = buffered(&mut self.reader)?;
            let space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
            let found = bytes.iter().position(|byte| !space(byte));
            let (skip, next) = match found {
                Some(at) => (at, Some(bytes[at])),
                None => (bytes.len(), None),
            };
            self.skip(skip);
            if next.is_some() || skip == 0 {
                return Ok(next);
            }
        }
    }

    /// The next byte that is no white space, which must be there.
    pub(super) fn need(&mut self) -> Result<u8, IngestError> {
        self.peek()?.ok_or_else(|| cut_off(self.at))
    }

    /// Steps over that many bytes of those that were looked at.
    pub(super) fn skip(&mut self, bytes: usize) {
        self.reader.consume(bytes);
        self.at += bytes as u64;
    }

    /// Steps over the byte if it is the next one.
    pub(super) fn take(&mut self, byte: u8) -> Result<bool, IngestError> {
        let there = self.peek()? == Some(byte);
        self.skip(usize::from(there));
        Ok(there)
    }

    /// The refusal of what stands here.
    pub(super) fn broken(&self) -> IngestError {
        not_json(self.at)
    }

    /// Appends the value that begins here.
    pub(super) fn value(
        &mut self,
        into: &mut Vec<u8>,
        most: Most,
    ) -> Result<Result<(), Over>, IngestError> {
        if !matches!(
            self.need()?,
            b'{' | b'[' | b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n'
        ) {
            return Err(self.broken());
        }
        let start = into.len();
        let mut cutter = Cutter::new(most.levels);
        loop {
            let bytes = buffered(&mut self.reader)?;
            if bytes.is_empty() {
                return if cutter.may_end() {
                    Ok(Ok(()))
                } else {
                    Err(cut_off(self.at))
                };
            }
            let (read, cut) = cutter.read(bytes);
            if into.len() - start + read > most.bytes {
                return Ok(Err(Over::Bytes));
            }
            into.extend_from_slice(&bytes[..read]);
            self.skip(read);
            match cut {
                Cut::Within => {}
                Cut::Done => return Ok(Ok(())),
                Cut::Wrong => return Err(self.broken()),
                Cut::TooDeep => return Ok(Err(Over::Levels)),
            }
        }
    }
}

/// What the reader holds; nothing only at the end.
fn buffered(reader: &mut impl BufRead) -> Result<&[u8], IngestError> {
    // Looked at twice because a loan that is handed on cannot also be tried again.
    while let Err(error) = reader.fill_buf() {
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(IngestError::read(error));
        }
    }
    reader.fill_buf().map_err(IngestError::read)
}
