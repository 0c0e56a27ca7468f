//! What pages of Parquet say of their sizes, seen to before any of them is unpacked: a decoder makes
//! room for as much as a page claims, and a file of a kilobyte may claim two GiB.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use parquet::file::metadata::ParquetMetaData;

use crate::batches::Kind;
use crate::{IngestError, Limits};

const BUFFER_BYTES: usize = 16 * 1024;

/// How deep the parts of a page's header may nest.
const NESTING: usize = 16;

/// The fields of a page's header that are looked at.
const UNPACKED_BYTES: i64 = 2;
const PACKED_BYTES: i64 = 3;

/// Refuses a file with a page that claims more than a page may have: as much as the rows of its
/// group, and no more than a message of Arrow.
pub(crate) fn refuse(
    format: Kind,
    file: &File,
    metadata: &ParquetMetaData,
    limits: &Limits,
) -> Result<(), IngestError> {
    for group in metadata.row_groups() {
        let rows = u64::try_from(group.num_rows()).unwrap_or_default();
        let of_rows = rows
            .saturating_add(1)
            .saturating_mul(limits.row_bytes as u64);
        for column in group.columns() {
            // It panics where the file says that a column begins before the file does.
            let (start, bytes) = format.guarded(|| Ok::<_, io::Error>(column.byte_range()))?;
            let mut pages = format.guarded(|| Pages::open(file, start, bytes))?;
            while let Some(unpacked) = format.guarded(|| pages.next())? {
                if unpacked > limits.message_bytes {
                    return Err(IngestError::body_limit(
                        "message_bytes",
                        limits.message_bytes,
                    ));
                }
                if unpacked > of_rows {
                    let row_bytes = limits.row_bytes as u64;
                    return Err(IngestError::body_limit("row_bytes", row_bytes));
                }
            }
        }
    }
    Ok(())
}

/// The pages of a column in a row group, of which only the headers are read: structures of Thrift
/// in its compact form.
struct Pages<'f> {
    reader: BufReader<&'f File>,
    /// How many bytes are left of the column.
    left: u64,
}

impl<'f> Pages<'f> {
    fn open(file: &'f File, start: u64, bytes: u64) -> io::Result<Self> {
        let mut reader = BufReader::with_capacity(BUFFER_BYTES, file);
        reader.seek(SeekFrom::Start(start))?;
        Ok(Self {
            reader,
            left: bytes,
        })
    }

    /// How many bytes the next page claims to have once it is unpacked; none behind the last.
    fn next(&mut self) -> io::Result<Option<u64>> {
        if self.left == 0 {
            return Ok(None);
        }
        let (mut unpacked, mut packed) = (0, 0);
        let mut last = 0;
        while let Some((field, kind)) = self.field(last)? {
            last = field;
            match field {
                UNPACKED_BYTES if kind == I32 => unpacked = self.size()?,
                PACKED_BYTES if kind == I32 => packed = self.size()?,
                _ => self.skip_value(kind, NESTING)?,
            }
        }
        self.skip(packed)?;
        Ok(Some(unpacked))
    }

    /// The number and the kind of the next field of a structure; none at its end.
    fn field(&mut self, last: i64) -> io::Result<Option<(i64, u8)>> {
        let head = self.byte()?;
        if head == 0 {
            return Ok(None);
        }
        let field = match head >> 4 {
            0 => unzigzag(self.varint()?),
            ahead => last.saturating_add(i64::from(ahead)),
        };
        Ok(Some((field, head & 0x0f)))
    }

    fn skip_value(&mut self, kind: u8, nesting: usize) -> io::Result<()> {
        let nesting = nesting.checked_sub(1).ok_or_else(broken)?;
        match kind {
            TRUE | FALSE => Ok(()),
            BYTE => self.skip(1),
            I16 | I32 | I64 => self.varint().map(|_| ()),
            DOUBLE => self.skip(8),
            BINARY => {
                let bytes = self.varint()?;
                self.skip(bytes)
            }
            LIST | SET => {
                let head = self.byte()?;
                let items = match head >> 4 {
                    15 => self.varint()?,
                    few => u64::from(few),
                };
                self.skip_items(items, &[head & 0x0f], nesting)
            }
            MAP => match self.varint()? {
                0 => Ok(()),
                items => {
                    let kinds = self.byte()?;
                    self.skip_items(items, &[kinds >> 4, kinds & 0x0f], nesting)
                }
            },
            STRUCT => {
                let mut last = 0;
                while let Some((field, kind)) = self.field(last)? {
                    last = field;
                    self.skip_value(kind, nesting)?;
                }
                Ok(())
            }
            _ => Err(broken()),
        }
    }

    /// Skips items of those kinds in turn. Each takes a byte at least, so lies about their number end
    /// with the column.
    fn skip_items(&mut self, items: u64, kinds: &[u8], nesting: usize) -> io::Result<()> {
        for _ in 0..items {
            for kind in kinds {
                match *kind {
                    // As an item it is a byte of its own.
                    TRUE | FALSE => self.skip(1)?,
                    kind => self.skip_value(kind, nesting)?,
                }
            }
        }
        Ok(())
    }

    fn size(&mut self) -> io::Result<u64> {
        let size = unzigzag(self.varint()?);
        u64::try_from(size).map_err(|_| broken())
    }

    fn varint(&mut self) -> io::Result<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(broken())
    }

    fn byte(&mut self) -> io::Result<u8> {
        self.left = self.left.checked_sub(1).ok_or_else(broken)?;
        let mut byte = [0];
        self.reader.read_exact(&mut byte)?;
        Ok(byte[0])
    }

    fn skip(&mut self, bytes: u64) -> io::Result<()> {
        self.left = self.left.checked_sub(bytes).ok_or_else(broken)?;
        let bytes = i64::try_from(bytes).map_err(|_| broken())?;
        self.reader.seek_relative(bytes)
    }
}

const TRUE: u8 = 1;
const FALSE: u8 = 2;
const BYTE: u8 = 3;
const I16: u8 = 4;
const I32: u8 = 5;
const I64: u8 = 6;
const DOUBLE: u8 = 7;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const SET: u8 = 10;
const MAP: u8 = 11;
const STRUCT: u8 = 12;

fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

fn broken() -> io::Error {
    io::Error::other("the header of a page is broken")
}

#[cfg(test)]
mod tests;
