//! Batches as a typed format gives them: columns by name, in types that can be read without loss,
//! a bounded stretch of rows at a time.

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::{io, iter};

use arrow::array::{ArrayRef, AsArray, RecordBatch, RecordBatchOptions, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema};
use arrow::error::ArrowError;
use project::{ColumnType, Contract};

use crate::judge::Judge;
use crate::rows::Decoded;
use crate::{IngestError, Limits, header, lossless, row_text};

/// Strings are laid out a stretch of rows at a time. A dictionary makes a small file of long
/// values, so this bounds memory where the number of rows does not.
const STRETCH_BYTES: usize = 16 * 1024 * 1024;

/// A format whose decoder is another's, as people are told of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind(pub(crate) &'static str);

impl Kind {
    /// Runs the decoder, which answers some damaged bodies with a panic.
    pub(crate) fn guarded<T, E: Error + 'static>(
        self,
        read: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, IngestError> {
        match catch_unwind(AssertUnwindSafe(read)) {
            Ok(answer) => answer.map_err(|error| self.broken(&error)),
            Err(_) => Err(self.unreadable("it is damaged")),
        }
    }

    /// An error of the decoder: the body is broken, unless the disk is.
    fn broken(self, error: &(dyn Error + 'static)) -> IngestError {
        let causes = iter::successors(Some(error), |error| (*error).source());
        let mut disk = causes.filter_map(|error| error.downcast_ref::<io::Error>());
        match disk.next() {
            Some(disk) if IngestError::is_of_disk(disk) => {
                let source = io::Error::new(disk.kind(), disk.to_string());
                IngestError::io("read the spooled body")(source)
            }
            _ => self.unreadable(&error.to_string()),
        }
    }

    /// The body is no such thing.
    pub(crate) fn unreadable(self, why: &str) -> IngestError {
        let message = format!("the body is no readable {}: {why}", self.0);
        let hint = if why.contains("encrypt") {
            "Write the file without encryption, and send it again."
        } else {
            "Look whether the file was cut off on its way, and send it again."
        };
        IngestError::refused("malformed", Vec::new(), message, hint)
    }
}

/// The columns of a body's batches under the contract.
#[derive(Debug)]
pub(crate) struct Columns<'a> {
    contract: &'a Contract,
    limits: &'a Limits,
    /// For every column of the body, its place in the contract.
    places: Vec<usize>,
    next_row: u64,
}

impl<'a> Columns<'a> {
    /// Refuses columns that the contract does not have, or has in a type that would lose something.
    /// `strange` names a type that its writers disagree upon, by its column.
    pub(crate) fn new(
        schema: &Schema,
        strange: &dyn Fn(&str) -> Option<&'static str>,
        contract: &'a Contract,
        limits: &'a Limits,
    ) -> Result<Self, IngestError> {
        let names: Vec<String> = schema.fields().iter().map(|f| f.name().clone()).collect();
        let places = header::places(&names, contract, limits)?;
        refuse_types(schema, strange, &places, contract)?;
        Ok(Self {
            contract,
            limits,
            places,
            next_row: 1,
        })
    }

    /// Strings as views, which share the bytes of equal ones: nothing is laid out before its length
    /// is known.
    pub(crate) fn viewed(&self, schema: &Schema) -> Schema {
        let fields = schema.fields().iter().zip(&self.places);
        let fields = fields.map(
            |(field, place)| match self.contract.columns[*place].column_type {
                ColumnType::String => field.as_ref().clone().with_data_type(DataType::Utf8View),
                _ => field.as_ref().clone(),
            },
        );
        Schema::new_with_metadata(fields.collect::<Vec<_>>(), schema.metadata().clone())
    }

    /// Judges a batch of the body, whose rows are the next ones.
    pub(crate) fn judge(
        &mut self,
        batch: &RecordBatch,
        judge: &mut Judge<'_>,
    ) -> Result<(), IngestError> {
        let rows = batch.num_rows();
        if self.next_row - 1 + rows as u64 > self.limits.rows {
            return Err(IngestError::body_limit("rows", self.limits.rows));
        }
        for start in (0..rows).step_by(self.limits.batch_rows.max(1)) {
            let rows = self.limits.batch_rows.max(1).min(rows - start);
            let slice = self.plain(&batch.slice(start, rows))?;
            for stretch in stretches(&slice, self.next_row, self.limits)? {
                let first_row = self.next_row;
                let decoded = self.decode(&stretch)?;
                judge.decide(decoded, &|row, masked| {
                    let slot = usize::try_from(row - first_row).unwrap_or(usize::MAX);
                    row_text::of_batch(&stretch, slot, masked)
                })?;
                self.next_row += stretch.num_rows() as u64;
            }
        }
        Ok(())
    }

