//! The order of a file's rows: made within a row group, watched across them.

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::{SortColumn, SortOptions, lexsort_to_indices, take_record_batch};
use arrow::error::Result;
use arrow::row::{OwnedRow, RowConverter, SortField};

/// As SQL orders when it is not told otherwise.
const ORDER: SortOptions = SortOptions {
    descending: false,
    nulls_first: false,
};

/// The keys of a file, and whether its rows have come in their order so far.
#[derive(Debug)]
pub(super) struct Order {
    keys: Vec<usize>,
    rows: Option<RowConverter>,
    last: Option<OwnedRow>,
    kept: bool,
}

impl Order {
    pub(super) fn by(keys: Vec<usize>) -> Self {
        Self {
            kept: !keys.is_empty(),
            keys,
            rows: None,
            last: None,
        }
    }

    pub(super) fn is_kept(&self) -> bool {
        self.kept
    }

    /// The rows in order.
    pub(super) fn sorted(&mut self, batch: &RecordBatch) -> Result<RecordBatch> {
        let keys = self.keys_of(batch);
        let columns = keys.iter().map(|values| SortColumn {
            values: values.clone(),
            options: Some(ORDER),
        });
        let indices = lexsort_to_indices(&columns.collect::<Vec<_>>(), None)?;
        let sorted = take_record_batch(batch, &indices)?;
        self.watch(&sorted)?;
        Ok(sorted)
    }

    /// Notes whether the first row follows the last one before it.
    fn watch(&mut self, sorted: &RecordBatch) -> Result<()> {
        if !self.kept || sorted.num_rows() == 0 {
            return Ok(());
        }
        let keys = self.keys_of(sorted);
        let rows = match &mut self.rows {
            Some(rows) => rows,
            none => {
                let field =
                    |key: &ArrayRef| SortField::new_with_options(key.data_type().clone(), ORDER);
                none.insert(RowConverter::new(keys.iter().map(field).collect())?)
            }
        };
        let row = |at: usize| -> Result<OwnedRow> {
            let one: Vec<_> = keys.iter().map(|key| key.slice(at, 1)).collect();
            Ok(rows.convert_columns(&one)?.row(0).owned())
        };
        let first = row(0)?;
        self.kept = self.last.as_ref().is_none_or(|last| *last <= first);
        self.last = Some(row(sorted.num_rows() - 1)?);
        Ok(())
    }

    fn keys_of(&self, batch: &RecordBatch) -> Vec<ArrayRef> {
        let keys = self.keys.iter();
        keys.map(|at| batch.column(*at).clone()).collect()
    }
}
