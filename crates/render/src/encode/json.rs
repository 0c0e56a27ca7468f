//! JSON: an array of objects, or an object per line.

use arrow::error::ArrowError;
use arrow::json::WriterBuilder;
use arrow::json::writer::{JsonArray, LineDelimited, Writer};
use arrow::record_batch::RecordBatch;

use super::Encoder;
use super::zones::by_offset;

/// `[{…},{…}]`
pub(super) struct Array(Writer<Vec<u8>, JsonArray>);

/// An object and a line feed for each row.
pub(super) struct Lines(Writer<Vec<u8>, LineDelimited>);

impl Array {
    pub(super) fn new() -> Self {
        Self(
            WriterBuilder::new()
                .with_explicit_nulls(true)
                .build(Vec::new()),
        )
    }
}

impl Lines {
    pub(super) fn new() -> Self {
        Self(
            WriterBuilder::new()
                .with_explicit_nulls(true)
                .build(Vec::new()),
        )
    }
}

impl Encoder for Array {
    fn rows(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), ArrowError> {
        self.0.write(&by_offset(batch)?)?;
        out.append(self.0.get_mut());
        Ok(())
    }

    fn end(&mut self, out: &mut Vec<u8>) -> Result<(), ArrowError> {
        self.0.finish()?;
        out.append(self.0.get_mut());
        Ok(())
    }
}

impl Encoder for Lines {
    fn rows(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), ArrowError> {
        self.0.write(&by_offset(batch)?)?;
        out.append(self.0.get_mut());
        Ok(())
    }

    fn end(&mut self, _: &mut Vec<u8>) -> Result<(), ArrowError> {
        Ok(())
    }
}