    /// Strings as views, and dictionaries of anything else as what they hold.
    fn plain(&self, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        let viewed = self.viewed(&batch.schema());
        let (mut fields, mut columns) = (Vec::new(), Vec::new());
        for (column, field) in batch.columns().iter().zip(viewed.fields()) {
            let data_type = match field.data_type() {
                DataType::Dictionary(_, values) => values.as_ref(),
                plain => plain,
            };
            let as_it_is = column.data_type() == data_type;
            fields.push(Field::new(field.name(), data_type.clone(), true));
            columns.push(if as_it_is {
                column.clone()
            } else {
                cast(column, data_type)?
            });
        }
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options)
    }

    fn decode(&self, batch: &RecordBatch) -> Result<Decoded, IngestError> {
        let mut received: Vec<Option<&ArrayRef>> = vec![None; self.contract.columns.len()];
        for (place, column) in self.places.iter().zip(batch.columns()) {
            received[*place] = Some(column);
        }
        let row_numbers = (self.next_row..).take(batch.num_rows()).collect();
        let mut decoded = Decoded::new(Vec::new(), row_numbers);
        let columns = self.contract.columns.iter().zip(received);
        for (place, (column, received)) in columns.enumerate() {
            let Some(received) = received else {
                let nulls = new_null_array(&column.column_type.to_arrow(), batch.num_rows());
                decoded.columns.push(nulls);
                continue;
            };
            let (array, faults) = lossless::read(received, column.column_type)?;
            for (slot, fault) in faults {
                let shown = row_text::shown(received, slot);
                decoded.fault(slot, place, self.contract, fault, None, shown.as_deref());
            }
            decoded.columns.push(array);
        }
        Ok(decoded)
    }
}

fn refuse_types(
    schema: &Schema,
    strange: &dyn Fn(&str) -> Option<&'static str>,
    places: &[usize],
    contract: &Contract,
) -> Result<(), IngestError> {
    let mut columns = Vec::new();
    let mut reasons = Vec::new();
    for (field, place) in schema.fields().iter().zip(places) {
        let (name, expected) = (field.name(), contract.columns[*place].column_type);
        let strange = strange(name);
        if strange.is_some() || !lossless::can_read(field.data_type(), expected) {
            let found = strange.map_or_else(|| field.data_type().to_string(), str::to_owned);
            reasons.push(format!(
                "column `{name}` is `{found}`, the contract says `{expected}`"
            ));
            columns.push(name.clone());
        }
    }
    if columns.is_empty() {
        return Ok(());
    }
    let hint = "Write the columns in the contract's types.";
    Err(IngestError::refused(
        "type",
        columns,
        reasons.join("; "),
        hint,
    ))
}

/// Cuts a batch where its strings together become too long to be laid out at once.
fn stretches(
    batch: &RecordBatch,
    first_row: u64,
    limits: &Limits,
) -> Result<Vec<RecordBatch>, IngestError> {
    let mut sizes = vec![0_usize; batch.num_rows()];
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        let Some(strings) = column.as_string_view_opt() else {
            continue;
        };
        for (row, (size, length)) in (first_row..).zip(sizes.iter_mut().zip(strings.lengths())) {
            if length as usize > limits.cell_bytes {
                return Err(IngestError::cell_limit(
                    limits.cell_bytes,
                    row,
                    field.name(),
                ));
            }
            *size += length as usize;
        }
    }
    let mut cuts = Vec::new();
    let (mut start, mut sum) = (0, 0);
    for (slot, size) in sizes.into_iter().enumerate() {
        if size > limits.row_bytes {
            let row = first_row + slot as u64;
            return Err(IngestError::row_limit("row_bytes", limits.row_bytes, row));
        }
        sum += size;
        if sum > STRETCH_BYTES {
            cuts.push(batch.slice(start, slot + 1 - start));
            (start, sum) = (slot + 1, 0);
        }
    }
    if start < batch.num_rows() {
        cuts.push(batch.slice(start, batch.num_rows() - start));
    }
    Ok(cuts)
}
