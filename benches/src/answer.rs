//! What an answer is, so that answers of different engines can be compared.

use anyhow::Result;
use arrow::array::{Array, AsArray, RecordBatch, StringArray};
use arrow::compute::{cast, sum};
use arrow::datatypes::{DataType, Float64Type, Schema};
use sha2::{Digest, Sha256};

use crate::task::Check;

#[cfg(test)]
mod tests;

/// The sums of the numbers, and a hash of everything else, whatever the order of the rows;
/// `check_of` in `peers.py` says the same of the same rows.
pub fn check(schema: &Schema, batches: &[RecordBatch]) -> Result<Check> {
    let mut sums = Vec::new();
    let mut texts = Vec::new();
    for (at, field) in schema.fields().iter().enumerate() {
        if field.data_type().is_numeric() {
            sums.push(total(batches, at)?);
        } else {
            texts.push(at);
        }
    }
    let mut hash = Sha256::new();
    if !texts.is_empty() {
        let mut rows = Vec::new();
        for batch in batches {
            rows.extend(rows_of(batch, &texts)?);
        }
        rows.sort_unstable();
        for row in rows {
            hash.update(row.as_bytes());
            hash.update(b"\n");
        }
    }
    Ok(Check {
        texts: hex::encode(hash.finalize()),
        sums,
    })
}

/// The rows in all batches.
pub fn rows(batches: &[RecordBatch]) -> u64 {
    batches.iter().map(|batch| batch.num_rows() as u64).sum()
}

/// The bytes of all batches in memory.
pub fn bytes(batches: &[RecordBatch]) -> u64 {
    let sizes = batches.iter().map(RecordBatch::get_array_memory_size);
    sizes.sum::<usize>() as u64
}

fn total(batches: &[RecordBatch], at: usize) -> Result<f64> {
    let mut total = 0.0;
    for batch in batches {
        let numbers = cast(batch.column(at), &DataType::Float64)?;
        total += sum(numbers.as_primitive::<Float64Type>()).unwrap_or(0.0);
    }
    Ok(total)
}

/// Each row's texts in one line.
fn rows_of(batch: &RecordBatch, columns: &[usize]) -> Result<Vec<String>> {
    let mut texts: Vec<StringArray> = Vec::new();
    for at in columns {
        let text = cast(batch.column(*at), &DataType::Utf8)?;
        texts.push(text.as_string::<i32>().clone());
    }
    let cell = |text: &StringArray, row: usize| {
        if text.is_null(row) {
            "∅".to_owned()
        } else {
            text.value(row).to_owned()
        }
    };
    let line = |row: usize| {
        let cells: Vec<String> = texts.iter().map(|text| cell(text, row)).collect();
        cells.join("|")
    };
    Ok((0..batch.num_rows()).map(line).collect())
}
