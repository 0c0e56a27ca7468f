//! The Arrow IPC stream.

use arrow::datatypes::Schema;
use arrow::error::ArrowError;
use arrow::ipc::writer::StreamWriter;
use arrow::record_batch::RecordBatch;

use super::Encoder;

/// Schema, batches, end of stream.
pub(super) struct Ipc(StreamWriter<Vec<u8>>);

impl Ipc {
    pub(super) fn new(schema: &Schema) -> Result<Self, ArrowError> {
        StreamWriter::try_new(Vec::new(), schema).map(Self)
    }
}

impl Encoder for Ipc {
    fn rows(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), ArrowError> {
        self.0.write(batch)?;
        out.append(self.0.get_mut());
        Ok(())
    }

    fn end(&mut self, out: &mut Vec<u8>) -> Result<(), ArrowError> {
        self.0.finish()?;
        out.append(self.0.get_mut());
        Ok(())
    }
}
