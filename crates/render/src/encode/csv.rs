//! CSV as RFC 4180 has it.

use arrow::csv::WriterBuilder;
use arrow::csv::writer::Terminator;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use service::{ErrorKind, Result, ServiceError};

use super::Encoder;
use super::zones::by_offset;

/// A header, then a record per row.
pub(super) struct Csv {
    schema: SchemaRef,
    started: bool,
}

impl Csv {
    pub(super) fn new(schema: &SchemaRef) -> Result<Self> {
        if let Some(field) = schema
            .fields()
            .iter()
            .find(|field| field.data_type().is_nested())
        {
            let message = format!(
                "cannot write column `{}` as CSV: it is a `{}`",
                field.name(),
                field.data_type()
            );
            return Err(ServiceError::new(ErrorKind::Invalid, message)
                .hint("Ask for JSON, or select the parts of the column as columns of their own."));
        }
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
