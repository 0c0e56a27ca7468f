//! Cuts a run of ordered rows into a slice that ends between two places.

use std::io::{BufWriter, Seek, Write};
use std::path::Path;

use tempfile::NamedTempFile;

use crate::{PullError, Result, spool};

#[cfg(test)]
mod tests;

/// Where a row stands: its watermark and, where there is one, its key.
pub(super) type Place = (String, Option<String>);

/// A slice that is being filled. Rows of the same place stay together.
pub(super) struct Slice {
    out: BufWriter<NamedTempFile>,
    max_rows: u64,
    max_bytes: u64,
    all: Extent,
    /// Up to the end of the last place that is complete.
    whole: Extent,
    first: Option<Place>,
    /// The place of the last row.
    place: Option<Place>,
    /// The place at which `whole` ends.
    end: Option<Place>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Extent {
    rows: u64,
    bytes: u64,
}

/// A slice that is done.
pub(super) struct Cut {
    pub(super) body: NamedTempFile,
    pub(super) bytes: u64,
    pub(super) first: Place,
    pub(super) last: Place,
}

impl Slice {
    pub(super) fn new(spool: &Path, max_rows: u64, max_bytes: u64) -> Result<Self> {
        Ok(Self {
            out: BufWriter::new(spool::file_in(spool)?),
            max_rows,
            max_bytes,
            all: Extent::default(),
            whole: Extent::default(),
            first: None,
            place: None,
            end: None,
        })
    }

    /// Takes a row; whether it wants more of them.
    pub(super) fn push(&mut self, json: &str, place: Place) -> Result<bool> {
        if self.place.as_ref() != Some(&place) {
            self.whole = self.all;
            self.end = self.place.take();
            if self.whole.rows >= self.max_rows {
                return Ok(false);
            }
            self.first.get_or_insert_with(|| place.clone());
            self.place = Some(place);
        }
        let size = json.len() as u64 + 1;
        if self.all.bytes + size > self.max_bytes {
            return match self.whole.rows {
                0 => Err(self.too_large()),
                _ => Ok(false),
            };
        }
        // A row past the limit can only be of a place that is cut off, unless it is the first.
        if self.all.rows >= self.max_rows && self.whole.rows > 0 {
            return Ok(false);
        }
        // Line breaks within `json` columns are white space: in texts they are escaped.
        match json.contains(['\n', '\r']) {
            true => self
                .out
                .write_all(json.replace(['\n', '\r'], " ").as_bytes())?,
            false => self.out.write_all(json.as_bytes())?,
        }
        self.out.write_all(b"\n")?;
        self.all.rows += 1;
        self.all.bytes += size;
        Ok(true)
    }

    /// The slice; `complete` if there was no row after the last one that it took.
    pub(super) fn cut(mut self, complete: bool) -> Result<Option<Cut>> {
        if complete {
            self.whole = self.all;
            self.end = self.place.take();
        }
        let (Some(first), Some(last)) = (self.first, self.end) else {
            return Ok(None);
        };
        let mut body = self.out.into_inner().map_err(|error| error.into_error())?;
        let file = body.as_file_mut();
        file.set_len(self.whole.bytes)?;
        file.rewind()?;
        Ok(Some(Cut {
            body,
            bytes: self.whole.bytes,
            first,
            last,
        }))
    }

    fn too_large(&self) -> PullError {
        let rows = self.all.rows;
        let most = self.max_bytes;
        PullError::Limit(match rows {
            0 => format!("a row is larger than the {most} bytes of a slice; raise the limit"),
            _ => format!(
                "more than {rows} rows have the same watermark and do not fit into the {most} \
                 bytes of a slice; declare a key that tells them apart, or raise the limit"
            ),
        })
    }
}
