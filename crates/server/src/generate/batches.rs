//! Rows as Arrow record batches, a chunk at a time.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int32Array, Int64Array,
    RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{Field, Schema};
use arrow::error::ArrowError;
use project::ColumnType;

use super::cells::{Cell, LaidColumn, Layout, Row};
use super::encode::Written;
use super::lines::Lines;

/// Rows in memory at once.
const CHUNK_ROWS: usize = 8_192;

/// The rows of a parcel as Arrow batches. Every column may be null here, for a spoiled row may lack
/// what the contract requires.
pub struct Batches<'g> {
    schema: Arc<Schema>,
    columns: Vec<LaidColumn>,
    lines: Lines<'g>,
    written: Written,
}

impl<'g> Batches<'g> {
    pub(super) fn new(layout: &Layout, lines: Lines<'g>) -> Self {
        let field = |c: &LaidColumn| Field::new(&c.name, c.column_type.to_arrow(), true);
        let schema = Arc::new(Schema::new(
            layout.columns.iter().map(field).collect::<Vec<_>>(),
        ));
        let columns = layout.columns.clone();
        Self {
            schema,
            columns,
            lines,
            written: Written::default(),
        }
    }

    /// The batches' schema.
    pub fn schema(&self) -> Arc<Schema> {
        Arc::clone(&self.schema)
    }

    /// What has been handed out so far.
    pub fn written(&self) -> &Written {
        &self.written
    }
}

impl Iterator for Batches<'_> {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let written = &mut self.written;
        let lines = self.lines.by_ref().take(CHUNK_ROWS);
        let rows: Vec<Row<'_>> = lines.map(|line| written.count(line)).collect();
        if rows.is_empty() {
            return None;
        }
        let arrays: Result<Vec<ArrayRef>, ArrowError> = self
            .columns
            .iter()
            .map(|column| array(column, &rows))
            .collect();
        Some(arrays.and_then(|arrays| RecordBatch::try_new(Arc::clone(&self.schema), arrays)))
    }
}

fn array(column: &LaidColumn, rows: &[Row<'_>]) -> Result<ArrayRef, ArrowError> {
    let index = column.cell.unwrap_or(usize::MAX);
    let ints = || {
        rows.iter()
            .map(move |row| row.get(index).and_then(Cell::as_int))
    };
    let small = || ints().map(|value| value.and_then(|value| i32::try_from(value).ok()));
    Ok(match column.column_type {
        ColumnType::String => {
            let texts = rows
                .iter()
                .map(|row| row.get(index).and_then(Cell::as_text));
            Arc::new(texts.collect::<StringArray>())
        }
        ColumnType::Int32 => Arc::new(small().collect::<Int32Array>()),
        ColumnType::Date => Arc::new(small().collect::<Date32Array>()),
        ColumnType::Int64 => Arc::new(ints().collect::<Int64Array>()),
        ColumnType::Float64 => Arc::new(
            ints()
                .map(|value| value.map(|value| value as f64))
                .collect::<Float64Array>(),
        ),
        // The sheets make numbers with two decimals, and a layout is refused for any other type.
        ColumnType::Decimal(precision, scale) => {
            let scale = i8::try_from(scale).unwrap_or(i8::MAX);
            let values = ints()
                .map(|value| value.map(i128::from))
                .collect::<Decimal128Array>();
            Arc::new(values.with_precision_and_scale(precision, scale)?)
        }
        ColumnType::Boolean => {
            let truths = rows
                .iter()
                .map(|row| row.get(index).and_then(Cell::as_bool));
            Arc::new(truths.collect::<BooleanArray>())
        }
        ColumnType::Timestamp => {
            let micros = ints().map(|at| at.map(|at| at * 1_000_000));
            Arc::new(
                micros
                    .collect::<TimestampMicrosecondArray>()
                    .with_timezone("UTC"),
            )
        }
    })
}
