//! The order of a file's rows: made within a row group, watched across them.

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::compute::{SortOptions, concat, interleave};
use arrow::error::{ArrowError, Result};
use arrow::row::{OwnedRow, RowConverter, Rows, SortField};

use super::coded::{self, Coded};

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

    /// The places of the rows of all batches, in order; those of one key stay as they came.
    pub(super) fn of(&mut self, batches: &[RecordBatch]) -> Result<Vec<u32>> {
        let count: usize = batches.iter().map(RecordBatch::num_rows).sum();
        let count = u32::try_from(count)
            .map_err(|_| ArrowError::ComputeError("too many rows to sort at once".to_owned()))?;
        if self.keys.is_empty() || count == 0 {
            return Ok((0..count).collect());
        }
        let places = match counted(batches, &self.keys, count) {
            Some(places) => places,
            None => self.compared(batches, count)?,
        };
        self.watch(batches, &places)?;
        Ok(places)
    }

    /// The places of rows of many keys.
    fn compared(&mut self, batches: &[RecordBatch], count: u32) -> Result<Vec<u32>> {
        let key = |at: &usize| concat(&arrays(batches, *at));
        let keys = self.keys.iter().map(key).collect::<Result<Vec<_>>>()?;
        let rows = self.rows(&keys)?;
        let mut places: Vec<u32> = (0..count).collect();
        places.sort_by_key(|at| rows.row(*at as usize));
        Ok(places)
    }

    /// Notes whether the first row follows the last one before it.
    fn watch(&mut self, batches: &[RecordBatch], places: &[u32]) -> Result<()> {
        let (Some(first), Some(last)) = (places.first(), places.last()) else {
            return Ok(());
        };
        let ends = self::places(batches, &[*first, *last]);
        let key = |at: &usize| interleave(&arrays(batches, *at), &ends);
        let keys = self.keys.iter().map(key).collect::<Result<Vec<_>>>()?;
        let rows = self.rows(&keys)?;
        let (first, last) = (rows.row(0), rows.row(1));
        self.kept &= (self.last.as_ref()).is_none_or(|before| before.row() <= first);
        self.last = Some(last.owned());
        Ok(())
    }

    /// Keys as bytes that compare as they do.
    fn rows(&mut self, keys: &[ArrayRef]) -> Result<Rows> {
        let rows = match &mut self.rows {
            Some(rows) => rows,
            none => {
                let field =
                    |key: &ArrayRef| SortField::new_with_options(key.data_type().clone(), ORDER);
                none.insert(RowConverter::new(keys.iter().map(field).collect())?)
            }
        };
        rows.convert_columns(keys)
    }
}

fn arrays(batches: &[RecordBatch], column: usize) -> Vec<&dyn Array> {
    let arrays = batches.iter().map(|batch| batch.column(column).as_ref());
    arrays.collect()
}

/// The batch of each row, which are counted through all batches, and its place there.
pub(super) fn places(batches: &[RecordBatch], rows: &[u32]) -> Vec<(usize, usize)> {
    let starts = batches.iter().scan(0, |next, batch| {
        let start = *next;
        *next += batch.num_rows();
        Some(start)
    });
    let starts: Vec<usize> = starts.collect();
    let place = |row: &u32| {
        let row = *row as usize;
        let batch = starts.partition_point(|start| *start <= row) - 1;
        (batch, row - starts[batch])
    };
    rows.iter().map(place).collect()
}

/// The places of the rows if each key has few values: nothing is compared but those.
fn counted(batches: &[RecordBatch], keys: &[usize], count: u32) -> Option<Vec<u32>> {
    let mut places: Vec<u32> = (0..count).collect();
    // The first key comes last: rows that are equal in it stay as the others have put them.
    for key in keys.iter().rev() {
        let mut coded = Coded::new(batches.first()?.column(*key).data_type())?;
        if !coded.add(batches.iter().map(|batch| batch.column(*key)), None) {
            return None;
        }
        places = sorted(&places, &coded);
    }
    Some(places)
}

/// The rows at the places by the value of a column, nulls last; equal ones stay as they are.
fn sorted(places: &[u32], column: &Coded) -> Vec<u32> {
    let ranks = coded::places(&column.values.in_order());
    // A null has a number that no value has.
    let rank = |code: u16| {
        ranks
            .get(usize::from(code))
            .map_or(ranks.len(), |rank| usize::from(*rank))
    };
    let mut next = vec![0_u32; ranks.len() + 2];
    for code in &column.codes {
        next[rank(*code) + 1] += 1;
    }
    for rank in 1..next.len() {
        next[rank] += next[rank - 1];
    }
    let mut sorted = vec![0; places.len()];
    for at in places {
        let next = &mut next[rank(column.codes[*at as usize])];
        sorted[*next as usize] = *at;
        *next += 1;
    }
    sorted
}

#[cfg(test)]
mod tests;
