//! Some of the rows of a table, the same ones in whatever order they come.

use std::collections::HashMap;
use std::hash::Hasher;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt64Array};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::DataType;
use arrow::row::{RowConverter, SortField};
use siphasher::sip::SipHasher13;

use crate::Result;

/// A sample of so many rows. Whether a row is in it follows from the values of its key, or where
/// there is no key from all of its values and from how many rows that equal it came before: so it
/// does not depend on the order in which partitions answer, nor on the files that they read.
///
/// It holds the rows that it takes, and without a key eight bytes of each different row that it is
/// shown.
pub struct Sample {
    /// The columns that no two rows share; none where that is not known.
    key: Vec<String>,
    wanted: usize,
    /// A row whose hash is above is not in it.
    below: u64,
    before: HashMap<u64, u32>,
    hashes: Vec<u64>,
    batches: Vec<RecordBatch>,
}

impl Sample {
    /// At most `wanted` of about `rows` rows, by the columns `key`; empty if there is no key.
    pub fn new(wanted: usize, rows: u64, key: &[String]) -> Self {
        // More than is wanted, for how many hashes lie below a bound is a matter of chance.
        let taken = wanted as f64 + 4.0 * (wanted as f64).sqrt() + 16.0;
        let share = taken / (rows.max(1) as f64);
        let below = if share < 1.0 {
            (share * u64::MAX as f64) as u64
        } else {
            u64::MAX
        };
        Self {
            key: key.to_vec(),
            wanted,
            below,
            before: HashMap::new(),
            hashes: Vec::new(),
            batches: Vec::new(),
        }
    }

    /// Looks at more rows. Every batch has the same columns.
    ///
    /// # Errors
    /// `Arrow` when a column of the key is not there, or a column has a type that rows cannot be
    /// compared by.
    pub fn show(&mut self, batch: &RecordBatch) -> Result<()> {
        let keys = self.keys(batch)?;
        let fields = keys.iter().map(|key| key.data_type().clone());
        let converter = RowConverter::new(fields.map(SortField::new).collect())?;
        let rows = converter.convert_columns(&keys)?;
        let mut taken = Vec::new();
        for (place, row) in rows.iter().enumerate() {
            let mut hash = hashed(row.as_ref(), 0);
            if self.key.is_empty() {
                let before = self.before.entry(hash).or_default();
                hash = hashed(row.as_ref(), *before);
                *before = before.saturating_add(1);
            }
            if hash <= self.below {
                taken.push(place as u64);
                self.hashes.push(hash);
            }
        }
        if !taken.is_empty() {
            let taken = UInt64Array::from(taken);
            self.batches
                .push(compacted(&take_record_batch(batch, &taken)?)?);
        }
        Ok(())
    }

    /// The columns by which its rows are taken.
    fn keys(&self, batch: &RecordBatch) -> Result<Vec<ArrayRef>> {
        if self.key.is_empty() {
            return Ok(batch.columns().to_vec());
        }
        let schema = batch.schema();
        let places = self.key.iter().map(|name| schema.index_of(name));
        let keys = places.map(|place| Ok(Arc::clone(batch.column(place?))));
        keys.collect()
    }

    /// The memory of the rows that were taken.
    pub fn bytes(&self) -> u64 {
        let bytes = self.batches.iter().map(RecordBatch::get_array_memory_size);
        bytes.sum::<usize>() as u64
    }

    /// The rows, in an order of their own; none if none was shown.
    ///
    /// # Errors
    /// `Arrow` when the batches do not fit together.
    pub fn into_rows(self) -> Result<Option<RecordBatch>> {
        let Some(first) = self.batches.first() else {
            return Ok(None);
        };
        let all = concat_batches(&first.schema(), &self.batches)?;
        let mut order: Vec<u64> = (0..self.hashes.len() as u64).collect();
        order.sort_unstable_by_key(|place| self.hashes.get(*place as usize).copied());
        order.truncate(self.wanted);
        Ok(Some(take_record_batch(&all, &UInt64Array::from(order))?))
    }
}

/// The rows without what they share with those that were not taken: views of texts and bytes would
/// keep all of it.
fn compacted(batch: &RecordBatch) -> Result<RecordBatch> {
    let columns = batch.columns().iter().map(|column| -> ArrayRef {
        match column.data_type() {
            DataType::Utf8View => Arc::new(column.as_string_view().gc()),
            DataType::BinaryView => Arc::new(column.as_binary_view().gc()),
            _ => Arc::clone(column),
        }
    });
    Ok(RecordBatch::try_new(batch.schema(), columns.collect())?)
}

/// The hash of a row or its key of which so many came before. It must never change, or a version of a table
/// would get another profile.
fn hashed(row: &[u8], before: u32) -> u64 {
    let mut hasher = SipHasher13::new();
    hasher.write(row);
    hasher.write(&before.to_le_bytes());
    hasher.finish()
}
