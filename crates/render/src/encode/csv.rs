//! CSV as RFC 4180 has it.

use arrow::csv::WriterBuilder;
use arrow::csv::writer::Terminator;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use service::Result;

use super::Encoder;
use super::flat::flat;
use super::zones::by_offset;

/// A header, then a record per row.
pub(super) struct Csv {
    schema: SchemaRef,
    started: bool,
}

impl Csv {
    pub(super) fn new(schema: &SchemaRef) -> Result<Self> {
        flat(schema, "CSV")?;
        Ok(Self {
            schema: schema.clone(),
            started: false,
        })
    }
}

impl Encoder for Csv {
    fn rows(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), ArrowError> {
        let header = !std::mem::replace(&mut self.started, true);
        let builder = WriterBuilder::new()
            .with_header(header)
            .with_line_terminator(Terminator::CRLF);
        builder.build(out).write(&by_offset(batch)?)
    }

    fn end(&mut self, out: &mut Vec<u8>) -> Result<(), ArrowError> {
        if self.started {
            return Ok(());
        }
        self.rows(&RecordBatch::new_empty(self.schema.clone()), out)
    }
}
